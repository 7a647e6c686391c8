#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5: a change that the cloud refuses goes to the rejects, later changes of its record are held
behind it, everything else goes on; retry and drop keep the order."""
import json
import sys

from campaign import Instance, main

with Instance() as c:
    client = c.logon()

    def ext(key, **fields):
        values = " ".join(f'{k}="{v}"' for k, v in fields.items())
        r = client.ingest_ext(f'<s xtkschema="dem:sampleTableStg" _key="@id" id="{key}" {values}/>')
        assert r.status == 200, r

    def rejects():
        return json.loads(c.admin("rejects", "--json").stdout)

    def cloud():
        return dict(c.cloud("SELECT id, testcol1 FROM dem_sampleTable ORDER BY id"))

    def R10_5_a_refused_change_is_rejected_with_its_reason():
        c.cloud("ALTER TABLE dem_sampleTable ADD CONSTRAINT no_bad CHECK (testcol1 IS NULL OR testcol1 <> 'bad')")
        for i in range(20):
            ext(f"p{i}", testcol1="bad" if i in (3, 11) else "good")
        p = c.sync("--json", check=False)
        assert p.returncode == 3, (p.returncode, p.stdout, p.stderr)
        assert len(cloud()) == 18 and c.pending() == 0
        r = rejects()
        assert [x["fields"]["id"] for x in r] == ["p3", "p11"], r
        for x in r:
            assert set(x) == {"id", "schema", "key", "operation", "fields", "reason", "at", "held"}, x
            assert x["schema"] == "dem:sampleTable" and x["key"] == "@id" and x["held"] is False, x
            assert "no_bad" in x["reason"] and x["operation"] == "insertOrUpdate", x

    def R10_5_later_changes_are_held_behind_it():
        ext("p3", testcol2="later")
        ext("p3", testcol1="newest")
        ext("p4", testcol1="free")
        p = c.sync(check=False)
        assert p.returncode == 3, p
        held = [x for x in rejects() if x["held"]]
        assert [x["fields"]["id"] for x in held] == ["p3", "p3"], rejects()
        assert "p3" not in cloud() and cloud()["p4"] == "free"

    def R10_5_retry_keeps_the_old_order():
        c.cloud("ALTER TABLE dem_sampleTable DROP CONSTRAINT no_bad")
        ext("p3", amount=7)
        c.admin("rejects", "retry", "dem:sampleTable")
        assert rejects() == []
        c.sync()
        assert c.cloud("SELECT testcol1, testcol2, amount FROM dem_sampleTable WHERE id = 'p3'") == [["newest", "later", "7"]]
        assert cloud()["p11"] == "bad"

    def R10_5_drop_gives_up_and_releases_what_was_held():
        c.cloud("ALTER TABLE dem_sampleTable ADD CONSTRAINT no_worse CHECK (testcol1 <> 'worse')")
        ext("q", testcol1="worse")
        assert c.sync(check=False).returncode == 3
        ext("q", testcol1="fine")
        assert c.sync(check=False).returncode == 3
        r = rejects()
        assert [x["held"] for x in r] == [False, True], r
        assert c.admin("rejects", "drop", "999999", check=False).returncode == 1
        c.admin("rejects", "drop", str(r[0]["id"]))
        assert rejects() == [] and c.pending() == 1
        c.sync()
        assert cloud()["q"] == "fine"

    def one_run_at_a_time():
        lock = c.db.client("stg")
        import subprocess
        holder = subprocess.Popen(lock + ["-e", "SELECT GET_LOCK('campaign-sync:stg', 0); SELECT SLEEP(3)"],
                                  stdout=subprocess.PIPE)
        from campaign import wait_for
        wait_for("the lock is held", lambda: c.staging("SELECT IS_USED_LOCK('campaign-sync:stg') IS NOT NULL") == [["1"]])
        p = c.sync(check=False)
        holder.kill()
        holder.wait()
        assert p.returncode == 4, p
        wait_for("the lock is free", lambda: c.staging("SELECT IS_USED_LOCK('campaign-sync:stg') IS NULL") == [["1"]])
        c.sync()

    def every_run_leaves_a_row():
        runs = json.loads(c.admin("runs", "--json").stdout)
        outcomes = [r["outcome"] for r in runs if r["schema"] == "dem:sampleTable"]
        assert outcomes[:3] == ["rejects", "rejects", "done"], outcomes
        assert runs[0]["rejected"] == 2 and runs[0]["merged"] == 18 or runs[0]["schema"] != "dem:sampleTable", runs[0]
        status = json.loads(c.admin("status", "--json").stdout)
        assert status["pending"] == 0 and status["rejects"] == 0 and status["last_outcome"] == "done", status

    def wrong_use_has_its_exit_code():
        assert c.run("campaign-sync", "--nonsense", check=False).returncode == 2
        assert c.run("campaign-sync", "--schema", "dem:nothing", check=False).returncode in (1, 2)
        assert c.admin("rejects", "drop", check=False).returncode == 2

    sys.exit(main([(f.__name__, f) for f in (
        R10_5_a_refused_change_is_rejected_with_its_reason, R10_5_later_changes_are_held_behind_it,
        R10_5_retry_keeps_the_old_order, R10_5_drop_gives_up_and_releases_what_was_held, one_run_at_a_time,
        every_run_leaves_a_row, wrong_use_has_its_exit_code)]))
