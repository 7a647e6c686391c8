#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.7: local tables with replicate="true" are copied to the cloud at every run: by lastModified if
they have it, else as a whole; what was removed goes there too. What the cloud refuses of a table stops no other row of it."""
import random
import sys
import time

from campaign import Instance, main, wait_for

PLAIN = """<srcSchema namespace="cus" name="%(name)s" mappingType="sql">
  <element name="%(name)s" autopk="true" autouuid="true" replicate="true">
    <attribute name="text" type="string" length="200"/><attribute name="price" type="double"/>
    <attribute name="picture" type="blob"/><attribute name="day" type="date"/>
    <element name="note" type="memo" xml="true"/>%(more)s
  </element></srcSchema>"""
KEYLESS = """<srcSchema namespace="cus" name="keyless" mappingType="sql">
  <element name="keyless" replicate="true"><attribute name="word" type="string"/></element></srcSchema>"""
LINKING = """<srcSchema namespace="cus" name="visit" mappingType="sql">
  <element name="visit" autopk="true" autouuid="true" autoStg="true" dataSource="x">
    <element name="shop" type="link" target="cus:shop"/></element></srcSchema>"""

with Instance(start=False) as c:
    def counts(schema, *args):
        s = [x for x in c.sync_json(*args)["schemas"] if x["schema"] == schema]
        assert len(s) == 1 and not s[0]["failed"], s
        assert s[0]["changes"] == s[0]["merged"] == sum(s[0][k] for k in ("inserted", "updated", "deleted")), s
        return tuple(s[0][k] for k in ("inserted", "updated", "deleted"))

    def same(table, order="id"):
        columns = ", ".join("HEX(picture)" if r[0] == "picture" else f"`{r[0]}`" for r in c.staging(f"SHOW COLUMNS FROM {table}"))
        rows = c.staging(f"SELECT {columns} FROM {table} ORDER BY {order}")
        assert c.cloud(f"SELECT {columns} FROM {table} ORDER BY {order}") == rows, rows
        return len(rows)

    def deploy():
        c.deploy_text(PLAIN % {"name": "shop", "more": ""})
        c.deploy_text(PLAIN % {"name": "dated", "more": '<attribute name="lastModified" type="datetime"/>'})
        c.deploy_text(KEYLESS)
        c.deploy_text(LINKING)

    def R10_7_a_table_without_lastModified_is_copied_whole():
        c.staging("INSERT INTO cus_shop (id, text, price, picture, day, note) VALUES ('a', 'Caf\u00e9 \U0001f600', 0.1, X'00ff27', '2026-02-03', 'x\\ny'),"
                  " ('b', NULL, 1e300, NULL, NULL, NULL), ('c', ' blank ', -3, '', NULL, '')")
        assert counts("cus:shop") == (3, 0, 0)
        assert same("cus_shop") == 3
        assert counts("cus:shop") == (0, 0, 0)
        c.staging("UPDATE cus_shop SET text = 'caf\u00e9' WHERE id = 'a'; DELETE FROM cus_shop WHERE id = 'b';"
                  "INSERT INTO cus_shop (id) VALUES ('d')")
        assert counts("cus:shop") == (1, 1, 1)
        assert same("cus_shop") == 3
        c.cloud("UPDATE cus_shop SET text = 'meddled' WHERE id = 'c'")
        assert counts("cus:shop") == (0, 1, 0)
        same("cus_shop")

    def R10_7_R10_8_by_lastModified_only_what_is_new():
        c.staging("INSERT INTO cus_dated (id, text, lastModified) SELECT CONCAT('d', seq), 'old', '2026-01-01 10:00:00' + INTERVAL seq MINUTE"
                  " FROM seq_1_to_3000")
        assert counts("cus:dated") == (3000, 0, 0)
        assert same("cus_dated") == 3000
        # The old time shows that the rest of the table is not looked at.
        c.cloud("UPDATE cus_dated SET text = 'meddled' WHERE id = 'd7'")
        c.staging("UPDATE cus_dated SET text = 'new', lastModified = '2026-05-01' WHERE id = 'd5';"
                  "INSERT INTO cus_dated (id, lastModified) VALUES ('e', '2026-05-02')")
        assert counts("cus:dated") == (1, 1, 0)
        assert c.cloud("SELECT text FROM cus_dated WHERE id = 'd5'") == [["new"]]
        assert c.cloud("SELECT text FROM cus_dated WHERE id = 'd7'") == [["meddled"]]

    def R10_7_removals_arrive_when_the_counts_differ():
        c.staging("DELETE FROM cus_dated WHERE id IN ('d1', 'd2', 'e')")
        assert counts("cus:dated") == (0, 1, 3)  # and the meddled one
        assert same("cus_dated") == 2998
        c.staging("DELETE FROM cus_dated WHERE id = 'd3'; INSERT INTO cus_dated (id, lastModified) VALUES ('f', '2026-06-01')")
        assert counts("cus:dated") == (1, 0, 1)  # as many as before
        same("cus_dated")
        c.staging("INSERT INTO cus_dated (id, lastModified) VALUES ('late', '2025-01-01'), ('never', NULL)")
        assert counts("cus:dated") == (2, 0, 0)
        same("cus_dated")
        c.staging("DELETE FROM cus_dated")
        assert counts("cus:dated")[2] == 3000 and same("cus_dated") == 0

    def R10_7_without_primary_key():
        c.staging("INSERT INTO cus_keyless (word) VALUES ('a'), ('a'), ('b')")
        c.sync()
        assert same("cus_keyless", "word") == 3
        c.staging("DELETE FROM cus_keyless WHERE word = 'a'")
        c.sync()
        assert same("cus_keyless", "word") == 1

    def R10_7_the_builtin_ones():
        c.staging("INSERT INTO xtk_folder (id, name) VALUES ('f1', 'News'); INSERT INTO nms_service (id, name, lastModified, `folder-id`)"
                  " VALUES ('s1', 'NEWS', NOW(3), 'f1')")
        order = [s["schema"] for s in c.sync_json()["schemas"]]
        assert order.index("xtk:folder") < order.index("nms:service") < order.index("nms:recipient"), order
        assert same("xtk_folder") == same("nms_service") == 1

    def R10_7_schema_named():
        c.staging("INSERT INTO cus_shop (id) VALUES ('x')")
        assert [s["schema"] for s in c.sync_json("--schema", "xtk:folder")["schemas"]] == ["xtk:folder"]
        assert c.cloud("SELECT COUNT(*) FROM cus_shop WHERE id = 'x'") == [["0"]]
        assert [s["schema"] for s in c.sync_json("--schema", "cus:visit")["schemas"]] == ["cus:shop", "cus:visit"]
        assert c.cloud("SELECT COUNT(*) FROM cus_shop WHERE id = 'x'") == [["1"]]
        p = c.sync("--schema", "nms:subHisto", check=False)
        assert p.returncode == 2 and "nms:subHisto" in p.stderr, p

    def a_dry_run_changes_nothing():
        c.staging("INSERT INTO cus_shop (id) VALUES ('y')")
        assert counts("cus:shop", "--dry-run") == (1, 0, 0)
        assert c.cloud("SELECT COUNT(*) FROM cus_shop WHERE id = 'y'") == [["0"]]

    def it_stands_in_the_history():
        c.sync()
        rows = c.staging("SELECT inserted, changes FROM campaign_run_schema WHERE schema_id = 'cus:shop' ORDER BY run_id DESC LIMIT 1")
        assert rows == [["1", "1"]], rows

    def R10_7_a_row_that_is_refused_stops_no_other():
        c.cloud("ALTER TABLE cus_shop ADD CONSTRAINT cheap CHECK (price < 5)")
        c.staging("INSERT INTO cus_shop (id, price) VALUES ('z', 7), ('z2', 3); INSERT INTO xtk_folder (id, name) VALUES ('f2', 'Other')")
        before = c.cloud("SELECT id FROM cus_shop ORDER BY id")
        p = c.sync(check=False)
        assert p.returncode == 1 and "row z stays as it was" in p.stdout and "cheap" in p.stdout, p
        assert c.cloud("SELECT id FROM cus_shop ORDER BY id") == before + [["z2"]] and same("xtk_folder") == 2
        c.cloud("ALTER TABLE cus_shop DROP CONSTRAINT cheap")
        c.sync()
        same("cus_shop")

    # -- the cloud's tables have rules of their own -----------------------------------------------
    def rules():
        """UNIQUE(text), a column of the owner's, and rows that refer to the copied ones, some of which a deletion would take."""
        for t in ("shop", "dated"):
            c.staging(f"DELETE FROM cus_{t}")
            c.sync()
            c.cloud(f"ALTER TABLE cus_{t} ADD UNIQUE KEY once (text), ADD owner VARCHAR(20) DEFAULT 'none';"
                    f"CREATE TABLE of_{t} (id VARCHAR(255) COLLATE utf8mb4_nopad_bin, FOREIGN KEY (id) REFERENCES cus_{t} (id));"
                    f"CREATE TABLE goes_{t} (id VARCHAR(255) COLLATE utf8mb4_nopad_bin,"
                    f" FOREIGN KEY (id) REFERENCES cus_{t} (id) ON DELETE CASCADE ON UPDATE CASCADE)")
            insert(t, a="A", b="B", c="C", d="D", e="E")
            c.sync()
            c.cloud(f"INSERT INTO of_{t} SELECT id FROM cus_{t} WHERE id IN ('a', 'b');"
                    f"INSERT INTO goes_{t} SELECT id FROM cus_{t}; UPDATE cus_{t} SET owner = id")

    moment = 0

    def at():
        global moment
        moment += 1
        return f"'2026-07-01' + INTERVAL {moment} HOUR"  # more than the overlap

    def insert(table, **names):
        for i, name in names.items():
            c.staging(f"INSERT INTO cus_{table} (id, text" + (", lastModified" if table == "dated" else "") +
                      f") VALUES ('{i}', '{name}'" + (f", {at()}" if table == "dated" else "") + ")")

    def name(table, **names):
        for i, text in names.items():
            c.staging(f"UPDATE cus_{table} SET text = '{text}'" + (f", lastModified = {at()}" if table == "dated" else "") +
                      f" WHERE id = '{i}'")

    def kept(table, gone=()):
        """What refers to the rows is there, and the owner's column too."""
        assert c.cloud(f"SELECT id FROM of_{table} ORDER BY id") == [["a"], ["b"]]
        assert [r[0] for r in c.cloud(f"SELECT id FROM goes_{table} ORDER BY id")] == [i for i in "abcde" if i not in gone]
        assert c.cloud(f"SELECT COUNT(*) FROM cus_{table} WHERE id IN ('a', 'b', 'c', 'd', 'e') AND owner <> id") == [["0"]]

    def R10_7_removed_and_made_again_under_the_same_name():
        rules()
        for t in ("shop", "dated"):
            c.staging(f"DELETE FROM cus_{t} WHERE id = 'e'")
            insert(t, e2="E")
            assert counts(f"cus:{t}") == (1, 0, 1)
            assert same(f"cus_{t}") == 5
            kept(t, gone="e")

    def R10_7_names_that_are_passed_on():
        for t in ("shop", "dated"):
            name(t, a="X", d="A")
            assert counts(f"cus:{t}") == (0, 2, 0)
            name(t, a="Y", d="X", c="A")
            assert counts(f"cus:{t}") == (0, 3, 0)
            same(f"cus_{t}")
            kept(t, gone="e")

    def R10_7_names_that_are_swapped():
        for t in ("shop", "dated"):
            name(t, a="-")
            name(t, b="Y")
            name(t, a="B")
            assert counts(f"cus:{t}") == (0, 2, 0)
            assert same(f"cus_{t}") == 5
            kept(t, gone="e")
            name(t, a="1", b="2", c="3")
            name(t, a="Y", b="A", c="B")  # three in a circle, and one that waits for them
            insert(t, n="Z")
            name(t, d="N", n="X")
            assert counts(f"cus:{t}") == (1, 4, 0)
            assert same(f"cus_{t}") == 6
            kept(t, gone="e")

    def R10_7_what_cannot_be_exchanged_is_told():
        """Two rows of the same name are one too many, whatever else is exchanged; it is told in each run."""
        for t in ("shop", "dated"):
            name(t, a="-", b="--")
            name(t, a="A", b="Y")  # swapped
            insert(t, twin="X")    # n has it
            c.staging(f"INSERT INTO cus_{t} (id) VALUES ('last')")
            for _ in range(2):
                p = c.sync("--schema", f"cus:{t}", check=False)
                assert p.returncode == 1 and "row twin stays as it was: Duplicate entry 'X'" in p.stdout, p
                assert "1 rejected" in p.stdout, p
            here, there = (q(f"SELECT id, text FROM cus_{t} WHERE id <> 'twin' ORDER BY id") for q in (c.staging, c.cloud))
            assert here == there, (here, there)
            kept(t, gone="e")
            name(t, twin="unique")
            c.sync()
            same(f"cus_{t}")

    def R10_7_an_update_that_was_refused_is_not_forgotten():
        name("dated", c="A")  # a's name; the time is older than those that follow
        name("dated", d="newer", last="newest")
        assert c.sync(check=False).returncode == 1
        assert c.cloud("SELECT text FROM cus_dated WHERE id IN ('c', 'd', 'last') ORDER BY id") == [["B"], ["newer"], ["newest"]]
        assert c.sync(check=False).returncode == 1
        c.cloud("ALTER TABLE cus_dated DROP KEY once")
        c.sync()
        same("cus_dated")

    def R10_7_a_removal_that_is_refused_stops_no_other():
        c.staging("DELETE FROM cus_shop WHERE id IN ('a', 'c')")
        insert("shop", more="more")
        p = c.sync(check=False)
        assert p.returncode == 1 and "row a stays as it was: Cannot delete or update a parent row" in p.stdout, p
        assert c.cloud("SELECT id FROM cus_shop WHERE id IN ('a', 'c', 'more') ORDER BY id") == [["a"], ["more"]]
        c.cloud("DELETE FROM of_shop WHERE id = 'a'")
        c.sync()
        same("cus_shop")

    def R10_7_R10_11_an_error_that_is_not_known():
        c.cloud("DELIMITER //\nCREATE TRIGGER owner BEFORE INSERT ON cus_shop FOR EACH ROW BEGIN DECLARE n INT;"
                " IF NEW.text = 'odd' THEN SET n = (SELECT seq FROM seq_1_to_3); END IF; END//")
        insert("shop", odd="odd", even="even")
        p = c.sync(check=False)
        assert p.returncode == 1 and "row odd stays as it was: Subquery returns more than 1 row" in p.stdout, p
        assert c.cloud("SELECT id FROM cus_shop WHERE id IN ('odd', 'even')") == [["even"]]
        c.cloud("DROP TRIGGER owner")
        c.sync()
        same("cus_shop")

    def R10_7_a_killed_run_leaves_a_whole_table():
        """Killed while it copies row by row: the table is as it was or as it shall be, and what refers to it is there."""
        c.staging("DELETE FROM cus_shop WHERE id NOT IN ('b'); INSERT INTO cus_shop (id, text) SELECT CONCAT('k', seq), seq FROM seq_1_to_200")
        c.sync()
        rng, kills = random.Random(9), 0
        for _ in range(8):
            c.staging("UPDATE cus_shop SET text = 201 - text WHERE id LIKE 'k%'")  # swapped in pairs
            shall = c.staging("SELECT id, text FROM cus_shop ORDER BY id")
            was = c.cloud("SELECT id, text FROM cus_shop ORDER BY id")
            p = c.sync_process("--schema", "cus:shop")
            time.sleep(rng.uniform(0.02, 0.3))
            p.kill()
            p.communicate()
            kills += p.returncode == -9
            wait_for("the session has ended", lambda: c.db.sql(
                "SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = 'app' AND DB = 'cloud'") == [])
            assert c.cloud("SELECT id, text FROM cus_shop ORDER BY id") in (was, shall)
            wait_for("a run gets the lock", lambda: c.sync(check=False).returncode == 0)
            same("cus_shop")
        assert kills > 2 and c.cloud("SELECT id FROM of_shop") == [["b"]], kills

    sys.exit(main([(n, f) for n, f in list(globals().items())
                   if callable(f) and getattr(f, "__module__", "") == "__main__"
                   and n not in ("counts", "same", "rules", "at", "insert", "name", "kept")]))
