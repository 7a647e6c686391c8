#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What clients learn about the API from the API: schemas by GetEntityIfMoreRecent (5.6, appendix A),
with an md5 that is recomputed here, and WSDL (section 11), read as a code generator would."""
import hashlib
import re
import sys
import xml.etree.ElementTree as ET

from campaign import SOURCE, Instance, main, wait_for

PROTOCOL = (SOURCE / "docs/protocol.md").read_text()
W, S, P = ("{http://schemas.xmlsoap.org/wsdl/}", "{http://www.w3.org/2001/XMLSchema}",
           "{http://schemas.xmlsoap.org/wsdl/soap/}")
# Methods by the schema that lists them: all of section 3.4.
METHODS = {
    "xtk:session": ["Logon", "BearerTokenLogon", "Logoff", "TestCnx", "GetUserInfo", "GetServerTime", "GetOption",
                    "Ingest", "IngestExt", "GetEntityIfMoreRecent"],
    "nms:subscription": ["Subscribe", "Unsubscribe"],
    "nms:replicationStrategy": ["StartReplicateStagingData"],
}


def example(heading, begin, end):
    """The XML that docs/protocol.md prints behind HEADING."""
    at = PROTOCOL.index(heading)
    start = PROTOCOL.index(begin, at)
    return PROTOCOL[start:PROTOCOL.index(end, start) + len(end)]


def flat(element, md5=True):
    """An element as data that can be compared: attributes count, blanks and name spaces do not."""
    attributes = {k: v for k, v in element.attrib.items() if md5 or k != "md5"}
    return (element.tag.rpartition("}")[2], attributes, (element.text or "").strip(), [flat(e, md5) for e in element])


def get_entity(session, pk, md5="", more="<urn:mustExist>false</urn:mustExist>", service="xtk:persist"):
    return session.call(service, "GetEntityIfMoreRecent", f"<urn:pk>{pk}</urn:pk><urn:md5>{md5}</urn:md5>{more}")


def document(answer):
    """The bytes of the document in an answer, "" for none."""
    assert answer.status == 200, answer
    m = re.search(r"<pdomDoc xsi:type='ns:Element' SOAP-ENV:encodingStyle="
                  r"'http://xml.apache.org/xml-soap/literalxml'>(.*)</pdomDoc>", answer.text, re.S)
    assert m, answer
    assert "xmlns:ns='urn:wpp:default'" in answer.text, answer
    return m[1]


def served(session, pk):
    """The parsed document; its md5 is right."""
    text = document(get_entity(session, pk))
    root = ET.fromstring(text)
    rest, n = re.subn(r' md5="[0-9A-F]{32}"', "", text, count=1)
    assert n == 1, text[:300]
    assert root.get("md5") == hashlib.md5(rest.encode()).hexdigest().upper(), "the md5 is wrong"
    return root


def wsdl(client, schema, headers=None, method="GET"):
    return client.request(method, f"/nl/jsp/schemawsdl.jsp?schema={schema}", headers=headers)


def capital(name):
    return name[0].upper() + name[1:]


def read_wsdl(text, schema):
    """{method: (soapAction, in, out)}, every reference followed; in and out are [(name, type)]."""
    root = ET.fromstring(text)
    ns, _, name = schema.partition(":")
    assert root.tag == W + "definitions" and root.get("targetNamespace") == f"urn:{schema}", root.attrib
    prefixes = dict(re.findall(r'xmlns:(\w+)="([^"]*)"', text))
    declared, types = {}, set()
    for s in root.findall(f"{W}types/{S}schema"):
        assert s.get("elementFormDefault") == "qualified"
        target = s.get("targetNamespace")
        types |= {(target, t.get("name")) for t in s.findall(S + "complexType")}
        for e in s.findall(S + "element"):
            assert (target, e.get("name")) not in declared
            declared[target, e.get("name")] = e

    def resolve(reference):
        prefix, _, local = reference.partition(":")
        return prefixes[prefix], local

    def parameters(message):
        part, = root.findall(f"{W}message[@name='{message}']/{W}part")
        assert part.get("name") == "parameters"
        element = declared[resolve(part.get("element"))]
        found = []
        for e in element.findall(f"{S}complexType/{S}sequence/{S}element"):
            assert (e.get("minOccurs"), e.get("maxOccurs")) == ("1", "1"), e.attrib
            kind = e.get("type")
            if kind is None:
                inner, = e.findall(S + "complexType")
                kind = "document, mixed" if inner.get("mixed") == "true" else "document"
            elif not kind.startswith("s:"):
                assert resolve(kind) in types, kind
            found.append((e.get("name"), kind))
        return resolve(part.get("element")), found

    port_type, = root.findall(W + "portType")
    binding, = root.findall(W + "binding")
    service, = root.findall(W + "service")
    port, = service.findall(W + "port")
    assert port_type.get("name") == binding.get("name") == port.get("name") == f"{name}MethodsSoap"
    assert binding.get("type") == port.get("binding") == f"tns:{name}MethodsSoap"
    assert binding.find(P + "binding").get("style") == "document"
    assert service.get("name") == capital(ns) + capital(name), service.attrib
    methods = {}
    for operation in port_type.findall(W + "operation"):
        method = operation.get("name")
        bound, = binding.findall(f"{W}operation[@name='{method}']")
        for body in bound.iter(P + "body"):
            assert body.get("use") == "literal"
        request, asked = parameters(resolve(operation.find(W + "input").get("message"))[1])
        response, answered = parameters(resolve(operation.find(W + "output").get("message"))[1])
        assert request == (f"urn:{schema}", method)
        assert asked[0] == ("sessiontoken", "s:string")
        methods[method] = (bound.find(P + "operation").get("soapAction"), response, asked[1:], answered)
    assert len(binding.findall(W + "operation")) == len(methods)
    return methods, port.find(P + "address").get("location")


with Instance() as c:
    s = c.logon()
    anybody = c.client()

    # --- schemas -----------------------------------------------------------------------------
    def appendix_A():
        expected = ET.fromstring(example("## Appendix A", "<schema", "</schema>"))
        assert flat(served(s, "xtk:schema|xtk:session"), md5=False) == flat(expected, md5=False)

    def R5_13_every_deployed_schema():
        for (id,) in c.staging("SELECT id FROM campaign_schema"):
            root = served(s, f"xtk:schema|{id}")
            assert f"{root.get('namespace')}:{root.get('name')}" == id
            assert root.get("xtkschema") == "xtk:schema" and root.get("mappingType") == "sql" and root.get("label")

    def R5_14_no_implements():
        for (id,) in c.staging("SELECT id FROM campaign_schema WHERE id LIKE 'nms:%'"):
            assert served(s, f"xtk:schema|{id}").get("implements") is None

    def R5_15_R5_16_staging_schema():
        root = served(s, "xtk:schema|dem:sampleTableStg")
        main_element = root.find("element")
        assert main_element.get("name") == root.get("name") == "sampleTableStg"
        assert main_element.get("sqltable") == "dem_sampleTableStg"
        assert main_element.get("autoStg") is None and main_element.get("dataSource") is None
        whole = served(s, "xtk:schema|dem:sampleTable").find("element")
        assert whole.get("autoStg") == "true" and whole.get("dataSource")
        assert [flat(e) for e in main_element] == [flat(e) for e in whole]

    def R5_17_the_example():
        c.deploy_text(example("### 5.2 ", "<srcSchema", "</srcSchema>").replace("sampleTable", "sampleTwo"))
        expected = ET.fromstring(example("* R5.17 ", "<schema", "</schema>").replace("sampleTable", "sampleTwo"))
        wait_for("the pool knows the schema", lambda: document(get_entity(s, "xtk:schema|dem:sampleTwoStg")))
        assert flat(served(s, "xtk:schema|dem:sampleTwoStg"), md5=False) == flat(expected, md5=False)

    def section_5_6_methods_of_services():
        methods = example("### 5.6 ", "<methods>", "</methods>")
        for id in ("nms:subscription", "nms:subscriptionRcp"):  # the second is another name: 5.5
            assert flat(served(s, f"xtk:schema|{id}").find("methods")) == flat(ET.fromstring(methods))
        assert served(s, "xtk:schema|nms:subscriptionStg").find("methods") is None
        replication = served(s, "xtk:schema|nms:replicationStrategy")
        assert [m.get("name") for m in replication.iter("method")] == METHODS["nms:replicationStrategy"]
        assert replication.find("methods/method/parameters/param").attrib == {"name": "schema", "type": "string"}

    def section_5_6_source():
        root = served(s, "xtk:srcSchema|dem:sampleTable")
        deployed = ET.fromstring(c.staging("SELECT source FROM campaign_schema WHERE id = 'dem:sampleTable'")[0][0])
        assert root.get("xtkschema") == "xtk:srcSchema"
        del root.attrib["xtkschema"]
        assert flat(root, md5=False) == flat(deployed)

    def section_5_6_md5():
        for pk in ("xtk:schema|xtk:session", "xtk:schema|nms:recipient", "xtk:srcSchema|nms:recipient"):
            md5 = served(s, pk).get("md5")
            assert document(get_entity(s, pk, md5)) == "", pk
            assert document(get_entity(s, pk, "0" * 32)) != "", pk
            assert document(get_entity(s, pk, md5, "<urn:mustExist>true</urn:mustExist>")) == "", pk

    def section_5_6_no_such_entity():
        for pk in ("xtk:schema|dem:nothing", "xtk:schema|", "xtk:schema", "", "xtk:form|xtk:session",
                   "xtk:srcSchema|xtk:session", "xtk:srcSchema|dem:sampleTableStg", "|dem:sampleTable"):
            assert document(get_entity(s, pk)) == "", pk
            r = get_entity(s, pk, more="<urn:mustExist>1</urn:mustExist>")
            assert r.status == 500 and "SOP-330011" in r.fault[1] and "XFR-180000" in r.fault[2], r
        r = get_entity(s, "xtk:schema|dem:nothing", more="<urn:mustExist>true</urn:mustExist>")
        assert "xtk:schema|dem:nothing" in r.fault[2], r

    def section_5_6_mustExist_may_be_missing():
        assert document(get_entity(s, "xtk:schema|xtk:folder", more="")) != ""
        assert document(get_entity(s, "xtk:schema|dem:nothing", more="")) == ""

    def section_3_4_addresses():
        for service in ("xtk:persist", "xtk:session", "xtk:persist|xtk:session", "xtk:persist|nms:recipient"):
            assert document(get_entity(s, "xtk:schema|xtk:folder", service=service)), service
        r = get_entity(s, "xtk:schema|xtk:folder", service="nms:subscription")
        assert "SOP-330006" in r.fault[1], r

    def section_5_6_needs_a_session():
        r = get_entity(anybody, "xtk:schema|xtk:session")
        assert r.status == 403 and r.text.startswith("XSV-350008"), r

    # --- WSDL --------------------------------------------------------------------------------
    def R11_1_every_method():
        for schema, names in METHODS.items():
            r = wsdl(anybody, schema)
            assert r.status == 200 and r.headers["Content-Type"] == "text/xml; charset=utf-8", r
            methods, address = read_wsdl(r.text, schema)
            assert list(methods) == names, list(methods)
            assert address == f"http://127.0.0.1:{c.port}/nl/jsp/soaprouter.jsp", address

    def R11_1_the_example():
        printed = example("* R11.3 ", "<definitions", "</definitions>")
        expected, _ = read_wsdl(printed, "xtk:session")
        methods, _ = read_wsdl(wsdl(anybody, "xtk:session").text, "xtk:session")
        assert set(expected) == {"Logon", "Ingest"}
        for name, what in expected.items():
            assert methods[name] == what, (name, methods[name], what)

    def R11_2_the_interface():
        text = wsdl(anybody, "xtk:session").text
        methods, _ = read_wsdl(text, "xtk:session")
        assert methods["GetEntityIfMoreRecent"] == (
            "xtk:persist#GetEntityIfMoreRecent", ("urn:wpp:default", "GetEntityIfMoreRecentResponse"),
            [("strPk", "s:string"), ("strMd5", "s:string"), ("bMustExist", "s:boolean")], [("pdomDoc", "document, mixed")])
        assert methods["IngestExt"][1:] == (("urn:wpp:default", "IngestExtResponse"), [("domDoc", "document")], [])
        for s_ in ET.fromstring(text).findall(f"{W}types/{S}schema"):
            assert [t.get("name") for t in s_.findall(S + "complexType")] == ["Element"], s_.attrib
        assert methods["GetServerTime"][3] == [("ptmServerTime", "s:dateTime")]
        assert methods["GetOption"][3] == [("pstrValue", "s:string"), ("pbtType", "s:byte")]

    def section_11_other_schemas():
        for schema in ("nms:recipient", "dem:sampleTableStg", "xtk:folder"):
            methods, _ = read_wsdl(wsdl(anybody, schema).text, schema)
            assert methods == {}
        for schema in ("dem:nothing", "sampleTable", ":", "xtk:session#Logon", "%3Cx%3E"):
            assert wsdl(anybody, schema.replace("#", "%23")).status == 404, schema
        methods, _ = read_wsdl(wsdl(anybody, "nms:subscriptionRcp").text, "nms:subscription")  # 5.5
        assert list(methods) == METHODS["nms:subscription"]

    def section_1_requests_for_wsdl():
        for path in ("", "?", "?schema=", "?x=xtk:session"):
            assert anybody.request("GET", "/nl/jsp/schemawsdl.jsp" + path).status == 400, path
        assert wsdl(anybody, "xtk:session", method="POST").status == 200
        assert wsdl(anybody, "xtk%3Asession").text == wsdl(anybody, "xtk:session").text
        assert wsdl(anybody, "xtk:session", method="HEAD").status == 200

    def with_settings(**settings):
        c.settings.setdefault("soap", {}).update(settings)
        c.write_conf()
        c.stop_pool()
        c.start_pool()
        anybody.close()
        s.close()

    def R11_3_the_configured_address():
        with_settings(public_url="https://ingest.example.test/", wsdl_legacy_body="on")
        text = wsdl(anybody, "xtk:session").text
        _, address = read_wsdl(text, "xtk:session")
        assert address == "https://ingest.example.test/nl/jsp/soaprouter.jsp", address
        bodies = list(ET.fromstring(text).iter(P + "body"))
        assert bodies
        for body in bodies:
            assert body.get("encodingStyle") == "http://schemas.xmlsoap.org/soap/encoding/"
            assert body.get("namespace") in ("urn:xtk:session", "urn:wpp:default")

    def section_11_wsdl_requires_session():
        with_settings(wsdl_requires_session="on", wsdl_legacy_body="off")
        r = wsdl(anybody, "xtk:session")
        assert r.status == 403 and r.text.startswith("XSV-350008"), r
        assert wsdl(anybody, "xtk:session", {"Cookie": "__sessiontoken=___no"}).status == 403
        for headers in ({"Cookie": f"__sessiontoken={s.token}"}, {"X-Session-Token": s.token}):
            assert wsdl(anybody, "xtk:session", headers).status == 200, headers
        text = wsdl(anybody, "xtk:session", {"X-Session-Token": s.token}).text
        assert "encodingStyle" not in text
        assert wsdl(anybody, "dem:nothing").status == 403
        assert wsdl(anybody, "dem:nothing", {"X-Session-Token": s.token}).status == 404

    sys.exit(main([(f.__name__, f) for f in (
        appendix_A, R5_13_every_deployed_schema, R5_14_no_implements, R5_15_R5_16_staging_schema, R5_17_the_example,
        section_5_6_methods_of_services, section_5_6_source, section_5_6_md5, section_5_6_no_such_entity,
        section_5_6_mustExist_may_be_missing, section_3_4_addresses, section_5_6_needs_a_session,
        R11_1_every_method, R11_1_the_example, R11_2_the_interface, section_11_other_schemas,
        section_1_requests_for_wsdl, R11_3_the_configured_address,
        section_11_wsdl_requires_session)]))
