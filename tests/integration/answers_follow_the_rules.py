#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sections 2 to 4 of the protocol as a client meets them: what an answer's status, headers and first
characters are, what a logon returns, in how many spellings one request may come."""
import re
import signal
import sys
import threading
import time

from campaign import PATIENCE, SOAP, Client, Instance, Session, main, wait_for

RECORD = '<s xtkschema="dem:sampleTableStg" testcol1="a"/>'
ACTION = "xtk:session#Ingest"
INFO = {"serverInfo": ("advisedClientBuildNumber allowSQL buildNumber commitId databaseId defaultNameSpace fohVersion"
                       " instanceName majNumber minClientBuildNumber minNumber minNumberTechnical releaseName"
                       " securityTimeOut serverDate servicePack sessionTimeOut useVault"),
        "userInfo": ("datakitInDatabase homeDir instanceLocale locale login loginCS loginId noConsoleCnx orgUnitId"
                     " theme timezone")}


def envelope(token, document=RECORD):
    return (f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:urn="urn:xtk:session"><soapenv:Body><urn:Ingest>'
            f'<urn:sessiontoken>{token}</urn:sessiontoken><urn:domDoc>{document}</urn:domDoc>'
            '</urn:Ingest></soapenv:Body></soapenv:Envelope>')


def attributes(text, element):
    """The attributes of the first ELEMENT, in their order."""
    start = re.search(rf"<{element}((?:\s[^>]*)?)/?>", text)
    assert start, f"no {element} in {text[:2000]}"
    return dict(re.findall(r'([\w-]+)=["\']([^"\']*)["\']', start[1]))


class Timed(threading.Thread):
    """One call, and how long it took."""

    def __init__(self, c, token):
        super().__init__()
        self.client, self.answer = Client(c.port, token), None

    def run(self):
        before = time.monotonic()
        self.answer = self.client.ingest(RECORD)
        self.took = time.monotonic() - before


with Instance(workers=1) as c:
    client = c.logon()

    def accepted(r):
        assert r.status == 200 and r.element("pstrSUuids"), r

    # -- 2.1 Request -----------------------------------------------------------------------------
    def R2_3_with_and_without_a_declaration():
        e = envelope(client.token)
        for head in ("", "<?xml version='1.0'?>", '<?xml version="1.0" encoding="UTF-8"?>\n',
                     "<?xml version='1.0' standalone='yes'?>"):
            accepted(client.post(head + e, ACTION))

    def R2_5_the_action_in_quotes_or_not():
        for action in (ACTION, f'"{ACTION}"'):
            accepted(client.post(envelope(client.token), action))
        r = client.post(envelope(client.token), f'""{ACTION}""')  # one pair is removed, not two
        assert r.fault[1].startswith("CIN-100006 "), r

    def R2_5_an_empty_action_is_none():
        query = "/nl/jsp/soaprouter.jsp?soapAction=xtk%3Apersist%7Cxtk%3Asession%23Ingest"
        for action in ("", '""'):
            accepted(client.post(envelope(client.token), action))  # of the first child of Body
            accepted(client.post(envelope(client.token), action, path=query))

    def R2_4_the_header_before_the_query():
        r = client.post(envelope(client.token), "xtk:session#IngestExt",
                        path="/nl/jsp/soaprouter.jsp?soapAction=xtk%3Asession%23Ingest")
        assert r.fault[1].startswith("CIN-100007 "), r
        accepted(client.post(envelope(client.token), None, {"SoapAction": ACTION}))

    def R2_8_unknown_headers_do_nothing():
        accepted(client.post(envelope(client.token), ACTION, {
            "X-Nobody-Knows": "a", "ACC-SDK-Auth": "UserPassword feed1", "ACC-SDK-Client-App": "b",
            "ACC-SDK-Call-RetryCount": "1", "ACC-SDK-Call-Internal": "1", "X-Query-Source": "c",
            "x-request-id": "d"}))

    def R2_8_no_secret_reaches_a_log():
        c.settings["log"] = {"level": "debug"}
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the configuration is read again", lambda: "reload" in c.pool_log().lower())
        s = c.logon()
        bearer = c.admin("operator", "token", c.LOGIN).stdout.strip()
        cookie = {"Cookie": f"__sessiontoken={s.token}", "X-Security-Token": s.security}
        accepted(s.ingest(RECORD))
        accepted(s.ingest(RECORD, token="", headers=cookie))
        s.ingest(RECORD, token="", headers={"Authorization": f"Bearer {bearer}"})
        s.ingest(RECORD, token="", headers={"Authorization": "Bearer wrong-bearer-7"})
        s.ingest(RECORD, token="___wrong-session-7")
        s.ingest(RECORD, headers={"X-Security-Token": "@wrong-security-7"})
        s.logon(c.LOGIN, "wrong-password-7")
        s.post(envelope(s.token)[:-30], ACTION, cookie)
        log = c.pool_log()
        for secret in (c.PASSWORD, s.token, s.security, client.token, bearer, "wrong-bearer-7", "wrong-session-7",
                       "wrong-security-7", "wrong-password-7"):
            assert secret not in log, f"{secret} in the log"

    # -- 2.2 Response ----------------------------------------------------------------------------
    def R2_9_head_of_an_answer():
        good, bad = client.ingest(RECORD), client.ingest('<s xtkschema="dem:sampleTableStg" nope="1"/>')
        for r in (good, bad):
            assert r.headers["Content-Type"] == "text/xml; charset=utf-8", r.headers
            assert r.headers["Cache-Control"] == "no-store", r.headers
            assert r.body.startswith(b"<?xml version='1.0'?>"), r
        r = client.ingest('<s xtkschema="dem:sampleTableStg" \u00e5="1"/>')
        assert "Attribute '\u00e5' unknown" in r.body.decode("utf-8"), r

    def R2_10_success_is_200():
        for r in (client.ingest(RECORD), client.ingest_ext(RECORD), client.call("xtk:session", "TestCnx"),
                  client.call("xtk:session", "GetServerTime", token="")):
            assert r.status == 200 and r.fault is None, r

    def R2_12_a_refused_caller_gets_one_line_of_text():
        for r in (c.client().ingest(RECORD, token="___none"), c.client().logon(c.LOGIN, "wrong")):
            assert r.status == 403 and r.headers["Content-Type"] == "text/plain; charset=utf-8", (r, r.headers)
            assert re.fullmatch(r"XSV-3500(08|12) [^\n]+\n?", r.text), r
            assert "<" not in r.text, r
        assert re.search("session.*invalid", c.client().ingest(RECORD, token="___none").text)

    def R2_15_an_answer_within_5_seconds():
        # The hardest case: a transaction holds the log's table, so nothing can be stored.
        with Session(c.db, "stg") as other:
            other.run("LOCK TABLES dem_sampleTableStg_log WRITE")
            callers = [Timed(c, client.token) for _ in range(4)]
            for caller in callers:
                caller.start()
                time.sleep(0.9)  # each but the first waits behind another
            for caller in callers:
                caller.join()
        for caller in callers:
            assert caller.answer.fault and "ODB-240000" in caller.answer.fault[2], caller.answer
            assert "nothing was stored" in caller.answer.fault[2], caller.answer
            assert caller.took < 5 * PATIENCE, f"{caller.took:.1f} s"
        wait_for("calls are served again", lambda: client.ingest(RECORD).status == 200)

    # -- 3 SOAP messages -------------------------------------------------------------------------
    def R3_2_any_prefix_and_no_header():
        for prefix in ("soapenv", "SOAP-ENV", "soap", "a"):
            accepted(client.post(envelope(client.token).replace("soapenv", prefix), ACTION))
        bare = (f'<Envelope xmlns="{SOAP}"><Header><x xmlns="">1</x></Header><Body><Ingest xmlns="urn:other"><sessiontoken>'
                f'{client.token}</sessiontoken><domDoc>{RECORD}</domDoc></Ingest></Body></Envelope>')
        accepted(client.post(bare, ACTION))

    def R3_4_parameters_by_place():
        for name in ("domDoc", "doc", "content", "whatever", "sessiontoken"):
            accepted(client.post(envelope(client.token).replace("urn:domDoc", f"urn:{name}"), ACTION))

    def R3_7_types_do_nothing():
        e = envelope(client.token).replace("<urn:domDoc>", (
            '<urn:domDoc xmlns="" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="" soapenv:encodingStyle='
            '"http://xml.apache.org/xml-soap/literalxml">'))
        accepted(client.post(e, ACTION))

    def R3_10_a_default_namespace_on_the_method():
        made = client.post(envelope(client.token, (
            '<x:sampleTableStg xmlns:x="urn:x" xmlns="urn:y" x:_key="@nope" x:testcol1="not read" testcol1="read"'
            ' xtkschema="dem:sampleTableStg"><location city="Lund"/></x:sampleTableStg>')), ACTION)
        accepted(made)
        assert c.staging("SELECT testcol1, location_city FROM dem_sampleTableStg WHERE id = '%s'"
                         % made.element("pstrSUuids")) == [["read", "Lund"]]

    def R3_15_fault_elements_without_prefix():
        for r in (client.post("no XML", ACTION), client.ingest('<s xtkschema="dem:sampleTableStg" nope="1"/>')):
            for name in ("faultcode", "faultstring"):
                assert f"<{name}>" in r.text or f"<{name} " in r.text, r
                assert f":{name}" not in r.text, r
            assert "<SOAP-ENV:Fault>" in r.text and ":detail" not in r.text, r

    def R3_17_faultstring_opens_with_a_code():
        for r in (client.post("no XML", ACTION), client.ingest("<s/>"), client.post(envelope(client.token), "x"),
                  client.ingest('<s xtkschema="dem:sampleTableStg" amount="x"/>')):
            assert re.match(r"[A-Z]{3}-\d{6} \S", r.fault[1]), r.fault
            for line in (r.fault[2] or "").splitlines():
                assert re.match(r"[A-Z]{3}-\d{6} \S", line), r.fault

    def R3_18_the_service_as_it_was_addressed():
        for service in ("xtk:session", "xtk:persist", "xtk:persist|xtk:session", "xtk:persist|nms:recipient"):
            r = client.call(service, "Ingest", "<d><s/></d>")
            assert r.fault[1] == (f"SOP-330011 Error while executing the method 'Ingest' of service '{service}'."), r

    # -- 4 Authentication ------------------------------------------------------------------------
    def R4_5_login_and_password_as_token():
        r = client.ingest(RECORD, token=f"{c.LOGIN}/{c.PASSWORD}")
        assert r.status == 403 and r.text.startswith("XSV-350008"), r  # no zone allows it
        sessions = c.staging("SELECT COUNT(*) FROM campaign_session")
        c.settings["zone scripts"] = {"networks": "127.0.0.0/8", "allow_http": "true", "allow_user_password": "true"}
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the zone is known", lambda: client.ingest(RECORD, token=f"{c.LOGIN}/{c.PASSWORD}").status == 200)
        c.add_operator("slash", "pass/word", "ingest")  # login ends at the first "/"
        accepted(client.ingest(RECORD, token="slash/pass/word"))
        r = client.ingest(RECORD, token=f"{c.LOGIN}/wrong")
        assert r.status == 403 and r.text.startswith("XSV-350012"), r
        r = client.ingest(RECORD, token="", headers={"Cookie": f"__sessiontoken={c.LOGIN}/{c.PASSWORD}"})
        assert r.status == 403, "a cookie needs a security token"
        assert c.staging("SELECT COUNT(*) FROM campaign_session") == sessions, "a session came into being"
        del c.settings["zone scripts"]
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the zone is gone", lambda: client.ingest(RECORD, token=f"{c.LOGIN}/{c.PASSWORD}").status == 403)

    def R4_6_a_bearer_token_counts_before_a_session():
        c.add_operator("reader", "pw reader", "subscribe")
        bearer = {"Authorization": "Bearer " + c.admin("operator", "token", "reader").stdout.strip()}
        def counts():
            r = client.ingest(RECORD, headers=bearer)
            return r.fault and "CIN-100103" in r.fault[2]
        wait_for("the Bearer token's operator has no right to ingest", counts, 3)
        accepted(client.ingest(RECORD))

    def R4_7_what_a_logon_returns():
        r = c.client().logon(c.LOGIN, c.PASSWORD)
        names = re.findall(r"<(p\w+) xsi:type=", r.text)
        assert names == ["pstrSessionToken", "pSessionInfo", "pstrSecurityToken"], r.text
        assert r.element("pstrSessionToken") and r.element("pstrSecurityToken"), r.text
        assert re.search("<sessionInfo>\\s*<serverInfo .*<userInfo ", r.text, re.S), r.text

    def R4_8_attributes_of_the_session_info():
        r = c.client().logon(c.LOGIN, c.PASSWORD)
        for element, names in INFO.items():
            assert sorted(attributes(r.text, element)) == sorted(names.split()), (element, attributes(r.text, element))
        server, user = attributes(r.text, "serverInfo"), attributes(r.text, "userInfo")
        assert server["sessionTimeOut"] == server["securityTimeOut"] == "86400", server
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z", server["serverDate"]), server
        assert all(re.fullmatch(r"\d+", server[n]) for n in ("buildNumber", "majNumber", "minNumber", "servicePack"))
        assert user["login"] == c.LOGIN and c.LOGIN in user["loginCS"] and user["timezone"] == "UTC", user
        assert re.search('<login-right right="admin"/>', r.text), r.text
        assert 'installed-package name="core" namespace="nms"' in r.text, r.text

    def R4_10_parameter_3_has_no_effect():
        for third in ("<p/>", '<p><client build="8000"/></p>', '<p><parameters rememberMe="true"/></p>', None):
            r = client.call("xtk:session", "Logon", f"<a>{c.LOGIN}</a><b>{c.PASSWORD}</b>{third or ''}", token="")
            assert r.status == 200 and r.element("pstrSessionToken"), r

    def R4_10a_a_slash_is_warned_of():
        for login, password in (("sla/sh", "plain password"), ("plain", "sla/sh password")):
            p = c.admin("operator", "add", login, "--right", "ingest", "--password-stdin", input=password + "\n")
            assert "warning" in p.stderr and '"/"' in p.stderr, p.stderr
        p = c.admin("operator", "add", "plain2", "--right", "ingest", "--password-stdin", input="plain password\n")
        assert p.stderr == "", p.stderr

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
