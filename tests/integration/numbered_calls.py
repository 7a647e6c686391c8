# SPDX-License-Identifier: MIT
"""Heavy load of which every call's outcome is known (numbered_calls.c does the work).

    with Calls(c, token, connections=64) as calls:
        calls.wait_for_acknowledged()
        ...
    calls.outcomes[number]

Calls are sent in turn by three ways: an Ingest whose id the client makes, an Ingest whose id the server
makes, an IngestExt that is keyed. Each carries its number, nine digits, in testcol1 (and in its id).
"""
import collections
import subprocess
import threading
import time

from campaign import BUILD, SOAP, wait_for

MARK = "#" * 9
ACKNOWLEDGED, FAULTED, UNKNOWN, OTHER, HUNG, UNDER_WAY = b"afuoh."
WAYS = (  # method, attributes
    ("Ingest", f'id="i{MARK}" testcol1="{MARK}"'),
    ("Ingest", f'testcol1="{MARK}"'),
    ("IngestExt", f'_key="@id" id="k{MARK}" testcol1="{MARK}"'),
)

Line = collections.namedtuple("Line", "at sent acknowledged faulted unknown other hung longest_ms oldest_ms")


def request(method, attributes, token):
    body = (f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:urn="urn:xtk:session"><soapenv:Body><urn:{method}>'
            f'<urn:sessiontoken>{token}</urn:sessiontoken><urn:domDoc>'
            f'<sampleTableStg xtkschema="dem:sampleTableStg" {attributes}/>'
            f'</urn:domDoc></urn:{method}></soapenv:Body></soapenv:Envelope>')
    return ("POST /nl/jsp/soaprouter.jsp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\n"
            f"SOAPAction: xtk:session#{method}\r\nContent-Length: {len(body)}\r\n\r\n{body}")


class Calls:
    def __init__(self, c, token, connections=64):
        self.path = c.folder / "outcomes"
        files = []
        for i, (method, attributes) in enumerate(WAYS):
            files.append(c.folder / f"request{i}")
            files[-1].write_text(request(method, attributes, token), newline="")
        self.command = [str(BUILD / "tests/integration/numbered_calls"), str(c.port), str(connections),
                        str(self.path), *map(str, files)]
        self.lines = []  # one every 100 ms

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        wait_for("the load begins", lambda: self.lines)
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(Line(*map(float, line.split())))

    def __exit__(self, *_):
        """Returns when the last call has ended."""
        self.process.stdin.close()
        self.reader.join()
        self.said = self.process.stderr.read()
        assert self.process.wait() == 0, self.said
        self.outcomes = self.path.read_bytes()

    @property
    def last(self):
        assert self.process.poll() is None, self.process.stderr.read()
        return self.lines[-1]

    def wait_for_acknowledged(self, count=500, seconds=20):
        """COUNT more than now; returns when the first of them came, in seconds from now (a tenth exactly)."""
        began, at = len(self.lines), time.monotonic()
        before = self.last
        wait_for(f"{count} more calls are acknowledged",
                 lambda: self.last.acknowledged >= before.acknowledged + count, seconds)
        return next(x.at for x in self.lines[began - 1:] if x.acknowledged > before.acknowledged) - at

    def since(self, at):
        return [x for x in self.lines if x.at >= at]

    def longest_ms(self, at=0):
        return max((max(x.longest_ms, x.oldest_ms) for x in self.since(at)), default=0)


def stored_numbers(db, database, table):
    """Of the calls whose records are in TABLE, each as often as it is there."""
    with subprocess.Popen(db.client(database) + ["--batch", "--skip-column-names", "--quick", "-e",
                                                 f"SELECT testcol1 FROM {table}"],
                          stdout=subprocess.PIPE, text=True) as p:
        yield from map(int, p.stdout)
    assert p.returncode == 0, "the table cannot be read"


def compare(outcomes, rows):
    """Holds OUTCOMES against ROWS, the numbers that were stored. Returns what is wrong, {what: (how many,
    the first)}, and how many of each outcome were stored, by its letter."""
    times = bytearray(len(outcomes))
    for number in rows:
        times[number] += times[number] < 255
    wrong, stored = {}, collections.Counter()
    for number, outcome in enumerate(outcomes):
        n = times[number]
        stored[chr(outcome)] += n > 0
        what = ("stored twice" if n > 1 else
                "acknowledged and lost" if outcome == ACKNOWLEDGED and n == 0 else
                "faulted and stored" if outcome == FAULTED and n else None)
        if what:
            count, first = wrong.get(what, (0, number))
            wrong[what] = count + 1, first
    return wrong, stored
