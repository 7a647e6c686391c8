#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures how fast calls are ingested, side by side with what else could be done on this machine.

Starts everything itself and ends it again: a private MariaDB (durable: every commit is flushed),
campaign-ingest in its default configuration behind nginx as shipped, and the same nginx settings
before an empty responder (the transport's limit), a server that commits each call by itself, and
PHP's SoapServer under PHP-FPM (whose connections alone are not kept: see peers.py).  The peers check
no tokens and no types.  wrk sends the calls.  What is compared is measured in turn, round by round,
and medians are shown; the JSON file has every window.  Nothing else should run meanwhile.

Columns: per s (calls, or what the title says), ± half the distance of the fastest and slowest window,
ratio to what the title says, latencies as clients see them, then processors used: by nginx, by the
server behind it, by MariaDB, by the load generator, and by the rest of the machine.

A run is sound if no call failed and every acknowledged record is in the log: exit status 0.  Bars that
are missed are shown and change the exit status only with --strict.
"""
import argparse
import os
import pathlib
import signal
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from campaign import BUILD, Skip  # noqa: E402

import peers  # noqa: E402
import report  # noqa: E402
import scenarios  # noqa: E402
from bench import FULL, QUICK, Bench, TimeIsUp  # noqa: E402


DISTURBED = 0.3  # processors; the kernel's own threads use less


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true",
                   help="under two minutes: short windows, one round, small logs; to try it, not to quote it")
    p.add_argument("--only", metavar="SCENARIO", action="append", choices=list(scenarios.ALL),
                   help="one of: " + ", ".join(scenarios.ALL) + "; may be given several times")
    p.add_argument("--json", metavar="FILE", type=pathlib.Path, default=BUILD / "bench-ingest.json",
                   help="where to write all figures (default: %(default)s)")
    p.add_argument("--cpus", metavar="N", type=int,
                   help="use only the first N processors of this machine, for everything; the bars are for 2")
    p.add_argument("--strict", action="store_true", help="exit with 1 if a bar is missed")
    return p.parse_args()


def print_machine(about):
    print(f"{about['processors']} processors, {about['model']}, {about['memory_gib']} GiB, "
          f"Linux {about['kernel']}, data on {about['data_on']}")
    print(*(about[name] for name in ("mariadb", "nginx", "php", "wrk")), sep="\n", flush=True)
    if about["data_on"] == "tmpfs":
        print("NOTE: commits to tmpfs cost nothing.  Let TMPDIR name a folder on a disk.")


def run(bench, r, chosen):
    left = list(chosen)
    try:
        while left:
            bench.scenario = left[0]
            bench.check_time()
            try:
                scenarios.ALL[left[0]](bench, r)
            except AssertionError as e:
                bench.problem(str(e))
            left.pop(0)
    except TimeIsUp:
        bench.problem(f"the time is up; not measured: {', '.join(left)}")


def verdict(bench, r, strict):
    """Prints bars and problems; the exit status."""
    print("\nBars" + (" (a quick run, too short to judge)" if bench.pace is QUICK else ""))
    for bar in r.bars:
        print(bar.line())
    for problem in bench.problems:
        print(f"NOT SOUND {problem}")
    if bench.disturbance() > DISTURBED:
        print(f"NOTE: others used {bench.disturbance():.2f} processors meanwhile; the figures are doubtful")
    sound = "no call failed, every acknowledged record was found in its log"
    print(f"\n{bench.elapsed():.0f} s; {'the run is not sound' if bench.problems else sound}")
    return 1 if bench.problems or (strict and not all(bar.met for bar in r.bars)) else 0


def main():
    o = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers are ended on the way out
    if o.cpus:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:o.cpus])
    try:
        peers.need_all()
        with Bench(QUICK if o.quick else FULL) as bench:
            about, r = report.machine(bench.instance.folder), report.Report()
            print_machine(about)
            run(bench, r, o.only or scenarios.ALL)
            status = verdict(bench, r, o.strict)
            report.write_json(o.json, bench, r, about, {k: str(v) for k, v in vars(o).items()})
            print(f"all figures: {o.json}")
            return status
    except Skip as e:
        print(f"cannot measure: {e}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
