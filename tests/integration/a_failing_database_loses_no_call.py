#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R2.15, R7.9: the staging database is restarted, killed, hangs, is read-only, full, has no connection to give, or
its disk is slow or stands still, under full load. Every call ends within five seconds: logons and tokens that
nobody has seen too. What was acknowledged is stored once, what was answered with "nothing was stored" is not;
the pool heals by itself within five seconds, and says all this in a few lines."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from campaign import PATIENCE, Client, Database, Instance, main, wait_for
from numbered_calls import Calls, compare, stored_numbers
from slow_flushes import SlowFlushes

MIB = 1 << 20
LIMIT_S = 5 + 0.5 * (PATIENCE - 1)
LINES_PER_S = 12  # of each worker
WORKERS = 2


class Prober(threading.Thread):
    """Asks one thing again and again; it may fail, but not last."""

    def __init__(self, name, ask, allowed):
        super().__init__(name=name, daemon=True)
        self.ask, self.allowed, self.stop = ask, allowed, threading.Event()
        self.longest, self.odd, self.answers = 0, [], 0

    def run(self):
        while not self.stop.wait(0.05):
            started = time.monotonic()
            try:
                r = self.ask()
            except OSError as e:
                self.odd.append(repr(e))
                continue
            self.longest = max(self.longest, time.monotonic() - started)
            self.answers += 1
            if not (r.status in self.allowed or (r.status == 500 and "ODB-240000" in r.text)):
                self.odd.append(repr(r))


def probers(c):
    def client():
        return Client(c.port, timeout=30)
    logon, session, bearer, ping = client(), client(), client(), client()
    unknown = "___" + c.token[3:-8] + "abcdefgh"
    return [
        Prober("logon", lambda: logon.logon(c.LOGIN, c.PASSWORD), (200,)),
        Prober("unknown session", lambda: session.ingest("<a/>", token=unknown), (403,)),
        Prober("unknown bearer", lambda: bearer.call("xtk:session", "TestCnx", token="",
                                                     headers={"Authorization": "Bearer x"}), (403,)),
        Prober("ping", lambda: ping.request("GET", "/nl/jsp/ping.jsp", headers={"X-Session-Token": c.token}), (200,)),
    ]


def lines_of(c):
    """In the pool's log, but for the ones about the tokens that nobody knows."""
    return sum("XSV-350008" not in line for line in c.pool_log().splitlines())


@contextlib.contextmanager
def under_load(c, faults=True):
    """Yields the load; then all is held against what is stored. FAULTS: there must have been some."""
    c.staging("TRUNCATE dem_sampleTableStg_log")
    workers, before, started = c.workers(), lines_of(c), time.monotonic()
    others = probers(c)
    with Calls(c, c.token) as calls:
        calls.wait_for_acknowledged()
        for p in others:
            p.start()
        try:
            yield calls
        finally:
            for p in others:
                p.stop.set()
        for p in others:
            p.join()
    seconds, lines = time.monotonic() - started, lines_of(c) - before
    last = calls.lines[-1]
    print(f"     {last.acknowledged:.0f} acknowledged, {last.faulted:.0f} faulted, {last.unknown:.0f} unknown;"
          f" the longest took {calls.longest_ms() / 1000:.1f} s, "
          + ", ".join(f"{p.name} {p.longest:.1f}" for p in others) + f" s; {lines} lines in {seconds:.0f} s")
    assert last.other == last.hung == 0, calls.said
    assert last.unknown <= 500, "many calls were under way"  # at most one batch of each worker, each time
    assert not faults or last.faulted > 0, "no call has met the fault"
    assert calls.longest_ms() <= LIMIT_S * 1000, f"a call took {calls.longest_ms()} ms"
    for p in others:
        assert p.longest <= LIMIT_S, f"{p.name}: {p.longest} s"
        assert p.answers > 3 and not p.odd, (p.name, p.answers, p.odd[:3])
    assert c.workers() == workers, "workers were replaced"
    assert lines <= LINES_PER_S * WORKERS * (seconds + 1), f"{lines} lines:\n" + c.pool_log()[-4000:]
    wait_for("the last transactions have ended",
             lambda: c.db.sql("SELECT COUNT(*) FROM information_schema.INNODB_TRX") == [["0"]])
    wrong, _ = compare(calls.outcomes, stored_numbers(c.db, "stg", "dem_sampleTableStg_log"))
    assert not wrong, wrong


def heals(calls, since):
    """The fault was over at SINCE."""
    before = [x for x in calls.lines if x.at <= since][-1]
    calls.wait_for_acknowledged(1000, 20)
    first = next(x.at for x in calls.since(since) if x.acknowledged > before.acknowledged + 500) - since
    print(f"     healed after {first:.1f} s")
    assert first <= LIMIT_S, f"healed after {first} s"


