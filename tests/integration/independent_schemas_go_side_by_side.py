#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Schemas that have nothing to do with each other are moved at the same time, those that have one after
the other (R10.3). A run is held where it matters by rows that another session keeps locked at the cloud:
whatever gets past it meanwhile goes beside it. Whatever dies or fails in one lane, nothing is lost or doubled in
the others."""
import contextlib
import json
import signal
import subprocess
import sys
import time

from campaign import BUILD, Instance, Session, main, wait_for
from two_servers import start_run

SCHEMA = """<srcSchema namespace="t" name="%s" label="%s">
  <element name="%s" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key>
    <attribute name="name"/><attribute name="times" type="long"/>%s
  </element>
</srcSchema>"""
WAITING = "SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'"

with Instance() as c:
    # In their order: zz, for aa links to it, then aa, bb, cc.
    for name in ("zz", "aa", "bb", "cc"):
        link = '<element name="zz" type="link" target="t:zz"/>' if name == "aa" else ""
        c.deploy_text(SCHEMA % (name, name, name, link), name + ".xml")
    client = c.logon()
    wait_for("the schemas are known", lambda: client.ingest_ext(
        '<x xtkschema="t:cc" _operation="none"/>').status == 200, 4)
    names = {"zz": 0, "aa": 0, "bb": 0, "cc": 0}  # records that were staged

    def stage(*schemas):
        """A new record each, and a change of the first one."""
        for s in schemas:
            link = '<zz name="zz0" _operation="none"/>' if s == "aa" else ""
            record = f'<{s} _key="@name" name="%s" times="{names[s]}">{link}</{s}>'
            r = client.ingest_ext(f'<all xtkschema="t:{s}">' + record % f"{s}0" + record % f"{s}{names[s]}" + "</all>")
            assert r.status == 200, r
            names[s] += 1

    def pending(schema):
        return c.pending(f"t_{schema}") // 2

    def all_arrived():
        for s, count in names.items():
            rows = c.cloud(f"SELECT COUNT(*), COUNT(DISTINCT name), SUM(times) FROM t_{s}")
            times = sum(range(1, count)) + count - 1  # the first one's are the last one's
            assert pending(s) == 0 and rows == [[str(count), str(count), str(times)]], (s, pending(s), rows, names)
        assert c.cloud("SELECT COUNT(*) FROM t_aa a LEFT JOIN t_zz z ON z.id = a.`zz-id` WHERE z.id IS NULL") == [["0"]]
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]

    @contextlib.contextmanager
    def locked(schema):
        """The records of SCHEMA; the session, to let them go early."""
        with Session(c.db, "cloud") as s:
            s.run(f"BEGIN; SELECT COUNT(*) FROM t_{schema} FOR UPDATE")
            yield s

    def waiting(count):
        """The ids of the sessions."""
        wait_for(f"{count} merges wait",
                 lambda: c.db.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")[0][1] == str(count))
        time.sleep(0.3)  # INNODB_TRX shows a picture that is a tenth of a second old, or older if asked sooner
        return [row[0] for row in c.db.sql(WAITING)]

    def ends_well(p):
        out, said = p.communicate(timeout=60)
        assert p.returncode == 0, (out, said)
        all_arrived()
        return json.loads(out)

    def an_independent_one_is_moved_meanwhile():
        stage("zz", "aa", "bb", "cc")
        c.sync()
        all_arrived()
        stage("zz", "aa", "bb", "cc")
        with locked("zz"):
            p = start_run(c, "--json")
            waiting(1)
            wait_for("the others are through", lambda: pending("bb") == 0 and pending("cc") == 0)
            assert (pending("zz"), pending("aa")) == (1, 1), "aa did not wait for what it links to"
        r = ends_well(p)
        assert [s["schema"] for s in r["schemas"] if s["changes"]] == ["t:zz", "t:aa", "t:bb", "t:cc"], r
        assert r["retries"] == 0, r

    def two_wait_at_the_same_time():
        stage("zz", "aa", "bb", "cc")
        with locked("zz"), locked("bb"):
            p = start_run(c, "--json")
            waiting(2)
            assert pending("cc") == 1, "there are two lanes, not three"
        ends_well(p)

    def three_with_three_jobs():
        stage("zz", "aa", "bb", "cc")
        with locked("zz"), locked("bb"), locked("cc"):
            p = start_run(c, "--json", "--jobs", "3")
            waiting(3)
        ends_well(p)

    def one_with_one_job():
        stage("zz", "aa", "bb", "cc")
        with locked("zz"):
            p = start_run(c, "--json", "--jobs", "1")
            rows = waiting(1)
            used = c.db.sql("SELECT IS_USED_LOCK('campaign-sync-target-0:cloud'),"
                            " IS_USED_LOCK('campaign-sync-target-2:cloud')")
            assert used == [[rows[0], None]] and len(rows) == 1, (used, rows)
            assert [pending(s) for s in names] == [1, 1, 1, 1]
        ends_well(p)

    def a_single_schema_opens_no_other_lane():
        stage("bb")
        with locked("bb"):
            p = start_run(c, "--json")
            waiting(1)
            assert c.db.sql("SELECT IS_USED_LOCK('campaign-sync-target-2:cloud')") == [[None]]
        ends_well(p)

    def a_killed_run_is_waited_for_in_each_lane():
        stage("zz", "bb")
        with contextlib.ExitStack() as stack:
            holders = {s: stack.enter_context(locked(s)) for s in ("zz", "bb")}
            p = start_run(c, "--json")
            waiting(2)
            second = c.db.sql("SELECT IS_USED_LOCK('campaign-sync-target-2:cloud'),"
                              " IS_USED_LOCK('campaign-sync-target-3:cloud')")[0]
            at_work = c.db.sql("SELECT trx_query FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'"
                               f" AND trx_mysql_thread_id IN ({', '.join(second)})")
            assert len(at_work) == 1, (second, at_work)
            of_first = "zz" if "t_bb" in at_work[0][0] else "bb"
            p.send_signal(signal.SIGKILL)
            p.wait()
            holders[of_first].run("ROLLBACK")  # so the first lane's session ends
            waiting(1)
            late = start_run(c, "--json", "--jobs", "1")
            out, said = late.communicate(timeout=60)
            assert late.returncode == 1 and "another run is still at work" in said, (late, out, said)
            assert pending("zz") + pending("bb") == 2
        ends_well(start_run(c, "--json", "--jobs", "1"))

    def a_failure_stays_in_its_lane():
        stage("zz", "aa", "bb", "cc")
        c.cloud("RENAME TABLE t_bb TO away")
        p = c.sync("--json", check=False)
        r = json.loads(p.stdout)
        assert p.returncode == 1 and r["outcome"] == "failed" and "t_bb" in r["message"], p
        c.cloud("RENAME TABLE away TO t_bb")
        assert [pending(s) for s in names] == [0, 0, 1, 0]
        ends_well(start_run(c, "--json"))

    def a_signal_ends_every_lane_after_its_batch():
        stage("zz", "aa", "bb", "cc")
        with locked("zz"), locked("bb"):
            p = start_run(c, "--json")
            waiting(2)
            p.send_signal(signal.SIGTERM)
        out, said = p.communicate(timeout=60)
        r = json.loads(out)
        assert p.returncode == 1 and r["message"] == "interrupted", (r, said)
        assert [pending(s) for s in names] == [0, 1, 0, 1]
        ends_well(start_run(c, "--json"))

    def a_server_with_few_sessions_left():
        c.db.sql("CREATE USER few@localhost IDENTIFIED BY 'app'; GRANT ALL ON cloud.* TO few@localhost")
        login, conf = c.folder / "few.cnf", c.folder / "few.conf"
        staging, cloud_group = (c.folder / "db.cnf").read_text().split("[campaign-cloud]")
        login.write_text(staging + "[campaign-cloud]" + cloud_group.replace("user=app", "user=few"))
        conf.write_text(c.conf.read_text().replace(str(c.folder / "db.cnf"), str(login)))
        for sessions in (1, 2, 3, 4):
            c.db.sql(f"ALTER USER few@localhost WITH MAX_USER_CONNECTIONS {sessions}")
            stage("zz", "aa", "bb", "cc")
            p = subprocess.run([str(BUILD / "campaign-sync"), "--config", str(conf), "--json"], text=True,
                               capture_output=True)
            assert p.returncode == 0, (sessions, p)
            all_arrived()

    sys.exit(main([(f.__name__, f) for f in (
        an_independent_one_is_moved_meanwhile, two_wait_at_the_same_time, three_with_three_jobs, one_with_one_job,
        a_single_schema_opens_no_other_lane, a_killed_run_is_waited_for_in_each_lane, a_failure_stays_in_its_lane,
        a_signal_ends_every_lane_after_its_batch, a_server_with_few_sessions_left)]))
