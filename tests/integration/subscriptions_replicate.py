#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R9.4-R9.9 on the side of the replication: subscriptions are made, ended, revived and purged, and
nms:subHisto has one line for each that was made or ended, also when campaign-sync is killed again
and again while it works.  SEED and CHANGES may be given in the environment."""
import json
import os
import random
import sys
import time

from campaign import Instance, main

SEED = int(os.environ.get("CAMPAIGN_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
CHANGES = int(os.environ.get("CAMPAIGN_TEST_CHANGES", 5000))
PEOPLE, SERVICES = 150, ("NEWS", "OFFERS", "SPORT")
print(f"     seed {SEED}, {CHANGES} changes")
rng = random.Random(SEED)

# A number per change: the time that its line in the history is known by.
clock = 0


def moment():
    global clock
    clock += 1
    return f"2026-03-{1 + clock // 864000:02d} {clock // 36000 % 24:02d}:{clock // 600 % 60:02d}:" \
           f"{clock // 10 % 60:02d}.{clock % 10}00"


def log_row(action, service, email):
    """As Subscribe and Unsubscribe stage it: operation, fields and a link by reconciliation key."""
    at = moment()
    status, operation = ("0", 2) if action else ("1", 3)
    return at, (f"({operation}, '@service-id,@recipient-id', 'deleteStatus,service-id,recipient-id',"
                f" '@recipient-id\\tnms:recipient\\t@email\\t{email}\\n', '{at}', 'feed1', UUID(), {status}, 's-{service}')")


with Instance(conf={"sync": {"batch_rows": 20}}, start=False) as c:
    def insert(rows):
        c.staging("INSERT INTO nms_subscriptionStg_log (_operation, _key, _fields, _links, _at, _operator, id,"
                  " deleteStatus, `service-id`) VALUES " + ",".join(rows))

    def subscribe(service, email):
        at, row = log_row(True, service, email)
        insert([row])
        return at

    def unsubscribe(service, email):
        at, row = log_row(False, service, email)
        insert([row])
        return at

    def subscriptions(email):
        return c.cloud("SELECT `service-id`, deleteStatus, s.created FROM nms_subscription s JOIN nms_recipient r"
                       f" ON r.id = `recipient-id` WHERE email = '{email}' ORDER BY 1")

    def history(email):
        return c.cloud("SELECT `service-id`, action, date FROM nms_subHisto JOIN nms_recipient r"
                       f" ON r.id = `recipient-id` WHERE email = '{email}' ORDER BY date")

    def people():
        c.staging("INSERT INTO nms_service (id, name, lastModified) VALUES " +
                  ",".join(f"('s-{s}', '{s}', NOW(3))" for s in SERVICES))
        c.cloud("INSERT INTO nms_recipient (id, email) VALUES " +
                ",".join(f"('r{i}', 'p{i}@example.test')" for i in range(PEOPLE)) +
                ",('ra', 'ann@example.test'),('rb', 'ben@example.test'),('rc', 'cat@example.test')")
        c.sync()
        assert c.cloud("SELECT COUNT(*) FROM nms_service") == [["3"]]

    def R9_9_subscribe_writes_a_line():
        at = subscribe("NEWS", "ann@example.test")
        c.sync()
        assert subscriptions("ann@example.test") == [["s-NEWS", "0", at]], subscriptions("ann@example.test")
        assert history("ann@example.test") == [["s-NEWS", "1", at]]
        assert c.cloud("SELECT COUNT(*) FROM nms_subHisto WHERE LENGTH(id) = 36") == [["1"]]

    def R9_5_a_repeated_one_keeps_created():
        first = subscriptions("ann@example.test")
        at = subscribe("NEWS", "ann@example.test")
        c.sync()
        assert subscriptions("ann@example.test") == first
        assert history("ann@example.test")[1:] == [["s-NEWS", "1", at]]

    def R9_9_subscribing_before_the_purge_revives():
        first = subscriptions("ann@example.test")
        gone, back = unsubscribe("NEWS", "ann@example.test"), subscribe("NEWS", "ann@example.test")
        c.sync()
        assert subscriptions("ann@example.test") == first
        assert history("ann@example.test")[2:] == [["s-NEWS", "0", gone], ["s-NEWS", "1", back]]

    def R9_9_unsubscribe_marks_and_a_later_run_purges():
        before = len(history("ann@example.test"))
        at = unsubscribe("NEWS", "ann@example.test")
        unsubscribe("NEWS", "ann@example.test")  # there is none any more: no line
        c.sync()
        assert [r[1] for r in subscriptions("ann@example.test")] == ["1"]
        assert history("ann@example.test")[before:] == [["s-NEWS", "0", at]]
        unsubscribe("NEWS", "ann@example.test")
        summary = c.sync_json()
        assert subscriptions("ann@example.test") == []
        assert [s["deleted"] for s in summary["schemas"] if s["schema"] == "nms:subscription"] == [1], summary
        assert len(history("ann@example.test")) == before + 1

    def R9_5_after_the_purge_it_is_a_new_one():
        at = subscribe("NEWS", "ann@example.test")
        c.sync()
        assert subscriptions("ann@example.test") == [["s-NEWS", "0", at]]

    def R9_6_unsubscribe_without_subscription_does_nothing():
        unsubscribe("NEWS", "ben@example.test")
        unsubscribe("NEWS", "nobody@example.test")
        c.sync()
        assert c.pending("nms_subscription") == 0
        assert subscriptions("ben@example.test") == [] and history("ben@example.test") == []

    def R9_4_subscribe_without_recipient_is_rejected():
        subscribe("NEWS", "nobody@example.test")
        assert c.sync(check=False).returncode == 3
        r = json.loads(c.admin("rejects", "--json").stdout)
        assert len(r) == 1 and r[0]["schema"] == "nms:subscription" and "CIN-100305" in r[0]["reason"], r
        c.admin("rejects", "drop", str(r[0]["id"]))

    def a_dry_run_writes_nothing():
        before = c.cloud("CHECKSUM TABLE nms_subscription, nms_subHisto")
        unsubscribe("NEWS", "ann@example.test")
        c.sync("--dry-run")
        assert c.cloud("CHECKSUM TABLE nms_subscription, nms_subHisto") == before
        subscribe("NEWS", "ann@example.test")
        c.sync()

    def a_refused_subscription_leaves_no_line():
        c.cloud("ALTER TABLE nms_subscription ADD CONSTRAINT no_sport CHECK (`service-id` <> 's-SPORT')")
        at = [subscribe(s, "cat@example.test") for s in ("NEWS", "SPORT", "OFFERS")]
        assert c.sync(check=False).returncode == 3
        assert history("cat@example.test") == [["s-NEWS", "1", at[0]], ["s-OFFERS", "1", at[2]]]
        c.cloud("ALTER TABLE nms_subscription DROP CONSTRAINT no_sport")
        c.admin("rejects", "retry", "nms:subscription")
        c.sync()
        assert [r[0] for r in history("cat@example.test")] == ["s-NEWS", "s-SPORT", "s-OFFERS"]

    active, lines = set(), []

    def stage(count):
        rows = []
        for _ in range(count):
            who = (rng.choice(SERVICES), f"p{rng.randrange(PEOPLE)}@example.test")
            action = rng.random() < 0.5
            at, row = log_row(action, *who)
            rows.append(row)
            if action or who in active:
                lines.append(["s-" + who[0], who[1], str(int(action)), at])
            (active.add if action else active.discard)(who)
        insert(rows)

    def R10_6_kill_at_random_moments():
        stage(CHANGES)
        kills, limit, landed = 0, 0.3, []
        while kills < 25:
            before = c.pending("nms_subscription")
            if before == 0:
                stage(CHANGES // 10)
                continue
            p = c.sync_process()
            time.sleep(rng.uniform(0, limit))
            if p.poll() is None:
                p.kill()
                kills += 1
                landed.append(c.pending("nms_subscription"))
                share, took = before / (26 - kills), before - landed[-1]
                limit = max(0.02, limit * (1.3 if took < share else 0.7))
            else:
                assert p.returncode == 0, (p.returncode, p.stderr.read())
                limit *= 0.7
            p.wait()
            p.stderr.close()
        print(f"     pending after the kills: {landed[::3]}")
        assert len(set(landed)) > 5, "the kills came before any work was done"
        c.sync()
        assert c.pending("nms_subscription") == 0
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]
        assert c.staging("SELECT COUNT(*) FROM campaign_reject") == [["0"]]

    def R9_9_history_is_what_the_model_says():
        rows = c.cloud("SELECT `service-id`, email, action, date FROM nms_subHisto JOIN nms_recipient r"
                       " ON r.id = `recipient-id` WHERE email LIKE 'p%' ORDER BY date")
        assert rows == lines, (len(rows), len(lines), [x for x in zip(rows, lines) if x[0] != x[1]][:3])

    def R9_9_subscriptions_are_what_the_model_says():
        c.sync()  # purges those that the last one ended
        rows = c.cloud("SELECT `service-id`, email FROM nms_subscription JOIN nms_recipient r ON r.id = `recipient-id`"
                       " WHERE email LIKE 'p%' AND deleteStatus = 0")
        assert sorted(map(tuple, rows)) == sorted(("s-" + s, e) for s, e in active)
        assert c.cloud("SELECT COUNT(*) FROM nms_subscription WHERE deleteStatus <> 0") == [["0"]]

    sys.exit(main([(n, f) for n, f in list(globals().items())
                   if callable(f) and getattr(f, "__module__", "") == "__main__"
                   and n not in ("moment", "log_row", "insert", "subscribe", "unsubscribe", "subscriptions",
                                 "history", "stage")]))
