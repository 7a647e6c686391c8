#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hostile input, systematically: the tables of hostile_cases.py, and below what no HTTP client would send:
broken HTTP to nginx, broken FastCGI to the pool's socket, clients that stall.

Each case gets exactly the answer that docs/protocol.md demands.  After each one nothing is staged, no
session has come or gone, no table is missing, every worker is the same process, no SQL, path or value of the
caller is in the answer, and a good call is answered.  What is legal text is staged as it is, and reaches the
cloud so.
"""
import base64
import contextlib
import hashlib
import hmac
import os
import pathlib
import random
import re
import select
import socket
import struct
import sys
import threading
import time
import xml.etree.ElementTree

import hostile_cases as cases
from campaign import BUILD, PATIENCE, SOAP, Answer, Client, Instance, alive, main, wait_for
from hostile_cases import EXT, INGEST, ROUTER, SECRET

# What libfcgi leaks when it is asked for management records that there are not; the pool inherits it.
os.environ["LSAN_OPTIONS"] = ("print_suppressions=0:suppressions="
                              f"{pathlib.Path(__file__).with_name('libfcgi.leaks')}")
SANITIZERS = "-fsanitize=" in (BUILD / "Makefile").read_text()

REQUEST_TIMEOUT_S = 2  # how long a stalled FastCGI request may hold a thread
THREADS, WORKERS = 8, 2
FILE_SECRET = "Zq7file"
LEAKS = re.compile(r"\b(SELECT|INSERT INTO|REPLACE INTO|UPDATE \w|DELETE FROM|WHERE|VALUES|SQL syntax)\b"
                   r"|campaign_|SQLSTATE|MariaDB|mysql|libxml|\berrno\b|/tmp/|/usr/|\.[ch]:\d|0x[0-9a-f]{8}")
TABLES = ("dem_sampleTable", "nms_recipient", "nms_subscription", "nms_appSubscriptionRcp")


# --- judging an answer --------------------------------------------------------------------------------------
def xml_of(text):
    return xml.etree.ElementTree.fromstring(text)


def check_fault(r, faultcode, code, detail):
    root = xml_of(r.text)  # well-formed, whatever was quoted
    fault = root.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    names = [e.tag for e in fault]
    assert names == ["faultcode", "faultstring", "detail"][:2 + (detail is not None)], r  # R3.15, R3.18
    assert r.fault[0] == faultcode, r.fault
    assert r.fault[1].startswith(code + " "), r.fault
    if detail is None:
        return
    lines = r.fault[2].split("\n")
    assert all(re.match(r"[A-Z]{3}-\d{6} \S", line) for line in lines), lines
    assert re.fullmatch(r"SOP-330011 Error while executing the method '\w+' of service '[\w:|]+'\.",
                        r.fault[1]), r.fault
    assert lines[0].startswith(detail + " "), lines
    if re.match("CIN-100(202|203|204|205|210|305|306)", detail):
        assert re.fullmatch(r"XSV-350023 Unable to save document of type '.+ \(\w+:\w+\)'\.",
                            lines[-1]), lines
    if detail == "CIN-100202":
        assert re.fullmatch(r"CIN-100202 (Attribute|Element) '.{1,80}' unknown "
                            r"\(see definition of schema '.+ \(\w+:\w+\)'\)", lines[0]), lines


def check_refusal(r, status, code):
    assert r.headers["Content-Type"] == "text/plain; charset=utf-8", r.headers.items()  # R2.12
    assert r.text.startswith(code + " ") and r.text.count("\n") == 1 and r.text.endswith("\n"), r
    if code == "XSV-350008":
        assert re.search("session.*invalid", r.text), r
    if code == "XSV-350012":
        assert r.text == "XSV-350012 Invalid login or password\n", r


def check(r, status, faultcode, code, detail):
    assert r.status == status, f"status {r.status}, expected {status}: {r}"
    if faultcode is not None:
        check_fault(r, faultcode, code, detail)
    elif code is not None:
        check_refusal(r, status, code)
    else:
        assert r.fault is None, r
    if faultcode is not None or status == 200:
        assert r.headers["Content-Type"] == "text/xml; charset=utf-8", r.headers.items()  # R2.9
        assert r.headers["Cache-Control"] == "no-store", r.headers.items()
    if code != "XSV-350008":
        assert "XSV-350008" not in r.text, r  # 4.6: clients log on again when they see it


# --- raw HTTP -----------------------------------------------------------------------------------------------
def split_answers(data):
    """The answers in DATA, in their order; what is no whole answer is an error."""
    answers = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        assert all(": " in line for line in lines), data[:2000]
        headers = dict(line.split(": ", 1) for line in lines)
        if "Content-Length" in headers:
            length = int(headers["Content-Length"])
        else:
            length = 0 if status.split()[1] == "100" else len(rest)
        assert len(rest) >= length, data
        answers.append(Answer(int(status.split()[1]), headers, rest[:length]))
        data = rest[length:]
    return answers


def raw(port, data, end=False, seconds=10):
    """The answers to DATA up to nginx's closing of the connection; END closes ours first."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), seconds * PATIENCE) as s:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            s.sendall(data)
            if end:
                s.shutdown(socket.SHUT_WR)
            while piece := s.recv(65536):
                received += piece
    return split_answers(received)


def post(body, *lines, version="HTTP/1.1", length=True, close=True, target=ROUTER):
    """A POST with header LINES as they stand."""
    head = [f"POST {target} {version}", "Host: localhost", "Content-Type: text/xml", *lines]
    head += [f"Content-Length: {len(body.encode())}"] * length + ["Connection: close"] * close
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body.encode()


def chunks(body, size=100):
    data = body.encode()
    pieces = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


# --- raw FastCGI --------------------------------------------------------------------------------------------
BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, GET_VALUES, GET_VALUES_RESULT = 1, 2, 3, 4, 5, 6, 9, 10


