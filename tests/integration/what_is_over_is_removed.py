#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs tidy up: records of what was applied, the history beyond history_days, sessions that are over. The
space of changes that have left the log is used again by those that come, and given back by db compact."""
import json
import pathlib
import sys
import time

from campaign import Instance, Session, main, wait_for
from two_servers import stage

with Instance(conf={"sync": {"history_days": 30}}) as c:
    client = c.logon()
    log = pathlib.Path(c.folder / "data" / "stg" / "dem_sampleTableStg_log.ibd")

    def count(table, where="1"):
        return int(c.staging(f"SELECT COUNT(*) FROM {table} WHERE {where}")[0][0])

    def R10_6_records_of_what_was_applied():
        stage(client, 1000, "a", "a")
        c.sync("--batch", "100")
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]
        stage(client, 1000, "a", "b")
        with Session(c.db, "stg") as other:
            other.run("LOCK TABLES dem_sampleTableStg_log READ")  # may be read, not deleted from
            p = c.sync_process()
            wait_for("the cloud has committed",
                     lambda: c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["1"]])
            p.kill()
            p.communicate()
        c.sync()
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]] and c.pending() == 0

    def the_history():
        c.staging("INSERT INTO campaign_run (started_at, ended_at, outcome) VALUES"
                  " (UTC_TIMESTAMP(3) - INTERVAL 31 DAY, UTC_TIMESTAMP(3), 'done'),"
                  " (UTC_TIMESTAMP(3) - INTERVAL 29 DAY, UTC_TIMESTAMP(3), 'done')")
        young, old = (int(r[0]) for r in c.staging("SELECT id FROM campaign_run ORDER BY id DESC LIMIT 2"))
        c.staging("INSERT INTO campaign_run_schema (run_id, schema_id)"
                  f" VALUES ({old}, 'x:y'), ({young}, 'x:y')")
        c.sync()
        for number, left in ((old, 0), (young, 1)):
            assert count("campaign_run", f"id = {number}") == left
            assert count("campaign_run_schema", f"run_id = {number}") == left
        c.settings["sync"]["history_days"] = 1
        c.write_conf()
        c.sync()
        assert count("campaign_run", f"id = {young}") == 0 and count("campaign_run") > 2

    def a_run_that_died_is_marked():
        c.staging("INSERT INTO campaign_run (started_at) VALUES (UTC_TIMESTAMP(3))")
        number = int(c.staging("SELECT MAX(id) FROM campaign_run")[0][0])
        c.sync()
        run = next(r for r in json.loads(c.admin("runs", "--json").stdout) if r["id"] == number)
        assert (run["outcome"], run["message"]) == ("failed", "the run died") and run["ended"], run

    def sessions_that_are_over():
        for _ in range(4):
            c.logon()
        hashes = [r[0] for r in c.staging("SELECT HEX(token_hash) FROM campaign_session"
                                          " ORDER BY opened_at DESC LIMIT 4")]
        over = (("ended_at", 25), ("expires_at", 25), ("ended_at", 23), ("expires_at", 23))
        for h, (column, hours) in zip(hashes, over):
            c.staging(f"UPDATE campaign_session SET {column} = UTC_TIMESTAMP(3) - INTERVAL {hours} HOUR"
                      f" WHERE HEX(token_hash) = '{h}'")
        c.sync()
        left = [r[0] for r in c.staging("SELECT HEX(token_hash) FROM campaign_session")]
        assert [h in left for h in hashes] == [False, False, True, True]
        assert client.ingest_ext('<x xtkschema="dem:sampleTable" _operation="none"/>').status == 200

    def the_space_of_the_log_is_used_again():
        def size():
            c.staging("FLUSH TABLES dem_sampleTableStg_log FOR EXPORT; UNLOCK TABLES")
            return log.stat().st_size
        sizes = []
        for value in range(6):
            stage(client, 20000, "s", f"{value}" * 100)
            sizes.append(size())
            c.sync()
            wait_for("the server has purged what was deleted", lambda: int(c.db.sql(
                "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
                " WHERE VARIABLE_NAME = 'INNODB_HISTORY_LIST_LENGTH'")[0][0]) < 20)
            time.sleep(0.1)
        print("     MiB of the log with 20,000 pending:", ", ".join(f"{s / 2**20:.0f}" for s in sizes))
        assert sizes[-1] < 2 * sizes[0], sizes

    def db_compact_gives_the_space_back():
        before, last = log.stat().st_size, client.ingest_ext('<x xtkschema="dem:sampleTable" _key="@id" id="c"/>')
        assert last.status == 200, last
        seq = int(c.staging("SELECT MAX(_seq) FROM dem_sampleTableStg_log")[0][0])
        with Session(c.db, "stg") as other:
            other.run("BEGIN; SELECT * FROM dem_sampleTableStg_log")
            p = c.admin("db", "compact", "dem:sampleTable", check=False)
            assert p.returncode == 1 and "held by a transaction" in p.stderr, p
            assert log.stat().st_size == before and c.pending() == 1
        row = json.loads(c.admin("db", "compact", "dem:sampleTable", "--json").stdout)[0]
        assert row["schema"] == "dem:sampleTable" and row["after"] < row["before"], row
        assert log.stat().st_size < before / 4, (before, log.stat().st_size)
        assert c.pending() == 1
        client.ingest_ext('<x xtkschema="dem:sampleTable" _key="@id" id="d"/>')
        assert int(c.staging("SELECT MAX(_seq) FROM dem_sampleTableStg_log")[0][0]) == seq + 1
        listed = [r["schema"] for r in json.loads(c.admin("db", "compact", "--json").stdout)]
        assert {"dem:sampleTable", "nms:recipient"} <= set(listed) and "xtk:folder" not in listed, listed

    sys.exit(main([(f.__name__, f) for f in (
        R10_6_records_of_what_was_applied, the_history, a_run_that_died_is_marked, sessions_that_are_over,
        the_space_of_the_log_is_used_again, db_compact_gives_the_space_back)]))
