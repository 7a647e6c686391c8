#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How fast campaign-sync moves a backlog, beside the SQL that one would write by hand
(hand_written.c) and beside pt-archiver, in the same run on the same data and server.

    sync.py                 the comparison: 1,000,000 changes, three workloads
    sync.py --locks         calls that come in while a backlog is moved: their rate, their lock waits
    sync.py --scale         100,000, 1,000,000 and 10,000,000 changes into a table that holds ten million
                            records before: whether the time grows with the changes
    sync.py --scale --table 0   likewise into an empty table, and the hand-written SQL beside it: how the time
                            grows with the table
    sync.py --feeds         changes of two feeds in turn, which name their records by different keys
    sync.py --side-by-side  two schemas, one after the other and at the same time
    sync.py --before BUILD  the campaign-sync of another build in turn with this one: whether a change
                            has made it slower

Every run starts from the same state: a fresh log, fresh target, nothing left to purge.  Rounds
alternate, and the medians are compared.  After each run the target's content is compared with what
the others have made of the same log.  Exit status: 0 every bar is met, 1 one is missed, 77 a program
is not installed.  CAMPAIGN_BUILD names the build, as for the tests."""
import argparse
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
sys.dont_write_bytecode = True
import campaign
import load
from report import Bar
from sync_backlog import ALL_FIELDS, FEEDS, LOG, PAIR, TABLE, WORKLOADS, Backlog, deploy_twin, quiet_down
from sync_locks import Locks

HERE = pathlib.Path(__file__).resolve().parent
SERVER = ["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=4G", "--local-infile=1"]
# For --scale: a server's memory holds the table, and its redo log a whole run.  Where they do not, random
# primary keys make any server wait for its disk, and that would be measured; a small backlog leaves its
# pages to be written after it has ended.
LARGE_SERVER = SERVER + ["--innodb-buffer-pool-size=8G", "--innodb-log-file-size=16G"]
SYNC, BEFORE, HAND, ARCHIVER = "campaign-sync", "before", "hand-written", "pt-archiver"

# The bars.
OVER = {HAND: 1.0, ARCHIVER: 2.0, BEFORE: 0.97}  # rate over that of another
RSS_MIB, RSS_GROWTH = 64, 1.1
LINEAR = 1.2  # time per row, from the smallest backlog to the largest
FEEDS_OVER_ONE = 0.5  # rate
WHILE_SYNC = 0.60  # rate of calls over that without a sync


def timed(c, command, rows):
    """Runs COMMAND, which moves ROWS changes, and returns the figures of it."""
    server, peak, output = load.cpu_of([c.db.process.pid]), 0, c.folder / "bench.out"
    with open(output, "w") as out:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        while True:
            peak = max(peak, campaign.peak_of(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.01)
        seconds = time.monotonic() - started
        server = load.cpu_of([c.db.process.pid]) - server
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError(f"{shlex.join(map(str, command))}: exit {process.returncode}\n"
                             + output.read_text()[-2000:] + c.admin("rejects").stdout[:2000])
    left = c.pending()
    assert left == 0, f"{command[0]} left {left} changes in the log"
    return {"seconds": seconds, "rows_per_s": rows / seconds, "peak_rss_mib": peak,
            "client_cpu_s": usage.ru_utime + usage.ru_stime,
            "server_cpu_s": server}


class Bench:
    """The instance and the programs to be compared."""

    def __init__(self, c, options):
        self.c, self.options = c, options
        self.hand = campaign.BUILD / "tests/bench/hand_written"
        if not self.hand.exists():
            self.hand = c.folder / "hand_written"
            flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "libmariadb"], text=True)
            subprocess.run(["cc", "-O2", f"-I{campaign.BUILD}", "-o", self.hand, HERE / "hand_written.c",
                            *flags.split()], check=True)

    def command(self, name, workload):
        c = self.c
        if name in (SYNC, BEFORE):
            build = campaign.BUILD if name == SYNC else self.options.before
            return [build / "campaign-sync", "--config", c.conf, "--quiet",
                    *shlex.split(self.options.sync_options)]
        if name == HAND:
            return [self.hand, c.db.socket, "app", "app", "stg", "cloud", workload, str(self.options.batch)]
        # "binary": bytes pass as they are; with any other character set it spoils what is not Latin.
        login = f"S={c.db.socket},u=app,p=app,A=binary,L=1"
        return ["pt-archiver", "--source", f"{login},D=stg,t={LOG}", "--dest", f"{login},D=cloud,t=archive",
                "--columns", f"id,{ALL_FIELDS}", "--where", "1=1", "--bulk-insert", "--bulk-delete",
                "--limit", "1000", "--commit-each", "--no-check-columns", "--no-check-charset",
                "--no-safe-auto-increment"]

    def prepare(self, name, backlog):
        """Returns the name of the target's table."""
        c = self.c
        c.cloud(f"DROP TABLE IF EXISTS hand_written, archive; TRUNCATE TABLE {TABLE}")
        backlog.fill_log()
        table = {SYNC: TABLE, BEFORE: TABLE, HAND: "hand_written", ARCHIVER: "archive"}[name]
        if table != TABLE:
            c.cloud(f"CREATE TABLE {table} LIKE {TABLE}")
        if name == HAND and backlog.workload != "insert":
            # ON DUPLICATE KEY needs what the cloud's table has not: unique values (R10.4).
            c.cloud(f"ALTER TABLE {table} DROP KEY k_code, ADD UNIQUE KEY (code)")
        backlog.fill_target(table)
        quiet_down(c)
        return table

    def measure(self, name, backlog):
        table = self.prepare(name, backlog)
        figures = timed(self.c, self.command(name, backlog.workload), backlog.rows)
        figures["content"] = backlog.checksum(table)
        print(f"  {backlog.workload:15} {name:14} {figures['seconds']:7.2f} s"
              f" {figures['rows_per_s']:9,.0f} rows/s", file=sys.stderr, flush=True)
        return figures