def fcgi(kind, content=b"", number=1, version=1, padding=0, length=None):
    length = len(content) if length is None else length
    return struct.pack(">BBHHBx", version, kind, number, length, padding) + content + b"x" * padding


def begin(role=1, keep=True, number=1):
    return fcgi(BEGIN, struct.pack(">HBxxxxx", role, keep), number)


def pair(name, text):
    def length(n):
        return struct.pack(">B", n) if n < 128 else struct.pack(">I", n | 1 << 31)
    name, text = name.encode("latin-1"), text.encode("latin-1")
    return length(len(name)) + length(len(text)) + name + text


def stream(kind, data, size=65535, padding=0):
    """DATA in records, and the empty one that ends it."""
    pieces = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(fcgi(kind, p, padding=padding) for p in pieces) + fcgi(kind)


class FastCgi:
    """One connection to the pool, as a web server has it."""

    def __init__(self, path, data=b""):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10 * PATIENCE)
        self.socket.connect(path)
        self.send(data)

    def send(self, data):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def records(self):
        """(kind, number, content) of each one that comes, until the pool closes."""
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                _, kind, number, length, padding = struct.unpack(">BBHHBx", self.exactly(8))
                yield kind, number, self.exactly(length + padding)[:length]

    def answer(self):
        """The answer to a request; None if the pool closes instead, or ends the request without one."""
        out, self.others = b"", []
        for kind, number, content in self.records():
            if kind == STDOUT and number == 1:
                out += content
            elif kind == END and number == 1:
                if not out:
                    return None
                head, _, body = out.partition(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
                return Answer(int(headers["Status"].split()[0]), headers, body)
            else:
                self.others.append((kind, number, content))
        assert not out, f"half an answer: {out}"
        return None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# --- the test -----------------------------------------------------------------------------------------------
CONF = {"pool": {"request_timeout_s": REQUEST_TIMEOUT_S}, "limits": {"logon_failures_per_minute": 0},
        "session": {"trusted_proxies": "127.0.0.1"},
        "zone here": {"networks": "127.0.0.0/8", "allow_http": "true", "show_errors": "true"},
        "zone tls": {"networks": "192.0.2.0/24"},
        "zone scripts": {"networks": "198.51.100.1", "allow_http": "true", "allow_user_password": "true",
                         "show_errors": "true"},
        "zone always": {"networks": "198.51.100.2", "allow_http": "true", "security_token_always": "true",
                        "show_errors": "true"}}


class Site:
    """A web server's socket that counts who connects."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:%d" % self.socket.getsockname()[1]

    def asked(self):
        return bool(select.select([self.socket], [], [], 0)[0])


def security_of(token, secret):
    """R4.2."""
    return "@" + base64.urlsafe_b64encode(hmac.new(secret, token.encode(), hashlib.sha512).digest()).decode()


def keys(c, client, site):
    """What stands for @NAME@ in a case."""
    def log_on(login, password):
        r = Client(c.port).logon(login, password)
        return r.element("pstrSessionToken"), r.element("pstrSecurityToken")

    def session_until(token, expires, security_expires):
        now = "UTC_TIMESTAMP(3)"
        c.staging("INSERT INTO campaign_session (token_hash, operator_id, opened_at, expires_at,"
                  f" security_expires_at) SELECT UNHEX(SHA2('{token}', 256)), id, {now} - INTERVAL 1 DAY,"
                  f" {now} {expires}, {now} {security_expires} FROM campaign_operator"
                  f" WHERE login = '{c.LOGIN}'")
    c.add_operator("other", "pw other", "admin")
    c.add_operator("reader", "pw reader", "subscribe")
    secret = bytes.fromhex(c.staging("SELECT value FROM campaign_state WHERE name = 'secret'")[0][0])
    token, security = client.token, client.security
    assert security == security_of(token, secret)  # what is computed below would be right with another secret
    ended, ended_security = log_on(c.LOGIN, c.PASSWORD)
    assert Client(c.port, ended).call("xtk:session", "Logoff").status == 200
    expired, half_expired = (f"___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e1{n}" for n in (20, 21))
    session_until(expired, "- INTERVAL 1 SECOND", "+ INTERVAL 1 DAY")
    session_until(half_expired, "+ INTERVAL 1 DAY", "- INTERVAL 1 SECOND")
    bearer = c.admin("operator", "token", c.LOGIN).stdout.strip()
    file = c.folder / "secret.txt"
    file.write_text(FILE_SECRET)
    return {
        "SITE": site.address, "FILE": str(file), "LOGIN": c.LOGIN, "PAIR": f"{c.LOGIN}/{c.PASSWORD}",
        "TOKEN": token, "CUT": token[:-1], "LONGER": token + "0", "FIRST_CUT": token[1:],
        "PADDED": token + " ",
        "SWAPPED": "___" + token[3:].upper(), "LAST": token[:-1] + ("1" if token[-1] == "0" else "0"),
        "HASH": hashlib.sha256(token.encode()).hexdigest(), "ENDED": ended, "EXPIRED": expired,
        "UNKNOWN": "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114", "NOT_ASCII": "___" + "\u00e5" * 18,
        "WITH_SQL": "___' OR 1=1 OR token_hash != '" + "a" * 9, "WILD": "___" + "_" * 36,
        "SECURITY": security, "SECURITY_CUT": security[:-1], "SECURITY_FIRST_CUT": security[1:],
        "SECURITY_BARE": security.rstrip("="), "SECURITY_SWAPPED": security.swapcase(),
        "SECURITY_HEX": "@" + base64.urlsafe_b64decode(security[1:]).hex(), "ENDED_SECURITY": ended_security,
        "OTHER_SECURITY": log_on("other", "pw other")[1],
        "FOREIGN_SECURITY": security_of(token, b"another server's secret"),
        "HALF_EXPIRED": half_expired, "HALF_EXPIRED_SECURITY": security_of(half_expired, secret),
        "BEARER": bearer, "BEARER_CUT": bearer[:-1], "BEARER_SWAPPED": "tok_" + bearer[4:].swapcase(),
        "READER_BEARER": c.admin("operator", "token", "reader").stdout.strip()}


with Instance(conf=CONF, workers=WORKERS, threads=THREADS) as c:
    site = Site()
    client = c.logon()
    names = keys(c, client, site)
    workers = wait_for("all workers", lambda: len(c.workers()) == WORKERS and c.workers())
    pool = str(c.folder / "ingestd.sock")
    tokens = [v for k, v in names.items() if len(v) >= 30 and k not in ("SITE", "FILE")]
    secrets = [SECRET, FILE_SECRET, c.PASSWORD, *tokens]
    hidden = [*secrets, str(c.folder), str(BUILD), cases.LONG[:81]]  # at most 80 characters of a name (R3.20)

    def fill(text):
        return re.sub("@([A-Z_]+)@", lambda m: names.get(m[1], m[0]), text)

    def state():
        """What no hostile call may change."""
        counted = [f"`{t}Stg_log`" for t in TABLES] + [
            "campaign_session", "campaign_session WHERE ended_at IS NULL", "campaign_operator",
            "campaign_right",
            "campaign_bearer", "campaign_request",
            "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"]
        return c.staging("SELECT " + ", ".join(f"(SELECT COUNT(*) FROM {t})" for t in counted))[0]

    before = state()

    def check_leaks(r):
        shown = r.text + str(dict(r.headers))
        for secret in hidden:
            assert secret not in shown, f"{secret[:60]!r} is in the answer: {r}"
        leak = LEAKS.search(shown)
        assert leak is None, f"{leak[0]!r} is in the answer: {r}"

    def check_state():
        was, before[:] = list(before), state()  # one case that fails does not fail all others
        assert before == was, f"{before} instead of {was}"
        if c.workers() != workers:
            workers[:] = wait_for("another worker", lambda: len(c.workers()) == WORKERS and c.workers())
            raise AssertionError("a worker has ended")
        r = client.post(fill(cases.nothing()), EXT)
        assert r.status == 200, r
        assert not site.asked(), "a resource outside was asked for"

    def step(name, run):
        """RUN gives answers, and the rest is judged here, whatever came."""
        def steps():
            try:
                answers = run() or []
            except Exception as e:  # the others are still to be tried
                check_state()
                raise e if isinstance(e, AssertionError) else AssertionError(repr(e))
            check_state()
            for r in answers:
                check_leaks(r)
        return (name, steps)

    # -- messages ----------------------------------------------------------------------------
    def send(case):
        headers = {k: fill(v).encode("utf-8" if k == "utf-8" else "latin-1") for k, v in case.headers.items()}
        if case.body is None:
            return client.request("GET", case.path, None, headers)
        body = fill(case.body() if callable(case.body) else case.body).encode(case.codec, "surrogatepass")
        if case.splice is not None:
            assert body.count(b"~") == 1
            body = body.replace(b"~", case.splice)
        return client.post(case.mark + body, case.action and case.action.encode("latin-1"), headers,
                           fill(case.path))

    def message(case):
        def run():
            started = time.monotonic()
            r = send(case)
            took = time.monotonic() - started
            check(r, *case.expect)
            assert case.has in r.text, r
            assert took < case.within * PATIENCE, f"{took:.1f} s"
            return [r]
        return step(case.name, run)

    # -- text that is legal ------------------------------------------------------------------
    stored = {}  # id: (testcol1, testcol2, city, comment)

    def escape(text):
        return "".join(f"&#{ord(x)};" if x in "\t\r\n&<>\"" else x for x in text)

    def harmless(n, text):
        def run():
            values = (text, "a" + text, text[:50], text)
            one, two, city, comment = map(escape, values)
            r = client.ingest('<s xtkschema="dem:sampleTableStg" _key="@testcol1, [location/@city]"'
                              f' id="legal-{n}" testcol1="{one}" testcol2="{two}"><location city="{city}"/>'
                              f'<comment>{comment}</comment></s>')
            check(r, *cases.FINE)
            before[0] = str(int(before[0]) + 1)
            stored[f"legal-{n}"] = tuple(v.encode() for v in values)
            check_rows("dem_sampleTableStg_log", c.staging, [f"legal-{n}"])
            return [r]
        return step(f"staged as it is: {text!r}", run)

    def check_rows(table, database, ids):
        fields = ", ".join(f"HEX({f})" for f in ("testcol1", "testcol2", "location_city", "comment"))
        rows = database(f"SELECT id, {fields} FROM `{table}` WHERE id IN ({', '.join(map(repr, ids))})")
        found = {row[0]: tuple(bytes.fromhex(v or "") for v in row[1:]) for row in rows}
        assert len(rows) == len(found) == len(ids), rows
        for i in ids:
            assert found[i] == stored[i], f"{found[i]} instead of {stored[i]}"

    def R7_3_the_logs_own_columns():
        r = client.ingest('<s xtkschema="dem:sampleTableStg" id="own" testcol1="a" _key="@id" _seq="1"'
                          ' _operation="insert" _operator="root" _address="192.0.2.99" _at="1999-01-01"'
                          ' _fields="amount" _links="x" _nonsense="\'"/>')
        check(r, *cases.FINE)
        before[0] = str(int(before[0]) + 1)
        rows = c.staging("SELECT _seq > 1, _operator, _address, _at > UTC_TIMESTAMP() - INTERVAL 1 HOUR,"
                         " _fields, _key FROM dem_sampleTableStg_log WHERE id = 'own'")
        assert rows == [["1", c.LOGIN, "127.0.0.1", "1", "id,testcol1", "@id"]], rows
        return [r]

    def all_of_it_reaches_the_cloud():
        c.sync()
        assert c.pending() == 0
        before[0] = "0"
        check_rows("dem_sampleTable", c.cloud, list(stored))

    # -- HTTP --------------------------------------------------------------------------------
    GOOD = fill(cases.nothing())
    STORES = fill(cases.ingest(cases.GOOD))  # would stage a row
    ACTION = f"SOAPAction: {EXT}"
    HEAD = f"POST {ROUTER} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"

    def http(name, data, *statuses, end=False, fault=None):
        """STATUSES in their order; FAULT: the codes that the last answer may have."""
        def run():
            answers = raw(c.port, data if isinstance(data, bytes) else data.encode("latin-1"), end)
            assert tuple(r.status for r in answers) == statuses, answers
            for r in answers:  # TRACE is refused by nginx itself, and goes no further
                assert r.status != 405 or name == "method TRACE" or r.headers["Allow"] == "POST", r.headers
            if fault:
                assert any(answers[-1].fault[1].startswith(f + " ") for f in fault.split()), answers
            return answers
        return step(f"HTTP {name}", run)

    def storing(name, status, *lines, fault=None, end=False, **kw):
        """A POST that would stage a row, were it not for its header LINES; STATUS 0: no answer."""
        data = post(STORES, f"SOAPAction: {INGEST}", *lines, **kw)
        return http(name, data, *[status] * bool(status), end=end, fault=fault)

    def chunked(name, data, *statuses, more="", **kw):
        lines = f"{ACTION}\r\nTransfer-Encoding: chunked\r\n{more}Connection: close\r\n\r\n"
        return http(name, (HEAD + lines).encode() + data, *statuses, **kw)

    def request(line, *lines):
        return "\r\n".join([line, "Host: localhost", "Connection: close", *lines]) + "\r\n\r\n"

    TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # the beginning of a ClientHello
    ONE, TWO = GOOD.encode(), post(GOOD, ACTION)
    HTTP = [
        # Two lengths, or none that can be right.
        http("a good request", post(GOOD, ACTION), 200),
        storing("Content-Length twice, the same", 400, f"Content-Length: {len(STORES.encode())}"),
        storing("Content-Length twice, another", 400, "Content-Length: 5"),
        storing("Content-Length as a list", 400, "Content-Length: 5, 5", length=False),
        *(storing(f"Content-Length {text!r}", 400, f"Content-Length: {text}", length=False)
          for text in ("-1", "+5", "abc", "0x10", "5 5", "1e3", "99999999999999999999", "\u00b2")),
        storing("Content-Length of 17 MB", 413, "Content-Length: 17000000", length=False, end=True),
        storing("Content-Length of 8 EB", 413, "Content-Length: 9223372036854775807", length=False, end=True),
        storing("Content-Length above the body, which ends", 0, f"Content-Length: {len(STORES) + 9}",
                length=False, end=True),
        storing("Content-Length below the body", 500, f"Content-Length: {len(STORES) - 20}", length=False,
                fault="CIN-100001"),
        storing("Content-Length 0", 500, "Content-Length: 0", length=False, fault="CIN-100001"),
        storing("no length at all", 500, length=False, fault="CIN-100001"),
        storing("HTTP/1.0 without a length", 500, version="HTTP/1.0", length=False, fault="CIN-100001"),
        storing("Content-Length and chunked", 400, "Transfer-Encoding: chunked"),
        chunked("chunked and Content-Length", chunks(STORES), 400, more="Content-Length: 4\r\n"),
        storing("chunked in HTTP/1.0", 400, "Transfer-Encoding: chunked", version="HTTP/1.0", length=False),
        storing("Transfer-Encoding twice", 400, "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
                length=False),
        *(storing(f"Transfer-Encoding {text!r}", 501, f"Transfer-Encoding: {text}", length=False)
          for text in ("identity", "gzip, chunked", "chunked, chunked", "xchunked", "chunked;a=b", "gzip")),
        storing("Transfer-Encoding with a blank in front of its colon", 400, "Transfer-Encoding : chunked"),
        chunked("chunked as it should be", chunks(GOOD), 200),
        chunked("chunked byte by byte", chunks(GOOD, 1), 200),
        chunked("a chunk's length that is no number", b"zz\r\n" + ONE + b"\r\n0\r\n\r\n", 400),
        chunked("a chunk's length that is negative", b"-1\r\n" + ONE + b"\r\n0\r\n\r\n", 400),
        chunked("a chunk's length that wraps round", b"10000000000000005\r\n" + ONE + b"\r\n0\r\n\r\n", 400),
        chunked("a chunk of 8 EB", b"7fffffffffffffff\r\n" + ONE, 400),
        chunked("a chunk of 128 MB", b"7ffffff\r\n" + ONE, 413, end=True),
        chunked("a chunk longer than it says", b"5\r\n" + ONE + b"\r\n0\r\n\r\n", 400),
        chunked("chunks that do not end", b"%x\r\n" % len(ONE) + ONE + b"\r\n", end=True),
        chunked("a chunk cut short", b"%x\r\n" % (len(ONE) + 9) + ONE, end=True),
        chunked("nothing but the last chunk", b"0\r\n\r\n", 500, fault="CIN-100001"),
        # Several requests on one connection.
        http("two at once", post(GOOD, ACTION, close=False) + TWO, 200, 200),
        http("50 at once", post(GOOD, ACTION, close=False) * 49 + TWO, *[200] * 50),
        http("rubbish behind a good one", post(GOOD, ACTION, close=False) + b"\0\1\2 rubbish\r\n\r\n", 200,
             400),
        http("a body that reads like a request", post("GET /r/test HTTP/1.1\r\nHost: a\r\n\r\n", ACTION), 500,
             fault="CIN-100001"),
        http("a second request in the first one's tail",
             post("", ACTION, "Content-Length: 0", length=False, close=False) + TWO, 500, 200),
        http("a bad one, then a good one", post("<", ACTION, close=False) + TWO, 500, 200),
        # Headers.
        http("two actions", post(fill(cases.SESSIONLESS), "SOAPAction: xtk:session#GetServerTime", ACTION),
             500, fault="CIN-100007 CIN-100006"),
        http("an action over two lines", post(GOOD, "SOAPAction: xtk:session", " #IngestExt"), 400),
        http("an action behind a line feed alone", post(GOOD, "SOAPAction: xtk:nowhere#IngestExt\n" + ACTION),
             500, fault="CIN-100006"),
        http("a carriage return in an action", post(GOOD, "SOAPAction: xtk:session#Ingest\rExt"), 400),
        http("NUL in an action", post(GOOD, ACTION + "\0"), 400),
        http("NUL in a header's name", post(GOOD, "SOAP\0Action: a"), 400),
        http("a blank in a header's name", post(GOOD, "SOAP Action: a"), 400),
        http("a header without a colon, which nginx passes over", post(GOOD, ACTION, "Nonsense"), 200),
        http("a header without a name", post(GOOD, ACTION, ": a"), 400),
        http("an underscore for a dash",
             post(fill(cases.nothing(token="")), ACTION, f"X_Session_Token: {client.token}"), 403),
        http("an action by an underscore's name", post(GOOD, "SOAP_ACTION: xtk:nowhere#a"), 200),
        http("a proxy in a header", post(GOOD, ACTION, f"Proxy: {site.address}"), 200),
        http("a header of 40,000 bytes", post(GOOD, ACTION, "X-A: " + "a" * 40000), 400),
        http("10,000 headers", post(GOOD, ACTION, *(f"X-{i}: a" for i in range(10000))), 400),
        http("a token of 1 MB in a header", post(GOOD, ACTION, "X-Session-Token: " + "a" * 1000000), 400),
        http("two Hosts", post(GOOD, ACTION, "Host: b"), 400),
        http("no Host", post(GOOD, ACTION).replace(b"Host: localhost\r\n", b""), 400),
        http("a Host that is none", post(GOOD, ACTION).replace(b"Host: localhost", b"Host: a/../b\0"), 400),
        http("Expect 100-continue", post(GOOD, ACTION, "Expect: 100-continue"), 100, 200),
        http("an upgrade to HTTP/2",
             post(GOOD, ACTION, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"), 200),
        http("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        http("TLS to the plain port", TLS + bytes(range(256)) + b"\r\n\r\n", 400),
        http("HTTP/9.9", post(GOOD, ACTION, version="HTTP/9.9"), 505),
        http("an empty line of 100,000 blanks", " " * 100000 + "\r\n\r\n", 400),
        # Methods.
        *(http(f"method {m}", request(f"{m} {ROUTER} HTTP/1.1"), 405)
          for m in ("GET", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "MOVE", "TRACE")),
        http("method PUT with a call", post(STORES, f"SOAPAction: {INGEST}").replace(b"POST ", b"PUT "), 405),
        http("POST by another header",
             request(f"GET {ROUTER} HTTP/1.1", "X-HTTP-Method-Override: POST", "X-Method: POST"), 405),
        http("method CONNECT", request("CONNECT localhost:80 HTTP/1.1"), 400),
        *(http(f"method {m!r}", post(STORES).replace(b"POST ", m.encode() + b" "), 400)
          for m in ("post", "Post", "", "P@ST")),
        http("a method nobody has", post(STORES).replace(b"POST ", b"NONSENSE "), 405),
        # Paths.
        *(http(f"path {p[:60]}", request(f"GET {p} HTTP/1.1"), 404) for p in (
            "/", "/nl", "/nl/jsp/", ROUTER + "/", ROUTER + "/x", ROUTER + ";a=b", ROUTER + ".bak",
            ROUTER + "%20", ROUTER.upper(), "/nl/jsp/soaprouter", ROUTER + "/../../../etc/passwd",
            "/nl/jsp/..%2f..%2fetc%2fpasswd", "/a/%2e%2e/etc/passwd", "/nl/jsp/\\..\\..\\etc\\passwd",
            "/nl/jsp/%c0%ae%c0%ae/x", "/campaign-ingest.conf", "/.git/config", "/ingestd.sock", "/r/test/",
            "/R/test", "/nl/jsp/soaprouter%252ejsp", "/r/test%2f", "/nl/jsp/ping.jsp%0d%0aX-A:%20b",
            "/" + "a" * 6000, "http://localhost/x", "/nl/jsp/%ff")),
        *(http(f"path {p[:60]}", request(f"GET {p} HTTP/1.1"), 400) for p in (
            "/../etc/passwd", "/nl/../../etc/passwd", "/%2e%2e/etc/passwd", ROUTER + "%00", "/r/test%00.jsp",
            "/r/test%", "/%zz", "*", "r/test", "/nl/jsp/..%2f..%2f..%2fetc%2fpasswd")),
        *(http(f"path {p[:60]}, the router's own in the end", request(f"GET {p} HTTP/1.1"), 405) for p in (
            "/nl/./jsp/../jsp/soaprouter.jsp", "/nl/jsp/soaprouter%2ejsp", "/%6el/jsp/soaprouter.jsp",
            ROUTER + "?a=/../..", ROUTER + "#x", f"http://localhost{ROUTER}", ROUTER + "?" + "a" * 6000)),
        http("a path of 40,000 bytes", request(f"GET /{'a' * 40000} HTTP/1.1"), 414),
        http("a path with a blank", request("GET /r/te st HTTP/1.1"), 400),
        http("a path with NUL", request("GET /r/test\0 HTTP/1.1"), 400),
        http("WSDL without a schema", request("GET /nl/jsp/schemawsdl.jsp HTTP/1.1"), 400),
        *(http(f"WSDL of {s[:40]}", request(f"GET /nl/jsp/schemawsdl.jsp?schema={s} HTTP/1.1"), 404)
          for s in (
            "../../../../etc/passwd", "xtk:session%00", "xtk%253Asession", "file:@FILE@", "<x>", "n" * 6000,
            "xtk:session%0d%0aX-A:%20b", "xtk")),
    ]

    # -- FastCGI -----------------------------------------------------------------------------
    def head(action=EXT, length="", **more):
        """Parameters as nginx sends them; None leaves one out."""
        values = {"REQUEST_METHOD": "POST", "SCRIPT_NAME": ROUTER, "QUERY_STRING": "",
                  "CONTENT_TYPE": "text/xml", "REMOTE_ADDR": "127.0.0.1", "HTTP_SOAPACTION": action,
                  "CONTENT_LENGTH": length, **more}
        return b"".join(pair(k, v) for k, v in values.items() if v is not None)

    def whole(body=GOOD, length=None, size=65535, padding=0, **more):
        """A request, with the right length or with LENGTH."""
        length = str(len(body.encode())) if length is None else length
        return (begin() + stream(PARAMS, head(length=length, **more), size, padding)
                + stream(STDIN, body.encode(), size, padding))

    def fastcgi(name, data, expect, cut=False, others=None):
        """EXPECT as for a message; None: the pool closes without an answer.  CUT: we close first; OTHERS
        are the kinds of what comes besides."""
        def run():
            with FastCgi(pool, data) as f:
                if cut:
                    f.socket.shutdown(socket.SHUT_WR)
                r = f.answer()
                assert others is None or others == [o[0] for o in f.others], f.others
            if expect is None:
                assert r is None, r
                return []
            assert r is not None, "no answer"
            check(r, *expect)
            return [r]
        return step(f"FastCGI {name}", run)

    SHORT = cases.plain(400)  # FastCGI 1.0, 6.2: what is not as long as announced is not carried out
    TOKENLESS = fill(cases.nothing(token=""))
    OTHER = STORES.encode()
    size = len(OTHER)
    params, one = stream(PARAMS, head(length=str(len(ONE)))), stream(STDIN, ONE)
    others_head, others_body = stream(PARAMS, head(INGEST, str(size))), stream(STDIN, OTHER)
    LIES = [b"\xff" * 8, b"\xff" * 8 + b"a" * 60000, b"\xff\xff\xff\xff\x01a", b"\x01\xff\xff\xff\xffa",
            b"\x7f\x7fab", b"\x80", b"\x80\x00", b"\x05\x80\x00\x00", b"\x10\x10a", b"\x01\x01a"]
    DEADLY_LIES = [b"\xff\xff\xff\xfd\x80\0\0\x01" + b"a" * 60000,
                   b"\x80\x00\x00\x05\xff\xff\xff\xfeabcde", b"\xff\xff\xff\xf7\x80\x00\x00\x07"]
    FCGI = [
        fastcgi("a good request", whole(), cases.FINE),
        fastcgi("records of one byte", whole(size=1), cases.FINE),
        fastcgi("records with 255 bytes of padding", whole(size=50, padding=255), cases.FINE),
        fastcgi("an empty CONTENT_LENGTH", whole(length=""), cases.FINE),
        fastcgi("no CONTENT_LENGTH", begin() + stream(PARAMS, head(length=None)) + one, cases.FINE),
        *(fastcgi(f"CONTENT_LENGTH {name}", whole(STORES, text, action=INGEST), SHORT) for name, text in (
            ("larger by one", str(size + 1)), ("larger by a million", str(size + 1000000)),
            ("smaller by one", str(size - 1)), ("of half the body", str(size // 2)), ("1", "1"), ("0", "0"),
            ("negative", "-1"), ("that is no number", "abc"), ("with a tail", f"{size}x"),
            ("in hexadecimal", f"0x{size:x}"), ("with a sign", f"+{size}"), ("of a blank", " "))),
        *(fastcgi(f"CONTENT_LENGTH {n}", whole(STORES, n, action=INGEST), cases.plain(413)) for n in (
            "16777217", "4294967296", "9223372036854775808", "18446744073709551616", "9" * 100)),
        fastcgi("17 MB that were not announced", whole("x" * 17000000, ""), cases.plain(413)),
        fastcgi("17 MB announced as 5 bytes", whole("x" * 17000000, "5"), cases.plain(413)),
        fastcgi("an empty body", whole(""), cases.MALFORMED),
        # Requests with something missing, or with too much.
        fastcgi("no parameters", begin() + fcgi(PARAMS) + fcgi(STDIN), cases.plain(404)),
        fastcgi("no method", whole(REQUEST_METHOD=None), cases.plain(405)),
        fastcgi("no path", whole(SCRIPT_NAME=None), cases.plain(404)),
        fastcgi("no address", whole(REMOTE_ADDR=None), cases.NOT_HERE),
        *(fastcgi(f"address {a[:30]!r}", whole(REMOTE_ADDR=a), cases.NOT_HERE) for a in (
            "unix:", "localhost", "127.0.0.1'; --", "127.1", "2130706433", "0x7f.1", "127.0.0.1 ",
            "::ffff:127.0.0.1%lo", "1" * 70000)),
        *(fastcgi(f"method {m[:9]!r}", whole(REQUEST_METHOD=m), cases.plain(405))
          for m in ("post", "GET", "TRACE", "POST ", "X" * 70000)),
        *(fastcgi(f"path {p[:40]!r}", whole(SCRIPT_NAME=p), cases.plain(404)) for p in (
            ROUTER + "/", "/" + ROUTER, "/nl/jsp/../jsp/soaprouter.jsp", ROUTER.upper(), ROUTER + "\n",
            "/nl/jsp/soaprouter%2ejsp", "a" * 70000)),
        fastcgi("10,000 parameters nobody knows",
                whole(**{f"HTTP_X_{i}": "a" for i in range(10000)}), cases.FINE),
        fastcgi("a parameter of 1 MB", whole(HTTP_X_A="a" * 1000000), cases.FINE),
        fastcgi("a token of 1 MB", whole(TOKENLESS, HTTP_X_SESSION_TOKEN="_" * 1000000), cases.NO_SESSION),
        fastcgi("a cookie of 1 MB", whole(TOKENLESS, HTTP_COOKIE=f"a={'b' * 997};" * 1000), cases.NO_SESSION),
        fastcgi("an action of 1 MB", whole(HTTP_SOAPACTION="x" * 1000000), cases.ACTION),
        fastcgi("a name with '=' in it", whole(**{"X=Y": "Z"}), cases.FINE),
        fastcgi("an empty name", whole(**{"": "a"}), cases.FINE),
        fastcgi("an empty name and an empty value", whole(**{"": ""}), cases.FINE),
        *(fastcgi(f"parameters whose lengths lie: {lie[:16].hex()}",
                  begin() + stream(PARAMS, head(INGEST, str(size)) + lie) + others_body, None)
          for lie in LIES),
        # Records.
        *(fastcgi(f"version {v}", fcgi(BEGIN, b"\0\1\1\0\0\0\0\0", version=v) + params + one, None)
          for v in (0, 2, 255)),
        fastcgi("another version in the middle", begin() + params + fcgi(STDIN, ONE, version=7) + fcgi(STDIN),
                None, cut=True),
        *(fastcgi(f"role {n}", begin(role=n) + others_head + others_body, None) for n in (0, 4, 99, 65535)),
        *(fastcgi(f"a BEGIN of {n} bytes", fcgi(BEGIN, b"\0\1\1\0\0\0\0\0\0\0\0\0"[:n]) + params + one, None)
          for n in (0, 4, 7, 9, 12)),
        fastcgi("BEGIN for no request", begin(number=0) + params + one, None),
        fastcgi("no BEGIN", params + one, None),
        fastcgi("nothing but an end", fcgi(STDIN), None, cut=True),
        fastcgi("STDIN in front of PARAMS", begin() + others_body + others_head, None),
        fastcgi("BEGIN twice", begin() + begin() + params + one, None),
        fastcgi("a second request within the first", begin() + params + begin(number=2) + one, cases.FINE,
                others=[END]),
        fastcgi("records of requests that do not exist", begin() + fcgi(STDIN, b"<x>", 7) + params
                + fcgi(PARAMS, b"\x7f", 9) + fcgi(STDIN, b"junk", 3) + one, cases.FINE),
        fastcgi("an unknown kind in front", fcgi(77, b"", 0) + begin() + params + one, cases.FINE),
        fastcgi("an unknown kind in front, with content", fcgi(77, b"abc", 0) + begin() + params + one, None),
        fastcgi("an unknown kind in the middle", begin() + params + fcgi(STDIN, ONE[:50]) + fcgi(77, b"abc")
                + fcgi(STDIN, ONE[50:]) + fcgi(STDIN), None),
        fastcgi("values asked for", fcgi(GET_VALUES, pair("FCGI_MAX_CONNS", "") + pair("X", ""), 0) + whole(),
                cases.FINE, others=[GET_VALUES_RESULT]),
        fastcgi("values asked for with lengths that lie", fcgi(GET_VALUES, b"\xff" * 8, 0) + whole(), None,
                cut=True),
        fastcgi("an answer for a request", begin() + params + fcgi(STDOUT, b"Status: 200\r\n\r\n"), None),
        *(fastcgi(f"aborted {name}", begin() + others_head + data + fcgi(ABORT), None, cut=True)
          for name, data in (("in front of its body", b""), ("in its body", fcgi(STDIN, OTHER[:-9])),
                             ("in front of its body's end", fcgi(STDIN, OTHER)))),
        *(fastcgi(f"cut off {name}", data, None, cut=True) for name, data in (
            ("at once", b""), ("in a header", begin()[:5]), ("in BEGIN", begin()[:12]),
            ("behind BEGIN", begin()),
            ("in the parameters", (begin() + params)[:-30]),
            ("in front of the end of the parameters", (begin() + params)[:-8]),
            ("in front of the body", begin() + params),
            ("in the body", begin() + others_head + fcgi(STDIN, OTHER, length=size + 5)),
            ("in front of the body's end", begin() + others_head + fcgi(STDIN, OTHER)),
            ("in front of the body's end, no length given",
             begin() + stream(PARAMS, head(INGEST)) + fcgi(STDIN, OTHER)),
            ("in the padding", begin() + others_head + fcgi(STDIN, OTHER, padding=200)[:-90]))),
        *(fastcgi(f"{name} for FastCGI", data, None) for name, data in (
            ("HTTP", b"GET /r/test HTTP/1.1\r\nHost: a\r\n\r\n"), ("TLS", TLS), ("zeros", bytes(4096)),
            ("SQL", b"\x03SELECT 1"))),
    ]

    def R1_the_method_HEAD():
        for path, status in ((ROUTER, 405), ("/r/test", 200), ("/elsewhere", 404)):
            r = client.request("HEAD", path)
            assert r.status == status and not r.body, r

    def FastCGI_random_bytes():
        chance = random.Random(20260203)
        good = whole()
        for _ in range(60):
            data = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            with FastCgi(pool, bytes(data)) as f:
                f.socket.shutdown(socket.SHUT_WR)
                r = f.answer()
                if r is not None:
                    check_leaks(r)
            with FastCgi(pool, chance.randbytes(chance.randrange(1, 300))) as f:
                f.socket.shutdown(socket.SHUT_WR)
                assert f.answer() is None

    def FastCGI_one_request_after_the_other():
        with FastCgi(pool) as f:
            for body, expect in ((GOOD, cases.FINE), ("<", cases.MALFORMED), (GOOD, cases.FINE),
                                 ("", cases.MALFORMED), (GOOD, cases.FINE)):
                f.send(whole(body))
                check(f.answer(), *expect)

    def FastCGI_a_second_request_behind_the_first():
        """No web server sends a request before the last one's answer; its bytes may be lost, and no more."""
        for second in (whole(), whole(STORES, "5", action=INGEST)[:-8], b"rubbish" * 9, bytes(100)):
            with FastCgi(pool, whole() + second) as f:
                check(f.answer(), *cases.FINE)
                f.socket.shutdown(socket.SHUT_WR)
                r = f.answer()
                assert r is None or r.status == 200, r

    def FastCGI_lengths_that_end_a_worker():
        """libfcgi before 2.4.7 adds the lengths of a parameter as int, and asserts that it gets as much
        memory.  The other worker answers meanwhile, and a new one takes the place.  (The sanitizers'
        allocators report such a size as an error.)
        """
        def all_there():
            now = c.workers()
            return len(now) == WORKERS and all(map(alive, now)) and now

        for lie in [] if SANITIZERS else DEADLY_LIES:
            with FastCgi(pool, begin() + stream(PARAMS, head(INGEST, str(size)) + lie) + others_body) as f:
                assert f.answer() is None
            timed_calls(20, 0.5)
            workers[:] = wait_for("another worker", all_there)

    def FastCGI_100_connections_that_say_nothing():
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(FastCgi(pool))
            timed_calls(10, 0.5)

    def FastCGI_half_requests_hold_threads_for_a_time():
        """As many as there are threads: the next call waits no longer than request_timeout_s."""
        half = [begin()[:5], begin() + params[:40], begin() + params + fcgi(STDIN, ONE[:50])]
        with contextlib.ExitStack() as stack:
            stalled = [stack.enter_context(FastCgi(pool, half[i % 3])) for i in range(THREADS * WORKERS)]
            timed_calls(1, REQUEST_TIMEOUT_S + 1)
            for f in stalled:
                assert f.answer() is None
            timed_calls(10, 0.5)

    # -- slow clients ------------------------------------------------------------------------
    def timed_calls(count, seconds):
        other = Client(c.port, client.token)
        for _ in range(count):
            started = time.monotonic()
            assert other.post(GOOD, EXT).status == 200
            took = time.monotonic() - started
            assert took < seconds * PATIENCE, f"a call took {took:.2f} s"
        other.close()

    def half_requests(stack, count, data):
        sockets = []
        for _ in range(count):
            s = stack.enter_context(socket.create_connection(("127.0.0.1", c.port), 10 * PATIENCE))
            s.sendall(data)
            sockets.append(s)
        return sockets

    def a_body_that_trickles_delays_nobody():
        answers = []

        def trickle():
            data = post(GOOD, ACTION)
            with socket.create_connection(("127.0.0.1", c.port), 30 * PATIENCE) as s:
                step = len(data) // 30 + 1
                for i in range(0, len(data), step):
                    s.sendall(data[i:i + step])
                    time.sleep(0.05)
                received = b""
                while piece := s.recv(65536):
                    received += piece
                answers.extend(split_answers(received))
        threads = [threading.Thread(target=trickle) for _ in range(2 * THREADS * WORKERS)]
        for t in threads:
            t.start()
        timed_calls(20, 0.5)
        for t in threads:
            t.join()
        assert [r.status for r in answers] == [200] * len(threads), answers

    def half_requests_hold_no_thread():
        with contextlib.ExitStack() as stack:
            for data in (b"POST", HEAD.encode()[:60], post(STORES, f"SOAPAction: {INGEST}")[:-40]):
                half_requests(stack, 2 * THREADS * WORKERS, data)
            timed_calls(20, 0.5)

    def an_answer_nobody_reads_delays_nobody():
        wsdl = request("GET /nl/jsp/schemawsdl.jsp?schema=xtk:session HTTP/1.1").replace(
            "Connection: close\r\n", "").encode()
        with contextlib.ExitStack() as stack:
            half_requests(stack, 2 * THREADS * WORKERS, wsdl * 100)
            timed_calls(20, 1)

    def clients_that_leave_get_nothing_staged():
        """Before the last byte of their request is there."""
        data = post(STORES, f"SOAPAction: {INGEST}")
        for end in range(0, len(data), len(data) // 40):
            with socket.create_connection(("127.0.0.1", c.port)) as s:
                s.sendall(data[:end])

    # -- afterwards --------------------------------------------------------------------------
    def nothing_came_late():
        time.sleep(1)

    def a_good_call_is_staged():
        r = client.ingest(cases.GOOD)
        assert r.status == 200 and r.element("pstrSUuids"), r
        assert c.pending() == int(before[0]) + 1
        before[0] = str(int(before[0]) + 1)

    def R2_8_the_log_is_whole():
        """One line each, and no secret in it."""
        log = c.pool_log()
        for line in log.splitlines():
            if re.match(r"campaign-ingestd: fcgiapp\.c:\d+: Malloc: Assertion ", line):
                continue  # FastCGI_lengths_that_end_a_worker
            assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z campaign-ingestd\[\d+\]: [a-z]+: ",
                            line), line
        for secret in [*secrets, "pw other"]:
            assert secret not in log, f"{secret} is in the log"

    steps = [message(case) for case in cases.MESSAGES]
    steps += [harmless(n, text) for n, text in enumerate(cases.HARMLESS)]
    steps += HTTP + FCGI
    steps += [step(f.__name__, f) for f in (
        R7_3_the_logs_own_columns, R1_the_method_HEAD, FastCGI_random_bytes,
        FastCGI_one_request_after_the_other, FastCGI_a_second_request_behind_the_first,
        FastCGI_lengths_that_end_a_worker, FastCGI_100_connections_that_say_nothing,
        FastCGI_half_requests_hold_threads_for_a_time,
        a_body_that_trickles_delays_nobody, half_requests_hold_no_thread,
        an_answer_nobody_reads_delays_nobody, clients_that_leave_get_nothing_staged, nothing_came_late,
        all_of_it_reaches_the_cloud, a_good_call_is_staged, R2_8_the_log_is_whole)]
    assert len(dict(steps)) == len(steps) >= 200, "two cases of one name"
    sys.exit(main(steps))
