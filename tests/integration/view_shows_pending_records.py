#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The view of pending records shows what the staged changes come to, one after the other.

Rows are written into the log by hand, and the view is compared, column by column, with a
model that applies the changes one by one: named cases first, then random sequences.  The
seed is printed; CAMPAIGN_TEST_SEED repeats one.  CAMPAIGN_TEST_SOCKET names a server to use
instead of a private one.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import campaign

INSERT, UPSERT, UPDATE, DELETE = 1, 2, 3, 4
SEQUENCES = int(os.environ.get("CAMPAIGN_TEST_SEQUENCES", "150"))

PERSON = """
<srcSchema namespace="dem" name="person" label="Person">
  <element name="person" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="email"><keyfield xpath="@email"/></key>
    <key name="code"><keyfield xpath="@code"/><keyfield xpath="@shop"/></key>
    <attribute name="email" type="string" length="80"/>
    <attribute name="code" type="string" length="20"/>
    <attribute name="shop" type="long"/>
    <attribute name="testcol1" type="string" length="255"/>
    <attribute name="amount" type="double"/>
    <attribute name="seen" type="datetime"/>
    <attribute name="colour" type="byte" default="3"/>
    <attribute name="language" type="string" length="2" default="'sv'"/>
    <element name="location"><attribute name="city" type="string" length="50"/></element>
    <element name="folder" type="link" target="xtk:folder"/>
  </element>
</srcSchema>
"""
# Rows and keys that MariaDB would refuse if they were written down as they are.
DEMANDING = """
<srcSchema namespace="dem" name="demanding">
  <element name="demanding" autopk="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="wide"><keyfield xpath="@k1"/><keyfield xpath="@k2"/><keyfield xpath="@n"/></key>
    <key name="Wide"><keyfield xpath="@k3"/></key>
    <key name="vast"><keyfield xpath="@k4"/><keyfield xpath="@k1"/></key>
    <attribute name="k1" length="700"/><attribute name="k2" length="300"/>
    <attribute name="k3" length="4000"/><attribute name="k4" length="16000"/>
    <attribute name="n" type="long"/>
    %s
    <attribute name="d1" type="date" notNull="true"/>
    <attribute name="d2" type="datetime" default="GetDate()" notNull="true"/>
    <attribute name="d3" type="time" notNull="true"/>
    <attribute name="d4" type="date" default="GetDate()"/>
    <attribute name="u" type="uuid" default="NewUuid()"/>
    <attribute name="b" type="blob"/>
    <element name="m" type="memo" default="'it is'"/>
  </element>
</srcSchema>
""" % "".join(f'<attribute name="a{n}" length="{n * 13}"/>' for n in range(1, 81))
FIELDS = ["id", "email", "code", "shop", "testcol1", "amount", "seen", "colour", "language",
          "location/@city", "folder-id"]
DEFAULTS = {"colour": "3", "language": "sv"}
OURS = ["_seq", "_operation", "_key", "_changes", "_at", "_operator"]


def column(field):
    return "`%s`" % field.replace("/@", "_")


class Change:
    """One row of the log.  Fields in given order; `candidate` and `links` as staged."""

    def __init__(self, operation, key, candidate=None, links=None, **given):
        self.operation, self.key, self.candidate, self.links = operation, key, candidate, links or {}
        self.given = {k.replace("city", "location/@city").replace("folder", "folder-id"): v
                      for k, v in given.items()}
        self.seq = 0

    def key_fields(self):
        return [k.replace("@", "", 1) if k.startswith("@") else k for k in self.key.split(",") if k]

    def identity(self, field):
        """What a key compares: the value, or how it is to be looked up (R7.7)."""
        if field in self.links and self.given.get(field) is None:
            return ("link", self.links[field])
        return self.given.get(field)

    def row(self, seq):
        self.seq = seq
        cells = {f: self.given.get(f) for f in FIELDS}
        if self.candidate:
            cells["id"] = self.candidate
        named = ",".join(f for f in FIELDS if f in self.given)
        links = "".join(f"@{f}\txtk:folder\t@name\t{v}\n" for f, v in self.links.items()) or None
        values = [seq, self.operation, self.key, named, links, f"op{seq}",
                  f"2026-01-01 00:00:00.{seq:06d}"] + [cells[f] for f in FIELDS]
        return "(%s)" % ",".join(literal(v) for v in values)


