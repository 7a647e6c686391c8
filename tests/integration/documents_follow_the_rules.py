#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sections 5 to 8 of the protocol end to end: documents go in as a client writes them, and the cloud
table is what the rules say that it is."""
import json
import re
import subprocess
import sys

from campaign import BUILD, Instance, Session, main, wait_for

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

# Defaults of each kind, a natural key that may be half empty, a link to a staged schema.
THING = """<srcSchema namespace="t" name="thing" label="Thing">
  <element name="thing" autopk="true" autouuid="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="code"><keyfield xpath="@code"/></key>
    <key name="shelf" allowEmptyPart="true"><keyfield xpath="@row"/><keyfield xpath="@box"/></key>
    <attribute name="code" length="40"/>
    <attribute name="row"/><attribute name="box" type="long"/>
    <attribute name="colour" type="byte" default="3"/>
    <attribute name="word" default="'blue'"/>
    <attribute name="note"/>
    <attribute name="seen" type="datetime" default="GetDate()"/>
    <attribute name="born" type="date"/>
    <attribute name="tag" default="NewUuid()"/>
    <attribute name="ready" type="boolean" default="true"/>
    <element name="text" type="memo" xml="true"/>
    <element name="html" type="html" xml="true"/>
    <element name="maker" type="link" target="t:maker"/>
    <element name="parts" type="link" target="t:maker" unbound="true"/>
  </element>
</srcSchema>"""
MAKER = """<srcSchema namespace="t" name="maker" label="Maker">
  <element name="maker" autopk="true" autoStg="true" dataSource="nms:extAccount:ffda">
    <key name="name"><keyfield xpath="@name"/></key>
    <attribute name="name"/>
  </element>
