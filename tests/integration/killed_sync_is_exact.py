#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 of campaign-sync at 50 random moments while it moves 100,000 changes: in the end the
cloud table equals what a simple model says.  SEED and CHANGES may be given in the environment."""
import os
import random
import sys
import time

from campaign import Client, Instance, main, wait_for

SEED = int(os.environ.get("CAMPAIGN_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
# The sanitizers' builds prove the same with fewer.
CHANGES = int(os.environ.get("CAMPAIGN_TEST_CHANGES", 100_000 if "plain" in os.environ.get("CAMPAIGN_BUILD", "plain") else 10_000))
KILLS = 50 if CHANGES >= 100_000 else 16
PEOPLE = CHANGES // 5
print(f"     seed {SEED}, {CHANGES} changes, {KILLS} kills")
rng = random.Random(SEED)


class Model:
    """The cloud table as section 8 of the protocol says, one change after the other.

    Keys here are @id and @code; code is never changed by an @id change, so a record is found by
    either key (people are numbered: id p7, code c7)."""

    def __init__(self):
        self.rows = {}

    def apply(self, op, key, n, fields):
        row = self.rows.get(n)
        if op == "delete":
            self.rows.pop(n, None)
        elif row is not None:
            row.update(fields)
        elif op in ("insert", "insertOrUpdate"):
            self.rows[n] = {"testcol1": None, "testcol2": None, "amount": 0.0, **fields}


made = 0  # numbers the values, so that no two changes set the same


def make_changes(model, count):
    """A stream of documents.  Runs of one key list alternate, as two clients in turn would."""
    global made
    documents = []
    while len(documents) < count:
        key = rng.choice(("@id", "@id", "@code"))
        for _ in range(min(rng.choice((1, 20, 3000)), count - len(documents))):
            n = rng.randrange(PEOPLE)
            # A deletion among changes that bring their @id under another key ends a run of the
            # fold; a few of these are enough to see that it does so rightly.
            op = rng.choices(("insertOrUpdate", "insert", "update", "delete"),
                             (60, 15, 15, 10 if key == "@id" else 0.2))[0]
            fields = {f: v for f, v in (("testcol1", f"v{made}"), ("testcol2", rng.choice(("", f"w{made}"))),
                                        ("amount", float(rng.randrange(1000)))) if rng.random() < 0.6}
            identity = f'code="c{n}"' + (f' id="p{n}"' if key == "@id" or op != "delete" else "")
            values = " ".join(f'{k}="{v}"' for k, v in fields.items())
            documents.append(f'<s _operation="{op}" _key="{key}" {identity} {values}/>')
            model.apply(op, key, n, {k: (None if v == "" else v) for k, v in fields.items()})
            made += 1
    return documents


with Instance(conf={"sync": {"batch_rows": CHANGES // 50}}) as c:
    model = Model()

    def stage(count=CHANGES):
        client = c.logon()
        documents = make_changes(model, count)
        for i in range(0, len(documents), 1000):
            r = client.ingest_ext('<s-collection xtkschema="dem:sampleTableStg">'
                                  + "".join(documents[i:i + 1000]) + "</s-collection>")
            assert r.status == 200, r

    def kill_at_random_moments():
        # The moment is drawn from the time that one run may take before it is killed.  It adapts,
        # so that the kills are spread over the whole of the work whatever this machine's speed;
        # should all be moved before the last kill, more of the same is staged.  A run that has
        # nothing to move tells how long it takes to begin; few kills come so early.
        begun = time.monotonic()
        c.sync("--schema", "nms:recipient")
        begin = time.monotonic() - begun
        kills, moment, landed, staged = 0, begin + CHANGES / 300_000, [], CHANGES
        while kills < KILLS:
            before = c.pending()
            if before == 0:
                stage(CHANGES // 10)
                staged += CHANGES // 10
                continue
            p = c.sync_process()
            time.sleep(rng.uniform(begin / 2, moment))
            if p.poll() is None:
                p.kill()
                kills += 1
                landed.append(c.pending())
                share, took = before / (KILLS - kills + 1), before - landed[-1]
                moment = max(0.02, moment * (1.3 if took < share else 0.7))
            else:
                assert p.returncode == 0, (p.returncode, p.stderr.read())
                moment *= 0.6
            p.wait()
            p.stderr.close()
        print(f"     {kills} kills while {staged} changes moved; pending after them: {landed[::6]}")
        assert len(set(landed)) > 3, "the kills came before any work was done"

    def a_last_run_finishes():
        # The server may need a moment to find that the killed run's sessions are over.
        wait_for("a run gets the lock", lambda: c.sync(check=False).returncode == 0)
        assert c.pending() == 0
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]
        assert c.staging("SELECT COUNT(*) FROM campaign_reject") == [["0"]], c.admin("rejects").stdout[:2000]

    def the_cloud_equals_the_model():
        rows = c.cloud("SELECT id, code, testcol1, testcol2, amount FROM dem_sampleTable")
        cloud = {r[0]: tuple(r[1:4]) + (float(r[4]),) for r in rows}
        assert len(cloud) == len(rows)
        expected = {f"p{n}": (f"c{n}", r["testcol1"], r["testcol2"], r["amount"]) for n, r in model.rows.items()}
        missing, extra = expected.keys() - cloud.keys(), cloud.keys() - expected.keys()
        assert not missing and not extra, (len(missing), len(extra), sorted(missing)[:5], sorted(extra)[:5])
        wrong = [(k, cloud[k], expected[k]) for k in expected if cloud[k] != expected[k]]
        assert not wrong, (len(wrong), wrong[:5])

    sys.exit(main([(f.__name__, f) for f in (stage, kill_at_random_moments, a_last_run_finishes,
                                             the_cloud_equals_the_model)]))
