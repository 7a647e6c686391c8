#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""10.1, R10.1: campaign-sync --if-requested serves what callers have asked for, and only that; a run that
is killed loses no request, and one that comes during a run is for the next."""
import subprocess
import sys
import time

from campaign import Instance, main, wait_for

with Instance() as c:
    client = c.logon()

    def request(schema):
        c.staging(f"INSERT IGNORE INTO campaign_request VALUES ('{schema}', UTC_TIMESTAMP(3), 'feed1')")

    def requests():
        return [r[0] for r in c.staging("SELECT schema_id FROM campaign_request UNION ALL"
                                        " SELECT CONCAT('taken ', schema_id) FROM campaign_request_taken ORDER BY 1")]

    def runs():
        return int(c.staging("SELECT COUNT(*) FROM campaign_run")[0][0])

    def stage(count=1, schema="dem:sampleTableStg"):
        r = client.ingest_ext(f'<s-collection xtkschema="{schema}">' + "<s _operation='insert'/>" * count + '</s-collection>')
        assert r.status == 200, r

    def holding_the_lock():
        """Another run, as far as this database can see."""
        p = subprocess.Popen(c.db.client("stg") + ["-e", "SELECT GET_LOCK('campaign-sync:stg', 0); SELECT SLEEP(60)"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the lock is held", lambda: c.staging("SELECT IS_USED_LOCK('campaign-sync:stg') IS NOT NULL") == [["1"]])
        return p

    def let_go(p):
        c.staging("SET @id = IS_USED_LOCK('campaign-sync:stg'); EXECUTE IMMEDIATE CONCAT('KILL ', @id)")
        p.wait(20)
        wait_for("the lock is free", lambda: c.staging("SELECT IS_FREE_LOCK('campaign-sync:stg')") == [["1"]])

    def nothing_requested_is_silent_and_quick():
        stage()
        before, started = runs(), time.monotonic()
        p = c.sync("--if-requested")
        assert p.stdout == p.stderr == "" and time.monotonic() - started < 5, p
        assert runs() == before and c.pending() == 1

    def R10_1_only_the_schema_that_was_asked_for():
        stage(schema="nms:recipientStg")
        request("dem:sampleTable")
        c.sync("--if-requested")
        assert c.pending() == 0 and c.pending("nms_recipient") == 1 and requests() == []
        before = runs()
        c.sync("--if-requested")
        assert runs() == before

    def R10_1_empty_stands_for_all():
        stage()
        request("")
        request("dem:sampleTable")
        c.sync("--if-requested", "--json")
        assert c.pending() == 0 and c.pending("nms_recipient") == 0 and requests() == []

    def a_schema_that_is_gone_does_no_harm():
        request("dem:gone")
        c.sync("--if-requested")
        assert requests() == []

    def ordinary_runs_serve_requests():
        request("dem:sampleTable")
        request("nms:recipient")
        c.sync("--schema", "dem:sampleTableStg")
        assert requests() == ["nms:recipient"]
        request("")
        c.sync("--dry-run")
        assert requests() == ["", "nms:recipient"]
        c.sync()
        assert requests() == []

    def while_another_run_holds_the_lock_it_waits():
        p = holding_the_lock()
        try:
            request("dem:sampleTable")
            r = c.sync("--if-requested", "--quiet", check=False)
            assert r.returncode == 4 and requests() == ["dem:sampleTable"] and r.stderr == "", r
            # The run that holds the lock serves what is taken.
            c.staging("DELETE FROM campaign_request; INSERT INTO campaign_request_taken VALUES ('dem:sampleTable', NOW(3), 'x')")
            r = c.sync("--if-requested", check=False)
            assert r.returncode == 0 and r.stdout == r.stderr == "", r
        finally:
            let_go(p)
        stage()
        c.sync("--if-requested")
        assert c.pending() == 0 and requests() == []

    def R10_1_a_killed_run_loses_no_request():
        for _ in range(10):
            stage(5000)
        request("dem:sampleTable")
        p = c.sync_process("--if-requested", "--batch", "100")
        wait_for("the run has begun", lambda: requests() == ["taken dem:sampleTable"])
        wait_for("it is at work", lambda: c.pending() < 50000)
        p.kill()
        p.wait()
        p.stderr.close()
        assert c.pending() > 0 and requests() == ["taken dem:sampleTable"]
        c.sync("--if-requested")
        assert c.pending() == 0 and requests() == []

    def R10_1_one_that_comes_during_a_run_is_for_the_next():
        for _ in range(4):
            stage(5000)
        request("dem:sampleTable")
        p = c.sync_process("--if-requested", "--batch", "100")
        wait_for("the run has begun", lambda: requests() == ["taken dem:sampleTable"])
        wait_for("it is at work", lambda: c.pending() < 20000)
        stage()
        request("dem:sampleTable")
        assert p.wait(300) == 0, p.stderr.read()
        p.stderr.close()
        assert requests() == ["dem:sampleTable"] and c.pending() == 1
        c.sync("--if-requested")
        assert requests() == [] and c.pending() == 0

    def a_cloud_that_is_away_keeps_it():
        cnf = c.folder / "db.cnf"
        text = cnf.read_text()
        stage()
        request("dem:sampleTable")
        cnf.write_text(text.replace("[campaign-cloud]\nsocket=", "[campaign-cloud]\nsocket=/nowhere"))
        assert c.sync("--if-requested", check=False).returncode == 1
        assert requests() == ["taken dem:sampleTable"]
        cnf.write_text(text)
        c.sync("--if-requested")
        assert requests() == [] and c.pending() == 0

    def a_failure_for_good_ends_it():
        c.cloud("RENAME TABLE dem_sampleTable TO elsewhere")
        stage()
        request("dem:sampleTable")
        assert c.sync("--if-requested", check=False).returncode == 1
        assert requests() == [] and c.pending() == 1
        c.cloud("RENAME TABLE elsewhere TO dem_sampleTable")

    def used_wrongly():
        for args in (("--schema", "dem:sampleTable"), ("--dry-run",)):
            assert c.sync("--if-requested", *args, check=False).returncode == 2

    sys.exit(main([(n, f) for n, f in list(globals().items())
                   if callable(f) and getattr(f, "__module__", "") == "__main__"
                   and n not in ("request", "requests", "runs", "stage", "holding_the_lock", "let_go")]))
