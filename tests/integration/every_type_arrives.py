#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Section 6, row by row: what a call writes into a field of each type, and what then stands in the staging
log, in the view of pending records and in the cloud."""
import base64
import html
import signal
import sys

from campaign import Instance, main, wait_for

ELEMENTS = {"memo": "memo", "html": "html", "cdata": "CDATA"}
ATTRIBUTES = {"string": "string", "enum": "enum", "token": "MNTOKEN", "memoattr": "memo", "boolean": "boolean",
              "byte": "byte", "short": "short", "long": "long", "int64": "int64", "double": "double", "float": "float",
              "percent": "percent", "date": "date", "datetime": "datetime", "datetimetz": "datetimetz",
              "datetimenotz": "datetimenotz", "time": "time", "timespan": "timespan", "uuid": "uuid", "blob": "blob"}
NUMBERS = {"boolean", "byte", "short", "long", "int64", "double", "float", "percent", "timespan"}
FIELDS = [*ATTRIBUTES, *ELEMENTS, "seven", "word"]
FLOATING = {"double", "float", "percent"}
SCHEMA = f"""
<srcSchema namespace="dem" name="types" label="Types">
  <enumeration name="colour" basetype="string"><value name="red" value="red"/></enumeration>
  <element name="types" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key>
    <attribute name="name" type="string" length="80"/>
    {"".join(f'<attribute name="{n}" type="{t}"' + (' length="5"' if n == "string" else "") +
             (' enum="colour"' if n == "enum" else "") + "/>" for n, t in ATTRIBUTES.items())}
    {"".join(f'<element name="{n}" type="{t}"/>' for n, t in ELEMENTS.items())}
    <attribute name="seven" type="long" default="7"/>
    <attribute name="word" type="string" default="'none'"/>
  </element>
