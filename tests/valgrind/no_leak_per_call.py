#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""10,000 calls of all kinds under valgrind: nothing is lost per call; and 40,000 without it: the
workers' memory stays flat."""
import os
import pathlib
import re
import sys
import threading

from campaign import Client, Instance, main, need

os.environ["CAMPAIGN_TEST_PATIENCE"] = "10"
import campaign  # noqa: E402  (PATIENCE is read at import)
campaign.PATIENCE = 10.0

CALLS = [
    ("ingest", '<s xtkschema="dem:sampleTableStg" testcol1="a" amount="1.5"><location city="x"/><comment>m</comment></s>'),
    ("ingest_ext", '<s xtkschema="dem:sampleTableStg" _key="@id" id="k" testcol1="b"/>'),
    ("ingest_ext", '<s xtkschema="dem:sampleTableStg" _operation="delete" _key="@id" id="k"/>'),
    ("ingest", '<s-collection xtkschema="dem:sampleTableStg"><s testcol1="1"/><s testcol1="2"/></s-collection>'),
    ("ingest", '<s xtkschema="dem:sampleTableStg" amount="bad"/>'),
    ("ingest", '<s xtkschema="dem:nothingStg"/>'),
    ("ingest", "<unclosed>"),
]


def drive(c, total, clients=4):
    s = c.logon()
    errors = []

    def one(share):
        client = Client(c.port, s.token)
        for i in range(share):
            method, document = CALLS[i % len(CALLS)]
            r = getattr(client, method)(document)
            if r.status not in (200, 500):
                errors.append(repr(r))
            if i % 500 == 499:
                client.call("xtk:session", "TestCnx")
    threads = [threading.Thread(target=one, args=(total // clients,)) for _ in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors[:3]


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def valgrind_finds_no_leak():
    need("valgrind")
    with Instance(start=False, workers=1, threads=4, wrapper=[
            "valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite",
            "--error-exitcode=99", "--trace-children=yes", "--child-silent-after-fork=no", "--num-callers=20"]) as c:
        c.deploy_samples()
        c.add_operator(c.LOGIN, c.PASSWORD, "admin")
        c.start_pool()
        c.start_nginx()
        drive(c, 10_000)
        os.kill(c.supervisor(), 15)
        status = c.pool.wait(200)
        c.pool = None
        log = c.pool_log()
        lost = re.findall(r"definitely lost: ([\d,]+) bytes", log)
        errors = re.findall(r"ERROR SUMMARY: (\d+) errors", log)
        print(f"     definitely lost by process: {lost}, errors: {errors}")
        assert len(errors) >= 2, "valgrind's summary of supervisor and worker is missing:\n" + log[-3000:]
        assert set(errors) == {"0"}, log[-6000:]
        assert status == 0, status


def resident_set_is_flat():
    with Instance(workers=2, threads=4) as c:
        drive(c, 20_000)
        before = {w: resident_kib(w) for w in c.workers()}
        drive(c, 40_000)
        after = {w: resident_kib(w) for w in c.workers()}
        print(f"     RSS in KiB by worker: {before} -> {after}")
        assert before.keys() == after.keys(), "a worker died"
        for w in before:
            assert after[w] < before[w] * 1.10 + 1024, "memory grows with calls"


sys.exit(main([(f.__name__, f) for f in (valgrind_finds_no_leak, resident_set_is_flat)]))