def literal(v):
    if v is None:
        return "NULL"
    return str(v) if isinstance(v, int) else "'" + v.replace("\\", "\\\\").replace("'", "''") + "'"


# -- the model: one change after the other -----------------------------------------------------
class Record:
    def __init__(self):
        self.values, self.kinds, self.changes, self.deleted = {}, set(), [], False

    def carries(self, change):
        return all(f in self.values and self.values[f] == change.identity(f)
                   for f in change.key_fields())

    def write(self, change):
        self.kinds.add(change.operation)
        for field in change.given:
            if field != "id":
                self.values[field] = change.identity(field)
        brought = change.candidate or change.given.get("id")
        if brought is not None and "id" not in self.values:
            if change.operation != UPDATE or "id" in change.key_fields():
                self.values["id"] = brought

    def apply(self, change):
        self.changes.append(change)
        if change.operation == DELETE:
            self.deleted, self.kinds = True, set()
            self.values = {f: change.identity(f) for f in change.key_fields()}
        elif not self.deleted:
            self.write(change)
        elif change.operation != UPDATE:
            self.deleted, self.values = False, {}
            self.write(change)

    def shown(self):
        operation = ("delete" if self.deleted else "insert" if INSERT in self.kinds else
                     "insertOrUpdate" if UPSERT in self.kinds else "update")
        values = {f: None if isinstance(v, tuple) else v for f, v in self.values.items()}
        if operation == "insert":
            values = {**DEFAULTS, **values}
        last = self.changes[-1]
        return [values.get(f) for f in FIELDS] + [
            str(last.seq), operation, last.key, str(len(self.changes)),
            f"2026-01-01 00:00:00.{last.seq:06d}", f"op{last.seq}"]


def play(changes):
    records = []
    for change in changes:
        found = None
        if change.key:
            found = (next((r for r in records if not r.deleted and r.carries(change)), None) or
                     next((r for r in records if r.deleted and r.carries(change)), None))
        if found is None:
            found = Record()
            records.append(found)
        found.apply(change)
    return sorted((r.shown() for r in records), key=lambda row: int(row[len(FIELDS)]))


# -- the database ------------------------------------------------------------------------------
class Staging:
    NAME = "campaign_view_test"

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="campaign-view-")
        self.db = campaign.Database(self.folder.name)
        self.own = "CAMPAIGN_TEST_SOCKET" not in os.environ

    def __enter__(self):
        if self.own:
            self.db.create()
            self.db.start()
        else:
            self.db.socket = os.environ["CAMPAIGN_TEST_SOCKET"]
        self.db.sql(f"DROP DATABASE IF EXISTS {self.NAME}; CREATE DATABASE {self.NAME}")
        self.deploy(PERSON)
        return self

    def deploy(self, schema):
        source = pathlib.Path(self.folder.name) / "schema.xml"
        source.write_text(schema)
        printed = subprocess.run([campaign.BUILD / "tests/integration/ddl_print", source],
                                 check=True, capture_output=True, text=True).stdout
        self.sql(printed.replace("\n;;\n", ";\n"))

    def __exit__(self, *_):
        self.db.sql(f"DROP DATABASE {self.NAME}")
        if self.own:
            self.db.stop()
        self.folder.cleanup()

    def sql(self, statement):
        return self.db.sql("SET time_zone = '+00:00';\n" + statement, self.NAME)

    def staged(self, changes):
        rows = ",\n".join(c.row(n) for n, c in enumerate(changes, 1))
        return (f"DELETE FROM dem_personStg_log; INSERT INTO dem_personStg_log (_seq, _operation, _key,"
                f" _fields, _links, _operator, _at, {', '.join(map(column, FIELDS))}) VALUES {rows};")

    def answers(self, sequences):
        """What the view shows for each sequence, asked in one go."""
        columns = ", ".join([column(f) for f in FIELDS] + OURS)
        out = self.sql("\n".join(
            f"{self.staged(s)} SELECT 'sequence'; SELECT {columns} FROM dem_personStg ORDER BY _seq;"
            for s in sequences))
        answers = []
        for row in out:
            if row == ["sequence"]:
                answers.append([])
            else:
                answers[-1].append(row)
        return answers


