#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5, R10.5a, R10.6: the cloud's server or the staging server is away when a run starts, is killed in mid-
run and comes back, or stays away. Calls go on, the run says what is the matter, and in the end every change
has been applied once."""
import contextlib
import json
import sys

from campaign import main, wait_for
from two_servers import at_barrier, barrier, counted, stage, start_run, two_servers

with two_servers({"sync": {"batch_rows": 200}}) as c:
    client = c.logon()
    total = 0

    def stage_more(count, value):
        global total
        stage(client, count // 2, "a", value)
        stage(client, 1, "barrier", value)
        stage(client, count // 2, "b", value)
        total += 2 * (count // 2) + 1

    def last_run():
        return json.loads(c.admin("runs", "--json").stdout)[-1]

    def all_applied_once():
        assert c.pending() == 0
        assert counted(c) == (total, total), (counted(c), total)
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]
        assert c.staging("SELECT COUNT(*) FROM campaign_reject") == [["0"]]

    @contextlib.contextmanager
    def in_mid_run(*args):
        """A run that has applied batches and stands in the middle of another, with more to come."""
        before = counted(c)[0]
        with barrier(c.far):
            p = start_run(c, *args)
            wait_for("the run is in the middle of a merge", lambda: at_barrier(c.far))
            assert before < counted(c)[0] < total
            yield p

    def the_cloud_is_away_at_the_start():
        c.far.stop()
        stage_more(9, "first")
        p = c.sync(check=False)
        assert p.returncode == 1 and "cloud" in p.stderr and c.far.socket in p.stderr, p
        run = last_run()
        assert run["outcome"] == "failed" and "the cloud database cannot be opened" in run["message"], run
        p = c.admin("status", "--json", check=False)
        status = json.loads(p.stdout)
        assert p.returncode == 1 and status["staging"] and not status["cloud"], status
        assert status["pending"] == 9, status
        c.far.start()
        c.sync()
        all_applied_once()

    def the_cloud_is_killed_in_mid_run_and_comes_back():
        stage_more(10000, "killed")
        with in_mid_run("--json") as p:
            c.far.kill()
        stage_more(100, "while it is away")  # calls do not notice
        c.far.start()
        out, said = p.communicate(timeout=60)
        assert p.returncode == 0, said
        r = next(s for s in json.loads(out)["schemas"] if s["schema"] == "dem:sampleTable")
        assert r["retries"] > 0 and r["merged"] == 10001 and not r["failed"], r
        c.sync()
        all_applied_once()

    def the_cloud_is_killed_in_mid_run_and_stays_away():
        stage_more(10000, "killed again")
        with in_mid_run() as p:
            c.far.kill()
        out, said = p.communicate(timeout=60)
        assert p.returncode == 1 and "stay pending" in said, (p.returncode, said)
        run = last_run()
        assert run["outcome"] == "failed" and "the target cannot be reached" in run["message"], run
        assert 0 < c.pending() < 10000 and "failed" in out, out
        c.far.start()
        c.sync()
        all_applied_once()

    def the_staging_server_is_killed_in_mid_run_and_comes_back():
        stage_more(10000, "staging")
        with in_mid_run() as p:
            c.db.kill()
            c.db.start()
        _, said = p.communicate(timeout=60)
        assert p.returncode == 0, said
        assert last_run()["outcome"] == "done", last_run()
        all_applied_once()

    def the_staging_server_is_away_at_the_start():
        c.db.stop()
        p = c.sync(check=False)
        assert p.returncode == 1 and "database staging: connect" in p.stderr, p
        p = c.admin("status", check=False)
        assert p.returncode == 1 and "DOES NOT ANSWER" in p.stdout, p
        c.db.start()
        c.sync()
        all_applied_once()

    sys.exit(main([(f.__name__, f) for f in (
        the_cloud_is_away_at_the_start, the_cloud_is_killed_in_mid_run_and_comes_back,
        the_cloud_is_killed_in_mid_run_and_stays_away, the_staging_server_is_killed_in_mid_run_and_comes_back,
        the_staging_server_is_away_at_the_start)]))
