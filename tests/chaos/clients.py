# SPDX-License-Identifier: MIT
"""A client: sends random calls, and keeps the model of what they come to.

A call ends in one of four ways.  acknowledged: it is in force.  faulted: the answer says that
nothing was stored.  refused: our own bad record, likewise.  unknown: no answer, or one that says
so; then the client reads its witness (witness.py) before it goes on, as a person would look.
Each look also holds everything that was sent since the last one against what was stored: each call
whole or not at all, once, in the order of the calls, with the values that were sent.
"""
import http.client
import html
import random
import threading
import time

import witness
from campaign import PATIENCE, Client, wait_for
from model import DELETE, INSERT, NAMES, UPDATE, UPSERT, Change, Table

SAMPLE, RECIPIENT, SUBSCRIPTION = witness.TABLES
DEFAULTS = {SAMPLE: {"amount": "0"}, RECIPIENT: {}}
SERVICES = ("NEWS", "OFFERS", "SPORT")
IDS, CODES, PEOPLE, SHARED = 25, 20, 10, 12
LOOSE = 60  # records of which the server made the key: so many are left standing


class World:
    """What the clients share with the one who kills."""

    def __init__(self, instance):
        self.instance, self.stop, self.pause = instance, threading.Event(), threading.Event()
        self.database = threading.Event()  # set: it should answer
        self.database.set()
        self.failure = None

    def fail(self, error):
        self.failure = self.failure or error
        self.stop.set()


