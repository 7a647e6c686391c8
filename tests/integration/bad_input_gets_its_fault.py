#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every code of docs/protocol.md section 13 that these parts can raise: status, fault code, code,
and nothing staged.  Not here: CIN-100401, CIN-100402 (subscriptions), CIN-100020 (throughput), and
CIN-100900, an internal error that nothing from outside raises."""
import sys

from campaign import SOAP, Client, Instance, main

C, S = "SOAP-ENV:Client", "SOAP-ENV:Server"


def envelope(body, header="", ns=SOAP):
    return (f'<soapenv:Envelope xmlns:soapenv="{ns}" xmlns:urn="urn:xtk:session">{header}'
            f'<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>')


def ingest(document, method="Ingest"):
    return envelope(f"<urn:{method}><urn:sessiontoken>@TOKEN@</urn:sessiontoken>"
                    f"<urn:domDoc>{document}</urn:domDoc></urn:{method}>")


def record(attributes, content="", schema="dem:sampleTableStg"):
    return f'<sampleTableStg xtkschema="{schema}" {attributes}>{content}</sampleTableStg>'


ACTION = "xtk:session#Ingest"
EXT = "xtk:session#IngestExt"
GOOD = ingest(record('testcol1="a"'))

# name, action, body, headers, status, faultcode, code in faultstring or text line, code in detail
CASES = [
    # --- the message itself -----------------------------------------------------------------
    ("empty body", ACTION, "", {}, 500, C, "CIN-100001", None),
    ("not XML", ACTION, "hello", {}, 500, C, "CIN-100001", None),
    ("cut off", ACTION, GOOD[:-20], {}, 500, C, "CIN-100001", None),
    ("R2_2 not UTF-8", ACTION, GOOD.replace('"a"', '"\udce5"').encode("utf-8", "surrogateescape"), {}, 500, C,
     "CIN-100001", None),
    ("R2_2 unknown charset", ACTION, GOOD, {"Content-Type": "text/xml; charset=klingon"}, 500, C, "CIN-100001", None),
    ("2_3 document type", ACTION, "<!DOCTYPE x [<!ENTITY a 'b'>]>" + GOOD, {}, 500, C, "CIN-100002", None),
    ("2_3 external entity", ACTION, '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + GOOD, {}, 500, C, "CIN-100002", None),
    ("2_3 too deep", ACTION, ingest(record("", "<location>" * 80 + "</location>" * 80)), {}, 500, C, "CIN-100002", None),
    ("2_3 too many attributes", ACTION, ingest(record(" ".join(f'a{i}=""' for i in range(1100)))), {}, 500, C,
     "CIN-100002", None),
    ("2_3 50,000 attributes", ACTION, ingest(record(" ".join(f'a{i}=""' for i in range(50000)))), {}, 500, C,
     "CIN-100002", None),
    ("2_3 name too long", ACTION, ingest(record("a" * 1001 + '=""')), {}, 500, C, "CIN-100002", None),
    ("2_3 text too long", ACTION, ingest(record("", "<comment>" + "x" * 10_000_001 + "</comment>")), {}, 500, C,
     "CIN-100002", None),
    ("R3_1 SOAP 1.2", ACTION, envelope("<urn:Ingest/>", ns="http://www.w3.org/2003/05/soap-envelope"), {}, 500,
     "SOAP-ENV:VersionMismatch", "CIN-100003", None),
    ("R3_1 undeclared prefix", ACTION, "<e:Envelope><e:Body/></e:Envelope>", {}, 500, "SOAP-ENV:VersionMismatch",
     "CIN-100003", None),
    ("R3_2 mustUnderstand", ACTION, envelope("<urn:Ingest/>", '<soapenv:Header><x soapenv:mustUnderstand="1"/>'
                                             '</soapenv:Header>'), {}, 500, "SOAP-ENV:MustUnderstand", "CIN-100004", None),
    ("R3_3 no method element", ACTION, envelope(""), {}, 500, C, "CIN-100005", None),
    ("R3_3 two method elements", ACTION, envelope("<urn:Ingest/><urn:Ingest/>"), {}, 500, C, "CIN-100005", None),
    ("R3_3 no Body", ACTION, f'<e:Envelope xmlns:e="{SOAP}"/>', {}, 500, C, "CIN-100005", None),
    ("R3_3 no Envelope", ACTION, "<a/>", {}, 500, C, "CIN-100005", None),
    ("R2_6 malformed action", "Ingest", GOOD, {}, 500, C, "CIN-100006", None),
    ("R2_6 unknown service", "xtk:nowhere#Ingest", GOOD, {}, 500, C, "CIN-100006", None),
    ("R2_7 action and element differ", EXT, GOOD, {}, 500, C, "CIN-100007", None),
    ("R3_6 too few parameters", "xtk:session#Logon",
     envelope("<urn:Logon><urn:sessiontoken/><urn:strLogin>a</urn:strLogin></urn:Logon>"), {}, 500, C, "CIN-100008", None),
    ("R3_6 too many parameters", ACTION, ingest(record('testcol1="a"')).replace(
        "</urn:domDoc>", "</urn:domDoc><urn:more/><urn:andmore/>"), {}, 500, C, "SOP-330003", None),
    ("R3_9 no document", ACTION, ingest(""), {}, 500, C, "CIN-100009", None),
    ("R3_9 two documents", ACTION, ingest(record("") * 2), {}, 500, C, "CIN-100009", None),
    ("3_4 unknown method", "xtk:session#Write", GOOD.replace("urn:Ingest", "urn:Write"), {}, 500, C, "SOP-330006", None),
    ("3_4 GetModifiedEntities", "xtk:session#GetModifiedEntities",
     GOOD.replace("urn:Ingest", "urn:GetModifiedEntities"), {}, 500, C, "SOP-330006", None),
    ("R2_11 a request of the JavaScript client", "xtk:session#Write", GOOD.replace("urn:Ingest", "urn:Write"),
     {"ACC-SDK-Version": "@adobe/acc-js-sdk 1.2.0"}, 200, C, "SOP-330006", None),
    # --- running the method -------------------------------------------------------------------
    ("R7_1 no schema", ACTION, ingest('<a testcol1="a"/>'), {}, 500, S, "SOP-330011", "XFR-180000"),
    ("R7_1 unknown schema", ACTION, ingest(record("", schema="dem:nothingStg")), {}, 500, S, "SOP-330011", "XFR-180000"),
    ("R7_1 not staged", ACTION, ingest(record("", schema="nms:service")), {}, 500, S, "SOP-330011", "CIN-100201"),
    ("R7_5 unknown attribute", ACTION, ingest(record('nonsense="1"')), {}, 500, S, "SOP-330011", "CIN-100202"),
    ("R7_5 unknown element", ACTION, ingest(record("", "<nonsense/>")), {}, 500, S, "SOP-330011", "CIN-100202"),
    ("R7_6 unknown key path", ACTION, ingest(record('_key="@nonsense" testcol1="a"')), {}, 500, S, "SOP-330011", "CIN-100203"),
    ("R7_6 key without value", ACTION, ingest(record('_key="@id" testcol1="a"')), {}, 500, S, "SOP-330011", "CIN-100203"),
    ("R7_6 key empty", ACTION, ingest(record('_key="@id" id=""')), {}, 500, S, "SOP-330011", "CIN-100203"),
    ("R8_2 update without key", EXT, ingest(record('_operation="update" testcol1="a"'), "IngestExt"), {}, 500, S,
     "SOP-330011", "CIN-100203"),
    ("R8_2 delete without key", EXT, ingest(record('_operation="delete" testcol1="a"'), "IngestExt"), {}, 500, S,
     "SOP-330011", "CIN-100203"),
    ("6_2 not a number", ACTION, ingest(record('amount="twelve"')), {}, 500, S, "SOP-330011", "CIN-100204"),
    ("6_2 byte out of range", ACTION, ingest(record('colour="200"')), {}, 500, S, "SOP-330011", "CIN-100204"),
    ("6_2 too long", ACTION, ingest(record(f'testcol1="{"x" * 256}"')), {}, 500, S, "SOP-330011", "CIN-100205"),
    ("R5_8 key too long", ACTION, ingest(record(f'_key="@id" id="{"x" * 65}"')), {}, 500, S, "SOP-330011", "CIN-100205"),
    ("R7_8 too many records", ACTION, ingest('<sampleTableStg-collection xtkschema="dem:sampleTableStg">'
     + '<sampleTableStg testcol1="a"/>' * 101 + '</sampleTableStg-collection>'), {}, 500, S, "SOP-330011", "CIN-100206"),
    ("R7_10 Ingest does not delete", ACTION, ingest(record('_operation="delete" _key="@id" id="a"')), {}, 500, S,
     "SOP-330011", "CIN-100210"),
    ("R8_1 unknown operation", EXT, ingest(record('_operation="upsert" _key="@id" id="a"'), "IngestExt"), {}, 500, S,
     "SOP-330011", "CIN-100210"),
    ("R7_7 link target not found", ACTION, ingest('<recipientStg xtkschema="nms:recipientStg" email="a@example.test">'
     '<folder name="Nowhere" _operation="none"/></recipientStg>'), {}, 500, S, "SOP-330011", "CIN-100305"),
    ("R7_7 link that would write", ACTION, ingest('<recipientStg xtkschema="nms:recipientStg" email="a@example.test">'
     '<folder name="Nowhere"/></recipientStg>'), {}, 500, S, "SOP-330011", "CIN-100306"),
    # --- authentication -------------------------------------------------------------------------
    ("4_6 no token", ACTION, GOOD.replace("@TOKEN@", ""), {}, 403, None, "XSV-350008", None),
    ("4_6 unknown token", ACTION, GOOD.replace("@TOKEN@", "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114"), {}, 403, None,
     "XSV-350008", None),
    ("R4_4 wrong security token", ACTION, GOOD, {"X-Security-Token": "@" + "A" * 88}, 403, None, "XSV-350008", None),
    ("R4_4 cookie without security token", ACTION, GOOD.replace("@TOKEN@", ""), {"Cookie": "__sessiontoken=@TOKEN@"},
     403, None, "XSV-350008", None),
    ("4_6 unknown method without a session", "xtk:session#Write", envelope("<urn:Write/>"), {}, 403, None, "XSV-350008", None),
    ("R4_12 wrong password", "xtk:session#Logon", envelope(
        "<urn:Logon><urn:sessiontoken/><urn:l>feed1</urn:l><urn:p>wrong</urn:p><urn:e/></urn:Logon>"), {}, 403, None,
     "XSV-350012", None),
    ("R4_12 unknown login", "xtk:session#Logon", envelope(
        "<urn:Logon><urn:sessiontoken/><urn:l>nobody</urn:l><urn:p>wrong</urn:p><urn:e/></urn:Logon>"), {}, 403, None,
     "XSV-350012", None),
    ("R4_11 empty password", "xtk:session#Logon", envelope(
        "<urn:Logon><urn:sessiontoken/><urn:l>feed1</urn:l><urn:p/><urn:e/></urn:Logon>"), {}, 403, None,
     "XSV-350012", None),
    # --- HTTP -----------------------------------------------------------------------------------
    ("R2_1 wrong Content-Type", ACTION, GOOD, {"Content-Type": "application/json"}, 415, None, None, None),
    ("2_3 Content-Encoding", ACTION, GOOD, {"Content-Encoding": "gzip"}, 415, None, None, None),
]


def check(answer, status, faultcode, code, detail):
    assert answer.status == status, f"status {answer.status}, expected {status}: {answer}"
    if faultcode is None:
        assert answer.fault is None, answer
        if code:
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8", answer.headers
            assert answer.text.startswith(code + " "), answer
        return
    assert answer.fault is not None, answer
    assert answer.fault[0] == faultcode, answer.fault
    assert answer.fault[1].startswith(code + " "), answer.fault
    if detail:
        lines = (answer.fault[2] or "").splitlines()
        assert lines and lines[0].startswith(detail + " "), answer.fault
    if code != "XSV-350008":
        assert "XSV-350008" not in answer.text, answer  # 4.6: clients log on again when they see it


with Instance(conf={"soap": {"max_records": 100}}) as c:
    client = c.logon()
    c.add_operator("reader", "pw reader", "subscribe")
    c.add_operator("narrow", "pw narrow", "ingest=nms:recipient")

    def pending():
        return c.pending() + c.pending("nms_recipient")

    def case(name, action, body, headers, *expected):
        def run():
            before = pending()
            def fill(text):
                if isinstance(text, bytes):
                    return text.replace(b"@TOKEN@", client.token.encode())
                return text.replace("@TOKEN@", client.token)
            r = client.post(fill(body), action, {k: fill(v) for k, v in headers.items()})
            check(r, *expected)
            assert pending() == before, "something was staged"
        return (name, run)

    def right(login, password):
        def run():
            other = c.logon(login, password)
            before = pending()
            r = other.ingest(record('testcol1="a"'))
            check(r, 500, S, "SOP-330011", "CIN-100103")
            assert "Access denied" in r.fault[2], r
            assert pending() == before
        return run

    def not_post():
        r = client.request("GET", "/nl/jsp/soaprouter.jsp")
        assert r.status == 405 and r.headers["Allow"] == "POST", (r.status, r.headers)
        assert client.request("GET", "/elsewhere").status == 404

    def too_large():
        r = client.post(ingest(record("", "<comment>" + "x" * (17 << 20) + "</comment>")), ACTION)
        assert r.status == 413, r
        client.close()

    def detail_names_label_and_schema():
        r = client.ingest(record('amount="secret-value"'))
        assert r.fault[2].splitlines()[1].startswith("XSV-350023 Unable to save document of type '"), r.fault
        assert "(dem:sampleTableStg)" in r.fault[2], r.fault
        assert "secret-value" not in r.text, "a caller's value in a fault (R3.20)"

    def good_one_still_works():
        assert client.ingest(record('testcol1="a"')).status == 200

    def masked():
        c.settings["zone all"] = {"networks": "0.0.0.0/0, ::/0", "allow_http": "true", "show_errors": "false"}
        c.write_conf()
        c.pool.send_signal(1)  # SIGHUP
        def is_masked():
            r = client.ingest(record('amount="x"'))
            return r if r.fault[0] == "SOAP-ENV:Error" else None
        from campaign import wait_for
        r = wait_for("faults are masked after the reload", is_masked)
        assert r.fault[1].startswith("SOP-330023 ") and r.fault[2] is None, r
        r = client.post("nonsense", ACTION)
        assert r.fault[0] == C, "faults of class Client are never masked (R3.19)"

    def no_plain_http():
        c.settings["zone all"] = {"networks": "0.0.0.0/0, ::/0", "show_errors": "true"}
        c.write_conf()
        c.pool.send_signal(1)
        from campaign import wait_for
        r = wait_for("plain HTTP is refused after the reload",
                     lambda: (a := client.ingest(record("testcol1='a'"))).status == 403 and a)
        assert r.text.startswith("XSV-350013 "), r

    def outside_every_zone():
        c.settings["zone all"] = {"networks": "192.0.2.0/24", "allow_http": "true"}
        c.write_conf()
        c.pool.send_signal(1)
        from campaign import wait_for
        r = wait_for("the address is refused", lambda: (a := client.ingest(record("testcol1='a'"))).status == 403
                     and "127.0.0.1" in a.text and a)
        assert r.text.startswith("XSV-350013 "), r
        del c.settings["zone all"]
        c.write_conf()
        c.pool.send_signal(1)
        wait_for("back to the shipped zones", lambda: client.ingest(record("testcol1='a'")).status == 200)

    def database_away():
        c.db.stop()
        r = client.ingest(record('testcol1="a"'))
        check(r, 500, S, "SOP-330011", "ODB-240000")
        c.db.start()
        from campaign import wait_for
        def heals():
            r = client.ingest(record('testcol1="a"'))
            return r.status == 200
        wait_for("the pool heals by itself", heals, 10)

    def no_staging_database():
        c.stop_pool()
        c.settings["database"]["staging_group"] = "nowhere"
        c.write_conf()
        c.start_pool()
        r = c.client().logon(c.LOGIN, c.PASSWORD)
        check(r, 500, S, "SOP-330011", "XSV-350063")

    steps = [case(*row) for row in CASES]
    steps += [("CIN-100103 no right", right("reader", "pw reader")),
              ("CIN-100103 right for another schema", right("narrow", "pw narrow")),
              ("1 not POST, unknown path", not_post), ("R2_14 too large", too_large),
              ("R3_18 detail", detail_names_label_and_schema), ("a good one still works", good_one_still_works),
              ("R3_19 masked", masked), ("R4_12 plain HTTP", no_plain_http),
              ("4_5 outside every zone", outside_every_zone), ("ODB-240000 database away", database_away),
              ("XSV-350063 none configured", no_staging_database)]
    sys.exit(main(steps))
