#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A C program on top of a stub that gSOAP generates from our WSDL (docs/protocol.md 11):
wsdl2h and soapcpp2 read the documents that the server gives out, gsoap_stub/client.c is compiled
against the result, and what it sent is looked up in staging."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from campaign import SOURCE, Instance, Skip, main, need

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
HERE = SOURCE / "tests/clients/gsoap_stub"


def steps(c, folder):
    base = f"http://127.0.0.1:{c.port}"
    said = {}

    def tool(*command):
        p = subprocess.run(command, cwd=folder, text=True, capture_output=True)
        assert p.returncode == 0, f"{command[0]}: {p.stdout}{p.stderr}"
        complaints = [line for line in (p.stdout + p.stderr).splitlines() if "arning" in line]
        assert not complaints, "\n".join(complaints)
        return p.stdout

    def R11_the_wsdl_is_read_without_a_warning():
        for schema in ("xtk:session", "nms:subscription"):
            r = c.client().request("GET", f"/nl/jsp/schemawsdl.jsp?schema={schema}")
            assert r.status == 200, r
            (folder / (schema.partition(":")[2] + ".wsdl")).write_bytes(r.body)
        tool("wsdl2h", "-c", "-t", str(HERE / "prefixes.dat"), "-o", "api.h", "session.wsdl", "subscription.wsdl")
        tool("soapcpp2", "-c", "-C", "-L", "-x", "-I/usr/share/gsoap/import", "api.h")

    def the_program_compiles():
        tool(os.environ.get("CC", "gcc"), "-I.", "-o", "client", str(HERE / "client.c"),
             "soapC.c", "soapClient.c", "-lgsoap")

    def the_program_runs():
        for line in tool("./client", base, c.LOGIN, c.PASSWORD).splitlines():
            name, _, value = line.partition("\t")
            said[name] = value

    def R4_12_wrong_password():
        assert said["wrong password"] == "403", said

    def R4_7_logon():
        assert re.fullmatch("___" + UUID, said["token"]), said
        r = c.client(token=said["token"]).call("xtk:session", "TestCnx")
        assert said["logoff"] == "done" and r.status == 403, r

    def R7_12_a_row_is_staged():
        assert re.fullmatch(UUID, said["ingest"]), said
        rows = c.staging(f"SELECT testcol1, location_city FROM dem_sampleTableStg WHERE id = '{said['ingest']}'")
        assert rows == [["from gSOAP", "Malm\u00f6"]], rows
        assert c.staging("SELECT amount FROM dem_sampleTableStg WHERE id = 'GSOAP-1'") == [["9.95"]]

    def R3_18_a_fault_has_string_and_detail():
        assert said["faultcode"] == "SOAP-ENV:Server", said
        assert said["faultstring"].startswith("SOP-330011 "), said
        assert "CIN-100202 " in said["detail"], said

    def R9_4_a_subscription_is_staged():
        assert c.staging("SELECT email FROM nms_recipientStg") == [["gsoap@example.test"]]
        assert c.pending("nms_subscription") == 1

    c.admin("service", "add", "NEWS", "--label", "Newsletter")
    return [(name, step) for name, step in locals().items() if callable(step) and name != "tool"]


try:
    need("wsdl2h", "soapcpp2", "gcc")
    with Instance() as instance, tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(steps(instance, pathlib.Path(temporary))))
except Skip as e:
    print(e)
    sys.exit(77)
