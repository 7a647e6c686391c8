#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.3 where the cloud's tables have foreign keys: rows that others refer to are deleted when these are gone, in the
same run and without losing the order of a record's changes; what still has rows that refer to it then is rejected."""
import json
import random
import sys
import time

from campaign import Instance, Session, main, wait_for

SCHEMA = """<srcSchema namespace="t" name="%s" label="%s">
  <element name="%s" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key>
    <attribute name="name"/><attribute name="number" type="long"/><attribute name="other"/>%s
  </element></srcSchema>"""
LINK = '<element name="%s" type="link" target="t:%s"/>'
ALL = "country", "firm", "staff", "left", "right"

with Instance(conf={"sync": {"batch_rows": 100}}) as c:
    # Each of the first three links to the one before, staff refers to staff, left and right to each other.
    for name, target in (("country", ""), ("firm", "country"), ("staff", "firm"), ("left", ""), ("right", "left")):
        c.deploy_text(SCHEMA % (name, name, name, LINK % (target, target) if target else ""), name + ".xml")
    c.cloud("ALTER TABLE t_firm ADD CONSTRAINT its_country FOREIGN KEY (`country-id`) REFERENCES t_country (id);"
            "ALTER TABLE t_staff ADD CONSTRAINT its_firm FOREIGN KEY (`firm-id`) REFERENCES t_firm (id),"
            " ADD CONSTRAINT its_boss FOREIGN KEY (other) REFERENCES t_staff (id);"
            "ALTER TABLE t_left ADD CONSTRAINT its_right FOREIGN KEY (other) REFERENCES t_right (id);"
            "ALTER TABLE t_right ADD CONSTRAINT its_left FOREIGN KEY (`left-id`) REFERENCES t_left (id)")
    client = c.logon()
    wait_for("the schemas are known", lambda: client.ingest_ext(
        '<x xtkschema="t:right" _operation="none" name="-"/>').status == 200, 4)

    def ext(schema, name, operation="insertOrUpdate", key="@name", **fields):
        values = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in fields.items())
        r = client.ingest_ext(f'<x xtkschema="t:{schema}" _operation="{operation}" _key="{key}" name="{name}" {values}/>')
        assert r.status == 200, r

    def delete(schema, *names):
        for n in names:
            ext(schema, n, "delete")

    def rows(schema, columns="name"):
        return c.cloud(f"SELECT {columns} FROM t_{schema} ORDER BY name")

    def pending():
        return {s: c.pending("t_" + s) for s in ALL if c.pending("t_" + s)}

    def rejects():
        return json.loads(c.admin("rejects", "--json").stdout)

    def run(*args, status=0):
        p = c.sync("--json", *args, check=False)
        assert p.returncode == status, (p.returncode, p.stdout, p.stderr)
        return {s["schema"].partition(":")[2]: s for s in json.loads(p.stdout)["schemas"]}

    def waits():
        """What a run that waits for a table's lock is about."""
        return "".join(r[0] for r in c.db.sql("SELECT INFO FROM information_schema.PROCESSLIST WHERE USER = 'app'"
                                              " AND STATE = 'Waiting for table metadata lock'"))

    def empty():
        c.cloud("SET foreign_key_checks = 0; " + "".join(f"DELETE FROM t_{s};" for s in ALL))
        c.staging("DELETE FROM campaign_reject;" + "".join(f"DELETE FROM t_{s}Stg_log; DELETE FROM t_{s}Stg_rej;" for s in ALL))

    def world():
        empty()
        c.cloud("INSERT INTO t_country (id, name) VALUES ('c1', 'A'), ('c2', 'B');"
                "INSERT INTO t_firm (id, name, `country-id`) VALUES ('f1', 'F', 'c1'), ('f2', 'G', 'c2'), ('f3', 'H', 'c2');"
                "INSERT INTO t_staff (id, name, `firm-id`, other) VALUES ('s1', 'boss', 'f1', NULL),"
                " ('s2', 'deputy', 'f1', 's1'), ('s3', 'clerk', 'f1', 's2'), ('s4', 'free', 'f3', NULL)")

    def R10_3_staff_then_firm():
        for jobs in ("1", "2"):
            world()
            delete("staff", "clerk", "deputy", "boss")
            delete("firm", "F")
            r = run("--jobs", jobs)
            assert r["firm"]["deleted"] == 1 and r["firm"]["waiting"] == r["firm"]["rejected"] == 0, r["firm"]
            assert rows("firm") == [["G"], ["H"]] and rows("staff") == [["free"]] and pending() == {}

    def R10_3_a_chain_of_three_in_any_order():
        for order in ("staff firm country", "country firm staff", "firm country staff"):
            world()
            for s in order.split():
                delete(s, *{"staff": ("boss", "deputy", "clerk"), "firm": ("F",), "country": ("A",)}[s])
            run("--batch", random.choice((1, 2, 100)))
            assert rows("country") == [["B"]] and rows("firm") == [["G"], ["H"]] and rows("staff") == [["free"]]
            assert pending() == {} and rejects() == []

    def R10_3_a_cycle():
        for first in ("left", "right"):
            empty()
            c.cloud("INSERT INTO t_left (id, name) VALUES ('l', 'L'); INSERT INTO t_right (id, name, `left-id`) VALUES ('r', 'R', 'l');"
                    "UPDATE t_left SET other = 'r'")
            if first == "left":
                ext("left", "L", other="")
                delete("right", "R")
                delete("left", "L")
            else:
                ext("right", "R", left_id="")
                delete("left", "L")
                delete("right", "R")
            run()
            assert rows("left") == rows("right") == [] and pending() == {} and rejects() == [], first

    def R10_3_what_is_still_referred_to_is_rejected_in_the_end():
        world()
        delete("staff", "clerk")
        delete("firm", "F", "G")
        ext("firm", "F", number=7)  # behind it
        ext("firm", "H", number=8)
        r = run(status=3)["firm"]
        assert (r["merged"], r["rejected"], r["held"], r["waiting"]) == (2, 1, 1, 0), r
        assert rows("firm", "name, number") == [["F", "0"], ["H", "8"]]
        x = rejects()
        assert [(y["operation"], y["held"]) for y in x] == [("delete", False), ("insertOrUpdate", True)], x
        assert "its_firm" in x[0]["reason"], x
        c.cloud("DELETE FROM t_staff WHERE `firm-id` = 'f1' AND id = 's2'; DELETE FROM t_staff WHERE id = 's1'")
        c.admin("rejects", "retry")
        run()
        assert rows("firm", "name, number") == [["F", "7"], ["H", "8"]] and rejects() == []  # made anew

    def R10_3_a_run_of_one_schema_leaves_it():
        world()
        delete("staff", "clerk", "deputy", "boss")
        delete("firm", "F", "G")
        for _ in range(2):
            r = run("--schema", "t:firm")["firm"]
            assert r["waiting"] == 1 and r["rejected"] == 0, r
            assert pending() == {"firm": 1, "staff": 3} and rejects() == []
        text = c.sync("--schema", "t:firm").stdout
        assert "1 wait for rows that refer to theirs" in text, text
        run()
        assert pending() == {} and rows("firm") == [["H"]]

    def R10_3_nor_does_a_run_in_which_another_schema_fails():
        world()
        delete("staff", "clerk", "deputy", "boss")
        delete("firm", "F")
        c.cloud("ALTER TABLE t_staff RENAME COLUMN number TO number_")
        assert run(status=1)["firm"]["waiting"] == 1 and rejects() == []
        c.cloud("ALTER TABLE t_staff RENAME COLUMN number_ TO number")
        run()
        assert pending() == {} and rows("firm") == [["G"], ["H"]]

    def R10_3_what_is_staged_while_bounds_are_taken():
        """A run takes the bounds of all schemas twice, forwards and backwards. What is staged when the staff's is taken for
        good and the firms' is not: the firms' deletion is of this run, that of the staff is not, and nothing is rejected."""
        world()
        order = list(run())
        between = order[order.index("firm") + 1]
        assert order.index("firm") < order.index(between) < order.index("staff") == len(order) - 1, order
        with Session(c.db, "stg") as one, Session(c.db, "stg") as other:
            one.run("LOCK TABLES t_staffStg_log WRITE")
            p = c.sync_process()
            wait_for("the first time, at the last schema", waits)
            other.run(f"LOCK TABLES t_{between}Stg_log WRITE")
            one.run("UNLOCK TABLES")
            wait_for("the second time, behind the staff", lambda: between in waits())
            delete("staff", "clerk", "deputy", "boss")
            delete("firm", "F")
            other.run("UNLOCK TABLES")
            p.communicate(timeout=60)
        assert p.returncode == 0 and rejects() == [] and pending() == {"firm": 1, "staff": 3}, (rejects(), pending())
        run()
        assert pending() == {} and rows("firm") == [["G"], ["H"]]

    def R10_3_the_order_of_a_records_changes_is_kept():
        # By the same key, and by another one, which may mean the same row.
        for key, batch in (("@name", 1), ("@name", 100), ("@id", 1), ("@id", 100)):
            world()
            delete("staff", "clerk", "deputy", "boss")
            delete("firm", "F")
            ext("firm", "F", key=key, id="f1", number=1)
            ext("firm", "F", "update", number=2, other="x")
            ext("firm", "G", "update", number=3)
            run("--batch", batch)
            assert pending() == {} and rejects() == [], (key, rejects())
            assert rows("firm", "id, name, number, other") == [["f1", "F", "2", "x"], ["f2", "G", "3", None],
                                                               ["f3", "H", "0", None]], (key, rows("firm", "id, name, number"))

    def R10_3_what_is_in_the_way_of_others():
        # The new firm may have the number only when the old one has gone.
        c.cloud("UPDATE t_firm SET number = 10 + SUBSTR(id, 2); ALTER TABLE t_firm ADD UNIQUE KEY once (number)")
        try:
            world_numbers = "UPDATE t_firm SET number = 10 + SUBSTR(id, 2)"
            empty()
            c.cloud("INSERT INTO t_firm (id, name, number) VALUES ('f1', 'F', 11), ('f2', 'G', 12);"
                    "INSERT INTO t_staff (id, name, `firm-id`) VALUES ('s1', 'boss', 'f1')")
            delete("firm", "F")
            ext("firm", "N", number=11)
            ext("firm", "G", number=13)
            delete("staff", "boss")
            run()
            assert pending() == {} and rejects() == []
            assert rows("firm", "name, number") == [["G", "13"], ["N", "11"]], (world_numbers, rows("firm", "name, number"))
        finally:
            c.cloud("ALTER TABLE t_firm DROP KEY once")

    def a_dry_run_changes_nothing():
        world()
        delete("staff", "clerk", "deputy", "boss")
        delete("firm", "F")
        before = [rows(s) for s in ALL], pending()
        r = run("--dry-run")
        assert r["firm"]["deleted"] == 1 and r["firm"]["waiting"] == 0
        assert ([rows(s) for s in ALL], pending()) == before and rejects() == []
        run()

    def R10_3_R10_6_a_killed_run():
        dice = random.Random(3)
        for jobs in ("1", "2"):
            empty()
            many = 400
            c.cloud("DROP TABLE IF EXISTS gone; CREATE TABLE gone (id VARCHAR(255));"
                    f"INSERT INTO t_firm (id, name) SELECT CONCAT('f', seq), CONCAT('F', seq) FROM seq_1_to_{many};"
                    f"INSERT INTO t_staff (id, name, `firm-id`) SELECT CONCAT('s', seq), CONCAT('S', seq), CONCAT('f', seq) FROM seq_1_to_{many};"
                    "CREATE OR REPLACE TRIGGER firm_gone AFTER DELETE ON t_firm FOR EACH ROW INSERT INTO gone VALUES (OLD.id)")
            for s, letter in (("firm", "F"), ("staff", "S")):
                # Every tenth of staff stays, and so does the firm.
                r = client.ingest_ext(f'<x-collection xtkschema="t:{s}">' + "".join(
                    f'<{s} _operation="delete" _key="@name" name="{letter}{n}"/>' for n in range(1, many + 1)
                    if s == "firm" or n % 10) + f'</x-collection>')
                assert r.status == 200, r
            kills = 0
            while pending() and kills < 40:
                p = c.sync_process("--batch", "25", "--jobs", jobs)
                time.sleep(dice.uniform(0.05, 0.4))
                p.kill()
                p.communicate()
                kills += p.returncode == -9
            wait_for("a run gets the lock", lambda: c.sync(check=False).returncode in (0, 3))
            assert pending() == {} and len(rejects()) == many // 10, (pending(), len(rejects()))
            assert [r[0] for r in rows("firm")] == sorted(f"F{n}" for n in range(10, many + 1, 10))
            assert c.cloud("SELECT COUNT(*), COUNT(DISTINCT id) FROM gone") == [[str(many * 9 // 10)] * 2]
            assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]] and kills > 2, kills
        empty()

    sys.exit(main([(n, f) for n, f in list(globals().items()) if n.startswith(("R10_", "a_dry")) and callable(f)]))
