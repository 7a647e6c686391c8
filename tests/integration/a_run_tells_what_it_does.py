#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What campaign-sync shows to people and to scripts: a bar on a terminal and nothing of it elsewhere, a dry
run that changes nothing, JSON that adds up, one line that sums up, the history, the age of what is pending,
exit codes."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

from campaign import BUILD, Instance, Session, main, wait_for

COUNTS = ["changes", "merged", "inserted", "updated", "deleted", "rejected", "held", "deferred", "waiting", "several",
          "recovered", "retries", "milliseconds"]
BAR = re.compile(r"dem:sampleTable \[[#-]+\] (\d+)/(\d+), (\d+)/s(, \d+:\d\d left)?")

OTHER = """<srcSchema namespace="dem" name="other" label="Other">
  <element name="other" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key><attribute name="name"/></element>
</srcSchema>"""

with Instance(conf={"sync": {"batch_rows": 100}}) as c:
    c.deploy_text(OTHER)
    client = c.logon()
    wait_for("the schema is known", lambda: client.ingest_ext(
        '<x xtkschema="dem:other" _operation="none"/>').status == 200, 4)

    def many(count, make, schema="dem:sampleTable"):
        name = schema.partition(":")[2]
        for i in range(0, count, 1000):
            r = client.ingest_ext(f'<all xtkschema="{schema}">' + "".join(
                f"<{name} {make(n)}/>" for n in range(i, min(i + 1000, count))) + "</all>")
            assert r.status == 200, r

    def on_terminal(*args, columns=100):
        """(exit status, stdout, what the terminal saw); only standard error is the terminal."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        p = subprocess.Popen([str(BUILD / "campaign-sync"), "--config", str(c.conf), *args],
                             stdout=subprocess.PIPE, stderr=theirs, text=True)
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # its other end is closed
            pass
        os.close(ours)
        return p.wait(60), p.communicate()[0], seen.decode()

    def screen(seen):
        """The lines that are left on it in the end."""
        lines = [line.rpartition("\r\033[K")[2] for line in seen.replace("\r\n", "\n").split("\n")]
        return [line for line in lines if line]

    def a_bar_on_a_terminal():
        many(20000, lambda n: f'_key="@id" id="b{n}" testcol1="a"')
        status, out, seen = on_terminal()
        bars = [BAR.fullmatch(piece) for piece in seen.split("\r\033[K") if piece]
        assert status == 0 and len(bars) >= 2 and all(bars), seen[:2000]
        done = [int(b[1]) for b in bars]
        assert done == sorted(done) and {b[2] for b in bars} == {"20000"}, done
        assert any(int(b[3]) > 0 and b[4] for b in bars), seen[:2000]
        assert screen(seen) == [], screen(seen)  # it wipes itself
        assert "\033" not in out and "\r" not in out, out
        assert out.splitlines()[-1].startswith("done: 20000 changes"), out

    def a_bar_fits_a_narrow_terminal():
        many(5000, lambda n: f'_key="@id" id="b{n}" testcol1="b"')
        status, _, seen = on_terminal(columns=30)
        pieces = [p for p in seen.split("\r\033[K") if p]
        assert status == 0 and pieces and max(map(len, pieces)) < 30, pieces

    def a_message_does_not_run_into_the_bar():
        many(500, lambda n: f'_key="@testcol2" testcol2="c{n}"')
        status, _, seen = on_terminal()
        left = screen(seen)
        assert status == 0 and len(left) == 1, left
        assert left[0].startswith("20") and "without an index" in left[0], left

    def one_bar_for_schemas_that_go_side_by_side():
        many(20000, lambda n: f'_key="@id" id="b{n}" testcol1="two"')
        many(20000, lambda n: f'_key="@name" name="n{n}"', "dem:other")
        status, _, seen = on_terminal()
        pieces = [p for p in seen.split("\r\033[K") if p]
        both = [re.fullmatch(r"2 schemas \[[#-]+\] (\d+)/40000, \d+/s(, \d+:\d\d left)?", p) for p in pieces]
        assert status == 0 and sum(map(bool, both)) >= 2 and screen(seen) == [], seen[:2000]
        done = [int(b[1]) for b in both if b]
        assert done == sorted(done), done

    def nothing_of_it_elsewhere():
        many(5000, lambda n: f'_key="@id" id="b{n}" testcol1="d"')
        p = c.sync()
        assert p.stderr == "" and not re.search(r"[\r\033]|\[#", p.stdout), p

    def quiet_means_quiet():
        many(1000, lambda n: f'_key="@id" id="b{n}" testcol1="e"')
        assert on_terminal("--quiet") == (0, "", "")
        assert c.pending() == 0

    def everything():
        tables = c.db.sql("SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.TABLES"
                          " WHERE TABLE_SCHEMA IN ('stg', 'cloud') AND TABLE_TYPE = 'BASE TABLE'"
                          " AND TABLE_NAME <> 'campaign_session' ORDER BY 1")
        return c.db.sql("CHECKSUM TABLE " + ", ".join(f"{t[0]}" for t in tables))

    def a_dry_run_changes_nothing():
        many(50, lambda n: f'_operation="insert" _key="@id" id="y{n}"')
        many(30, lambda n: f'_operation="update" _key="@id" id="y{n}" testcol1="f"')
        many(20, lambda n: f'_operation="delete" _key="@id" id="z{n}"')
        c.staging("INSERT INTO campaign_request VALUES ('dem:sampleTable', UTC_TIMESTAMP(3), 'feed1')")
        before = everything()
        r = c.sync_json("--dry-run")
        assert r["dry_run"] and r["run"] == 0 and r["outcome"] == "done" and r["changes"] == 100, r
        assert (r["inserted"], r["updated"], r["deleted"]) == (50, 0, 20), r
        p = c.sync("--dry-run")
        assert p.stdout.splitlines()[-1].startswith("dry run: 100 changes, 100 to merge (50 to write"), p
        assert everything() == before

    def json_is_complete_and_adds_up():
        p = c.sync("--json")
        assert p.stderr == "" and p.stdout.count("\n") == 1, p
        r = json.loads(p.stdout)
        assert list(r) == ["run", "dry_run", "outcome", "message", *COUNTS, "schemas"], list(r)
        assert r["outcome"] == "done" and r["message"] == "" and r["merged"] == 100 and r["inserted"] == 50, r
        ids = [s["schema"] for s in r["schemas"]]
        assert "dem:sampleTable" in ids and "nms:recipient" in ids and "nms:service" in ids, ids
        for s in r["schemas"]:
            assert list(s) == ["schema", *COUNTS, "failed", "message"], s
        for name in COUNTS:
            if name != "milliseconds":  # schemas go side by side
                assert r[name] == sum(s[name] for s in r["schemas"]), name
        assert r["milliseconds"] >= max(s["milliseconds"] for s in r["schemas"]), r
        assert c.staging("SELECT COUNT(*) FROM campaign_request") == [["0"]]

    def json_of_a_failure_too():
        c.cloud("RENAME TABLE dem_sampleTable TO `a\"b\\\\c`")
        many(1, lambda n: '_key="@id" id="j"')
        p = c.sync("--json", check=False)
        r = json.loads(p.stdout)
        bad = next(s for s in r["schemas"] if s["failed"])
        assert p.returncode == 1 and r["outcome"] == "failed" and bad["schema"] == "dem:sampleTable", r
        assert bad["message"] in r["message"] and "dem_sampleTable" in bad["message"], r
        c.cloud("RENAME TABLE `a\"b\\\\c` TO dem_sampleTable")
        c.sync()

    def one_line_sums_up():
        many(3, lambda n: f'_key="@id" id="s{n}" testcol1="x"')
        last = c.sync().stdout.splitlines()[-1]
        assert re.fullmatch(r"done: 3 changes, 3 merged \(3 inserted, 0 updated, 0 deleted\), \d+\.\d{3} s",
                            last), last

    def schema_moves_that_schema_only():
        many(2, lambda n: f'_key="@id" id="o{n}"')
        many(2, lambda n: f'_key="@email" email="p{n}@example.test"', "nms:recipient")
        r = c.sync_json("--schema", "dem:sampleTableStg")  # the staging schema's name means the same
        assert [s["schema"] for s in r["schemas"]] == ["dem:sampleTable"], r
        assert c.pending() == 0 and c.pending("nms_recipient") == 2
        many(2, lambda n: f'_key="@id" id="o{n}"')
        r = c.sync_json("--schema", "nms:recipient", "--schema", "dem:sampleTable")
        assert {"dem:sampleTable", "nms:recipient"} <= {s["schema"] for s in r["schemas"]}, r
        assert c.pending() == 0 and c.pending("nms_recipient") == 0
        for name in ("nms:nothing", "nonsense"):
            p = c.sync("--schema", name, check=False)
            assert p.returncode == 2 and name in p.stderr, p

    def the_history_tells_each_run():
        operations = ("insert", "insert", "update", "delete")
        many(4, lambda n: f'_operation="{operations[n]}" _key="@id" id="h{n}" testcol1="h"')
        number = c.sync_json()["run"]
        run = [r for r in json.loads(c.admin("runs", "--json").stdout) if r["id"] == number]
        sample = next(r for r in run if r["schema"] == "dem:sampleTable")
        assert (sample["changes"], sample["merged"], sample["inserted"]) == (4, 4, 2), sample
        assert sample["outcome"] == "done" and sample["message"] == "", sample
        assert sample["started"] <= sample["ended"], sample
        table = c.admin("runs").stdout
        assert table.splitlines()[0].split()[:2] == ["run", "started"] and "dem:sampleTable" in table, table

    def pending_row():
        rows = json.loads(c.admin("pending", "--json").stdout)
        return next(r for r in rows if r["schema"] == "dem:sampleTable")

    def the_oldest_pending_change_has_an_age():
        many(2, lambda n: f'_key="@id" id="old{n}"')
        c.staging("UPDATE dem_sampleTableStg_log SET _at = _at - INTERVAL 2 HOUR ORDER BY _seq LIMIT 1")
        row = pending_row()
        assert row["changes"] == 2 and 7200 <= row["age_s"] < 7300, row
        status = json.loads(c.admin("status", "--json").stdout)
        assert status["pending"] == 2 and 7200 <= status["oldest_s"] < 7300, status
        assert "(oldest: 72" in c.admin("status").stdout
        # The clock was put back since.
        c.staging("UPDATE dem_sampleTableStg_log SET _at = _at + INTERVAL 1 DAY")
        row = pending_row()
        assert row["age_s"] == 0, row
        c.sync()
        row = pending_row()
        assert row["changes"] == 0 and row["oldest"] is None, row

    def exit_codes():
        many(1, lambda n: '_key="@id" id="e" testcol1="1"')
        assert c.sync(check=False).returncode == 0
        c.cloud("ALTER TABLE dem_sampleTable ADD CONSTRAINT rule CHECK (testcol1 <> 'bad')")
        many(1, lambda n: '_key="@id" id="e" testcol1="bad"')
        assert c.sync(check=False).returncode == 3
        assert c.sync(check=False).returncode == 0  # told once
        many(1, lambda n: '_key="@id" id="e" testcol1="behind it"')
        assert c.sync(check=False).returncode == 3
        holder = Session(c.db, "stg")
        holder.run("DO GET_LOCK('campaign-sync:stg', 0)")
        p = c.sync(check=False)
        assert p.returncode == 4 and "another run holds the lock" in p.stderr and p.stdout == "", p
        holder.close()
        c.cloud("RENAME TABLE dem_sampleTable TO away")
        assert c.sync(check=False).returncode == 1
        c.cloud("RENAME TABLE away TO dem_sampleTable")
        for args in (["--nonsense"], ["surplus"], ["--batch", "0"], ["--batch", "x"], ["--schema", "a:b"]):
            p = c.sync(*args, check=False)
            assert p.returncode == 2 and p.stderr and p.stdout == "", p
        missing = subprocess.run([str(BUILD / "campaign-sync"), "--config", "/nonexistent"],
                                 capture_output=True, text=True)
        assert missing.returncode == 1 and "/nonexistent" in missing.stderr, missing

    sys.exit(main([(f.__name__, f) for f in (
        a_bar_on_a_terminal, a_bar_fits_a_narrow_terminal, a_message_does_not_run_into_the_bar,
        one_bar_for_schemas_that_go_side_by_side, nothing_of_it_elsewhere, quiet_means_quiet, a_dry_run_changes_nothing, json_is_complete_and_adds_up,
        json_of_a_failure_too, one_line_sums_up, schema_moves_that_schema_only, the_history_tells_each_run,
        the_oldest_pending_change_has_an_age, exit_codes)]))
