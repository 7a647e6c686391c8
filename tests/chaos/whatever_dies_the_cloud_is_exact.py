#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random calls from several clients while campaign-sync, workers, the pool and the database are killed
with SIGKILL again and again: the cloud is what the acknowledged calls come to, no more and no less.

    whatever_dies_the_cloud_is_exact.py [--seed N] [--seconds N] [--clients N] [--marked]

How it can know.  A call without an answer may be stored or not, and a model that allowed for both
would soon allow for anything.  So each log has a witness (witness.py): a trigger repeats every row
in the same transaction, and what stands there was committed.  A client that got no answer looks
there before it sends the next call, with a read that waits for a transaction that is still open.
From there the proof has two halves:

 1. From the call to the log, by each client (clients.py): what was acknowledged is stored once, whole,
    with the values that were sent and in the order of the calls; what was answered with "nothing was
    stored" is not; a call without answer is stored whole or not at all.  Across clients: a change that
    was sent after another was acknowledged has the larger number.
 2. From the log to the cloud, at quiet moments (every few seconds, so that a change that was lost is
    not hidden by later ones): the clients wait, a run empties the logs, and the cloud must equal the
    model (model.py), which plays every change one after the other.  Clients have records of their own,
    so the order of the changes of a record is known.  Of the few records that all of them write, it is
    known as far as one call was answered before another was sent: the cloud must show one of the
    states that this allows.  Then a few changes come in, one of them overtaken by others and by a
    run, and the view of pending records is held against its own model.

--marked: with loaded_columns and deletes = soft (R10.12); the cloud then is its rows that are not marked.

No reject is expected.  --seed repeats what is drawn: calls, kills, pauses.  It does not repeat when
they meet: on which call a kill falls is up to the machine, and so is what a client does from the
first call on that ends differently.  CAMPAIGN_TEST_KEEP keeps the folder.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import view_shows_pending_records as view
import witness
from campaign import Instance, Session, main, wait_for
from clients import DEFAULTS, RECIPIENT, SAMPLE, SERVICES, SUBSCRIPTION, ClientThread, World
from model import Row, Table, allowed_states

SERIAL = "keeps the whole machine busy"

KINDS = ("sync", "worker", "pool", "database")
ENOUGH_SECONDS = 40  # a round of so many must have killed each three times
VIEW_CHANGES = 900  # a cluster of more is not played by the view (docs/architecture.md)


class Syncs(threading.Thread):
    """Runs one after the other, with pauses and batches of any size; most of them are killed."""

    def __init__(self, chaos):
        super().__init__(name="syncs", daemon=True)
        self.chaos, self.world, self.rng = chaos, chaos.world, random.Random(f"{chaos.seed}/sync")
        self.usual = 0.1  # seconds that a run takes, from those that ended by themselves
        self.ended = collections.Counter()
        self.between = 0
        self.pause, self.parked = threading.Event(), threading.Event()

    def run(self):
        try:
            while not self.world.stop.is_set():
                if self.pause.is_set():
                    self.parked.set()
                    time.sleep(0.01)
                    continue
                self.parked.clear()
                self.one()
                self.world.stop.wait(self.rng.choice((0, 0, 0.1, 0.5, 1)))
        except BaseException as e:
            self.world.fail(e)

    def one(self):
        kill, moment = self.rng.random() < 0.7, self.rng.random()
        # Small batches where it is killed: more of its time lies between two commits.
        batch = self.rng.choice((2, 5, 20, 200) if kill else (50, 200, 1000))
        started = time.monotonic()
        p = self.chaos.c.sync_process("--batch", str(batch))
        if kill:
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(1.2 * self.usual * moment)
            if p.poll() is None:
                p.kill()
                self.chaos.killed("sync")
        said = p.communicate(timeout=300)[1]
        assert "Sanitizer" not in said and "runtime error" not in said, said
        if p.returncode == -signal.SIGKILL:
            self.look_between()
            return
        self.ended[p.returncode] += 1
        if p.returncode == 0:
            self.usual += (min(time.monotonic() - started, 5) - self.usual) / 4
            return
        # 4: the server has not noticed yet that the run before was killed.
        excused = p.returncode == 4 or (p.returncode == 1 and self.chaos.was_away(started))
        assert excused, f"campaign-sync --batch {batch}: exit {p.returncode}\n{said}"

    def look_between(self):
        """Counts the kills that fell between the two commits of a batch (R10.6): what the cloud has is
        still in the log."""
        with contextlib.suppress(AssertionError):
            self.between += self.chaos.c.db.sql(
                "SELECT 1 FROM cloud.campaign_applied JOIN stg.campaign_schema s USING (log_id)"
                f" JOIN stg.{SAMPLE}Stg_log"
                " ON _seq = CAST(seqs AS UNSIGNED) WHERE s.id = 'dem:sampleTable' LIMIT 1") != []


