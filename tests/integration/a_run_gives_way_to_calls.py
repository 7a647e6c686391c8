#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""While calls come in, for whichever schema, a run rests longer between its batches than these take; while
none come it does not. The summary tells: batches' milliseconds beside those of the whole run."""
import sys
import threading

from campaign import Instance, main, wait_for

CHANGES = 40000
SCHEMA = """<srcSchema namespace="t" name="%s" label="%s">
  <element name="%s" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key><attribute name="name"/></element>
</srcSchema>"""

with Instance(conf={"sync": {"batch_rows": 2000}}) as c:
    for name in ("moved", "twin", "called"):
        c.deploy_text(SCHEMA % (name, name, name), name + ".xml")
    client = c.logon()
    wait_for("the schemas are known", lambda: client.ingest_ext(
        '<x xtkschema="t:called" _operation="none"/>').status == 200, 4)

    def stage(schema, count, of=client):
        for i in range(0, count, 1000):
            r = of.ingest_ext(f'<all xtkschema="t:{schema}">' + "".join(
                f'<{schema} _key="@name" name="{n}"/>' for n in range(i, min(i + 1000, count))) + "</all>")
            assert r.status == 200, r

    def share_of_work(*args):
        """Of the time of a run, what one lane was at work on average."""
        r = c.sync_json("--schema", "t:moved", "--schema", "t:twin", *args)
        worked = [s["milliseconds"] for s in r["schemas"] if s["changes"]]
        assert r["merged"] in (CHANGES, 2 * CHANGES), r
        return sum(worked) / len(worked) / r["milliseconds"]

    def during_calls(run):
        over = threading.Event()

        def call():
            caller = c.logon()
            while not over.is_set():
                stage("called", 200, caller)
        thread = threading.Thread(target=call)
        thread.start()
        try:
            return run()
        finally:
            over.set()
            thread.join()

    def without_calls_it_does_not_rest():
        stage("moved", CHANGES)
        share = share_of_work()
        assert share > 0.6, share

    def calls_for_another_schema_make_it_rest():
        stage("moved", CHANGES)
        share = during_calls(share_of_work)
        assert share < 0.55, share  # 3/7, and what is not batches

    def two_lanes_rest_as_much_together():
        stage("moved", CHANGES)
        stage("twin", CHANGES)
        share = during_calls(share_of_work)
        assert share < 0.35, share  # 3/14 each

    sys.exit(main([(f.__name__, f) for f in (
        without_calls_it_does_not_rest, calls_for_another_schema_make_it_rest, two_lanes_rest_as_much_together)]))