def median_of(rounds):
    return {k: statistics.median(r[k] for r in rounds) for k in rounds[0] if k != "content"}


def compare(bench, workload):
    """Medians by program.  Each round begins with another."""
    backlog = Backlog(bench.c, workload, bench.options.rows)
    names = [SYNC, HAND] + [ARCHIVER] * (workload == "insert" and not bench.options.no_archiver)
    if bench.options.before:
        names = [SYNC, BEFORE]
    rounds = {name: [] for name in names}
    for _ in range(bench.options.rounds):
        for name in names:
            rounds[name].append(bench.measure(name, backlog))
        names.append(names.pop(0))
    contents = {tuple(r["content"]) for runs in rounds.values() for r in runs}
    assert len(contents) == 1, f"{workload}: the targets differ: {contents}"
    medians = {name: median_of(runs) for name, runs in rounds.items()}
    for name, m in medians.items():
        m["rounds"] = [r["rows_per_s"] for r in rounds[name]]
    return medians


def print_comparison(results):
    print(f"{'workload':15} {'program':14} {'rows/s':>9} {'sync/it':>7} {'client CPU':>11} {'server CPU':>11}"
          f" {'peak RSS':>9}")
    for workload, medians in results.items():
        for name, m in medians.items():
            share = medians[SYNC]["rows_per_s"] / m["rows_per_s"]
            print(f"{workload:15} {name:14} {m['rows_per_s']:9,.0f} {share:7.2f} {m['client_cpu_s']:9.2f} s"
                  f" {m['server_cpu_s']:9.2f} s {m['peak_rss_mib']:5.1f} MiB")


def part_compare(bench):
    results = {w: compare(bench, w) for w in bench.options.workload or WORKLOADS}
    print_comparison(results)
    bars = []
    for workload, medians in results.items():
        ours = medians[SYNC]
        for name, bound in OVER.items():
            if name in medians:
                bars.append(Bar(f"{workload}: rate over {name}", bound,
                                ours["rows_per_s"] / medians[name]["rows_per_s"]))
        bars.append(Bar(f"{workload}: peak RSS", RSS_MIB, ours["peak_rss_mib"], at_least=False, unit="MiB"))
    return results, bars


def scale(bench, name):
    """Medians by backlog."""
    results = []
    for rows in bench.options.scale:
        backlog = Backlog(bench.c, "insert", rows)
        rounds = bench.options.rounds if rows <= 1000000 else 1  # a long one is its own mean
        results.append(scaled(name, rows, [bench.measure(name, backlog) for _ in range(rounds)]))
    return results