class Chaos:
    def __init__(self, c, options):
        self.c, self.seed, self.options = c, options.seed, options
        self.rng = random.Random(f"{options.seed}/kills")
        self.world = World(c)
        self.kills, self.events = collections.Counter(), []
        self.outages = []  # of the database: [from, to]
        self.periods = self.records = self.changes = self.views = self.in_order = 0
        self.shared = {}  # id: values, as the last period left them

    def start(self):
        self.c.staging("INSERT INTO nms_service (id, name, lastModified) VALUES "
                       + ",".join(f"('s-{s}', '{s}', NOW(3))" for s in SERVICES))
        witness.install(self.c.db)
        self.clients = [ClientThread(self.world, n, self.seed) for n in range(self.options.clients)]
        for client in self.clients:
            self.c.add_operator(client.name, self.c.PASSWORD, "admin")
            assert client.client.logon(client.name, self.c.PASSWORD).status == 200
        self.syncs = Syncs(self)
        for thread in (*self.clients, self.syncs):
            thread.start()

    # -- killing -------------------------------------------------------------------------------
    def killed(self, kind):
        self.kills[kind] += 1
        self.events.append(f"{time.strftime('%H:%M:%S')} {kind} killed")

    def was_away(self, since):
        return any(end is None or end >= since for _, end in self.outages)

    def pause(self, low, high):
        self.world.stop.wait(self.rng.uniform(low, high))
        if self.world.failure:
            raise self.world.failure

    def kill_worker(self):
        workers = self.c.workers()
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.rng.choice(workers), signal.SIGKILL)
                self.killed("worker")

    def kill_pool(self):
        """The supervisor; its workers then have 1.5 seconds, the new pool may come sooner."""
        self.c.pool.kill()
        self.c.pool.wait()
        self.killed("pool")
        self.pause(0, 1)
        self.c.start_pool()

    def kill_database(self):
        self.world.database.clear()
        self.outages.append([time.monotonic(), None])
        self.c.db.kill()
        self.killed("database")
        self.pause(0, 0.5)
        also = self.rng.choice((None, None, self.kill_worker, self.kill_pool))
        if also:
            also()
        self.c.db.start()
        self.outages[-1][1] = time.monotonic()
        self.world.database.set()

    def period(self):
        """Work and kills, in any order; then a quiet moment."""
        self.periods += 1
        deeds = [self.kill_database, self.kill_pool] + 4 * [self.kill_worker]
        self.rng.shuffle(deeds)
        longest = 1.5 if self.options.seconds < 120 else self.rng.choice((1, 2, 8))
        for deed in deeds:
            self.pause(0.1, longest)
            deed()
        self.pause(0.1, longest)
        self.quiet_moment()

    def go(self):
        started = time.monotonic()
        while time.monotonic() - started < self.options.seconds or (
                self.periods < 3 and self.options.seconds >= ENOUGH_SECONDS):  # a slow build
            self.period()
        few = [k for k in KINDS if self.kills[k] < 3]
        if self.options.seconds >= ENOUGH_SECONDS:
            assert not few, f"killed fewer than three times: {few}"
            assert self.views, "the view was never compared"

    # -- comparing -----------------------------------------------------------------------------
    def quiet_moment(self):
        self.syncs.pause.set()
        self.world.pause.set()
        self.rest(self.syncs, *self.clients)
        self.check_numbers()
        self.empty_the_logs()
        self.check_own_records()
        self.check_shared_records()
        self.check_subscriptions()
        witness.forget(self.c.db)
        for client in self.clients:
            client.begin_period()
        self.world.pause.clear()
        self.let_a_few_pend()
        self.syncs.pause.clear()

    def be_overtaken(self):
        """One client's transaction is held up between its number and its commit.  Larger numbers are
        committed meanwhile, and a run takes them (R8.9, R10.5a)."""
        client = self.rng.choice(self.clients)
        with Session(self.c.db, "witness") as other:
            other.run(f"BEGIN; SELECT COUNT(*) FROM {SAMPLE} WHERE _operator = '{client.name}' FOR UPDATE")
            self.pause(0.1, 0.3)
            p = self.c.sync_process()
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(0.5)  # the pool waits no longer than a second for a lock
        said = p.communicate(timeout=300)[1]
        assert p.returncode in (0, 4), f"exit {p.returncode}: {said}"

    def let_a_few_pend(self):
        """No more than the view can play, and no run of campaign-sync at the end."""
        self.pause(0.05, 0.3)
        self.be_overtaken()
        self.kill_worker()
        self.pause(0.05, 0.2)
        self.world.pause.set()
        self.rest(*self.clients)
        self.check_view()
        self.world.pause.clear()

    def rest(self, *threads):
        for thread in threads:
            wait_for(f"{thread.name} comes to rest",
                     lambda: thread.parked.is_set() or self.world.failure, 120)
        self.pause(0, 0)

    def run_sync(self):
        def run():
            p = self.c.sync("--json", check=False)
            assert p.returncode in (0, 4), f"exit {p.returncode}: {p.stdout} {p.stderr}"
            return p.returncode == 0
        wait_for("a run when everything is well", run, 60)

    def stored(self, table):
        return [change for client in self.clients for change in client.stored if change.table == table]

    def check_numbers(self):
        """What was acknowledged before another was sent has the smaller number."""
        for table in witness.TABLES:
            changes = self.stored(table)
            self.changes += len(changes)
            assert self.c.db.sql(f"SELECT COUNT(*) FROM witness.{table}") == [[str(len(changes))]], (
                f"{table}'s log got rows that no client sent")
            by_known, highest, n = sorted(changes, key=lambda x: x.known), None, 0
            for change in sorted(changes, key=lambda x: x.sent):
                while by_known[n].known < change.sent:
                    if highest is None or by_known[n].seq > highest.seq:
                        highest = by_known[n]
                    n += 1
                assert highest is None or highest.seq < change.seq, (
                    f"{table}: {change} was sent after {highest} was acknowledged")

    def check_view(self):
        columns = ["_seq", "_operation", "_key", "_fields"] + witness.TABLES[SAMPLE]
        log = self.c.staging(f"SELECT {witness.quoted(columns)} FROM {SAMPLE}Stg_log ORDER BY _seq")
        if len(log) > VIEW_CHANGES:
            return
        view.FIELDS, view.DEFAULTS = witness.TABLES[SAMPLE], {}
        changes = []
        for seq, operation, key, fields, *values in log:
            cells = dict(zip(view.FIELDS, values))
            named = fields.split(",")
            changes.append(view.Change(int(operation), key, candidate=None if "id" in named else cells["id"],
                                       **{f: cells[f] for f in named}))
            changes[-1].seq = int(seq)
        columns = view.FIELDS + view.OURS[:4]
        expected = [row[:len(columns)] for row in view.play(changes)]
        shown = self.c.staging(f"SELECT {witness.quoted(columns)} FROM {SAMPLE}Stg ORDER BY _seq")
        differing = [pair for pair in zip(shown, expected) if pair[0] != pair[1]]
        assert shown == expected, (f"the view of {len(log)} changes has {len(shown)} rows, expected are"
                                   f" {len(expected)}; first (shown, expected): {differing[:3]}\n"
                                   + view.tell(changes))
        self.views += 1

    def empty_the_logs(self):
        """One run does it, as nothing comes in; the second purges ended subscriptions and changes nothing."""
        for _ in range(2):
            self.run_sync()
            for table in witness.TABLES:
                pending = self.c.pending(table)
                assert pending == 0, f"{pending} changes of {table} are still pending"
        applied = self.c.cloud("SELECT seqs FROM campaign_applied")
        assert not applied, f"records of applied changes stay: {applied[:5]}"
        rejects = self.c.staging("SELECT COUNT(*) FROM campaign_reject")
        assert rejects == [["0"]], self.c.admin("rejects").stdout[:4000]

    def live(self, table):
        """TABLE for a query, without rows that are marked as deleted."""
        if not self.options.marked:
            return table
        assert self.c.cloud(f"SELECT COUNT(*) FROM {table} WHERE _run IS NULL OR _loaded_at IS NULL") == [["0"]]
        return f"(SELECT * FROM {table} WHERE _deleted_at IS NULL)"

    def cloud(self, table):
        fields = witness.TABLES[table]
        rows = self.c.cloud(f"SELECT {witness.quoted(fields)} FROM {self.live(table)} live")
        assert len({r[0] for r in rows}) == len(rows), f"{table}: a primary key stands twice"
        return {r[0]: r for r in rows}

    def check_own_records(self):
        for table in DEFAULTS:
            cloud, model = self.cloud(table), {}
            if table == SAMPLE:
                self.cloud_shared = {i: cloud.pop(i) for i in list(cloud) if i.startswith("shared")}
            for client in self.clients:
                model.update(client.tables[table].content(witness.TABLES[table]))
            differing = sorted(i for i in cloud.keys() | model.keys() if cloud.get(i) != model.get(i))
            missing, foreign = model.keys() - cloud.keys(), cloud.keys() - model.keys()
            assert not differing, "\n".join(
                [f"{table}: {len(missing)} records are missing, {len(foreign)} should not be there,"
                 f" {len(differing) - len(missing) - len(foreign)} have wrong values"]
                + [line for i in differing[:3] for line in self.tell(table, i, cloud.get(i), model.get(i))])
            self.records += len(model)

    def tell(self, table, record, cloud, model):
        known_by = {v for row in (cloud, model) if row for v in row[:2]} | {record}
        return ([f"  {record}", f"    cloud {cloud}", f"    model {model}",
                 "    changes since the last quiet moment:"]
                + ["      " + line for line in witness.history(self.c.db, table, known_by)])

    def check_shared_records(self):
        fields, changes = witness.TABLES[SAMPLE], collections.defaultdict(list)
        for change in sorted(self.stored(SAMPLE), key=lambda x: x.seq):
            if (change.given.get("id") or "").startswith("shared"):
                changes[change.given["id"]].append(change)
        for record in changes.keys() | self.shared.keys() | self.cloud_shared.keys():
            before, cloud = self.shared.get(record), self.cloud_shared.get(record)
            in_order = Table(DEFAULTS[SAMPLE], [Row(dict(zip(fields, before)), None)] if before else [])
            for change in changes[record]:
                in_order.apply(change)
            self.records += 1
            if in_order.content(fields) == ({record: cloud} if cloud else {}):
                self.in_order += 1
                continue
            allowed = allowed_states(DEFAULTS[SAMPLE], fields, before, changes[record])
            assert (tuple(cloud) if cloud else None) in allowed, "\n".join(
                [f"{record}: the cloud has {cloud}; allowed are {sorted(map(str, allowed))[:6]};"
                 f" before was {before}"]
                + [f"  {c} sent {c.sent:.4f} known {c.known:.4f}" for c in changes[record]])
        self.shared = self.cloud_shared

    def check_subscriptions(self):
        self.compare("subscriptions", (
            (email, f"s-{s}", "0") for client in self.clients for email, s in client.subscribed),
            f"SELECT email, `service-id`, deleteStatus FROM {self.live(SUBSCRIPTION)} s LEFT JOIN {RECIPIENT} r"
            " ON r.id = `recipient-id`")
        self.compare("subscription history", (
            (email, f"s-{s}", action, change.at[:23])  # in milliseconds there
            for client in self.clients for email, s, action, change in client.lines),
            f"SELECT email, `service-id`, action, date FROM nms_subHisto LEFT JOIN {RECIPIENT} r"
            " ON r.id = `recipient-id`")
        self.c.cloud("DELETE FROM nms_subHisto")

    def compare(self, what, expected, query):
        """As bags of rows."""
        model = collections.Counter(expected)
        cloud = collections.Counter(tuple(row) for row in self.c.cloud(query))
        missing, surplus = model - cloud, cloud - model
        assert cloud == model, "\n".join(
            [f"{what}: missing {list(missing.elements())[:5]}, too many {list(surplus.elements())[:5]}"]
            + [f"  {email}: " + line for email in sorted({row[0] for row in missing + surplus if row[0]})[:3]
               for line in witness.history(self.c.db, SUBSCRIPTION, {email})])
        self.records += len(cloud)

    # -- the end -------------------------------------------------------------------------------
    def stop(self):
        self.world.stop.set()
        for thread in (*self.clients, self.syncs):
            thread.join(30)

    def summary(self):
        calls = collections.Counter()
        for client in self.clients:
            calls.update(client.counts)
        return (f"calls: {calls['acknowledged']} acknowledged, {calls['faulted']} faulted,"
                f" {calls['refused']} refused, {calls['unknown']} unknown ({calls['stored']} of them stored);"
                f" {self.changes} changes; kills: " + ", ".join(f"{self.kills[k]} {k}" for k in KINDS)
                + f"; syncs: {sum(self.syncs.ended.values())} run, {self.kills['sync']} killed"
                f" ({self.syncs.between} between two commits); {self.periods} quiet moments:"
                f" {self.records} records compared ({self.in_order} shared ones in the log's order),"
                f" {self.views} views")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--marked", action="store_true")
    options = parser.parse_args()
    print(f"     seed {options.seed}, {options.seconds:g} s, {options.clients} clients", flush=True)

    conf = {"sync": {"batch_rows": 200}}
    if options.marked:
        conf["cloud"] = {"loaded_columns": "true", "deletes": "soft"}

    with Instance(workers=3, conf=conf) as c:
        chaos = Chaos(c, options)

        def calls_and_kills():
            try:
                chaos.start()
                chaos.go()
            except AssertionError as e:
                raise AssertionError(f"seed {options.seed}, period {chaos.periods}: {e}\n"
                                     + "\n".join(chaos.events[-20:]))
            finally:
                chaos.stop()
                print("     " + chaos.summary(), flush=True)

        sys.exit(main([(f.__name__, f) for f in (calls_and_kills,)]))
