# SPDX-License-Identifier: MIT
"""What is measured, and which bars it has to clear.  A scenario gets the Bench and the Report."""
import collections
import statistics
import threading
import time

from campaign import wait_for

import load
import peers
from bench import LOG, Summary


def ingest(b, r):
    """Ingest, one record a call: beside the transport alone, a commit per call, PHP, and MariaDB alone."""
    for clients in (8, 32, 64):
        servers = (b.ours, b.empty, b.naive, b.php)
        lanes = {s.name: (lambda s=s: b.calls(s, clients)) for s in servers}
        lanes["MariaDB alone, a row per commit"] = lambda: b.database_alone(clients, 1)
        seen = b.alternate(lanes)
        limit, ours = seen[b.empty.name], seen[b.ours.name]
        r.head(f"Ingest, {clients} clients; ratio to the transport limit")
        for name, s in seen.items():
            r.row(name, s, s.rate / limit.rate)
        if clients == 32:
            continue
        r.bar(f"Ingest, {clients} clients: of the transport limit", 0.60 if clients == 64 else 0.40,
              ours.rate / limit.rate)
        if clients == 64:
            r.bar("Ingest, 64 clients: times PHP-FPM", 4.5, ours.rate / seen[b.php.name].rate)
            r.bar("Ingest, 64 clients: times one commit per call", 1.6, ours.rate / seen[b.naive.name].rate)
            r.bar("Ingest, 64 clients: p99 in p50", 4, ours.p99 / ours.p50, at_least=False)


def bulk(b, r):
    """Collections of 1,000 records, beside MariaDB alone with 256 rows per commit."""
    records = 1000
    files = [b.request_file("collection", "Ingest", load.collection(records))]

    def lane(clients):
        w = b.calls(b.ours, clients, files, records)
        w.rate *= records
        return w
    alone = "MariaDB alone, 2 threads, 256 rows per commit"
    seen = b.alternate({"2 clients": lambda: lane(2), "8 clients": lambda: lane(8),
                        alone: lambda: b.database_alone(2, 256)})
    r.head("Collections of 1,000 records, records per s; ratio to MariaDB alone")
    for name, s in seen.items():
        r.row(name, s, s.rate / seen[alone].rate)
    for name in ("2 clients", "8 clients"):
        r.bar(f"Collections of 1,000 records, {name}: of MariaDB alone", 0.40,
              seen[name].rate / seen[alone].rate)


def full_log(b, r):
    """Ingest at 64 clients on a log with many pending rows, beside an empty one."""
    log = "dem_fullTableStg_log"
    b.fill_log(log, b.pace.full_log)
    files = [b.request_file("full", "Ingest", load.record("fullTable"))]
    seen = b.alternate({"an empty log": lambda: b.calls(b.ours, 64),
                        "a full log": lambda: b.calls(b.ours, 64, files, log=log, fresh=False)})
    b.empty_log(log)
    empty, full = seen["an empty log"], seen["a full log"]
    r.head(f"Ingest, 64 clients, {b.pace.full_log:,} pending rows; ratio to an empty log")
    r.row("empty log", empty, 1)
    r.row("full log", full, full.rate / empty.rate)
    r.bar("Ingest on a full log: of an empty log", 0.90, full.rate / empty.rate)


def hot_key(b, r):
    """IngestExt, updates and insertOrUpdates in turn: all of one record, beside each of another."""
    def files(name, code):
        return [b.request_file(f"{name}-{operation}", "IngestExt",
                               load.record(more=f' _operation="{operation}" _key="@code" code="{code}"'))
                for operation in ("update", "insertOrUpdate")]
    hot, spread = files("hot", "K-000000000"), files("spread", f"K-{load.MARK}")
    seen = b.alternate({"spread keys": lambda: b.calls(b.ours, 64, spread),
                        "one hot key": lambda: b.calls(b.ours, 64, hot)})
    r.head("IngestExt, 64 clients; ratio to spread keys")
    ratio = seen["one hot key"].rate / seen["spread keys"].rate
    r.row("spread keys", seen["spread keys"], 1)
    r.row("one hot key", seen["one hot key"], ratio)
    r.bar("IngestExt on one hot key: of spread keys", 0.80, ratio)


class Syncs:
    """campaign-sync, one run after the other, as long as it is entered."""

    def __init__(self, instance):
        self.instance, self.stopping = instance, False
        self.current, self.ended = None, 0.0
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        while not self.stopping:
            with self.instance.sync_process() as self.current:
                self.current.stderr.read()
                self.ended += load.wait4(self.current)

    def cpu(self):
        """Seconds of all runs so far."""
        return self.ended + load.cpu_of([self.current.pid])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()