</srcSchema>"""

with Instance() as c:
    c.deploy_text(MAKER, "maker.xml")
    c.deploy_text(THING, "thing.xml")
    client = c.logon()

    def known():
        r = client.ingest_ext('<x xtkschema="t:thing" _operation="none"/>')
        return r.status == 200
    wait_for("the schemas are known", known, 4)

    def document(attributes="", content="", schema="t:thingStg"):
        return f'<x xtkschema="{schema}" {attributes}>{content}</x>'

    def good(r):
        assert r.status == 200 and r.fault is None, r
        return r.element("pstrSUuids")

    def refused(r, code, text=""):
        assert r.fault and r.fault[2].startswith(code + " ") and text in r.fault[2], r

    def ingest(*args):
        return good(client.ingest(document(*args)))

    def ext(operation, attributes, content="", schema="t:thingStg"):
        good(client.ingest_ext(document(f'_operation="{operation}" {attributes}', content, schema)))

    def cloud(columns, where):
        c.sync()
        assert c.pending("t_thing") == 0
        return c.cloud(f"SELECT {columns} FROM t_thing WHERE {where} ORDER BY id")

    def view(columns, where):
        return c.staging(f"SELECT {columns} FROM t_thingStg WHERE {where} ORDER BY id")

    def rejects():
        return json.loads(c.admin("rejects", "--json").stdout)

    # -- 6 Values --------------------------------------------------------------------------------
    def R6_1_absent_takes_the_default_on_insert_only():
        ext("insertOrUpdate", '_key="@id" id="r61" note="n"')
        row = cloud("colour, word, note, seen IS NOT NULL, born, tag, ready", "id = 'r61'")[0]
        assert row[:5] == ["3", "blue", "n", "1", None] and re.fullmatch("[0-9a-f-]{36}", row[5]) and row[6] == "1", row
        c.cloud("UPDATE t_thing SET colour = 5, word = 'red', tag = 'T', ready = 0 WHERE id = 'r61'")
        ext("insertOrUpdate", '_key="@id" id="r61" note="m"')
        assert cloud("colour, word, note, tag, ready", "id = 'r61'") == [["5", "red", "m", "T", "0"]]

    def R6_2_empty_values():
        ext("insertOrUpdate", '_key="@id" id="r62" note="n" word="w" box="4" ready="true" born="2026-02-03"'
            ' seen="2026-02-03T04:05:06.7899+01:00"', "<text>t</text>")
        assert cloud("note, word, box, ready, born, seen, text", "id = 'r62'") == [
            ["n", "w", "4", "1", "2026-02-03", "2026-02-03 03:05:06.789", "t"]]
        ext("update", '_key="@id" id="r62" note="" word="" box="" ready="" born="" seen=""', "<text/>")
        assert cloud("note, word, box, ready, born, seen, text", "id = 'r62'") == [
            [None, None, "0", "0", None, None, None]]

    def R6_3_blanks_belong_to_texts_only():
        made = ingest('note="  a " word="   " box=" 7 " ready=" yes " born=" 2026-02-03 "')
        assert cloud("note, word, box, ready, born", f"id = '{made}'") == [["  a ", "   ", "7", "1", "2026-02-03"]]

    def R6_4_an_empty_value_is_no_absent_one():
        made = ingest('colour="" word="" seen="" tag="" ready=""')
        assert cloud("colour, word, seen, tag, ready", f"id = '{made}'") == [["0", None, None, None, "0"]]

    def R6_5_keys_are_compared_byte_by_byte():
        keys = ["r65", "R65", "r65 ", " r65", "r\u00e965", "re\u030165", "r\u00e965 "]
        for n, key in enumerate(keys * 2):
            ext("insertOrUpdate", f'_key="@code" code="{key}" note="{n}"')
        rows = dict(cloud("code, note", "code LIKE '%65%' AND LENGTH(code) < 9"))
        assert rows == {k: str(n + len(keys)) for n, k in enumerate(keys)}, rows

    def R6_5_primary_keys_too():
        for n, key in enumerate(["Pk", "pk", "pk "]):
            ext("insertOrUpdate", f'_key="@id" id="{key}" note="{n}"')
        ext("delete", '_key="@id" id="pk"')
        assert sorted(cloud("id, note", "id IN ('Pk', 'pk', 'pk ')")) == [["Pk", "0"], ["pk ", "2"]]

    # -- 7 Ingest --------------------------------------------------------------------------------
    def R7_1_the_source_stands_for_its_staging_schema():
        made = ingest('note="by source"', "", "t:thing")
        assert view("note", f"id = '{made}'") == [["by source"]]

    def R7_2_the_root_may_have_any_name():
        for name in ("thingStg", "thing", "whatever", "x-y", "A.b"):
            assert good(client.ingest(f'<{name} xtkschema="t:thingStg" note="r72"/>')), name
        assert cloud("COUNT(*)", "note = 'r72'") == [["5"]]

    def R7_3_instructions_are_no_fields():
        made = ingest('_cs="a" _anything="b" note="r73"', '<maker xtkschema="t:maker" _operation="none" _cs="c" id="5"/>')
        ext("insertOrUpdate", '_key="@id" id="5" name="five"', schema="t:makerStg")
        assert cloud("note, `maker-id`", f"id = '{made}'") == [["r73", "5"]]

    def R7_5_unknown_names_may_be_passed_over():
        refused(client.ingest(document('nope="1"')), "CIN-100202",
                "Attribute 'nope' unknown (see definition of schema 'Thing (t:thingStg)')")
        refused(client.ingest(document("", "<nope/>")), "CIN-100202", "Element 'nope' unknown ")
        c.settings["soap"] = {"unknown_fields": "ignore"}
        c.write_conf()
        c.pool.send_signal(1)
        wait_for("unknown names are passed over",
                 lambda: client.ingest(document('nope="1"')).status == 200)
        made = ingest('nope="1" note="r75"', "<nope><deeper a='1'/></nope>")
        assert cloud("note", f"id = '{made}'") == [["r75"]]
        del c.settings["soap"]
        c.write_conf()
        c.pool.send_signal(1)
        wait_for("and refused again", lambda: client.ingest(document('nope="1"')).fault)

    def R7_6_key_forms():
        for form in ("@code", "[@code]", "code", "[code]", " @code ", "@code,@row", " [@code] , row "):
            ext("insertOrUpdate", f'_key="{form}" code="r76" row="R" note="{form.strip()}"')
        rows = cloud("note", "code = 'r76'")
        assert rows == [["[@code] , row"]], rows

    def R7_7_a_staged_target_is_looked_up_by_the_replication():
        ext("insertOrUpdate", '_key="@code" code="r77"', '<maker name="Ada" _operation="none"/>')
        ext("insertOrUpdate", '_key="@name" name="Ada"', schema="t:makerStg")
        c.sync()
        assert c.cloud("SELECT m.name FROM t_thing t JOIN t_maker m ON m.id = t.`maker-id`"
                       " WHERE t.code = 'r77'") == [["Ada"]]

    def R7_7_a_staged_target_that_does_not_exist_is_rejected():
        ext("insertOrUpdate", '_key="@code" code="r77n"', '<maker name="Nobody" _operation="none"/>')
        assert c.sync(check=False).returncode == 3
        assert c.cloud("SELECT * FROM t_thing WHERE code = 'r77n'") == []
        r = rejects()
        assert len(r) == 1 and r[0]["reason"].startswith("CIN-100305 ") and "t:maker" in r[0]["reason"], r
        ext("insertOrUpdate", '_key="@name" name="Nobody"', schema="t:makerStg")
        c.admin("rejects", "retry", "t:thing")
        c.sync()
        assert c.cloud("SELECT COUNT(*) FROM t_thing t JOIN t_maker m ON m.id = t.`maker-id`"
                       " WHERE t.code = 'r77n' AND m.name = 'Nobody'") == [["1"]]

    def R7_7_forms_that_are_refused():
        for link in ('<maker name="Ada"/>', '<maker name="Ada" _operation="insert"/>',
                     '<parts name="Ada" _operation="none"/>'):
            refused(client.ingest(document("", link)), "CIN-100306")

    def R7_7_a_local_target_is_looked_up_at_once():
        c.staging("INSERT INTO xtk_folder (id, name, label) VALUES ('F1', 'Newsletter', 'n')")
        good(client.ingest_ext('<r xtkschema="nms:recipientStg" _key="[folder/@name], @email" email="a@example.test">'
                               '<folder name="Newsletter" _operation="none"/></r>'))
        assert c.staging("SELECT email, `folder-id` FROM nms_recipientStg") == [["a@example.test", "F1"]]
        refused(client.ingest('<r xtkschema="nms:recipientStg" email="a@example.test">'
                              '<folder name="Nowhere" _operation="none"/></r>'), "CIN-100305")

    def R7_8_collections():
        good(client.ingest_ext('<thing-collection xtkschema="t:thing" _key="@id" _operation="delete">'
                               '<any _key="@code" code="r78a"/><thing _key="@code" code="r78b" note="n"/>'
                               '</thing-collection>'))
        good(client.ingest_ext('<all xtkschema="t:thing"><thing _key="@code" code="r78a" note="m"/>'
                               '<thingStg _key="@code" code="r78b" _operation="delete"/></all>'))
        assert cloud("code, note", "code LIKE 'r78_'") == [["r78a", "m"]]

    def R7_8_the_record_at_fault_is_named():
        r = client.ingest_ext('<all xtkschema="t:thing"><thing note="a"/><thing note="b"/><thing born="never"/></all>')
        assert r.fault[2].splitlines()[0].endswith(" (record 3)"), r.fault

    def R7_10_Ingest_only_inserts():
        for operation in ("insertOrUpdate", "update", "delete", "none", "INSERT", ""):
            refused(client.ingest(document(f'_operation="{operation}" _key="@id" id="a"')), "CIN-100210")
        assert ingest('_operation="insert" note="r710"')

    def R7_11_numbers_of_the_sequence():
        first = int(good(client.ingest(document('name="n1"', "", "t:makerStg"))))
        items = good(client.ingest('<all xtkschema="t:maker"><maker name="n2"/><maker _key="@id" id="77" name="n3"/>'
                                   '<maker name="n4"/></all>')).split(",")
        assert items[1] == "" and len({first, int(items[0]), int(items[2])}) == 3, items
        c.sync()
        rows = c.cloud("SELECT id, name FROM t_maker WHERE name LIKE 'n_' ORDER BY name")
        assert rows == [[str(first), "n1"], [items[0], "n2"], ["77", "n3"], [items[2], "n4"]], rows

    def R7_12_what_Ingest_returns():
        assert re.fullmatch(UUID, ingest('note="r712"'))
        assert ingest('_key="@id" id="r712" note="r712"') == ""
        assert ingest('id="r712c" note="r712"') == ""
        assert ingest('_key="@code" code="r712" note="r712"') == ""
        r = good(client.ingest('<all xtkschema="t:thing"><thing note="a"/><thing _key="@code" code="r712"/></all>'))
        assert re.fullmatch(UUID + ",", r), r
        r = good(client.ingest('<all xtkschema="t:thing"><thing id="r712d"/><thing _key="@code" code="r712"/></all>'))
        assert r == "", r

    def R7_13_a_candidate_serves_only_when_nothing_is_found():
        ext("insertOrUpdate", '_key="@id" id="r713" code="r713"')
        cloud("1", "id = 'r713'")
        ingest('_key="@code" code="r713" note="found"')
        ingest('_key="@code" code="r713new" note="made"')
        assert cloud("id, note", "code = 'r713'") == [["r713", "found"]]
        row = cloud("id, note", "code = 'r713new'")[0]
        assert re.fullmatch(UUID, row[0]) and row[1] == "made", row

    def R7_13a_the_primary_key_reconciles_and_stays():
        ingest('id="r713a" code="r713a" note="1"')
        ingest('id="r713a" note="2"')
        ext("insertOrUpdate", '_key="@code" code="r713a" id="another" note="3"')
        assert cloud("id, note", "code = 'r713a'") == [["r713a", "3"]]
        assert cloud("COUNT(*)", "id = 'another'") == [["0"]]

    def R7_13a_an_id_that_another_record_has_is_rejected():
        ext("insertOrUpdate", '_key="@id" id="r713b" code="one"')
        cloud("1", "1")
        ext("insertOrUpdate", '_key="@id,@code" id="r713b" code="two"')
        assert c.sync(check=False).returncode == 3
        assert c.cloud("SELECT code FROM t_thing WHERE id = 'r713b'") == [["one"]]
        r = rejects()
        assert [x["fields"]["code"] for x in r] == ["two"], r
        c.admin("rejects", "drop", r[0]["id"])

    def R7_14_a_staged_key_is_no_error():
        for n in range(3):
            ingest(f'_key="@code" code="r714" note="{n}"')
        for n in range(3):
            ingest('note="r714 each a record"')
        assert cloud("note", "code = 'r714'") == [["2"]]
        assert cloud("COUNT(*)", "note = 'r714 each a record'") == [["3"]]

    # -- 8 IngestExt -----------------------------------------------------------------------------
    def R8_1_the_default_is_insertOrUpdate():
        good(client.ingest_ext(document('_key="@code" code="r81" note="1"')))
        good(client.ingest_ext(document('_key="@code" code="r81" word="2"')))
        assert view("note, word, _operation", "code = 'r81'") == [["1", "2", "insertOrUpdate"]]
        for operation in ("INSERT", "upsert", ""):
            refused(client.ingest_ext(document(f'_operation="{operation}" _key="@code" code="r81"')), "CIN-100210")

    def R8_2_the_first_key_that_applies():
        ext("insertOrUpdate", 'id="r82" code="r82" row="r82" box="1" note="0"')
        ext("update", 'code="r82" row="other" note="by code"')
        assert cloud("`row`, note", "id = 'r82'") == [["other", "by code"]]
        ext("update", 'row="other" note="half a key and an empty number"')  # box 0
        assert cloud("note", "id = 'r82'") == [["by code"]]
        ext("update", 'row="other" box="1" note="by shelf"')
        assert cloud("note", "id = 'r82'") == [["by shelf"]]
        for operation in ("update", "delete"):
            refused(client.ingest_ext(document(f'_operation="{operation}" note="a"')), "CIN-100203")

    def R8_3_only_what_is_supplied_changes():
        ext("insertOrUpdate", '_key="@code" code="r83" note="n" word="w" box="1"')
        ext("insertOrUpdate", '_key="@code" code="r83" word="v"')
        assert view("note, word, box", "code = 'r83'") == [["n", "v", "1"]]
        assert cloud("note, word, box", "code = 'r83'") == [["n", "v", "1"]]
        ext("insertOrUpdate", '_key="@code" code="r83" box="2"')
        assert view("note, word, box", "code = 'r83'")[0][2] == "2"
        assert cloud("note, word, box", "code = 'r83'") == [["n", "v", "2"]]

    def R8_4_insert_searches_no_keys():
        for _ in range(2):
            ext("insert", 'code="r84" note="n"')
        assert cloud("COUNT(*)", "code = 'r84'") == [["2"]]
        for _ in range(2):
            ext("insert", '_key="@code" code="r84k" note="n"')
            ext("insert", 'id="r84i" code="r84i"')
        assert cloud("COUNT(*)", "code = 'r84k'") == [["1"]] and cloud("COUNT(*)", "code = 'r84i'") == [["1"]]

    def R8_5_update_of_nothing_does_nothing():
        ext("update", '_key="@code" code="r85" note="n"')
        assert cloud("*", "code = 'r85'") == []
        ext("insert", '_key="@code" code="r85" note="n"')
        ext("update", '_key="@code" code="r85" note="pending"')
        assert cloud("note", "code = 'r85'") == [["pending"]]
        ext("update", '_key="@code" code="r85" note="in the cloud"')
        assert cloud("note", "code = 'r85'") == [["in the cloud"]]

    def R8_6_a_deletion_needs_its_key_alone():
        ext("insert", '_key="@code" code="r86" note="n"')
        ext("delete", '_key="@code" code="r86" note="not written" box="no number either"')
        assert view("_operation, note", "code = 'r86'") == [["delete", None]]
        assert cloud("*", "code = 'r86'") == []
        ext("insert", '_key="@code" code="r86" note="n"')
        cloud("1", "1")
        ext("delete", '_key="@code" code="r86"')
        assert cloud("*", "code = 'r86'") == []
        ext("delete", '_key="@code" code="r86"')  # nothing there: no error
        assert cloud("*", "code = 'r86'") == []

    def R8_7_none_does_nothing():
        ext("insert", '_key="@code" code="r87" note="n"')
        cloud("1", "1")
        before = c.pending("t_thing")
        ext("none", '_key="@code" code="r87" note="changed"')
        ext("none", 'note="no key"')
        assert c.pending("t_thing") == before
        assert cloud("note", "code = 'r87'") == [["n"]]

    def R8_8_after_a_deletion_a_record_is_new():
        for operation in ("insert", "insertOrUpdate"):
            key = f'_key="@code" code="r88{operation}"'
            ext("insert", key + ' note="old" word="old" colour="7"')
            cloud("1", "1")
            ext("delete", key)
            ext(operation, key + ' note="new"')
            assert view("note, word", f"code = 'r88{operation}'")[0][0] == "new"
            assert cloud("note, word, colour", f"code = 'r88{operation}'") == [["new", "blue", "3"]]

    # -- 5 Schemas -------------------------------------------------------------------------------
    def R5_8_a_uuid_key_may_be_any_text():
        for key in ("ABC12345", "\u00e5 \u00e4", "0" * 64, "6D1D6B57-2F0E-4F8C-9A35-0F6F3C7B9E21"):
            ext("insertOrUpdate", f'_key="@id" id="{key}" note="r58"')
            assert cloud("note", f"id = '{key}'") == [["r58"]], key

    def R5_10_xml_fields_have_columns_of_their_own():
        ext("insertOrUpdate", '_key="@code" code="r510"', "<text>one</text><html><![CDATA[<p>two</p>]]></html>")
        ext("update", '_key="@code" code="r510"', "<text>three</text>")
        assert cloud("text, html", "code = 'r510'") == [["three", "<p>two</p>"]]

    def R5_12a_rows_receive_a_new_attributes_default():
        ext("insert", '_key="@code" code="r512a" note="before"')
        cloud("1", "1")
        ext("insert", '_key="@code" code="r512b" note="staged before"')
        c.deploy_text(THING.replace('<attribute name="note"/>', '<attribute name="note"/>'
                                    '<attribute name="size" default="\'L\'"/><attribute name="weight" type="long" default="9"/>'))
        wait_for("the pool knows the attribute", lambda: client.ingest_ext(
            document('_key="@code" code="r512c" size="S"')).status == 200, 2)
        assert sorted(cloud("code, size, weight", "code LIKE 'r512_'")) == [
            ["r512a", "L", "9"], ["r512b", "L", "9"], ["r512c", "S", "9"]]

    def R5_19_a_staging_table_goes_when_it_is_empty():
        staged = MAKER.replace('"maker"', '"gone"')
        plain = staged.replace(' autoStg="true"', "")
        c.deploy_text(staged, "gone.xml")
        wait_for("it is known", lambda: client.ingest(document('name="a"', "", "t:goneStg")).status == 200, 4)
        p = c.deploy_text(plain, "gone.xml", check=False)
        assert p.returncode == 1 and "pending" in p.stderr, p
        assert c.pending("t_gone") > 0
        c.sync()
        c.deploy_text(plain, "gone.xml")
        left = c.staging("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'stg'"
                         " AND TABLE_NAME LIKE 't\\\\_gone%'")
        assert left in ([], [["t_gone_id"]]), left
        assert c.cloud("SELECT COUNT(*) > 0 FROM t_gone") == [["1"]]
        wait_for("it is staged no longer", lambda: "CIN-100201" in (
            client.ingest(document('name="a"', "", "t:gone")).fault or ["", "", ""])[2], 4)

    def R5_19_nor_before_a_call_that_is_under_way():
        staged = MAKER.replace('"maker"', '"late"')
        c.deploy_text(staged, "late.xml")
        plain = c.folder / "plain.xml"
        plain.write_text(staged.replace(' autoStg="true"', ""))
        with Session(c.db, "stg") as call:
            call.run("BEGIN; INSERT INTO t_lateStg_log (_operation, _key, _fields, _operator, id, name)"
                     " VALUES (1, '@id', 'id,name', 'feed1', 1, 'late')")
            deployment = subprocess.Popen([str(BUILD / "campaign-admin"), "--config", str(c.conf), "schema", "deploy",
                                           str(plain)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_for("the deployment waits for the table", lambda: c.staging(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%'") != [["0"]], 5)
            call.run("COMMIT")
        _, said = deployment.communicate()
        assert deployment.returncode == 1 and "pending" in said, said
        assert c.staging("SELECT name FROM t_lateStg") == [["late"]]
        c.sync()
        assert c.cloud("SELECT name FROM t_late") == [["late"]]

    def R5_18_autoStg_is_refused():
        for name, source in {
                "a staging schema": THING.replace('"thing"', '"thingStg"'),
                "a local schema": MAKER.replace(' dataSource="nms:extAccount:ffda"', "").replace('"maker"', '"own"'),
                "a replicated one": MAKER.replace('dataSource="nms:extAccount:ffda"', 'replicate="true"').replace(
                    '"maker"', '"own"')}.items():
            p = c.deploy_text(source, "refused.xml", check=False)
            assert p.returncode == 1 and "autoStg" in p.stderr, (name, p)
        assert c.staging("SELECT COUNT(*) FROM campaign_schema WHERE id IN ('t:thingStg', 't:own')") == [["0"]]

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