class ClientThread(threading.Thread):
    def __init__(self, world, number, seed):
        super().__init__(name=f"chaos{number}", daemon=True)
        self.world, self.number, self.rng = world, number, random.Random(f"{seed}/client {number}")
        self.client = Client(world.instance.port, timeout=60)
        self.tables = {t: Table(d) for t, d in DEFAULTS.items()}
        self.subscribed = set()  # (email, service)
        self.lines = []  # of the subscription history: (email, service, action, change)
        self.since = dict.fromkeys(witness.TABLES, 0)
        self.unseen = {t: [] for t in witness.TABLES}  # acknowledged since the last look
        self.stored = []  # all of this period, with their numbers
        self.loose, self.settled_loose = [], []
        self.stamp = 0
        self.counts = dict.fromkeys(("acknowledged", "faulted", "refused", "unknown", "stored"), 0)
        self.parked = threading.Event()

    # -- life ----------------------------------------------------------------------------------
    def run(self):
        try:
            while not self.world.stop.is_set():
                if self.world.pause.is_set():
                    self.look()
                    self.parked.set()
                    while self.world.pause.is_set() and not self.world.stop.is_set():
                        time.sleep(0.01)
                    self.parked.clear()
                else:
                    self.call()
        except BaseException as e:  # also an OSError is a finding here
            self.world.fail(e)

    def begin_period(self):
        """The thread that has parked this client has compared everything."""
        self.stored, self.lines = [], []
        self.since = dict.fromkeys(witness.TABLES, 0)
        self.settled_loose += self.loose
        self.loose = []

    def call(self):
        send = self.rng.choices(
            (self.one, self.collection, self.without_key, self.shared, self.subscription, self.tidy,
             self.bad),
            (45, 10, 12, 12, 14, 4, 3))[0]
        send()
        self.world.stop.wait(random.uniform(0, 0.02))  # or the runs would fall behind ever more

    # -- what is sent --------------------------------------------------------------------------
    def next_stamp(self):
        self.stamp += 1
        return f"{self.number}.{self.stamp}"

    def values(self):
        """A partial update: some fields, each with a value that no other change has; or emptied."""
        given = {}
        for field in ("testcol1", "testcol2"):
            if self.rng.random() < 0.6:
                given[field] = self.next_stamp() if self.rng.random() < 0.9 else None
        if self.rng.random() < 0.5:
            given["amount"] = str(self.rng.randrange(1000))
        return given

    def change(self, table):
        """One change of a record of our own, which TABLE then has; and its document.  Records are known
        by @id and by @code; which record has which code changes all the time."""
        rng = self.rng
        own_id, own_code = f"{self.number}-i{rng.randrange(IDS)}", f"{self.number}-c{rng.randrange(CODES)}"
        operation = rng.choices((UPSERT, INSERT, UPDATE, DELETE), (50, 12, 23, 15))[0]
        if rng.random() < 0.6:
            key, given = "@id", {"id": own_id, **self.values()}
            if rng.random() < 0.35:
                given["code"] = own_code if rng.random() < 0.9 else None
        else:
            key, given = "@code", {"code": own_code, **self.values()}
            if rng.random() < 0.4:
                given["id"] = own_id
        change = Change(SAMPLE, operation, key, given)
        if table.would_clash(change):
            del given["id"]
        # R8.2: which key it is may be left to the server.
        clear = key == "@id" or ("id" not in given and operation != INSERT)
        table.apply(change)
        attributes = {**given, **({} if clear and rng.random() < 0.3 else {"_key": key})}
        if operation != UPSERT or rng.random() < 0.5:
            attributes["_operation"] = NAMES[operation]
        return change, attributes

    def one(self):
        table = self.tables[SAMPLE].copy()
        change, attributes = self.change(table)
        method = "Ingest" if change.operation == INSERT and self.rng.random() < 0.6 else "IngestExt"
        self.ingest(method, element("s", {"xtkschema": "dem:sampleTableStg", **attributes}), [change], table)

    def collection(self):
        """Now and then a large one: others overtake it, so its numbers are committed late (R10.5a)."""
        table = self.tables[SAMPLE].copy()
        size = self.rng.randint(2, 20) if self.rng.random() < 0.98 else 1000
        made = [self.change(table) for _ in range(size)]
        self.ingest("IngestExt", collection(a for _, a in made), [c for c, _ in made], table)

    def without_key(self):
        """Each makes a record; the answer to Ingest names it."""
        table, made, documents = self.tables[SAMPLE].copy(), [], []
        for _ in range(self.rng.choice((1, 1, 1, 5))):
            given = {"testcol1": self.next_stamp(), **({"amount": "7"} if self.rng.random() < 0.5 else {})}
            if self.rng.random() < 0.1:  # not searched for, but findable from now on (R8.4)
                given["code"] = f"{self.number}-c{self.rng.randrange(CODES)}"
            made.append(Change(SAMPLE, INSERT, "@id", given))
            documents.append(given)
            table.apply(made[-1])
        if self.ingest("Ingest", collection(documents), made, table):
            self.loose += made

    def tidy(self):
        """Deletes what without_key made, after it was compared once."""
        gone = self.settled_loose[:max(0, len(self.settled_loose) - LOOSE)][:20]
        if not gone:
            return self.one()
        table = self.tables[SAMPLE].copy()
        changes = [Change(SAMPLE, DELETE, "@id", {"id": c.pk}) for c in gone]
        for c in changes:
            table.apply(c)
        document = collection({"_key": "@id", "_operation": "delete", **c.given} for c in changes)
        if self.ingest("IngestExt", document, changes, table):
            self.settled_loose = self.settled_loose[len(gone):]

    def shared(self):
        """A record that all clients write.  It is not in our model; see allowed_states."""
        operation = self.rng.choices((UPSERT, INSERT, UPDATE, DELETE), (50, 10, 30, 10))[0]
        given = {"id": f"shared{self.rng.randrange(SHARED)}", **self.values()}
        document = element("s", {"xtkschema": "dem:sampleTable", "_key": "@id",
                                 "_operation": NAMES[operation], **given})
        self.ingest("IngestExt", document, [Change(SAMPLE, operation, "@id", given)], None)

    def bad(self):
        """A collection with a record that cannot be: none of it may be stored (R7.9)."""
        made = [self.change(self.tables[SAMPLE].copy())[1] for _ in range(3)]
        made.insert(self.rng.randrange(4), {"testcol1": self.next_stamp(), "amount": "much"})
        document = f"<urn:domDoc>{collection(made)}</urn:domDoc>"
        outcome, answer = self.send("xtk:session", "IngestExt", document)
        assert outcome != "acknowledged", answer
        if outcome == "unknown":
            self.look()

    def subscription(self):
        """Changes of two tables in one call (section 9)."""
        email = f"p{self.rng.randrange(PEOPLE)}.{self.number}@example.test"
        subscribe = self.rng.random() < 0.6
        services = self.rng.sample(SERVICES, self.rng.choice((1, 1, 2)))
        person = {"email": email, "firstName": self.next_stamp()}
        table = self.tables[RECIPIENT].copy()
        changes = [Change(RECIPIENT, UPSERT if subscribe else UPDATE, "@email", person)]
        table.apply(changes[0])
        known = any(r.get("email") == email for r in table.rows)
        for s in services:
            changes.append(Change(
                SUBSCRIPTION, UPSERT if subscribe else UPDATE, "@service-id,@recipient-id",
                {"deleteStatus": "01"[not subscribe], "service-id": f"s-{s}", "recipient-id": None},
                links=f"@recipient-id\tnms:recipient\t@email\t{email}\n"))
        method = "Subscribe" if subscribe else "Unsubscribe"
        parameters = (f"<urn:service>{','.join(services)}</urn:service><urn:content>"
                      f"{element('recipient', {'_key': '@email', **person})}</urn:content>"
                      + ("<urn:create>true</urn:create>" if subscribe else ""))
        if not self.submit("nms:subscription", method, parameters, changes):
            return
        self.tables[RECIPIENT] = table
        for s, change in zip(services, changes[1:]):
            if subscribe or (known and (email, s) in self.subscribed):  # R9.6
                self.lines.append((email, s, str(int(subscribe)), change))
            (self.subscribed.add if subscribe else self.subscribed.discard)((email, s))

    # -- sending -------------------------------------------------------------------------------
    def ingest(self, method, document, changes, table):
        """True if it is stored; TABLE is then ours."""
        stored = self.submit("xtk:session", method, f"<urn:domDoc>{document}</urn:domDoc>", changes)
        if stored and table is not None:
            self.tables[SAMPLE] = table
        return stored

    def submit(self, service, method, parameters, changes):
        sent = time.monotonic()
        outcome, answer = self.send(service, method, parameters)
        assert outcome != "refused", (method, parameters, answer)
        if outcome == "acknowledged":
            known = time.monotonic()
            for change in changes:
                change.sent, change.known = sent, known
                self.unseen[change.table].append(change)
            if method == "Ingest" and answer.element("pstrSUuids"):
                made = answer.element("pstrSUuids").split(",")
                assert len(made) == len(changes), (made, changes)
                for change, pk in zip(changes, made):
                    change.pk = pk
            return True
        stored = outcome == "unknown" and self.look(changes)
        if stored:
            for change in changes:
                change.sent, change.known = sent, time.monotonic()
            self.counts["stored"] += 1
        self.world.stop.wait(random.uniform(0.02, 0.1))  # something is down; so would a client wait
        return stored

    def send(self, service, method, parameters):
        answer = None
        try:
            answer = self.client.call(service, method, parameters)
        except TimeoutError:
            raise AssertionError(f"{method}: no answer in {60 * PATIENCE:.0f} s")
        except (OSError, http.client.HTTPException):
            outcome = "unknown"
        else:
            outcome = self.judge(answer)
        self.counts[outcome] += 1
        return outcome, answer

    def judge(self, answer):
        if answer.status == 502:  # nginx: the worker that had this call is gone, or there is none
            return "unknown"
        if answer.status == 200 and answer.fault is None:
            return "acknowledged"
        detail = (answer.fault or ("", "", ""))[2] or ""
        if "ODB-240000" in detail and ("nothing was stored" in detail
                                       or "schemas are not loaded yet, try again later" in detail):
            return "faulted"
        if "not known whether it was stored" in detail:
            return "unknown"
        if "CIN-100204" in detail and "much" not in detail:
            return "refused"
        raise AssertionError(f"an answer that no failure explains: {answer}")

    # -- looking -------------------------------------------------------------------------------
    def look(self, doubtful=()):
        """Holds what was stored against what was sent.  True if the call with the changes DOUBTFUL, of
        which no answer is known, was stored."""
        found = self.read_witness()
        for table, rows in found.items():
            rest = len(rows) - len(self.unseen[table])
            wanted = sum(c.table == table for c in doubtful)
            assert rest in (0, wanted), self.complaint(
                f"{len(rows)} rows stand in {table}'s log, {len(self.unseen[table])} were acknowledged"
                f" and {wanted} sent without an answer", table, rows, doubtful)
        stored = bool(doubtful) and all(
            len(found[t]) > len(self.unseen[t]) for t in {c.table for c in doubtful})
        for table, rows in found.items():
            sent = self.unseen[table] + ([c for c in doubtful if c.table == table] if stored else [])
            assert len(sent) == len(rows), self.complaint("half a call is stored", table, rows, doubtful)
            for change, row in zip(sent, rows):
                self.take(change, row, rows, doubtful)
            self.unseen[table] = []
            self.stored += sent
        return stored

    def read_witness(self):
        def rows():
            if self.world.stop.is_set() and not self.world.database.is_set():
                raise AssertionError("stopped while the database was away")
            if self.world.database.is_set():
                try:
                    return [witness.rows_of(self.world.instance.db, self.name, self.since)]
                except AssertionError as e:
                    problems.append(str(e))
            return None
        problems = []
        return wait_for(f"{self.name} reads its witness {problems[-1:]}", rows, 90)[0]

    def take(self, change, row, rows, doubtful):
        made = row.values["id"]
        if change.operation in (INSERT, UPSERT) and change.given.get("id") is None:
            assert made and change.pk in (None, made), self.complaint(
                f"the answer named {change.pk}, stored is {made}", change.table, rows, doubtful)
            change.pk = made
        assert change.row() == row.row(), self.complaint(
            f"stored is {row}, sent was {change.row()}", change.table, rows, doubtful)
        change.seq, change.at = row.seq, row.at
        self.since[change.table] = row.seq

    def complaint(self, what, table, rows, doubtful):
        return (f"{self.name}: {what}\n  acknowledged: " + "\n    ".join(map(repr, self.unseen[table][-25:]))
                + "\n  without answer: " + "\n    ".join(map(repr, doubtful))
                + "\n  stored: " + "\n    ".join(map(repr, rows[-25:])))


def element(name, attributes):
    return f"<{name} " + " ".join(
        f'{k}="{html.escape("" if v is None else v)}"' for k, v in attributes.items()) + "/>"


def collection(records):
    return ('<s-collection xtkschema="dem:sampleTableStg">' + "".join(element("s", r) for r in records)
            + "</s-collection>")
