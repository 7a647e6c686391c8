#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.9, the connection: where an option file names a CA or asks for verification, in any spelling, the programs
speak to no server that has no TLS or no certificate for its host, and such a server hears nothing of them, no login
and no password. What an option file says and nobody understands is refused by name. campaign-admin status says
how each connection is secured."""
import json
import shutil
import socket
import subprocess
import threading

from campaign import Instance, free_port, main, need, wait_for

PORT = free_port()
NETWORK = ["--skip-networking=0", "--bind-address=127.0.0.1", f"--port={PORT}"]
VERIFIED, ENCRYPTED = "encrypted and verified", "encrypted, NOT verified"
PLAIN, SOCKET, NONE = "NOT encrypted", "local socket", "no connection"

# Of each the first line names the CA, or asks for verification by the system's CAs, which know nothing of ours.
VERIFYING = ["ssl-ca={ca}", "ssl_ca = '{ca}'", "tls-ca={ca}", "loose-ssl-ca={ca}", "ssl-capath={folder}"] + [
    f"ssl-ca={{ca}}\nssl-verify-server-cert{value}" for value in ("", "=1", "=ON", "=true", " = Yes")]
UNKNOWN_CA = [f"{name}{value}" for name in ("ssl-verify-server-cert", "tls_verify_peer") for value in ("", "=on")]
REFUSED_BY_NAME = {
    "ssl-verify-sever-cert": "unknown option ssl-verify-sever-cert",
    "ssl-ca={ca}\nssl-verify-server-cert=maybe": "ssl-verify-server-cert = maybe",
    "ssl-ca={ca}\nssl-verify-server-cert=0": "ssl-verify-server-cert is off",
    "ssl-ca={ca}\nskip-ssl": "ssl is off",
    "ssl-ca": "ssl-ca needs a value",
    "ssl-ca=": "ssl-ca needs a value",
    "ssl-mode=VERIFY_IDENTITY": "unknown option ssl-mode",
    "!includedir /etc/mysql/conf.d": '!include FILE',
}


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def make_certificates(folder):
    """ca.pem, and right.pem and other.pem that it has signed, each with its key."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 30, "-subj", "/CN=Test CA",
            "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    for name, host in (("right", "localhost"), ("other", "db.example.test")):
        (folder / "names").write_text(f"subjectAltName=DNS:{host}" + (",IP:127.0.0.1" if name == "right" else ""))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}",
                "-keyout", folder / f"{name}.key", "-out", folder / "request")
        openssl("x509", "-req", "-in", folder / "request", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-days", 30, "-extfile", folder / "names", "-out", folder / f"{name}.pem")
    (folder / "hashed").mkdir()
    shutil.copy(folder / "ca.pem", folder / "hashed")
    openssl("rehash", folder / "hashed")


class Listener(threading.Thread):
    """A server that has no TLS and asks for the password as it is; keeps what it hears."""

    GREETING = (b"\x0a5.5.5-10.11.0-MariaDB\0" + b"\1\0\0\0" + b"abcdefgh\0" + (0xf7ff & ~0x0800).to_bytes(2, "little") +
                b"\x2d\x02\0" + (0x803f).to_bytes(2, "little") + b"\x15" + b"\0" * 10 + b"ijklmnopqrst\0" +
                b"mysql_clear_password\0")

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard, self.asked = b"", 0
        self.start()

    def run(self):
        while True:
            s, _ = self.socket.accept()
            with s:
                s.settimeout(3)
                s.sendall(len(self.GREETING).to_bytes(3, "little") + b"\0" + self.GREETING)
                self.asked += 1
                try:
                    self.heard += s.recv(4096)
                except OSError:
                    pass


need("openssl")
c = Instance(start=False)
folder = c.folder
make_certificates(folder)


def tls(name):
    return [f"--ssl-ca={folder}/ca.pem", f"--ssl-cert={folder}/{name}.pem", f"--ssl-key={folder}/{name}.key"]


c.db.options = NETWORK + tls("right")
with c:
    c.db.sql("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app'; GRANT ALL ON stg.* TO app@'127.0.0.1';"
             "GRANT ALL ON cloud.* TO app@'127.0.0.1'")
    c.deploy_samples()
    c.add_operator(c.LOGIN, c.PASSWORD, "admin")
    c.start_pool()
    c.start_nginx()
    client = c.logon()

    def fill(options):
        return options.format(ca=folder / "ca.pem", folder=folder / "hashed")

    def write(staging="", cloud="", head="", port=PORT, host="127.0.0.1"):
        """The option file: "" is a login at the socket, else at the port with these lines."""
        def group(name, database, options):
            at = (f"socket={c.db.socket}\n" if not options else
                  f"host={host}\nport={port}\n{fill(options)}\n")
            return f"[campaign-{name}]\nuser=app\npassword=app\ndatabase={database}\n{at}"
        (folder / "db.cnf").write_text(fill(head) + group("staging", "stg", staging) + group("cloud", "cloud", cloud))

    def restart(*options):
        c.stop_pool()  # a call whose commit meets the restart is told that nobody knows
        c.db.stop()
        c.db.options = NETWORK + list(options)
        c.db.start()
        write()
        c.start_pool()

    def status():
        p = c.admin("status", "--json", check=False)
        s = json.loads(p.stdout)
        return s.get("cloud_connection", "connected" if s["cloud"] else NONE), p.stderr

    def expect_refused(options, words=("asks for",)):
        write(cloud=options)
        connection, said = status()
        assert connection == NONE, (options, connection)
        assert all(fill(w) in said for w in words) and f"{folder}/db.cnf:" in said, (options, said)

    def expect(connection, options):
        write(cloud=options)
        assert status()[0] == connection, (options, status())

    def stage(name):
        r = client.ingest(f'<x xtkschema="dem:sampleTable" _key="@id" id="{name}"/>')
        assert r.status == 200, r

    def R10_9_a_certificate_for_the_host_is_verified():
        for options in VERIFYING:
            expect(VERIFIED, options)
        for options in UNKNOWN_CA:
            expect_refused(options)
        expect(VERIFIED, "ssl-ca={ca}\nprotocol=tcp\nhost=localhost")
        expect(VERIFIED, "ssl-ca={ca}\nhost=127.0.0.1:%d,127.0.0.1" % free_port())  # the first is not there
        expect(ENCRYPTED, "ssl")
        expect(ENCRYPTED, "ssl-enforce=ON")
        expect(PLAIN, "# nothing")
        text = c.admin("status").stdout
        assert f"staging database  answers ({SOCKET})" in text and f"cloud database    answers ({PLAIN})" in text, text

    def R10_9_a_run_and_the_pool_over_tls():
        write("ssl-ca={ca}", "ssl-ca={ca}\nssl-verify-server-cert")
        s = json.loads(c.admin("status", "--json").stdout)
        assert s.get("staging_connection") == s.get("cloud_connection") == VERIFIED, s
        c.stop_pool()
        c.start_pool()
        wait_for("the pool stages", lambda: client.ingest(
            '<x xtkschema="dem:sampleTable" _key="@id" id="tls"/>').status == 200)
        assert c.sync_json()["merged"] == 1
        users = c.db.sql("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'app' AND HOST LIKE '%:%'")
        assert int(users[0][0]) > 0, "the pool is not at the port"

    def R10_9_what_nobody_understands_is_refused_by_name():
        for options, words in REFUSED_BY_NAME.items():
            expect_refused(options, (words,))
        write()
        with open(folder / "db.cnf", "a") as f:
            f.write("reconnect=1\ndefault-character-set=latin1\nlocal_infile=on\nloose-colour=red\n"
                    "max_allowed_packet=16M\nconnect-timeout=1\n")
        assert status()[0] == SOCKET, status()
        write()
        text = (folder / "db.cnf").read_text()
        (folder / "db.cnf").write_text(text.replace("[campaign-cloud]", "[campaign-clod]"))
        connection, said = status()
        assert connection == NONE and "has no group [campaign-cloud]" in said, (connection, said)

    def R10_9_a_socket_needs_no_certificate():
        write(head="[client]\nssl-ca={ca}\nssl-verify-server-cert\n")
        assert status()[0] == SOCKET, status()

    def R10_9_a_certificate_for_another_host_is_refused():
        restart(*tls("other"))
        for options in VERIFYING:
            # Later versions of the library pass over the name where the address is of the loopback.
            expect_refused(options + "\nprotocol=tcp\nhost=localhost")
        expect(ENCRYPTED, "ssl")
        write(cloud="ssl-ca={ca}\nprotocol=tcp\nhost=localhost")
        stage("other")
        p = c.sync(check=False)
        assert p.returncode == 1 and c.pending() == 1, p
        assert "asks for a connection by TLS that is verified" in p.stderr, p.stderr
        write()
        c.sync()

    def R10_9_a_server_without_tls_is_refused():
        restart("--skip-ssl")
        for options in VERIFYING + UNKNOWN_CA + ["ssl", "tls-enforce", "ssl-cipher=TLS_AES_256_GCM_SHA384"]:
            expect_refused(options)
        expect(PLAIN, "ssl-verify-server-cert=0")

    def R10_9_such_a_server_hears_nothing():
        listener = Listener()
        write()
        stage("heard")
        for options in VERIFYING + ["ssl"]:
            write(cloud=options, port=listener.port)
            assert c.sync(check=False).returncode == 1, options
            assert c.admin("status", check=False).returncode != 0
        write("ssl-ca={ca}", port=listener.port)
        c.stop_pool()
        c.start_pool()
        before = listener.asked
        wait_for("the pool has tried", lambda: listener.asked > before + 2)
        assert client.ingest('<x xtkschema="dem:sampleTable" _key="@id" id="no"/>').status == 500
        assert "asks for a connection by TLS" in c.pool_log()
        assert listener.asked > 20 and listener.heard == b"", listener.heard
        write(cloud="# nothing", port=listener.port)  # the listener is one that is believed where nothing is asked for
        c.admin("status", check=False)
        assert b"app" in listener.heard
        write()

    status_of_all = main([(name, step) for name, step in list(globals().items()) if name.startswith("R10_9")])
raise SystemExit(status_of_all)
