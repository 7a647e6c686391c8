#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A deletion frees the primary keys of the rows that it finds.  Whether another record may have one of
them is decided by which change came first (R7.13a, R10.3), whatever shares a batch; and changes that have
nothing to do with each other are still merged together (R10.2)."""
import sys

from campaign import Instance, main

LOG = "dem_sampleTableStg_log"
OPERATIONS = {"insertOrUpdate": 2, "delete": 4}

with Instance(start=False) as c:
    c.deploy_samples()

    def stage(*changes):
        """Changes as "operation code id", reconciled on @code."""
        rows = []
        for change in changes:
            operation, code, key = (change.split() + [""])[:3]
            rows.append(f"({OPERATIONS[operation]}, '@code', '{'id,code' if key else 'code'}', 'feed1', "
                        f"{repr(key) if key else 'NULL'}, '{code}')")
        c.staging(f"INSERT INTO {LOG} (_operation, _key, _fields, _operator, id, code) VALUES " + ",".join(rows))

    def begin_with(*rows):
        c.staging(f"DELETE FROM {LOG}; DELETE FROM campaign_reject; DELETE FROM dem_sampleTableStg_rej")
        c.cloud("DELETE FROM dem_sampleTable")
        for row in rows:
            key, code = row.split()
            c.cloud(f"INSERT INTO dem_sampleTable (id, code) VALUES ('{key}', '{code}')")

    def after_a_run(status):
        assert c.sync(check=False).returncode == status
        assert c.pending() == 0
        return [" ".join(r) for r in c.cloud("SELECT id, code FROM dem_sampleTable ORDER BY id")]

    def freed_before_it_is_brought():
        begin_with("7 a", "8 x")
        stage("insertOrUpdate b 9", "delete a", "insertOrUpdate b2 7", "delete x")
        assert after_a_run(0) == ["7 b2", "9 b"]

    def freed_after_it_was_brought():
        begin_with("7 a", "8 x")
        stage("insertOrUpdate b 7", "insertOrUpdate d 9", "delete a", "delete x")
        assert after_a_run(3) == ["9 d"]
        rejects = c.staging("SELECT held FROM campaign_reject")
        assert rejects == [["0"]], rejects

    def freed_for_a_later_batch():
        begin_with("7 a")
        stage("insertOrUpdate b 9", "delete a", "insertOrUpdate b2 7")
        c.sync("--batch", "1")
        assert c.cloud("SELECT id, code FROM dem_sampleTable ORDER BY id") == [["7", "b2"], ["9", "b"]]

    def a_record_that_keeps_its_own():
        begin_with("7 a")
        stage("delete a", "insertOrUpdate a 7", "delete a", "insertOrUpdate a 7")
        assert after_a_run(0) == ["7 a"]

    def what_is_independent_is_one_merge():
        def statements():
            return int(c.db.sql("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1])
        begin_with()
        c.cloud("INSERT INTO dem_sampleTable (id, code) SELECT CONCAT('p', seq), CONCAT('c', seq) FROM seq_1_to_9000")
        stage(*(f"delete c{n}" if n % 3 == 0 else f"insertOrUpdate c{n} p{n}" for n in range(1, 9001)))
        before = statements()
        c.sync()
        spent = statements() - before
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable") == [["6000"]] and c.pending() == 0
        assert spent < 200, f"{spent} statements for 9000 changes: not set-based"

    sys.exit(main([(f.__name__, f) for f in (
        freed_before_it_is_brought, freed_after_it_was_brought, freed_for_a_later_batch,
        a_record_that_keeps_its_own, what_is_independent_is_one_merge)]))
