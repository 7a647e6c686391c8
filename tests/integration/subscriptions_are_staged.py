#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Subscribe, Unsubscribe and StartReplicateStagingData as a client meets them: what is staged, what
is refused, and what the cloud holds after the replication."""
import json
import re
import sys

from campaign import Instance, main

SUBSCRIBE = '''<?xml version='1.0' encoding='ISO-8859-1'?>
<SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>
<SOAP-ENV:Body>
<m:Subscribe xmlns:m='urn:nms:subscription' SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>
<sessiontoken xsi:type='xsd:string'>%s</sessiontoken>
<service xsi:type='xsd:string'>NEWS, OFFERS</service>
<content xsi:type='' SOAP-ENV:encodingStyle='http://xml.apache.org/xml-soap/literalxml'>
<recipient _key="@email" email="ines.k@example.test" firstName="Ines" lastName="Kron"/>
</content>
<create xsi:type='xsd:boolean'>true</create>
</m:Subscribe>
</SOAP-ENV:Body>
</SOAP-ENV:Envelope>'''

UNSUBSCRIBE = '''<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:nms:subscription">
<soapenv:Body>
<urn:Unsubscribe>
<urn:sessiontoken>%s</urn:sessiontoken>
<urn:strServiceName>NEWS</urn:strServiceName>
<urn:elemRecipient><recipient _key="@email" email="ines.k@example.test"/></urn:elemRecipient>
</urn:Unsubscribe>
</soapenv:Body>
</soapenv:Envelope>'''

START = '''<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:nms:replicationStrategy">
<soapenv:Body>
<urn:StartReplicateStagingData>
<urn:sessiontoken>%s</urn:sessiontoken>
<urn:strSchema>dem:sampleTable</urn:strSchema>
</urn:StartReplicateStagingData>
</soapenv:Body>
</soapenv:Envelope>'''

ANSWER = ("<?xml version='1.0'?><SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/XMLSchema'"
          " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:ns='urn:{0}'"
          " xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body><{1}Response xmlns='urn:{0}'"
          " SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'></{1}Response></SOAP-ENV:Body></SOAP-ENV:Envelope>")


def is_answer(r, service, method):
    """Nothing but the empty answer of the specification; white space between tags does not count."""
    return r.status == 200 and re.sub(r">\s+<", "><", r.text.strip()) == ANSWER.format(service, method)


with Instance() as c:
    for name in ("NEWS", "OFFERS"):
        c.admin("service", "add", name)
    client = c.logon()

    def subscribe(services, recipient, create="true"):
        return client.call("nms:subscription", "Subscribe", f"<urn:s>{services}</urn:s><urn:r>{recipient}</urn:r>"
                           + (f"<urn:c>{create}</urn:c>" if create is not None else ""))

    def unsubscribe(services, recipient):
        return client.call("nms:subscription", "Unsubscribe", f"<urn:s>{services}</urn:s><urn:r>{recipient}</urn:r>")

    def pending():
        return c.pending("nms_recipient"), c.pending("nms_subscription")

    def recipient(email, more=""):
        return f'<recipient _key="@email" email="{email}" {more}/>'

    def subscriptions(email):
        return dict(c.cloud("SELECT v.name, s.deleteStatus FROM nms_subscription s JOIN nms_service v ON"
                            " v.id = s.`service-id` JOIN nms_recipient r ON r.id = s.`recipient-id`"
                            f" WHERE r.email = '{email}'"))

    def R9_4_the_documented_call():
        r = client.post((SUBSCRIBE % client.token).encode("iso-8859-1"), "nms:subscription#Subscribe",
                        {"Content-Type": "text/xml; charset=ISO-8859-1"})
        assert is_answer(r, "nms:subscription", "Subscribe"), r
        assert pending() == (1, 2)
        assert c.staging("SELECT _operation, _key, _fields, email, firstName, lastName FROM nms_recipientStg_log") == \
            [["2", "@email", "email,firstName,lastName", "ines.k@example.test", "Ines", "Kron"]]
        ids = dict(c.staging("SELECT name, id FROM nms_service"))
        rows = c.staging("SELECT `service-id`, _operation, _key, deleteStatus, `recipient-id` IS NULL, _operator,"
                         " HEX(_links) FROM nms_subscriptionStg_log ORDER BY _seq")
        assert [row[0] for row in rows] == [ids["NEWS"], ids["OFFERS"]], rows
        links = "@recipient-id\tnms:recipient\t@email\tines.k@example.test\n".encode().hex().upper()
        assert all(row[1:] == ["2", "@service-id,@recipient-id", "0", "1", "feed1", links] for row in rows), rows
        assert "created" not in c.staging("SELECT _fields FROM nms_subscriptionStg_log")[0][0].split(",")  # R9.5
        assert c.cloud("SELECT COUNT(*) FROM nms_recipient") == [["0"]], "the cloud knows before the replication"

    def R9_4_resolved_at_replication():
        c.sync()
        assert pending() == (0, 0)
        assert c.cloud("SELECT firstName, lastName FROM nms_recipient WHERE email = 'ines.k@example.test'") == [["Ines", "Kron"]]
        assert subscriptions("ines.k@example.test") == {"NEWS": "0", "OFFERS": "0"}

    def R9_5_subscribing_twice_keeps_created():
        created = c.cloud("SELECT created FROM nms_subscription ORDER BY id")
        assert all(x[0] for x in created), created
        assert subscribe("NEWS,NEWS", recipient("ines.k@example.test")).status == 200
        c.sync()
        assert c.cloud("SELECT created FROM nms_subscription ORDER BY id") == created

    def R9_9_the_documented_call():
        r = client.post((UNSUBSCRIBE % client.token).encode(), "nms:subscription#Unsubscribe")
        assert is_answer(r, "nms:subscription", "Unsubscribe"), r
        assert c.staging("SELECT _operation, _fields FROM nms_recipientStg_log") == [["3", "email"]]
        assert c.staging("SELECT _operation, deleteStatus FROM nms_subscriptionStg_log") == [["3", "1"]]
        assert subscriptions("ines.k@example.test")["NEWS"] == "0", "the cloud knows before the replication"
        assert subscribe("NEWS", recipient("ines.k@example.test")).status == 200
        c.sync()
        assert subscriptions("ines.k@example.test")["NEWS"] == "0", "subscribing again revives"

    def R9_1_names():
        r = subscribe(" , ", recipient("a@example.test"))
        assert "CIN-100402" in r.fault[2], r
        r = subscribe("NEWS,NOWHERE", recipient("a@example.test"))
        assert "CIN-100401" in r.fault[2] and "NOWHERE" in r.fault[2], r
        assert pending() == (0, 0)

    def R9_3_without_create_nobody_is_made():
        assert subscribe("NEWS", recipient("stranger@example.test", 'firstName="x"'), None).status == 200
        p = c.sync(check=False)
        assert p.returncode == 3, p
        assert c.cloud("SELECT COUNT(*) FROM nms_recipient WHERE email = 'stranger@example.test'") == [["0"]]
        rejects = json.loads(c.admin("rejects", "--json").stdout)
        assert [x["schema"] for x in rejects] == ["nms:subscription"] and "CIN-100305" in rejects[0]["reason"], rejects
        c.admin("rejects", "drop", str(rejects[0]["id"]))

    def R9_9_unsubscribe_marks_and_R9_8_updates():
        r = unsubscribe("NEWS", recipient("ines.k@example.test", 'lastName="Kron-Berg"'))
        assert r.status == 200, r
        c.sync()
        s = subscriptions("ines.k@example.test")
        assert s["NEWS"] != "0" and s["OFFERS"] == "0", s
        assert c.cloud("SELECT lastName FROM nms_recipient WHERE email = 'ines.k@example.test'") == [["Kron-Berg"]]

    def R9_6_strangers_and_unknown_services_are_no_error():
        assert unsubscribe("NEWS", recipient("nobody@example.test")).status == 200
        assert unsubscribe("NOWHERE", recipient("ines.k@example.test")).status == 200
        c.sync()
        assert c.cloud("SELECT COUNT(*) FROM nms_recipient WHERE email = 'nobody@example.test'") == [["0"]]

    def R9_7_without_a_service_the_recipient_is_blacklisted():
        assert unsubscribe("", recipient("ines.k@example.test", 'blackList="0"')).status == 200
        c.sync()
        assert c.cloud("SELECT blackList FROM nms_recipient WHERE email = 'ines.k@example.test'") == [["1"]]
        assert subscriptions("ines.k@example.test")["OFFERS"] == "0"

    def R9_2_recipient_rules():
        r = subscribe("NEWS", '<recipient _key="@nonsense" email="a@example.test"/>')
        assert "CIN-100203" in r.fault[2], r
        r = subscribe("NEWS", '<recipient xtkschema="dem:sampleTable" testcol1="a"/>')
        assert "XFR-180000" in r.fault[2], r
        assert pending() == (0, 0)

    def R9_2_the_key_may_be_any():
        c.admin("folder", "add", "News")
        people = {"folder": '<recipient email="f@example.test" firstName="f"><folder name="News" _operation="none"/></recipient>',
                  "city": '<recipient _key="location/@city,@phone" phone="1" email="c@example.test"><location city="Malmö"/></recipient>',
                  "id": '<recipient id="R-17" email="i@example.test"/>',
                  "nobody yet": '<recipient email="n@example.test"/>'}
        for name, document in people.items():
            r = subscribe("NEWS", document)
            assert r.status == 200, (name, r)
        c.sync()
        for email in ("f", "c", "i", "n"):
            assert subscriptions(f"{email}@example.test") == {"NEWS": "0"}, email

    def _4_4_right():
        c.add_operator("other", "pw other", "ingest")
        other = c.logon("other", "pw other")
        r = other.call("nms:subscription", "Subscribe", f"<urn:s>NEWS</urn:s><urn:r>{recipient('a@example.test')}</urn:r>")
        assert "CIN-100103 Access denied" in r.fault[2], r

    def _10_1_the_documented_call():
        r = client.post((START % client.token).encode(), "nms:replicationStrategy#StartReplicateStagingData")
        assert is_answer(r, "nms:replicationStrategy", "StartReplicateStagingData"), r

    def _10_1_request():
        before = c.staging("SELECT requested_at FROM campaign_request")
        for argument in ("dem:sampleTable", "dem:sampleTableStg", ""):
            r = client.call("nms:replicationStrategy", "StartReplicateStagingData", f"<urn:strSchema>{argument}</urn:strSchema>")
            assert r.status == 200, r
        assert sorted(c.staging("SELECT schema_id, operator FROM campaign_request")) == [["", "feed1"], ["dem:sampleTable", "feed1"]]
        assert c.staging("SELECT requested_at FROM campaign_request WHERE schema_id <> ''") == before, "the first one counts"
        for argument, code in (("dem:nowhere", "XFR-180000"), ("nms:service", "CIN-100201")):
            r = client.call("nms:replicationStrategy", "StartReplicateStagingData", f"<urn:strSchema>{argument}</urn:strSchema>")
            assert code in r.fault[2], r

    def _10_1_served():
        client.ingest('<s xtkschema="dem:sampleTableStg" _key="@id" id="asked" testcol1="x"/>')
        c.sync("--if-requested")
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable WHERE id = 'asked'") == [["1"]]
        assert c.staging("SELECT COUNT(*) FROM campaign_request") == [["0"]]

    def services_and_folders_by_hand():
        c.admin("folder", "add", "Newsletters", "--label", "All newsletters")
        c.admin("service", "add", "WEEKLY", "--type", "sms", "--folder", "Newsletters")
        assert c.admin("service", "add", "WEEKLY", check=False).returncode == 1
        assert c.admin("folder", "remove", "Newsletters", check=False).returncode == 1
        rows = {r["name"]: r for r in json.loads(c.admin("service", "list", "--json").stdout)}
        assert rows["WEEKLY"]["type"] == "sms" and rows["WEEKLY"]["folder"] == "Newsletters", rows
        c.admin("service", "remove", "WEEKLY")
        c.admin("folder", "remove", "Newsletters")
        for name in ("A,B", "", " A", "x" * 65):
            assert c.admin("service", "add", name, check=False).returncode == 2, name

    sys.exit(main([(n, f) for n, f in list(globals().items())
                   if re.match("R9_|_4_|_10_|services_", n) and callable(f)]))
