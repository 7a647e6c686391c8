#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5, R10.5a: the cloud's server was made read-only, as before a switch-over. That lasts a while and is no
fault of the data: the run tries again, then says so and ends; nothing becomes a reject, and the next run
moves everything."""
import json
import sys

from campaign import main
from two_servers import counted, stage, start_run, two_servers

with two_servers({"sync": {"batch_rows": 2000}}) as c:
    client = c.logon()

    def all_applied_once(total):
        assert c.pending() == 0
        assert counted(c) == (total, total), (counted(c), total)
        assert c.staging("SELECT COUNT(*) FROM campaign_reject") == [["0"]]

    def refused_with(p, text):
        """Reads what the run says until it complains of TEXT."""
        said = ""
        for line in p.stderr:
            said += line
            if text in line:
                return
        raise AssertionError(f"the run never met '{text}': {said}")

    def for_a_moment():
        stage(client, 100, "r", "moment")
        c.far.sql("SET GLOBAL read_only = 1")
        p = start_run(c, "--json", "--schema", "dem:sampleTable")
        refused_with(p, "read-only")
        c.far.sql("SET GLOBAL read_only = 0")
        out, _ = p.communicate(timeout=60)
        r = json.loads(out)
        assert p.returncode == 0 and r["retries"] > 0 and r["merged"] == 100 and r["rejected"] == 0, r
        all_applied_once(100)

    def until_the_run_gives_up():
        stage(client, 100, "r", "longer")
        c.far.sql("SET GLOBAL read_only = 1")
        p = c.sync("--schema", "dem:sampleTable", check=False)
        assert p.returncode == 1 and c.pending() == 100, p
        run = json.loads(c.admin("runs", "--json").stdout)[-1]
        assert run["outcome"] == "failed" and "read-only" in run["message"], run
        assert json.loads(c.admin("status", "--json").stdout)["last_outcome"] == "failed"
        stage(client, 10, "s", "meanwhile")  # calls go on
        c.far.sql("SET GLOBAL read_only = 0")
        c.sync()
        all_applied_once(210)

    sys.exit(main([(f.__name__, f) for f in (for_a_moment, until_the_run_gives_up)]))
