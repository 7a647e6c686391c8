#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Section 10.2 of the protocol: what a client may rely on once its change is staged.  Runs are held at
the moment of interest by locks that another session keeps on the tables."""
import json
import re
import signal
import sys
import threading

from campaign import Instance, Session, main, wait_for

LINKS = """<srcSchema namespace="t" name="%s" label="%s">
  <element name="%s" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key>
    <attribute name="name"/>%s
  </element>
</srcSchema>"""


def source(name, more=""):
    return LINKS % (name, name, name, more)


with Instance(conf={"sync": {"batch_rows": 100}}) as c:
    # "zz" would come last by its name, and is what "aa" links to; "self" links to itself.
    c.deploy_text(source("zz"), "zz.xml")
    c.deploy_text(source("aa", '<element name="zz" type="link" target="t:zz"/>'), "aa.xml")
    client = c.logon()

    def ext(attributes, content="", schema="dem:sampleTable", operation="insertOrUpdate"):
        r = client.ingest_ext(f'<x xtkschema="{schema}" _operation="{operation}" {attributes}>{content}</x>')
        assert r.status == 200, r
    wait_for("the schemas are known", lambda: client.ingest_ext(
        '<x xtkschema="t:aa" _operation="none"/>').status == 200, 4)

    def many(count, make):
        for i in range(0, count, 1000):
            r = client.ingest_ext('<all xtkschema="dem:sampleTable">' + "".join(
                f"<sampleTable {make(n)}/>" for n in range(i, min(i + 1000, count))) + "</all>")
            assert r.status == 200, r

    def cloud(where, columns="testcol1", table="dem_sampleTable"):
        return c.cloud(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY id")

    def result(summary, schema="dem:sampleTable"):
        return next(s for s in summary["schemas"] if s["schema"] == schema)

    def waits(of="Waiting for table metadata lock"):
        return c.db.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'app'"
                        f" AND STATE = '{of}'")

    def empty():
        c.sync()
        c.cloud("DELETE FROM dem_sampleTable")
        assert c.pending() == 0

    def last_run():
        return max((r for r in json.loads(c.admin("runs", "--json").stdout) if r["schema"] == "dem:sampleTable"),
                   key=lambda r: r["id"])

    # -- R10.2 -----------------------------------------------------------------------------------
    def R10_2_one_merge_for_many_changes():
        def statements():
            return int(c.db.sql("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1])
        many(1000, lambda n: f'_key="@id" id="p{n}" testcol1="a"')
        before = statements()
        c.sync("--batch", "1000")
        spent = statements() - before
        assert len(cloud("testcol1 = 'a'")) == 1000
        assert spent < 200, f"{spent} statements for 1000 changes: not set-based"
        empty()

    # -- R10.3 -----------------------------------------------------------------------------------
    def R10_3_one_key_in_the_order_of_arrival():
        for n in range(30):
            ext(f'_key="@id" id="o" testcol1="{n}" ' + (f'testcol2="{n}"' if n % 7 == 0 else ""))
        c.sync()
        assert cloud("id = 'o'", "testcol1, testcol2") == [["29", "28"]]

    def R10_3_order_across_key_lists():
        # A record is known by two keys; each change must see what the one before has done.
        ext('_key="@id" id="k1" code="A" testcol1="1"')
        ext('_key="@code" code="A" testcol1="2"')
        ext('_key="@id" id="k1" code="B"')
        ext('_key="@code" code="A" id="k2" testcol1="3"')
        ext('_key="@code" code="B" testcol1="4"')
        ext('_key="@id" id="k2"', operation="delete")
        ext('_key="@code" code="A" id="k3" testcol1="5"')
        c.sync()
        assert cloud("code IN ('A', 'B')", "id, code, testcol1") == [["k1", "B", "4"], ["k3", "A", "5"]]

    def R10_3_two_feeds_with_keys_of_their_own():
        """They alternate, and share but a few records: what has nothing to do with each other changes places,
        so that there are few statements; what has does not."""
        def statements():
            return int(c.db.sql("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1])

        def alternating(first, count, shared):
            def change(n):
                if n % 2 == 0:
                    return f'_key="@id" id="f{n}" code="F{n}" testcol1="{n}"'
                return f'_key="@code" code="F{n - 1 if n % 100 < shared else n}" testcol1="{n}" testcol2="x"'
            many(count, lambda n: change(first + n))
        empty()
        alternating(0, 1000, 20)
        before = statements()
        c.sync("--dry-run", "--batch", "1000")  # what a run costs besides its changes
        fixed = statements() - before
        c.sync("--batch", "1000")
        spent = statements() - before - 2 * fixed
        assert spent < 100, f"{spent} statements for 1000 changes"
        rows = dict(c.cloud("SELECT code, testcol1 FROM dem_sampleTable"))
        shared = {n for n in range(1, 1000, 2) if n % 100 < 20}
        wanted = {f"F{n}": str(n) for n in range(1000) if n not in shared and n + 1 not in shared}
        wanted |= {f"F{n - 1}": str(n) for n in shared}
        assert rows == wanted, set(rows.items()) ^ set(wanted.items())
        # One that the cloud refuses, among changes that have changed places.
        c.cloud("DELETE FROM dem_sampleTable WHERE testcol1 = '537';"
                "ALTER TABLE dem_sampleTable ADD CONSTRAINT odd CHECK (testcol1 <> '537')")
        alternating(0, 1000, 20)
        p = c.sync("--batch", "1000", "--json", check=False)
        r = result(json.loads(p.stdout))
        assert p.returncode == 3 and (r["merged"], r["rejected"], r["held"], r["retries"]) == (999, 1, 0, 0), r
        c.cloud("ALTER TABLE dem_sampleTable DROP CONSTRAINT odd")
        c.admin("rejects", "retry", "dem:sampleTable")
        c.sync()
        assert dict(c.cloud("SELECT code, testcol1 FROM dem_sampleTable")) == wanted
        empty()

    def R10_3_a_links_target_goes_first():
        ext('_key="@name" name="source"', '<zz name="target" _operation="none"/>', "t:aa")
        ext('_key="@name" name="target"', schema="t:zz")
        summary = c.sync_json()
        order = [s["schema"] for s in summary["schemas"]]
        assert order.index("t:zz") < order.index("t:aa"), order
        assert c.cloud("SELECT z.name FROM t_aa a JOIN t_zz z ON z.id = a.`zz-id` WHERE a.name = 'source'") == [["target"]]

    def R10_3_recipients_ahead_of_subscriptions():
        order = [s["schema"] for s in c.sync_json()["schemas"]]
        assert order.index("nms:recipient") < order.index("nms:subscription"), order

    # -- R10.4 -----------------------------------------------------------------------------------
    def R10_4_several_rows_with_one_key():
        empty()
        c.cloud("INSERT INTO dem_sampleTable (id, code, testcol2) VALUES ('s1', 'S', 'x'), ('s2', 'S', 'x'), ('s3', 'S', 'y'),"
                " ('s4', 's', 'z')")
        ext('_key="@code" code="S" testcol1="all"')
        r = result(c.sync_json())
        assert cloud("1", "id, testcol1") == [["s1", "all"], ["s2", "all"], ["s3", "all"], ["s4", None]]
        assert r["several"] == 1 and r["updated"] >= 1, r
        ext('_key="@code" code="S"', operation="delete")
        c.sync()
        assert cloud("1", "id") == [["s4"]]
        empty()

    # -- R10.5 -----------------------------------------------------------------------------------
    def R10_5_a_run_that_fails_leaves_its_changes_pending():
        ext('_key="@id" id="f" testcol1="f"')
        c.cloud("RENAME TABLE dem_sampleTable TO away")
        p = c.sync(check=False)
        assert p.returncode == 1 and c.pending() == 1, p
        run = last_run()
        assert run["outcome"] == "failed", run
        c.cloud("RENAME TABLE away TO dem_sampleTable")
        c.sync()
        assert cloud("id = 'f'") == [["f"]]

    def R10_5_a_batch_with_a_refused_change_applies_the_rest():
        empty()
        c.cloud("ALTER TABLE dem_sampleTable ADD CONSTRAINT no_bad CHECK (testcol1 IS NULL OR testcol1 <> 'bad')")
        ext('_key="@id" id="r1" testcol2="before it in the same batch"')
        ext('_key="@id" id="r1" testcol1="bad"')
        ext('_key="@id" id="r1" amount="2"')  # behind it in the same batch
        ext('_key="@id" id="r2" testcol1="good"')
        assert c.sync(check=False).returncode == 3
        before = [["r1", None, "before it in the same batch", "0"], ["r2", "good", None, "0"]]
        assert cloud("1", "id, testcol1, testcol2, amount") == before
        ext('_key="@id" id="r1" amount="3"')  # behind it in a later one
        ext('_key="@code" code="other" id="r3"')
        assert c.sync(check=False).returncode == 3
        assert cloud("id <> 'r3'", "id, testcol1, testcol2, amount") == before and len(cloud("id = 'r3'")) == 1
        rejects = json.loads(c.admin("rejects", "--json").stdout)
        assert [r["held"] for r in rejects] == [False, True, True] and "no_bad" in rejects[0]["reason"], rejects
        c.cloud("ALTER TABLE dem_sampleTable DROP CONSTRAINT no_bad")
        ext('_key="@id" id="r1" testcol1="newest"')
        c.admin("rejects", "retry", "dem:sampleTable")
        c.sync()
        assert cloud("id = 'r1'", "testcol1, testcol2, amount") == [["newest", "before it in the same batch", "3"]]

    # -- R10.5a ----------------------------------------------------------------------------------
    def R10_5a_a_run_ends_under_constant_load():
        empty()
        many(2000, lambda n: f'_key="@id" id="b{n}" testcol1="before"')
        stop, staged = threading.Event(), []

        def load(number):
            mine = c.logon()
            while not stop.is_set():
                r = mine.ingest_ext('<all xtkschema="dem:sampleTable">' + "".join(
                    f'<sampleTable _key="@id" id="l{number}-{len(staged)}-{n}" testcol1="load"/>' for n in range(50)) + "</all>")
                assert r.status == 200, r
                staged.append(50)
        threads = [threading.Thread(target=load, args=(n,)) for n in range(3)]
        for t in threads:
            t.start()
        try:
            wait_for("load", lambda: len(staged) > 20)
            before = sum(staged)
            r = result(c.sync_json("--batch", "100"))
            after = sum(staged)
        finally:
            stop.set()
            for t in threads:
                t.join()
        assert len(cloud("testcol1 = 'before'")) == 2000
        assert 2000 + before <= r["merged"] <= 2000 + after + 150, (before, r, after)
        assert after > before, "no load during the run"
        c.sync()
        assert len(cloud("testcol1 = 'load'")) == sum(staged)

    def R10_5a_R8_9_an_open_transaction_is_not_waited_for():
        empty()
        with Session(c.db, "stg") as slow:
            slow.run("BEGIN; INSERT INTO dem_sampleTableStg_log (_operation, _key, _fields, _operator, id, testcol1)"
                     " VALUES (2, '@id', 'id,testcol1', 'feed1', 'slow', 'slow')")
            ext('_key="@id" id="fast" testcol1="fast"')
            c.sync()
            assert cloud("1") == [["fast"]]
            slow.run("COMMIT")
        assert c.pending() == 1  # its number is smaller than one that is applied
        c.sync()
        assert cloud("1") == [["fast"], ["slow"]]

    def R10_5a_a_run_alters_no_table():
        def tables():
            return [c.db.sql("SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS"
                             " WHERE TABLE_SCHEMA IN ('stg', 'cloud') ORDER BY 1, 2, ORDINAL_POSITION"),
                    c.db.sql("SELECT TABLE_SCHEMA, TABLE_NAME, CREATE_TIME FROM information_schema.TABLES"
                             " WHERE TABLE_SCHEMA IN ('stg', 'cloud') ORDER BY 1, 2")]
        before = tables()
        ext('_key="@id" id="t" testcol1="t"')
        c.sync()
        assert tables() == before
        c.cloud("ALTER TABLE dem_sampleTable DROP COLUMN rating")  # a table that is behind its schema
        ext('_key="@id" id="t" rating="1"')
        p = c.sync(check=False)
        assert p.returncode in (1, 3), p
        assert not [r for r in tables()[0] if r[:3] == ["cloud", "dem_sampleTable", "rating"]], "the run altered a table"
        c.cloud("ALTER TABLE dem_sampleTable ADD COLUMN rating SMALLINT NOT NULL DEFAULT 0")
        c.admin("rejects", "retry", "dem:sampleTable", check=False)
        said = c.sync()
        assert cloud("id = 't'", "rating") == [["1"]], (said.stdout, said.stderr)

    def R10_5a_a_broken_connection_heals():
        empty()
        many(300, lambda n: f'_key="@id" id="h{n}" testcol1="h"')
        with Session(c.db, "cloud") as other:
            other.run("LOCK TABLES dem_sampleTable WRITE")
            p = c.sync_process()
            killed = wait_for("the run waits at the cloud", waits)
            for row in killed:
                c.db.sql(f"KILL {row[0]}")
            wait_for("and again, on a new connection", lambda: waits() not in ([], killed))
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0, said
        run = last_run()
        assert run["outcome"] == "done", run
        assert cloud("1", "COUNT(*), COUNT(DISTINCT id)") == [["300", "300"]] and c.pending() == 0

    # -- R10.6, R8.9 -----------------------------------------------------------------------------
    def R10_6_killed_between_the_two_commits():
        empty()
        many(50, lambda n: f'_key="@id" id="m{n}" testcol1="once"')
        with Session(c.db, "stg") as other:
            other.run("LOCK TABLES dem_sampleTableStg_log READ")  # may be read, not deleted from
            p = c.sync_process()
            wait_for("the cloud has committed", lambda: cloud("1", "COUNT(*)") == [["50"]])
            wait_for("the run waits to delete", waits)
            p.kill()
            p.communicate()
        assert c.pending() == 50 and len(c.cloud("SELECT * FROM campaign_applied")) == 1
        # Were a change applied again, this would be lost.
        c.cloud("UPDATE dem_sampleTable SET testcol1 = 'changed since'; DELETE FROM dem_sampleTable WHERE id = 'm7'")
        ext('_key="@id" id="m8" testcol1="new"')
        r = result(c.sync_json())
        assert r["recovered"] == 50 and r["merged"] == 1, r
        assert c.pending() == 0 and c.cloud("SELECT * FROM campaign_applied") == []
        assert cloud("1", "COUNT(*)") == [["49"]] and cloud("id = 'm8'") == [["new"]]
        assert cloud("testcol1 = 'once'") == []

    def R10_6_killed_before_the_clouds_commit():
        empty()
        many(50, lambda n: f'_key="@id" id="u{n}" testcol1="once"')
        with Session(c.db, "cloud") as other:
            other.run("LOCK TABLES dem_sampleTable WRITE")
            p = c.sync_process()
            wait_for("the run waits at the cloud", waits)
            p.kill()
            p.communicate()
        assert c.pending() == 50
        r = result(c.sync_json())
        assert r["recovered"] == 0 and r["merged"] == 50, r
        assert cloud("1", "COUNT(*)") == [["50"]] and c.pending() == 0

    def R10_6_stopped_by_a_signal():
        empty()
        many(500, lambda n: f'_key="@id" id="i{n}" testcol1="i"')
        with Session(c.db, "cloud") as other:
            other.run("LOCK TABLES dem_sampleTable WRITE")
            p = c.sync_process()
            wait_for("the run waits at the cloud", waits)
            p.send_signal(signal.SIGTERM)
        p.communicate(timeout=60)
        done = int(cloud("1", "COUNT(*)")[0][0])
        assert p.returncode == 1 and done + c.pending() == 500 and done < 500, (p.returncode, done, c.pending())
        c.sync()
        assert cloud("1", "COUNT(*)") == [["500"]] and c.pending() == 0

    def R8_9_a_change_that_comes_in_during_a_run():
        empty()
        ext('_key="@id" id="d" testcol1="1" testcol2="1"')
        with Session(c.db, "cloud") as other:
            other.run("LOCK TABLES dem_sampleTable WRITE")
            p = c.sync_process()
            wait_for("the run waits at the cloud", waits)
            ext('_key="@id" id="d" testcol1="2"')
            ext('_key="@id" id="e" testcol1="2"')
        p.communicate(timeout=60)
        assert p.returncode == 0
        assert cloud("1", "id, testcol1, testcol2") == [["d", "1", "1"]] and c.pending() == 2
        c.sync()
        assert cloud("1", "id, testcol1, testcol2") == [["d", "2", "1"], ["e", "2", None]] and c.pending() == 0

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