def scale_on_table(bench):
    """Likewise for campaign-sync and a large table, to which each run adds."""
    c, results, series = bench.c, [], 1
    Backlog(c, "insert", 0).fill_table(TABLE, bench.options.table)
    for rows in bench.options.scale:
        runs = []
        for _ in range(bench.options.rounds if rows <= 1000000 else 1):
            Backlog(c, "insert", rows, series).fill_log()
            series += 1
            quiet_down(c)
            runs.append(timed(c, bench.command(SYNC, "insert"), rows))
        results.append(scaled(SYNC, rows, runs))
    return results


def scaled(name, rows, runs):
    m = median_of(runs)
    print(f"{name:14} {rows:10} {m['rows_per_s']:9,.0f} {1e6 / m['rows_per_s']:11.2f}"
          f" {m['client_cpu_s']:9.2f} s {m['server_cpu_s']:9.2f} s {m['peak_rss_mib']:5.1f} MiB", flush=True)
    return {"rows": rows, **m}


def ends_of(results):
    return min(results, key=lambda r: r["rows"]), max(results, key=lambda r: r["rows"])


def growth(results):
    least, most = ends_of(results)
    return least["rows_per_s"] / most["rows_per_s"]


def part_scale(bench):
    """The hand-written SQL tells how much of the growth is the server's."""
    print(f"{'program':14} {'changes':>10} {'rows/s':>9} {'us per row':>11} {'client CPU':>11} {'server CPU':>11}"
          f" {'peak RSS':>9}")
    if bench.options.table:
        results, by_hand = scale_on_table(bench), []
    else:
        results, by_hand = scale(bench, SYNC), scale(bench, HAND)
    print("time per row, the largest over the smallest: " + ", ".join(
        f"{name} {growth(r):.2f}" for name, r in ((SYNC, results), (HAND, by_hand)) if r))
    least, most = ends_of(results)
    return {SYNC: results, HAND: by_hand}, [
        Bar(f"time per row, {most['rows']} over {least['rows']} changes", LINEAR, growth(results), at_least=False),
        Bar("peak RSS", RSS_MIB, max(r["peak_rss_mib"] for r in results), at_least=False, unit="MiB"),
        Bar(f"peak RSS, {most['rows']} over {least['rows']} changes", RSS_GROWTH,
            most["peak_rss_mib"] / least["peak_rss_mib"], at_least=False)]


