#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5a: rows of the cloud that others have locked, dead-locks with others, and a connection that an
administrator kills in the middle of a merge cost a run time and nothing else; calls do not notice. Two runs
do not work at once, also if the second one is started by hand."""
import json
import re
import sys
import time

from campaign import SOURCE, Instance, Session, main, wait_for
from two_servers import at_barrier, barrier, counted, keep_tally, stage, start_run

SERIAL = "judges how long calls take"

with Instance() as c:
    keep_tally(c)
    client = c.logon()
    total = 0

    def stage_more(count, prefix, value):
        global total
        stage(client, count, prefix, value)
        total += count

    def status(name):
        return int(c.db.sql(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    def all_applied_once():
        assert c.pending() == 0 and counted(c) == (total, total), (c.pending(), counted(c), total)
        assert c.staging("SELECT COUNT(*) FROM campaign_reject") == [["0"]]

    def healed(p):
        out, said = p.communicate(timeout=60)
        assert p.returncode == 0, said
        r = json.loads(out)
        assert r["outcome"] == "done" and r["retries"] >= 1, r
        all_applied_once()
        return said

    def a_row_that_is_locked():
        c.settings["database"]["io_timeout_s"] = 1  # with this a lock is waited for 5 seconds at a time
        c.write_conf()
        stage_more(100, "l", "first")
        c.sync()
        stage_more(100, "l", "second")
        with Session(c.db, "cloud") as other:
            other.run("BEGIN; SELECT COUNT(*) FROM dem_sampleTable WHERE id = 'l50' FOR UPDATE")
            before = status("Innodb_row_lock_waits")
            p = start_run(c, "--json")
            wait_for("the run waits for the row a second time",
                     lambda: status("Innodb_row_lock_waits") > before + 1)
            started = time.monotonic()
            stage_more(10, "m", "calls go on")
            assert time.monotonic() - started < 2, "a call waited for the run"
        out, said = p.communicate(timeout=60)
        r = json.loads(out)
        assert p.returncode == 0 and r["retries"] >= 1 and "Lock wait timeout" in said, (r, said)
        del c.settings["database"]["io_timeout_s"]
        c.write_conf()
        c.sync()
        all_applied_once()

    def a_deadlock():
        c.cloud("CREATE TABLE heavy (n INT PRIMARY KEY); CREATE TABLE lasting (n INT) ENGINE=MyISAM")
        stage_more(100, "l", "third")
        before = status("Innodb_deadlocks")
        with Session(c.db, "cloud") as other:
            # The victim is who has written less, and nothing that cannot be rolled back.
            other.run("BEGIN; INSERT INTO heavy SELECT seq FROM seq_1_to_50000; INSERT INTO lasting VALUES (1);"
                      "UPDATE dem_sampleTable SET quantity = 1 WHERE id = 'l99'")
            p = start_run(c, "--json")
            wait_for("the run waits for the row", lambda: status("Innodb_row_lock_current_waits"))
            other.run("UPDATE dem_sampleTable SET quantity = 1 WHERE id = 'l0'")
            assert status("Innodb_deadlocks") > before, "it was no dead-lock"
            other.run("ROLLBACK")
        assert "Deadlock found" in healed(p)

    def a_session_that_is_killed_in_mid_merge():
        stage_more(100, "k", "before")
        stage_more(1, "barrier", "killed")
        stage_more(100, "j", "after")
        with barrier(c.db):
            p = start_run(c, "--json")
            rows = wait_for("the run is in the middle of a merge", lambda: at_barrier(c.db))
            c.db.sql(f"KILL CONNECTION {rows[0][0]}")
        healed(p)

    def a_statement_that_is_killed():
        stage_more(1, "barrier", "query")
        with barrier(c.db):
            p = start_run(c, "--json")
            rows = wait_for("the run is in the middle of a merge", lambda: at_barrier(c.db))
            c.db.sql(f"KILL QUERY {rows[0][0]}")
        healed(p)

    def the_session_with_the_lock_is_killed():
        stage_more(1, "barrier", "lock")
        with barrier(c.db):
            p = start_run(c, "--json")
            wait_for("the run is in the middle of a merge", lambda: at_barrier(c.db))
            c.staging("SET @id = IS_USED_LOCK('campaign-sync:stg'); EXECUTE IMMEDIATE CONCAT('KILL ', @id)")
            wait_for("the lock is free",
                     lambda: c.staging("SELECT IS_FREE_LOCK('campaign-sync:stg')") == [["1"]])
            # Another run gets the lock, and no further: the first one's session is at work at the cloud.
            second = start_run(c, "--json")
            out, said = second.communicate(timeout=60)
            assert second.returncode == 1 and "another run is still at work" in said, (second, out, said)
        out, said = p.communicate(timeout=60)
        assert p.returncode == 0, said
        c.sync()
        all_applied_once()

    def two_runs_at_once():
        stage_more(1, "barrier", "two")
        with barrier(c.db):
            p = start_run(c)
            wait_for("the first is in the middle of a merge", lambda: at_barrier(c.db))
            stage_more(10, "n", "comes during it")
            for args in ((), ("--schema", "nms:recipient"), ("--quiet",), ("--json",)):
                second = c.sync(*args, check=False)
                assert second.returncode == 4 and "another run holds the lock" in second.stderr, second
                assert second.stdout == "", second
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0, said
        assert c.pending() == 10
        c.sync()
        all_applied_once()

    def the_timer_fires_while_a_run_works():
        # systemd starts no second instance of a oneshot service; what somebody else started makes it exit 4,
        # which is no failure of the unit.
        for name in ("campaign-sync", "campaign-sync-requested"):
            unit = next((SOURCE / "systemd").glob(f"{name}.service*")).read_text()
            for line in ("Type=oneshot", "SuccessExitStatus=3 4"):
                assert re.search(f"^{line}$", unit, re.M), (line, unit)
            assert not re.search("^(RemainAfterExit|Restart|TimeoutStartSec)=", unit, re.M), unit

    sys.exit(main([(f.__name__, f) for f in (
        a_row_that_is_locked, a_deadlock, a_session_that_is_killed_in_mid_merge, a_statement_that_is_killed,
        the_session_with_the_lock_is_killed, two_runs_at_once, the_timer_fires_while_a_run_works)]))
