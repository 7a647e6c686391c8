#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5: no change becomes a reject for what folding has made of it. The cloud has UNIQUE(testcol1), its slots;
records move over few slots at random. What holds, whatever the batch: the changes that are not rejected or held, one
after the other in the log's order, come to exactly the rows of the cloud; each rejected change is one that the table refuses
at its place in that order; each held one is behind a rejected one of its record. So a log that can be applied one change at
a time is applied whole. SEED may be given in the environment."""
import json
import os
import random
import sys
import time

from campaign import Instance, main, wait_for

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
ROUNDS = 12
print(f"     seed {SEED}")
rng = random.Random(SEED)
KINDS = {1: "insert", 2: "insertOrUpdate", 3: "update", 4: "delete"}


class Table:
    """dem_sampleTable with UNIQUE(testcol1), as section 8 of the protocol changes it; no slot is ever NULL twice over."""

    def __init__(self, rows=()):
        self.rows = {i: list(v) for i, v in rows}

    def apply(self, kind, record, slot, n):
        """True if the table takes it."""
        if kind == "delete":
            self.rows.pop(record, None)
            return True
        if record not in self.rows and kind == "update":
            return True
        if slot is not None and any(r[0] == slot for i, r in self.rows.items() if i != record):
            return False
        old = self.rows.get(record, [None, None])
        self.rows[record] = [old[0] if slot is None else slot, n]
        return True

    def force(self, kind, record, slot, n):
        """As apply, whatever the others have."""
        if kind == "delete":
            self.rows.pop(record, None)
        elif record in self.rows or kind != "update":
            old = self.rows.get(record, [None, None])
            self.rows[record] = [old[0] if slot is None else slot, n]


with Instance(conf={"sync": {"batch_rows": 10000}}) as c:
    client = c.logon()
    numbered = 0

    def change(kind, record, slot=None, key="@id"):
        """(kind, record, slot, number): the number tells the change, in testcol2."""
        global numbered
        numbered += 1
        return kind, record, slot, str(numbered), key

    def document(change):
        kind, record, slot, n, key = change
        found_by = f'id="{record}"' if key == "@id" else f'code="c{record}"'
        if kind == "delete":
            return f'<s _operation="delete" _key="{key}" {found_by}/>'
        taken = "" if slot is None else f' testcol1="{slot}"'
        other = f' code="c{record}"' if key == "@id" else f' id="{record}"'
        return f'<s _operation="{kind}" _key="{key}" {found_by}{other}{taken} testcol2="{n}"/>'

    def stage(changes):
        """Their numbers in the log."""
        before = int(c.staging("SELECT COALESCE(MAX(_seq), 0) FROM dem_sampleTableStg_log")[0][0])
        for i in range(0, len(changes), 1000):
            r = client.ingest_ext('<s-collection xtkschema="dem:sampleTable">'
                                  + "".join(map(document, changes[i:i + 1000])) + "</s-collection>")
            assert r.status == 200, r
        numbers = [int(r[0]) for r in c.staging(f"SELECT _seq FROM dem_sampleTableStg_log WHERE _seq > {before} ORDER BY 1")]
        assert len(numbers) == len(changes)
        return numbers

    def cloud():
        return {r[0]: [r[1], r[2]] for r in c.cloud("SELECT id, testcol1, testcol2 FROM dem_sampleTable")}

    def run(*args):
        p = c.sync("--schema", "dem:sampleTable", "--json", *args, check=False)
        assert p.returncode in (0, 3) and c.pending() == 0, p
        return json.loads(p.stdout)["schemas"][-1]

    def refused():
        return {int(r[0]): r[1] == "1" for r in c.staging("SELECT seq, held FROM campaign_reject")}

    def empty():
        c.staging("DELETE FROM campaign_reject; DELETE FROM dem_sampleTableStg_rej; DELETE FROM dem_sampleTableStg_log")
        c.cloud("DELETE FROM dem_sampleTable")

    def start(**slots):
        empty()
        c.cloud("INSERT INTO dem_sampleTable (id, code, testcol1) VALUES " +
                ", ".join(f"('{i}', 'c{i}', '{s}')" for i, s in slots.items()))

    def judge(before, changes, numbers):
        """What the head of this file says.  Returns how many are rejected."""
        rejects, table, behind = refused(), Table(before.items()), set()
        for (kind, record, slot, n, key), number in zip(changes, numbers):
            if number not in rejects:
                assert (key, record) not in behind, f"{number} went past a rejected change of its record"
                table.force(kind, record, slot, n)
                continue
            if rejects[number]:
                assert (key, record) in behind, f"{number} is held behind nothing"
                continue
            assert (key, record) not in behind, f"{number} is rejected and not held"
            assert not Table(table.rows.items()).apply(kind, record, slot, n), f"{number} would have been taken at its place"
            behind.add((key, record))
        assert cloud() == table.rows, set(map(str, cloud().items())) ^ set(map(str, table.rows.items()))
        return len(rejects)

    # -- the cases that were met --------------------------------------------------------------------
    def R10_5_three_moves_by_way_of_a_free_slot():
        c.cloud("ALTER TABLE dem_sampleTable ADD UNIQUE KEY slot (testcol1)")
        for batch in (1, 2, 3, 100):
            start(A=1, B=2)
            stage([change("update", "A", "0"), change("update", "B", "1"), change("update", "A", "2")])
            r = run("--batch", batch)
            assert (r["merged"], r["rejected"], r["held"]) == (3, 0, 0), (batch, r)
            assert {i: v[0] for i, v in cloud().items()} == {"A": "2", "B": "1"}

    def R10_5_the_same_by_retry():
        start(A=1, B=2, C=0)
        stage([change("update", "A", "0"), change("update", "B", "1"), change("update", "A", "2")])
        run()
        assert sorted(refused().values()) == [False, False, True], refused()  # C has the slot
        c.cloud("DELETE FROM dem_sampleTable WHERE id = 'C'")
        c.admin("rejects", "retry")
        r = run()
        assert (r["merged"], r["rejected"], r["held"]) == (3, 0, 0) and refused() == {}, r
        assert {i: v[0] for i, v in cloud().items()} == {"A": "2", "B": "1"}

    def R10_5_a_slot_that_is_only_passed():
        # B's last slot is free all the time, its first one is only free before A comes to it.
        start(A=1, B=2)
        stage([change("update", "B", "3"), change("update", "A", "2"), change("update", "B", "4"),
               change("update", "A", "3"), change("update", "B", "1")])
        assert run()["merged"] == 5 and {i: v[0] for i, v in cloud().items()} == {"A": "3", "B": "1"}

    def R10_5_a_whole_table_moves_on_by_one():
        empty()
        many = 300
        c.cloud("INSERT INTO dem_sampleTable (id, code, testcol1) SELECT CONCAT('r', seq), CONCAT('cr', seq), seq"
                f" FROM seq_1_to_{many}")
        stage([change("update", f"r{n}", str(n + 1)) for n in range(many, 0, -1)])
        assert run()["merged"] == many
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable WHERE id <> CONCAT('r', testcol1 - 1)") == [["0"]]

    def R10_5_earlier_changes_of_a_rejected_one_are_merged():
        start(A=1, B=2)
        stage([change("update", "A", "5"), change("update", "A", "2"), change("update", "A"), change("update", "B", "7")])
        r = run()
        assert (r["merged"], r["rejected"], r["held"]) == (2, 1, 1), r
        assert {i: v[0] for i, v in cloud().items()} == {"A": "5", "B": "7"}

    # -- at random ----------------------------------------------------------------------------------
    def random_changes(count, records, slots, keys):
        return [change(rng.choices(list(KINDS.values()), (10, 30, 45, 15))[0], rng.choice(records),
                       rng.choice(slots) if rng.random() < 0.8 else None, rng.choice(keys)) for _ in range(count)]

    def R10_5_at_random():
        found = 0
        for _ in range(ROUNDS):
            empty()
            records, slots = [f"R{i}" for i in range(rng.choice((3, 6, 30)))], [str(i) for i in range(rng.choice((4, 8, 40)))]
            before = {}
            for _ in range(3):
                changes = random_changes(rng.choice((10, 60)), records, slots, rng.choice((["@id"], ["@id", "@code"])))
                numbers = stage(changes)
                run("--batch", rng.choice((1, 2, 7, 50, 1000)))
                found += judge(before, changes, numbers)
                c.staging("DELETE FROM campaign_reject; DELETE FROM dem_sampleTableStg_rej")
                before = cloud()
        print(f"     {found} of them rejected or held")
        assert found > 20

    def R10_5_what_goes_one_at_a_time_goes():
        """Whatever the batch, and also where two key lists are brought together."""
        for _ in range(ROUNDS):
            empty()
            records, slots = [f"R{i}" for i in range(rng.choice((3, 6, 30)))], [str(i) for i in range(rng.choice((8, 40)))]
            table, changes = Table(), []
            while len(changes) < 120:
                one = random_changes(1, records, slots, rng.choice((["@id"], ["@id", "@code"])))[0]
                if table.apply(*one[:4]):
                    changes.append(one)
            stage(changes)
            r = run("--batch", rng.choice((1, 13, 60, 1000)))
            assert (r["merged"], r["rejected"], r["held"]) == (120, 0, 0), r
            assert cloud() == table.rows

    def R10_5_R10_6_a_killed_run():
        """Killed again and again, what holds of a whole run holds of all together."""
        empty()
        records, slots = [f"R{i}" for i in range(40)], [str(i) for i in range(60)]
        changes = random_changes(4000, records, slots, ["@id"])
        numbers = stage(changes)
        kills = 0
        while c.pending() > 0 and kills < 60:
            p = c.sync_process("--batch", "40", "--schema", "dem:sampleTable")
            time.sleep(rng.uniform(0.02, 0.1))
            p.kill()
            p.communicate()
            kills += p.returncode == -9
        wait_for("a run gets the lock", lambda: c.sync(check=False).returncode in (0, 3))
        print(f"     {kills} kills, {judge({}, changes, numbers)} rejected or held")
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]] and kills > 2, kills

    sys.exit(main([(n, f) for n, f in list(globals().items()) if n.startswith("R10_") and callable(f)]))
