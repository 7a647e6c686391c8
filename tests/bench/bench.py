# SPDX-License-Identifier: MIT
"""One run of the benchmark: the servers, measurements side by side, and whether they can be trusted."""
import contextlib
import dataclasses
import statistics
import time

from campaign import SOURCE, Instance

import load
import peers

SAMPLE = SOURCE / "sql/schemas/samples/dem_sampleTable.xml"
LOG = "dem_sampleTableStg_log"


class TimeIsUp(Exception):
    """The run has used the time that it may take."""


@dataclasses.dataclass
class Pace:
    seconds: int  # of a window
    rounds: int
    full_log: int  # rows
    backlog: int  # rows that a sync finds
    memory_calls: int
    budget: int  # seconds of the whole run


FULL = Pace(seconds=2, rounds=5, full_log=2_000_000, backlog=300_000, memory_calls=200_000, budget=570)
QUICK = Pace(seconds=1, rounds=1, full_log=200_000, backlog=100_000, memory_calls=20_000, budget=120)


class Summary:
    """The medians of some windows; the longest time of all."""

    def __init__(self, windows):
        def median(f):
            return statistics.median(map(f, windows))
        self.rate = median(lambda w: w.rate)
        self.p50 = median(lambda w: w.p50)
        self.p99 = median(lambda w: w.p99)
        self.max = max(w.max for w in windows)
        self.spread = (max(w.rate for w in windows) - min(w.rate for w in windows)) / 2 / self.rate
        self.cpu = {name: median(lambda w: w.cpu[name]) for name in windows[0].cpu}


