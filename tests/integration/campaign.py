# SPDX-License-Identifier: MIT
"""A whole campaign-ingest in a temporary folder, driven from outside.

    with Instance() as c:
        c.deploy_samples()
        s = c.logon()
        r = s.ingest('<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="a"/>')

A real private MariaDB (Unix socket only), the built programs, and a real nginx with the
configuration that is shipped.  Every process is started here and ended here, by its pid.
Needs only Python's standard library.  CAMPAIGN_BUILD names the build folder under test,
CAMPAIGN_SOURCE the source tree.
"""
import contextlib
import fcntl
import html
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

import worst_server

SOURCE = pathlib.Path(os.environ.get("CAMPAIGN_SOURCE",
                                     pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("CAMPAIGN_BUILD", SOURCE / "build" / "plain"))

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

# Every server has the worst settings there are, and has to make no difference (worst_server.py).
WORST = os.environ.get("CAMPAIGN_TEST_SERVER") == "worst"

# Sanitizers and valgrind are slow; a deadline that was missed there says nothing.
PATIENCE = float(os.environ.get("CAMPAIGN_TEST_PATIENCE", "1"))


class Skip(Exception):
    """A program that the test needs is not installed."""


def need(*programs):
    for p in programs:
        if shutil.which(p) is None and shutil.which(p, path="/usr/sbin:/sbin") is None:
            raise Skip(f"{p} is not installed")


def program(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or name


def wait_for(what, condition, seconds=20.0):
    """Polls CONDITION until it is true; fails the test, naming WHAT, after SECONDS."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:.0f} s in vain: {what}")
        time.sleep(0.02)


def free_port():
    """One below those that the kernel gives to outgoing connections: a client of another test, or
    of this one, cannot take it before nginx does."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False


def peak_of(pid):
    """MiB, or 0 if it has ended.  Not ru_maxrss: that begins with the memory of the process that
    started it, this program's."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


class Database:
    """A private MariaDB server with its own data folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.socket = str(self.folder / "db.sock")
        self.process = None
        self.options, self.worst_options = [], []
        self.environment = {}

    def create(self):
        """Makes the data folder, from a template that the first test of a build makes."""
        need("mariadbd", "mariadb-install-db", "mariadb")
        template = BUILD / "tests-database-template"
        with open(str(template) + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not template.exists():
                making = str(template) + ".new"
                shutil.rmtree(making, ignore_errors=True)
                user = subprocess.check_output(["id", "-un"], text=True).strip()
                subprocess.run([program("mariadb-install-db"), "--no-defaults", "--force",
                                f"--datadir={making}", "--skip-test-db",
                                f"--user={user}",
                                "--auth-root-authentication-method=socket",
                                f"--auth-root-socket-user={user}"],
                               check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                os.rename(making, template)
        shutil.copytree(template, self.folder / "data")

    def start(self, wait=True):
        user = subprocess.check_output(["id", "-un"], text=True).strip()
        self.log = open(self.folder / "mariadb.log", "ab")
        # Of its own: another server that starts clears a shared folder of temporary tables.
        (self.folder / "tmp").mkdir(exist_ok=True)
        if WORST:
            (self.folder / "worst.sql").write_text(worst_server.init_file())
            self.worst_options = [f"--init-file={self.folder}/worst.sql",
                                  f"--init-connect={worst_server.init_connect()}"]
        self.process = subprocess.Popen(
            [program("mariadbd"), "--no-defaults", f"--datadir={self.folder}/data",
             f"--socket={self.socket}", f"--pid-file={self.folder}/mariadb.pid",
             f"--tmpdir={self.folder}/tmp",
             "--skip-networking", f"--user={user}", "--character-set-server=utf8mb4",
             "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M",
             "--innodb-log-file-size=128M", "--max-connections=300"] + self.worst_options +
            self.options,
            stdout=self.log, stderr=self.log, env={**os.environ, **self.environment})
        if wait:
            self.wait()

    def wait(self):
        def answers():
            if self.process.poll() is not None:
                raise AssertionError("mariadbd ended: " + self.tail())
            return subprocess.run([program("mariadb-admin"), "--no-defaults", "-S", self.socket, "ping"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        wait_for("mariadbd answers", answers, 60)

    def tail(self):
        return "\n".join((self.folder / "mariadb.log").read_text(errors="replace").splitlines()[-15:])

    def kill(self):
        """As a power cut: SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def client(self, database=None):
        return [program("mariadb"), "--no-defaults", "-S", self.socket,
                "--default-character-set=utf8mb4"] + (
                    [f"--init-command={worst_server.usual()}"] if WORST else []) + ([database] if database else [])

    def sql(self, statement, database=None):
        """Rows as lists of text; SQL NULL is None."""
        p = subprocess.run(self.client(database) + ["--batch", "--skip-column-names"],
                           input=statement, text=True, capture_output=True)
        if p.returncode:
            raise AssertionError(f"SQL failed: {p.stderr.strip()}\n{statement[:400]}")
        unescape = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", "\\0": "\0"}
        return [[None if v == "NULL" else re.sub(r"\\[nt\\0]", lambda m: unescape[m[0]], v)
                 for v in line.split("\t")]
                for line in p.stdout.split("\n")[:-1]]


class Session:
    """One kept connection to the database: what it locks stays locked until it is closed."""

    def __init__(self, db, database):
        self.process = subprocess.Popen(db.client(database) + ["--batch", "--skip-column-names", "--unbuffered"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, statement):
        """Executes STATEMENT, and returns when it is done."""
        self.process.stdin.write(statement + "; SELECT 'done';\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line == "done\n":
                return
        raise AssertionError(f"SQL failed: {statement}")

    def close(self):
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Answer:
    """What came back over HTTP."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.text = body.decode("utf-8", "replace")

    def element(self, name):
        """The unescaped text of the first element called NAME; None if it is not there."""
        m = re.search(rf"<{name}(?:\s[^>]*)?(?:/>|>(.*?)</{name}>)", self.text, re.S)
        return None if m is None else html.unescape(m[1] or "")

    @property
    def fault(self):
        """(faultcode, faultstring, detail) or None."""
        if self.element("faultcode") is None:
            return None
        return (self.element("faultcode"), self.element("faultstring"), self.element("detail"))

    def __repr__(self):
        return f"<{self.status} {self.text[:600]!r}>"


class Client:
    """One kept HTTP connection, and a session if it has logged on."""

    def __init__(self, port, token="", security="", timeout=60):
        self.port, self.token, self.security, self.timeout = port, token, security, timeout
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def request(self, method, path, body=None, headers=None):
        if isinstance(body, str):
            body = body.encode()
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                         timeout=self.timeout * PATIENCE)
        try:
            self.connection.request(method, path, body, headers or {})
            r = self.connection.getresponse()
            return Answer(r.status, r.headers, r.read())
        except BaseException:
            self.close()
            raise

    def post(self, envelope, action=None, headers=None, path="/nl/jsp/soaprouter.jsp"):
        h = {"Content-Type": "text/xml; charset=utf-8"}
        if action is not None:
            h["SOAPAction"] = action
        h.update(headers or {})
        return self.request("POST", path, envelope, h)

    def call(self, service, method, parameters="", token=None, headers=None):
        """A call as the documentation prints it: parameter 0, then PARAMETERS (XML)."""
        token = self.token if token is None else token
        ns = "urn:" + service.partition("|")[0]
        return self.post(
            f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:urn="{ns}">'
            f'<soapenv:Header/><soapenv:Body><urn:{method}>'
            f'<urn:sessiontoken>{html.escape(token)}</urn:sessiontoken>{parameters}'
            f'</urn:{method}></soapenv:Body></soapenv:Envelope>', f"{service}#{method}", headers)

    def logon(self, login, password):
        r = self.call("xtk:session", "Logon",
                      f"<urn:strLogin>{html.escape(login)}</urn:strLogin>"
                      f"<urn:strPassword>{html.escape(password)}</urn:strPassword>"
                      "<urn:elemParameters/>", token="")
        if r.status == 200:
            self.token = r.element("pstrSessionToken")
            self.security = r.element("pstrSecurityToken")
        return r

    def ingest(self, document, **kw):
        return self.call("xtk:session", "Ingest", f"<urn:domDoc>{document}</urn:domDoc>", **kw)

    def ingest_ext(self, document, **kw):
        return self.call("xtk:session", "IngestExt", f"<urn:domDoc>{document}</urn:domDoc>", **kw)


class Instance:
    """Database, pool and nginx.  Parts can be left out or started by hand."""

    LOGIN, PASSWORD = "feed1", "correct horse 9"

    def __init__(self, conf=None, start=True, workers=2, threads=8, wrapper=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="campaign-test-"))
        os.chmod(self.folder, 0o755)
        self.db = Database(self.folder)
        self.port = free_port()
        self.pool = self.nginx = None
        self.wrapper = wrapper or []  # e.g. valgrind in front of the pool
        self.settings = {"pool": {"socket": self.folder / "ingestd.sock", "socket_mode": "0666",
                                  "workers": workers, "threads": threads,
                                  "pid_file": self.folder / "ingestd.pid"},
                         "database": {"option_file": self.folder / "db.cnf"}}
        for section, keys in (conf or {}).items():
            self.settings.setdefault(section, {}).update(keys)
        self.start_all = start

    # -- life ------------------------------------------------------------------------------
    def __enter__(self):
        try:
            self.db.create()
            self.db.start()
            self.db.sql("CREATE DATABASE stg CHARACTER SET utf8mb4; CREATE DATABASE cloud CHARACTER SET utf8mb4;"
                        "CREATE USER app@localhost IDENTIFIED BY 'app';"
                        "GRANT ALL ON stg.* TO app@localhost; GRANT ALL ON cloud.* TO app@localhost;")
            (self.folder / "db.cnf").write_text(
                "".join(f"[campaign-{group}]\nsocket={self.db.socket}\nuser=app\npassword=app\n"
                        f"database={name}\n" for group, name in (("staging", "stg"), ("cloud", "cloud"))))
            self.write_conf()
            self.admin("db", "init")
            if self.start_all:
                self.deploy_samples()
                self.add_operator(self.LOGIN, self.PASSWORD, "admin")
                self.start_pool()
                self.start_nginx()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self.stop_nginx()
        self.stop_pool()
        self.db.stop()
        report = self.pool_log() if (self.folder / "ingestd.log").exists() else ""
        bad = [line for line in report.splitlines()
               if "Sanitizer" in line or "runtime error" in line]
        passed = kind is None or (kind is SystemExit and not value.code)
        if not passed and kind is not Skip:
            print("--- last lines of the pool's log", file=sys.stderr)
            print("\n".join(report.splitlines()[-25:]), file=sys.stderr)
        if os.environ.get("CAMPAIGN_TEST_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if bad and passed:
            raise AssertionError("the pool's log has sanitizer reports:\n" + report[-8000:])
        return False

    def write_conf(self):
        self.conf = self.folder / "campaign-ingest.conf"
        self.conf.write_text("".join(
            f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
            for section, keys in self.settings.items()))

    def start_pool(self, wait=True):
        self.pool_log_file = open(self.folder / "ingestd.log", "ab")
        self.pool = subprocess.Popen(self.wrapper + [str(BUILD / "campaign-ingestd"), "--config", str(self.conf)],
                                     stdin=subprocess.DEVNULL,
                                     stdout=self.pool_log_file, stderr=self.pool_log_file)
        if wait:
            wait_for("the pool's socket answers", self._pool_answers, 60)

    def _pool_answers(self):
        if self.pool.poll() is not None:
            raise AssertionError(f"campaign-ingestd ended with {self.pool.returncode}: {self.pool_log()[-2000:]}")
        with socket.socket(socket.AF_UNIX) as s:
            with contextlib.suppress(OSError):
                s.connect(str(self.folder / "ingestd.sock"))
                return True
        return False

    def pool_log(self):
        return (self.folder / "ingestd.log").read_text(errors="replace")

    def stop_pool(self, how=signal.SIGTERM, seconds=40):
        if self.pool is None:
            return None
        if self.pool.poll() is None:
            self.pool.send_signal(how)
            try:
                self.pool.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                workers = self.workers()
                self.pool.kill()
                for w in workers:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(w, signal.SIGKILL)
                self.pool.wait()
                raise AssertionError("the pool did not stop in time")
        status, self.pool = self.pool.returncode, None
        return status

    def supervisor(self):
        """Its pid; with a wrapper the pid file tells."""
        return int((self.folder / "ingestd.pid").read_text())

    def workers(self):
        pid = self.pool.pid if not self.wrapper else self.supervisor()
        with contextlib.suppress(OSError):
            return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def start_nginx(self, workers=2, edit=None):
        """EDIT gets the text of the shipped site and returns another."""
        need("nginx")
        prefix = self.folder / "nginx"
        prefix.mkdir(exist_ok=True)
        for name in ("campaign-ingest.locations", "campaign-ingest.fastcgi"):
            shutil.copy(SOURCE / "nginx" / name, prefix)
        # The shipped site, with this instance's socket and port in it.
        site = (SOURCE / "nginx" / "campaign-ingest.conf").read_text()
        site = site.replace("unix:/run/campaign-ingest/ingestd.sock", f"unix:{self.folder}/ingestd.sock")
        site = site.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        (prefix / "site.conf").write_text(edit(site) if edit else site)
        user = "user root;\n" if os.geteuid() == 0 else ""
        (prefix / "nginx.conf").write_text(
            f"{user}daemon off;\nmaster_process on;\nworker_processes {workers};\n"
            f"error_log {prefix}/error.log warn;\npid {prefix}/nginx.pid;\n"
            "events { worker_connections 2048; }\n"
            "http {\n access_log off;\n" +
            "".join(f" {k}_temp_path {prefix}/{k};\n" for k in
                    ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) +
            " include site.conf;\n}\n")
        self.nginx = subprocess.Popen([program("nginx"), "-p", str(prefix), "-c", str(prefix / "nginx.conf")],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            if self.nginx.poll() is not None:
                raise AssertionError("nginx ended: " + (prefix / "error.log").read_text())
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False
        wait_for("nginx listens", answers)

    def stop_nginx(self):
        if self.nginx and self.nginx.poll() is None:
            self.nginx.terminate()
            self.nginx.wait(20)
        self.nginx = None

    # -- the programs ----------------------------------------------------------------------
    def run(self, name, *args, input=None, check=True, env=None):
        p = subprocess.run([str(BUILD / name), "--config", str(self.conf), *map(str, args)],
                           input=input, text=True, capture_output=True,
                           env={**os.environ, "CAMPAIGN_INGEST_DATADIR": str(SOURCE), **(env or {})})
        if check and p.returncode:
            raise AssertionError(f"{name} {' '.join(map(str, args))}: exit {p.returncode}\n{p.stdout}{p.stderr}")
        return p

    def admin(self, *args, **kw):
        return self.run("campaign-admin", *args, **kw)

    def sync(self, *args, **kw):
        return self.run("campaign-sync", *args, **kw)

    def sync_json(self, *args):
        return json.loads(self.sync("--json", *args).stdout)

    def sync_process(self, *args):
        """A running sync, to be killed."""
        return subprocess.Popen([str(BUILD / "campaign-sync"), "--config", str(self.conf), "--quiet", *args],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def deploy(self, *files):
        return self.admin("schema", "deploy", *files)

    def deploy_text(self, source, name="schema.xml", **kw):
        path = self.folder / name
        path.write_text(source)
        return self.admin("schema", "deploy", path, **kw)

    def deploy_samples(self):
        self.deploy(SOURCE / "sql/schemas/samples/dem_sampleTable.xml")

    def add_operator(self, login, password, *rights):
        self.admin("operator", "add", login, *sum((["--right", r] for r in rights), []),
                   "--password-stdin", input=password + "\n")

    # -- what stands where -----------------------------------------------------------------
    def staging(self, statement):
        return self.db.sql(statement, "stg")

    def cloud(self, statement):
        return self.db.sql(statement, "cloud")

    def pending(self, table="dem_sampleTable"):
        return int(self.staging(f"SELECT COUNT(*) FROM `{table}Stg_log`")[0][0])

    def client(self, **kw):
        return Client(self.port, **kw)

    def logon(self, login=None, password=None):
        c = self.client()
        r = c.logon(login or self.LOGIN, password or self.PASSWORD)
        assert r.status == 200, r
        return c


def main(steps):
    """Runs (name, function) steps in order, one line each; the exit status tells."""
    def report(word, name, started):
        print(f"{word:4} {name} ({time.monotonic() - started:.1f} s)", flush=True)

    failed = 0
    for name, step in steps:
        started = time.monotonic()
        try:
            step()
        except Skip as e:
            print(f"skip {name}: {e}", flush=True)
            return 77
        except AssertionError as e:
            report("FAIL", name, started)
            at = traceback.extract_tb(e.__traceback__)[-1]
            print(f"     {e or at.line} ({os.path.basename(at.filename)}:{at.lineno})", file=sys.stderr, flush=True)
            failed += 1
        else:
            report("ok", name, started)
    return 1 if failed else 0
