#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5: what the cloud refuses is found among 10,000 changes in few round trips, and kept with its reason;
what follows it waits behind it, in order, and leaves with it. `campaign-admin rejects` shows all of it."""
import json
import math
import random
import sys

from campaign import Instance, Session, main, wait_for

COUNT = 10000
# Halving takes two merges for each halving of the batch, and a merge a handful of statements; loading a
# part costs one more for each 1000 changes.
MERGES_PER_BAD = 2 * math.ceil(math.log2(COUNT))
STATEMENTS_PER_MERGE = 10

with Instance(conf={"sync": {"batch_rows": COUNT}}) as c:
    client = c.logon()
    dice = random.Random(7)
    c.deploy_text("""<srcSchema namespace="t" name="other" label="Other">
      <element name="other" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
        <key name="name"><keyfield xpath="@name"/></key>
        <attribute name="name"/><attribute name="size" type="long"/>
      </element></srcSchema>""")

    def ext(attributes, schema="dem:sampleTable"):
        r = client.ingest_ext(f'<x xtkschema="{schema}" {attributes}/>')
        assert r.status == 200, r

    def many(count, make):
        for i in range(0, count, 1000):
            r = client.ingest_ext('<all xtkschema="dem:sampleTable">' + "".join(
                f"<sampleTable {make(n)}/>" for n in range(i, min(i + 1000, count))) + "</all>")
            assert r.status == 200, r

    def rejects(*args):
        return json.loads(c.admin("rejects", *args, "--json").stdout)

    def rule(text="testcol1 IS NULL OR testcol1 <> 'bad'"):
        c.cloud(f"ALTER TABLE dem_sampleTable ADD CONSTRAINT rule CHECK ({text})")

    def no_rule():
        c.cloud("ALTER TABLE dem_sampleTable DROP CONSTRAINT rule")

    def questions():
        return int(c.db.sql("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1])

    def statements_for(bad):
        """Those of a run of which the changes numbered BAD are refused; nothing else asks meanwhile."""
        c.cloud("DELETE FROM dem_sampleTable")
        many(COUNT, lambda n: f'_key="@id" id="n{n}" testcol1="{"bad" if n in bad else "good"}"')
        c.stop_pool()
        try:
            before = questions()
            p = c.sync("--schema", "dem:sampleTable", "--json", check=False)
            spent = questions() - before
        finally:
            c.start_pool()
        r = json.loads(p.stdout)
        assert p.returncode == (3 if bad else 0), p
        assert r["merged"] == COUNT - len(bad) and r["rejected"] == len(bad), r
        assert sorted(x["fields"]["id"] for x in rejects()) == sorted(f"n{n}" for n in bad)
        assert all("rule" in x["reason"] for x in rejects())
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable") == [[str(COUNT - len(bad))]]
        if bad:
            c.admin("rejects", "drop", *(x["id"] for x in rejects()))
        print(f"     {len(bad)} bad of {COUNT}: {spent} statements, {r['milliseconds']} ms")
        return spent

    def R10_5_bad_changes_are_found_in_few_statements():
        rule()
        none = statements_for([])
        assert none < 100, none
        for bad in (1, 5):
            spent = statements_for(dice.sample(range(COUNT), bad))
            bound = none + (1 + bad * MERGES_PER_BAD) * STATEMENTS_PER_MERGE
            assert spent <= bound, f"{spent} statements for {bad} bad changes, more than {bound}"
        no_rule()

    def R10_5_what_follows_waits_also_within_a_run():
        rule()
        for n in range(5):
            ext(f'_key="@id" id="w" testcol1="{"bad" if n == 1 else f"v{n}"}" quantity="{n}"')
            ext(f'_key="@id" id="free{n}" testcol1="good"')
        p = c.sync("--batch", "2", check=False)
        assert p.returncode == 3, p
        r = rejects()
        assert [(x["fields"]["testcol1"], x["held"]) for x in r] == [
            ("bad", False), ("v2", True), ("v3", True), ("v4", True)], r
        assert all(x["reason"] == f"held behind rejected change {first}" for first in
                   c.staging("SELECT MIN(seq) FROM campaign_reject")[0] for x in r[1:]), r
        assert c.cloud("SELECT testcol1, quantity FROM dem_sampleTable WHERE id = 'w'") == [["v0", "0"]]
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable WHERE id LIKE 'free%'") == [["5"]]

    def R10_5_what_is_held_leaves_when_the_last_refusal_goes():
        ext('_key="@id" id="w" testcol2="last"')
        assert c.sync(check=False).returncode == 3
        r = rejects()
        c.admin("rejects", "drop", r[0]["id"])
        assert rejects() == [] and c.pending() == 4
        c.sync()
        assert c.cloud("SELECT testcol1, testcol2, quantity FROM dem_sampleTable WHERE id = 'w'") == [
            ["v4", "last", "4"]]
        no_rule()

    def R10_5_a_retry_that_is_refused_again_keeps_the_order():
        rule()
        for value in ("v0", "bad", "v2"):
            ext(f'_key="@id" id="again" testcol1="{value}"')
            c.sync(check=False)
        before = [(x["fields"], x["held"]) for x in rejects()]
        c.admin("rejects", "retry")
        ext('_key="@id" id="again" testcol1="v3"')
        assert c.sync("--batch", "1", check=False).returncode == 3
        after = [(x["fields"], x["held"]) for x in rejects()]
        assert after[:2] == before and [x[0]["testcol1"] for x in after] == ["bad", "v2", "v3"], after
        no_rule()
        c.admin("rejects", "retry")
        c.sync()
        assert c.cloud("SELECT testcol1 FROM dem_sampleTable WHERE id = 'again'") == [["v3"]]

    def rejects_of_one_schema():
        rule()
        c.cloud("ALTER TABLE t_other ADD CONSTRAINT small CHECK (size < 5)")
        ext('_key="@id" id="one" testcol1="bad"')
        ext('_key="@name" name="two" size="7"', "t:other")
        assert c.sync(check=False).returncode == 3
        assert [x["schema"] for x in rejects()] == ["dem:sampleTable", "t:other"]
        assert [x["schema"] for x in rejects("t:other")] == ["t:other"]
        assert c.admin("rejects", "t:nothing", check=False).returncode == 1
        assert c.admin("rejects", "retry", "t:nothing", check=False).returncode == 1
        c.cloud("ALTER TABLE t_other DROP CONSTRAINT small")
        assert "1 changes queued" in c.admin("rejects", "retry", "t:other").stdout
        assert [x["schema"] for x in rejects()] == ["dem:sampleTable"] and c.pending("t_other") == 1
        p = c.sync(check=False)
        assert p.returncode == 0, p  # what was rejected by an earlier run is no news
        assert c.cloud("SELECT size FROM t_other") == [["7"]]

    def callers_text_breaks_no_list():
        nasty = 'a"b\\c&lt;d>\u00e5&#10;second line&#9;tab'
        ext(f"_key='@id' id='nasty' testcol1='bad' testcol2='{nasty}'")
        assert c.sync(check=False).returncode == 3
        x = rejects()[-1]
        assert x["fields"]["testcol2"] == 'a"b\\c<d>\u00e5\nsecond line\ttab', x
        text = c.admin("rejects").stdout
        assert len(text.splitlines()) == 1 + len(rejects()), text

    def nothing_moves_while_a_run_works():
        many(100, lambda n: f'_key="@id" id="busy{n}"')
        ids = [x["id"] for x in rejects()]
        with Session(c.db, "cloud") as other:
            other.run("LOCK TABLES dem_sampleTable WRITE")
            p = c.sync_process()
            wait_for("the run waits at the cloud", lambda: c.db.sql(
                "SELECT 1 FROM information_schema.PROCESSLIST"
                " WHERE STATE = 'Waiting for table metadata lock'"))
            a = c.admin("rejects", "drop", ids[0], check=False)
        p.communicate(timeout=60)
        assert a.returncode == 1 and "a replication run is under way" in a.stderr, a
        assert [x["id"] for x in rejects()] == ids
        c.admin("rejects", "drop", *ids)
        assert rejects() == [] and "nothing is rejected" in c.admin("rejects").stdout

    sys.exit(main([(f.__name__, f) for f in (
        R10_5_bad_changes_are_found_in_few_statements, R10_5_what_follows_waits_also_within_a_run,
        R10_5_what_is_held_leaves_when_the_last_refusal_goes,
        R10_5_a_retry_that_is_refused_again_keeps_the_order, rejects_of_one_schema,
        callers_text_breaks_no_list, nothing_moves_while_a_run_works)]))
