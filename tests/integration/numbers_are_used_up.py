#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R7.11: the last numbers of a sequence are given, then each call is told that they are used up, the log and
campaign-admin name the sequence, and a wider key goes on."""
import json
import re
import sys

from campaign import Instance, main, wait_for

LAST = 2147483647


def source(key="", name="maker", more=""):
    return (f'<srcSchema namespace="t" name="{name}" label="Maker"><element name="{name}" autopk="true" autoStg="true"'
            f' dataSource="nms:extAccount:ffda">{key}<attribute name="name" type="string" length="50"/>{more}'
            "</element></srcSchema>")


WIDE = '<attribute name="id" type="int64"/>'
LINK = '<element name="maker" type="link" target="t:maker"/>'

with Instance(workers=1) as c:
    c.deploy_text(source())
    c.deploy_text(source(name="part", more=LINK), name="part.xml")
    client = c.logon()
    wait_for("the pool knows the schemas (R5.12a)", lambda: client.ingest(
        '<r xtkschema="t:partStg" _key="@name" name="first"/>').status == 200, 5)

    def ingest(name, schema="t:makerStg"):
        return client.ingest(f'<r xtkschema="{schema}" name="{name}"/>')

    def restart(number):
        c.staging(f"ALTER SEQUENCE t_maker_id RESTART {number}")

    def used_up(r):
        assert r.status == 500 and r.fault[1].startswith("SOP-330011"), r
        assert ("The numbers for new records of schema 't:maker' are used up, nothing was stored: the administrator has"
                " to widen its primary key.") in r.fault[2], r.fault
        assert not re.search(r"t_maker|sequence|SQL|NEXTVAL|4084", r.fault[2].replace("XSV", "")), r.fault  # R3.20

    def numbers():
        return {n["sequence"]: n["left"] for n in json.loads(c.admin("status", "--json").stdout).get("numbers", ())}

    def R7_11_the_last_numbers_are_given():
        assert numbers().get("t_maker_id") == LAST and "numbers" not in c.admin("status").stdout
        restart(LAST - 4)
        assert numbers().get("t_maker_id") == 5
        assert "t:maker: sequence t_maker_id has 5 left: deploy the schema with <attribute name=\"id\" type=\"int64\"/>" in (
            c.admin("status").stdout)
        given = [ingest(f"last{i}").element("pstrSUuids") for i in range(3)]
        assert given == [str(LAST - 4), str(LAST - 3), str(LAST - 2)], given

    def R7_11_a_call_that_needs_more_than_are_left_stores_nothing():
        before = c.pending("t_maker")
        used_up(client.ingest('<all xtkschema="t:makerStg"><maker name="a"/><maker name="b"/><maker name="c"/></all>'))
        assert c.pending("t_maker") == before

    def R7_11_then_each_call_is_told():
        for _ in range(3):
            used_up(ingest("late"))
        # What needs no number is taken.
        assert client.ingest_ext('<r xtkschema="t:makerStg" _key="@id" id="7" name="own"/>').status == 200
        c.sync()
        rows = c.cloud("SELECT id, name FROM t_maker ORDER BY id")
        assert rows == [["7", "own"]] + [[str(LAST - 4 + i), f"last{i}"] for i in range(3)], rows

    def R7_11_the_log_and_campaign_admin_name_the_sequence():
        line = next(x for x in c.pool_log().splitlines() if "are used up" in x)
        assert "error: " in line and "t:maker: " in line and "sequence t_maker_id" in line and str(LAST) in line, line
        assert "type=\"int64\"" in line, line
        assert numbers().get("t_maker_id") == 0
        assert "t:maker: sequence t_maker_id is used up" in c.admin("status").stdout

    def R7_11_a_wider_key_goes_on():
        c.deploy_text(source(WIDE))
        c.deploy_text(source(name="part", more=LINK), name="part.xml")  # its foreign key is wider now
        wait_for("the pool knows the schema (R5.12a)", lambda: ingest("more").status == 200, 5)
        number = int(ingest("wide").element("pstrSUuids"))
        assert number > LAST, number
        r = client.ingest(f'<r xtkschema="t:partStg" name="wheel" maker-id="{number}"/>')
        assert r.status == 200, r
        c.sync()
        assert c.cloud("SELECT id FROM t_maker WHERE name = 'wide'") == [[str(number)]]
        assert c.cloud("SELECT `maker-id` FROM t_part WHERE name = 'wheel'") == [[str(number)]]
        assert "numbers" not in c.admin("status").stdout

    def R7_11_a_sequence_that_has_run_out_itself():
        c.staging("ALTER SEQUENCE t_maker_id MAXVALUE 9223372036854775806 RESTART 9223372036854775000")
        c.stop_pool()
        c.start_pool()
        client.close()
        assert client.logon(c.LOGIN, c.PASSWORD).status == 200
        assert ingest("end").element("pstrSUuids") == "9223372036854775000"
        for _ in range(808):  # up to the last number of 64 bits
            r = ingest("end")
            if r.status != 200:
                break
        used_up(r)
        assert c.staging("SELECT MAX(id) FROM t_makerStg_log") == [["9223372036854775807"]]
        assert "restart it where numbers are free" in c.pool_log()

    def R7_11_a_restarted_sequence_goes_on():
        restart(5000000000)
        assert ingest("again").element("pstrSUuids") == "5000000000"
        c.sync()
        assert c.cloud("SELECT id FROM t_maker WHERE name = 'again'") == [["5000000000"]]

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
