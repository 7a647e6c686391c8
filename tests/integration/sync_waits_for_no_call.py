#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5a: a run does not wait for a call whose transaction is open, wherever that call's numbers stand
among those that the run deletes.  The server's own counter of lock waits is the witness."""
import sys

from campaign import Instance, Session, main

LOG = "dem_sampleTableStg_log"

with Instance(start=False) as c:
    c.deploy_samples()

    def rows(numbers):
        return (f"INSERT INTO {LOG} (_seq, _operation, _key, _fields, _operator, id, testcol1) VALUES "
                + ",".join(f"({n}, 2, '@id', 'id,testcol1', 'feed1', 'p{n}', 'v')" for n in numbers))

    def waits():
        return int(c.db.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'")[0][1])

    def moved():
        return sorted(int(r[0][1:]) for r in c.cloud("SELECT id FROM dem_sampleTable"))

    def empty():
        c.staging(f"DELETE FROM {LOG}")
        c.cloud("DELETE FROM dem_sampleTable; DELETE FROM campaign_applied")

    def run_beside(committed, opened, *args):
        """One run while the rows OPENED are inserted and not committed."""
        c.staging(rows(committed))
        with Session(c.db, "stg") as call:
            call.run("BEGIN; " + rows(opened))
            before = waits()
            c.sync(*args)
            assert waits() == before, f"the run waited {waits() - before} times"
            assert moved() == sorted(committed), moved()
            assert c.pending() == 0
            call.run("COMMIT")
        c.sync()
        assert moved() == sorted(set(committed) | set(opened)), moved()
        assert c.pending() == 0
        empty()

    def behind_the_last_number():
        run_beside(range(1, 51), [51])

    def within_gaps():
        run_beside([*range(1, 11), *range(12, 21), 23, 25, 27, *range(29, 31)], [11, 21, 22, 24, 26, 28, 31])

    def between_two_batches():
        run_beside([*range(1, 101), *range(102, 201)], [101, 201], "--batch", "25")

    def in_front_of_the_first_number():
        run_beside(range(10, 60), range(1, 10))

    def numbers_of_a_cluster():
        # auto_increment_increment=3: this node's numbers and another's
        run_beside(range(1, 900, 3), range(2, 3000, 3))

    def one_small_row_beside_many_open_ones():
        # A table this small is read whole where the server may choose.
        run_beside([500], [n for n in range(480, 520) if n != 500])

    def three_of_a_small_table():
        run_beside([1, 3, 5], [2, 4, 6, 7])

    def after_a_run_that_died():
        # Killed after the deletion, before the record was forgotten: the numbers are gone.
        c.sync()
        name = c.staging("SELECT log_id FROM campaign_schema WHERE id = 'dem:sampleTable'")[0][0]
        c.cloud(f"INSERT INTO campaign_applied (log_id, seqs, applied_at) VALUES ('{name}', '1-40,43', NOW())")
        run_beside([60], [41, 42, 44])

    sys.exit(main([(f.__name__, f) for f in (
        behind_the_last_number, within_gaps, between_two_batches, in_front_of_the_first_number,
        numbers_of_a_cluster, one_small_row_beside_many_open_ones,
        three_of_a_small_table, after_a_run_that_died)]))
