#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Python's zeep, which knows nothing but the WSDL (docs/protocol.md 11): from the WSDL to a
logon, a staged row, a subscription, and faults that arrive as faults.  zeep reads strictly: an
answer that the WSDL does not announce is an error."""
import re
import sys

from campaign import Instance, Skip, main

try:
    import requests
    import zeep
    from lxml import etree
except ImportError:
    print("python3-zeep is not installed")
    sys.exit(77)

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def document(text):
    return {"_value_1": etree.fromstring(text)}


def refused(call, *args, **kw):
    try:
        result = call(*args, **kw)
    except zeep.exceptions.Fault as e:
        return e
    raise AssertionError(f"not refused: {result}")


def steps(c):
    base = f"http://127.0.0.1:{c.port}/nl/jsp/schemawsdl.jsp?schema="
    client = zeep.Client(base + "xtk:session")
    service = client.service
    session = {}

    def R11_3_the_address_is_that_of_the_router():
        assert service._binding_options["address"] == f"http://127.0.0.1:{c.port}/nl/jsp/soaprouter.jsp"

    def R11_2_every_method_is_there():
        names = set(service._binding._operations)
        assert names == {"Logon", "BearerTokenLogon", "Logoff", "TestCnx", "GetUserInfo", "GetServerTime",
                         "GetOption", "Ingest", "IngestExt", "GetEntityIfMoreRecent"}, names

    def R4_7_logon():
        r = service.Logon(sessiontoken="", strLogin=c.LOGIN, strPassword=c.PASSWORD,
                          elemParameters={"_value_1": None})
        assert re.fullmatch("___" + UUID, r.pstrSessionToken), r
        assert r.pstrSecurityToken.startswith("@"), r
        info = r.pSessionInfo._value_1
        assert etree.QName(info).localname == "sessionInfo", info
        assert info.find("{*}userInfo").get("login") == c.LOGIN
        session["token"] = r.pstrSessionToken

    def R4_12_wrong_password():
        try:
            service.Logon("", c.LOGIN, "wrong", {"_value_1": None})
        except zeep.exceptions.TransportError as e:
            assert e.status_code == 403 and b"XSV-350012" in e.content, vars(e)
        else:
            raise AssertionError("not refused")

    def R7_12_ingest():
        uuid = service.Ingest(session["token"], document(
            '<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="from zeep"><location city="Malm\u00f6"/>'
            '</sampleTableStg>'))
        assert re.fullmatch(UUID, uuid), uuid
        rows = c.staging(f"SELECT testcol1, location_city FROM dem_sampleTableStg WHERE id = '{uuid}'")
        assert rows == [["from zeep", "Malm\u00f6"]], rows

    def R8_ingest_ext():
        service.IngestExt(session["token"], document(
            '<sampleTableStg xtkschema="dem:sampleTableStg" _key="@id" id="ZEEP-1" testcol1="from zeep"/>'))
        assert c.staging("SELECT _operation FROM dem_sampleTableStg WHERE id = 'ZEEP-1'") == [["insertOrUpdate"]]

    def R3_18_a_fault_has_string_and_detail():
        e = refused(service.Ingest, session["token"], document('<x xtkschema="dem:sampleTableStg" nothing="1"/>'))
        assert e.code == "SOAP-ENV:Server" and e.message.startswith("SOP-330011 "), vars(e)
        assert "CIN-100202" in etree.tostring(e.detail, encoding="unicode"), vars(e)

    def section_4_3_session_methods():
        service.TestCnx(session["token"])
        assert service.GetServerTime("").tzinfo is not None
        option = service.GetOption(session["token"], "XtkDatabaseId")
        assert option.pstrValue.startswith("u") and option.pbtType == 6, option
        assert service.GetUserInfo(session["token"]) is not None

    def section_5_6_get_entity_if_more_recent():
        r = service.GetEntityIfMoreRecent(session["token"], "xtk:schema|dem:sampleTableStg", "", False)
        assert r.get("name") == "sampleTableStg" and r.find(".//{*}attribute[@name='testcol1']") is not None, r

    def R9_4_subscribe_and_unsubscribe():
        c.admin("service", "add", "NEWS", "--label", "Newsletter")
        nms = zeep.Client(base + "nms:subscription").service
        recipient = {"_value_1": etree.fromstring('<recipient _key="@email" email="ines.k@example.test"/>')}
        nms.Subscribe(session["token"], "NEWS", recipient, True)
        assert c.staging("SELECT email FROM nms_recipientStg") == [["ines.k@example.test"]]
        nms.Unsubscribe(session["token"], "NEWS", recipient)
        assert c.pending("nms_subscription") == 2
        e = refused(nms.Subscribe, session["token"], "NO-SUCH", recipient, True)
        assert "CIN-100401" in etree.tostring(e.detail, encoding="unicode"), vars(e)

    def R10_1_start_replicate_staging_data():
        zeep.Client(base + "nms:replicationStrategy").service.StartReplicateStagingData(
            session["token"], "dem:sampleTable")

    def section_11_a_schema_that_does_not_exist_is_404():
        r = requests.get(base + "cus:nothing", timeout=20)
        assert r.status_code == 404, r

    def R4_3_logoff():
        service.Logoff(session["token"])
        try:
            service.TestCnx(session["token"])
        except zeep.exceptions.TransportError as e:
            assert e.status_code == 403 and b"XSV-350008" in e.content, vars(e)
        else:
            raise AssertionError("the session lives on")

    return [(name, step) for name, step in locals().items()
            if callable(step) and name != "service"]


try:
    with Instance() as instance:
        sys.exit(main(steps(instance)))
except Skip as e:
    print(e)
    sys.exit(77)
