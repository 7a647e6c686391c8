# SPDX-License-Identifier: MIT
"""One window of load: what is sent, what came of it, and who used the processors meanwhile."""
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import time

from campaign import BUILD, SOAP, program

BENCH = pathlib.Path(__file__).resolve().parent
MARK = "#" * 9  # ingest.lua puts the number of the call there
TICK = os.sysconf("SC_CLK_TCK")


# -- what is sent --------------------------------------------------------------------------------
def request(method, document, token):
    """A whole HTTP request: the documentation's envelope around DOCUMENT."""
    body = (f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:urn="urn:xtk:session">\n'
            "<soapenv:Header/>\n<soapenv:Body>\n"
            f"    <urn:{method}>\n        <urn:sessiontoken>{token}</urn:sessiontoken>\n"
            f"        <urn:domDoc>\n{document}\n        </urn:domDoc>\n    </urn:{method}>\n"
            "</soapenv:Body>\n</soapenv:Envelope>\n")
    return ("POST /nl/jsp/soaprouter.jsp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: text/xml; charset=utf-8\r\n"
            f"SOAPAction: xtk:session#{method}\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def record(name="sampleTable", more=""):
    """The documentation's record, in a schema dem:NAME, with a value of its own per call."""
    return (f'            <{name}Stg{more}\n'
            f'                testcol1="Test Value {MARK} (from SOAP)"\n'
            f'                testcol2="Test Value 2 (from SOAP)"\n'
            f'                xtkschema="dem:{name}Stg">\n'
            f"            </{name}Stg>")


def collection(records):
    """RECORDS records in one document.  The first has a value of its own per call."""
    rows = "\n".join(f'<sampleTableStg testcol1="Test Value {number} (from SOAP)"'
                     ' testcol2="Test Value 2 (from SOAP)"/>'
                     for number in [MARK] + [f"{i:09d}" for i in range(1, records)])
    return f'<sampleTableStg-collection xtkschema="dem:sampleTableStg">\n{rows}\n</sampleTableStg-collection>'


# -- who used the processors ---------------------------------------------------------------------
def family(pid):
    """PID and its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_of(pids):
    """User and system seconds of processes so far; of those that have ended, nothing."""
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def cpu_of_machine():
    """All busy time of the machine."""
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(
        int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / TICK


def resident_kib(pids):
    """VmRSS of processes, added up."""
    return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
               for pid in pids)


class Meter:
    """Processor time by group of processes, as processors in use, between start and stop.  A group is a
    list of pids, or a function that tells the seconds used so far."""

    def __init__(self, groups):
        self.groups = {name: group if callable(group) else (lambda pids=group: cpu_of(pids))
                       for name, group in groups.items()}
        self.started = time.monotonic()
        self.before = {name: used() for name, used in self.groups.items()}
        self.machine = cpu_of_machine()

    def stop(self, load):
        """LOAD is what the load generator used, which has ended.  `rest` is everything that belongs
        to no group: the kernel's own threads, and whatever else runs on the machine."""
        seconds = time.monotonic() - self.started
        spent = {name: used() - self.before[name] for name, used in self.groups.items()}
        spent["load"] = load
        spent["rest"] = max(0.0, cpu_of_machine() - self.machine - sum(spent.values()))
        return {name: round(s / seconds, 3) for name, s in spent.items()}


# -- what came of it -----------------------------------------------------------------------------
@dataclasses.dataclass
class Window:
    """One measurement.  Units are calls, or rows of MariaDB alone; times are in milliseconds."""
    rate: float
    p50: float
    p99: float
    max: float
    count: int
    seconds: float
    errors: dict
    cpu: dict
    staged: int = None  # rows that are in the log afterwards


def wait4(process):
    """Waits for PROCESS, whose output was read; the processor time that it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def run_to_end(command):
    """What COMMAND has printed, and the processor time that it used."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as p:
        output = p.stdout.read()
        used = wait4(p)
    assert p.returncode == 0, f"{command[0]}: exit {p.returncode}: {output}"
    return output, used


def window(output, cpu, count, errors):
    said = json.loads(output.strip().splitlines()[-1])
    return Window(rate=said[count] / said["seconds"], p50=said["p50_us"] / 1000, p99=said["p99_us"] / 1000,
                  max=said["max_us"] / 1000, count=said[count], seconds=said["seconds"],
                  errors={e: said[e] for e in errors if said[e]}, cpu=cpu)


def wrk(port, files, clients, seconds, groups):
    """wrk with one thread, the same for whatever is measured.  It corrects its percentiles for calls
    that a slow answer kept it from making, so p99 is rather too high than too low."""
    meter = Meter(groups)
    output, used = run_to_end([program("wrk"), "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s",
                               "-s", str(BENCH / "ingest.lua"), f"http://127.0.0.1:{port}", "--",
                               *map(str, files)])
    return window(output, meter.stop(used), "calls", ("status", "connect", "read", "write", "timeout"))


def database_alone(option_file, table, threads, rows, seconds, groups):
    """MariaDB with nothing in front: ROWS rows per commit on each of THREADS connections."""
    meter = Meter(groups)
    output, used = run_to_end([str(BUILD / "tests/bench/database_alone"), str(option_file), table,
                               str(threads), str(rows), str(seconds)])
    return window(output, meter.stop(used), "rows", ())
