#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.11: whatever number and words a trigger or a constraint of the cloud refuses a row with, known or not, only
that row's changes are put aside. A schema stops only when the failure meets every row, and then nothing is lost."""
import json
import random
import sys
import time

from campaign import Instance, Session, main, wait_for

with Instance(conf={"sync": {"batch_rows": 100}}) as c:
    client = c.logon()

    def many(rows):
        """(id, views) as changes of records that are found by @id; None: views is not named."""
        r = client.ingest_ext('<s-collection xtkschema="dem:sampleTable">' + "".join(
            f'<s _key="@id" id="{i}" testcol1="new"' + ("" if v is None else f' views="{v}"') + "/>"
            for i, v in rows) + "</s-collection>")
        assert r.status == 200, r

    def rejects():
        return json.loads(c.admin("rejects", "--json").stdout)

    def there():
        return {r[0] for r in c.cloud("SELECT id FROM dem_sampleTable")}

    def trigger(what, when="INSERT"):
        c.cloud(f"DELIMITER //\nCREATE OR REPLACE TRIGGER owner BEFORE {when} ON dem_sampleTable FOR EACH ROW\n"
                f"BEGIN {what} END//")

    def run(*args):
        p = c.sync("--schema", "dem:sampleTable", "--json", *args, check=False)
        return p.returncode, json.loads(p.stdout)["schemas"][-1]

    def empty():
        c.cloud("DROP TRIGGER IF EXISTS owner; DROP TRIGGER IF EXISTS owner2; DELETE FROM dem_sampleTable")
        for r in rejects():
            c.admin("rejects", "drop", r["id"], check=False)
        c.staging("DELETE FROM dem_sampleTableStg_log")
        assert c.pending() == 0 and rejects() == []

    def savepoints():
        return int(c.db.sql("SHOW GLOBAL STATUS LIKE 'Com_savepoint'")[0][1])

    SIGNALS = (("45000", 5001), ("45000", 5013), ("45000", 2013), ("45000", 2027), ("45000", 1213), ("45000", 1146),
               ("45001", 1290), ("HY000", 2013), ("99001", 5500))
    OTHERS = {  # statements of a trigger that fail for the row with 13 alone, by what the server calls it
        1339: "DECLARE n INT; CASE NEW.views WHEN 13 THEN CASE NEW.views WHEN 1 THEN SET n = 1; END CASE; ELSE SET n = 2; END CASE;",
        1242: "DECLARE n INT; IF NEW.views = 13 THEN SET n = (SELECT seq FROM seq_1_to_3); END IF;",
        1139: "DECLARE n INT; IF NEW.views = 13 THEN SET n = 'x' REGEXP CONCAT('(', NEW.views); END IF;",
        1690: "DECLARE n BIGINT UNSIGNED; IF NEW.views = 13 THEN SET n = 9223372036854775807 * NEW.views; END IF;",
    }

    def one_of_sixty(what, number):
        empty()
        trigger(what)
        c.cloud("INSERT INTO dem_sampleTable (id, views) VALUES ('o1', 0), ('o2', 0)")
        many([(f"o{n}", 13 if n == 27 else 0) for n in range(60)])
        many([("o27", None)])
        started = time.monotonic()
        status, r = run()
        assert status == 3 and (r["merged"], r["rejected"], r["held"], r["retries"]) == (59, 1, 1, 0), (number, r)
        assert time.monotonic() - started < 10, "it was tried again and again"
        assert there() == {f"o{n}" for n in range(60) if n != 27} and c.pending() == 0
        assert [x["held"] for x in rejects()] == [False, True]
        assert "MESSAGE_TEXT" not in what or rejects()[0]["reason"] == "no thirteens", rejects()
        c.cloud("DROP TRIGGER owner")
        c.admin("rejects", "retry")
        status, r = run()
        assert status == 0 and len(there()) == 60 and rejects() == [], r
        empty()

    def R10_11_a_trigger_may_signal_any_number():
        for state, number in SIGNALS:
            one_of_sixty(f"IF NEW.views = 13 THEN SIGNAL SQLSTATE '{state}' SET MYSQL_ERRNO = {number},"
                         " MESSAGE_TEXT = 'no thirteens'; END IF;", number)

    def R10_11_an_error_that_is_not_known_is_one_rows_alone():
        for number, what in OTHERS.items():
            one_of_sixty(what, number)

    def R10_11_its_reason_is_kept():
        trigger(OTHERS[1339])
        many([("a", 13), ("b", 0)])
        assert run()[0] == 3
        assert [x["reason"] for x in rejects()] == ["Case not found for CASE statement"], rejects()
        empty()

    def R10_11_an_update_and_a_deletion_likewise():
        many([(f"u{n}", 0) for n in range(20)])
        assert run()[0] == 0
        trigger("DECLARE n INT; IF OLD.id IN ('u3', 'u8') THEN SET n = (SELECT seq FROM seq_1_to_3); END IF;", "DELETE")
        c.cloud("DELIMITER //\nCREATE TRIGGER owner2 BEFORE UPDATE ON dem_sampleTable FOR EACH ROW\n"
                "BEGIN DECLARE n INT; IF NEW.views = 13 THEN SET n = (SELECT seq FROM seq_1_to_3); END IF; END//")
        r = client.ingest_ext('<s-collection xtkschema="dem:sampleTable">' + "".join(
            f'<s _operation="delete" _key="@id" id="u{n}"/>' if n % 4 == 0 or n == 3 else
            f'<s _key="@id" id="u{n}" views="{13 if n == 6 else 1}"/>' for n in range(20)) + "</s-collection>")
        assert r.status == 200, r
        status, r = run()
        assert status == 3 and (r["merged"], r["rejected"]) == (17, 3), r
        assert sorted(x["fields"]["id"] for x in rejects()) == ["u3", "u6", "u8"]
        assert there() == {f"u{n}" for n in range(20) if n % 4 or n == 8}
        empty()

    def R10_11_what_meets_every_row_stops_the_schema_and_loses_nothing():
        many([(f"s{n}", 0) for n in range(60)])
        # A statement that is not possible is found out at once, without looking for a row that is to blame.
        c.db.sql("REVOKE ALL ON cloud.* FROM app@localhost; GRANT SELECT, DELETE, CREATE TEMPORARY TABLES ON cloud.*"
                 " TO app@localhost; GRANT INSERT ON cloud.campaign_applied TO app@localhost")
        before = savepoints()
        status, r = run()
        spent = savepoints() - before
        c.db.sql("GRANT ALL ON cloud.* TO app@localhost")
        assert status == 1 and "command denied" in r["message"] and r["failed"], (status, r)
        assert spent < 5, f"{spent} merges for what no merge can do"
        assert c.pending() == 60 and rejects() == [] and there() == set(), (c.pending(), rejects(), there())
        # Rows are to blame, but all of them.
        trigger("DECLARE n INT; SET n = (SELECT seq FROM seq_1_to_3);")
        for batch in (1, 7, 100):
            status, r = run("--batch", batch)
            assert status == 1 and "more than 1 row" in r["message"] and r["rejected"] == r["merged"] == 0, r
            assert c.pending() == 60 and rejects() == [] and there() == set()
        c.cloud("DROP TRIGGER owner")
        assert run()[0] == 0 and len(there()) == 60
        empty()

    def R10_11_whole_batches_that_fail_stop_nobody():
        trigger(OTHERS[1242])
        many([(f"w{n}", 13) for n in range(30)] + [("w3", None)] + [(f"g{n}", 0) for n in range(5)])
        for batch in (1, 10, 31):
            status, r = run("--batch", batch)
            assert status == 3 and (r["merged"], r["rejected"], r["held"]) == (5, 30, 1), r
            assert there() == {f"g{n}" for n in range(5)} and c.pending() == 0
            assert [x["fields"]["id"] for x in rejects() if x["held"]] == ["w3"]
            c.admin("rejects", "retry")
            c.cloud("DELETE FROM dem_sampleTable")
            many([(f"g{n}", 0) for n in range(5)])
        # Nothing but such changes: they stay, and go as soon as another row does not fail.
        c.staging("DELETE FROM dem_sampleTableStg_log WHERE id LIKE 'g%'")
        assert run("--batch", 4)[0] == 1 and c.pending() == 31 and rejects() == []
        many([("late", 0)])
        assert run("--batch", 4)[0] == 3 and c.pending() == 0 and len(rejects()) == 31 and there() == {"late"}
        empty()

    def R10_11_R10_6_a_killed_run():
        """Whenever it is killed: what is refused is a reject once, everything else is merged once."""
        dice = random.Random(5)
        bad = {f"k{n}" for n in dice.sample(range(600), 25)}
        c.cloud("CREATE TABLE writes (id VARCHAR(255))")
        trigger(OTHERS[1242])
        c.cloud("CREATE TRIGGER owner2 AFTER INSERT ON dem_sampleTable FOR EACH ROW INSERT INTO writes VALUES (NEW.id)")
        many([(f"k{n}", 13 if f"k{n}" in bad else 0) for n in range(600)])
        kills = 0
        while c.pending() > 0 and kills < 60:
            p = c.sync_process("--batch", "50", "--schema", "dem:sampleTable")
            time.sleep(dice.uniform(0.01, 0.12))
            p.kill()
            p.communicate()
            kills += p.returncode == -9
        wait_for("a run gets the lock", lambda: c.sync(check=False).returncode in (0, 3))
        refused = [x["fields"]["id"] for x in rejects()]
        assert c.pending() == 0 and sorted(refused) == sorted(bad), (c.pending(), refused)
        assert there() == {f"k{n}" for n in range(600)} - bad
        assert c.cloud("SELECT COUNT(*), COUNT(DISTINCT id) FROM writes") == [["575", "575"]]
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]] and kills > 3, kills
        empty()

    sys.exit(main([(n, f) for n, f in list(globals().items()) if n.startswith("R10_") and callable(f)]))
