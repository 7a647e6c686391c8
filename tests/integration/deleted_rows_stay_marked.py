#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.12, deletes = soft: a deletion marks the row, and from then on nothing that the replication does sees it.

What else holds is told by comparison: two schemas that differ in nothing but this setting get the same random
log, with batches of several sizes and runs that are killed; the rows of the one that are not marked equal the
rows of the other, and so do the rejects.  SEED and CHANGES may be given in the environment."""
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import time

from campaign import Instance, main

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
CHANGES = int(os.environ.get("CHANGES", 1200))
print(f"     seed {SEED}, {CHANGES} changes")
rng = random.Random(SEED)

INSERT, UPSERT, UPDATE, DELETE = 1, 2, 3, 4
FIELDS = ["id", "code", "name", "size", "kind", "made"]
SOURCE = """<srcSchema namespace="t" name="%(name)s">
  <element name="%(name)s" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="code"><keyfield xpath="@code"/></key>
    <attribute name="code" length="20"/><attribute name="name" length="40"/>
    <attribute name="size" type="long" default="7"/><attribute name="kind" length="10" default="'plain'"/>
    <attribute name="made" type="datetime" default="GetDate()"/>
  </element></srcSchema>"""
SHOP = """<srcSchema namespace="cus" name="%(name)s" mappingType="sql">
  <element name="%(name)s" %(pk)s replicate="true"><attribute name="text" type="string" length="200"/>
    <attribute name="lastModified" type="datetime"/></element></srcSchema>"""
LIVE = "_deleted_at IS NULL"

with Instance(conf={"cloud": {"loaded_columns": "on"}, "cloud t:soft": {"deletes": "soft"},
                    "cloud t:hard": {"loaded_columns": "off"},
                    "cloud t:own": {"deletes": "soft", "loaded_columns": "off"},
                    "cloud cus:shop": {"deletes": "soft"}, "cloud cus:loose": {"deletes": "soft"}}, start=False) as c:
    for name in ("soft", "hard", "own"):
        c.deploy_text(SOURCE % {"name": name})

    number = 0

    def stage(*changes, tables=("t_soft", "t_hard")):
        """Changes as (operation, key, {field: value}); the same in each table."""
        global number
        statements = ["BEGIN"]
        for operation, key, given in changes:
            number += 1
            given = dict(given)
            fields = ",".join(given)
            if "id" not in given and operation != DELETE:
                given["id"] = f"made{number}"  # as the server makes one (R7.11): in the row, and not named
            values = ",".join("NULL" if v is None else f"'{v}'" for v in given.values())
            at = f"2026-01-01 00:{number // 60 % 60:02d}:{number % 60:02d}.123456"
            statements += [f"INSERT INTO {t}Stg_log (_operation, _key, _fields, _operator, _at, {','.join(given)})"
                           f" VALUES ({operation}, '{key}', '{fields}', 'feed1', '{at}', {values})" for t in tables]
        c.staging(";".join(statements + ["COMMIT"]))

    def rows(table="t_soft", where="1", fields=FIELDS):
        return c.cloud(f"SELECT {','.join(f'`{f}`' for f in fields)} FROM {table} WHERE {where} ORDER BY 1")

    def live(table="t_soft", fields=FIELDS):
        return rows(table, LIVE, fields)

    def marked(table="t_soft", fields=("id",)):
        return rows(table, "_deleted_at IS NOT NULL", [*fields, "_deleted_at"])

    def ids(table="t_soft"):
        return [r[0] for r in live(table)]

    def empty():
        for t in ("t_soft", "t_hard", "t_own"):
            c.staging(f"DELETE FROM {t}Stg_log; DELETE FROM {t}Stg_rej; DELETE FROM campaign_reject")
            c.cloud(f"DELETE FROM {t}")

    def same():
        soft, hard = live(), rows("t_hard")
        differing = [pair for pair in zip(soft, hard) if pair[0] != pair[1]]
        assert soft == hard, f"seed {SEED}: {len(soft)} rows, {len(hard)} expected; (soft, hard): {differing[:3]}"
        return len(soft)

    def settings(**sections):
        for section, keys in sections.items():
            c.settings.setdefault(section.replace("__", ":").replace("cloud_", "cloud "), {}).update(keys)
        c.write_conf()

    # -- what a deletion leaves ------------------------------------------------------------------
    def R10_12_a_deletion_marks_the_row():
        stage((UPSERT, "@id", {"id": "a", "code": "A"}), (UPSERT, "@id", {"id": "b", "code": "B"}))
        c.sync()
        stage((DELETE, "@code", {"code": "A"}))
        s = {x["schema"]: x for x in c.sync_json()["schemas"]}
        assert (s["t:soft"]["deleted"], s["t:hard"]["deleted"]) == (1, 1), s
        run = c.staging("SELECT MAX(id) FROM campaign_run")[0][0]
        assert ids() == ["b"] and rows("t_hard", fields=["id"]) == [["b"]]
        assert [r[:2] for r in marked(fields=("id", "_run"))] == [["a", run]]
        assert c.cloud("SELECT COUNT(*) FROM t_soft WHERE id = 'a' AND _deleted_at = _loaded_at"
                       " AND _deleted_at BETWEEN UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE AND UTC_TIMESTAMP(3)") == [["1"]]
        for table, where in (("t_softStg_log", "staging"), ("t_softStg_rej", "staging"), ("t_hard", "cloud")):
            assert not [r for r in getattr(c, where)(f"SHOW COLUMNS FROM {table}") if r[0] == "_deleted_at"], table

    def R10_12_a_second_deletion_changes_nothing():
        before = marked(fields=("id", "_run"))
        stage((DELETE, "@code", {"code": "A"}), (DELETE, "@id", {"id": "a"}), (UPDATE, "@id", {"id": "a", "name": "x"}))
        s = {x["schema"]: x for x in c.sync_json()["schemas"]}
        assert (s["t:soft"]["deleted"], s["t:soft"]["updated"]) == (0, 0), s
        assert marked(fields=("id", "_run")) == before and rows(where="name = 'x'") == []

    def R8_8_R10_12_a_new_record_takes_the_primary_key():
        empty()
        c.cloud("ALTER TABLE t_soft ADD note VARCHAR(10) NULL DEFAULT 'new', ADD seen INT NOT NULL DEFAULT 3,"
                " ADD twice INT AS (seen * 2) STORED, ADD token VARCHAR(40) NOT NULL DEFAULT (UUID())")
        stage((UPSERT, "@id", {"id": "a", "code": "A", "name": "old", "size": "1", "kind": "rare"}))
        c.sync()
        c.cloud("UPDATE t_soft SET note = 'theirs', seen = 9, token = 't'")
        stage((DELETE, "@id", {"id": "a"}))
        c.sync()
        assert c.cloud("SELECT note, name FROM t_soft") == [["theirs", "old"]]
        stage((UPSERT, "@code", {"code": "C", "id": "a", "name": None}))
        s = {x["schema"]: x for x in c.sync_json()["schemas"]}
        assert (s["t:soft"]["inserted"], s["t:soft"]["updated"]) == (1, 0), s
        assert same() == 1 and len(rows()) == 1
        assert rows()[0][:5] == ["a", "C", None, "7", "plain"], rows()
        assert c.cloud("SELECT note, seen, twice, LENGTH(token) FROM t_soft") == [["new", "3", "6", "36"]]
        # And within one batch.
        stage((DELETE, "@code", {"code": "C"}), (INSERT, "@code", {"code": "C", "id": "a", "kind": "again"}))
        c.sync()
        assert same() == 1 and len(rows()) == 1 and rows()[0][4] == "again", rows()
        c.cloud("ALTER TABLE t_soft DROP twice, DROP note, DROP seen, DROP token")

    def R7_13a_R10_12_only_one_record_has_a_freed_key():
        empty()
        stage((UPSERT, "@id", {"id": "7", "code": "a"}), (UPSERT, "@id", {"id": "8", "code": "x"}))
        c.sync()
        stage((DELETE, "@code", {"code": "a"}))
        c.sync()
        stage((UPSERT, "@code", {"code": "b", "id": "7"}), (UPSERT, "@code", {"code": "d", "id": "7"}),
              (UPSERT, "@code", {"code": "e", "id": "9"}))
        assert c.sync(check=False).returncode == 3
        assert same() == 3 and [r[:2] for r in live()] == [["7", "b"], ["8", "x"], ["9", "e"]]
        refused = [(r["schema"], r["fields"]["code"]) for r in json.loads(c.admin("rejects", "--json").stdout)]
        assert sorted(refused) == [("t:hard", "d"), ("t:soft", "d")], refused
        stage((DELETE, "@code", {"code": "b"}))
        c.admin("rejects", "retry")
        c.sync(check=False)
        same()

    def R6_1_R10_12_a_change_that_names_its_key_only_keeps_the_rest():
        empty()
        stage(*((UPSERT, "@id", {"id": f"k{n}", "name": "old", "size": "5"}) for n in range(4)))
        c.sync()
        stage((UPDATE, "@id", {"id": "k0"}), (UPSERT, "@id", {"id": "k1", "name": "new"}), (UPSERT, "@id", {"id": "k2"}),
              (UPDATE, "@id", {"id": "k3", "name": "new"}))
        c.sync()
        run = c.staging("SELECT MAX(id) FROM campaign_run")[0][0]
        assert same() == 4
        assert rows(fields=["name", "size", "_run"]) == [["new", "5", run]] * 2 + [["old", "5", run]] * 2

    def R10_4_R10_12_several_rows_with_one_key():
        empty()
        for t in ("t_soft", "t_hard"):
            c.cloud(f"INSERT INTO {t} (id, code) VALUES ('1', 'k'), ('2', 'k'), ('3', 'l')")
        c.cloud("INSERT INTO t_soft (id, code, _deleted_at) VALUES ('0', 'k', '2020-01-01')")
        stage((UPDATE, "@code", {"code": "k", "name": "all"}))
        s = {x["schema"]: x for x in c.sync_json()["schemas"]}
        assert (s["t:soft"]["several"], s["t:soft"]["updated"]) == (1, 2), s
        stage((DELETE, "@code", {"code": "k"}))
        s = {x["schema"]: x for x in c.sync_json()["schemas"]}
        assert (s["t:soft"]["several"], s["t:soft"]["deleted"]) == (1, 2), s
        assert ids() == ["3"] and len(marked()) == 3 and marked()[0] == ["0", "2020-01-01 00:00:00.000"]
        assert rows(where="id = '0'")[0][2] is None

    def R10_12_without_the_columns_of_a_load():
        stage((UPSERT, "@id", {"id": "a"}), tables=["t_own"])
        c.sync()
        stage((DELETE, "@id", {"id": "a"}), tables=["t_own"])
        c.sync()
        assert live("t_own") == [] and [r[0] for r in marked("t_own")] == ["a"]
        stage((UPSERT, "@id", {"id": "a"}), tables=["t_own"])
        c.sync()
        assert ids("t_own") == ["a"] and marked("t_own") == []

    def R10_12_blind_insertions_meet_marked_rows():
        """Sets of insertions by primary key go without looking; those of marked rows are noticed."""
        empty()
        many = [(INSERT, "@id", {"id": f"n{n}", "name": "1"}) for n in range(300)]
        stage(*many)
        c.sync("--batch", "50")
        stage(*((DELETE, "@id", {"id": f"n{n}"}) for n in range(0, 300, 2)))
        c.sync()
        assert same() == 150 and len(marked()) == 150
        stage(*((INSERT, "@id", {"id": f"n{n}", "size": "4"}) for n in range(200, 400)))
        c.sync("--batch", "50")
        assert same() == 300 and len(marked()) == 100

    # -- the same log with and without -----------------------------------------------------------
    def change(refusable):
        operation = rng.choices((UPSERT, INSERT, UPDATE, DELETE), (45, 12, 18, 25))[0]
        i, code = f"i{rng.randrange(12)}", f"c{rng.randrange(10)}"
        given = {f: rng.choice(v) for f, v in (("name", ("x", "y", None)), ("size", ("1", "2")), ("kind", ("k", "l")))
                 if rng.random() < 0.5}
        key = rng.choices(("@id", "@code", "@code,@kind"), (5, 5, 1))[0]
        if key == "@id":
            return operation, key, {"id": i, **({"code": code} if rng.random() < 0.4 else {}), **given}
        if key == "@code,@kind":
            given["kind"] = rng.choice("kl")
        return operation, key, {"code": code, **given, **({"id": i} if refusable and rng.random() < 0.3 else {})}

    def named(operation, key, given):
        """A deletion stores its key only (R8.6)."""
        if operation == DELETE:
            given = {f.lstrip("@"): given[f.lstrip("@")] for f in key.split(",")}
        return operation, key, given

    def interfere():
        """What people may do at any time: erase marked rows for good, and give columns of their own values."""
        c.cloud(f"DELETE FROM t_soft WHERE _deleted_at IS NOT NULL AND CRC32(CONCAT(id, {rng.random()})) % 3 = 0")
        for t, where in (("t_soft", LIVE), ("t_hard", "1")):
            c.cloud(f"UPDATE {t} SET note = 'theirs' WHERE {where} AND size = 1")

    def same_rejects():
        refused = {s: [r[:3] for r in all_rejects() if r[3] == s] for s in ("t:soft", "t:hard")}
        assert refused["t:soft"] == refused["t:hard"], f"seed {SEED}: {refused}"
        return len(refused["t:hard"])

    def all_rejects():
        return sorted((json.dumps(r["fields"], sort_keys=True), re.sub(r"change \d+", "", r["reason"]), r["held"],
                       r["schema"]) for r in json.loads(c.admin("rejects", "--json").stdout))

    def run_once(batch, killed=False):
        """KILLED a few times, and then again until it ends by itself."""
        while killed and rng.random() < 0.7:
            p = c.sync_process("--batch", batch)
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(rng.random() * 0.15)
            p.kill()
            p.communicate()
        for _ in range(100):
            p = c.sync("--batch", batch, check=False)
            if p.returncode in (0, 3):
                return
            assert p.returncode in (1, 4), p  # the server has not noticed that the run before was killed
            time.sleep(0.05)
        raise AssertionError(p)

    def R10_6_R10_12_the_same_log_with_and_without():
        empty()
        for t in ("t_soft", "t_hard"):
            c.cloud(f"ALTER TABLE {t} ADD note VARCHAR(10) NULL DEFAULT 'new'")
        FIELDS.append("note")
        done = refused = most = rounds = 0
        while done < CHANGES:
            count, killed = rng.choice((1, 3, 20, 100)), rng.random() < 0.4
            # After a kill the two schemas' batches begin at different changes, and a batch rejects all
            # changes of a record that is refused (R10.5): only what is not refused can be compared then.
            stage(*(named(*change(not killed)) for _ in range(count)))
            done += count
            run_once(rng.choice(("1", "2", "5", "30", "1000")), killed)
            same()
            most = max(most, len(marked()))
            refused += same_rejects()
            if rng.random() < 0.5:
                c.admin("rejects", "retry")
                run_once("1000")
                same()
                same_rejects()
            if rng.random() < 0.3:
                interfere()
            rounds += 1
        print(f"     {rounds} rounds, {refused} refused, up to {most} marked rows")
        assert most > 3 and refused > 0
        FIELDS.remove("note")

    # -- the other things that the replication does --------------------------------------------------
    def R10_7_R10_12_reference_tables():
        c.deploy_text(SHOP % {"name": "shop", "pk": 'autopk="true" autouuid="true"'})
        c.deploy_text(SHOP % {"name": "loose", "pk": ""})

        def counts():
            s = [x for x in c.sync_json()["schemas"] if x["schema"] == "cus:shop"]
            return tuple(s[0][k] for k in ("inserted", "updated", "deleted"))

        def same_shop():
            here = c.staging("SELECT id, text FROM cus_shop ORDER BY id")
            assert live("cus_shop", ["id", "text"]) == here, rows("cus_shop", "1", ["id", "text"])
        c.staging("INSERT INTO cus_shop (id, text, lastModified) VALUES ('a', 'x', '2026-01-01'), ('b', 'x', '2026-01-02'),"
                  " ('c', 'x', '2026-01-03'); INSERT INTO cus_loose (text) VALUES ('w'), ('w')")
        assert counts() == (3, 0, 0)
        same_shop()
        c.staging("DELETE FROM cus_shop WHERE id IN ('b', 'c'); DELETE FROM cus_loose LIMIT 1")
        assert counts() == (0, 0, 2)  # the latest of what is left is older
        same_shop()
        at = marked("cus_shop")
        assert [r[0] for r in at] == ["b", "c"]
        assert counts() == (0, 0, 0) and marked("cus_shop") == at
        assert rows("cus_loose", "1", ["text", "_deleted_at"]) == [["w", None]]  # no row can be told from another
        c.staging("INSERT INTO cus_shop (id, lastModified) VALUES ('b', '2026-01-02'), ('d', NULL);"
                  "UPDATE cus_shop SET text = 'y', lastModified = '2026-02-01' WHERE id = 'a'")
        assert counts() == (2, 1, 0)
        same_shop()
        assert [r[0] for r in marked("cus_shop")] == ["c"] and marked("cus_shop")[0] == at[1]
        # A whole copy leaves the time of what was deleted before; and marked rows cause none.
        c.staging("DELETE FROM cus_shop WHERE id = 'd'")
        assert counts() == (0, 0, 1)
        same_shop()
        assert [r[0] for r in marked("cus_shop")] == ["c", "d"] and marked("cus_shop")[0] == at[1]
        c.cloud("UPDATE cus_shop SET text = 'meddled' WHERE id = 'b'; UPDATE cus_shop SET lastModified = '2027-01-01'"
                " WHERE id = 'c'")
        c.staging("INSERT INTO cus_shop (id, lastModified) VALUES ('e', '2026-03-01')")
        assert counts() == (1, 0, 0)
        assert live("cus_shop", ["id", "text"]) == [["a", "y"], ["b", "meddled"], ["e", None]]

    def R7_7_R10_3_R10_12_links_and_subscriptions():
        empty()
        settings(**{"cloud_nms__recipient": {"deletes": "soft"}, "cloud_nms__subscription": {"deletes": "soft"}})
        c.admin("db", "upgrade")

        def recipient(operation, email, key):
            c.staging("INSERT INTO nms_recipientStg_log (_operation, _key, _fields, _operator, id, email)"
                      f" VALUES ({operation}, '@email', 'email', 'feed1', '{key}', '{email}')")

        def subscribe(status, operation=UPSERT, email="ann@example.test"):
            c.staging("INSERT INTO nms_subscriptionStg_log (_operation, _key, _fields, _links, _operator, id, deleteStatus,"
                      f" `service-id`) VALUES ({operation}, '@service-id,@recipient-id', 'deleteStatus,service-id,recipient-id',"
                      f" '@recipient-id\\tnms:recipient\\t@email\\t{email}\\n', 'feed1', UUID(), {status}, 's1')")

        def lines():
            return [r[0] for r in c.cloud("SELECT action FROM nms_subHisto ORDER BY date")]

        c.staging("INSERT INTO nms_service (id, name, lastModified) VALUES ('s1', 'NEWS', NOW(3))")
        recipient(UPSERT, "ann@example.test", "r1")
        subscribe(0)
        c.sync()
        assert lines() == ["1"]
        subscribe(1, UPDATE)  # Unsubscribe
        c.sync()
        c.sync()  # purges
        assert live("nms_subscription", ["id"]) == [] and len(marked("nms_subscription")) == 1 and lines() == ["1", "0"]
        at = marked("nms_subscription")
        c.sync()
        assert marked("nms_subscription") == at, "purged a second time"
        subscribe(1, UPDATE)
        c.sync()
        assert lines() == ["1", "0"], "a subscription that is gone was ended again"
        subscribe(0)
        c.sync()
        assert lines() == ["1", "0", "1"]
        assert live("nms_subscription", ["recipient-id", "deleteStatus"]) == [["r1", "0"]]
        # A recipient that is gone is no target of a link, even if it came with the same address again.
        recipient(DELETE, "ann@example.test", "")
        c.sync()
        subscribe(0)
        assert c.sync(check=False).returncode == 3
        assert "no nms:recipient" in json.loads(c.admin("rejects", "--json").stdout)[0]["reason"]
        recipient(UPSERT, "ann@example.test", "r2")
        c.sync()
        c.admin("rejects", "retry")
        c.sync()
        assert sorted(r[0] for r in live("nms_subscription", ["recipient-id"])) == ["r1", "r2"]
        assert live("nms_recipient", ["id"]) == [["r2"]] and [r[0] for r in marked("nms_recipient")] == ["r1"]

    # -- the target has rules of its own ----------------------------------------------------------
    def R10_12_other_tables_may_point_to_marked_rows():
        empty()
        stage((UPSERT, "@id", {"id": "f", "code": "F"}))
        c.sync()
        c.cloud("CREATE TABLE staff (firm VARCHAR(255) COLLATE utf8mb4_nopad_bin, FOREIGN KEY (firm) REFERENCES t_soft (id)"
                " ON DELETE CASCADE) CHARSET utf8mb4; INSERT INTO staff VALUES ('f')")
        stage((DELETE, "@code", {"code": "F"}))
        c.sync()
        stage((UPSERT, "@id", {"id": "f", "code": "G"}))
        c.sync()
        assert c.cloud("SELECT * FROM staff") == [["f"]] and [r[1] for r in live()] == ["G"]
        c.cloud("DROP TABLE staff")

    def R10_12_a_unique_column_of_rows_that_are_not_marked():
        empty()
        c.cloud("ALTER TABLE t_soft ADD live_code VARCHAR(20) AS (IF(_deleted_at IS NULL, code, NULL)), ADD UNIQUE (live_code)")
        stage((UPSERT, "@id", {"id": "1", "code": "u"}), (UPSERT, "@id", {"id": "2", "code": "v"}))
        c.sync()
        stage((DELETE, "@id", {"id": "1"}))
        c.sync()
        stage((UPSERT, "@id", {"id": "3", "code": "u"}), (UPSERT, "@id", {"id": "4", "code": "v"}), tables=["t_soft"])
        assert c.sync(check=False).returncode == 3
        assert ids() == ["2", "3"], rows()
        c.cloud("ALTER TABLE t_soft DROP live_code")

    def R10_12_a_table_whose_key_is_not_unique_is_refused():
        empty()
        c.cloud("ALTER TABLE t_soft DROP PRIMARY KEY, ADD PRIMARY KEY (id, made)")
        stage((UPSERT, "@id", {"id": "1"}))
        p = c.sync(check=False)
        assert p.returncode == 1 and "no unique index on id alone" in p.stdout, p
        assert c.pending("t_soft") == 1 and rows("t_hard", fields=["id"]) == [["1"]]
        c.cloud("ALTER TABLE t_soft DROP PRIMARY KEY, ADD UNIQUE (id)")
        c.sync()
        assert same() == 1

    # -- on, off, and tables that are older --------------------------------------------------------
    def R10_12_hard_again_marked_rows_stay_marked_and_unseen():
        empty()
        stage((UPSERT, "@id", {"id": "a", "code": "A"}), (UPSERT, "@id", {"id": "b", "code": "B"}))
        c.sync()
        stage((DELETE, "@id", {"id": "a"}))
        c.sync()
        at = marked()
        settings(cloud_t__soft={"deletes": "hard"})
        stage((DELETE, "@id", {"id": "b"}), (UPDATE, "@code", {"code": "A", "name": "x"}), (DELETE, "@code", {"code": "A"}))
        c.sync()
        assert rows(fields=["id"]) == [["a"]] and marked() == at and rows()[0][2] is None
        stage((UPSERT, "@code", {"code": "A", "id": "a"}))
        c.sync()
        assert same() == 1 and marked() == []
        settings(cloud_t__soft={"deletes": "soft"})

    def R10_12_an_older_table_gets_the_column():
        empty()
        c.cloud("ALTER TABLE t_soft DROP _deleted_at")
        stage((UPSERT, "@id", {"id": "a", "code": "A"}))
        p = c.sync(check=False)
        assert p.returncode == 1 and re.search("t_soft has no column _deleted_at.*deletes = soft.*db upgrade", p.stdout), p
        assert c.pending("t_soft") == 1 and c.pending("t_hard") == 0
        assert "t_soft" in c.admin("db", "upgrade").stdout
        c.sync()
        stage((DELETE, "@id", {"id": "a"}))
        c.sync()
        assert [r[0] for r in marked()] == ["a"] and same() == 0

    def R5_11_R10_12_a_column_that_somebody_else_has_named_so():
        """It is not ours while deletions are hard: what it says hides nothing."""
        c.cloud("ALTER TABLE t_hard ADD _deleted_at DATETIME(3) NULL")
        empty()
        stage((UPSERT, "@id", {"id": "a", "name": "1"}))
        c.sync()
        c.cloud("UPDATE t_hard SET _deleted_at = '2020-01-01'")
        stage((UPDATE, "@id", {"id": "a", "name": "2"}))
        c.sync()
        assert rows("t_hard", fields=["name", "_deleted_at"]) == [["2", "2020-01-01 00:00:00.000"]]
        settings(cloud_t__hard={"deletes": "soft"})
        c.admin("db", "upgrade")  # from now on it is
        settings(cloud_t__hard={"deletes": "hard"})
        stage((UPDATE, "@id", {"id": "a", "name": "3"}), tables=["t_hard"])
        c.sync()
        assert rows("t_hard", fields=["name"]) == [["2"]]

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
