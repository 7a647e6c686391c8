#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""curl sends the documented envelopes (main_job.py has them) in the ways that scripts do: in
ISO-8859-1 and in UTF-8, with an XML declaration and without, the SOAPAction quoted, bare, in the
query, or left out (docs/protocol.md 2.1)."""
import re
import subprocess
import sys
import urllib.parse

from campaign import SOURCE, Answer, Instance, Skip, main, need

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ROUTER = "/nl/jsp/soaprouter.jsp"
LATIN_TEXT = "Malm\u00f6, caf\u00e9, \u00a3"


def documented():
    """The envelopes of main_job.py, out of its source: importing it would run it."""
    text = (SOURCE / "tests/integration/main_job.py").read_text()
    return {name: re.search(rf"^{name} = '''(.*?)'''", text, re.S | re.M)[1]
            for name in ("INGEST", "INGEST_KEYED", "INGEST_EXT")}


def steps(c):
    envelopes = documented()
    token = c.logon().token

    def curl(path, body, *headers):
        """As a script would call it.  "" for Content-Type leaves it to what the caller says."""
        p = subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", "30", "--data-binary", "@-",
             "--write-out", "\n%{http_code}", *sum((["--header", h] for h in headers), []),
             f"http://127.0.0.1:{c.port}{path}"], input=body, capture_output=True)
        assert p.returncode == 0, p.stderr
        answer, _, status = p.stdout.rpartition(b"\n")
        return Answer(int(status), {}, answer)

    def envelope(name="INGEST", text="Test Value 1 (from SOAP)", declaration="", encoding="utf-8"):
        e = declaration + envelopes[name] % token
        return e.replace("Test Value 1 (from SOAP)", text).encode(encoding)

    def staged(r, text="Test Value 1 (from SOAP)"):
        assert r.status == 200 and re.fullmatch(UUID, r.element("pstrSUuids")), r
        rows = c.staging(f"SELECT testcol1 FROM dem_sampleTableStg WHERE id = '{r.element('pstrSUuids')}'")
        assert rows == [[text]], rows

    def R2_5_the_action_bare():
        staged(curl(ROUTER, envelope(), "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest"))

    def R2_5_the_action_quoted():
        staged(curl(ROUTER, envelope(), "Content-Type: text/xml", 'SOAPAction: "xtk:session#Ingest"'))

    def R2_4_header_names_in_any_case():
        staged(curl(ROUTER, envelope(), "content-type: text/xml", "soapaction: xtk:persist#Ingest"))

    def R2_4_the_action_in_the_query():
        for action in ("xtk:session#Ingest", "xtk:persist#Ingest", "xtk:persist|xtk:session#Ingest",
                       "xtk:persist|dem:sampleTable#Ingest"):
            staged(curl(ROUTER + "?soapAction=" + urllib.parse.quote(action, safe=""), envelope(),
                        "Content-Type: text/xml"))

    def R2_5_an_empty_action_counts_as_none():
        staged(curl(ROUTER + "?soapAction=xtk%3Asession%23Ingest", envelope(), "Content-Type: text/xml",
                    'SOAPAction: ""'))

    def R2_4_no_action_at_all():
        staged(curl(ROUTER, envelope(), "Content-Type: text/xml"))

    def R2_3_an_xml_declaration():
        for declaration in ("<?xml version='1.0'?>\n", '<?xml version="1.0" encoding="UTF-8"?>\n'):
            staged(curl(ROUTER, envelope(text=LATIN_TEXT, declaration=declaration),
                        "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest"), LATIN_TEXT)

    def R2_2_latin1_by_the_declaration():
        staged(curl(ROUTER, envelope(text=LATIN_TEXT, declaration="<?xml version='1.0' encoding='ISO-8859-1'?>\n",
                                     encoding="iso-8859-1"),
                    "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest"), LATIN_TEXT)

    def R2_2_latin1_by_the_content_type():
        staged(curl(ROUTER, envelope(text=LATIN_TEXT, encoding="iso-8859-1"),
                    "Content-Type: text/xml; charset=ISO-8859-1", "SOAPAction: xtk:session#Ingest"), LATIN_TEXT)

    def R2_2_the_content_type_wins():
        staged(curl(ROUTER, envelope(text=LATIN_TEXT, declaration='<?xml version="1.0" encoding="UTF-8"?>',
                                     encoding="iso-8859-1"),
                    'Content-Type: text/xml; charset="iso-8859-1"', "SOAPAction: xtk:session#Ingest"), LATIN_TEXT)

    def R2_2_latin1_that_says_nothing_is_refused():
        r = curl(ROUTER, envelope(text=LATIN_TEXT, encoding="iso-8859-1"),
                 "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest")
        assert r.status == 500 and r.fault[1].startswith("CIN-100001 "), r

    def R2_2_utf16_with_a_byte_order_mark():
        staged(curl(ROUTER, envelope(text=LATIN_TEXT, encoding="utf-16"),
                    "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest"), LATIN_TEXT)

    def R2_1_other_content_types():
        for kind in ("application/soap+xml;charset=UTF-8", "Application/XML"):
            staged(curl(ROUTER, envelope(), f"Content-Type: {kind}", "SOAPAction: xtk:session#Ingest"))
        # curl's own default, that of a form.
        r = curl(ROUTER, envelope(), "SOAPAction: xtk:session#Ingest")
        assert r.status == 415, r

    def section_7_and_8_keyed():
        r = curl(ROUTER, envelope("INGEST_KEYED"), "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest")
        assert r.status == 200 and r.element("pstrSUuids") == "", r
        r = curl(ROUTER, envelope("INGEST_EXT"), "Content-Type: text/xml", "SOAPAction: xtk:session#IngestExt")
        assert r.status == 200 and "<IngestExtResponse " in r.text, r
        rows = c.staging("SELECT testcol1, _changes FROM dem_sampleTableStg WHERE id = 'ABDCD321'")
        assert rows == [["Test Value E (from SOAP)", "2"]], rows

    def R4_4_tokens_in_the_headers():
        body = re.sub(b"<urn:sessiontoken>.*?</urn:sessiontoken>", b"<urn:sessiontoken/>", envelope())
        staged(curl(ROUTER, body, "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest",
                    f"X-Session-Token: {token}"))

    def a_large_body_after_expect_100_continue():
        # curl asks first when a body is larger than 1 MiB.
        many = "".join(f'<sampleTableStg testcol1="{i} {"x" * 200}"/>' for i in range(6000))
        text = re.sub("<sampleTableStg.*</sampleTableStg>",
                      f'<rows-collection xtkschema="dem:sampleTableStg">{many}</rows-collection>',
                      envelopes["INGEST"] % token, flags=re.S)
        assert len(text) > 1 << 20
        r = curl(ROUTER, text.encode(), "Content-Type: text/xml", "SOAPAction: xtk:session#Ingest")
        assert r.status == 200 and len(r.element("pstrSUuids").split(",")) == 6000, r

    return [(name, step) for name, step in locals().items()
            if callable(step) and name not in ("curl", "envelope", "staged")]


try:
    need("curl")
    with Instance() as instance:
        sys.exit(main(steps(instance)))
except Skip as e:
    print(e)
    sys.exit(77)
