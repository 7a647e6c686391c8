#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.9: whatever the server's settings are, a session has what its statements rely on. The main job, the tests of
replication and a short round of chaos run at servers where every variable that the program sets, and many that it
leaves alone, has its worst value, globally and again by init_connect."""
import os
import re
import subprocess
import sys

import worst_server
from campaign import SOURCE, main

SERIAL = "keeps the whole machine busy"

TESTS = ["integration/main_job.py", "integration/replication_keeps_its_promises.py",
         "integration/reference_tables_are_copied.py", "integration/subscriptions_replicate.py",
         "integration/every_type_arrives.py"]
CHAOS = ["chaos/whatever_dies_the_cloud_is_exact.py", "--seconds", "15", "--seed", "9"]

TABLE = re.compile(r'^\s+\{"(\w+)", [A-Z_]+,', re.M)
ENVIRONMENT = {**os.environ, "CAMPAIGN_TEST_SERVER": "worst"}


def names_of_the_program():
    return TABLE.findall((SOURCE / "src/db/session_variables.c").read_text())


def run(test):
    p = subprocess.run([sys.executable, str(SOURCE / "tests" / test[0]), *test[1:]], env=ENVIRONMENT,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print("".join(f"     {line}\n" for line in p.stdout.splitlines()), end="", flush=True)
    assert p.returncode == 0, f"{test[0]}: exit {p.returncode}"


def R10_9_every_variable_has_a_worst_value():
    names = names_of_the_program()
    assert len(names) > 40 and len(set(names)) == len(names), names
    assert sorted(names) == sorted(worst_server.SET), set(names) ^ set(worst_server.SET)


SEEN = """
import subprocess, tempfile
import worst_server
from campaign import Database, program
with tempfile.TemporaryDirectory() as folder:
    db = Database(folder)
    db.create()
    db.start()
    try:
        db.sql("CREATE USER app@localhost IDENTIFIED BY 'app'")
        # Each question for itself: an answer has one row there.
        for name, values in worst_server.SET.items():
            if values is not None and len(values) == 2:
                subprocess.run([program("mariadb"), "--no-defaults", "-S", db.socket, "-uapp", "-papp", "-NBe",
                                f"SELECT '{name}', @@{name}"], check=True)
    finally:
        db.stop()
"""


def R10_9_the_worst_is_there():
    """What a session of an account without SUPER sees, unless it does something about it."""
    p = subprocess.run([sys.executable, "-c", SEEN], stdout=subprocess.PIPE, text=True,
                       env={**ENVIRONMENT, "PYTHONPATH": str(SOURCE / "tests/integration")})
    assert p.returncode == 0, p
    seen = dict(line.split("\t", 1) for line in p.stdout.splitlines() if "\t" in line)
    for name, values in worst_server.SET.items():
        if values is None or len(values) > 2:
            continue
        want, got = values[0].strip("'"), seen[name]
        as_shown = {"1": ("1", "ON"), "0": ("0", "OFF")}.get(want, (want,))
        assert got in as_shown or got.startswith(want) or set(want.split(",")) <= set(got.split(",")), (name, got, want)


def R10_9_main_job():
    run(TESTS[:1])


def R10_9_replication():
    for test in TESTS[1:]:
        run([test])


def R10_9_chaos():
    run(CHAOS)


if __name__ == "__main__":
    sys.exit(main([(name, step) for name, step in list(globals().items()) if name.startswith("R10_9")]))