class Bench:
    """Enter it for a whole campaign-ingest in its default configuration, and the peers beside it."""

    def __init__(self, pace):
        self.pace = pace
        self.started = time.monotonic()
        self.windows = []  # all that was measured, for the JSON file
        self.problems = []  # why the run cannot be trusted
        self.scenario = None
        self.stack = contextlib.ExitStack()

    # -- servers ---------------------------------------------------------------------------------
    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.instance = c = Instance(start=False)
            for key in ("workers", "threads"):  # the harness sets them; here the defaults count
                del c.settings["pool"][key]
            stack.enter_context(c)
            c.deploy_samples()
            c.deploy_text(SAMPLE.read_text().replace("sampleTable", "fullTable"))
            c.add_operator(c.LOGIN, c.PASSWORD, "admin")
            c.start_pool()
            c.start_nginx(workers=peers.processors())
            self.token = c.logon().token
            self.ours = peers.Ours(c)
            for table in ("alone", "commit_per_call", "php"):
                c.staging(f"CREATE TABLE bench_{table} LIKE {LOG}")
            self.empty = stack.enter_context(peers.EmptyResponder(c, "empty"))
            self.naive = stack.enter_context(peers.CommitPerCall(c, "naive"))
            self.php = stack.enter_context(peers.PhpFpm(c, "php"))
            self.single = self.request_file("single", "Ingest", load.record())
            for server in (self.ours, self.empty, self.naive, self.php):
                self.check_answer(server)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def request_file(self, name, method, document):
        path = self.instance.folder / f"{name}.request"
        path.write_text(load.request(method, document, self.token))
        return path

    def check_answer(self, server):
        """What is measured must be success."""
        body = self.single.read_bytes().partition(b"\r\n\r\n")[2]
        client = self.instance.client()
        client.port = server.port
        r = client.post(body, "xtk:session#Ingest")
        client.close()
        assert r.status == 200 and "IngestResponse" in r.text, f"{server.name} answers {r}"

    # -- logs ------------------------------------------------------------------------------------
    def empty_log(self, table):
        self.instance.staging(f"TRUNCATE TABLE {table}")

    def fill_log(self, table, rows):
        """Copies of a row that a real call has left, each with an id of its own."""
        c = self.instance
        c.staging(f"CREATE OR REPLACE TABLE bench_seed LIKE {LOG}")
        self.empty_log(LOG)
        self.check_answer(self.ours)
        c.staging(f"INSERT INTO bench_seed SELECT * FROM {LOG}; TRUNCATE TABLE {LOG}")
        names = [name for (name,) in c.staging(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'stg' AND table_name = 'bench_seed' AND column_name <> '_seq'")]
        uuid = ", '-', ".join(f"SUBSTR(digest, {at}, {length})"
                              for at, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)))
        values = ", ".join(f"CONCAT({uuid})" if name == "id" else f"`{name}`" for name in names)
        columns = ", ".join(f"`{name}`" for name in names)
        for done in range(0, rows, 100_000):
            c.staging(f"INSERT INTO {table} ({columns}) SELECT {values} FROM"
                      " (SELECT bench_seed.*, MD5(CONCAT(n.seq, RAND())) AS digest FROM bench_seed,"
                      f" seq_1_to_100000 AS n LIMIT {min(100_000, rows - done)}) AS copies")
        # Written to disk at once, so that MariaDB does not do it during a window.
        c.staging(f"FLUSH TABLES {table} FOR EXPORT; UNLOCK TABLES")

    def last_seq(self, table):
        return int(self.instance.staging(f"SELECT COALESCE(MAX(_seq), 0) FROM {table}")[0][0])

    def rows_after(self, table, seq):
        """Rows that came after SEQ, when none comes any more."""
        before = -1
        while True:
            now = int(self.instance.staging(f"SELECT COUNT(*) FROM {table} WHERE _seq > {seq}")[0][0])
            if now == before:
                return now
            before = now
            time.sleep(0.05)

    # -- windows ---------------------------------------------------------------------------------
    def groups(self, server=None):
        return {**(server.groups() if server else {}), "mariadbd": [self.instance.db.process.pid]}

    def problem(self, text):
        self.problems.append(f"{self.scenario}: {text}")

    def calls(self, server, clients, files=None, records=1, log=None, fresh=True, seconds=None):
        """A window of calls to SERVER.  The log is empty before (FRESH), and afterwards has every record
        that was acknowledged, and no more than was on its way besides."""
        log = log or server.log
        if log and fresh:
            self.empty_log(log)
        seq = self.last_seq(log) if log else 0
        w = load.wrk(server.port, files or [self.single], clients, seconds or self.pace.seconds,
                     self.groups(server))
        self.check_errors(server.name, w)
        if log:
            self.check_staged(server.name, w, self.rows_after(log, seq), clients, records)
        return w

    def check_errors(self, name, w):
        if w.errors or w.count == 0:
            self.problem(f"{name}: {w.count} calls, errors: {w.errors}")

    def check_staged(self, name, w, rows, clients, records=1):
        w.staged = rows
        if not w.count * records <= rows <= (w.count + clients) * records:
            self.problem(f"{name}: {w.count} calls with {records} records were acknowledged,"
                         f" {rows} rows are there")

    def database_alone(self, threads, rows):
        self.empty_log("bench_alone")
        return load.database_alone(self.instance.folder / "db.cnf", "bench_alone", threads, rows,
                                   self.pace.seconds, self.groups())

    def alternate(self, lanes):
        """Measures LANES (name: function) in turn, round by round, so that the machine's moods hit all
        alike; each round begins with another, so that none always follows the same.  Summaries by name."""
        names = list(lanes)
        seen = {name: [] for name in names}
        for turn in range(self.pace.rounds):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                self.check_time()
                w = lanes[name]()
                seen[name].append(w)
                self.keep(name, w, round=turn + 1)
        return {name: Summary(windows) for name, windows in seen.items()}

    def keep(self, name, w, **more):
        self.windows.append({"scenario": self.scenario, "name": name, **more, **dataclasses.asdict(w)})

    def elapsed(self):
        return time.monotonic() - self.started

    def check_time(self):
        if self.elapsed() > self.pace.budget:
            raise TimeIsUp

    def disturbance(self):
        """Processors that others used, in the middle of all windows."""
        return statistics.median([w["cpu"]["rest"] for w in self.windows if "cpu" in w] or [0.0])
