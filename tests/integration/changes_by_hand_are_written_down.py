#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each command of campaign-admin that changes something leaves a row in campaign_audit, in the transaction
of the change, without a secret in it; changes of callers carry operator and address, rejects too; failed
logons are in the pool's log."""
import getpass
import json
import os
import sys
import time

from campaign import SOURCE, Instance, main, wait_for

RECORD = '<r xtkschema="dem:sampleTableStg" %s/>'

with Instance(conf={"session": {"trusted_proxies": "127.0.0.1"},
                    "zone all": {"networks": "0.0.0.0/0", "allow_http": "true"}}) as c:
    def audit(*options):
        return json.loads(c.admin("audit", "--json", *options).stdout)

    def new(step, env=None):
        """What STEP has left."""
        before = len(audit())
        step()
        return [(row["action"], row["object"], row["detail"]) for row in audit()[before:]]

    def what_was_done_so_far():
        rows = audit()
        actions = [(row["action"], row["object"]) for row in rows]
        assert actions == [("db init", "both databases"), ("schema deploy", "dem:sampleTable"),
                           ("operator add", c.LOGIN)], actions
        for row in rows:
            assert row["who"] == f"{getpass.getuser()} (uid {os.getuid()})" or "sudo by" in row["who"], row
            assert row["host"] == os.uname().nodename and row["at"].startswith("20"), row

    def operators():
        def steps():
            c.add_operator("feed2", "another secret", "ingest=dem:*", "subscribe")
            c.admin("operator", "disable", "feed2")
            c.admin("operator", "enable", "feed2")
            c.admin("operator", "grant", "feed2", "--right", "replicate")
            c.admin("operator", "revoke", "feed2", "--right", "subscribe")
            c.admin("operator", "passwd", "feed2", "--password-stdin", input="a third secret\n")
            steps.token = c.admin("operator", "token", "feed2").stdout.strip()
        assert new(steps) == [
            ("operator add", "feed2", "ingest=dem:* subscribe"), ("operator disable", "feed2", ""),
            ("operator enable", "feed2", ""), ("operator grant", "feed2", "replicate"),
            ("operator revoke", "feed2", "subscribe"), ("operator passwd", "feed2", ""),
            ("operator token", "feed2", "")]
        everything = c.staging("SELECT * FROM campaign_audit")
        for secret in ("another secret", "a third secret", steps.token, c.PASSWORD, "argon2"):
            assert secret not in repr(everything), secret

    def services_and_folders():
        def steps():
            c.admin("folder", "add", "shop")
            c.admin("service", "add", "news", "--folder", "shop")
            c.admin("service", "remove", "news")
            c.admin("folder", "remove", "shop")
        assert new(steps) == [("folder add", "shop", ""), ("service add", "news", ""),
                              ("service remove", "news", ""), ("folder remove", "shop", "")]

    def space():
        ((action, schema, detail),) = new(lambda: c.admin("db", "compact", "dem:sampleTable"))
        assert (action, schema) == ("db compact", "dem:sampleTable") and " bytes, now " in detail, detail

    def schemas():
        path = SOURCE / "sql/schemas/samples/dem_sampleTable.xml"
        assert new(lambda: c.deploy(path)) == [("schema deploy", "dem:sampleTable", str(path))]

    def what_fails_leaves_nothing():
        def steps():
            for words in (("operator", "disable", "nobody"), ("service", "remove", "nothing"),
                          ("rejects", "drop", "99"), ("sessions", "end", "0123456789ab"), ("sessions", "list")):
                assert c.admin(*words, check=False).returncode != 0, words
        assert new(steps) == []

    def who_with_sudo():
        c.admin("operator", "enable", "feed2", env={"SUDO_USER": "alice"})
        expected = ", sudo by alice" if os.getuid() == 0 else f"(uid {os.getuid()})"
        assert audit()[-1]["who"].endswith(expected), audit()[-1]

    def since():
        assert audit("--since", "2020-01-01") == audit() and audit("--since", "2999-12-31 23:59:59") == []
        for bad in ("yesterday", "2026-13-01"):
            assert c.admin("audit", "--since", bad, check=False).returncode == 1
        assert c.admin("audit", "2026-01-01", check=False).returncode == 2
        assert "operator passwd" in c.admin("audit").stdout

    def rejects_keep_operator_and_address():
        s = c.logon()
        r = s.ingest(RECORD % 'testcol1="0123456789"', headers={"X-Forwarded-For": "192.0.2.77"})
        assert r.status == 200, r
        assert c.staging("SELECT _operator, _address FROM dem_sampleTableStg_log") == [[c.LOGIN, "192.0.2.77"]]
        c.cloud("ALTER TABLE dem_sampleTable MODIFY testcol1 VARCHAR(5)")
        assert c.sync(check=False).returncode == 3
        assert c.staging("SELECT _operator, _address FROM dem_sampleTableStg_rej") == [[c.LOGIN, "192.0.2.77"]]
        assert new(lambda: c.admin("rejects", "retry")) == [("rejects retry", "dem:sampleTable", "1 changes")]
        assert c.staging("SELECT _operator, _address FROM dem_sampleTableStg_log") == [[c.LOGIN, "192.0.2.77"]]
        assert c.sync(check=False).returncode == 3
        reject = json.loads(c.admin("rejects", "--json").stdout)[0]["id"]
        seq = c.staging("SELECT seq FROM campaign_reject")[0][0]
        assert new(lambda: c.admin("rejects", "drop", reject)) == [
            ("rejects drop", str(reject), f"dem:sampleTable, _seq {seq}")]

    def failed_logons_are_logged():
        def fail(n):
            one = c.client()
            one.call("xtk:session", "Logon", "<a>no\n&lt;b></a><b>hidden words</b><c/>", token="",
                     headers={"X-Forwarded-For": f"192.0.2.{n}"})
            one.close()
        started = time.monotonic()
        for n in range(1, 30):
            fail(n)
        lines = [line for line in c.pool_log().splitlines() if "logon failed: " in line]
        assert 1 <= len(lines) <= 2 * (time.monotonic() - started + 1), lines  # two workers, one a second each
        assert any('operator "no\\x0a<b>" from 192.0.2.1 ' in line for line in lines), lines
        assert "hidden words" not in c.pool_log()
        wait_for("it says how many there were", lambda: fail(99) or any(
            int(line.rpartition("(")[2].split()[0]) > 0 for line in c.pool_log().splitlines()
            if "logon failed: " in line), 20)

    def it_is_pruned_with_the_runs():
        c.staging("UPDATE campaign_audit SET at = UTC_TIMESTAMP(3) - INTERVAL 91 DAY WHERE action = 'folder add'")
        kept = len(audit()) - 1
        c.sync()
        assert len(audit()) == kept and not any(row["action"] == "folder add" for row in audit())

    sys.exit(main([(f.__name__, f) for f in (
        what_was_done_so_far, operators, services_and_folders, space, schemas, what_fails_leaves_nothing, who_with_sudo,
        since, rejects_keep_operator_and_address, failed_logons_are_logged, it_is_pruned_with_the_runs)]))
