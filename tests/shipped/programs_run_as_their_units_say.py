#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The pool and the sync do their work under the restrictions of the shipped units.

Where systemd is not the first process it cannot start a unit, so this test does to itself what
systemd would do, read from the installed unit, and then becomes the program: no file system that
can be written, no capability, a user of its own and a user namespace, the system calls, address
families and memory protections that the unit allows, and the socket handed over as number 3.
Needs root, and leave to make namespaces.
"""
import ctypes
import errno
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

from campaign import BUILD, Client, Instance, Skip, main, need, wait_for

NOBODY = 65534
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
FAMILIES = {name: getattr(socket, name) for name in ("AF_UNIX", "AF_INET", "AF_INET6")}

libc = ctypes.CDLL(None, use_errno=True)


def system(name, *args):
    if getattr(libc, name)(*args) != 0:
        raise OSError(ctypes.get_errno(), f"{name}{args}")


def settings(unit):
    """All values of each key, in order."""
    found = {}
    for line in pathlib.Path(unit).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


# -- what systemd does before it executes the program ---------------------------------------------
def call_groups():
    groups, members = {}, set()
    for line in subprocess.run(["systemd-analyze", "syscall-filter"], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), set())
        elif line.startswith(" ") and not line.lstrip().startswith("#"):
            members.add(line.strip())
    return groups


def calls_of(name, groups):
    return set().union(*(calls_of(n, groups) for n in groups[name])) if name.startswith("@") else {name}


def allowed_calls(unit):
    groups, allowed = call_groups(), set()
    for value in unit["SystemCallFilter"]:
        named = set().union(*(calls_of(n, groups) for n in value.removeprefix("~").split()))
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed | calls_of("@default", groups)


def filters(unit):
    import seccomp
    calls = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in allowed_calls(unit):
        try:
            calls.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, OSError):
            pass  # of another architecture, or newer than the library
    details = seccomp.SyscallFilter(seccomp.ALLOW)
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        for name, wanted in (("mmap", 2 | 4), ("mprotect", 4), ("pkey_mprotect", 4)):  # PROT_WRITE, PROT_EXEC
            details.add_rule(seccomp.ERRNO(errno.EPERM), name,
                             seccomp.Arg(2, seccomp.MASKED_EQ, wanted, wanted))
    families = {int(FAMILIES[name]) for name in unit["RestrictAddressFamilies"][0].split()}
    for family in set(range(64)) - families:
        details.add_rule(seccomp.ERRNO(errno.EAFNOSUPPORT), "socket", seccomp.Arg(0, seccomp.EQ, family))
    return details, calls  # the last one forbids to load another


def read_only_files():
    """As ProtectSystem=strict: everything but /dev, /proc and /sys."""
    system("unshare", CLONE_NEWNS)
    system("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    mounts = [line.split()[4].encode().decode("unicode_escape").encode()
              for line in open("/proc/self/mountinfo")]
    for place in mounts:
        if place.startswith((b"/dev", b"/proc", b"/sys")):
            continue
        try:
            system("mount", None, place, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)
        except OSError:
            if place == b"/":
                raise  # others may be hidden below a later one


def confine(unit):
    unit = settings(unit)
    loaded = filters(unit)
    assert unit["ProtectSystem"] == ["strict"]
    read_only_files()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    assert unit["PrivateUsers"] == unit["NoNewPrivileges"] == ["yes"]
    system("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: who changed its user may not write its maps
    system("unshare", CLONE_NEWUSER)
    pathlib.Path("/proc/self/uid_map").write_text(f"{NOBODY} {NOBODY} 1")
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/gid_map").write_text(f"{NOBODY} {NOBODY} 1")
    assert unit["CapabilityBoundingSet"] == [""]
    for capability in range(int(open("/proc/sys/kernel/cap_last_cap").read()) + 1):
        system("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    system("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.umask(int(unit["UMask"][0], 8))
    for one in loaded:
        one.load()


def become(unit, listen, *command):
    """LISTEN: a path to make the socket at, or "-"."""
    if listen != "-":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(listen)
        os.chmod(listen, 0o666)
        listener.listen(64)
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)  # it may have been number 3 already
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    confine(unit)
    os.execv(command[0], command)


# -- the test --------------------------------------------------------------------------------------
def can():
    need("systemd-analyze", "unshare")
    if os.geteuid() != 0:
        raise Skip("this needs root")
    if subprocess.run(["unshare", "-m", "setpriv", "--reuid", str(NOBODY), "unshare", "-U", "true"],
                      capture_output=True).returncode:
        raise Skip("no namespaces can be made here")
    try:
        import seccomp  # noqa: F401
    except ImportError:
        raise Skip("python3-seccomp is not installed") from None


def test():
    can()
    folder = tempfile.TemporaryDirectory()
    subprocess.run(["make", "-C", str(BUILD), "install", f"DESTDIR={folder.name}"], check=True, capture_output=True)
    installed = pathlib.Path(folder.name)
    os.chmod(installed, 0o755)
    units = {p.stem: p for p in installed.rglob("*.service")}
    ingestd, sync = (next(installed.rglob(f"sbin/{name}")) for name in ("campaign-ingestd", "campaign-sync"))

    def confined(unit, listen, *command):
        return ["/usr/bin/python3", os.path.abspath(__file__), "--become", str(units[unit]), str(listen), *map(str, command)]

    def probe(unit, code):
        p = subprocess.run(confined(unit, "-", "/usr/bin/python3", "-c", code), capture_output=True, text=True)
        return p.returncode, (p.stderr.splitlines() or [""])[-1]

    with Instance(start=False, conf={"pool": {"pid_file": ""}}) as c:
        c.deploy_samples()
        c.add_operator(c.LOGIN, c.PASSWORD, "admin")
        # The server asks the kernel who is at its socket: also from within a user namespace.
        c.db.sql("INSTALL SONAME 'auth_socket'" if not c.db.sql(
            "SELECT 1 FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'unix_socket'") else "SELECT 1")
        c.db.sql("CREATE USER nobody@localhost IDENTIFIED VIA unix_socket;"
                 "GRANT ALL ON stg.* TO nobody@localhost; GRANT ALL ON cloud.* TO nobody@localhost")
        option_file = c.folder / "db.cnf"
        option_file.write_text(option_file.read_text().replace("user=app", "user=nobody").replace("password=app\n", ""))
        option_file.chmod(0o644)
        c.conf.chmod(0o644)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(c.folder / "notify"))
        os.chmod(c.folder / "notify", 0o666)
        notify.settimeout(20)

        def every_restriction_holds():
            for unit in units:
                for code, said in (
                        ("pass", ""),
                        (f"open({str(c.folder / 'x')!r}, 'w')", "Read-only file system"),
                        ("import socket; socket.socket(socket.AF_NETLINK)", "Address family not supported"),
                        ("import mmap; mmap.mmap(-1, 4096, prot=7)", "not permitted"),
                        ("import os; os.chroot('/')", "not permitted"),
                        ("import os; os.sched_setaffinity(0, {0})", "not permitted"),
                        ("import os; os.setuid(0)", "not permitted"),
                        ("import os; assert os.getuid() == os.geteuid() == 65534", "")):
                    status, last = probe(unit, code)
                    assert (status == 0) == (said == "") and said in last, (unit, code, status, last)

        def the_pool_answers_and_replaces_workers():
            command = confined("campaign-ingestd", c.folder / "ingestd.sock", ingestd, "--config", c.conf)
            log = open(c.folder / "ingestd.log", "ab")
            c.pool = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      env={**os.environ, "NOTIFY_SOCKET": str(c.folder / "notify")})
            said = notify.recv(4096)
            assert b"READY=1" in said, said
            status = dict(line.split(":\t") for line in
                          pathlib.Path(f"/proc/{c.pool.pid}/status").read_text().splitlines() if ":\t" in line)
            assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
            assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0, status
            assert status["Uid"].split() == [str(NOBODY)] * 4, status
            c.start_nginx()
            s = c.logon()
            record = '<s xtkschema="dem:sampleTableStg" testcol1="confined"/>'
            assert s.ingest(record).status == 200
            os.kill(c.workers()[0], signal.SIGKILL)
            wait_for("another worker", lambda: len(c.workers()) == 2)
            c.pool.send_signal(signal.SIGHUP)
            for _ in range(20):
                assert Client(c.port, s.token).ingest(record).status == 200
            assert c.pending() == 21

        def the_sync_moves_it():
            p = subprocess.run(confined("campaign-sync", "-", sync, "--config", c.conf), capture_output=True, text=True)
            assert p.returncode == 0, p
            assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable") == [["21"]]
            p = subprocess.run(confined("campaign-sync-requested", "-", sync, "--config", c.conf, "--if-requested"),
                               capture_output=True, text=True)
            assert p.returncode == 0, p

        def it_stops():
            assert c.stop_pool() == 0
            assert "not permitted" not in c.pool_log(), c.pool_log()

        status = main([(f.__name__, f) for f in (every_restriction_holds, the_pool_answers_and_replaces_workers,
                                                 the_sync_moves_it, it_stops)])
    folder.cleanup()
    return status


if __name__ == "__main__":
    if sys.argv[1:2] == ["--become"]:
        become(*sys.argv[2:])
    try:
        sys.exit(test())
    except Skip as e:
        print(f"skip: {e}")
        sys.exit(77)