</srcSchema>
"""
LONG_MEMO = "åäö😀 <b>&amp;</b> ]]>\n" * 20000
BYTES = bytes(range(256))

# field, as written, as stored; None is SQL NULL.
ACCEPTED = [
    ("string", "abc", "abc"), ("string", " a b ", " a b "), ("string", "     ", "     "), ("string", "åä€😀ö", "åä€😀ö"),
    ("string", "", None), ("string", "NULL", "NULL"), ("string", "'\\\"", "'\\\""),
    ("memo", "a\n b ", "a\n b "), ("memo", "", None), ("memo", LONG_MEMO, LONG_MEMO), ("memo", " ", " "),
    ("memoattr", " text ", " text "), ("memoattr", "", None),
    ("html", "<p>a&nbsp;b</p>", "<p>a&nbsp;b</p>"), ("html", "", None), ("cdata", "]]>", "]]>"), ("cdata", "", None),
    ("boolean", "true", "1"), ("boolean", "TRUE", "1"), ("boolean", "Yes", "1"), ("boolean", "1", "1"),
    ("boolean", "false", "0"), ("boolean", "False", "0"), ("boolean", "no", "0"), ("boolean", "0", "0"),
    ("boolean", "2", "1"), ("boolean", "-1", "1"), ("boolean", " true ", "1"), ("boolean", "", "0"),
    ("byte", "-128", "-128"), ("byte", "127", "127"), ("byte", "+5", "5"), ("byte", "2.5", "3"), ("byte", "-2.5", "-2"),
    ("byte", "2.4", "2"), ("byte", " 7 ", "7"), ("byte", "", "0"), ("byte", "127.4", "127"),
    ("short", "-32768", "-32768"), ("short", "32767", "32767"), ("short", "0.5", "1"), ("short", "-0.5", "0"), ("short", "", "0"),
    ("long", "-2147483648", "-2147483648"), ("long", "2147483647", "2147483647"), ("long", "1.49", "1"), ("long", "", "0"),
    ("int64", "-9223372036854775808", "-9223372036854775808"), ("int64", "+9223372036854775807", "9223372036854775807"),
    ("int64", "", "0"),
    ("double", "12.5", "12.5"), ("double", "1e3", "1000"), ("double", "-1.5E-3", "-0.0015"), ("double", ".1", "0.1"),
    ("double", "0.30000000000000004", "0.30000000000000004"), ("double", "1.7976931348623157e308", "1.7976931348623157e308"),
    ("double", "4.9e-324", "4.9e-324"), ("double", "123456789012345678", "123456789012345680"), ("double", "", "0"),
    ("float", "3.14", "3.14"), ("float", "0.1", "0.1"), ("float", "16777217", "16777217"), ("float", "", "0"),
    ("percent", "99.9", "99.9"), ("percent", "", "0"),
    ("date", "2026-02-03", "2026-02-03"), ("date", "2026/02/03", "2026-02-03"), ("date", " 2026-02-03 ", "2026-02-03"),
    ("date", "2026-02-03T23:30:00-05:00", "2026-02-04"), ("date", "2026-02-03 00:30+01", "2026-02-02"),
    ("date", "2024-02-29", "2024-02-29"), ("date", "0001-01-01", "0001-01-01"), ("date", "9999-12-31", "9999-12-31"),
    ("date", "", None),
    ("datetime", "2026-02-03", "2026-02-03 00:00:00.000"), ("datetime", "2026/02/03 04:05", "2026-02-03 04:05:00.000"),
    ("datetime", "2026-02-03T04:05:06", "2026-02-03 04:05:06.000"),
    ("datetime", "2026-02-03T04:05:06.789Z", "2026-02-03 04:05:06.789"),
    ("datetime", "2026-02-03 04:05:06.7899999Z", "2026-02-03 04:05:06.789"),
    ("datetime", "2026-02-03T04:05:06+02", "2026-02-03 02:05:06.000"),
    ("datetime", "2026-02-03T04:05:06+02:30", "2026-02-03 01:35:06.000"),
    ("datetime", "2026-02-03T04:05-0800", "2026-02-03 12:05:00.000"),
    ("datetime", "1770091506", "2026-02-03 04:05:06.000"), ("datetime", "-1", "1969-12-31 23:59:59.000"),
    ("datetime", "0", "1970-01-01 00:00:00.000"), ("datetime", "2026-03-29T02:30:00", "2026-03-29 02:30:00.000"),
    ("datetime", "9999-12-31T23:59:59.999Z", "9999-12-31 23:59:59.999"), ("datetime", "", None),
    ("datetimetz", "2026-02-03T04:05:06+01:00", "2026-02-03 03:05:06.000"), ("datetimetz", "", None),
    ("datetimenotz", "2026-02-03 04:05:06.25", "2026-02-03 04:05:06.250"),
    ("datetimenotz", "2026-02-03", "2026-02-03 00:00:00.000"), ("datetimenotz", "", None),
    ("time", "04:05", "04:05:00"), ("time", "23:59:59", "23:59:59"), ("time", " 00:00 ", "00:00:00"), ("time", "", None),
    ("timespan", "86400", "86400"), ("timespan", "-3600", "-3600"), ("timespan", "", "0"),
    ("uuid", "ABC12345", "ABC12345"), ("uuid", "0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114", "0b6f1c02-9d55-4a7e-8c3f-5f2d7a90e114"),
    ("uuid", " å ", " å "), ("uuid", "x" * 64, "x" * 64), ("uuid", "", None),
    ("enum", "red", "red"), ("enum", "no such colour", "no such colour"), ("enum", "", None),
    ("token", "a-b", "a-b"), ("token", "", None),
    ("blob", base64.b64encode(BYTES).decode(), BYTES), ("blob", "AA==", b"\0"), ("blob", " aG\nk= ", b"hi"), ("blob", "", None),
]
CAST, LONG = "CIN-100204", "CIN-100205"
# field, as written, the code; what lenient mode makes of it, if it forgives.
FORGIVEN_0, FORGIVEN_NULL, NEVER = "0", None, "never"
REFUSED = [
    ("string", "123456", LONG, NEVER), ("string", "åäöåä😀", LONG, NEVER), ("enum", "x" * 256, LONG, NEVER),
    ("boolean", "on", CAST, FORGIVEN_0), ("boolean", "1.5", CAST, FORGIVEN_0), ("boolean", "truee", CAST, FORGIVEN_0),
    ("byte", "128", CAST, NEVER), ("byte", "-129", CAST, NEVER), ("byte", "127.5", CAST, NEVER),
    ("byte", "twelve", CAST, FORGIVEN_0), ("byte", "1e1", CAST, FORGIVEN_0),
    ("short", "32768", CAST, NEVER), ("short", "0x10", CAST, FORGIVEN_0),
    ("long", "2147483648", CAST, NEVER), ("long", "1 000", CAST, FORGIVEN_0), ("long", "1,5", CAST, FORGIVEN_0),
    ("int64", "9223372036854775808", CAST, NEVER), ("int64", "1.0", CAST, FORGIVEN_0),
    ("double", "1e309", CAST, NEVER), ("double", "NaN", CAST, FORGIVEN_0), ("double", "Infinity", CAST, FORGIVEN_0),
    ("double", "1,000.5", CAST, FORGIVEN_0), ("float", "x", CAST, FORGIVEN_0), ("percent", "50%", CAST, FORGIVEN_0),
    ("date", "2026-02-30", CAST, FORGIVEN_NULL), ("date", "03/02/2026", CAST, FORGIVEN_NULL),
    ("date", "20260203", CAST, FORGIVEN_NULL),
    ("datetime", "2026-02-03T24:00", CAST, FORGIVEN_NULL), ("datetime", "yesterday", CAST, FORGIVEN_NULL),
    ("datetime", "2026-02-03T04:05+1", CAST, FORGIVEN_NULL), ("datetimetz", "now", CAST, FORGIVEN_NULL),
    ("datetimenotz", "2026-02-03T04:05Z", CAST, NEVER), ("datetimenotz", "2026-02-03T04:05+01:00", CAST, NEVER),
    ("time", "24:00", CAST, FORGIVEN_NULL), ("time", "4:05", CAST, FORGIVEN_NULL),
    ("timespan", "1:00", CAST, FORGIVEN_0), ("timespan", "1.5", CAST, FORGIVEN_0),
    ("uuid", "x" * 65, LONG, NEVER), ("uuid", "å" * 33, LONG, NEVER), ("uuid", "a&#9;b", CAST, NEVER),
    ("blob", "not base64!", CAST, NEVER), ("blob", "AAA", CAST, NEVER),
]

with Instance(start=False, workers=1) as c:
    c.deploy_text(SCHEMA)
    c.add_operator(c.LOGIN, c.PASSWORD, "ingest")
    c.start_pool()
    c.start_nginx()
    client = c.logon()
    expected = {}  # (name, field): what is stored

    def record(name, fields):
        """XML; a value that holds a reference is written as it is."""
        def escape(v):
            return v if "&#" in v else html.escape(v)
        attributes = "".join(f' {f}="{escape(v)}"' for f, v in fields.items() if f not in ELEMENTS)
        elements = "".join(f"<{f}>{escape(v)}</{f}>" for f, v in fields.items() if f in ELEMENTS)
        return f'<types xtkschema="dem:typesStg" _key="@name" name="{name}"{attributes}>{elements}</types>'

    def value(field, null, hexadecimal, text):
        if null == "1":
            return None
        if field == "blob":
            return bytes.fromhex(hexadecimal)
        if field in NUMBERS or field in ("date", "time", "seven") or field.startswith("datetime"):
            return text
        return bytes.fromhex(hexadecimal).decode()

    def stored(table, database, name=None):
        """{(name, field): value} of one record or of all."""
        columns = ", ".join(f"`{f}` IS NULL, HEX(`{f}`), {'NULL' if f == 'blob' else f'`{f}`'}" for f in FIELDS)
        found = {}
        for row in database(f"SELECT name, {columns} FROM `{table}`" + (f" WHERE name = '{name}'" if name else "")):
            for n, field in enumerate(FIELDS):
                assert (row[0], field) not in found, f"{row[0]} is there twice"
                found[row[0], field] = value(field, *row[1 + 3 * n:4 + 3 * n])
        return found

    def equal(field, got, want):
        if field in FLOATING and got is not None and want is not None:
            return float(got) == float(want)
        return got == want

    def check(found, name, field, want):
        got = found.get((name, field), "nothing")
        assert equal(field, got, want), f"{name} {field}: {str(got)[:200]!r} instead of {str(want)[:200]!r}"

    def expect(name, field, want):
        """Staged, and to be found in the view and in the cloud."""
        check(stored("dem_typesStg_log", c.staging, name), name, field, want)
        expected[name, field] = want

    def accepted(number, field, written, want):
        def run():
            name = f"a{number}"
            r = (client.ingest_ext if number % 2 else client.ingest)(record(name, {field: written}))
            assert r.status == 200, r
            expect(name, field, want)
        return (f"6_2 {field} {written[:40]!r}", run)

    def refused(field, written, code, lenient):
        def run():
            before = c.pending("dem_types")
            r = client.ingest(record("refused", {field: written}))
            assert r.status == 500 and r.fault[2].startswith(code + " "), r
            assert f"'{field}'" in r.fault[2].splitlines()[0], r.fault
            assert len(written) < 4 or written not in r.text, "a caller's value in a fault (R3.20)"
            assert c.pending("dem_types") == before
        return (f"6_2 refused: {field} {written[:40]!r}", run)

    def reload(**soap):
        c.settings["soap"] = {**soap, "instance_name": f"reload{len(expected)}"}
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the new configuration",
                 lambda: f"'reload{len(expected)}'" in c.client().request("GET", "/r/test").text)

    def section_6_2_lenient_mode():
        reload(cast_mode="lenient")
        for number, (field, written, code, lenient) in enumerate(REFUSED):
            r = client.ingest(record(f"l{number}", {field: written}))
            if lenient == NEVER:
                assert r.status == 500 and r.fault[2].startswith(code + " "), (field, written, r)
                continue
            assert r.status == 200, (field, written, r)
            expect(f"l{number}", field, lenient)
        reload(cast_mode="strict")

    def all_types_in_one_record():
        last = {field: (written, want) for field, written, want in ACCEPTED if written}
        assert set(last) == set(ATTRIBUTES) | set(ELEMENTS), "a type is missing"
        r = client.ingest(record("all", {f: written for f, (written, _) in last.items()}))
        assert r.status == 200, r
        for field, (_, want) in last.items():
            expect("all", field, want)

    def R6_1_R6_4_absent_and_empty():
        assert client.ingest(record("absent", {})).status == 200
        assert client.ingest(record("empty", {f: "" for f in FIELDS})).status == 200
        absent = stored("dem_typesStg_log", c.staging, "absent")
        for field in FIELDS:
            expect("empty", field, "0" if field in NUMBERS or field == "seven" else None)
            check(absent, "absent", field, None)

    def all_of_it_is_shown_by_the_view():
        assert len(expected) > len(ACCEPTED)
        found = stored("dem_typesStg", c.staging)
        for (name, field), want in expected.items():
            check(found, name, field, want)

    def all_of_it_reaches_the_cloud():
        c.sync()
        assert c.pending("dem_types") == 0
        found = stored("dem_types", c.cloud)
        for (name, field), want in expected.items():
            check(found, name, field, want)
        for field in FIELDS:  # R5.11: numbers and booleans are never NULL in the cloud
            check(found, "absent", field, {"seven": "7", "word": "none"}.get(field, "0" if field in NUMBERS else None))

    def R6_1_an_update_leaves_alone_what_is_absent():
        last = {field: want for field, written, want in ACCEPTED if written}
        assert client.ingest(record("all", {"byte": "9", "memo": "other"})).status == 200
        c.sync()
        found = stored("dem_types", c.cloud, "all")
        for field, want in {**last, "byte": "9", "memo": "other", "seven": "7", "word": "none"}.items():
            check(found, "all", field, want)

    def section_6_2_the_configured_zone():
        # Rules of zones are read at the start of a process.
        c.stop_pool()
        c.settings["soap"] = {"timezone": "Europe/Stockholm"}
        c.write_conf()
        c.start_pool()
        for n, (field, written, want) in enumerate((
                ("datetime", "2026-02-03T04:05:06", "2026-02-03 03:05:06.000"),
                ("datetime", "2026-07-03", "2026-07-02 22:00:00.000"),
                ("datetime", "2026-07-03T04:05:06Z", "2026-07-03 04:05:06.000"),
                ("datetime", "2026-07-03T04:05:06+00", "2026-07-03 04:05:06.000"),
                ("datetime", "1770091506", "2026-02-03 04:05:06.000"),
                ("datetimetz", "2026-07-03 04:05", "2026-07-03 02:05:00.000"),
                ("datetimenotz", "2026-07-03 04:05", "2026-07-03 04:05:00.000"),
                ("date", "2026-07-03T01:00", "2026-07-02"), ("date", "2026-07-03", "2026-07-03"),
                ("time", "04:05", "04:05:00"))):
            assert client.ingest(record(f"z{n}", {field: written})).status == 200
            expect(f"z{n}", field, want)

    sys.exit(main([accepted(n, *row) for n, row in enumerate(ACCEPTED)] + [refused(*row) for row in REFUSED]
                  + [(f.__name__, f) for f in (section_6_2_lenient_mode, all_types_in_one_record, R6_1_R6_4_absent_and_empty,
                                               all_of_it_is_shown_by_the_view, all_of_it_reaches_the_cloud, R6_1_an_update_leaves_alone_what_is_absent,
                                               section_6_2_the_configured_zone)]))
