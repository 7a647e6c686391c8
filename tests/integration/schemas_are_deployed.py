#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""campaign-admin schema deploy: tables are made and brought up to a changed source, never narrowed,
and nothing that is pending is dropped."""
import sys

from campaign import Instance, main, wait_for


def source(fields, name="thing", staged=True, more=""):
    head = 'autoStg="true" dataSource="nms:extAccount:ffda"' if staged else 'dataSource="nms:extAccount:ffda"'
    return (f'<srcSchema namespace="cus" name="{name}" label="Thing"><element name="{name}" autopk="true"'
            f' autouuid="true" {head} {more}>{fields}</element></srcSchema>')


STRING = '<attribute name="{}" type="string" length="{}"/>'

with Instance() as c:
    def deploy(text, status=0):
        p = c.deploy_text(text, check=False)
        assert p.returncode == status, (p.returncode, p.stdout, p.stderr)
        return p.stderr

    def types(database, table):
        return {r[0]: r[1] for r in database(f"SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS"
                                             f" WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'")}

    def R5_15_log_view_and_cloud_table():
        deploy(source(STRING.format("a", 20) + '<attribute name="n" type="byte"/>'))
        assert {"_seq", "_operation", "_key", "_fields", "_at", "_operator", "id", "a", "n"} <= types(
            c.staging, "cus_thingStg_log").keys()
        assert types(c.cloud, "cus_thing") == {"id": "varchar(64)", "a": "varchar(20)", "n": "tinyint(4)"}
        assert c.staging("SELECT * FROM cus_thingStg") == []

    def the_same_again_changes_nothing():
        before = types(c.cloud, "cus_thing")
        deploy(source(STRING.format("a", 20) + '<attribute name="n" type="byte"/>'))
        assert types(c.cloud, "cus_thing") == before

    def columns_are_widened_and_added_and_keys_get_their_index():
        deploy(source('<key name="a"><keyfield xpath="@a"/></key>' + STRING.format("a", 200)
                      + '<attribute name="n" type="long"/>' + STRING.format("b", 30)))
        for database, table in ((c.cloud, "cus_thing"), (c.staging, "cus_thingStg_log"), (c.staging, "cus_thingStg_rej")):
            t = types(database, table)
            assert (t["a"], t["n"], t["b"]) == ("varchar(200)", "int(11)", "varchar(30)"), (table, t)
        columns = [r[4] for r in c.cloud("SHOW INDEX FROM cus_thing")]
        assert "a" in columns, columns

    def nothing_is_narrowed():
        assert "'a'" in deploy(source(STRING.format("a", 10)), 1)
        assert types(c.cloud, "cus_thing")["a"] == "varchar(200)"

    def many_short_strings_fit():
        deploy(source("".join(STRING.format(f"f{i}", 50) for i in range(60)), "wide"))
        client = c.logon()
        text = "\u00e5" * 50
        values = " ".join(f'f{i}="{text}"' for i in range(60))
        wait_for("the pool knows the schema (R5.12a)",
                 lambda: client.ingest(f'<w xtkschema="cus:wideStg" {values}/>').status == 200, 2)
        r = client.ingest(f'<w xtkschema="cus:wideStg" f0="{"x" * 51}"/>')
        assert "CIN-100205" in r.fault[2], r
        c.sync()
        assert c.cloud("SELECT COUNT(*), MIN(CHAR_LENGTH(f59)) FROM cus_wide") == [["1", "50"]]

    def two_schemas_do_not_share_a_table():
        assert "cus:thing" in deploy(source(STRING.format("a", 10), "other", more='sqltable="cus_thing"'), 1)

    def a_bad_source_is_refused_and_the_old_one_stays():
        assert deploy("<srcSchema", 1)
        assert "bin" in deploy(source('<attribute name="a" type="bin"/>'), 1)
        assert "cus:thing" in c.admin("schema", "list").stdout

    def R5_19_autoStg_is_removed_once_nothing_is_pending():
        client = c.logon()
        assert client.ingest('<t xtkschema="cus:thingStg" a="x"/>').status == 200
        fields = STRING.format("a", 200) + '<attribute name="n" type="long"/>'
        assert "pending" in deploy(source(fields, staged=False), 1)
        c.sync()
        deploy(source(fields, staged=False))
        assert not types(c.staging, "cus_thingStg_log")
        assert c.cloud("SELECT a FROM cus_thing") == [["x"]]

    sys.exit(main([(f.__name__, f) for f in (
        R5_15_log_view_and_cloud_table, the_same_again_changes_nothing,
        columns_are_widened_and_added_and_keys_get_their_index, nothing_is_narrowed, many_short_strings_fit,
        two_schemas_do_not_share_a_table, a_bad_source_is_refused_and_the_old_one_stays,
        R5_19_autoStg_is_removed_once_nothing_is_pending)]))