def part_side_by_side(bench):
    """dem:sampleTable and a twin of it, which have nothing to do with each other."""
    c, half = bench.c, bench.options.side_by_side // 2
    deploy_twin(c)
    rounds = {1: [], 2: []}
    for n in range(2 * bench.options.rounds):
        for table, log in PAIR:
            c.cloud(f"TRUNCATE TABLE {table}")
            Backlog(c, "insert", half, log=log).fill_log()
        quiet_down(c)
        jobs = 1 + (n + n // 2) % 2  # 1 2 2 1 1 2
        rounds[jobs].append(timed(c, [*bench.command(SYNC, "insert"), "--jobs", str(jobs)], 2 * half))
        assert [c.cloud(f"SELECT COUNT(*) FROM {table}") for table, _ in PAIR] == [[[str(half)]]] * 2
        print(f"  --jobs {jobs} {rounds[jobs][-1]['seconds']:7.2f} s", file=sys.stderr, flush=True)
    medians = {jobs: median_of(runs) for jobs, runs in rounds.items()}
    for jobs, m in medians.items():
        print(f"--jobs {jobs} {m['rows_per_s']:9,.0f} rows/s {m['client_cpu_s']:9.2f} s {m['server_cpu_s']:9.2f} s"
              f" {m['peak_rss_mib']:5.1f} MiB")
    return medians, [
        Bar("rate of two schemas side by side over one after the other", 1.0,
            medians[2]["rows_per_s"] / medians[1]["rows_per_s"]),
        Bar("peak RSS", RSS_MIB, medians[2]["peak_rss_mib"], at_least=False, unit="MiB")]


def part_feeds(bench):
    """Changes whose key list is another one each time, beside as many that have the same."""
    workloads = ["insertOrUpdate", FEEDS]
    rounds = {w: [] for w in workloads}
    for _ in range(bench.options.rounds):
        for workload in workloads:
            rounds[workload].append(bench.measure(SYNC, Backlog(bench.c, workload, bench.options.feeds)))
        workloads.reverse()
    medians = {w: median_of(runs) for w, runs in rounds.items()}
    return medians, [
        Bar("rate of two feeds over one", FEEDS_OVER_ONE,
            medians[FEEDS]["rows_per_s"] / medians["insertOrUpdate"]["rows_per_s"]),
        Bar("peak RSS", RSS_MIB, medians[FEEDS]["peak_rss_mib"], at_least=False, unit="MiB")]


def part_locks(bench):
    c = bench.c
    c.add_operator(c.LOGIN, c.PASSWORD, "admin")
    c.start_pool()
    c.start_nginx()
    locks = Locks(c, bench.options.locks, bench.options.rounds)
    locks.check_instruments()
    windows = locks.measure()
    print(f"{'window':12} {'seconds':>8} {'calls/s':>8} {'p99 ms':>7} {'merged/s':>9} {'samples':>8}"
          f" {'calls seen waiting':>19} {'sync seen waiting':>18} {'row lock waits':>15}")
    for w in windows:
        print(f"{'with sync' if w['sync'] else 'without':12} {w['seconds']:8.2f} {w['calls_per_s']:8,.0f}"
              f" {w['p99_ms']:7.2f} {w['merged_per_s']:9,.0f} {w['samples']:8} {len(w['pool_waits_seen']):19}"
              f" {len(w['sync_waits_seen']):18} {w['row_lock_waits']:15}")

    def rate(with_sync):
        return statistics.median(w["calls_per_s"] for w in windows if w["sync"] == with_sync)
    return windows, [
        Bar("rate of calls with the sync over without", WHILE_SYNC, rate(True) / rate(False)),
        Bar("calls seen waiting for a lock", 0, sum(len(w["pool_waits_seen"]) for w in windows),
            at_least=False),
        Bar("waits for a row lock that InnoDB has counted", 0, sum(w["row_lock_waits"] for w in windows),
            at_least=False)]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=1000000, help="changes of the comparison (%(default)s)")
    p.add_argument("--rounds", type=int, default=3, help="of which the median counts (%(default)s)")
    p.add_argument("--workload", action="append", choices=WORKLOADS, help="only this one; may be repeated")
    p.add_argument("--batch", type=int, default=10000,
                   help="rows per batch of the hand-written SQL (%(default)s)")
    p.add_argument("--no-archiver", action="store_true", help="leave pt-archiver out")
    p.add_argument("--before", type=pathlib.Path, metavar="BUILD",
                   help="compare with the campaign-sync of this build folder, and with nothing else")
    p.add_argument("--scale", type=int, nargs="*", metavar="CHANGES",
                   help="growing backlogs")
    p.add_argument("--table", type=int, default=10000000, metavar="RECORDS",
                   help="with --scale: what the target holds before (%(default)s)")
    p.add_argument("--side-by-side", type=int, nargs="?", const=1000000, metavar="CHANGES",
                   help="changes of two schemas together (%(const)s)")
    p.add_argument("--feeds", type=int, nargs="?", const=300000, metavar="CHANGES",
                   help="changes of two feeds together (%(const)s)")
    p.add_argument("--locks", type=int, nargs="?", const=300000, metavar="CHANGES",
                   help="calls during the sync of a backlog (%(const)s)")
    p.add_argument("--sync-options", default="", help="more options for campaign-sync")
    p.add_argument("--json", type=pathlib.Path, help="write all figures to this file")
    options = p.parse_args()
    if options.scale == []:
        options.scale = [100000, 1000000, 10000000]
    return options


def machine(c, server):
    return {"processors": os.cpu_count(), "machine": platform.platform(),
            "server": c.db.sql("SELECT VERSION()")[0][0], "server_options": server}


def main():
    options, started = arguments(), time.monotonic()
    name, part = (("scale", part_scale) if options.scale else ("locks", part_locks) if options.locks else
                  ("feeds", part_feeds) if options.feeds else
                  ("side_by_side", part_side_by_side) if options.side_by_side else ("comparison", part_compare))
    campaign.need("cc", "pkg-config", *([] if options.no_archiver or options.before or name != "comparison" else ["pt-archiver"]))
    c = campaign.Instance(start=False, threads=16)
    server = LARGE_SERVER if options.scale else SERVER
    c.db.options += server
    with c:
        c.deploy_samples()
        report = {"machine": machine(c, server), "rows": options.rows}
        report[name], bars = part(Bench(c, options))
    print()
    for bar in bars:
        print(bar.line())
    print(f"\n{time.monotonic() - started:.0f} s in all")
    report["bars"] = [{**vars(b), "met": b.met} for b in bars]
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(b.met for b in bars) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except campaign.Skip as e:
        print(f"skip: {e}")
        sys.exit(77)
