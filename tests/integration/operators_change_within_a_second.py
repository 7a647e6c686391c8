#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A log-off, a session that is ended, a disabled operator, a removed right count in every worker within a
second, a new secret within two; and the ways of section 4.2 that tokens may travel."""
import hashlib
import json
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

    def sessions():
        return json.loads(c.admin("sessions", "--json").stdout)

    def id_of(session):
        return hashlib.sha256(session.token.encode()).hexdigest()[:12]

    def ended(*words):
        """How many; the sessions are over everywhere."""
        return json.loads(c.admin("sessions", "end", "--json", *words).stdout)["ended"]

    def sessions_end_one_by_one():
        kept, gone, also = c.logon(), c.logon(), c.logon()
        for s in (kept, gone, also):
            everywhere(s.token, True, 0)
        assert {id_of(s) for s in (kept, gone, also)} <= {row["id"] for row in sessions()}
        assert ended(id_of(gone), id_of(also).upper()) == 2
        for s in (gone, also):
            assert everywhere(s.token, False).text.startswith("XSV-350008")
        everywhere(kept.token, True, 0)
        assert id_of(kept) in {row["id"] for row in sessions()}
        assert not {id_of(gone), id_of(also)} & {row["id"] for row in sessions()}

    def an_id_that_is_none_ends_nothing():
        s = c.logon()
        for words in (("0123456789ab",), ("xyz",), ("123",), ("%",), (id_of(s), "0123456789ab"), (),
                      ("--all", id_of(s)), ("--operator", "nobody"), ("--all", "--operator", c.LOGIN)):
            p = c.admin("sessions", "end", *words, check=False)
            assert p.returncode in (1, 2) and p.stderr, (words, p)
        # Two whose hashes begin alike.
        c.staging("INSERT INTO campaign_session (token_hash, operator_id, opened_at, expires_at, security_expires_at)"
                  " SELECT UNHEX(RPAD(CONCAT('abcdef', n.seq), 64, '0')), id, UTC_TIMESTAMP(3),"
                  " UTC_TIMESTAMP(3) + INTERVAL 1 DAY, UTC_TIMESTAMP(3) + INTERVAL 1 DAY"
                  f" FROM campaign_operator, seq_1_to_2 n WHERE login = '{c.LOGIN}'")
        p = c.admin("sessions", "end", "abcdef", check=False)
        assert p.returncode == 1 and "ambiguous" in p.stderr, p
        assert ended("abcdef1") == 1 and ended("abcdef") == 1
        everywhere(s.token, True, 0)

    def sessions_of_one_operator_or_all_end():
        c.add_operator("third", "pw third", "ingest")
        others, mine = [c.logon("third", "pw third") for _ in range(3)], c.logon()
        assert ended("--operator", "third") == 3
        for s in others:
            everywhere(s.token, False)
        everywhere(mine.token, True, 0)
        assert ended("--all") >= 1 and sessions() == []
        everywhere(mine.token, False)
        assert c.logon().ingest(RECORD).status == 200

    def R4_2_a_new_secret_counts_within_two_seconds():
        s = c.logon()

        def by_cookie(security):
            return {c.client().ingest(RECORD, token="", headers={
                "Cookie": f"__sessiontoken={s.token}", "X-Security-Token": security}).status for _ in range(30)}
        assert by_cookie(s.security) == {200}
        before = c.staging("SELECT value FROM campaign_state WHERE name = 'secret'")
        p = c.admin("secret", "rotate")
        after = c.staging("SELECT value FROM campaign_state WHERE name = 'secret'")
        assert p.stdout == "" and after != before and len(after[0][0]) == 64
        time.sleep(2)
        assert by_cookie(s.security) == {403}
        everywhere(s.token, True, 0)  # where no security token is needed the session goes on
        assert c.client().ingest(RECORD, token=s.token, headers={"X-Security-Token": s.security}).status == 403
        again = c.logon()
        assert {c.client().ingest(RECORD, token="", headers={
            "Cookie": f"__sessiontoken={again.token}", "X-Security-Token": again.security}).status
            for _ in range(30)} == {200}

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

    helpers = ("everywhere", "sessions", "id_of", "ended", "main", "wait_for")
    sys.exit(main([(n, f) for n, f in list(globals().items()) if callable(f) and n not in helpers
                   and getattr(f, "__module__", "") == "__main__"]))
