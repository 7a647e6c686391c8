#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The two test programs that drive a layer directly against a real server: the writer under load
with broken connections and a poisoned record, and session checks in two workers at once."""
import os
import pathlib
import subprocess
import sys
import tempfile

from campaign import BUILD, SOURCE, Database, main

folder = tempfile.TemporaryDirectory(prefix="campaign-test-")
db = Database(folder.name)
db.create()
db.start()


def runs(name):
    def run():
        db.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        options = pathlib.Path(folder.name) / f"{name}.cnf"
        options.write_text(f"[campaign-staging]\nsocket={db.socket}\ndatabase={name}\n")
        p = subprocess.run([str(BUILD / "tests/integration" / name), str(options)], capture_output=True, text=True,
                           env={**os.environ, "CAMPAIGN_SOURCE": str(SOURCE)})
        assert p.returncode == 0, p.stdout[-3000:] + p.stderr[-3000:]
    return (name, run)


try:
    status = main([runs("writer_commits_what_it_acknowledges"), runs("sessions_end_everywhere")])
finally:
    db.stop()
    folder.cleanup()
sys.exit(status)
