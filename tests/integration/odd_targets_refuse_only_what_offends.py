#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.2 to R10.6 where nothing is as usual: the log's numbers have gaps, rows appear among numbers that a run
has read, the schema has changed since the changes were staged, and the cloud's table has rules of its own."""
import contextlib
import json
import re
import subprocess
import sys

from campaign import BUILD, Instance, Session, main, wait_for

c = Instance(conf={"sync": {"batch_rows": 100}})
c.db.options = ["--auto-increment-increment=3", "--auto-increment-offset=2"]  # as one of three Galera nodes

SOURCE = """<srcSchema namespace="t" name="thing" label="Thing">
  <element name="thing" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="code"><keyfield xpath="@code"/></key><attribute name="code"/>%s
  </element></srcSchema>"""
SHORT = '<attribute name="name" length="10"/><attribute name="size" type="byte"/>'

with c:
    client = c.logon()

    LOG = "dem_sampleTableStg_log"
    SLOW = (f"BEGIN; INSERT INTO {LOG} (_operation, _key, _fields, _operator, id, testcol1)"
            " VALUES (2, '@id', 'id,testcol1', 'feed1', 'slow', 'slow')")

    def ext(attributes, operation="insertOrUpdate", schema="dem:sampleTable"):
        r = client.ingest_ext(f'<x xtkschema="{schema}" _operation="{operation}" {attributes}/>')
        assert r.status == 200, r

    def many(count, make):
        r = client.ingest_ext('<all xtkschema="dem:sampleTable">' + "".join(
            f"<sampleTable {make(n)}/>" for n in range(count)) + "</all>")
        assert r.status == 200, r

    def cloud(columns, where="1", table="dem_sampleTable"):
        return c.cloud(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY id")

    def numbers():
        return [int(r[0]) for r in c.staging("SELECT _seq FROM dem_sampleTableStg_log ORDER BY _seq")]

    def rejects():
        return json.loads(c.admin("rejects", "--json").stdout)

    def waits(user="app"):
        return c.db.sql("SELECT ID FROM information_schema.PROCESSLIST"
                        f" WHERE USER = '{user}' AND STATE = 'Waiting for table metadata lock'")

    def empty():
        c.sync(check=False)
        for r in rejects():
            c.admin("rejects", "drop", r["id"], check=False)
        c.sync(check=False)
        c.cloud("DELETE FROM dem_sampleTable")
        assert c.pending() == 0 and rejects() == []

    # -- numbers ---------------------------------------------------------------------------------
    def R10_6_gaps_are_not_taken_for_applied():
        many(50, lambda n: f'_key="@id" id="g{n}" testcol1="once"')
        staged = numbers()
        assert {b - a for a, b in zip(staged, staged[1:])} == {3}, staged
        with Session(c.db, "stg") as other:
            other.run("LOCK TABLES dem_sampleTableStg_log READ")  # may be read, not deleted from
            p = c.sync_process()
            wait_for("the cloud has committed", lambda: cloud("COUNT(*)") == [["50"]])
            wait_for("the run waits to delete", waits)
            p.kill()
            p.communicate()
        recorded = c.cloud("SELECT seqs FROM campaign_applied")
        assert recorded == [[",".join(map(str, staged))]], (recorded, staged)
        # Another node's transactions were open all the time; their numbers lie between.
        for n in (staged[0] - 1, staged[10] + 1, staged[30] + 2):
            c.staging(f"INSERT INTO {LOG} (_seq, _operation, _key, _fields, _operator, id, testcol1)"
                      f" VALUES ({n}, 2, '@id', 'id,testcol1', 'feed1', 'between{n}', 'new')")
        c.cloud("UPDATE dem_sampleTable SET testcol1 = 'changed since'")
        r = c.sync_json("--schema", "dem:sampleTable")
        assert r["recovered"] == 50 and r["merged"] == 3, r
        assert c.pending() == 0 and len(cloud("id", "testcol1 = 'new'")) == 3
        assert len(cloud("id", "testcol1 = 'changed since'")) == 50
        empty()

    def R8_9_a_row_that_appears_among_those_that_were_read():
        # Its number lies amid a batch; it is committed after the batch was read and before it is deleted.
        ext('_key="@id" id="a" testcol1="a"')
        with Session(c.db, "stg") as slow, Session(c.db, "cloud") as other:
            slow.run(SLOW)
            ext('_key="@id" id="b" testcol1="b"')
            other.run("LOCK TABLES dem_sampleTable WRITE")
            p = c.sync_process()
            wait_for("the run has read, and waits at the cloud", waits)
            slow.run("COMMIT")
            other.run("UNLOCK TABLES")
            p.communicate(timeout=60)
        assert p.returncode == 0
        assert cloud("id") == [["a"], ["b"]] and c.pending() == 1
        c.sync()
        assert cloud("id") == [["a"], ["b"], ["slow"]] and c.pending() == 0
        empty()

    def R10_5a_an_open_row_among_those_that_are_deleted():
        many(40, lambda n: f'_key="@id" id="a{n}"')
        with Session(c.db, "stg") as slow:
            slow.run(SLOW)
            many(40, lambda n: f'_key="@id" id="b{n}"')
            p = c.sync_process()
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.communicate(timeout=10)
            p.kill()
            left = c.pending()
            slow.run("COMMIT")
        assert p.wait() == 0 and left == 0, "the run waited for a call's open transaction"
        assert c.pending() == 1
        c.sync()
        assert len(cloud("id")) == 81
        empty()

    def R10_3_mixed_key_lists_whatever_the_batch():
        empty()
        results = []
        for batch in (1, 2, 3, 5, 100):
            for n in range(4):
                ext(f'_key="@id" id="k{n}" code="A{n}" testcol1="1"')
                ext(f'_key="@code" code="A{n}" testcol1="2"')
                ext(f'_key="@id" id="k{n}" code="B{n}"')
                ext(f'_key="@code" code="A{n}" id="m{n}" testcol1="3"')
                ext(f'_key="@code" code="B{n}" testcol1="4"')
                ext(f'_key="@id" id="m{n}"', "delete" if n % 2 else "update")
                ext(f'_key="@code" code="A{n}" id="z{n}" testcol1="5"')
            c.sync("--batch", batch)
            results.append(cloud("id, code, testcol1"))
            empty()
        assert len(results[0]) == 8 and all(r == results[0] for r in results), results
        for row in (["k0", "B0", "4"], ["m0", "A0", "5"], ["z1", "A1", "5"]):
            assert row in results[0], (row, results[0])

    # -- the schema changes between staging and run ----------------------------------------------
    def deploy(fields, probe):
        c.deploy_text(SOURCE % fields)
        wait_for("the pool knows it", lambda: client.ingest_ext(
            f'<x xtkschema="t:thing" _operation="none" code="-" {probe}/>').status == 200, 4)

    def R5_12_types_are_widened_meanwhile():
        deploy(SHORT, 'name="x"')
        ext('_key="@code" code="w1" name="before" size="7"', schema="t:thing")
        deploy(SHORT.replace('"10"', '"100"').replace("byte", "long"), f'name="{"x" * 50}"')
        ext(f'_key="@code" code="w2" name="{"after" * 10}" size="70000"', schema="t:thing")
        c.sync()
        assert c.cloud("SELECT code, name, size FROM t_thing ORDER BY code") == [
            ["w1", "before", "7"], ["w2", "after" * 10, "70000"]]

    def R5_12_an_attribute_is_removed_meanwhile():
        wide = SHORT.replace('"10"', '"100"').replace("byte", "long")
        deploy(wide + '<attribute name="extra"/>', 'extra="x"')
        ext('_key="@code" code="r1" name="kept" extra="gone"', schema="t:thing")
        ext('_key="@extra" extra="gone" name="without its key"', schema="t:thing")
        c.deploy_text(SOURCE % wide)
        p = c.sync(check=False)
        assert p.returncode == 3, p
        assert c.cloud("SELECT name FROM t_thing WHERE code = 'r1'") == [["kept"]]
        r = rejects()
        assert len(r) == 1 and "no longer has a field of the reconciliation key" in r[0]["reason"], r
        deploy(wide + '<attribute name="extra"/>', 'extra="x"')
        c.admin("rejects", "retry", "t:thing")
        c.sync()
        rows = c.cloud("SELECT code, name, extra FROM t_thing WHERE code = 'r1' OR code IS NULL ORDER BY extra")
        assert rows == [["r1", "kept", None], [None, "without its key", "gone"]], rows

    # -- the cloud's table has rules of its own --------------------------------------------------
    def offends(alter, back, make, bad, word):
        """Of 60 changes only those numbered BAD are refused, with WORD in the reason; after BACK they go."""
        c.cloud(alter)
        many(60, make)
        p = c.sync("--schema", "dem:sampleTable", check=False)
        assert p.returncode == 3, p
        r = rejects()
        assert [int(x["fields"]["id"][1:]) for x in r] == bad, r
        assert all(word in x["reason"] and not x["held"] for x in r), r
        there = {x[0] for x in cloud("id")}
        assert c.pending() == 0 and {f"o{n}" for n in range(60) if n not in bad} <= there, there
        c.cloud(back)
        c.admin("rejects", "retry", "dem:sampleTable")
        c.sync()
        assert rejects() == [] and len(cloud("id", "id LIKE 'o%'")) == 60
        empty()

    def R10_5_a_shorter_column():
        offends("ALTER TABLE dem_sampleTable MODIFY testcol2 VARCHAR(5)",
                "ALTER TABLE dem_sampleTable MODIFY testcol2 VARCHAR(255)",
                lambda n: f'_key="@id" id="o{n}" testcol2="{"too long" if n in (17, 59) else "fits"}"',
                [17, 59], "testcol2")

    def R10_5_a_check():
        offends("ALTER TABLE dem_sampleTable ADD CONSTRAINT few CHECK (quantity < 100)",
                "ALTER TABLE dem_sampleTable DROP CONSTRAINT few",
                lambda n: f'_key="@id" id="o{n}" quantity="{n * 2}"', list(range(50, 60)), "few")

    def R10_5_a_unique_column_takes_the_first():
        offends("ALTER TABLE dem_sampleTable ADD UNIQUE KEY once (testcol1)",
                "ALTER TABLE dem_sampleTable DROP KEY once",
                lambda n: f'_key="@id" id="o{n}" testcol1="{20 if n == 33 else n}"', [33], "once")

    def R10_5_a_foreign_key():
        c.cloud("CREATE TABLE colours (name VARCHAR(255) PRIMARY KEY) COLLATE utf8mb4_nopad_bin;"
                "INSERT INTO colours VALUES ('red')")
        offends("ALTER TABLE dem_sampleTable ADD CONSTRAINT known"
                " FOREIGN KEY (testcol1) REFERENCES colours (name)",
                "ALTER TABLE dem_sampleTable DROP FOREIGN KEY known, DROP KEY known",
                lambda n: f'_key="@id" id="o{n}" testcol1="{"grue" if n == 5 else "red"}"', [5], "known")

    def R10_5_a_trigger():
        offends("DELIMITER //\nCREATE TRIGGER owner BEFORE INSERT ON dem_sampleTable FOR EACH ROW"
                " IF NEW.views = 13 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'never 13'; END IF//",
                "DROP TRIGGER owner",
                lambda n: f'_key="@id" id="o{n}" views="{n}"', [13], "never 13")

    def R10_5_a_column_that_must_be_given():
        ext('_key="@id" id="o1" testcol1="there before"')
        c.sync()
        c.cloud("ALTER TABLE dem_sampleTable ADD owner VARCHAR(20) NOT NULL;"
                "ALTER TABLE dem_sampleTable ALTER owner DROP DEFAULT;"
                "UPDATE dem_sampleTable SET owner = 'somebody'")
        ext('_key="@id" id="o1" testcol1="an update needs it not"')
        ext('_key="@id" id="o2" testcol1="an insert does"')
        status, refused = c.sync(check=False).returncode, rejects()
        c.cloud("ALTER TABLE dem_sampleTable ALTER owner SET DEFAULT 'nobody'")
        c.admin("rejects", "retry")
        c.sync()
        left = cloud("id, testcol1, owner")
        c.cloud("ALTER TABLE dem_sampleTable DROP owner")
        empty()
        assert status == 3 and [x["fields"]["id"] for x in refused] == ["o2"], refused
        assert "owner" in refused[0]["reason"], refused
        assert left == [["o1", "an update needs it not", "somebody"], ["o2", "an insert does", "nobody"]], left

    def R5_11_a_column_of_somebody_elses_is_left_alone():
        c.cloud("ALTER TABLE dem_sampleTable ADD note VARCHAR(20) NULL")
        ext('_key="@id" id="n1" testcol1="1"')
        c.sync()
        c.cloud("UPDATE dem_sampleTable SET note = 'theirs'")
        ext('_key="@id" id="n1" testcol1="2"')
        ext('_key="@id" id="n2" testcol1="2"')
        c.sync()
        assert cloud("id, testcol1, note") == [["n1", "2", "theirs"], ["n2", "2", None]]
        c.cloud("ALTER TABLE dem_sampleTable DROP note")
        empty()

    def R10_4_several_rows_of_which_one_refuses():
        # All rows of a key change together, or the change is refused as a whole.
        c.cloud("INSERT INTO dem_sampleTable (id, code, quantity)"
                " VALUES ('s1', 'S', 1), ('s2', 'S', 2), ('s3', 'T', 3)")
        c.cloud("ALTER TABLE dem_sampleTable ADD CONSTRAINT rule CHECK (id <> 's2' OR testcol1 IS NULL)")
        ext('_key="@code" code="S" testcol1="all"')
        ext('_key="@code" code="T" testcol1="all"')
        p = c.sync(check=False)
        assert p.returncode == 3, p
        assert cloud("id, testcol1") == [["s1", None], ["s2", None], ["s3", "all"]]
        c.cloud("ALTER TABLE dem_sampleTable DROP CONSTRAINT rule")
        c.admin("rejects", "retry")
        r = c.sync_json("--schema", "dem:sampleTable")
        assert r["several"] == 1 and r["updated"] == 2, r
        assert cloud("id, testcol1") == [["s1", "all"], ["s2", "all"], ["s3", "all"]]
        empty()

    # -- sessions --------------------------------------------------------------------------------
    def R10_2_R10_6_a_server_with_one_session_left():
        """The run does with it, and it has the locks of both: a killed run's sessions are waited for."""
        c.db.sql("CREATE USER one@localhost IDENTIFIED BY 'app' WITH MAX_USER_CONNECTIONS 1;"
                 "GRANT ALL ON cloud.* TO one@localhost")
        login, conf = c.folder / "one.cnf", c.folder / "one.conf"
        staging, cloud_group = (c.folder / "db.cnf").read_text().split("[campaign-cloud]")
        login.write_text(staging + "[campaign-cloud]" + cloud_group.replace("user=app", "user=one"))
        conf.write_text(c.conf.read_text().replace(str(c.folder / "db.cnf"), str(login)))

        def sync():
            return subprocess.run([str(BUILD / "campaign-sync"), "--config", str(conf), "--json"], text=True,
                                  capture_output=True)
        many(350, lambda n: f'_key="@id" id="{n}" code="C{n % 7}"')
        many(350, lambda n: f'_key="@code" code="C{n % 9}" testcol1="{n}"')
        p = sync()
        assert p.returncode == 0 and json.loads(p.stdout)["merged"] == 700, p
        assert cloud("COUNT(*)") == [["352"]] and c.pending() == 0
        many(1, lambda n: '_key="@id" id="1" testcol1="late"')
        with Session(c.db, "cloud") as other:
            other.run("SELECT GET_LOCK('campaign-sync-target-1:cloud', 0)")  # of a second session
            p = sync()
            assert p.returncode == 1 and "another run is still at work" in p.stderr, p
        assert c.pending() == 1 and sync().returncode == 0
        assert cloud("testcol1", "id = '1'") == [["late"]]
        empty()

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
