# SPDX-License-Identifier: MIT
"""Calls that come in while campaign-sync moves a backlog, for sync.py: their rate beside the rate
without it, and whether one of them waits for a lock. Half of the backlog is of the schema that is called,
half of another one, so that both of its lanes are at work.

Two instruments look for waits.  InnoDB counts every wait for a row lock (Innodb_row_lock_waits), none
escapes it, but it does not say whose.  Ten times a second a sample asks who waits for whom, at rows
(INNODB_LOCK_WAITS) and at tables (the process list).  The sync logs in as a user of its own, so
that its sessions and the pool's can be told apart."""
import json
import os
import signal
import subprocess
import threading
import time

import load
from campaign import BUILD, Session, need, program, wait_for
from sync_backlog import LOG, PAIR, Backlog, deploy_twin, quiet_down

CLIENTS = 16
PERIOD = 0.1
CALM_SECONDS = 6  # of a window without the sync

COUNTER = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'"
SAMPLE = """
SELECT 'row', p.USER, q.USER FROM information_schema.INNODB_LOCK_WAITS w
  JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id
  JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id
  JOIN information_schema.PROCESSLIST p ON p.ID = r.trx_mysql_thread_id
  JOIN information_schema.PROCESSLIST q ON q.ID = b.trx_mysql_thread_id;
SELECT 'table', USER, STATE FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for%lock%';
SELECT 'end';
"""


class Sampler:
    """Between enter and exit looks ten times a second who waits for a lock."""

    def __init__(self, db):
        self.db = db

    def __enter__(self):
        self.samples, self.waits, self.over = 0, [], threading.Event()
        self.process = subprocess.Popen(
            self.db.client() + ["--batch", "--skip-column-names", "--unbuffered"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.before = self.counter()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.process.communicate()
        self.counted = self.counter() - self.before

    def counter(self):
        return int(self.db.sql(COUNTER)[0][1])

    def run(self):
        while not self.over.wait(PERIOD):
            self.process.stdin.write(SAMPLE)
            self.process.stdin.flush()
            for line in self.process.stdout:
                kind, *who = line.rstrip("\n").split("\t")
                if kind == "end":
                    break
                self.waits.append((kind, *who))
            self.samples += 1

    def of(self, user):
        return [w for w in self.waits if w[1] == user]


class Locks:
    """Needs an instance C with pool and nginx."""

    def __init__(self, c, rows, rounds):
        self.c, self.rows, self.rounds = c, rows, rounds
        need("wrk")
        deploy_twin(c)
        c.db.sql("CREATE USER sync@localhost IDENTIFIED BY 'app';"
                 "GRANT ALL ON stg.* TO sync@localhost; GRANT ALL ON cloud.* TO sync@localhost;")
        options = c.folder / "sync.cnf"
        options.write_text((c.folder / "db.cnf").read_text().replace("user=app", "user=sync"))
        self.conf = c.folder / "sync.conf"
        self.conf.write_text(c.conf.read_text().replace(str(c.folder / "db.cnf"), str(options)))
        self.request = c.folder / "call.request"
        self.request.write_text(load.request("Ingest", load.record(), c.logon().token))

    def check_instruments(self):
        """A wait that is made on purpose is seen by both."""
        client = self.c.logon()
        self.c.staging(f"TRUNCATE TABLE {LOG}")
        with Sampler(self.c.db) as sampler, Session(self.c.db, "stg") as other:
            other.run(f"BEGIN; SELECT * FROM {LOG} ORDER BY _seq DESC FOR UPDATE")
            call = threading.Thread(target=client.ingest, args=(
                '<sampleTable xtkschema="dem:sampleTable" testcol1="waits"/>',))
            call.start()
            wait_for("the sample shows a call that waits", lambda: sampler.of("app"))
            other.run("ROLLBACK")
            call.join()
        assert sampler.counted > 0, "a wait for a row lock was not counted"

    def start_wrk(self):
        return subprocess.Popen(
            [program("wrk"), "-t1", f"-c{CLIENTS}", "-d600s", "--timeout", "10s",
             "-s", load.BENCH / "ingest.lua", f"http://127.0.0.1:{self.c.port}", "--", self.request],
            stdout=subprocess.PIPE, text=True)

    def sync(self):
        p = subprocess.run([BUILD / "campaign-sync", "--config", self.conf, "--json"], text=True,
                           capture_output=True)
        assert p.returncode == 0, p
        return json.loads(p.stdout)["merged"]

    def window(self, with_sync):
        """Calls per second until the sync has ended, or for some seconds without it."""
        c = self.c
        for table, log in PAIR:
            c.cloud(f"TRUNCATE TABLE {table}")
            Backlog(c, "insert", self.rows // len(PAIR), log=log).fill_log()
        quiet_down(c)
        with Sampler(c.db) as sampler:
            wrk, started, merged = self.start_wrk(), time.monotonic(), 0
            try:
                if with_sync:
                    merged = self.sync()
                else:
                    time.sleep(CALM_SECONDS)
            finally:
                seconds = time.monotonic() - started
                os.kill(wrk.pid, signal.SIGINT)
                said = json.loads(wrk.communicate(timeout=60)[0].strip().splitlines()[-1])
        errors = {k: said[k] for k in ("status", "connect", "read", "write", "timeout") if said[k]}
        assert not errors, f"calls failed: {errors}"
        staged = sum(c.pending(table) for table, _ in PAIR) + merged - self.rows
        assert said["calls"] <= staged <= said["calls"] + CLIENTS, (
            f"{said['calls']} calls were acknowledged, {staged} changes are there")
        assert not with_sync or merged >= self.rows
        return {"sync": with_sync, "seconds": seconds, "calls": said["calls"],
                "calls_per_s": said["calls"] / said["seconds"], "p99_ms": said["p99_us"] / 1000,
                "merged_per_s": merged / seconds, "samples": sampler.samples,
                "pool_waits_seen": sampler.of("app"), "sync_waits_seen": sampler.of("sync"),
                "row_lock_waits": sampler.counted}

    def measure(self):
        """All windows, with and without the sync in turn."""
        windows = []
        for number in range(self.rounds):
            for with_sync in (False, True) if number % 2 == 0 else (True, False):
                windows.append(self.window(with_sync))
        return windows
