#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Full load for a long time, while the database is restarted every minute, a worker is killed every ten seconds
and campaign-sync runs every twenty: nothing is lost or doubled, no call hangs, no memory is lost.

Starts everything itself and ends it again: a private MariaDB (durable: every commit is flushed) that holds
both databases, the pool with three workers, and nginx as shipped. Every call carries its number
(tests/integration/numbered_calls.c). In the end each that was acknowledged must be in the cloud, once;
each that was answered with "nothing was stored" must not; of those without an answer nothing is asked
but that they are not there twice.

Every second restart of the database is a SIGKILL. One worker is never killed: its memory is watched. A
call that takes longer than five seconds counts as hung. --seed repeats whom a kill hits, and what the
pauses are. Exit status 1 if a bar is missed.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import statistics
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from campaign import Instance, Skip, wait_for  # noqa: E402
from numbered_calls import Calls, compare, stored_numbers  # noqa: E402

import load  # noqa: E402

TABLE = "dem_sampleTable"
LONGEST_MS = 5500  # R2.15, and what a busy machine adds
GROWTH = 0.05
WARM = 60  # seconds, until the worker that stays has got the connections of those that were killed


class Every(threading.Thread):
    """Does something every so many seconds, give or take a fifth, until it is stopped."""

    def __init__(self, soak, name, seconds, work):
        super().__init__(name=name, daemon=True)
        self.soak, self.seconds, self.work = soak, seconds, work
        self.rng = random.Random(f"{soak.options.seed}/{name}")
        self.start()

    def run(self):
        try:
            while not self.soak.stop.wait(self.seconds * self.rng.uniform(0.8, 1.2)):
                self.work(self.rng)
        except BaseException as e:  # whatever it is, it is a finding
            self.soak.problem(f"{self.name}: {e!r}")


class Soak:
    def __init__(self, c, options):
        self.c, self.options = c, options
        self.stop = threading.Event()
        self.counts = collections.Counter()
        self.problems = []
        self.resident = []
        self.outages = []  # of the database: [from, to]

    def problem(self, text):
        self.problems.append(text)
        self.stop.set()

    # -- what happens meanwhile ------------------------------------------------------------------
    def restart_database(self, _):
        self.outages.append([time.monotonic(), None])
        if self.counts["restarts"] % 2:
            self.c.db.kill()
        else:
            self.c.db.stop()
        self.c.db.start()
        self.outages[-1][1] = time.monotonic()
        self.counts["restarts"] += 1

    def kill_worker(self, rng):
        victims = [pid for pid in self.c.workers() if pid != self.spared]
        if victims:
            os.kill(rng.choice(victims), signal.SIGKILL)
            self.counts["kills"] += 1

    def sync(self, _):
        started = time.monotonic()
        p = self.c.sync("--quiet", check=False)
        self.counts["runs"] += 1
        away = any(to is None or to > started for _, to in self.outages)
        if p.returncode not in (0, 4) and not (p.returncode == 1 and away):
            self.problem(f"campaign-sync: exit {p.returncode}: {p.stderr[-2000:]}")

    def look_at_memory(self, _):
        with contextlib.suppress(OSError):
            self.resident.append(load.resident_kib([self.spared]))

    # -- the run ---------------------------------------------------------------------------------
    def run(self):
        token = self.c.logon().token
        wait_for("all workers", lambda: len(self.c.workers()) == 3)
        self.spared = self.c.workers()[0]
        with Calls(self.c, token, self.options.clients) as self.calls:
            self.calls.wait_for_acknowledged()
            threads = [Every(self, "database", 60, self.restart_database), Every(self, "workers", 10, self.kill_worker),
                       Every(self, "sync", 20, self.sync), Every(self, "memory", 1, self.look_at_memory)]
            self.wait()
            self.stop.set()
            for thread in threads:
                thread.join()
            self.calls.wait_for_acknowledged()  # all is well again
        if self.spared not in self.c.workers():
            self.problems.append("the worker that nobody killed has ended")
        self.settle()

    def wait(self):
        end = time.monotonic() + 60 * self.options.minutes
        while not self.stop.wait(max(0, min(60, end - time.monotonic()))) and time.monotonic() < end:
            last = self.calls.last
            print(f"{last.acknowledged:11,.0f} acknowledged {last.faulted:11,.0f} faulted {last.unknown:7,.0f} unknown"
                  f" {self.calls.longest_ms() / 1000:5.1f} s the longest {self.resident[-1] / 1024:6.1f} MiB", flush=True)


    def settle(self):
        def all_moved():
            self.c.sync("--quiet")
            return self.c.pending() == 0
        wait_for("everything is moved", all_moved, 300)
        self.rejects = int(self.c.staging("SELECT COUNT(*) FROM campaign_reject")[0][0])
        self.wrong, self.stored = compare(self.calls.outcomes, stored_numbers(self.c.db, "cloud", TABLE))

    # -- what came of it -------------------------------------------------------------------------
    def bars(self):
        warm = self.resident[min(WARM, len(self.resident) // 2):]
        third = len(warm) // 3
        first, last = (statistics.mean(x) / 1024 for x in (warm[:third], warm[-third:]))
        end, longest = self.calls.lines[-1], self.calls.longest_ms()
        seconds = end.at - self.calls.lines[0].at
        print(f"\n{seconds:.0f} s, {self.counts['restarts']} restarts of the database, {self.counts['kills']} workers"
              f" killed, {self.counts['runs']} runs of campaign-sync")
        print(f"{end.sent:,.0f} calls, {end.acknowledged / seconds:,.0f} acknowledged per second")
        lost, twice, ghosts = (self.wrong.get(k, (0,))[0] for k in
                               ("acknowledged and lost", "stored twice", "faulted and stored"))
        yield f"acknowledged {end.acknowledged:,.0f}, of these lost {lost}", lost == 0
        yield f"stored twice {twice}, rejected {self.rejects}", twice == self.rejects == 0
        yield f"faulted {end.faulted:,.0f}, of these stored {ghosts}", ghosts == 0
        yield (f"unknown {end.unknown:,.0f}, of these stored {self.stored['u']}",
               end.unknown < end.acknowledged / 100)
        yield f"other answers {end.other:.0f}", end.other == 0
        yield f"hung {end.hung:.0f}, the longest call {longest / 1000:.2f} s", end.hung == 0 and longest <= LONGEST_MS
        judged = len(warm) >= 2 * WARM
        yield (f"memory of a worker {first:.1f} MiB in the first third, {last:.1f} MiB in the last"
               + ("" if judged else " (too short a run to judge)"), not judged or last <= first * (1 + GROWTH))
        for problem in self.problems:
            yield problem, False


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--minutes", type=float, default=15)
    p.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    p.add_argument("--clients", type=int, default=64, help="connections with a call each under way")
    return p.parse_args()


def main():
    o = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers are ended on the way out
    print(f"seed {o.seed}, {o.minutes:g} minutes, {o.clients} clients", flush=True)
    try:
        with Instance(workers=3, threads=4) as c:
            soak = Soak(c, o)
            soak.run()
            met = True
            for text, good in soak.bars():
                print(f"{'ok  ' if good else 'FAIL'} {text}")
                met = met and good
            if soak.calls.said:
                print(soak.calls.said)
            sys.exit(0 if met else 1)
    except Skip as e:
        print(f"cannot run: {e}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