def tell(changes):
    return "\n".join(f"  {c.seq} op {c.operation} _key={c.key} candidate={c.candidate} links={c.links} {c.given}"
                     for c in changes)


def compare(name, changes, shown):
    expected = play(changes)
    if shown != expected:
        names = FIELDS + OURS
        rows = lambda rs: "\n".join("  " + str({n: v for n, v in zip(names, r) if v is not None}) for r in rs)
        raise AssertionError(f"{name}\nchanges\n{tell(changes)}\nview\n{rows(shown)}\nmodel\n{rows(expected)}")


# -- cases -------------------------------------------------------------------------------------
def C(operation, key="", **given):
    return Change(operation, key, **given)


CASES = {
    "nothing pending": ([], 0),
    "a partial update keeps what it does not name": ([
        C(INSERT, "@id", id="A", email="a", testcol1="x", amount="12.5", city="Malmö"),
        C(UPSERT, "@id", id="A", amount="9.95"),
        C(UPDATE, "@id", id="A", testcol1="y")], 1),
    "an empty value empties": ([
        C(INSERT, "@id", id="A", email="a", testcol1="x", colour="0"),
        C(UPDATE, "@id", id="A", testcol1=None, language=None)], 1),
    "absent takes the default only where the row is inserted": ([
        C(INSERT, "@id", id="A"), C(UPSERT, "@id", id="B"), C(UPDATE, "@id", id="D")], 3),
    "R8.6 a deletion shows its key alone": ([
        C(INSERT, "@id", id="A", email="a", testcol1="x"), C(DELETE, "@id", id="A")], 1),
    "R8.6 a deletion of what is not pending": ([C(DELETE, "@email", email="a")], 1),
    "R8.8 written anew after a deletion": ([
        C(INSERT, "@id", id="A", email="a", testcol1="x"),
        C(DELETE, "@id", id="A"),
        C(UPSERT, "@id", id="A", amount="1")], 1),
    "R8.8 an insert after a deletion takes defaults": ([
        C(UPSERT, "@id", id="A", colour="1"), C(DELETE, "@id", id="A"), C(INSERT, "@id", id="A")], 1),
    "an update after a deletion does nothing": ([
        C(INSERT, "@id", id="A", testcol1="x"), C(DELETE, "@id", id="A"),
        C(UPDATE, "@id", id="A", testcol1="y")], 1),
    "nor does it when the record is written anew later": ([
        C(DELETE, "@id", id="A"), C(UPDATE, "@id", id="A", testcol1="y", amount="1"),
        C(INSERT, "@id", id="A", testcol1="z"), C(UPDATE, "@id", id="A", amount="2")], 1),
    "two keys, one person": ([
        C(INSERT, "@id", id="X", email="a"), C(UPSERT, "@email", email="a", testcol1="x"),
        C(UPDATE, "@id", id="X", amount="1")], 1),
    "two keys in the other order are two records": ([
        C(UPSERT, "@email", email="a", testcol1="x"), C(INSERT, "@id", id="X", email="a")], 2),
    "by e-mail first, bringing the id": ([
        C(UPSERT, "@email", email="a", id="X"), C(UPDATE, "@id", id="X", testcol1="x")], 1),
    "e-mail changed in between": ([
        C(INSERT, "@id", id="X", email="a"), C(UPSERT, "@email", email="a", testcol1="x"),
        C(UPDATE, "@id", id="X", email="b"), C(UPSERT, "@email", email="a", testcol1="y"),
        C(UPSERT, "@email", email="b", amount="2")], 2),
    "e-mail changed and changed back": ([
        C(INSERT, "@id", id="X", email="a"), C(UPDATE, "@id", id="X", email="b"),
        C(UPSERT, "@email", email="a", testcol1="other"), C(UPDATE, "@id", id="X", email="a"),
        C(UPSERT, "@email", email="a", amount="2")], 2),
    "e-mail emptied": ([
        C(INSERT, "@id", id="X", email="a"), C(UPDATE, "@id", id="X", email=None),
        C(UPSERT, "@email", email="a", testcol1="x")], 2),
    "deleted by id, then found by e-mail no more": ([
        C(INSERT, "@id", id="X", email="a"), C(DELETE, "@id", id="X"),
        C(UPSERT, "@email", email="a", testcol1="x")], 2),
    "deleted by e-mail, then the id is a new record": ([
        C(INSERT, "@id", id="X", email="a"), C(DELETE, "@email", email="a"),
        C(UPSERT, "@id", id="X", testcol1="x"), C(INSERT, "@email", email="a", amount="1")], 2),
    "R7.13 a candidate shows and is found": ([
        C(INSERT, "@email", email="a", candidate="made-1"), C(INSERT, "@email", email="a", candidate="made-2"),
        C(UPDATE, "@id", id="made-1", testcol1="x"), C(UPDATE, "@id", id="made-2", testcol1="y")], 2),
    "R7.13a an id in the document does not replace the record's": ([
        C(INSERT, "@id", id="X", email="a"), C(UPSERT, "@email", email="a", id="Y"),
        C(UPSERT, "@id", id="Y", testcol1="y"), C(UPSERT, "@id", id="X", testcol1="x")], 2),
    "R7.13a an update never brings an id": ([
        C(UPDATE, "@email", email="a", id="Y"), C(UPSERT, "@id", id="Y", testcol1="y")], 2),
    "without key every call is a record": ([
        C(INSERT, "", testcol1="same"), C(INSERT, "", testcol1="same"), C(INSERT, "", email="a"),
        C(UPSERT, "@email", email="a", testcol1="x")], 3),
    "R6.5 key values compare as bytes": ([
        C(UPSERT, "@email", email="a"), C(UPSERT, "@email", email="A"), C(UPSERT, "@email", email="a "),
        C(UPSERT, "@email", email="å"), C(UPSERT, "@email", email="a", testcol1="it's \\ 100%")], 4),
    "values with the marks that the view uses itself": ([
        C(UPSERT, "@email", email="}#1{;0=-;"), C(UPSERT, "@id", id="$1\\1", email="}#1{;0=-;"),
        C(UPSERT, "@email", email="}#1{;0=-;", testcol1="a,b|c")], 2),
    "a key of two attributes, given in either order": ([
        C(UPSERT, "@code,@shop", code="K", shop="1"), C(UPSERT, "@shop,@code", code="K", shop="1", amount="3"),
        C(UPSERT, "@code,@shop", code="K", shop="2"), C(UPSERT, "@code,@shop", code="K", shop=None)], 3),
    "a key of two attributes changed by half": ([
        C(INSERT, "@id", id="X", code="K", shop="1"), C(UPDATE, "@code,@shop", code="K", shop="1", amount="1"),
        C(UPDATE, "@id", id="X", shop="2"), C(UPDATE, "@code,@shop", code="K", shop="1", amount="2")], 2),
    "a nested attribute as key": ([
        C(UPSERT, "location/@city", city="Lund"), C(UPSERT, "location/@city", city="Lund", amount="1")], 1),
    "R7.7 a foreign key that is looked up later is part of the key": ([
        C(UPSERT, "@email,@folder-id", email="a", folder=None, links={"folder-id": "one"}),
        C(UPSERT, "@email,@folder-id", email="a", folder=None, links={"folder-id": "two"}),
        C(UPSERT, "@email,@folder-id", email="a", folder=None, links={"folder-id": "one"}, testcol1="x"),
        C(UPSERT, "@email,@folder-id", email="a", folder="F")], 3),
    "two people with one address: the older one is found": ([
        C(INSERT, "@id", id="X", email="a"), C(INSERT, "@id", id="Y", email="a"),
        C(UPSERT, "@email", email="a", testcol1="x"), C(UPDATE, "@id", id="X", email="b"),
        C(UPSERT, "@email", email="a", testcol1="y")], 2),
    "a date-time and a number stay what they are": ([
        C(UPSERT, "@id", id="X", seen="2026-03-04 05:06:07.089", shop="-7", amount="0.1")], 1),
    "a hot key": ([C(UPSERT, "@id", id="X", testcol1=str(n), **({"amount": str(n)} if n % 7 == 0 else {}))
                   for n in range(1, 2501)], 1),
    "a hot person under two keys": ([
        C(UPSERT, "@id", id="X", email="a", testcol1=str(n)) if n % 2 else
        C(UPSERT, "@email", email="a", id="X", amount=str(n)) for n in range(1, 2502)], 1),
    "a hot person whose address changes": ([
        C(UPSERT, "@id", id="X", email=f"a{n // 2}") if n % 2 == 0 else
        C(UPSERT, "@email", email=f"a{n // 2}", testcol1=str(n)) for n in range(500)], 1),
}


