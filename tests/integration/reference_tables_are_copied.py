#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.7: local tables with replicate="true" are copied to the cloud at every run: by lastModified if
they have it, else as a whole; what was removed goes there too."""
import sys

from campaign import Instance, main

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

    def a_table_that_refuses_fails_alone():
        c.cloud("ALTER TABLE cus_shop ADD CONSTRAINT cheap CHECK (price < 5)")
        c.staging("INSERT INTO cus_shop (id, price) VALUES ('z', 7); INSERT INTO xtk_folder (id, name) VALUES ('f2', 'Other')")
        before = c.cloud("SELECT id FROM cus_shop")
        p = c.sync(check=False)
        assert p.returncode == 1 and "cheap" in p.stdout, p
        assert c.cloud("SELECT id FROM cus_shop") == before and same("xtk_folder") == 2
        c.cloud("ALTER TABLE cus_shop DROP CONSTRAINT cheap")
        c.sync()
        same("cus_shop")

    sys.exit(main([(n, f) for n, f in list(globals().items())
                   if callable(f) and getattr(f, "__module__", "") == "__main__" and n not in ("counts", "same")]))
