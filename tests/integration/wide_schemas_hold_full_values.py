#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R5.20: as many fields of a type as a schema can have are deployed, staged, replicated and changed with
values of full length; one field more is refused at the deployment, with nothing half made."""
import base64
import re
import subprocess
import sys

import campaign
from campaign import Instance, main, wait_for

FACE, RING = "\U0001f600", "\u00e5"


def texts(length):
    """Full length in characters of 1, 2 and 4 bytes, and what stays in the page as long as it can."""
    values = ["a" * length, RING * length, FACE * length]
    return values + ([FACE * 10] if 10 <= length <= 40 else [])


def blob(n):
    raw = bytes(range(256)) * n
    return base64.b64encode(raw).decode()


# What follows name="..." of the attribute; values as a document has them and as SQL prints them.
STRING = {n: (f'type="string" length="{n}"', [(v, v) for v in texts(n)]) for n in (1, 4, 9, 10, 20, 30, 40, 41, 63, 64,
                                                                                100, 255, 1000)}
DEFAULT = ("", [(v, v) for v in texts(255)])
LONG = ('type="string" length="5000"', [(v, v) for v in texts(300)])  # a call may have 16 MiB, 350 fields share it
MEMO = ('type="memo"', [("m" * 3000, "m" * 3000), (FACE * 500, FACE * 500)])
BLOB = ('type="blob"', [(blob(1), blob(1)), (blob(4), blob(4))])
DATETIME = ('type="datetime"', [("2026-10-25 01:02:03.456Z", "2026-10-25 01:02:03.456"),
                                ("9999-12-31 23:59:59.999Z", "9999-12-31 23:59:59.999")])
DATE = ('type="date"', [("2026-10-25", "2026-10-25"), ("9999-12-31", "9999-12-31")])
TIME = ('type="time"', [("23:59:59", "23:59:59"), ("00:00:01", "00:00:01")])
DOUBLE = ('type="double"', [("12345.25", "12345.25"), ("-0.5", "-0.5")])
INT64 = ('type="int64"', [("9223372036854775807", "9223372036854775807"), ("-1", "-1")])
INT = ('type="long"', [("2147483647", "2147483647"), ("-1", "-1")])
SHORT = ('type="short"', [("32767", "32767"), ("-1", "-1")])
BYTE = ('type="byte"', [("127", "127"), ("-1", "-1")])
BOOLEAN = ('type="boolean"', [("true", "1"), ("false", "0")])
UUID = ('type="uuid"', [(v, v) for v in ("b81c45ea-5b34-4b4b-9a3d-0f7a1c6e2d10", "u" * 64, FACE * 10)])
ENUM = ('type="string" length="12" enum="colour"', [(v, v) for v in ("red", "ultramarines")])
ALL = [DEFAULT, STRING[4], STRING[30], STRING[64], LONG, MEMO, BLOB, DATETIME, DATE, TIME, DOUBLE, INT64, INT, SHORT,
       BYTE, BOOLEAN, UUID, ENUM]

KEYS = ('<key name="pair"><keyfield xpath="@f0"/><keyfield xpath="@f1"/></key>'
        + "".join(f'<key name="k{i}"><keyfield xpath="@f{i}"/></key>' for i in range(2, 12))
        + "".join(f'<dbindex name="i{i}"><keyfield xpath="@f{i}"/></dbindex>' for i in range(20, 40)))

# name -> the types of its fields, in turn, and what else is in it
KEYED = [t for t in ALL if t not in (MEMO, BLOB)]
KINDS = {"default": ([DEFAULT], ""), "keyed": ([DEFAULT], KEYS), "halves": ([DEFAULT, STRING[20]], ""),
         "shorts": ([STRING[n] for n in (4, 9, 20, 63)], ""), "mixture": (ALL, ""), "keyedMixture": (KEYED, KEYS)}
KINDS.update({f"s{n}": ([STRING[n]], "") for n in (9, 10, 40, 63, 1000)})
KINDS.update({n: ([t], "") for n, t in (("long", LONG), ("memo", MEMO), ("blob", BLOB), ("datetime", DATETIME),
                                        ("double", DOUBLE), ("byte", BYTE), ("uuid", UUID))})
# A primary key of text never leaves its page.
KINDS.update({f"key{n}": ([DEFAULT], f'<key name="own" internal="true"><keyfield xpath="@own"/></key>'
                          f'<attribute name="own" type="string" length="{n}"/>') for n in (255, 768)})


def types(kind, count):
    cycle = KINDS[kind][0]
    return [cycle[i % len(cycle)] for i in range(count)]


def source(kind, count, staged=True):
    own = kind.startswith("key") and kind[3:].isdigit()
    head = "" if own else 'autopk="true" autouuid="true"'
    head += ' autoStg="true" dataSource="nms:extAccount:ffda"' if staged else ' replicate="true"'
    return (f'<srcSchema namespace="w" name="{kind}"><enumeration name="colour" basetype="string">'
            '<value name="red" value="red"/><value name="ultramarines" value="ultramarines"/></enumeration>'
            f'<element name="{kind}" {head}>{KINDS[kind][1]}'
            + "".join(f'<attribute name="f{i}" {t[0]}/>' for i, t in enumerate(types(kind, count)))
            + "</element></srcSchema>")


with Instance() as c:
    widest = {}

    def deploys(kind, count):
        """Whether the schema is accepted; asks no database."""
        path = c.folder / "asked.xml"
        path.write_text(source(kind, count))
        return subprocess.run([campaign.BUILD / "tests/integration/ddl_print", path], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def find_widest(kind):
        low, high = 45, 400
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if deploys(kind, middle) else (low, middle - 1)
        return low

    def tables():
        """Not from COLUMNS, which opens every view."""
        return c.db.sql("SELECT t.NAME, c.NAME, c.MTYPE, c.LEN FROM information_schema.INNODB_SYS_TABLES t"
                        " JOIN information_schema.INNODB_SYS_COLUMNS c USING (TABLE_ID)"
                        " WHERE t.NAME LIKE 'stg/%' OR t.NAME LIKE 'cloud/%' ORDER BY 1, c.POS")

    def escape(text):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")

    def document(kind, row, name="id"):
        """Record ROW of KIND: its fields have their value number ROW, or their last."""
        fields = " ".join(f'f{i}="{escape(t[1][min(row, len(t[1]) - 1)][0])}"'
                          for i, t in enumerate(types(kind, widest[kind])))
        return f'<r xtkschema="w:{kind}Stg" _key="@{name}" {name}="{key(kind, row)}" {fields}/>'

    def key(kind, row):
        n = int(kind[3:]) if key_name(kind) == "own" else 16
        return FACE * (n - 1) + str(row)

    def key_name(kind):
        return "own" if kind.startswith("key") and kind[3:].isdigit() else "id"

    def rows(kind):
        return max(len(t[1]) for t in KINDS[kind][0])

    def expect(kind, row, value_of):
        wanted = [t[1][min(value_of, len(t[1]) - 1)][1] for t in types(kind, widest[kind])]
        columns = ", ".join(f"REPLACE(TO_BASE64(f{i}), '\\n', '')" if t is BLOB else f"f{i}"
                            for i, t in enumerate(types(kind, widest[kind])))
        found = c.cloud(f"SELECT {columns} FROM w_{kind} WHERE {key_name(kind)} = '{key(kind, row)}'")
        assert len(found) == 1, (kind, row, len(found))
        differing = [i for i, (a, b) in enumerate(zip(found[0], wanted)) if a != b]
        assert not differing, (kind, row, f"f{differing[0]}", found[0][differing[0]], wanted[differing[0]])

    def R5_20_as_many_fields_as_fit_are_deployed():
        files = []
        for kind in KINDS:
            widest[kind] = find_widest(kind)
            files.append(c.folder / f"{kind}.xml")
            files[-1].write_text(source(kind, widest[kind]))
        print("   ", ", ".join(f"{k} {n}" for k, n in widest.items()), flush=True)
        for kind in ("default", "keyed", "memo", "blob", "long", "datetime", "double", "byte", "s63", "s1000"):
            assert widest[kind] == 349, (kind, widest[kind])  # and the primary key
        assert widest["s10"] == widest["s40"] == widest["uuid"] == 189 and widest["key255"] == 318, widest
        p = c.admin("schema", "deploy", *files, check=False)
        assert p.returncode == 0, p.stderr

    def R5_20_one_field_more_is_refused_and_leaves_nothing():
        before = tables()
        for kind in KINDS:
            for name in (kind, "more"):  # a deployed schema that grows, and a new one
                text = source(kind, widest[kind] + 1).replace(f'name="{kind}"', f'name="{name}"')
                p = c.deploy_text(text, check=False)
                assert p.returncode == 1 and f"w:{name}" in p.stderr and "R5.20" in p.stderr, (kind, p)
                assert re.search(r"\b\d+ fields.*(8125|350)", p.stderr) and "remove fields" in p.stderr, p.stderr
                assert "Row size" not in p.stderr and "ERROR" not in p.stderr, p.stderr
        assert tables() == before

    def R5_20_records_of_full_length_are_staged_and_replicated():
        client = c.logon()
        wait_for("the pool knows the schemas", lambda: client.ingest_ext(
            document("byte", 0)).status == 200, 3)
        for kind in KINDS:
            for row in range(rows(kind)):
                r = client.ingest_ext(document(kind, row, key_name(kind)))
                assert r.status == 200, (kind, row, r)
        p = c.sync(check=False)
        assert p.returncode == 0, p.stderr
        for kind in KINDS:
            for row in range(rows(kind)):
                expect(kind, row, row)

    def R5_20_records_of_full_length_are_changed():
        client = c.logon()
        for kind in KINDS:
            for row in range(rows(kind)):
                changed = document(kind, rows(kind) - 1 - row, key_name(kind)).replace(
                    key(kind, rows(kind) - 1 - row), key(kind, row), 1)
                r = client.ingest_ext(changed)
                assert r.status == 200, (kind, row, r)
        p = c.sync(check=False)
        assert p.returncode == 0, p.stderr
        for kind in KINDS:
            for row in range(rows(kind)):
                expect(kind, row, rows(kind) - 1 - row)

    def R5_20_a_record_that_does_not_fit_is_refused_alone():
        """Texts of 30 bytes stay in the page: each of two calls fits, the record that they come to does not."""
        def some(first, last, row):
            fields = " ".join(f'f{i}="{"t" * 30}"' for i in range(first, last))
            return f'<r xtkschema="w:defaultStg" _key="@id" id="{row}" {fields}/>'
        warned = c.deploy(c.folder / "default.xml").stderr
        assert re.search(r"w:default: a record in which more than \d+ of the longer texts have 21 to 40 bytes", warned), warned
        client = c.logon()
        r = client.ingest_ext(some(0, 349, "whole"))
        assert r.status == 500 and "needs more room than a row has, nothing was stored" in r.fault[2], r
        assert c.pending("w_default") == 0
        for document_ in (some(0, 200, "parts"), some(0, 5, "other"), some(149, 349, "parts")):
            assert client.ingest_ext(document_).status == 200
        p = c.sync(check=False)
        assert p.returncode == 3, p
        assert c.cloud("SELECT f4, f5 FROM w_default WHERE id = 'other'") == [["t" * 30, None]]
        assert "Row size too large" in c.admin("rejects").stdout

    def R5_20_the_same_again_changes_no_table():
        before = tables()
        c.admin("schema", "deploy", *(c.folder / f"{kind}.xml" for kind in ("default", "shorts", "mixture")))
        assert tables() == before

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
