#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/api.md shows real calls with their real answers: this makes the calls against a real
instance and compares.  With --write it puts what came back into docs/api.md instead.

Blocks in docs/api.md stand between "<!-- example NAME -->" and "<!-- end -->", the table of
errors between "<!-- errors -->" and "<!-- end -->".  What differs from run to run (tokens, ids,
times, ports) is replaced by fixed values made up for the purpose."""
import pathlib
import re
import signal
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from campaign import SOAP, SOURCE, Instance, Skip, main, wait_for

PAGE = SOURCE / "docs/api.md"
TOKEN = "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114"
SECURITY = "@ucDa8fNXQvQ04sXC94hg2Gx8Ym_02Qs6KbAuvBeYk2JpMRyjc0Lk00wxydqygHkuR2LPLgLFFZqAU0V5HIJfxg=="
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
MADE_UP = (
    ("___" + UUID, TOKEN), ("@[A-Za-z0-9_-]{86}==", SECURITY),
    ("(?<!_)" + UUID, "6d1d6b57-2f0e-4f8c-9a35-0f6f3c7b9e21"),
    (r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d\.\d{3}", r"2026-02-03\g<1>04:05:06.789"),
    (r'\bu[0-9A-F]{16}\b', "u0B6F1C029D554A7E"), (r"127\.0\.0\.1:\d+", "ingest.example.test"),
    (r"localHost='[^']*'", "localHost='node1'"), (r"sourceIP='[^']*'", "sourceIP='192.0.2.10'"),
    (r"host='127\.0\.0\.1'", "host='ingest.example.test'"),
    (r"error \d+ \(\w+\)", "error 2006 (HY000)"), ("http://ingest", "https://ingest"))


def made_up(text):
    for pattern, value in MADE_UP:
        text = re.sub(pattern, value, text)
    return text.strip()


def broken(text):
    """Elements on lines of their own, indented: what a reader can read; only white space is new."""
    text = re.sub(r">\s+<", "><", text)
    out, depth = [], 0
    for part in re.findall(r"<[^>]+>[^<]*", text):
        closes, opens = part.startswith("</"), not re.match(r"<[/?!]|<[^>]*/>", part)
        if closes:
            depth -= 1
        if closes and re.match(r"\s*<" + re.escape(part[2:].split(">")[0]) + r"[ >][^<]*$", out[-1]) \
                and not out[-1].endswith("/>"):
            out[-1] += part
        else:
            out.append("  " * depth + part)
        depth += opens
    return "\n".join(textwrap.fill(line, 118, subsequent_indent=" " * (len(line) - len(line.lstrip()) + 4),
                                   break_long_words=False, break_on_hyphens=False)
                     if line.lstrip().startswith("<") and re.fullmatch(r"\s*<[^>]*>", line) else line
                     for line in out)


class Page:
    """The examples, by name, as they came back."""

    def __init__(self, c):
        self.c, self.blocks, self.errors = c, {}, {}
        self.client = c.logon()

    def add(self, name, request, answer):
        self.blocks[name] = f"```\n{made_up(request)}\n```\n```xml\n{broken(made_up(answer.text))}\n```"

    def call(self, name, service, method, parameters="", token=None):
        """A SOAP call; the request is shown without the envelope that all of them share."""
        r = self.client.call(service, method, parameters, token=token)
        token = self.client.token if token is None else token
        body = f"<urn:{method}>\n  <urn:sessiontoken>{token}</urn:sessiontoken>\n" + "".join(
            f"  {p}\n" for p in re.split(r"(?<=>)\n", parameters) if p) + f"</urn:{method}>"
        self.add(name, f"SOAPAction: {service}#{method}\n\n{body}", r)
        assert r.status == 200, r
        return r

    def get(self, name, path, headers=None, shown=None):
        r = self.client.request("GET", path, None, headers)
        request = f"GET {path}" + "".join(f"\n{k}: {v}" for k, v in (shown or {}).items())
        xml = r.text.startswith("<")
        body = broken(made_up(r.text)) if xml else made_up(r.text)
        self.blocks[name] = f"```\n{made_up(request)}\n```\n```{'xml' if xml else ''}\n{body}\n```"
        assert r.status == 200, r

    def error(self, code, answer):
        """Notes the text of CODE as ANSWER has it."""
        m = re.search(re.escape(code) + r"\s([^\n<]+)", answer.text)
        assert m, (code, answer)
        text = made_up(m[1]).replace("&apos;", "'").replace("&quot;", '"').replace("|", "\\|")
        self.errors[code] = re.sub(r"127\.0\.0\.1", "192.0.2.10", text)


def recipient(attributes):
    return f"<urn:elemRecipient><recipient {attributes}/></urn:elemRecipient>"


def the_methods(page):
    c = page.c
    page.call("Logon", "xtk:session", "Logon",
              f"<urn:strLogin>{c.LOGIN}</urn:strLogin>\n<urn:strPassword>{c.PASSWORD}</urn:strPassword>\n"
              "<urn:elemParameters/>", token="")
    bearer = c.admin("operator", "token", c.LOGIN).stdout.split()[-1]
    page.call("BearerTokenLogon", "xtk:session", "BearerTokenLogon",
              f"<urn:bearerToken>{bearer}</urn:bearerToken>", token="")
    page.blocks["BearerTokenLogon"] = page.blocks["BearerTokenLogon"].replace(bearer, "tok_5f2d7a90e114")
    page.call("TestCnx", "xtk:session", "TestCnx")
    page.call("GetUserInfo", "xtk:session", "GetUserInfo")
    page.call("GetServerTime", "xtk:session", "GetServerTime", token="")
    page.call("GetOption", "xtk:session", "GetOption", "<urn:strName>XtkDatabaseId</urn:strName>")
    page.call("GetEntityIfMoreRecent", "xtk:persist", "GetEntityIfMoreRecent",
              "<urn:strPk>xtk:schema|dem:sampleTableStg</urn:strPk>\n<urn:strMd5/>\n<urn:bMustExist>false</urn:bMustExist>")

    def document(text):
        return "<urn:domDoc>" + text + "</urn:domDoc>"

    page.call("Ingest", "xtk:session", "Ingest", document(
        '<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="blue kettle" amount="12.50">'
        '<location city="Malm\u00f6"/><comment><![CDATA[fragile <3]]></comment></sampleTableStg>'))
    page.call("Ingest with a key", "xtk:session", "Ingest", document(
        '<sampleTableStg xtkschema="dem:sampleTableStg" _key="@id" id="SHOP-000417" testcol1="blue kettle"/>'))
    page.call("Ingest of several records", "xtk:session", "Ingest", document(
        '<sampleTableStg-collection xtkschema="dem:sampleTableStg"><sampleTableStg testcol1="one"/>'
        '<sampleTableStg _key="@id" id="SHOP-000418" testcol1="two"/></sampleTableStg-collection>'))
    page.call("IngestExt", "xtk:session", "IngestExt", document(
        '<sampleTableStg xtkschema="dem:sampleTableStg" _key="@id" id="SHOP-000417" amount="9.95"/>'))
    page.call("IngestExt deletes", "xtk:session", "IngestExt", document(
        '<sampleTableStg xtkschema="dem:sampleTableStg" _operation="delete" _key="@code" code="K-88"/>'))
    page.call("Subscribe", "nms:subscription", "Subscribe",
              "<urn:strServiceName>NEWS, OFFERS</urn:strServiceName>\n" +
              recipient('_key="@email" email="ines.k@example.test" firstName="Ines"') + "\n<urn:bCreate>true</urn:bCreate>")
    page.call("Unsubscribe", "nms:subscription", "Unsubscribe",
              "<urn:strServiceName>NEWS</urn:strServiceName>\n" + recipient('_key="@email" email="ines.k@example.test"'))
    page.call("StartReplicateStagingData", "nms:replicationStrategy", "StartReplicateStagingData",
              "<urn:strSchema>dem:sampleTable</urn:strSchema>")
    page.get("WSDL", "/nl/jsp/schemawsdl.jsp?schema=nms:subscription")
    page.get("test", "/r/test")
    page.get("ping", "/nl/jsp/ping.jsp", {"X-Session-Token": page.client.token},
             {"X-Session-Token": page.client.token})
    r = page.client.ingest('<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="' + "x" * 256 + '"/>')
    page.blocks["fault"] = f"```\nHTTP/1.1 {r.status} Internal Server Error\nContent-Type: text/xml; charset=utf-8\n" \
                           f"\n{broken(made_up(r.text))}\n```"
    page.call("Logoff", "xtk:session", "Logoff")
    page.client.logon(c.LOGIN, c.PASSWORD)


# --- errors -------------------------------------------------------------------------------------

def the_errors(page):
    c, client = page.c, page.client
    row = '<sampleTableStg xtkschema="dem:sampleTableStg" %s/>'

    def envelope(body, ns=SOAP, header=""):
        return f'<e:Envelope xmlns:e="{ns}">{header}<e:Body>{body}</e:Body></e:Envelope>'

    def post(body, action="xtk:session#TestCnx"):
        return client.post(body, action, {"X-Session-Token": client.token})

    def ext(text):
        return client.ingest_ext(text)

    def link(attributes):
        return ext(f'<recipient xtkschema="nms:recipientStg" _key="@email" email="a@example.test"><folder {attributes}/></recipient>')

    def subscribe(name):
        return client.call("nms:subscription", "Subscribe", f"<urn:a>{name}</urn:a>" + recipient('email="a@example.test"'))

    note = page.error
    note("XSV-350012", c.client().logon(c.LOGIN, "wrong"))
    note("XSV-350008", c.client().call("xtk:session", "TestCnx", token="___nothing"))
    note("XSV-350013", client.call("xtk:session", "TestCnx", headers={"X-Forwarded-For": "203.0.113.9"}))
    note("XSV-350023", client.ingest(row % 'amount="no number"'))
    note("XFR-180000", client.ingest('<x xtkschema="cus:nothing"/>'))
    note("SOP-330003", client.call("xtk:session", "TestCnx", "<a/><b/>"))
    note("SOP-330006", client.call("xtk:session", "GetModifiedEntities"))
    note("SOP-330011", client.ingest(row % 'nothing="1"'))
    note("CIN-100001", post("<not closed"))
    note("CIN-100002", post('<!DOCTYPE x>' + envelope("<TestCnx/>")))
    note("CIN-100003", post(envelope("<TestCnx/>", "http://www.w3.org/2003/05/soap-envelope")))
    note("CIN-100004", post(envelope("<TestCnx/>", header='<e:Header><a e:mustUnderstand="1"/></e:Header>')))
    note("CIN-100005", post(envelope("")))
    note("CIN-100006", client.call("xtk:queryDef", "ExecuteQuery"))
    note("CIN-100007", post(envelope("<Logoff/>")))
    note("CIN-100008", client.call("xtk:session", "GetOption"))
    note("CIN-100009", client.ingest("<a/><b/>"))
    c.add_operator("reader", "some words 1", "ingest=nms:recipient")
    note("CIN-100103", c.logon("reader", "some words 1").ingest(row % ""))
    note("CIN-100201", client.ingest('<service xtkschema="nms:service" name="X"/>'))
    note("CIN-100202", client.ingest(row % 'nothing="1"'))
    note("CIN-100203", client.ingest(row % '_key="@code" testcol1="a"'))
    note("CIN-100204", client.ingest(row % 'amount="no number"'))
    note("CIN-100205", client.ingest(row % ('testcol1="' + "x" * 256 + '"')))
    note("CIN-100206", client.ingest('<s-collection xtkschema="dem:sampleTableStg">' + "<s/>" * 10001 + "</s-collection>"))
    note("CIN-100210", client.ingest(row % '_operation="delete" id="1"'))
    note("CIN-100305", link('name="nowhere" _operation="none"'))
    note("CIN-100306", link('name="nowhere"'))
    note("CIN-100401", subscribe("NO-SUCH"))
    note("CIN-100402", subscribe(""))


def errors_that_need_a_change(page):
    """Last, for after these the instance is not what it was."""
    c, client = page.c, page.client
    c.settings["limits"] = {"operator_rate": 1, "operator_burst": 1}
    c.settings["zone quiet"] = {"networks": "127.0.0.0/8, ::1", "allow_http": "true"}
    c.write_conf()
    c.pool.send_signal(signal.SIGHUP)
    answers = {}

    def seen(code):
        r = client.ingest('<x xtkschema="dem:sampleTableStg" nothing="1"/>')
        if code in r.text:
            answers[code] = r
        return code in answers
    wait_for("the operator is limited", lambda: seen("CIN-100020"))
    wait_for("faults are masked", lambda: seen("SOP-330023"))
    c.settings["limits"] = {"operator_rate": 0}
    c.settings["zone quiet"]["show_errors"] = "true"
    c.write_conf()
    c.pool.send_signal(signal.SIGHUP)
    wait_for("faults are shown", lambda: seen("CIN-100202"))
    c.db.stop()
    r = client.ingest('<x xtkschema="dem:sampleTableStg" testcol1="a"/>')
    assert "ODB-240000" in r.text, r
    for code in ("CIN-100020", "SOP-330023"):
        page.error(code, answers[code])
    page.error("ODB-240000", r)


# code, where it stands, what it means for the caller
T, C, S = "403, text", "fault, Client", "detail"
MEANING = (
    ("XSV-350008", T, "log on again; or the security token is missing although the session came in a cookie"),
    ("XSV-350012", T, "login or password; a disabled operator gets the same text"),
    ("XSV-350013", T, "no zone has this address, or it wants TLS"),
    ("XSV-350023", S, "always the last line, after its cause: which schema could not be saved"),
    ("XSV-350063", S, "no staging database is configured"),
    ("ODB-240000", S, "\"nothing was stored, try again later\": send the call again. \"not known whether it was stored\": "
                      "a call with a key may be sent again without harm. A number and a state: the data was refused; "
                      "\"more room than a row has\": fewer of its texts of 21 to 40 bytes fit (protocol.md R5.20). \"are used up\": the administrator has to act (R7.11)"),
    ("XFR-180000", S, "no such schema; also for GetEntityIfMoreRecent with mustExist"),
    ("SOP-330003", C, "more parameters than the method has"),
    ("SOP-330006", C, "no such method; GetModifiedEntities gets it, whereupon clients stop polling"),
    ("SOP-330011", "fault, Server", "the method failed: `detail` says why"),
    ("SOP-330023", "fault, Error", "the same where the zone does not have `show_errors`"),
    ("CIN-100001", C, "the XML is not well-formed, or is not in the character set that was announced"),
    ("CIN-100002", C, "a DTD, or more than the limits of [protocol.md](protocol.md) 2.3"),
    ("CIN-100003", "fault, VersionMismatch", "the envelope is not SOAP 1.1's"),
    ("CIN-100004", "fault, MustUnderstand", "no header entry may say mustUnderstand"),
    ("CIN-100005", C, "Envelope, Body, one method element: one of them is missing or there are two"),
    ("CIN-100006", C, "the SOAPAction is malformed or names a service that is not offered"),
    ("CIN-100007", C, "SOAPAction and method element differ"),
    ("CIN-100008", C, "a parameter is missing or is not of its type"),
    ("CIN-100009", C, "a document parameter holds one element, no more and no less"),
    ("CIN-100020", "429, text", "wait as long as `Retry-After` says; logons get it too, see R2.13"),
    ("CIN-100103", S, "the operator lacks a right"),
    ("CIN-100201", S, "the schema has no `autoStg`"),
    ("CIN-100202", S, "no such attribute or element in the schema"),
    ("CIN-100203", S, "a path in `_key` is wrong or has no value; or no key can be used"),
    ("CIN-100204", S, "the value does not fit the type of the attribute"),
    ("CIN-100205", S, "the text is longer than the attribute"),
    ("CIN-100206", S, "more records than `max_records`; send several calls"),
    ("CIN-100210", S, "`_operation` does not exist, or a call of Ingest had another operation than insert"),
    ("CIN-100305", S, "the target of a link is not in the local database"),
    ("CIN-100306", S, "a link element needs `_operation=\"none\"`; collections of links cannot be written"),
    ("CIN-100401", S, "make it: `campaign-admin service add`"),
    ("CIN-100402", S, "Subscribe needs at least one name"),
    ("CIN-100900", S, "a bug of ours: the administrator finds the number of the text in the log"),
)
NOT_PROVOKED = {"XSV-350063": "-", "CIN-100900": "Internal error, reference ..."}


def error_table(page):
    lines = ["| code | where | text, for example | meaning |", "|---|---|---|---|"]
    for code, where, meaning in MEANING:
        text = page.errors.get(code, NOT_PROVOKED.get(code))
        lines.append(f"| {code} | {where} | {text} | {meaning} |")
    return "\n".join(lines)


def put(text, name, block):
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
    assert len(pattern.findall(text)) == 1, f"docs/api.md has no block '{name}', or two"
    return pattern.sub(lambda m: m[1] + block + "\n" + m[2], text)


def steps(c):
    c.admin("service", "add", "NEWS", "--label", "Newsletter")
    c.admin("service", "add", "OFFERS", "--label", "Offers")
    page = Page(c)

    def every_method_answers():
        the_methods(page)

    def every_error_can_be_had():
        the_errors(page)
        errors_that_need_a_change(page)
        catalogue = set(re.findall(r'"([A-Z]{3}-\d{6})"', (SOURCE / "src/soap/codes.h").read_text()))
        assert catalogue == {m[0] for m in MEANING}, catalogue ^ {m[0] for m in MEANING}
        assert catalogue == set(page.errors) | set(NOT_PROVOKED), catalogue ^ set(page.errors)

    def docs_api_md_shows_them():
        before = text = PAGE.read_text()
        for name, block in page.blocks.items():
            text = put(text, "example " + name, block)
        text = put(text, "errors", error_table(page))
        if "--write" in sys.argv:
            PAGE.write_text(text)
        elif text != before:
            old, new = before.splitlines(), text.splitlines()
            at = next(i for i, (a, b) in enumerate(zip(old + [""], new + [""])) if a != b)
            raise AssertionError(f"docs/api.md, line {at + 1} says\n{old[at]}\nbut the answer is\n{new[at]}\n"
                                 "tests/clients/api_examples.py --write renews it (CAMPAIGN_BUILD names the build)")

    return [(name, step) for name, step in locals().items() if callable(step)]


if __name__ == "__main__":
    try:
        with Instance() as instance:
            sys.exit(main(steps(instance)))
    except Skip as e:
        print(e)
        sys.exit(77)
