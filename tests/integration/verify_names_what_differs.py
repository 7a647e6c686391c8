#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.13: campaign-sync --verify compares reference tables with the staging database's, and the cloud's tables
with another database's or with an export; it names what differs, and changes nothing."""
import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import time

from campaign import BUILD, Instance, PATIENCE, Session, main, peak_of, wait_for

TYPES = ["string", "boolean", "byte", "short", "long", "int64", "double", "float", "percent", "date", "datetime",
         "datetimetz", "datetimenotz", "time", "timespan", "memo", "blob", "uuid"]
EVERY = """<srcSchema namespace="t" name="every" label="Every type">
  <element name="every" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">%s
  <element name="html" type="html"/><element name="cdata" type="CDATA"/></element></srcSchema>""" % "".join(
      f'<attribute name="f{t}" type="{t}"/>' for t in TYPES)
NUMBERED = """<srcSchema namespace="t" name="numbered" label="Numbers as keys">
  <element name="numbered" autoStg="true" dataSource="x">
    <key name="id" internal="true"><keyfield xpath="@id"/></key>
    <attribute name="id" type="long"/><attribute name="name"/>%s
  </element></srcSchema>"""
KEYLESS = """<srcSchema namespace="t" name="keyless" label="No primary key">
  <element name="keyless" autoStg="true" dataSource="x">
    <key name="code"><keyfield xpath="@code"/></key><attribute name="code"/><attribute name="size" type="double"/>
  </element></srcSchema>"""
SHOP = """<srcSchema namespace="t" name="shop"><element name="shop" autopk="true" autouuid="true" replicate="true">
  <attribute name="name" length="80"/><attribute name="price" type="double"/>
  <attribute name="lastModified" type="datetime"/></element></srcSchema>"""
LARGE = 200000
RSS_MIB = 64

