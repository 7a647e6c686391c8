#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The main job, end to end: a client logs on, sends the documented envelopes as they are
printed, the changes stand in staging, the sync brings them to the cloud database."""
import re
import sys

from campaign import Instance, main

INGEST = '''<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:xtk:session">
<soapenv:Header/>
<soapenv:Body>
    <urn:Ingest>
        <urn:sessiontoken>%s</urn:sessiontoken>
        <urn:domDoc>
            <sampleTableStg
                testcol1="Test Value 1 (from SOAP)"
                testcol2="Test Value 2 (from SOAP)"
                xtkschema="dem:sampleTableStg">
            </sampleTableStg>
        </urn:domDoc>
    </urn:Ingest>
</soapenv:Body>
</soapenv:Envelope>
'''
INGEST_KEYED = '''<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:xtk:session">
<soapenv:Header/>
<soapenv:Body>
  <urn:Ingest>
     <urn:sessiontoken>%s</urn:sessiontoken>
     <urn:domDoc>
        <sampleTableStg  _key="@id" id="ABDCD321"
             testcol1="Test Value 1 (from SOAP)"
             testcol2="Test Value 2 (from SOAP)"
             xtkschema="dem:sampleTableStg">
         </sampleTableStg>
     </urn:domDoc>
 </urn:Ingest>
</soapenv:Body>
</soapenv:Envelope>
'''
INGEST_EXT = '''<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:xtk:session">
<soapenv:Header/>
<soapenv:Body>
    <urn:IngestExt>
        <urn:sessiontoken>%s</urn:sessiontoken>
        <urn:domDoc>
        <sampleTableStg  _key="@id" id="ABDCD321"
                testcol1="Test Value E (from SOAP)"
                testcol2="Test Value F (from SOAP)"
                xtkschema="dem:sampleTableStg">
            </sampleTableStg>
        </urn:domDoc>
    </urn:IngestExt>
</soapenv:Body>
</soapenv:Envelope>
'''
HEAD = ("<?xml version='1.0'?>\n<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
        " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:ns='urn:wpp:default'"
        " xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>\n<SOAP-ENV:Body>\n")
TAIL = "</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n"
STYLE = " xmlns='urn:wpp:default' SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def squeeze(text):
    """White space between elements says nothing (an empty element may hold a line end)."""
    return re.sub(r">\s+<", "><", text).strip()


with Instance() as c:
    client = c.logon()
    made = []

    def R4_1_tokens():
        assert re.fullmatch("___" + UUID, client.token), client.token
        assert re.fullmatch(r"@[A-Za-z0-9_=-]{88}", client.security), client.security

    def R7_12_documented_ingest():
        r = client.post(INGEST % client.token, "xtk:session#Ingest")
        m = re.fullmatch(re.escape(squeeze(HEAD + "<IngestResponse" + STYLE + "\n<pstrSUuids xsi:type='xsd:string'>"))
                         + f"({UUID})" + re.escape("</pstrSUuids></IngestResponse>" + squeeze(TAIL)), squeeze(r.text))
        assert r.status == 200 and m, r
        assert r.headers["Content-Type"] == "text/xml; charset=utf-8", r.headers
        assert r.headers["Cache-Control"] == "no-store", r.headers
        made.append(m[1])
        rows = c.staging("SELECT testcol1, testcol2, _operation FROM dem_sampleTableStg WHERE id = '%s'" % m[1])
        assert rows == [["Test Value 1 (from SOAP)", "Test Value 2 (from SOAP)", "insert"]], rows

    def R7_12_keyed_ingest_returns_no_uuid():
        r = client.post(INGEST_KEYED % client.token, "xtk:session#Ingest")
        assert r.status == 200 and squeeze(r.text) == squeeze(
            HEAD + "<IngestResponse" + STYLE + "\n<pstrSUuids xsi:type='xsd:string'></pstrSUuids></IngestResponse>"
            + TAIL), r
        assert c.staging("SELECT COUNT(*) FROM dem_sampleTableStg WHERE id = 'ABDCD321'") == [["1"]]

    def R8_documented_ingest_ext():
        r = client.post(INGEST_EXT % client.token, "xtk:session#IngestExt")
        assert r.status == 200 and squeeze(r.text) == squeeze(
            HEAD + "<IngestExtResponse" + STYLE + "</IngestExtResponse>" + TAIL), r
        assert STYLE + "</IngestExtResponse>" in r.text, "an empty answer is an empty element"
        rows = c.staging("SELECT testcol1, _changes FROM dem_sampleTableStg WHERE id = 'ABDCD321'")
        assert rows == [["Test Value E (from SOAP)", "2"]], rows

    def R3_11_literal_prefixes():
        r = client.post(INGEST % client.token, "xtk:session#Ingest")
        for literal in ("<SOAP-ENV:Envelope ", "<SOAP-ENV:Body>", "<IngestResponse ", "xsi:type='xsd:string'"):
            assert literal in r.text, literal
        made.append(r.element("pstrSUuids"))

    def R10_6_sync_moves_everything():
        assert c.pending() == 4
        summary = c.sync_json()
        assert c.pending() == 0, summary
        rows = c.cloud("SELECT id, testcol1, testcol2 FROM dem_sampleTable ORDER BY id = 'ABDCD321', id")
        t = ["Test Value 1 (from SOAP)", "Test Value 2 (from SOAP)"]
        assert rows == [[i] + t for i in sorted(made)] + [
            ["ABDCD321", "Test Value E (from SOAP)", "Test Value F (from SOAP)"]], rows
        assert c.cloud("SELECT COUNT(*) FROM campaign_applied") == [["0"]]

    def a_second_sync_finds_nothing():
        before = c.cloud("SELECT * FROM dem_sampleTable ORDER BY id")
        c.sync()
        assert c.cloud("SELECT * FROM dem_sampleTable ORDER BY id") == before

    def R8_6_delete_reaches_the_cloud():
        r = client.ingest_ext('<sampleTableStg xtkschema="dem:sampleTableStg" _operation="delete" _key="@id" id="ABDCD321"/>')
        assert r.status == 200, r
        assert c.staging("SELECT _operation FROM dem_sampleTableStg WHERE id = 'ABDCD321'") == [["delete"]]
        c.sync()
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable WHERE id = 'ABDCD321'") == [["0"]]

    def R7_1_example_with_structure_and_memo():
        r = client.ingest('<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="blue kettle" amount="12.50">'
                          '<location city="Malm\u00f6"/><comment><![CDATA[fragile <3]]></comment></sampleTableStg>')
        assert r.status == 200, r
        c.sync()
        rows = c.cloud("SELECT amount, location_city, comment FROM dem_sampleTable WHERE id = '%s'"
                       % r.element("pstrSUuids"))
        assert rows == [["12.5", "Malm\u00f6", "fragile <3"]], rows

    def R7_8_collection():
        r = client.ingest('<sampleTableStg-collection xtkschema="dem:sampleTableStg">' + "".join(
            f'<sampleTableStg testcol1="c{i}"/>' if i != 1 else '<sampleTableStg _key="@id" id="own" testcol1="c1"/>'
            for i in range(3)) + '</sampleTableStg-collection>')
        assert r.status == 200, r
        assert re.fullmatch(f"{UUID},,{UUID}", r.element("pstrSUuids")), r.element("pstrSUuids")
        c.sync()
        assert c.cloud("SELECT testcol1 FROM dem_sampleTable WHERE testcol1 LIKE 'c_' ORDER BY 1") == [["c0"], ["c1"], ["c2"]]

    def R7_9_a_call_is_atomic():
        before = c.pending()
        r = client.ingest('<sampleTableStg-collection xtkschema="dem:sampleTableStg"><sampleTableStg testcol1="x"/>'
                          '<sampleTableStg amount="no number"/></sampleTableStg-collection>')
        assert "CIN-100204" in r.fault[2] and "(record 2)" in r.fault[2].splitlines()[0], r
        assert c.pending() == before

    def other_session_methods():
        for method in ("TestCnx", "GetUserInfo", "GetServerTime"):
            r = client.call("xtk:session", method)
            assert r.status == 200 and f"<{method}Response " in r.text, r
        assert client.call("xtk:session", "Logoff").status == 200
        r = client.call("xtk:session", "Logoff")
        assert r.status == 403 and r.text.startswith("XSV-350008"), r

    sys.exit(main([(n, f) for n, f in list(globals().items())
                   if callable(f) and getattr(f, "__module__", "") == "__main__" and n != "squeeze"]))
