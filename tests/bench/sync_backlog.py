# SPDX-License-Identifier: MIT
"""Backlogs of dem:sampleTable for sync.py: rows as Ingest and IngestExt leave them in the log,
made by SQL, always the same for the same workload and size.

Each change is about a record of its own.  In the workloads with a key half of the records are in
the target already.  Changes come in no order of their keys, and primary keys are random, as they
are when the server makes them."""
import time

import campaign

LOG = "dem_sampleTableStg_log"
TABLE = "dem_sampleTable"
SERIES = 10 ** 9  # more than a backlog has
STRIDE = 7368787  # a prime: the keys of a backlog come once each, far from their neighbours

PAIR = [(TABLE, LOG), (TABLE.replace("sample", "twin"), LOG.replace("sample", "twin"))]

WORKLOADS = ("insert", "insertOrUpdate", "mixed")
ALL_FIELDS = "code,testcol1,testcol2,amount,quantity,day"
SOME_FIELDS = "code,testcol1,amount"
KNOWN = "CONCAT('known', seq)"

FEEDS = "feeds"  # insertOrUpdate too: of two feeds that take turns, one names records by id, one by code
OPERATION = {"insert": "1", "insertOrUpdate": "2", FEEDS: "2",
             "mixed": "IF(seq % 10 < 7, 2, IF(seq % 10 < 9, 3, 4))"}

# Every thousandth row has what LOAD DATA escapes; every row has what is not ASCII.
TEXT1 = "IF(seq % 1000 = 0, CONCAT('tab\\t line\\n back\\\\slash ', seq), MD5(seq))"
TEXT2 = "CONCAT('Größe ', seq, ' of ', REVERSE(seq))"


def uuid(of):
    """SQL for an identifier as the server makes them: random, but the same again for the same OF."""
    return f"INSERT(INSERT(INSERT(INSERT(MD5({of}), 21, 0, '-'), 17, 1, '-a'), 13, 1, '-4'), 9, 0, '-')"


def code(number):
    return f"CONCAT('C', LPAD({number}, 10, '0'))"


def deploy_twin(c):
    """Another schema like dem:sampleTable, which has nothing to do with it: the second of PAIR."""
    source = (campaign.SOURCE / "sql/schemas/samples/dem_sampleTable.xml").read_text()
    c.deploy_text(source.replace("sampleTable", "twinTable"), "twin.xml")


class Backlog:
    """ROWS changes of one WORKLOAD in the staging log of instance C.  Backlogs with different SERIES have
    different identifiers."""

    def __init__(self, c, workload, rows, series=0, log=LOG):
        self.c, self.workload, self.rows, self.series, self.log = c, workload, rows, series, log

    def known(self):
        return 0 if self.workload == "insert" else self.rows // 2

    def fill_log(self):
        """A row of an insert names its key, which the server has made; other rows do not."""
        self.c.staging(f"TRUNCATE TABLE {self.log}")
        by_id = {"insert": "TRUE", FEEDS: "seq % 2 = 1"}.get(self.workload, "FALSE")
        own = f"seq + {self.series * SERIES}"
        fields = (f"CASE WHEN {by_id} THEN 'id,{ALL_FIELDS}' WHEN operation = 3 THEN '{SOME_FIELDS}'"
                  f" WHEN operation = 4 THEN 'code' ELSE '{ALL_FIELDS}' END")
        of_record, of_update = "operation <= 2", "operation <= 3"
        columns = {
            "_operation": "operation", "_key": f"IF({by_id}, '@id', '@code')", "_fields": fields,
            "_operator": "'feed1'", "_address": "'127.0.0.1'",
            "id": f"IF({of_record}, {uuid(own)}, NULL)", "code": code(f"seq * {STRIDE} % {self.rows}"),
            "testcol1": f"IF({of_update}, {TEXT1}, NULL)", "testcol2": f"IF({of_record}, {TEXT2}, NULL)",
            "amount": f"IF({of_update}, seq / 8, NULL)", "quantity": f"IF({of_record}, seq % 1000, NULL)",
            "day": f"IF({of_record}, '2026-01-01' + INTERVAL seq % 300 DAY, NULL)"}
        for first in range(1, self.rows + 1, 1000000):
            last = min(first + 999999, self.rows)
            self.c.staging(
                f"INSERT INTO {self.log} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM"
                f" (SELECT seq, {OPERATION[self.workload]} AS operation FROM seq_{first}_to_{last}) s"
                " ORDER BY seq")

    def fill_target(self, table):
        """TABLE as it is before the run; the records of the lower half of the codes."""
        self.c.cloud(f"TRUNCATE TABLE {table}")
        if self.known() == 0:
            return
        self.c.cloud(f"INSERT INTO {table} (id, code, testcol1, testcol2, amount, quantity, day)"
                     f" SELECT {uuid(KNOWN)} AS id, {code('seq')}, 'old', 'old', 1, 1, '2020-01-01'"
                     f" FROM seq_0_to_{self.known() - 1} ORDER BY id")

    def fill_table(self, table, rows):
        """TABLE holds ROWS other records."""
        self.c.cloud(f"TRUNCATE TABLE {table}")
        self.c.cloud(f"INSERT INTO {table} (id, code, testcol1, testcol2, amount, quantity, day)"
                     f" SELECT {uuid(KNOWN)} AS id, {code(f'seq * {STRIDE} % {rows}')}, {TEXT1}, {TEXT2}, 1, 1,"
                     f" '2020-01-01' FROM seq_1_to_{rows} ORDER BY id")

    def checksum(self, table):
        """Of what TABLE holds, in whatever order: rows, and a sum over all columns."""
        columns = [r[0] for r in self.c.cloud(
            f"SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'cloud'"
            f" AND TABLE_NAME = '{TABLE}' ORDER BY ORDINAL_POSITION")]
        values = ", ".join(f"IFNULL(`{name}`, '\\\\N')" for name in columns)
        return self.c.cloud(f"SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', {values}))) FROM {table}")[0]


def quiet_down(c):
    """Returns when the server has nothing left to clean up behind the last run."""
    def undone():
        return c.db.sql("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'")[0][1]
    before = None
    while (now := undone()) != before:
        before = now
        time.sleep(0.3)