def sync(b, r):
    """Ingest at 64 clients while campaign-sync works through a backlog, beside none."""
    c, merged = b.instance, []

    def in_cloud():
        return int(c.cloud("SELECT COUNT(*) FROM dem_sampleTable")[0][0])

    def during():
        c.cloud("TRUNCATE TABLE dem_sampleTable")
        b.fill_log(LOG, b.pace.backlog)
        with Syncs(c) as syncs:
            wait_for("the sync has merged a batch", lambda: in_cloud() > 0)
            before = in_cloud()
            w = load.wrk(b.ours.port, [b.single], 64, b.pace.seconds, {**b.groups(b.ours), "sync": syncs.cpu})
            merged.append((in_cloud() - before) / w.seconds)
        b.check_errors("while a sync runs", w)
        c.sync()  # what came after the last run began
        b.check_staged("while a sync runs", w, in_cloud() - b.pace.backlog, 64)
        return w
    seen = b.alternate({"no sync": lambda: b.calls(b.ours, 64), "sync at work": during})
    r.head(f"Ingest, 64 clients, while campaign-sync moves {b.pace.backlog:,} rows and what comes;"
           " ratio to no sync")
    for name, s in seen.items():
        r.row(name, s, s.rate / seen["no sync"].rate)
    r.note(f"moved meanwhile: {statistics.median(merged):,.0f} records per s; campaign-sync itself used"
           f" {seen['sync at work'].cpu['sync']:.2f} processors")
    r.bar("Ingest while a sync runs: of no sync", 0.60, seen["sync at work"].rate / seen["no sync"].rate)


def one_client(b, r):
    """One client alone: its latency, beside the transport's plus one durable commit."""
    seen = b.alternate({"campaign-ingest": lambda: b.calls(b.ours, 1),
                        "transport alone": lambda: b.calls(b.empty, 1),
                        "one durable commit": lambda: b.database_alone(1, 1)})
    base = seen["transport alone"].p50 + seen["one durable commit"].p50
    r.head("One client; ratio of median latencies: transport + commit is 1")
    for name, s in seen.items():
        r.row(name, s, s.p50 / base)
    r.bar("One client: median latency in transport + commit", 1.5, seen["campaign-ingest"].p50 / base,
          at_least=False)


def connections(b, r):
    """500 connections at once.  nginx writes down which connection each call came on: one that gets less
    than a quarter of what is usual counts as starved."""
    c, clients = b.instance, 500
    log = c.folder / "connections.log"

    def logged(site):
        return ("log_format connections '$connection';\n" + site.replace(
            "server_tokens off;", f"server_tokens off;\n access_log {log} connections buffer=256k flush=1s;"))
    c.stop_nginx()
    c.start_nginx(workers=peers.processors(), edit=logged)
    b.check_time()
    w = b.calls(b.ours, clients, seconds=4 * b.pace.seconds)
    c.stop_nginx()  # which flushes its log
    c.start_nginx(workers=peers.processors())
    b.keep("500 connections", w)
    calls = collections.Counter(line.split()[0] for line in log.read_text().splitlines())
    least, median, most = min(calls.values()), statistics.median(calls.values()), max(calls.values())
    r.head(f"Ingest, {clients} connections at once")
    r.row("campaign-ingest", Summary([w]))
    r.note(f"calls per connection: {len(calls)} connections, least {least}, median {median:.0f}, most {most}")
    r.bar("500 connections: errors", 0, sum(w.errors.values()), at_least=False)
    r.bar("500 connections: served", clients, len(calls))
    r.bar("500 connections: the least served, of the median", 0.25, least / median)


def memory(b, r):
    """Resident memory of the workers of a new pool over many calls, looked at many times a second: it
    swings by a few hundred KiB as buffers come and go, so thirds of the time are compared."""
    c = b.instance
    c.stop_pool()
    c.start_pool()
    samples, done = [], threading.Event()

    def watch():
        while not done.wait(0.1):
            samples.append((calls, load.resident_kib(c.workers())))

    calls = 0
    while calls < 20_000:  # buffers grow to their size
        b.check_time()
        calls += b.calls(b.ours, 64, seconds=1).count
    calls = 0
    samples.append((0, load.resident_kib(c.workers())))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        while calls < b.pace.memory_calls:
            b.check_time()
            w = b.calls(b.ours, 64)
            calls += w.count
            b.keep("memory", w)
    finally:
        done.set()
        watcher.join()
    samples.append((calls, load.resident_kib(c.workers())))
    third = len(samples) // 3
    first = statistics.median(kib for _, kib in samples[:third])
    last = statistics.median(kib for _, kib in samples[-third:])
    r.head("Resident memory of the workers, 64 clients")
    least, most = min(kib for _, kib in samples), max(kib for _, kib in samples)
    r.note(f"{calls:,} calls; median of the first third {first:.0f} KiB, of the last {last:.0f} KiB; "
           f"all between {least} and {most} KiB")
    b.windows.append({"scenario": b.scenario, "name": "resident", "samples": samples})
    r.bar(f"{calls:,} calls: resident memory grows by", 2, 100 * (last - first) / first,
          at_least=False, unit=" %")


ALL = {"ingest": ingest, "one-client": one_client, "hot-key": hot_key, "collections": bulk,
       "full-log": full_log, "sync": sync, "connections": connections, "memory": memory}
