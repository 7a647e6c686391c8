#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The JavaScript client library (@adobe/acc-js-sdk, from npm) does what programs do with it:
logon, ingest, ingestExt, subscribe, unsubscribe, schemas, test, ping, faults, a session that
ended meanwhile, logoff (docs/protocol.md 14).  What it sent is then looked up in staging.

The library is installed into the build folder, pinned by package-lock.json.  Without npm's
registry the test is skipped, unless the library is there from an earlier run."""
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys

from campaign import BUILD, PATIENCE, SOURCE, Instance, Skip, main, need, wait_for

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
HERE = SOURCE / "tests/clients/acc_js_sdk"
AWAY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH",
        "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT")


def install():
    """The library in a folder of the build, by npm; once per package-lock.json."""
    need("node", "npm")
    folder = BUILD / "tests-acc-js-sdk"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / "package-lock.json").read_text()
        done = folder / "installed"
        if not done.exists() or done.read_text() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder)
            p = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts",
                                "--fetch-retries=1", "--fetch-retry-mintimeout=1000"],
                               cwd=folder, text=True, capture_output=True)
            if p.returncode and any(word in p.stderr for word in AWAY):
                raise Skip("npm's registry cannot be reached, and acc-js-sdk is not installed")
            assert p.returncode == 0, p.stdout + p.stderr
            done.write_text(wanted)
    return folder


class Refused(AssertionError):
    """The client threw; the members are those of its CampaignException."""

    def __init__(self, error):
        super().__init__(error)
        self.__dict__.update(error)


class Js:
    """commands.js in a process of its own; js("ingest", {...}) is a call."""

    def __init__(self, folder, port):
        self.process = subprocess.Popen(
            ["node", str(HERE / "commands.js"), f"http://127.0.0.1:{port}"],
            env={**os.environ, "NODE_PATH": str(folder / "node_modules")},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"node ended at {command}"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def refused(self, *command):
        try:
            result = self(*command)
        except Refused as e:
            return e
        raise AssertionError(f"{command} was not refused: {result}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(20 * PATIENCE)


def steps(c, js):
    def the_pinned_version():
        assert js("version") == "1.2.0"

    def R4_12_wrong_password():
        e = js.refused("logon", c.LOGIN, "wrong")
        assert e.statusCode == 403 and e.detail.startswith("XSV-350012 "), vars(e)

    def R4_7_logon():
        info = js("logon", c.LOGIN, c.PASSWORD)
        assert info["userInfo"]["login"] == c.LOGIN, info
        a = js("application")
        assert (a["login"], a["build"], a["version"]) == (c.LOGIN, "100", "1.0.0"), a
        assert a["instance"] == "ingest1" and a["rights"] == ["admin"], a
        assert sorted(a["packages"]) == ["nms:core", "xtk:core"], a

    def R7_12_ingest_returns_the_uuid():
        uuid = js("ingest", {"xtkschema": "dem:sampleTableStg", "testcol1": "from JavaScript",
                             "amount": 12.5, "active": True, "location": {"city": "Malm\u00f6"}})
        assert re.fullmatch(UUID, uuid), uuid
        rows = c.staging("SELECT testcol1, amount, active, location_city, _operation, _operator"
                         f" FROM dem_sampleTableStg WHERE id = '{uuid}'")
        assert rows == [["from JavaScript", "12.5", "1", "Malm\u00f6", "insert", c.LOGIN]], rows

    def R7_12_keyed_ingest_returns_the_empty_string():
        assert js("ingest", {"xtkschema": "dem:sampleTableStg", "_key": "@id", "id": "JS-1",
                             "testcol1": "a < b & \"c\""}) == ""
        assert c.staging("SELECT testcol1 FROM dem_sampleTableStg WHERE id = 'JS-1'") == [["a < b & \"c\""]]

    def R8_3_ingest_ext_returns_null():
        assert js("ingestExt", {"xtkschema": "dem:sampleTableStg", "_key": "@id", "id": "JS-1",
                                "testcol2": "more"}) is None
        rows = c.staging("SELECT testcol1, testcol2, _changes FROM dem_sampleTableStg WHERE id = 'JS-1'")
        assert rows == [["a < b & \"c\"", "more", "2"]], rows

    def R6_2_a_field_is_cleared_by_an_empty_string_and_null_is_left_out():
        js("ingestExt", {"xtkschema": "dem:sampleTableStg", "_key": "@id", "id": "JS-1",
                         "testcol1": "", "testcol2": None})
        rows = c.staging("SELECT testcol1, testcol2 FROM dem_sampleTableStg WHERE id = 'JS-1'")
        assert rows == [[None, "more"]], rows

    def R8_6_delete():
        js("ingestExt", {"xtkschema": "dem:sampleTableStg", "_operation": "delete", "_key": "@id", "id": "JS-1"})
        assert c.staging("SELECT _operation FROM dem_sampleTableStg WHERE id = 'JS-1'") == [["delete"]]

    def R7_8_a_collection_and_a_memo():
        uuids = js("ingestXml", '<sampleTableStg-collection xtkschema="dem:sampleTableStg">'
                   '<sampleTableStg testcol1="x1"><comment><![CDATA[fragile <3]]></comment></sampleTableStg>'
                   '<sampleTableStg testcol1="x2"/></sampleTableStg-collection>')
        assert re.fullmatch(f"{UUID},{UUID}", uuids), uuids
        assert c.staging("SELECT comment FROM dem_sampleTableStg WHERE testcol1 = 'x1'") == [["fragile <3"]]

    def R3_18_a_fault_arrives_with_code_and_detail():
        e = js.refused("ingest", {"xtkschema": "dem:sampleTableStg", "testcol1": "x" * 256})
        assert e.errorCode == "SOP-330011" and e.faultCode == "SOAP-ENV:Server", vars(e)
        assert e.detail.startswith("CIN-100205 ") and "XSV-350023" in e.detail, vars(e)
        assert "'Ingest' of service 'xtk:persist|xtk:session'" in e.faultString, vars(e)

    def R7_1_an_unknown_schema():
        e = js.refused("ingest", {"xtkschema": "cus:nothing", "a": "1"})
        assert e.errorCode == "SOP-330011" and "XFR-180000" in e.detail, vars(e)

    def section_15_the_cache_refresher_is_told_to_stop():
        assert js("refreshCaches") == ["CACHE_REFRESHER//abort", "SOP-330006"]

    def section_5_5_schema_of_recipients():
        s = js("getSchema", "nms:recipient")
        assert (s["namespace"], s["name"], s["xtkschema"]) == ("nms", "recipient", "xtk:schema"), s
        assert re.fullmatch("[0-9A-F]{32}", s["md5"]), s
        keys = js("readSchema", "nms:recipient")["keys"]
        keys = [k for k in (keys.values() if isinstance(keys, dict) else keys)]
        assert keys[0]["internal"] and [k["name"] for k in keys] == ["id", "email"], keys

    def R5_15_staging_schema():
        s = js("getSchema", "dem:sampleTableStg")
        assert s["name"] == "sampleTableStg" and s["element"]["name"] == "sampleTableStg", s
        names = [a["name"] for a in s["element"]["attribute"]]
        assert "testcol1" in names and not [n for n in names if n.startswith("_")], names
        fields = {f["name"]: f["type"] for f in js("readSchema", "dem:sampleTableStg")["fields"]}
        assert fields["@testcol1"] == "string" and fields["@colour"] == "byte", fields

    def a_schema_that_does_not_exist_is_null():
        assert js("getSchema", "cus:nothing") is None

    def R9_4_subscribe_returns_null():
        c.admin("service", "add", "NEWS", "--label", "Newsletter")
        assert js("subscribe", "NEWS", {"_key": "@email", "email": "ines.k@example.test",
                                        "firstName": "Ines"}, True) is None
        rows = c.staging("SELECT email, firstName, _operation FROM nms_recipientStg")
        assert rows == [["ines.k@example.test", "Ines", "insertOrUpdate"]], rows
        assert c.pending("nms_subscription") == 1

    def R9_1_an_unknown_service():
        e = js.refused("subscribe", "NO-SUCH", {"_key": "@email", "email": "a@example.test"}, True)
        assert e.errorCode == "SOP-330011" and "CIN-100401" in e.detail, vars(e)
        assert c.pending("nms_subscription") == 1

    def R9_6_unsubscribe_returns_null():
        assert js("unsubscribe", "NEWS", {"_key": "@email", "email": "ines.k@example.test"}) is None
        assert c.pending("nms_subscription") == 2

    def R10_1_start_replicate_staging_data():
        assert js("replicate", "dem:sampleTable") is None
        e = js.refused("replicate", "cus:nothing")
        assert e.errorCode == "SOP-330011" and "XFR-180000" in e.detail, vars(e)

    def section_4_3_other_session_methods():
        assert js("testCnx") is None
        assert js("getUserInfo")["login"] == c.LOGIN
        assert re.match(r"\d{4}-\d\d-\d\dT", js("getServerTime"))
        assert js("getOption", "XtkDatabaseId").startswith("u")

    def section_12_test_and_ping():
        status = js("test")
        assert status["status"] == "OK" and status["build"] == "100", status
        status = js("ping")
        assert status["status"] == "OK" and status["timestamp"].endswith("Z"), status

    def R4_3_logoff():
        token = js("sessionToken")
        js("logoff")
        assert js("isLogged") is False
        r = c.client(token=token).call("xtk:session", "TestCnx")
        assert r.status == 403 and r.text.startswith("XSV-350008"), r

    def R4_6_a_session_that_expired_is_renewed_by_the_client():
        c.settings["session"] = {"session_timeout_s": 2, "security_timeout_s": 2}
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("sessions are short", lambda: 'sessionTimeOut="2"' in c.client().logon(c.LOGIN, c.PASSWORD).text)
        before = js("logons")
        js("logonRefreshing", c.LOGIN, c.PASSWORD)
        other = c.client(token=js("sessionToken"))
        assert js("ingest", {"xtkschema": "dem:sampleTableStg", "testcol1": "early"})
        wait_for("the session has expired", lambda: other.call("xtk:session", "TestCnx").status == 403)
        uuid = js("ingest", {"xtkschema": "dem:sampleTableStg", "testcol1": "late"})
        assert re.fullmatch(UUID, uuid) and js("logons") == before + 2, (uuid, js("logons"))
        assert c.staging("SELECT COUNT(*) FROM dem_sampleTableStg_log WHERE testcol1 = 'late'") == [["1"]]

    def R4_6_without_a_refresher_the_client_reports_the_end():
        js("logon", c.LOGIN, c.PASSWORD)
        other = c.client(token=js("sessionToken"))
        wait_for("the session has expired", lambda: other.call("xtk:session", "TestCnx").status == 403)
        e = js.refused("ingest", {"xtkschema": "dem:sampleTableStg", "testcol1": "never"})
        assert e.statusCode == 401 and e.errorCode == "SDK-000012", vars(e)

    def section_4_2_bearer_token_logon():
        token = c.admin("operator", "token", c.LOGIN).stdout.split()[-1]
        assert js("logonBearer", token)["userInfo"]["login"] == c.LOGIN
        assert re.fullmatch(UUID, js("ingest", {"xtkschema": "dem:sampleTableStg", "testcol1": "bearer"}))

    return [(name, step) for name, step in locals().items() if name not in ("c", "js")]


def run():
    try:
        folder = install()
    except Skip as e:
        print(f"skip: {e}")
        return 77
    with Instance() as c:
        js = Js(folder, c.port)
        try:
            return main(steps(c, js))
        finally:
            js.close()


sys.exit(run())
