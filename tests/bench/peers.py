# SPDX-License-Identifier: MIT
"""Who is measured: campaign-ingest as shipped, and others behind an nginx with the same settings."""
import glob
import os
import pathlib
import subprocess

from campaign import BUILD, SOURCE, Instance, Skip, free_port, need, wait_for

from load import BENCH, family

# The peers' threads belong to connections, so there are more than nginx ever keeps for 64 clients.
THREADS = 128
PHP_CHILDREN = 16


def need_all():
    need("mariadbd", "nginx", "wrk")
    if not php_fpm():
        raise Skip("php-fpm is not installed")
    modules = subprocess.run([php_fpm(), "-m"], capture_output=True, text=True).stdout.split()
    for module, package in (("soap", "php-soap"), ("dom", "php-xml"), ("pdo_mysql", "php-mysql")):
        if module not in modules:
            raise Skip(f"{package} is not installed")
    for name in ("empty_responder", "commit_per_call", "database_alone"):
        if not (BUILD / "tests/bench" / name).exists():
            raise Skip(f"{BUILD}/tests/bench/{name} is not built: use `make bench`")


def php_fpm():
    found = sorted(glob.glob("/usr/sbin/php-fpm*"))
    return found[-1] if found else None


def processors():
    return len(os.sched_getaffinity(0))


class Ours:
    """The pool in its default configuration, behind nginx as shipped."""
    name = "campaign-ingest"

    def __init__(self, instance):
        self.instance = instance
        self.log = "dem_sampleTableStg_log"

    @property
    def port(self):
        return self.instance.port

    def groups(self):
        return {"nginx": family(self.instance.nginx.pid), "server": family(self.instance.pool.pid)}


class Peer:
    """A FastCGI server of its own folder, behind an nginx of its own with the shipped settings."""
    start_nginx = Instance.start_nginx
    stop_nginx = Instance.stop_nginx
    edit = None  # of the shipped site
    log = None  # the table that its records go to

    def __init__(self, instance, folder):
        self.instance = instance
        self.folder = instance.folder / folder
        self.socket = self.folder / "ingestd.sock"  # where Instance.start_nginx looks for it
        self.port = free_port()
        self.nginx = self.server = None

    def __enter__(self):
        self.folder.mkdir()
        try:
            with open(self.folder / "server.log", "ab") as log:
                self.server = subprocess.Popen(list(map(str, self.command())), stdin=subprocess.DEVNULL,
                                               stdout=log, stderr=log)
            wait_for(f"{self.name} listens", self.socket.exists)
            self.start_nginx(workers=processors(), edit=self.edit)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop_nginx()
        if self.server:
            self.server.terminate()
            self.server.wait(20)

    def groups(self):
        return {"nginx": family(self.nginx.pid), "server": family(self.server.pid)}


class EmptyResponder(Peer):
    name = "transport limit"

    def command(self):
        return [BUILD / "tests/bench/empty_responder", self.socket, THREADS]


class CommitPerCall(Peer):
    name = "one commit per call"
    log = "bench_commit_per_call"

    def command(self):
        return [BUILD / "tests/bench/commit_per_call", self.socket, THREADS,
                self.instance.folder / "db.cnf", self.log]


class PhpFpm(Peer):
    name = "PHP-FPM SoapServer"
    log = "bench_php"

    def command(self):
        owner = pathlib.Path("/proc/self").owner()
        (self.folder / "fpm.conf").write_text(
            f"[global]\ndaemonize = no\npid = {self.folder}/fpm.pid\nerror_log = {self.folder}/fpm.log\n"
            f"[peer]\nuser = {owner}\nlisten = {self.socket}\nlisten.mode = 0666\nlisten.backlog = 1024\n"
            f"pm = static\npm.max_children = {PHP_CHILDREN}\n")
        as_root = ["--allow-to-run-as-root"] if os.geteuid() == 0 else []
        return [php_fpm(), "--nodaemonize", "--fpm-config", self.folder / "fpm.conf", *as_root]

    def edit(self, site):
        """A child belongs to a connection as long as that is kept.  With 64 clients the children would
        serve a few and starve the rest, so connections are not kept here: nginx's own default."""
        return site.replace(
            "include campaign-ingest.locations;",
            "location = /nl/jsp/soaprouter.jsp {\n"
            f" include {self.folder}/nginx/php.fastcgi;\n fastcgi_param SCRIPT_FILENAME {BENCH}/peer.php;\n"
            f" fastcgi_param PEER_DATABASE {self.instance.db.socket};\n"
            f" fastcgi_param PEER_TABLE {self.log};\n}}")

    def start_nginx(self, **kw):
        (self.folder / "nginx").mkdir()
        shipped = (SOURCE / "nginx/campaign-ingest.fastcgi").read_text()
        (self.folder / "nginx/php.fastcgi").write_text(
            shipped.replace("fastcgi_keep_conn       on;", "fastcgi_keep_conn off;"))
        Peer.start_nginx(self, **kw)
