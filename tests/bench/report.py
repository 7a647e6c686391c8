# SPDX-License-Identifier: MIT
"""What a run says: lines of the table, bars, and the JSON file."""
import dataclasses
import json
import os
import pathlib
import platform
import subprocess
import time

from campaign import program

import peers

CPU = ("nginx", "server", "mariadbd", "load", "rest")
HEAD = (f"{'':42} {'per s':>7} {'±':>4} {'ratio':>5} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7}   "
        + "  ".join(CPU))


@dataclasses.dataclass
class Bar:
    name: str
    wanted: float
    seen: float
    at_least: bool = True
    unit: str = ""

    @property
    def met(self):
        return self.seen >= self.wanted if self.at_least else self.seen <= self.wanted

    def line(self):
        sign = "at least" if self.at_least else "at most"
        return (f"{self.name:66} {sign:>8} {self.wanted:6.2f}{self.unit:2}"
                f" seen {self.seen:7.2f}{self.unit:2} {'met' if self.met else 'MISSED'}")


class Report:
    """Collects lines and bars as they are known and prints them at once."""

    def __init__(self):
        self.rows, self.bars = [], []

    def head(self, title):
        print(f"\n{title}\n{HEAD}", flush=True)
        self.title = title

    def row(self, name, s, ratio=None):
        shown = "" if ratio is None else f"{ratio:.2f}"
        cores = "  ".join(f"{s.cpu[n]:{len(n)}.2f}" if n in s.cpu else " " * len(n) for n in CPU)
        print(f"{name:42} {s.rate:7.0f} {s.spread:4.0%} {shown:>5}"
              f" {s.p50:7.2f} {s.p99:7.2f} {s.max:7.1f}   {cores}", flush=True)
        self.rows.append({"section": self.title, "name": name, "ratio": ratio, **vars(s)})

    def note(self, text):
        print(f"  {text}", flush=True)
        self.rows.append({"section": self.title, "note": text})

    def bar(self, *args, **kw):
        self.bars.append(Bar(*args, **kw))


def first_line(*command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return (p.stdout.splitlines() or [""])[0]


def file_system(folder):
    return first_line("stat", "--file-system", "--format=%T", str(folder))


def machine(folder):
    """What the figures depend on besides the program."""
    cpu = [line.partition(": ")[2] for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
           if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"processors": peers.processors(), "model": cpu[0] if cpu else platform.machine(),
            "memory_gib": round(memory / 2**30, 1), "kernel": platform.release(),
            "data_on": file_system(folder), "mariadb": first_line(program("mariadbd"), "--version"),
            "nginx": first_line(program("nginx"), "-v"), "php": first_line(peers.php_fpm(), "-v") if peers.php_fpm() else "",
            "wrk": first_line(program("wrk"), "-v")}


def write_json(path, bench, report, about, options):
    path.write_text(json.dumps({
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "seconds": round(bench.elapsed(), 1),
        "machine": about, "options": options, "pace": dataclasses.asdict(bench.pace), "table": report.rows,
        "bars": [{**dataclasses.asdict(b), "met": b.met} for b in report.bars],
        "problems": bench.problems, "windows": bench.windows}, indent=1, default=str) + "\n")
