#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.10: the cloud's table is altered behind the product's back, in every way that its owner may think of.
The same random changes are then staged, in several batches and runs: each is merged exactly, or rejected with a
reason that names the column, or the run refuses the table by name and loses nothing.  What stands in the cloud is
compared with a model (tests/chaos/model.py), row by row, and again when the table is as before and the rejects
were retried."""
import html
import json
import pathlib
import random
import re
import sys
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))

from campaign import Instance, main, wait_for
from model import DELETE, INSERT, NAMES, UPDATE, UPSERT, Change, Table

TABLE = "dem_sampleTable"
FIELDS = ["id", "code", "testcol1", "testcol2", "amount", "quantity", "views", "moment"]
DEFAULTS = {"amount": "0", "quantity": "0", "views": "0"}
VALUES = {
    "id": [f"r{n}" for n in range(9)] + ["R0", "R1", "r2 ", "k\U0001f600", "k\U0001f60e"],
    "code": ["C0", "C1", "C2", "c0", "C1 ", "1", "01", "1abc", "\u00e5", "\U0001f600"],
    "testcol1": ["plain", "Plain", "plain ", "\u00e5\u20ac", "\u00e5\u20ac\U0001f600", "", "x" * 200, "1", "1abc", "no "],
    "testcol2": ["red", "Red", "red ", "2", ""],
    "amount": ["0.5", "12.345", "12.35", "0.1", "3", "-7.25", "123456789.12345679", "1e300"],
    "quantity": ["0", "7", "70000", "2147483647"],
    "views": ["0", "13", "-5", "9007199254740993"],
    "moment": ["2026-01-02 03:04:05.000", "2026-01-02 03:04:05.123", "1960-05-06 07:08:09.500",
               "2026-01-02 00:00:00.000"],
}
KEYS = ["@id"] * 5 + ["@code"] * 3 + ["@id,@code"] * 2 + ["@testcol1", "@moment"]
OPERATIONS = [INSERT] * 2 + [UPSERT] * 4 + [UPDATE] * 2 + [DELETE]
ROUNDS, CHANGES, BATCH = 3, 50, 20
LIKE = "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"

# Name, what is altered, how it is altered back, and what comes of it: "exact" (nothing is rejected but what R7.13a
# says), "rejects" (with one of the words in each reason), or "refused" (with all of the words in the message).
ALTER = f"ALTER TABLE {TABLE} "
WAYS = [
    ("nothing", "SELECT 1", "SELECT 1", "exact"),
    ("an_index_is_dropped", ALTER + "DROP KEY k_code", ALTER + "ADD KEY k_code (code)", "exact"),
    ("the_primary_key_is_dropped", ALTER + "DROP PRIMARY KEY", ALTER + "ADD PRIMARY KEY (id)", "exact"),
    ("the_primary_key_may_be_null", ALTER + "DROP PRIMARY KEY, MODIFY id VARCHAR(64) COLLATE utf8mb4_nopad_bin NULL",
     ALTER + "MODIFY id VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL, ADD PRIMARY KEY (id)", "exact"),
    ("it_is_partitioned",
     ALTER + "ADD loaded DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), DROP PRIMARY KEY,"
     " ADD PRIMARY KEY (id, loaded) PARTITION BY KEY (loaded) PARTITIONS 3",
     ALTER + "REMOVE PARTITIONING;" + ALTER + "DROP PRIMARY KEY, ADD PRIMARY KEY (id), DROP loaded", "exact"),
    ("a_surrogate_key", ALTER + "DROP PRIMARY KEY, ADD number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
     ALTER + "DROP number, ADD PRIMARY KEY (id)", "exact"),
    ("a_surrogate_key_beside_an_index",
     ALTER + "DROP PRIMARY KEY, ADD number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, ADD KEY (id)",
     ALTER + "DROP number, DROP KEY id, ADD PRIMARY KEY (id)", "exact"),
    ("a_unique_key_in_place_of_the_primary", ALTER + "DROP PRIMARY KEY, ADD UNIQUE KEY u (id)",
     ALTER + "DROP KEY u, ADD PRIMARY KEY (id)", "exact"),
    ("a_unique_prefix", ALTER + "DROP PRIMARY KEY, ADD UNIQUE KEY u (id(2))",
     ALTER + "DROP KEY u, ADD PRIMARY KEY (id)", "rejects", "'u'"),
    ("a_unique_column", ALTER + "ADD UNIQUE KEY once (testcol1, code)", ALTER + "DROP KEY once", "rejects", "once"),
    ("MyISAM", ALTER + "ENGINE=MyISAM", ALTER + "ENGINE=InnoDB", "refused", TABLE, "MyISAM", "ENGINE=InnoDB"),
    ("Aria", ALTER + "ENGINE=Aria", ALTER + "ENGINE=InnoDB", "refused", TABLE, "Aria"),
    ("partitions_of_MyISAM", ALTER + "ENGINE=MyISAM PARTITION BY KEY (id) PARTITIONS 2",
     ALTER + "REMOVE PARTITIONING;" + ALTER + "ENGINE=InnoDB", "refused", TABLE, "MyISAM"),
    ("a_merge_table", f"CREATE TABLE behind LIKE {TABLE}; ALTER TABLE behind ENGINE=MyISAM;"
     f" RENAME TABLE {TABLE} TO away; CREATE TABLE {TABLE} LIKE behind; {ALTER} ENGINE=MERGE UNION=(behind) INSERT_METHOD=LAST",
     f"DROP TABLE {TABLE}, behind; RENAME TABLE away TO {TABLE}", "refused", TABLE, "MRG_MyISAM"),
    ("a_view", f"RENAME TABLE {TABLE} TO behind; CREATE VIEW {TABLE} AS SELECT * FROM behind",
     f"DROP VIEW {TABLE}; RENAME TABLE behind TO {TABLE}", "refused", TABLE, "not a table"),
    ("renamed", f"RENAME TABLE {TABLE} TO behind", f"RENAME TABLE behind TO {TABLE}", "refused", TABLE, "no table"),
    ("a_column_is_dropped", ALTER + "DROP testcol2", ALTER + f"ADD testcol2 {LIKE}", "refused", TABLE, "testcol2"),
    ("a_column_is_renamed", ALTER + f"CHANGE testcol2 other {LIKE}", ALTER + f"CHANGE other testcol2 {LIKE}",
     "refused", TABLE, "testcol2"),
    ("a_generated_column", ALTER + "DROP quantity, ADD quantity INT AS (CHAR_LENGTH(code))",
     ALTER + "DROP quantity, ADD quantity INT NOT NULL DEFAULT 0", "refused", TABLE, "quantity", "generated"),
    ("DECIMAL", ALTER + "MODIFY amount DECIMAL(20,2) NOT NULL", ALTER + "MODIFY amount DOUBLE NOT NULL DEFAULT 0",
     "rejects", "amount"),
    ("FLOAT", ALTER + "MODIFY amount FLOAT NOT NULL", ALTER + "MODIFY amount DOUBLE NOT NULL DEFAULT 0",
     "rejects", "amount"),
    ("DOUBLE_with_decimals", ALTER + "MODIFY amount DOUBLE(20,1) NOT NULL",
     ALTER + "MODIFY amount DOUBLE NOT NULL DEFAULT 0", "rejects", "amount"),
    ("INT_for_a_double", ALTER + "MODIFY amount INT NOT NULL", ALTER + "MODIFY amount DOUBLE NOT NULL DEFAULT 0",
     "rejects", "amount"),
    ("VARCHAR_for_a_double", ALTER + "MODIFY amount VARCHAR(30) NOT NULL",
     ALTER + "MODIFY amount DOUBLE NOT NULL DEFAULT 0", "exact"),
    ("DOUBLE_for_int64", ALTER + "MODIFY views DOUBLE NOT NULL", ALTER + "MODIFY views BIGINT NOT NULL DEFAULT 0",
     "rejects", "views"),
    ("a_smaller_number", ALTER + "MODIFY quantity SMALLINT NOT NULL", ALTER + "MODIFY quantity INT NOT NULL DEFAULT 0",
     "rejects", "quantity"),
    ("a_number_without_sign", ALTER + "MODIFY views BIGINT UNSIGNED NOT NULL",
     ALTER + "MODIFY views BIGINT NOT NULL DEFAULT 0", "rejects", "views"),
    ("a_wider_number", ALTER + "MODIFY quantity BIGINT NOT NULL", ALTER + "MODIFY quantity INT NOT NULL DEFAULT 0",
     "exact"),
    ("AUTO_INCREMENT", ALTER + "MODIFY quantity INT NOT NULL AUTO_INCREMENT, ADD KEY q (quantity)",
     ALTER + "MODIFY quantity INT NOT NULL DEFAULT 0, DROP KEY q", "rejects", "quantity"),
    ("DATETIME_without_fractions", ALTER + "MODIFY moment DATETIME NULL", ALTER + "MODIFY moment DATETIME(3) NULL",
     "rejects", "moment"),
    ("DATE_for_a_time", ALTER + "MODIFY moment DATE NULL", ALTER + "MODIFY moment DATETIME(3) NULL",
     "rejects", "moment"),
    ("TIMESTAMP", ALTER + "MODIFY moment TIMESTAMP(3) NULL", ALTER + "MODIFY moment DATETIME(3) NULL",
     "rejects", "moment"),
    ("TIMESTAMP_that_changes_alone", ALTER + "MODIFY moment TIMESTAMP(6) NULL ON UPDATE CURRENT_TIMESTAMP(6)",
     ALTER + "MODIFY moment DATETIME(3) NULL", "rejects", "moment"),
    ("TIMESTAMP_that_knows_no_NULL", "SET SESSION explicit_defaults_for_timestamp = 0;" +
     ALTER + "MODIFY moment TIMESTAMP(3) NOT NULL", ALTER + "MODIFY moment DATETIME(3) NULL", "rejects", "moment"),
    ("TIME_for_a_time_of_a_day", ALTER + "MODIFY moment TIME(3) NULL", ALTER + "MODIFY moment DATETIME(3) NULL",
     "rejects", "moment"),
    ("CHAR", ALTER + "MODIFY testcol1 CHAR(255) COLLATE utf8mb4_nopad_bin NULL", ALTER + f"MODIFY testcol1 {LIKE}",
     "rejects", "testcol1"),
    ("ENUM", ALTER + "MODIFY testcol2 ENUM('blue', 'red', '1') NULL", ALTER + f"MODIFY testcol2 {LIKE}",
     "rejects", "testcol2"),
    ("shorter", ALTER + "MODIFY testcol1 VARCHAR(5) COLLATE utf8mb4_nopad_bin NULL", ALTER + f"MODIFY testcol1 {LIKE}",
     "rejects", "testcol1"),
    ("longer", ALTER + "MODIFY testcol1 VARCHAR(900) COLLATE utf8mb4_nopad_bin NULL",
     ALTER + f"MODIFY testcol1 {LIKE}", "exact"),
    ("LONGTEXT", ALTER + "MODIFY testcol1 LONGTEXT COLLATE utf8mb4_nopad_bin NULL", ALTER + f"MODIFY testcol1 {LIKE}",
     "exact"),
    ("bytes", ALTER + "MODIFY testcol1 VARBINARY(1020) NULL", ALTER + f"MODIFY testcol1 {LIKE}", "exact"),
    ("a_number_for_text", ALTER + "MODIFY testcol1 INT NULL", ALTER + f"MODIFY testcol1 {LIKE}",
     "rejects", "testcol1"),
    ("a_number_for_a_text_key", ALTER + "MODIFY code INT NULL",
     ALTER + "MODIFY code VARCHAR(20) COLLATE utf8mb4_nopad_bin NULL", "rejects", "code"),
    ("a_collation_without_case", ALTER + "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
     ALTER + "CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", "rejects", "PRIMARY"),
    ("a_collation_of_a_key_without_case", ALTER + "MODIFY code VARCHAR(20) COLLATE utf8mb4_unicode_ci NULL",
     ALTER + "MODIFY code VARCHAR(20) COLLATE utf8mb4_nopad_bin NULL", "exact"),
    ("a_collation_that_pads", ALTER + "MODIFY code VARCHAR(20) COLLATE utf8mb4_bin NULL,"
     " MODIFY testcol1 VARCHAR(255) COLLATE utf8mb4_bin NULL",
     ALTER + f"MODIFY code VARCHAR(20) COLLATE utf8mb4_nopad_bin NULL, MODIFY testcol1 {LIKE}", "exact"),
    ("latin1", ALTER + "MODIFY testcol1 VARCHAR(255) CHARACTER SET latin1 NULL", ALTER + f"MODIFY testcol1 {LIKE}",
     "rejects", "testcol1"),
    ("a_latin1_key", ALTER + "MODIFY code VARCHAR(20) CHARACTER SET latin1 NULL",
     ALTER + "MODIFY code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL", "rejects", "code"),
    ("utf8mb3", ALTER + "MODIFY testcol1 VARCHAR(255) CHARACTER SET utf8mb3 NULL", ALTER + f"MODIFY testcol1 {LIKE}",
     "rejects", "testcol1"),
    ("a_trigger_that_changes_nothing",
     f"CREATE TRIGGER owner BEFORE UPDATE ON {TABLE} FOR EACH ROW SET @seen = NEW.id", "DROP TRIGGER owner", "exact"),
    ("a_trigger_that_refuses", f"DELIMITER //\nCREATE TRIGGER owner BEFORE INSERT ON {TABLE} FOR EACH ROW"
     " IF NEW.views = 13 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'never 13'; END IF//",
     "DROP TRIGGER owner", "rejects", "never 13"),
    ("a_check", ALTER + "ADD CONSTRAINT few CHECK (quantity < 100)", ALTER + "DROP CONSTRAINT few", "rejects", "few"),
    ("a_default_is_dropped", ALTER + "ALTER amount DROP DEFAULT, ALTER quantity DROP DEFAULT",
     ALTER + "ALTER amount SET DEFAULT 0, ALTER quantity SET DEFAULT 0", "exact"),
    ("NOT_NULL_is_added", ALTER + "MODIFY testcol1 VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL",
     ALTER + f"MODIFY testcol1 {LIKE}", "rejects", "testcol1"),
    ("versions_are_kept", ALTER + "ADD SYSTEM VERSIONING", ALTER + "DROP SYSTEM VERSIONING", "exact"),
    ("columns_elsewhere_and_invisible", ALTER + "MODIFY quantity INT NOT NULL DEFAULT 0 FIRST,"
     " MODIFY testcol2 VARCHAR(255) COLLATE utf8mb4_nopad_bin INVISIBLE", ALTER + f"MODIFY testcol2 {LIKE}", "exact"),
]


def draw(rng):
    key = rng.choice(KEYS)
    given = {f: rng.choice(VALUES[f]) for f in FIELDS if f in key.replace("@", "").split(",")}
    while any(v == "" for v in given.values()):
        given = {f: rng.choice(VALUES[f]) for f in given}
    operation = rng.choice(OPERATIONS)
    for f in FIELDS:
        if operation != DELETE and f not in given and rng.random() < 0.35:
            given[f] = rng.choice(VALUES[f])
    return Change(TABLE, operation, key, given)


def plain(field, value):
    """As it is compared: numbers by value, an empty one 0, empty text and times nothing."""
    if field in ("amount", "quantity", "views"):
        return float(value or 0) if field == "amount" else int(Decimal(value or 0))
    if not value:
        return None
    if field != "moment":
        return value
    value += " 00:00:00" if " " not in value else ""
    return value[:23] if "." in value else value + ".000"


with Instance(conf={"sync": {"batch_rows": BATCH}}) as c:
    client = c.logon()

    def send(change):
        attributes = " ".join(
            f'{f}="{html.escape(v.replace(" ", "T") + "Z" if f == "moment" else v)}"' for f, v in change.given.items())
        r = client.ingest_ext(f'<x xtkschema="dem:sampleTable" _operation="{NAMES[change.operation]}"'
                              f' _key="{change.key}" {attributes}/>')
        assert r.status == 200, r

    def ext(attributes, operation="insertOrUpdate", schema="dem:sampleTable"):
        r = client.ingest_ext(f'<x xtkschema="{schema}" _operation="{operation}" {attributes}/>')
        assert r.status == 200, r

    def stage(changes):
        """Sends them, and notes what the log makes of them: their numbers, and keys that the server made."""
        before = int((c.staging(f"SELECT MAX(_seq) FROM {TABLE}Stg_log")[0][0] or 0))
        for change in changes:
            send(change)
        rows = c.staging(f"SELECT _seq, id FROM {TABLE}Stg_log WHERE _seq > {before} ORDER BY _seq")
        assert len(rows) == len(changes)
        for change, (seq, pk) in zip(changes, rows):
            change.seq = int(seq)
            change.pk = None if change.given.get("id") else pk

    def rejects():
        seqs = {r[0]: int(r[1]) for r in c.staging("SELECT id, seq FROM campaign_reject")}
        return {seqs[str(r["id"])]: r for r in json.loads(c.admin("rejects", "--json").stdout)}

    def cloud():
        return c.cloud(f"SELECT {', '.join(FIELDS)} FROM {TABLE} ORDER BY id")

    def compare(model, what):
        rows = cloud()
        there = {r[0]: [plain(f, v) for f, v in zip(FIELDS, r)] for r in rows}
        assert len(there) == len(rows), (what, "two rows with one primary key", rows)
        wanted = {pk: [plain(f, v) for f, v in zip(FIELDS, row)] for pk, row in model.content(FIELDS).items()}
        differ = [(pk, there.get(pk), wanted.get(pk)) for pk in {**there, **wanted} if there.get(pk) != wanted.get(pk)]
        assert not differ, f"{what}: {len(differ)} rows differ; is, should be: {differ[:3]}"

    def play(model, changes):
        for change in changes:
            model.apply(change)

    def explained(refused, words):
        for r in refused.values():
            assert "default value" not in r["reason"], r
            assert r["held"] or any(w in r["reason"] for w in words) or (
                r["reason"].startswith("Duplicate entry") and ("PRIMARY" in r["reason"] or "primary key" in r["reason"]
                                                              or "'u'" in r["reason"])), r

    def runs(changes, words):
        """All rounds; returns those that were applied, those that were rejected, and what was said."""
        said = ""
        for n in range(ROUNDS):
            stage(changes[n * CHANGES:(n + 1) * CHANGES])
            p = c.sync(check=False)
            assert p.returncode in (0, 3), p
            said += p.stderr
        refused = rejects()
        explained(refused, words)
        assert c.pending() == 0
        return [x for x in changes if x.seq not in refused], [x for x in changes if x.seq in refused], said

    def settle(applied, refused):
        """The table is as before, and what was rejected is tried again."""
        model = Table(DEFAULTS)
        play(model, applied)
        compare(model, "after it was altered back")
        if refused:
            c.admin("rejects", "retry")
            c.sync(check=False)
            left = rejects()
            explained(left, ())
            play(model, [x for x in refused if x.seq not in left])
        assert c.pending() == 0
        compare(model, "after the rejects were retried")

    def clean():
        for _ in range(20):  # what was held behind a reject comes back when that is dropped
            for r in json.loads(c.admin("rejects", "--json").stdout):
                c.admin("rejects", "drop", r["id"], check=False)
            c.sync(check=False)
            if c.pending() == 0 and not rejects():
                break
        c.cloud(f"DELETE FROM {TABLE}")
        assert c.pending() == 0 and not rejects()

    def try_way(name, alter, back, outcome, *words):
        rng = random.Random(name)
        changes = [draw(rng) for _ in range(ROUNDS * CHANGES)]
        c.cloud(alter)
        if outcome == "refused":
            stage(changes)
            p = c.sync(check=False)
            failed = p.returncode == 1 and all(w in p.stderr for w in words) and c.pending() == len(changes)
            c.cloud(back)
            assert failed, (name, p)
            assert cloud() == [] and not rejects()
            p = c.sync(check=False)
            assert p.returncode in (0, 3), p
            refused = rejects()
            explained(refused, ())
            model = Table(DEFAULTS)
            play(model, [x for x in changes if x.seq not in refused])
            compare(model, name)
        else:
            try:
                applied, refused, _ = runs(changes, words)
                model = Table(DEFAULTS)
                play(model, applied)
                compare(model, name)
                reasons = [r["reason"] for r in rejects().values()]
                assert outcome == "exact" or any(w in r for w in words for r in reasons), (name, reasons)
            except AssertionError:
                c.cloud(f"DELETE FROM {TABLE}")
                raise
            finally:
                c.cloud(back)
            settle(applied, refused)
        clean()

    def way(name, *rest):
        def step():
            try:
                try_way(name, *rest)
            except AssertionError:
                clean()
                raise
        return f"R10_10_{name}", step

    # -- what each of them is about ---------------------------------------------------------------
    def R10_10_one_row_for_one_primary_key():
        for alter, back in ((w[1], w[2]) for w in WAYS if w[0] in (
                "the_primary_key_is_dropped", "it_is_partitioned", "a_surrogate_key")):
            c.cloud(alter)
            for n in range(3):
                ext(f'_key="@id" id="one" testcol1="{n}"')
                c.sync()
            rows = c.cloud(f"SELECT id, testcol1 FROM {TABLE}")
            ext('_key="@id,@code" id="one" code="X" testcol1="of another"')
            ext('_key="@code" code="Y" id="two"')
            ext('_key="@code" code="Z" id="two"')
            status, refused = c.sync(check=False).returncode, rejects()
            ids = c.cloud(f"SELECT id FROM {TABLE} ORDER BY id")
            c.cloud(f"DELETE FROM {TABLE}")
            c.cloud(back)
            clean()
            assert rows == [["one", "2"]] and ids == [["one"], ["two"]], (alter, rows, ids)
            assert status == 3 and [r["fields"]["id"] for r in refused.values()] == ["one", "two"], refused
            assert all("Duplicate entry" in r["reason"] and TABLE in r["reason"] for r in refused.values()), refused

    def R10_10_our_own_table_at_the_target():
        ext('_key="@id" id="a"')
        c.cloud("ALTER TABLE campaign_applied ENGINE=MyISAM")
        p = c.sync(check=False)
        c.cloud("ALTER TABLE campaign_applied ENGINE=InnoDB")
        assert p.returncode == 1 and "campaign_applied" in p.stderr and c.pending() == 1, p
        c.sync()
        assert c.pending() == 0
        clean()

    def R10_10_tables_at_staging():
        for table in (f"{TABLE}Stg_log", f"{TABLE}Stg_rej", "campaign_reject"):
            ext('_key="@id" id="a"')
            c.staging(f"ALTER TABLE {table} ENGINE=MyISAM")
            p = c.sync("--schema", "dem:sampleTable", check=False)
            c.staging(f"ALTER TABLE {table} ENGINE=InnoDB")
            assert p.returncode == 1 and table in p.stderr and "ENGINE=InnoDB" in p.stderr, p
            assert c.pending() == 1 and cloud() == []
            c.sync()
            clean()

    def R10_10_a_lost_index_is_told_once_with_its_remedy():
        c.cloud(ALTER + "DROP KEY k_code")
        for n in range(60):
            ext(f'_key="@code" code="L{n % 40}" testcol1="{n}"')
            ext(f'_key="@testcol2" testcol2="L{n % 40}" testcol1="{n}"')
        p = c.sync()
        remedy = re.findall(r"ALTER TABLE `dem_sampleTable`.*", p.stderr)
        assert len(remedy) == 1 and p.stderr.count("@code") == 1 and p.stderr.count("@testcol2") == 1, p.stderr
        c.cloud(remedy[0])
        assert c.cloud(f"SHOW INDEX FROM {TABLE} WHERE Column_name = 'code'")
        ext('_key="@code" code="L1" testcol1="again"')
        assert "ALTER" not in c.sync().stderr
        c.cloud(ALTER + "DROP PRIMARY KEY")
        ext('_key="@id" id="x"')
        p = c.sync()
        remedy = re.findall(r"ALTER TABLE `dem_sampleTable`.*", p.stderr)
        assert remedy == ["ALTER TABLE `dem_sampleTable` ADD PRIMARY KEY (`id`)"], p.stderr
        c.cloud(remedy[0])
        c.cloud(ALTER + "MODIFY code VARCHAR(20) CHARACTER SET latin1 NULL")
        ext('_key="@code" code="L1" testcol1="latin1"')
        remedy = re.findall(r"ALTER TABLE `dem_sampleTable`.*", c.sync().stderr)
        assert len(remedy) == 1 and " MODIFY `code` VARCHAR(20)" in remedy[0], remedy
        c.cloud(ALTER + "MODIFY code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL")
        assert c.cloud(f"SELECT testcol1 FROM {TABLE} WHERE code = 'L1'") == [["latin1"]]
        clean()

    def R10_10_a_link_is_looked_up_to_the_byte():
        for name, more in (("shop", ""), ("visit", '<element name="shop" type="link" target="t:shop"/>')):
            c.deploy_text(f"""<srcSchema namespace="t" name="{name}"><element name="{name}" autopk="true" autouuid="true"
                autoStg="true" dataSource="nms:extAccount:ffda"><key name="name"><keyfield xpath="@name"/></key>
                <attribute name="name" length="20"/>{more}</element></srcSchema>""")
        wait_for("the schemas are known",
                 lambda: client.ingest_ext('<x xtkschema="t:visit" _operation="none"/>').status == 200, 4)
        c.cloud("ALTER TABLE t_shop MODIFY name VARCHAR(20) COLLATE utf8mb4_general_ci NULL")
        ext('_key="@id" id="1" name="NAME"', schema="t:shop")
        ext('_key="@id" id="2" name="name"', schema="t:shop")
        ext('_key="@id" id="3" name="name "', schema="t:shop")
        c.sync()
        r = client.ingest_ext('<x xtkschema="t:visit" _key="@id" id="v"><shop _operation="none" _key="@name" name="name"/></x>')
        assert r.status == 200, r
        c.sync()
        assert [r[0] for r in c.cloud("SELECT `shop-id` FROM t_visit")] == ["2"]

    def R10_10_copies_of_reference_tables():
        c.deploy_text("""<srcSchema namespace="t" name="ref"><element name="ref" autopk="true" autouuid="true"
            replicate="true"><attribute name="word" length="20"/><attribute name="price" type="double"/>
            </element></srcSchema>""")

        def copies(rows, *words):
            p = c.sync("--schema", "t:ref", check=False)
            assert p.returncode == (1 if words else 0) and all(w in p.stderr for w in words), p
            assert c.cloud("SELECT id, word, price FROM t_ref ORDER BY id") == rows, p
        c.staging("INSERT INTO t_ref (id, word, price) VALUES ('a', 'word', 1.5), ('b', 'b', 0.25)")
        copies([["a", "word", "1.5"], ["b", "b", "0.25"]])
        c.cloud("ALTER TABLE t_ref MODIFY word VARCHAR(20) COLLATE utf8mb4_general_ci NULL")
        c.staging("UPDATE t_ref SET word = 'Word ' WHERE id = 'a'")
        copies([["a", "Word ", "1.5"], ["b", "b", "0.25"]])
        c.cloud("ALTER TABLE t_ref MODIFY price DECIMAL(10,2) NOT NULL")
        copies([["a", "Word ", "1.50"], ["b", "b", "0.25"]])
        c.staging("UPDATE t_ref SET price = 12.345 WHERE id = 'a'")
        copies([["a", "Word ", "1.50"], ["b", "b", "0.25"]], "price", "t_ref", "decimal(10,2)")
        c.cloud("ALTER TABLE t_ref MODIFY price DOUBLE NOT NULL DEFAULT 0, DROP PRIMARY KEY")
        copies([["a", "Word ", "12.345"], ["b", "b", "0.25"]])
        c.cloud("ALTER TABLE t_ref ENGINE=Aria")
        c.staging("DELETE FROM t_ref WHERE id = 'b'")
        copies([["a", "Word ", "12.345"], ["b", "b", "0.25"]], "t_ref", "Aria")
        c.cloud("ALTER TABLE t_ref ENGINE=InnoDB, ADD PRIMARY KEY (id)")
        copies([["a", "Word ", "12.345"]])

    def R10_10_a_server_that_wants_primary_keys():
        for options in (["--innodb-force-primary-key=ON"],
                        ["--innodb-force-primary-key=ON", "--enforce-storage-engine=InnoDB"]):
            c.db.stop()
            c.db.options = options
            c.db.start()
            wait_for("the pool has found the server", lambda: client.ingest_ext(
                '<x xtkschema="dem:sampleTable" _key="@id" id="i0"/>').status == 200, 20)
            for n in range(50):
                ext(f'_key="@id" id="i{n % 20}" amount="{n}"')
                ext(f'_key="@code" code="K{n % 20}" amount="{n}"')
                ext(f'_key="@testcol1" testcol1="T{n % 20}" amount="{n}"')
            c.staging("INSERT INTO t_ref (id, word) VALUES (UUID(), 'new')")
            c.sync()
            there = c.cloud(f"SELECT COUNT(*), SUM(amount) FROM {TABLE}")
            assert there == [["60", str(3 * sum(range(30, 50)))]], there
            assert c.cloud("SELECT COUNT(*) FROM t_ref") == c.staging("SELECT COUNT(*) FROM t_ref")
            c.cloud(ALTER + "MODIFY amount DECIMAL(10,1) NOT NULL")
            ext('_key="@id" id="i1" amount="2.5"')
            ext('_key="@id" id="i2" amount="2.55"')
            p = c.sync(check=False)
            assert p.returncode == 3, p
            assert c.cloud(f"SELECT amount FROM {TABLE} WHERE id IN ('i1', 'i2') ORDER BY id") == [["2.5"], ["42.0"]]
            c.cloud(ALTER + "MODIFY amount DOUBLE NOT NULL DEFAULT 0")
            clean()

    ONLY = sys.argv[1:]
    STEPS = [way(*w) for w in WAYS] + [(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]
    sys.exit(main([s for s in STEPS if not ONLY or s[0] in ONLY]))