def check_cases(staging):
    cases = {name: case for name, case in CASES.items() if case[0]}
    for (name, (changes, records)), shown in zip(cases.items(),
                                                 staging.answers([c for c, _ in cases.values()])):
        assert len(play(changes)) == records, f"{name}: the model itself has {len(play(changes))} records"
        compare(name, changes, shown)


def check_empty(staging):
    assert staging.sql("DELETE FROM dem_personStg_log; SELECT * FROM dem_personStg") == []


def check_columns(staging):
    got = [r[0] for r in staging.sql("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA ="
                                     " DATABASE() AND TABLE_NAME = 'dem_personStg' ORDER BY ORDINAL_POSITION")]
    assert got == [column(f).strip("`") for f in FIELDS] + OURS, got


def check_demanding(staging):
    staging.deploy(DEMANDING)
    staging.sql("INSERT INTO dem_demanding (id, k1) VALUES (1, REPEAT('å', 700))")
    assert staging.sql("SELECT n, d1, m, d2 > '2026-01-01', LENGTH(u) FROM dem_demanding") == [
        ["0", "1970-01-01", "it is", "1", "36"]]
    assert staging.sql("SELECT * FROM dem_demandingStg") == []


def check_types(staging):
    """The view's columns have the log's types."""
    # A view's DATETIME is told with a comment on its format behind it.
    types_of = lambda table: dict(staging.sql(
        "SELECT COLUMN_NAME, SUBSTRING_INDEX(COLUMN_TYPE, ' /*', 1) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
        f" AND TABLE_NAME = '{table}'"))
    log, view = types_of("dem_personStg_log"), types_of("dem_personStg")
    for f in FIELDS:
        name = column(f).strip("`")
        if f not in DEFAULTS:  # an IF with a constant widens a number
            assert log[name] == view[name], f"{name}: {log[name]} in the log, {view[name]} in the view"


