#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R2.2: bytes of every character set that is read, as they go over the wire, and what stands for them in the
staging log, in the view of pending records and in the cloud.  Line ends too."""
import sys

from campaign import SOAP, Instance, main

SCHEMA = """
<srcSchema namespace="dem" name="letters" label="Letters">
  <element name="letters" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key>
    <attribute name="name" type="string" length="100"/>
    <attribute name="text" type="string" length="300"/>
    <element name="memo" type="memo"/>
  </element>
</srcSchema>
"""
LATIN1 = "".join(map(chr, range(0xa1, 0x100)))
CP1252 = "".join(bytes([b]).decode("cp1252") for b in range(0x80, 0x100) if b not in (0x81, 0x8d, 0x8f, 0x90, 0x9d))
# Two, three and four bytes in UTF-8; pairs of surrogates in UTF-16; the last character of all.
UNICODE = "åÅé ß€漢字 \u0301 \ufb01 \ud7ff\ue000\ufffd 😀𝄞𠀋👩\u200d👧 \U0010fffd"
ASCII = "".join(map(chr, range(0x20, 0x7f)))
BOM8, BOM_LE, BOM_BE = b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"

# name, charset of Content-Type, encoding of the XML declaration, byte order mark, Python's codec, text
CASES = [
    ("nothing said is UTF-8", None, None, b"", "utf-8", UNICODE),
    ("UTF-8 by Content-Type", "UTF-8", None, b"", "utf-8", UNICODE),
    ("UTF-8 by declaration", None, "utf-8", b"", "utf-8", UNICODE),
    ("UTF-8 by mark", None, None, BOM8, "utf-8", UNICODE),
    ("UTF-8 in quotes", '"utf-8"', None, b"", "utf-8", UNICODE),
    ("UTF-16 little by mark", None, None, BOM_LE, "utf-16-le", UNICODE),
    ("UTF-16 big by mark", None, None, BOM_BE, "utf-16-be", UNICODE),
    ("UTF-16 little, all three say so", "utf-16", "UTF-16", BOM_LE, "utf-16-le", UNICODE),
    ("UTF-16 big, all three say so", "UTF-16", "utf-16", BOM_BE, "utf-16-be", UNICODE),
    ("ISO-8859-1 by Content-Type", "iso-8859-1", None, b"", "latin-1", LATIN1),
    ("ISO-8859-1 by declaration", None, "ISO-8859-1", b"", "latin-1", LATIN1),
    ("US-ASCII by Content-Type", "us-ascii", None, b"", "ascii", ASCII),
    ("US-ASCII by declaration", None, "US-ASCII", b"", "ascii", ASCII),
    ("windows-1252 by Content-Type", "windows-1252", None, b"", "cp1252", CP1252),
    ("windows-1252 by declaration", None, "Windows-1252", b"", "cp1252", CP1252),
    # Where they disagree the first of mark, Content-Type and declaration counts.
    ("UTF-8 mark over Content-Type", "iso-8859-1", "windows-1252", BOM8, "utf-8", UNICODE),
    ("UTF-16 mark over Content-Type", "utf-8", "ISO-8859-1", BOM_LE, "utf-16-le", UNICODE),
    ("Content-Type over declaration", "windows-1252", "utf-8", b"", "cp1252", CP1252),
    ("Content-Type UTF-8 over declaration", "utf-8", "ISO-8859-1", b"", "utf-8", UNICODE),
]

# name, charset of Content-Type, declaration, the body's bytes made of an envelope with one "~" in it
BROKEN = [
    ("UTF-8 cut short", None, None, lambda e: e.encode().replace(b"~", b"\xe2\x82")),
    ("UTF-8 overlong", None, None, lambda e: e.encode().replace(b"~", b"\xc0\xaf")),
    ("UTF-8 with a surrogate", None, None, lambda e: e.encode().replace(b"~", b"\xed\xa0\x80")),
    ("UTF-8 beyond the last character", None, None, lambda e: e.encode().replace(b"~", b"\xf4\x90\x80\x80")),
    ("ISO-8859-1 bytes called UTF-8", "utf-8", None, lambda e: e.replace("~", "å").encode("latin-1")),
    ("a high byte in US-ASCII", "us-ascii", None, lambda e: e.replace("~", "å").encode("latin-1")),
    ("UTF-8 bytes in US-ASCII", None, "us-ascii", lambda e: e.replace("~", "å").encode()),
    ("a byte that windows-1252 has not", "windows-1252", None, lambda e: e.encode().replace(b"~", b"\x81")),
    ("UTF-16 without a mark", "utf-16", None, lambda e: e.encode("utf-16-le")),
    ("UTF-16 of odd length", None, None, lambda e: BOM_LE + e.encode("utf-16-le") + b"\n"),
    ("UTF-16 with half a pair", None, None, lambda e: BOM_BE + e.replace("~", "\ud83d").encode("utf-16-be", "surrogatepass")),
    ("a set that is not read", "iso-8859-2", None, lambda e: e.encode()),
    ("a set that is not read, by declaration", None, "koi8-r", lambda e: e.encode()),
    ("a character that XML has not", None, None, lambda e: e.replace("~", "\x01").encode()),
    ("a reference to one", None, None, lambda e: e.replace("~", "&#0;").encode()),
    ("U+FFFF", None, None, lambda e: e.replace("~", "\uffff").encode()),
]

# As written; what comes of it in an attribute and in an element (XML 1.0, 2.11 and 3.3.3).
LINE_ENDS = [
    ("LF", "a\nb", "a b", "a\nb"),
    ("CR LF", "a\r\nb", "a b", "a\nb"),
    ("CR", "a\rb", "a b", "a\nb"),
    ("CR CR LF LF", "a\r\r\n\nb", "a   b", "a\n\n\nb"),
    ("tab", "a\tb", "a b", "a\tb"),
    ("references", "a&#13;&#10;b&#xA;c&#9;d", "a\r\nb\nc\td", "a\r\nb\nc\td"),
    ("blanks at the ends", " a  b ", " a  b ", " a  b "),
    ("references beyond ASCII", "&#229;&#x20AC;&#x1F600;", "å€😀", "å€😀"),
    ("the five entities", "&lt;&gt;&amp;&quot;&apos;", "<>&\"'", "<>&\"'"),
]
ENCODINGS = [("utf-8", b""), ("utf-16-le", BOM_LE), ("utf-16-be", BOM_BE), ("latin-1", b""), ("cp1252", b"")]
CHARSET = {"latin-1": "iso-8859-1", "cp1252": "windows-1252"}

with Instance(start=False) as c:
    c.deploy_text(SCHEMA)
    c.add_operator(c.LOGIN, c.PASSWORD, "ingest")
    c.start_pool()
    c.start_nginx()
    client = c.logon()
    expected = {}  # name: (text, memo)

    def escape(text):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")

    def envelope(name, text, memo, encoding=None):
        """TEXT and MEMO are written as they are."""
        declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
        return (f'{declaration}<s:Envelope xmlns:s="{SOAP}"><s:Body><Ingest><sessiontoken>{client.token}</sessiontoken>'
                f'<d><letters xtkschema="dem:lettersStg" _key="@name" name="{name}" text="{text}"><memo>{memo}</memo>'
                '</letters></d></Ingest></s:Body></s:Envelope>')

    def send(body, charset):
        return client.post(body, "xtk:session#Ingest",
                           {"Content-Type": "text/xml" + (f"; charset={charset}" if charset else "")})

    def stored(table, database, name=None):
        """{name: (text, memo)}, bytes as the database has them, of one record or of all."""
        rows = database(f"SELECT name, HEX(text), HEX(memo) FROM `{table}`" + (f" WHERE name = '{name}'" if name else ""))
        assert len({row[0] for row in rows}) == len(rows), "a record is there twice"
        return {row[0]: tuple(bytes.fromhex(v or "") for v in row[1:]) for row in rows}

    def compare(found, names):
        for name in names:
            assert found.get(name) == expected[name], f"{name}: {found.get(name)} instead of {expected[name]}"

    def check(name, text, memo):
        expected[name] = (text.encode(), memo.encode())
        compare(stored("dem_lettersStg_log", c.staging, name), [name])

    def case(name, charset, encoding, mark, codec, text):
        def run():
            body = mark + envelope(name, escape(text), escape(text), encoding).encode(codec)
            r = send(body, charset)
            assert r.status == 200, r
            check(name, text, text)
        return (f"R2_2 {name}", run)

    def broken(name, charset, encoding, make):
        def run():
            before = c.pending("dem_letters")
            r = send(make(envelope("broken", "", "a ~ b", encoding)), charset)
            assert r.status == 500 and r.fault[0] == "SOAP-ENV:Client" and r.fault[1].startswith("CIN-100001 "), r
            assert c.pending("dem_letters") == before
        return (f"R2_2 {name}", run)

    def line_ends(name, written, in_attribute, in_element):
        def run():
            for codec, mark in ENCODINGS:
                this = f"{name} in {codec}"
                r = send(mark + envelope(this, written, written).encode(codec), CHARSET.get(codec))
                assert r.status == 200, r
                check(this, in_attribute, in_element)
        return (f"R3_8 {name}", run)

    def R3_8_sections_of_CDATA():
        written = "<![CDATA[<p>\r\nå€😀 &amp; ]]>]]&gt;<![CDATA[]]> "
        for codec, mark in ENCODINGS[:3]:
            r = send(mark + envelope(f"CDATA in {codec}", "", written).encode(codec), None)
            assert r.status == 200, r
            check(f"CDATA in {codec}", "", "<p>\nå€😀 &amp; ]]> ")

    def R6_2_length_counts_characters():
        r = send(envelope("as long as may be", "😀" * 300, "x").encode(), None)
        assert r.status == 200, r
        check("as long as may be", "😀" * 300, "x")
        r = send(BOM_LE + envelope("longer", "😀" * 301, "x").encode("utf-16-le"), None)
        assert r.fault[2].startswith("CIN-100205 "), r

    def all_of_it_is_shown_by_the_view():
        assert len(expected) >= len(CASES) + len(LINE_ENDS) * len(ENCODINGS)
        compare(stored("dem_lettersStg", c.staging), expected)

    def all_of_it_reaches_the_cloud():
        c.sync()
        assert c.pending("dem_letters") == 0
        compare(stored("dem_letters", c.cloud), expected)

    sys.exit(main([case(*row) for row in CASES] + [broken(*row) for row in BROKEN]
                  + [line_ends(*row) for row in LINE_ENDS]
                  + [(f.__name__, f) for f in (R3_8_sections_of_CDATA, R6_2_length_counts_characters,
                                               all_of_it_is_shown_by_the_view, all_of_it_reaches_the_cloud)]))
