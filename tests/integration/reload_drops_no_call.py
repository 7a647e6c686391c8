#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""SIGHUP under load drops no call; SIGTERM answers what is in hand; a deployment under load fails
no call and the new attribute is known within 2 seconds (R5.12a)."""
import signal
import sys
import threading
import time

from campaign import SOURCE, Client, Instance, main, wait_for

SERIAL = "2 seconds are 2 seconds"


class Load(threading.Thread):
    def __init__(self, c, token, stop):
        super().__init__()
        self.client, self.stop, self.good, self.bad = Client(c.port, token), stop, 0, []

    def run(self):
        while not self.stop.is_set():
            try:
                r = self.client.ingest('<s xtkschema="dem:sampleTableStg" testcol1="x"/>')
            except OSError as e:
                self.bad.append(repr(e))
                continue
            if r.status == 200:
                self.good += 1
            else:
                self.bad.append(repr(r))


def under_load(c, act, clients=8):
    stop = threading.Event()
    token = c.logon().token
    loads = [Load(c, token, stop) for _ in range(clients)]
    for x in loads:
        x.start()
    try:
        wait_for("load flows", lambda: sum(x.good for x in loads) > 50)
        act()
    finally:
        stop.set()
        for x in loads:
            x.join()
    return loads


with Instance(workers=2, threads=4) as c:
    # A worker that is to go stays until nginx closes its idle connections: no minute of that here.
    c.stop_nginx()
    c.start_nginx(edit=lambda site: site.replace("keepalive_timeout 60s", "keepalive_timeout 3s"))

    def reloads_drop_no_call():
        before = c.workers()

        def act():
            for i in range(40):
                c.pool.send_signal(signal.SIGHUP)
                time.sleep(0.05)
        loads = under_load(c, act)
        bad = [b for x in loads for b in x.bad]
        assert not bad, (len(bad), bad[:3])
        assert c.workers() == before, "workers were replaced"

    def a_bad_configuration_is_refused_and_the_old_kept():
        good = c.conf.read_text()
        c.conf.write_text(good + "[nonsense]\nx = 1\n")
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the log says so", lambda: "nonsense" in c.pool_log())
        assert c.logon().ingest('<s xtkschema="dem:sampleTableStg" testcol1="x"/>').status == 200
        c.conf.write_text(good)
        c.pool.send_signal(signal.SIGHUP)

    def the_number_of_workers_follows():
        c.settings["pool"]["workers"] = 3
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("three workers", lambda: len(c.workers()) == 3)

    def R5_12a_a_deployment_fails_no_call():
        source = (SOURCE / "sql/schemas/samples/dem_sampleTable.xml").read_text()
        source = source.replace('<attribute name="testcol1"', '<attribute name="extra" type="string" length="30" '
                                'default="\'none\'"/>\n<attribute name="testcol1"')
        client = c.logon()

        def act():
            c.deploy_text(source)
            deployed = time.monotonic()
            wait_for("the new attribute is known", lambda: client.ingest(
                '<s xtkschema="dem:sampleTableStg" _key="@id" id="new" extra="here"/>').status == 200)
            assert time.monotonic() - deployed < 2, time.monotonic() - deployed
            time.sleep(0.5)
        loads = under_load(c, act)
        bad = [b for x in loads for b in x.bad]
        assert not bad, (len(bad), bad[:3])
        c.sync()
        assert c.cloud("SELECT extra FROM dem_sampleTable WHERE id = 'new'") == [["here"]]
        assert c.cloud("SELECT DISTINCT extra FROM dem_sampleTable WHERE id <> 'new'") == [["none"]]

    def more_kept_connections_than_threads_starve_nobody():
        idle = [c.logon() for _ in range(3)]
        idle += [Client(c.port, idle[0].token) for _ in range(60)]
        for x in idle:
            assert x.request("GET", "/r/test").status == 200
        started = time.monotonic()
        for _ in range(50):
            assert Client(c.port, idle[0].token).ingest('<s xtkschema="dem:sampleTableStg" testcol1="x"/>').status == 200
        assert time.monotonic() - started < 5, "idle kept connections hold the pool up"
        for x in idle:
            x.close()

    def SIGTERM_answers_calls_in_hand():
        # Calls that are being answered when SIGTERM comes get their answer; later ones cannot.
        before = c.pending()

        def act():
            c.pool.send_signal(signal.SIGTERM)
            c.pool.wait(30)
        loads = under_load(c, act)
        status, c.pool = c.pool.returncode, None
        assert status == 0, status
        good = sum(x.good for x in loads)
        assert c.pending() - before == good, f"{good} acknowledged, {c.pending() - before} staged"

    sys.exit(main([(f.__name__, f) for f in (
        reloads_drop_no_call, a_bad_configuration_is_refused_and_the_old_kept, the_number_of_workers_follows,
        R5_12a_a_deployment_fails_no_call, more_kept_connections_than_threads_starve_nobody,
        SIGTERM_answers_calls_in_hand)]))
