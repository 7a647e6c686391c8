# SPDX-License-Identifier: MIT
"""An instance whose cloud database is a server of its own, so that either can be away alone.

    with two_servers(conf) as c:
        c.far.kill()

c.far is the cloud's server, c.db the staging database's; c.cloud() asks the former. A table `tally` beside
dem_sampleTable gets a line for every row that is written there, in the transaction that writes it: what was
applied twice stands there twice, what was rolled back does not stand there at all. Who writes a row
"barrier..." can be made to wait there, in the middle of a merge.
"""
import contextlib
import subprocess

from campaign import BUILD, Database, Instance, Session

TALLY = """CREATE TABLE tally (id VARCHAR(64), testcol1 VARCHAR(255), passed INT);
""" + ";".join(f"""
    CREATE TRIGGER tally_{word} AFTER {word} ON dem_sampleTable FOR EACH ROW INSERT INTO tally
      SELECT NEW.id, NEW.testcol1,
        NEW.id NOT LIKE 'barrier%' OR GET_LOCK('barrier', 60) + RELEASE_LOCK('barrier')
    """ for word in ("INSERT", "UPDATE"))


@contextlib.contextmanager
def barrier(server):
    """Who writes a row "barrier..." waits meanwhile; at_barrier() tells."""
    with Session(server, "cloud") as s:
        s.run("DO GET_LOCK('barrier', 0)")
        yield


def at_barrier(server):
    return server.sql("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'")


def keep_tally(c):
    c.cloud(TALLY)


def counted(c):
    """(changes applied, different ones among them)"""
    return tuple(map(int, c.cloud("SELECT COUNT(*), COUNT(DISTINCT id, testcol1) FROM tally")[0]))


def stage(client, count, prefix, value):
    """COUNT records, a collection of 1000 at a time."""
    for i in range(0, count, 1000):
        r = client.ingest_ext('<all xtkschema="dem:sampleTable">' + "".join(
            f'<sampleTable _key="@id" id="{prefix}{n}" testcol1="{value}"/>'
            for n in range(i, min(i + 1000, count))) + "</all>")
        assert r.status == 200, r


def start_run(c, *args):
    """A run whose two outputs are kept; its end: p.communicate()."""
    return subprocess.Popen([str(BUILD / "campaign-sync"), "--config", str(c.conf), *args],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def two_servers(conf, options=(), prepare=None):
    """PREPARE, if given, gets the folder of the cloud's server before there is anything in it."""
    with Instance(conf=conf, start=False) as c:
        folder = c.folder / "far"
        folder.mkdir()
        if prepare:
            prepare(folder)
        c.far = Database(folder)
        c.far.options = list(options)
        c.far.create()
        c.far.start()
        try:
            c.far.sql("CREATE DATABASE cloud CHARACTER SET utf8mb4;"
                      "CREATE USER app@localhost IDENTIFIED BY 'app'; GRANT ALL ON cloud.* TO app@localhost")
            c.cloud = lambda statement: c.far.sql(statement, "cloud")
            staging, _, cloud = (c.folder / "db.cnf").read_text().partition("[campaign-cloud]")
            (c.folder / "db.cnf").write_text(
                f"{staging}[campaign-cloud]{cloud.replace(c.db.socket, c.far.socket)}")
            c.admin("db", "init")
            c.deploy_samples()
            keep_tally(c)
            c.add_operator(c.LOGIN, c.PASSWORD, "admin")
            c.start_pool()
            c.start_nginx()
            yield c
        finally:
            c.far.stop()
