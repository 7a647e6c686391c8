#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.3, R10.6: what a run moves, in which order, and what it has applied, is told by numbers and not by
clocks. The clock of the staging server and that of the cloud's jump by years, each way, between calls and
between and in runs: the server gives every new session another time."""
import json
import sys

from campaign import main, wait_for
from two_servers import at_barrier, barrier, counted, stage, start_run, two_servers

YEAR = 365 * 86400

with two_servers({"sync": {"batch_rows": 100}}) as c:
    total = 0

    def jump(server, years):
        """Sessions that are opened from now on live in another year, as after the clock was set."""
        server.sql("SET GLOBAL init_connect = "
                   + ("''" if years == 0 else f"'SET timestamp = UNIX_TIMESTAMP() + {years * YEAR}'"))
        if server is c.db:  # the pool's writers shall notice, too
            c.stop_pool()
            c.start_pool()

    def stage_more(count, prefix, value):
        global total
        stage(c.logon(), count, prefix, value)
        total += count

    def rows():
        return c.cloud("SELECT id, testcol1 FROM dem_sampleTable ORDER BY id")

    def all_applied_once():
        assert c.pending() == 0 and counted(c) == (total, total), (c.pending(), counted(c), total)
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]

    def the_order_is_that_of_the_calls():
        for years, value in ((0, "first"), (3, "second"), (-3, "third")):
            jump(c.db, years)
            stage_more(2, "o", value)
        times = c.staging("SELECT LEFT(_at, 4) FROM dem_sampleTableStg_log WHERE id = 'o0' ORDER BY _seq")
        assert times[0] < times[1] > times[2] < times[0], times  # the clocks did jump
        c.sync("--batch", "1")
        assert rows() == [["o0", "third"], ["o1", "third"]]
        all_applied_once()

    def what_was_applied_is_known_at_any_time():
        # A run that dies between its two commits, and one that finds out in another year.
        for died, found in ((0, -5), (-5, 5), (5, 0)):
            jump(c.far, died)
            jump(c.db, found)
            stage_more(150, "d", f"{died}")
            stage_more(1, "barrier", f"{died}")
            with barrier(c.far):
                p = start_run(c)
                wait_for("the run is in its second batch", lambda: at_barrier(c.far))
                p.kill()
                p.communicate()
            wait_for("its session has ended", lambda: not at_barrier(c.far))
            jump(c.far, found)
            jump(c.db, died)
            c.sync()
            all_applied_once()

    def a_clock_that_jumps_in_a_run():
        for years in (4, -4):
            stage_more(150, "r", f"{years}")
            stage_more(1, "barrier", f"{years}")
            stage_more(150, "s", f"{years}")
            with barrier(c.far):
                p = start_run(c, "--json")
                row = wait_for("the run is in its second batch", lambda: at_barrier(c.far))[0]
                c.far.sql(f"SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() + {years * YEAR}'")
                c.far.sql(f"KILL {row[0]}")  # its next session lives in another year
            out, said = p.communicate(timeout=60)
            assert p.returncode == 0 and json.loads(out)["retries"] == 1, (out, said)
            all_applied_once()
        jump(c.far, 0)

    def the_history_is_in_the_order_of_the_runs():
        jump(c.db, 2)
        later = c.sync_json()["run"]
        jump(c.db, 0)
        stage_more(1, "h", "h")
        last = c.sync_json()["run"]
        assert last > later
        runs = json.loads(c.admin("runs", "--json").stdout)
        assert runs[-1]["id"] == last, runs[-1]
        status = json.loads(c.admin("status", "--json").stdout)
        assert status["last_outcome"] == "done" and status["oldest_s"] == 0, status
        all_applied_once()

    sys.exit(main([(f.__name__, f) for f in (
        the_order_is_that_of_the_calls, what_was_applied_is_known_at_any_time, a_clock_that_jumps_in_a_run,
        the_history_is_in_the_order_of_the_runs)]))