with Instance() as c:
    client = c.logon()
    TABLES = ["dem_sampleTable", "t_every", "t_numbered", "t_keyless", "t_shop", "nms_service", "xtk_folder"]

    def verify(*args, status=0):
        p = c.sync("--verify", "--json", *args, check=False)
        assert p.returncode == status, p
        return json.loads(p.stdout)

    def of(report, schema, other=None):
        found = [x for x in report["comparisons"] if x["schema"] == schema and (other is None or x["with"] == other)]
        assert len(found) == 1, report
        return found[0]

    def named(comparison):
        return [(d["kind"], d["key"], d["fields"]) for d in comparison["differences"]]

    def copy_cloud():
        c.db.sql("DROP DATABASE IF EXISTS copy; CREATE DATABASE copy CHARACTER SET utf8mb4")
        c.db.sql("".join(f"CREATE TABLE copy.`{t[0]}` LIKE cloud.`{t[0]}`; INSERT INTO copy.`{t[0]}` SELECT * FROM cloud.`{t[0]}`;"
                         for t in c.cloud("SHOW TABLES")))

    def ext(document):
        r = client.ingest_ext(document)
        assert r.status == 200, r

    def everything():
        """All that both databases hold, to show that nothing changes it."""
        return [c.db.sql(f"CHECKSUM TABLE {', '.join(f'{base}.`{t[0]}`' for t in tables)}")
                for base in ("stg", "cloud") for tables in
                [c.db.sql(f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{base}'"
                          " AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1")]]

    def R10_13_equal_after_a_run():
        for source in (EVERY, NUMBERED % "", KEYLESS, SHOP):
            c.deploy_text(source)
        wait_for("the pool knows the schemas", lambda: client.ingest_ext(
            '<x xtkschema="t:keyless" _operation="none" code="-"/>').status == 200, 4)
        c.admin("folder", "add", "Newsletters", "--label", "All")
        c.admin("service", "add", "NEWS", "--label", "News", "--folder", "Newsletters")
        c.staging("INSERT INTO t_shop (id, name, price, lastModified) SELECT CONCAT('shop', seq), CONCAT('åä😀', seq),"
                  " seq / 7, '2026-01-01 10:00:00.25' FROM seq_1_to_250")
        c.staging("INSERT INTO t_shop (id, name, price) VALUES ('nothing', NULL, 0), ('empty', '', -0.0)")
        ext('<all xtkschema="t:every">'
            '<every id="a" fstring=" å€😀 " fboolean="1" fbyte="-128" fshort="-1" flong="7" fint64="-9223372036854775808"'
            ' fdouble="0.30000000000000004" ffloat="1e300" fpercent="-0.5" fdate="0001-01-01" fdatetime="2026-02-03 04:05:06.789"'
            ' fdatetimetz="1770091506" fdatetimenotz="9999-12-31 23:59:59" ftime="23:59:59" ftimespan="-5" fmemo="&#10;å" fuuid="u"'
            ' fblob="AAECAwD/"><html>&lt;p&gt;</html><cdata>]]&gt;</cdata></every><every id="b"/>'
            '<every id="å"/><every id="\U0001f600"/><every id="\uffee"/><every id="B"/></all>')
        ext('<all xtkschema="t:numbered">' + "".join(f'<numbered _key="@id" id="{n}" name="n{n}"/>' for n in (-5, 0, 2, 10, 100)) + "</all>")
        ext('<all xtkschema="t:keyless">' + "".join(f'<keyless _key="@code" code="{n}" size="{n / 3}"/>' for n in range(30)) + "</all>")
        ext('<all xtkschema="dem:sampleTable">' + "".join(
            f'<sampleTable _key="@id" id="k{n}" code="C{n}" testcol1="v{n}" quantity="{n}"/>' for n in range(350)) + "</all>")
        c.sync()
        copy_cloud()
        with open(c.folder / "db.cnf", "a") as f:
            f.write(f"[campaign-copy]\nsocket={c.db.socket}\nuser=app\npassword=app\ndatabase=copy\n")
        c.db.sql("GRANT SELECT ON copy.* TO app@localhost")
        before = everything()
        alone, both = verify(), verify("--against", "campaign-copy", "--range", 100)
        assert everything() == before
        assert alone["outcome"] == "counted" and both["outcome"] == "equal", (alone, both)
        assert of(alone, "t:shop")["cloud"] == of(alone, "t:shop")["other"] and of(alone, "t:shop")["with"] == "staging"
        assert of(alone, "dem:sampleTable")["cloud"]["rows"] == 350 and of(alone, "dem:sampleTable")["with"] is None
        for schema in ("dem:sampleTable", "t:every", "t:numbered", "t:keyless"):
            # Whatever the ranges are, the sum is the same.
            assert of(alone, schema)["cloud"] == of(both, schema)["cloud"] == of(both, schema)["other"], schema
        assert of(both, "t:shop", "campaign-copy")["outcome"] == of(both, "t:shop", "staging")["outcome"] == "equal"

    def R10_13_reference_tables_row_by_row():
        c.cloud("UPDATE t_shop SET price = 99.5, name = 'else' WHERE id = 'shop7'; DELETE FROM t_shop WHERE id = 'shop100';"
                "INSERT INTO t_shop (id) VALUES ('shop0'); UPDATE t_shop SET name = '' WHERE id = 'nothing';"
                "UPDATE nms_service SET label = 'meddled'")
        before = everything()
        r = verify(status=1)
        assert everything() == before and r["outcome"] == "differs", r
        shop = of(r, "t:shop")
        assert sorted(named(shop)) == [("different", "nothing", ["name"]), ("different", "shop7", ["name", "price"]),
                                       ("only_cloud", "shop0", []), ("only_other", "shop100", [])], shop
        assert (shop["only_cloud"], shop["only_other"], shop["different"]) == (1, 1, 2), shop
        assert [(d["kind"], d["fields"]) for d in of(r, "nms:service")["differences"]] == [("different", ["label"])], r
        assert of(r, "xtk:folder")["outcome"] == "equal"
        text = c.sync("--verify", check=False).stdout
        for line in ("t:shop: differs from staging: 252 rows in the cloud, 252 in staging; 1 only in the cloud, "
                     "1 only in staging, 2 different", "  only in the cloud: id 'shop0'", "  only in staging: id 'shop100'",
                     "  different: id 'shop7': name,price"):
            assert line + "\n" in text, text
        quiet = c.sync("--verify", "--quiet", check=False)
        assert "t:shop: differs" in quiet.stdout and "xtk:folder" not in quiet.stdout, quiet
        c.staging("UPDATE t_shop SET lastModified = UTC_TIMESTAMP(3); UPDATE nms_service SET lastModified = UTC_TIMESTAMP(3)")
        c.cloud("DELETE FROM t_shop WHERE id = 'shop0'")
        c.sync()
        verify()
        copy_cloud()

    def R10_13_two_cloud_databases():
        for field, change in (("fstring", "fstring = ' å€😀'"), ("fdouble", "fdouble = 0.3"), ("fdatetime", "fdatetime = fdatetime + INTERVAL 1000 MICROSECOND"),
                              ("fint64", "fint64 = fint64 + 1"), ("fblob", "fblob = X'000102030000'"), ("html", "html = NULL"),
                              ("fmemo", "fmemo = ''"), ("ftime", "ftime = '00:00:00'"), ("fboolean", "fboolean = 0")):
            c.db.sql(f"UPDATE copy.t_every SET {change} WHERE id = 'a'")
            r = of(verify("--schema", "t:every", "--against", "campaign-copy", status=1), "t:every")
            assert named(r) == [("different", "a", [field])] and r["ranges_different"] == 1, r
            copy_cloud()
        c.db.sql("UPDATE copy.t_every SET fstring = '' WHERE id = 'b'")  # NULL is not empty
        r = of(verify("--schema", "t:every", "--against", "campaign-copy", status=1), "t:every")
        assert named(r) == [("different", "b", ["fstring"])], r
        c.db.sql("DELETE FROM copy.t_numbered WHERE id = 10; INSERT INTO copy.t_numbered VALUES (-50, 'x')")
        r = verify("--schema", "t:numbered", "--against", "campaign-copy", "--range", 2, status=1)
        assert [x["schema"] for x in r["comparisons"]] == ["t:numbered"], r
        n = of(r, "t:numbered")
        assert named(n) == [("only_other", "-50", []), ("only_cloud", "10", [])] and n["ranges_different"] == 2, n
        assert [(x["first"], x["last"], x["cloud_rows"], x["other_rows"]) for x in n["ranges"]] == [("-50", "0", 2, 3), ("2", "10", 2, 1)], n
        c.db.sql("DELETE FROM copy.t_numbered; UPDATE copy.dem_sampleTable SET testcol1 = 'all of them'")
        r = verify("--against", "campaign-copy", status=1)
        assert len(of(r, "dem:sampleTable")["differences"]) == 100 and of(r, "dem:sampleTable")["different"] == 350, r
        assert of(r, "t:numbered")["only_cloud"] == 5 and of(r, "t:numbered")["other"]["rows"] == 0
        text = c.sync("--verify", "--against", "campaign-copy", "--range", 100, check=False).stdout
        assert "  and 250 rows more, in 4 ranges\n" in text and "  id 'k0' to 'k188': 100 rows in both, with different values\n" in text, text
        copy_cloud()

    def R10_13_a_form_of_its_own_is_no_difference():
        """Types, collations, order of columns and columns of somebody else's do not matter; values do."""
        c.db.sql("ALTER TABLE copy.t_every MODIFY flong BIGINT FIRST, MODIFY fdatetime DATETIME(6), MODIFY fshort DECIMAL(10,3),"
                 " MODIFY fdouble VARCHAR(40), ADD note VARCHAR(10) DEFAULT 'theirs' FIRST;"
                 "ALTER TABLE copy.t_numbered MODIFY id VARCHAR(20) NOT NULL;"
                 "ALTER TABLE copy.dem_sampleTable MODIFY id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;"
                 "ALTER TABLE copy.t_keyless ORDER BY size DESC")
        assert verify("--against", "campaign-copy")["outcome"] == "equal"
        c.db.sql("UPDATE copy.t_every SET fshort = 0.001 WHERE id = 'b'; UPDATE copy.t_every SET fdatetime = fdatetime + INTERVAL 1 MICROSECOND WHERE id = 'a'")
        r = of(verify("--schema", "t:every", "--against", "campaign-copy", status=1), "t:every")
        assert named(r) == [("different", "a", ["fdatetime"]), ("different", "b", ["fshort"])], r
        copy_cloud()

    def R10_13_rows_that_are_marked_as_deleted_are_not_seen():
        for comment, seen in (("campaign-sync: deleted, in UTC", False), ("somebody else's", True)):
            c.db.sql(f"ALTER TABLE copy.t_numbered ADD _deleted_at DATETIME(3) NULL COMMENT '{comment.replace(chr(39), chr(39) * 2)}';"
                     "UPDATE copy.t_numbered SET _deleted_at = '2026-01-01' WHERE id = 10")
            r = of(verify("--schema", "t:numbered", "--against", "campaign-copy", status=0 if seen else 1), "t:numbered")
            assert named(r) == ([] if seen else [("only_cloud", "10", [])]) and r["other"]["rows"] == 4 + seen, r
            copy_cloud()

    def R10_13_without_primary_key_as_a_whole():
        c.db.sql("UPDATE copy.t_keyless SET size = 0.25 WHERE code = '7'")
        r = of(verify("--schema", "t:keyless", "--against", "campaign-copy", status=1), "t:keyless")
        assert r["differences"] == [] and r["ranges_different"] == 1 and r["cloud"]["rows"] == r["other"]["rows"] == 30, r
        assert r["cloud"]["checksum"] != r["other"]["checksum"]
        text = c.sync("--verify", "--schema", "t:keyless", "--against", "campaign-copy", check=False).stdout
        assert "  the whole table, which has no primary key: 30 rows in both, with different values\n" in text, text
        copy_cloud()

    def R10_13_a_primary_key_that_stands_twice():
        c.cloud("ALTER TABLE t_numbered DROP PRIMARY KEY; INSERT INTO t_numbered VALUES (10, 'again')")
        r = of(verify("--schema", "t:numbered", status=1), "t:numbered")
        assert r["doubled"] == 1 and r["outcome"] == "differs" and r["with"] is None, r
        r = of(verify("--schema", "t:numbered", "--against", "campaign-copy", status=1), "t:numbered")
        assert r["doubled"] == 1 and r["cloud"]["rows"] == 6 and r["other"]["rows"] == 5, r
        c.cloud("DELETE FROM t_numbered WHERE name = 'again'; ALTER TABLE t_numbered ADD PRIMARY KEY (id)")
        verify("--schema", "t:numbered", "--against", "campaign-copy")

    def R10_13_an_export_and_what_has_changed_since():
        export = c.folder / "export"
        r = verify("--export", export, "--range", 100)
        assert r["outcome"] == "counted" and oct(os.stat(export).st_mode & 0o777) == "0o600"
        lines = [json.loads(line) for line in export.read_text().splitlines()]
        ranges = [x for x in lines if "first" in x]
        assert lines[0]["campaign_export"] == 1 and [x["rows"] for x in ranges].count(100) == 5, lines  # 350 and 252 rows
        assert "v17" not in export.read_text()
        assert verify("--against-export", export)["outcome"] == "equal"
        c.cloud("UPDATE dem_sampleTable SET quantity = 1000 WHERE id = 'k17'; DELETE FROM dem_sampleTable WHERE id = 'k99';"
                "INSERT INTO dem_sampleTable (id) VALUES ('zzz'); INSERT INTO t_numbered VALUES (-99, 'before')")
        r = verify("--against-export", export, status=1)
        d = of(r, "dem:sampleTable")
        assert [(x["cloud_rows"], x["other_rows"]) for x in d["ranges"]] == [(100, 100), (49, 50), (1, 0)] and d["differences"] == [], d
        assert d["ranges"][0]["first"] == "k0" and d["ranges"][2]["first"] == d["ranges"][2]["last"] == "zzz", d
        assert of(r, "t:numbered")["ranges"][0]["first"] == "-99" and of(r, "t:every")["outcome"] == "equal"
        c.cloud("DELETE FROM dem_sampleTable WHERE id = 'zzz'; DELETE FROM dem_sampleTable WHERE id > 'k2'")
        d = of(verify("--schema", "dem:sampleTable", "--against-export", export, status=1), "dem:sampleTable")
        assert d["other"]["rows"] == 350 and d["ranges"][-1]["cloud_rows"] == 0, d
        c.cloud("REPLACE INTO dem_sampleTable SELECT * FROM copy.dem_sampleTable; DELETE FROM t_numbered WHERE id = -99")
        assert verify("--against-export", export)["outcome"] == "equal"

        # A field that the schema has got since is left out, and named.
        c.deploy_text(NUMBERED % '<attribute name="size" type="long"/>')
        c.cloud("UPDATE t_numbered SET size = 5")
        n = of(verify("--against-export", export), "t:numbered")
        assert n["outcome"] == "equal" and "size" in n["message"], n

    def R10_13_a_broken_export_is_refused():
        export, broken = c.folder / "export", c.folder / "broken"
        text = export.read_text()
        lines = text.splitlines(True)
        middle = next(n for n, line in enumerate(lines) if line.startswith('{"first"'))
        cases = [("", "was not written by"), ("something else\n", "was not written by"),
                 (text.replace('"campaign_export":1', '"campaign_export":9', 1), "format 9"),
                 (text[:len(text) // 2], ""), ("".join(lines[:-1]), "ends too early"), (text[:-3], ""),
                 ("".join(lines[:middle] + lines[middle + 1:]), "do not add up"),
                 (text.replace('"rows":100', '"rows":101', 1), "do not add up"),
                 (re.sub(r'"checksum":"(.)', lambda m: '"checksum":"' + ("1" if m[1] == "0" else "0"), text, count=1), "do not add up"),
                 (text.replace('"last":', '"lost":', 1), "damaged")]
        for content, word in cases:
            broken.write_text(content)
            p = c.sync("--verify", "--against-export", broken, check=False)
            assert p.returncode == 1 and word in p.stderr and str(broken) in p.stderr and p.stdout == "", (word, p)
        p = c.sync("--verify", "--against-export", c.folder / "none", check=False)
        assert p.returncode == 1 and "No such file" in p.stderr, p
        # Another schema than the export's is not compared, and says why.
        for was, now, word in (('"key":"id","fields":["id","name"]', '"key":"name","fields":["id","name"]', "primary key"),
                               ('"fields":["id","name"],"types":["long"', '"fields":["id","name"],"types":["short"', "'id'"),
                               ('"fields":["id","name"]', '"fields":["id","other"]', "'other'"),
                               ('"schema":"t:numbered"', '"schema":"t:other"', "does not have this schema")):
            assert was in text
            other = text.replace(was, now)
            if "t:other" in now:
                other = other.replace('"end":"t:numbered"', '"end":"t:other"')
            broken.write_text(other)
            r = verify("--against-export", broken, status=1)
            assert of(r, "t:numbered", str(broken))["outcome"] == "failed" and word in of(r, "t:numbered", str(broken))["message"], r
            assert of(r, "t:every")["outcome"] == "equal" and r["outcome"] == "failed", r
        assert "no longer deployed" in of(r, "t:other")["message"], r
        # What cannot be written leaves the file that is there.
        p = c.sync("--verify", "--export", c.folder / "no such folder" / "x", check=False)
        assert p.returncode == 1 and "No such file" in p.stderr, p
        c.cloud("ALTER TABLE t_numbered CHANGE name other VARCHAR(255)")
        r = verify("--export", export, status=1)
        assert "has no column name" in of(r, "t:numbered")["message"], r
        assert export.read_text() == text and not list(c.folder.glob("export.*"))
        c.cloud("ALTER TABLE t_numbered CHANGE other name VARCHAR(255)")

    def R10_13_a_database_that_is_away_or_another():
        for group, words in (("socket=/nowhere.sock\nuser=app\npassword=app\ndatabase=copy\n", "cannot be opened"),
                             (f"socket={c.db.socket}\nuser=app\npassword=app\ndatabase=empty\n", "has no table")):
            c.db.sql("CREATE DATABASE IF NOT EXISTS empty; GRANT SELECT ON empty.* TO app@localhost")
            login = c.folder / "db.cnf"
            was = login.read_text()
            login.write_text(was + "[campaign-other]\n" + group)
            r = verify("--schema", "t:numbered", "--against", "campaign-other", status=1)
            assert words in of(r, "t:numbered")["message"] and r["outcome"] == "failed", r
            text = c.sync("--verify", "--schema", "t:numbered", "--against", "campaign-other", check=False).stdout
            assert "t:numbered: not compared with campaign-other: " in text, text
            login.write_text(was)

    def R10_13_wrong_usage():
        for args, words in ((["--against", "x"], "with --verify only"), (["--verify", "--dry-run"], "--verify goes with none"),
                            (["--verify", "--jobs", "2"], "--verify goes with none"), (["--verify", "--if-requested"], "--verify goes with none"),
                            (["--verify", "--export", "a", "--against", "b"], "only one"), (["--verify", "--range", "0"], "a number from 1"),
                            (["--verify", "--range", "5", "--against-export", "a"], "--range does not go"),
                            (["--verify", "--against", "campaign-nowhere"], "has no group [campaign-nowhere]"),
                            (["--verify", "--against", "campaign-cloud"], "the cloud database itself"),
                            (["--verify", "--schema", "t:none"], "is not deployed")):
            p = c.sync(*args, check=False)
            assert p.returncode == 2 and words in p.stderr, p

    def R10_13_the_lock_of_a_run():
        with Session(c.db, "stg") as other:
            other.run("SELECT GET_LOCK('campaign-sync:stg', 0)")
            p = c.sync("--verify", check=False)
            assert p.returncode == 4 and "another run holds the lock" in p.stderr, p
        verify()

    def R10_13_pending_changes_and_a_staging_schema_by_name():
        ext('<x xtkschema="dem:sampleTable" _key="@id" id="later" testcol1="pending"/>')
        before = everything()
        r = verify("--schema", "dem:sampleTableStg", "--against", "campaign-copy")
        assert of(r, "dem:sampleTable")["pending"] == 1 and everything() == before, r
        assert "; 1 changes pending, 0 rejected\n" in c.sync("--verify", "--schema", "dem:sampleTable").stdout
        c.sync()

    def R10_13_a_large_table_in_little_memory():
        c.cloud("INSERT INTO dem_sampleTable (id, code, testcol1, testcol2, quantity) SELECT CONCAT('large', seq), seq, REPEAT('å', 100),"
                f" MD5(seq), seq FROM seq_1_to_{LARGE}")
        copy_cloud()
        c.db.sql("UPDATE copy.dem_sampleTable SET quantity = -1 WHERE id = 'large77777'")
        plan = c.cloud("EXPLAIN SELECT id, testcol1 FROM dem_sampleTable ORDER BY id")
        assert "filesort" not in str(plan), plan
        peak, started = 0, time.monotonic()
        p = subprocess.Popen([str(BUILD / "campaign-sync"), "--config", str(c.conf), "--verify", "--json", "--against", "campaign-copy"],
                             stdout=subprocess.PIPE, text=True)
        while p.poll() is None:
            peak = max(peak, peak_of(p.pid))
            time.sleep(0.01)
        seconds = time.monotonic() - started
        r = json.loads(p.stdout.read())
        p.stdout.close()
        d = of(r, "dem:sampleTable")
        print(f"     {2 * LARGE} rows in {seconds:.1f} s, {peak:.0f} MiB", flush=True)
        assert p.returncode == 1 and named(d) == [("different", "large77777", ["quantity"])] and d["ranges_different"] == 1, d
        if "asan" not in BUILD.name and "tsan" not in BUILD.name:
            assert 0 < peak < RSS_MIB, peak
            assert seconds < 20 * PATIENCE, seconds

    def R10_13_a_bar_on_a_terminal():
        master, slave = pty.openpty()
        p = subprocess.Popen([str(BUILD / "campaign-sync"), "--config", str(c.conf), "--verify", "--schema", "dem:sampleTable"],
                             stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while data := os.read(master, 4096):
                shown += data
        os.close(master)
        assert p.wait() == 0 and b"dem:sampleTable [" in shown and re.search(rb"\d/20035\d, \d+/s", shown), shown[-300:]

    @contextlib.contextmanager
    def waiting():
        """A comparison that waits for a table of the other database; gives it, and the id of its session."""
        with Session(c.db, "copy") as other:
            other.run("LOCK TABLES t_shop WRITE")
            p = subprocess.Popen([str(BUILD / "campaign-sync"), "--config", str(c.conf), "--verify", "--json", "--against", "campaign-copy"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            yield p, wait_for("it waits", lambda: c.db.sql(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'Waiting for table metadata lock'"))[0][0]
            other.run("UNLOCK TABLES")

    def R10_13_runs_are_kept_out_and_calls_are_not():
        with waiting() as (p, _):
            assert c.sync(check=False).returncode == 4
            ext('<x xtkschema="dem:sampleTable" _key="@id" id="meanwhile"/>')
        out, err = p.communicate(timeout=60 * PATIENCE)
        assert p.returncode == 1 and of(json.loads(out), "t:shop", "campaign-copy")["outcome"] == "equal", err
        c.sync()

    def R10_13_a_lost_connection_is_opened_again():
        with waiting() as (p, session):
            c.db.sql(f"KILL {session}")
        out, err = p.communicate(timeout=60 * PATIENCE)
        shop = of(json.loads(out), "t:shop", "campaign-copy")
        assert p.returncode == 1 and shop["outcome"] == "equal" and shop["message"] is None and "campaign-copy" in err, (shop, err)

    def R10_13_a_signal_ends_it():
        with waiting() as (p, _):
            p.terminate()
        _, err = p.communicate(timeout=60 * PATIENCE)
        assert p.returncode == 1 and "interrupted" in err, err
        verify("--schema", "t:shop", "--against", "campaign-copy")

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
