#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.6: a change can be seen in the log before it lasts, while its commit waits for the disk. A run uses what
it has read when that lasts, and not before: if the staging database dies in between, the cloud gets nothing that
the log does not know."""
import subprocess
import sys

from campaign import Session, main, wait_for
from slow_flushes import SlowFlushes
from two_servers import stage, start_run, two_servers

LOG = "dem_sampleTableStg_log"
GHOST = f"""BEGIN; INSERT INTO {LOG} (_operation, _key, _fields, _operator, id, testcol1)
  VALUES (2, '@id', 'id,testcol1', 'feed1', 'ghost', 'x')"""

with two_servers({}) as c:
    flushes = SlowFlushes(c.folder)
    c.db.stop()
    c.db.environment = flushes.environment
    c.db.start()
    client = wait_for("the pool is there again", c.logon)

    def in_cloud():
        return sorted(row[0] for row in c.cloud("SELECT id FROM dem_sampleTable"))

    def seen(rows, of="ghost"):
        return c.staging(f"SELECT COUNT(*) FROM {LOG} WHERE id = '{of}'") == [[str(rows)]]

    def what_does_not_last_is_not_moved():
        c.staging("CREATE TABLE other (n INT)")
        late, rejects = Session(c.db, "stg"), Session(c.db, "stg")
        late.run(GHOST)  # has its number, and is overtaken
        stage(client, 10, "r", "v")
        rejects.run("LOCK TABLES campaign_reject WRITE")
        p = start_run(c)  # it knows how far it goes, and is about to read
        wait_for("the run waits", lambda: c.db.sql(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata lock%'"))
        flushes.take(60000)
        first = subprocess.Popen(c.db.client("stg") + ["-e", "INSERT INTO other VALUES (1)"],
                                 stderr=subprocess.DEVNULL)
        wait_for("a flush is under way", lambda: c.staging("SELECT COUNT(*) FROM other") == [["1"]])
        late.process.stdin.write("COMMIT;\n")
        late.process.stdin.flush()
        wait_for("the late change is seen", lambda: seen(1))
        rejects.run("UNLOCK TABLES")
        wait_for("the run has read", lambda: c.db.sql(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'app' AND COMMAND IN ('Query', 'Execute')"
            " AND (INFO LIKE '%campaign_run_schema%' OR INFO LIKE 'COMMIT%')"))
        c.db.kill()
        first.wait()
        flushes.take(0)
        c.db.start()
        assert seen(0), "the server had written what it should not have: the test shows nothing"
        out, said = p.communicate(timeout=60)
        for session in (late, rejects):
            session.process.kill()
        c.sync()
        assert p.returncode == 0, said
        assert in_cloud() == [f"r{n}" for n in range(10)], in_cloud()

    sys.exit(main([(f.__name__, f) for f in (what_does_not_last_is_not_moved,)]))
