#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""nginx -t accepts both site files as they are shipped, and with what is commented out in them (a throw-away
certificate stands in for the administrator's)."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from campaign import SOURCE, main, need, program


def accepted(site, uncommented=False):
    def run():
        need("nginx", "openssl")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for name in ("campaign-ingest.locations", "campaign-ingest.fastcgi"):
                shutil.copy(SOURCE / "nginx" / name, folder)
            text = (SOURCE / "nginx" / site).read_text()
            if "/etc/ssl/campaign-ingest" in text:
                subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test",
                                "-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")],
                               check=True, capture_output=True)
                text = text.replace("/etc/ssl/campaign-ingest", str(folder))
            if uncommented:
                text, n = re.subn(r"(?m)^( *)#(\w.*;)$", r"\1\2", text)
                assert n == 3, f"{n} lines are commented out"
            (folder / "site.conf").write_text(text)
            (folder / "nginx.conf").write_text(
                f"pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{ include site.conf; }}\n")
            p = subprocess.run([program("nginx"), "-t", "-p", str(folder), "-c", str(folder / "nginx.conf")],
                               capture_output=True, text=True)
            assert p.returncode == 0 and "warn" not in p.stderr, p.stderr
    return (f"nginx -t: {site}{' with limit_req' if uncommented else ''}", run)


sys.exit(main([accepted(site, uncommented) for site in ("campaign-ingest.conf", "campaign-ingest-tls.conf")
               for uncommented in (False, True)]))
