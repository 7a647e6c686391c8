#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""5,000 calls of each kind that a stranger can send: the pool's log and nginx's stay small, say how much
they left out, and hold nothing that could pass for a line of its own or rule a terminal."""
import re
import sys
import threading
import time

from campaign import Instance, main, wait_for

WORKERS, AT_ONCE, CALLS, CLIENTS = 2, 200, 5000, 8
NASTY = "x\x1b[2J\u009b\u2028error: forged"


def unknown_token(client):
    return client.ingest('<s xtkschema="dem:sampleTableStg" testcol1="x"/>', token="___" + NASTY.replace("\x1b", ""))


def unknown_method(client):
    return client.call("xtk:session", "Destroy", headers={"SOAPAction": "xtk:session#Destroy\x1b[31m"})


def no_xml(client):
    return client.post("<" + "a" * 200 + "\x1b", "xtk:session#Ingest")


def no_such_path(client):
    return client.request("GET", "/nl/jsp/nothing.jsp?" + "a" * 500)


with Instance(workers=WORKERS) as c:
    def flood(call, calls=CALLS):
        statuses, errors = set(), []

        def run():
            client = c.client()
            try:
                for _ in range(calls // CLIENTS):
                    statuses.add(call(client).status)
            except Exception as e:  # noqa: BLE001
                errors.append(e)
        threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not errors and 200 not in statuses, (statuses, errors[:1])

    def lines():
        return c.pool_log().splitlines()

    def calls_that_fail():
        before, started = len(lines()), time.monotonic()
        for call in (unknown_token, unknown_method, no_xml, no_such_path):
            flood(call)
        most = WORKERS * (AT_ONCE + time.monotonic() - started + 2)
        written = lines()[before:]
        assert AT_ONCE <= len(written) <= most, (len(written), most)
        assert any("held back" in line for line in written), written[-3:]

    def it_goes_on_speaking():
        """A line a second and worker, until all that was held back is accounted for."""
        def counted():
            flood(unknown_method, CLIENTS)  # at a time, so that every worker gets some
            text = c.pool_log()
            held = sum(int(n) for n in re.findall(r"and (\d+) more like this, held back", text))
            return 3 * CALLS <= held + text.count(" failed: ")  # nginx answers the path that does not exist
        wait_for("the pool speaks again", lambda: time.sleep(0.5) or counted())

    def lines_are_lines():
        text = (c.folder / "ingestd.log").read_bytes().decode()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
        for line in lines():
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z campaign-ingestd\[\d+\]: (info|warn|error): ", line), line

    def the_web_servers_log_stays_small_too():
        size = (c.folder / "nginx" / "error.log").stat().st_size
        assert size < 100000, size

    def the_pool_still_answers():
        assert c.logon().ingest('<s xtkschema="dem:sampleTableStg" testcol1="x"/>').status == 200

    sys.exit(main([(f.__name__, f) for f in (calls_that_fail, it_goes_on_speaking, lines_are_lines,
                                             the_web_servers_log_stays_small_too, the_pool_still_answers)]))