# -- random sequences --------------------------------------------------------------------------
def random_sequence(dice, lists):
    """Few values, so that changes meet: up to 14 changes of people known by LISTS."""
    made, changes = [], []
    values = {"email": ["a", "b", "c"], "code": ["K", "L"], "shop": ["1", "2"]}
    for n in range(dice.randint(2, 14)):
        key = dice.choice(lists)
        operation = dice.choices([INSERT, UPSERT, UPDATE, DELETE], [3, 5, 3, 2])[0]
        given, fields = {}, Change(operation, key).key_fields()
        for f in fields:
            given[f] = dice.choice(["X", "Y"] + made) if f == "id" else dice.choice(values[f])
        if operation == DELETE:
            changes.append(C(operation, key, **given))
            continue
        for group in (["email"], ["code", "shop"]):
            if dice.random() < 0.4:
                for f in group:
                    if f not in given:
                        given[f] = dice.choice(values[f] + [None])
        if dice.random() < 0.5:
            given[dice.choice(["testcol1", "language"])] = dice.choice(["x", "y", None])
        candidate = None
        if "id" not in given:
            chance = dice.random()
            if chance < 0.35:
                given["id"] = dice.choice(["X", "Y"])
            elif chance < 0.6 and operation != UPDATE:
                candidate = f"made-{n}"
                made.append(candidate)
        changes.append(C(operation, key, candidate=candidate, **given))
    return changes


