#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.5a, R10.6: the connection between the run and a database is cut, at any moment and above all at COMMIT:
before the server has seen it, and after the server has carried it out but before its answer. The run heals,
and each change has been applied exactly once. SEED may be given in the environment."""
import os
import random
import socket
import sys
import threading

from campaign import Instance, main
from two_servers import counted, keep_tally, stage, start_run

SEED = int(os.environ.get("CAMPAIGN_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
print(f"     seed {SEED}")
dice = random.Random(SEED)
COMMIT = b"\x03COMMIT"


class Line:
    """A socket that leads to a server's socket until it is told to cut."""

    def __init__(self, path, server):
        self.path, self.server = path, server
        self.cuts = 0
        self.lock = threading.Lock()
        self.rule = lambda sent, data: None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.server)
            lost = threading.Event()  # what comes after it is not passed on
            for a, b, sent in ((near, far, True), (far, near, False)):
                threading.Thread(target=self.carry, args=(a, b, sent, lost), daemon=True).start()

    def carry(self, a, b, sent, lost):
        """RULE sees each piece: "cut" cuts here; "answer" passes it on and cuts before the answer."""
        try:
            while data := a.recv(1 << 16):
                with self.lock:
                    word = "cut" if lost.is_set() else self.rule(sent, data)
                    self.cuts += word is not None and not lost.is_set()
                if word is not None:
                    lost.set()
                if word == "cut":
                    break
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def at_commits(word, every):
    """Every EVERYth COMMIT."""
    seen = [0]

    def rule(sent, data):
        seen[0] += sent and COMMIT in data
        return word if sent and COMMIT in data and seen[0] % every == 0 else None
    return rule


def at_random(least, most):
    """Somewhere in the stream, either way.  LEAST lets a batch through, so that there is progress."""
    left = [dice.randrange(least, most)]

    def rule(sent, data):
        left[0] -= len(data)
        if left[0] >= 0:
            return None
        left[0] = dice.randrange(least, most)
        return "cut"
    return rule


with Instance(conf={"sync": {"batch_rows": 500}}) as c:
    keep_tally(c)
    client = c.logon()
    lines = {name: Line(c.folder / f"{name}.sock", c.db.socket) for name in ("staging", "cloud")}
    # Only the run goes through them.
    parts = (c.folder / "db.cnf").read_text().partition("[campaign-cloud]")
    (c.folder / "lines.cnf").write_text(parts[0].replace(c.db.socket, str(lines["staging"].path)) + parts[1]
                                        + parts[2].replace(c.db.socket, str(lines["cloud"].path)))
    conf = c.folder / "lines.conf"
    conf.write_text(c.conf.read_text().replace("db.cnf", "lines.cnf"))
    total = 0

    def run_with(**rules):
        """A run whose lines follow RULES; returns how often they were cut."""
        global total
        stage(client, 10000, "c", f"{total}")
        total += 10000
        before = sum(x.cuts for x in lines.values())
        for name, x in lines.items():
            x.rule = rules.get(name, lambda sent, data: None)
        p = start_run(c, "--config", str(conf), "--schema", "dem:sampleTable")
        out, said = p.communicate(timeout=120)
        assert p.returncode == 0, (p.returncode, out, said[-3000:])
        assert c.pending() == 0 and counted(c) == (total, total), (c.pending(), counted(c), total)
        cuts = sum(x.cuts for x in lines.values()) - before
        print(f"     {cuts} cuts; {out.splitlines()[-1]}")
        assert cuts > 0, "the line was never cut"

    def before_the_cloud_sees_commit():
        run_with(cloud=at_commits("cut", 5))

    def before_the_answer_to_the_clouds_commit():
        run_with(cloud=at_commits("answer", 5))

    def before_staging_sees_commit():
        run_with(staging=at_commits("cut", 5))

    def before_the_answer_to_stagings_commit():
        run_with(staging=at_commits("answer", 5))

    def anywhere():
        for _ in range(3):
            run_with(cloud=at_random(100_000, 300_000), staging=at_random(200_000, 600_000))

    sys.exit(main([(f.__name__, f) for f in (
        before_the_cloud_sees_commit, before_the_answer_to_the_clouds_commit, before_staging_sees_commit,
        before_the_answer_to_stagings_commit, anywhere)]))
