#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every OnCalendar= of the units and of the documentation keeps its interval in the night in which the clock
is put back and an hour comes twice, and in the night in which one is left out."""
import datetime
import os
import re
import subprocess
import sys

from campaign import SOURCE, main, need

HOUR = datetime.timedelta(hours=1)
ZONE = "Europe/Stockholm"


def expressions():
    """(file, line number, expression); "OnCalendar=" alone only forgets what was set before."""
    for folder in ("systemd", "docs"):
        for path in sorted((SOURCE / folder).rglob("*")):
            if not path.is_file():
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for found in re.findall(r"OnCalendar=([^`\"']+)", line):
                    yield path.relative_to(SOURCE), number, found.strip()


def runs(expression, begin, end):
    """When systemd would start the unit after BEGIN, up to the first time after END; all of them in UTC."""
    count = 16
    while True:
        p = subprocess.run(["systemd-analyze", "calendar", f"--base-time={begin:%Y-%m-%d %H:%M:%S} UTC",
                            f"--iterations={count}", expression], capture_output=True, text=True,
                           env={**os.environ, "TZ": ZONE, "LC_ALL": "C"})
        assert p.returncode == 0 and not p.stderr.strip(), (expression, p.stderr)
        # With a time zone of its own the first line of each pair is local, the second is in UTC.
        times = [datetime.datetime.strptime(t, "%Y-%m-%d %H:%M:%S")
                 for t in re.findall(r"\(in UTC\): \w+ (\S+ \S+) UTC", p.stdout)]
        if times[-1] > end:
            return times
        count *= 2


def longest_gap(expression, begin):
    times = runs(expression, begin, begin + 8 * HOUR)
    return max(b - a for a, b in zip(times, times[1:]))


def OnCalendar_keeps_its_interval():
    need("systemd-analyze")
    found = list(expressions())
    assert len(found) >= 2, found
    for path, number, expression in found:
        ordinary = longest_gap(expression, datetime.datetime(2026, 10, 20, 20, 0, 0))
        for night in (datetime.datetime(2026, 10, 24, 20, 0, 0), datetime.datetime(2027, 3, 27, 20, 0, 0)):
            gap = longest_gap(expression, night)
            assert gap <= ordinary, (f"{path}:{number}: OnCalendar={expression} waits {gap} instead of {ordinary}"
                                     f" after {night} UTC in {ZONE}")
        print(f"     {path}:{number}: {expression}: {ordinary}")


sys.exit(main([("OnCalendar_keeps_its_interval", OnCalendar_keeps_its_interval)]))