def check_random(staging, lists, dice):
    sequences = [random_sequence(dice, lists) for _ in range(SEQUENCES)]
    for n, (changes, shown) in enumerate(zip(sequences, staging.answers(sequences))):
        compare(f"random sequence {n}", changes, shown)


def check_many(staging, dice):
    """Sequences of different people in one log, interleaved, do not touch each other."""
    people = [random_sequence(dice, ["@id", "@email"]) for _ in range(200)]
    for person, changes in enumerate(people):
        for c in changes:
            for f in ("id", "email"):
                if c.given.get(f) is not None:
                    c.given[f] += f"-{person}"
            c.candidate = c.candidate and f"{c.candidate}-{person}"
    changes = [p[n] for n in range(14) for p in people if n < len(p)]
    compare("interleaved", changes, staging.answers([changes])[0])


def check_memory(staging):
    """No record is lost or split where the server's temporary tables have to leave memory on
    the way: in recursive queries MariaDB then loses a row (MDEV-40803)."""
    staging.sql("""
        DELETE FROM dem_personStg_log;
        INSERT INTO dem_personStg_log (_operation, _key, _fields, _operator, id, email)
          SELECT 1, '@id', 'id,email', 'op', CONCAT('P', seq), CONCAT('p', seq) FROM seq_1_to_4000;
        INSERT INTO dem_personStg_log (_operation, _key, _fields, _operator, email, testcol1)
          SELECT 2, '@email', 'email,testcol1', 'op', CONCAT('p', seq), 'x' FROM seq_1_to_4000;""")
    for limit in (16384, 60000, 100000, 150000, 300000):
        rows = staging.sql(f"SET tmp_memory_table_size = {limit}; SELECT COUNT(*), COUNT(id), COUNT(testcol1),"
                           " SUM(_changes) FROM dem_personStg")
        assert rows == [["4000", "4000", "4000", "8000"]], f"limit {limit}: {rows}"


def main():
    seed = int(os.environ.get("CAMPAIGN_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed}")
    try:
        with Staging() as staging:
            return campaign.main([
                ("columns are the schema's, then ours", lambda: check_columns(staging)),
                ("column types are the log's", lambda: check_types(staging)),
                ("long rows and keys", lambda: check_demanding(staging)),
                ("an empty log shows nothing", lambda: check_empty(staging)),
                ("named cases", lambda: check_cases(staging)),
                (f"{SEQUENCES} random sequences under two keys",
                 lambda: check_random(staging, ["@id", "@email"], random.Random(seed))),
                (f"{SEQUENCES} random sequences under three keys",
                 lambda: check_random(staging, ["@id", "@email", "@code,@shop"], random.Random(seed + 1))),
                ("many people in one log", lambda: check_many(staging, random.Random(seed + 2))),
                ("temporary tables that leave memory", lambda: check_memory(staging)),
            ])
    except campaign.Skip as e:
        print(e)
        return 77


if __name__ == "__main__":
    sys.exit(main())
