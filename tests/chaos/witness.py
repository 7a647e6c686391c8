# SPDX-License-Identifier: MIT
"""The truth about calls without an answer.

Each log has a witness: a table of the same server in which a trigger of the log repeats every row
that is inserted, in the same transaction.  So a row stands there if, and only if, its call was
committed, however soon the sync takes it out of the log; and it tells the number that it got.
Nothing of the product knows the witness.
"""
import contextlib
import time

from campaign import PATIENCE

SENT_SECONDS = 0.3  # a server whose thread waits for a statement reads it within microseconds

TABLES = {  # what is compared of each; the first column is the primary key
    "dem_sampleTable": ["id", "code", "testcol1", "testcol2", "amount"],
    "nms_recipient": ["id", "email", "firstName"],
    "nms_subscription": ["id", "deleteStatus", "service-id", "recipient-id"],
}
OWN = ["_seq", "_operation", "_key", "_fields", "_links", "_at", "_operator"]


def quoted(names, prefix=""):
    return ", ".join(f"{prefix}`{n}`" for n in names)


def install(db):
    db.sql("CREATE DATABASE witness CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
    for table, fields in TABLES.items():
        columns = OWN + fields
        db.sql(f"CREATE TABLE witness.{table} AS SELECT {quoted(columns)} FROM stg.{table}Stg_log LIMIT 0;"
               f"ALTER TABLE witness.{table} ENGINE=InnoDB, MODIFY _seq BIGINT UNSIGNED NOT NULL,"
               f" MODIFY _operator VARCHAR(64) NOT NULL, ADD PRIMARY KEY (_operator, _seq)")
        db.sql(f"CREATE TRIGGER witness_{table} AFTER INSERT ON {table}Stg_log FOR EACH ROW"
               f" INSERT INTO witness.{table} ({quoted(columns)}) VALUES ({quoted(columns, 'NEW.')})", "stg")


def rows_of(db, operator, since):
    """What OPERATOR has stored behind the numbers SINCE ({table: number}), in order.  A statement that a
    killed worker had just sent has begun by now, and the reads lock: a transaction that is under way is
    waited for.  So what is not seen now never comes."""
    time.sleep(SENT_SECONDS * PATIENCE)
    out = db.sql("".join(
        f"SELECT '{t}'; SELECT {quoted(OWN[:6] + fields)} FROM witness.{t} WHERE _operator = '{operator}'"
        f" AND _seq > {since[t]} ORDER BY _seq LOCK IN SHARE MODE;" for t, fields in TABLES.items()))
    found = {}
    for row in out:
        if len(row) == 1:
            table = row[0]
            found[table] = []
        else:
            found[table].append(Stored(table, row))
    return found


def history(db, table, values):
    """For people: every change of this period in whose row one of VALUES stands, in order."""
    words = ",".join("'" + v.replace("'", "''") + "'" for v in values if v)
    where = " OR ".join([f"`{f}` IN ({words})" for f in TABLES[table] if f in ("id", "code", "email")]
                        + [f"_links LIKE '%\t{v}\n%'" for v in values if v and "@" in v])
    with contextlib.suppress(AssertionError):
        return ["  ".join(f"{n}={v}" for n, v in zip(OWN + TABLES[table], row) if v is not None)
                for row in db.sql(f"SELECT {quoted(OWN + TABLES[table])} FROM witness.{table}"
                                  f" WHERE {where or 1} ORDER BY _seq")][-40:]
    return ["(the database does not answer)"]


def forget(db):
    """Between two periods, when everything was compared."""
    db.sql("".join(f"TRUNCATE witness.{t};" for t in TABLES))


class Stored:
    """One row of a witness."""

    def __init__(self, table, row):
        self.seq, self.operation, self.key = int(row[0]), int(row[1]), row[2]
        self.links, self.at = row[4:6]
        self.values = dict(zip(TABLES[table], row[6:]))
        self.named = set(row[3].split(","))

    def row(self):
        """As Change.row()."""
        return (self.operation, self.key, {f: self.values.get(f) for f in self.named}, self.links)

    def __repr__(self):
        return f"#{self.seq} {self.row()}"