def no_call_waits(calls, seconds):
    """The fault is known: for SECONDS calls are answered at once, but for the few that try."""
    before = calls.last
    time.sleep(seconds)
    got = calls.last.faulted - before.faulted
    assert got > 500 * seconds, f"{got} calls were answered in {seconds} s"


def steps(c):
    def a_clean_restart():
        with under_load(c) as calls:
            c.db.stop()
            c.db.start()
            heals(calls, time.monotonic())

    def killed_and_away_for_ten_seconds():
        with under_load(c) as calls:
            c.db.kill()
            no_call_waits(calls, 10)
            c.db.start()
            heals(calls, time.monotonic())

    def it_hangs():
        with under_load(c) as calls:
            c.db.process.send_signal(signal.SIGSTOP)
            try:
                time.sleep(5)
                no_call_waits(calls, 3)
            finally:
                c.db.process.send_signal(signal.SIGCONT)
            heals(calls, time.monotonic())

    def it_is_read_only():
        with under_load(c) as calls:
            c.db.sql("SET GLOBAL read_only = 1")
            time.sleep(3)
            c.db.sql("SET GLOBAL read_only = 0")
            heals(calls, time.monotonic())

    def others_have_all_connections():
        """As many as there may be; the pool's own are ended."""
        others = []

        def take_all():
            """There is one connection more for root; the one before may not have ended yet."""
            with contextlib.suppress(AssertionError):
                for row in c.db.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE DB = 'stg'"):
                    with contextlib.suppress(AssertionError):
                        c.db.sql(f"KILL {row[0]}")
                others.extend(subprocess.Popen(c.db.client("cloud") + ["--user=app", "--password=app"],
                                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL) for _ in range(10))
                time.sleep(0.2)
                return c.db.sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = 'stg'") == [["0"]]
            return False
        with under_load(c) as calls, contextlib.ExitStack() as after:
            c.db.sql("SET GLOBAL max_connections = 10")
            after.callback(lambda: c.db.sql("SET GLOBAL max_connections = 300"))
            wait_for("others have all connections", take_all)
            no_call_waits(calls, 3)
            for p in others:
                p.communicate()
            heals(calls, time.monotonic())

    def flushing_takes(ms, seconds, faults):
        def run():
            with under_load(c, faults) as calls:
                c.flushes.take(ms)
                time.sleep(seconds)
                c.flushes.take(0)
                heals(calls, time.monotonic())
        return run

    return [(f.__name__, f) for f in (
        a_clean_restart, killed_and_away_for_ten_seconds, it_hangs, it_is_read_only, others_have_all_connections)] + [
        ("a_slow_disk", flushing_takes(300, 3, faults=False)),
        ("a_very_slow_disk", flushing_takes(2000, 7, faults=True)),
        ("a_disk_that_stands_still", flushing_takes(60000, 6, faults=True))]


@contextlib.contextmanager
def with_a_small_disk():
    """An instance whose database has a file system of its own; None where we may not mount one."""
    c = Instance(workers=WORKERS, threads=4)
    folder = c.folder / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder)],
                             stderr=subprocess.DEVNULL).returncode == 0
    if not mounted:
        shutil.rmtree(c.folder)
        yield None
        return
    try:
        c.db = Database(folder)
        c.db.options = ["--innodb-log-file-size=16M"]
        with c:
            c.token = c.logon().token
            yield c
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        if not os.environ.get("CAMPAIGN_TEST_KEEP"):
            shutil.rmtree(c.folder, ignore_errors=True)  # could not go as long as it was mounted on


def a_full_disk():
    with with_a_small_disk() as c:
        if c is None:
            print("     not without the right to mount a file system")
            return
        filler = c.db.folder / "filler"
        with under_load(c) as calls:
            with open(filler, "wb", buffering=0) as f, contextlib.suppress(OSError):
                while True:
                    f.write(bytes(MIB))
            before = calls.last
            wait_for("calls meet the full disk", lambda: calls.last.faulted > before.faulted, 30)
            time.sleep(4)
            filler.unlink()
            if c.db.process.poll() is not None:
                print("     the server has ended itself")
                c.db.start()
            heals(calls, time.monotonic())


if __name__ == "__main__":
    c = Instance(workers=WORKERS, threads=4)
    c.flushes = SlowFlushes(c.folder)
    c.db.environment = c.flushes.environment
    with c:
        c.token = c.logon().token
        only = sys.argv[1:]
        sys.exit(main([s for s in steps(c) + [("a_full_disk", a_full_disk)] if not only or s[0] in only]))
