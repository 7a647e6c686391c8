#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A log-off, a disabled operator, a removed right count in every worker within a second; and the
ways of section 4.2 that tokens may travel."""
import sys
import time

from campaign import SOAP, Client, Instance, main, wait_for

SERIAL = "a second is a second"

RECORD = '<s xtkschema="dem:sampleTableStg" testcol1="x"/>'

with Instance(workers=3, threads=4) as c:

    def everywhere(token, accepted, seconds=1.0):
        """New connections reach all workers; none may answer otherwise after SECONDS."""
        time.sleep(seconds)
        for _ in range(30):
            r = Client(c.port, token).ingest(RECORD)
            assert (r.status == 200) == accepted, r
        return r

    def R4_3_logoff_counts_everywhere():
        s = c.logon()
        everywhere(s.token, True, 0)
        assert s.call("xtk:session", "Logoff").status == 200
        r = everywhere(s.token, False)
        assert r.status == 403 and r.text.startswith("XSV-350008"), r

    def a_disabled_operator_is_out():
        c.add_operator("short", "pw short", "ingest")
        s = c.logon("short", "pw short")
        everywhere(s.token, True, 0)
        c.admin("operator", "disable", "short")
        assert everywhere(s.token, False).text.startswith("XSV-350008")
        assert c.client().logon("short", "pw short").text.startswith("XSV-350012")
        c.admin("operator", "enable", "short")
        wait_for("it may log on again", lambda: c.client().logon("short", "pw short").status == 200, 2)

    def a_removed_right_is_gone():
        s = c.logon("short", "pw short")
        everywhere(s.token, True, 0)
        c.admin("operator", "revoke", "short", "--right", "ingest")
        r = everywhere(s.token, False)
        assert "CIN-100103 Access denied" in r.fault[2], r
        c.admin("operator", "grant", "short", "--right", "ingest=dem:sampleTable")
        everywhere(s.token, True)
        r = s.ingest('<r xtkschema="nms:recipientStg" email="a@example.test"/>')
        assert "CIN-100103" in r.fault[2], r

    def _4_2_ways_of_the_tokens():
        s = c.logon()
        ways = {
            "X-Session-Token": {"X-Session-Token": s.token},
            "cookie": {"Cookie": f"a=b; __sessiontoken={s.token}; c=d", "X-Security-Token": s.security},
        }
        for name, headers in ways.items():
            assert c.client().ingest(RECORD, token="", headers=headers).status == 200, name
        header = (f'<soapenv:Header><Cookie>__sessiontoken={s.token}</Cookie>'
                  f'<X-Security-Token>{s.security}</X-Security-Token></soapenv:Header>')
        body = (f'<soapenv:Envelope xmlns:soapenv="{SOAP}">{header}<soapenv:Body><Ingest xmlns="urn:xtk:session">'
                f'<sessiontoken/><domDoc xmlns="">{RECORD}</domDoc></Ingest></soapenv:Body></soapenv:Envelope>')
        assert c.client().post(body, "xtk:session#Ingest").status == 200
        r = c.client().post(body.replace(s.security, "@no"), "xtk:session#Ingest")
        assert r.status == 403, r

    def _4_2_bearer_token():
        token = c.admin("operator", "token", "short").stdout.strip()
        def works():
            return c.client().ingest(RECORD, token="", headers={"Authorization": f"Bearer {token}"}).status == 200
        wait_for("the new Bearer token is known", works, 2)
        r = c.client().ingest(RECORD, token="", headers={"Authorization": "Bearer tok_wrong"})
        assert r.status == 403 and r.text.startswith("XSV-350008"), r

    def R4_9_logon_sets_cookie_and_header():
        client = c.client()
        r = client.logon("short", "pw short")
        assert f"__sessiontoken={client.token}; Path=/; HttpOnly; SameSite=Strict" in r.headers["Set-Cookie"], r.headers
        assert r.headers["X-Security-Token"] == client.security

    def tokens_are_stored_as_hashes_only():
        s = c.logon()
        dump = repr(c.staging("SELECT HEX(token_hash), operator_id, address FROM campaign_session"))
        assert s.token not in dump and s.token.encode().hex() not in dump.lower()
        hashes = c.staging("SELECT password_hash FROM campaign_operator")
        assert all(h[0].startswith("$argon2id$") for h in hashes), hashes

    sys.exit(main([(n, f) for n, f in list(globals().items()) if callable(f) and n not in ("everywhere", "main", "wait_for")
                   and getattr(f, "__module__", "") == "__main__"]))
