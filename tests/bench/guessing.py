#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures what guesses of passwords take from ingestion, and whether a right log-on gets through.

Starts everything itself and ends it again: a private MariaDB, campaign-ingest in its default
configuration but for the limits of failed logons, which are off so that each guess reaches the lane in
which passwords are verified, and nginx as shipped.  wrk sends calls at full speed.  Windows alternate:
without guesses; with 50 wrong logons a second, each from another address of the loopback network;
and with as many from one address.  During the latter two a right logon is tried every half second, and
again after as long as Retry-After says until it succeeds.  Nothing else should run meanwhile.

Columns are those of ingest.py.  A run is sound if no call failed, every acknowledged record is in the
log, and the guesses came at their rate and were answered with 403 or 429; then the exit status is 0.
Bars that are missed are shown and change the exit status only with --strict.
"""
import argparse
import contextlib
import http.client
import pathlib
import signal
import statistics
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from campaign import BUILD, SOAP, Instance, Skip, need  # noqa: E402

import load  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
from bench import Bench, Pace  # noqa: E402

RATE = 50  # guesses a second
SENDERS = 25  # so many of them may be on their way
CLIENTS = 64
KEPT, SOON = 0.80, 5.0  # the bars: rate of calls; seconds until a right logon has succeeded
FULL = Pace(seconds=4, rounds=5, full_log=0, backlog=0, memory_calls=0, budget=170)
QUICK = Pace(seconds=2, rounds=3, full_log=0, backlog=0, memory_calls=0, budget=60)


def logon(port, source, login, password):
    """Status, and the seconds of Retry-After."""
    body = (f'<e:Envelope xmlns:e="{SOAP}"><e:Body><Logon xmlns="urn:xtk:session"><t/><a>{login}</a>'
            f"<b>{password}</b><c/></Logon></e:Body></e:Envelope>")
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30,
                                                       source_address=(source, 0))) as http_connection:
        http_connection.request("POST", "/nl/jsp/soaprouter.jsp", body,
                                {"Content-Type": "text/xml", "SOAPAction": "xtk:session#Logon"})
        r = http_connection.getresponse()
        r.read()
        return r.status, int(r.headers.get("Retry-After", 0))


class Guesses:
    """RATE wrong logons a second from ADDRESSES (an iterator), and a right one twice a second."""

    def __init__(self, instance, addresses):
        self.c, self.addresses, self.lock, self.over = instance, addresses, threading.Lock(), threading.Event()
        self.statuses, self.delays, self.next = [], [], time.monotonic()
        self.threads = [threading.Thread(target=self.guess) for _ in range(SENDERS)]
        self.threads.append(threading.Thread(target=self.log_on))

    def guess(self):
        while not self.over.is_set():
            with self.lock:
                self.next += 1 / RATE
                due, address = self.next, next(self.addresses)
            if self.over.wait(max(0, due - time.monotonic())):
                return
            self.statuses.append(logon(self.c.port, address, self.c.LOGIN, "wrong")[0])

    def log_on(self):
        """Over and over; each try of it is counted from its beginning to its success."""
        while not self.over.wait(0.5):
            started, status = time.monotonic(), None
            while status != 200:
                status, wait = logon(self.c.port, "127.0.0.1", self.c.LOGIN, self.c.PASSWORD)
                if status != 200:
                    time.sleep(max(wait, 0.1))
            self.delays.append(time.monotonic() - started)

    def __enter__(self):
        self.started = time.monotonic()
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()
        self.seconds = time.monotonic() - self.started


class Guessing(Bench):
    """Needs no peers to compare with."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.instance = c = Instance(start=False, conf={"limits": {
                "logon_failures_per_minute": 0, "operator_logon_failures_per_minute": 0}})
            for key in ("workers", "threads"):
                del c.settings["pool"][key]
            stack.enter_context(c)
            c.deploy_samples()
            c.add_operator(c.LOGIN, c.PASSWORD, "admin")
            c.start_pool()
            c.start_nginx(workers=peers.processors())
            self.token = c.logon().token
            self.ours = peers.Ours(c)
            self.single = self.request_file("single", "Ingest", load.record())
            self.check_answer(self.ours)
            self.floods = {"from many addresses": [], "from one address": []}
            self.stack = stack.pop_all()
        return self

    def flooded(self, name, addresses):
        with Guesses(self.instance, addresses) as guesses:
            w = self.calls(self.ours, CLIENTS)
        self.floods[name].append(guesses)
        if not set(guesses.statuses) <= {403, 429}:
            self.problem(f"guesses {name}: answers {set(guesses.statuses)}")
        if len(guesses.statuses) < 0.8 * RATE * w.seconds:
            self.problem(f"guesses {name}: only {len(guesses.statuses)} in {w.seconds:.1f} s")
        return w


def many_addresses():
    while True:
        for n in range(1 << 16, 1 << 24):
            yield f"127.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def one_address():
    while True:
        yield "127.200.0.1"


def measure(b, r):
    b.scenario = "guessing"
    addresses = many_addresses()
    seen = b.alternate({
        "no guesses": lambda: b.calls(b.ours, CLIENTS),
        "from many addresses": lambda: b.flooded("from many addresses", addresses),
        "from one address": lambda: b.flooded("from one address", one_address())})
    calm = seen["no guesses"]
    r.head(f"Ingest, {CLIENTS} clients, with {RATE} wrong logons a second; ratio to none")
    for name, s in seen.items():
        r.row(name, s, s.rate / calm.rate)
    for name, floods in b.floods.items():
        judged = sum(f.statuses.count(403) for f in floods) / sum(f.seconds for f in floods)
        refused = sum(f.statuses.count(429) for f in floods) / sum(f.seconds for f in floods)
        delays = [d for f in floods for d in f.delays]
        r.note(f"{name}: {judged:.1f} guesses a second were verified, {refused:.1f} refused at once; a right logon"
               f" took {statistics.median(delays):.2f} s (median of {len(delays)}), {max(delays):.2f} s at most")
        b.windows.append({"scenario": b.scenario, "name": f"right logons {name}", "seconds": delays})
        r.bar(f"Ingest while guesses come {name}: of none", KEPT, seen[name].rate / calm.rate)
        r.bar(f"A right logon while guesses come {name}", SOON, max(delays), at_least=False, unit=" s")


def verdict(b, r, strict):
    print("\nBars")
    for bar in r.bars:
        print(bar.line())
    for problem in b.problems:
        print(f"NOT SOUND {problem}")
    print(f"\n{b.elapsed():.0f} s; others used {b.disturbance():.2f} processors meanwhile"
          " (this program, which sends the guesses, among them)")
    return 1 if b.problems or (strict and not all(bar.met for bar in r.bars)) else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="short windows; to try it, not to quote it")
    p.add_argument("--json", metavar="FILE", type=pathlib.Path, default=BUILD / "bench-guessing.json",
                   help="where to write all figures (default: %(default)s)")
    p.add_argument("--strict", action="store_true", help="exit with 1 if a bar is missed")
    o = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers are ended on the way out
    try:
        need("mariadbd", "nginx", "wrk")
        with Guessing(QUICK if o.quick else FULL) as b:
            about, r = report.machine(b.instance.folder), report.Report()
            print(f"{about['processors']} processors, {about['model']}, Linux {about['kernel']}")
            measure(b, r)
            status = verdict(b, r, o.strict)
            report.write_json(o.json, b, r, about, {k: str(v) for k, v in vars(o).items()})
            return status
    except Skip as e:
        print(f"cannot measure: {e}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
