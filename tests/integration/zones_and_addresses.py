#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where a caller is (R2.16), what the zones of that place allow (4.5), operators bound to a zone.  nginx is
the peer, 127.0.0.1; X-Forwarded-For says who stands behind it."""
import http.client
import signal
import sys

from campaign import SOAP, Answer, Instance, main, wait_for

RECORD = '<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="a"/>'
NOT_KNOWN, WRONG, NOT_HERE = "XSV-350008", "XSV-350012", "XSV-350013"

# An address of the last byte N, 192.0.2.N, is in the zone "http" and in those that name it.
ZONES = {
    "http": ("127.0.0.0/8, 192.0.2.0/24, 2001:db8::/32", ["allow_http"]),
    "tls": ("198.51.100.0/24, 192.0.2.20", ["show_errors"]),
    "password": ("192.0.2.10, 192.0.2.13, 192.0.2.14, 192.0.2.15", ["allow_user_password"]),
    "token only": ("192.0.2.11, 192.0.2.14, 192.0.2.15", ["session_token_only"]),
    "always": ("192.0.2.12, 192.0.2.13, 192.0.2.14", ["security_token_always"]),
    "empty": ("192.0.2.16", ["allow_empty_password"]),
    "errors": ("192.0.2.17", ["show_errors"]),
    "shop": ("192.0.2.30", []),
}
PLAIN, PASSWORD, TOKEN_ONLY, ALWAYS, PASSWORD_ALWAYS, ALL_THREE, PASSWORD_TOKEN_ONLY, EMPTY, ERRORS, BOTH, SHOP = (
    f"192.0.2.{n}" for n in (1, 10, 11, 12, 13, 14, 15, 16, 17, 20, 30))
TLS_ONLY, NOWHERE = "198.51.100.7", "203.0.113.9"

# Lines of X-Forwarded-For; the address that counts, None: refused.
ADDRESSES = [
    ([], "127.0.0.1"),
    (["192.0.2.1"], "192.0.2.1"),
    (["  192.0.2.1\t"], "192.0.2.1"),
    (["2001:DB8:0:0::1"], "2001:db8::1"),
    (["::ffff:192.0.2.1"], "192.0.2.1"),
    (["192.0.2.1:4711"], "192.0.2.1"),
    (["[2001:db8::1]:443"], "2001:db8::1"),
    (["192.0.2.1, 10.1.2.3"], "192.0.2.1"),              # through two trusted proxies
    (["192.0.2.1,10.1.2.3,127.0.0.1"], "192.0.2.1"),
    (["10.1.2.3"], "127.0.0.1"),                         # nobody but proxies
    # A caller can send any list; the proxy appends the caller's own address.
    (["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
    (["127.0.0.1, 192.0.2.1"], "192.0.2.1"),
    (["10.1.2.3, 192.0.2.1, 10.1.2.4"], "192.0.2.1"),
    (["203.0.113.9, 192.0.2.1, 10.1.2.4"], "192.0.2.1"),
    (["unknown, 192.0.2.1"], "192.0.2.1"),
    ([", ,192.0.2.1,"], "192.0.2.1"),
    # Some proxies add a line of their own instead of lengthening the one that came.
    (["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
    (["127.0.0.1", "192.0.2.1"], "192.0.2.1"),
    (["203.0.113.9", "192.0.2.1", "10.1.2.3"], "192.0.2.1"),
    # What a trusted proxy says must be an address: to read on would be to believe the caller.
    (["unknown"], None),
    (["192.0.2.1, unknown"], None),
    (["192.0.2.1, 192.0.2.300"], None),
    (["192.0.2.1, 10.1.2.3 evil"], None),
    (["192.0.2.1", "unknown"], None),
]

with Instance(conf={"session": {"trusted_proxies": "127.0.0.1, 10.0.0.0/8"},
                    "limits": {"logon_failures_per_minute": 0}}, workers=1) as c:
    for name, (networks, flags) in ZONES.items():
        c.settings[f"zone {name}"] = {"networks": networks, **{f: "true" for f in flags}}

    reloads = 0

    def reload():
        global reloads
        reloads += 1
        c.settings["soap"] = {"instance_name": f"reload{reloads}"}
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the new configuration", lambda: f"reload{reloads}'" in c.client().request("GET", "/r/test").text)

    reload()
    client = c.logon()
    c.add_operator("slash", "a/b/c", "ingest")
    c.admin("operator", "add", "bare", "--right", "ingest", "--no-password")
    c.admin("operator", "add", "shop", "--right", "ingest", "--zone", "shop", "--password-stdin", input="pw shop\n")
    bearer = c.admin("operator", "token", "shop").stdout.strip()

    def raw(method, path, lines, body=None, headers=None):
        """As Client.request, with any number of X-Forwarded-For lines."""
        connection = http.client.HTTPConnection("127.0.0.1", c.port, timeout=60)
        connection.putrequest(method, path)
        for k, v in {**(headers or {}), "Content-Length": str(len(body or b""))}.items():
            connection.putheader(k, v)
        for line in lines:
            connection.putheader("X-Forwarded-For", line)
        connection.endheaders(body)
        r = connection.getresponse()
        answer = Answer(r.status, r.headers, r.read())
        connection.close()
        return answer

    def test_cnx(address, token="", **headers):
        return client.call("xtk:session", "TestCnx", token=token,
                           headers={"X-Forwarded-For": address, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def logon(address, login, password):
        return client.call("xtk:session", "Logon", f"<urn:a>{login}</urn:a><urn:b>{password}</urn:b><urn:c/>", token="",
                           headers={"X-Forwarded-For": address})

    def let_in(r):
        assert r.status == 200, r

    def refused(r, code, text=""):
        assert r.status == 403 and r.text.startswith(code + " ") and text in r.text, (code, text, r)

    # --- R2.16 ----------------------------------------------------------------------------------
    def address_case(lines, address):
        def run():
            r = raw("GET", "/r/test", lines)
            assert r.status == 200 and f" sourceIP='{address or ''}'" in r.text, r
            envelope = (f'<s:Envelope xmlns:s="{SOAP}"><s:Body><TestCnx><sessiontoken>{client.token}</sessiontoken>'
                        '</TestCnx></s:Body></s:Envelope>').encode()
            r = raw("POST", "/nl/jsp/soaprouter.jsp", lines, envelope, {"Content-Type": "text/xml", "SOAPAction": "xtk:session#TestCnx"})
            let_in(r) if address else refused(r, NOT_HERE)
        return (f"R2_16 {' | '.join(lines) or 'no header'}", run)

    def R2_16_no_other_header_counts():
        for header in ("X-Real-IP", "Forwarded", "Client-IP", "True-Client-IP", "X-Forwarded"):
            value = "for=203.0.113.9" if header == "Forwarded" else "203.0.113.9"
            assert " sourceIP='127.0.0.1'" in client.request("GET", "/r/test", headers={header: value}).text, header

    def R2_16_the_address_is_recorded():
        for address in ("192.0.2.77", "2001:db8::7"):
            let_in(client.ingest(RECORD, headers={"X-Forwarded-For": f"203.0.113.9, {address}"}))
            assert c.staging("SELECT _address FROM dem_sampleTableStg_log ORDER BY _seq DESC LIMIT 1") == [[address]]

    def R2_16_who_is_not_trusted_is_not_believed():
        before = c.settings["session"]["trusted_proxies"]
        for proxies in ("", "192.0.2.1", "10.0.0.0/8"):
            c.settings["session"]["trusted_proxies"] = proxies
            reload()
            for line in ("192.0.2.1", "unknown", "192.0.2.1, 10.1.2.3"):
                assert " sourceIP='127.0.0.1'" in raw("GET", "/r/test", [line]).text, (proxies, line)
            let_in(test_cnx(NOWHERE, client.token))  # the caller is nginx, and nginx is in a zone
        c.settings["session"]["trusted_proxies"] = before
        reload()

    # --- 4.5 ------------------------------------------------------------------------------------
    def section_4_5_in_no_zone():
        refused(test_cnx(NOWHERE, client.token), NOT_HERE, NOWHERE)
        refused(logon(NOWHERE, c.LOGIN, c.PASSWORD), NOT_HERE, NOWHERE)
        assert raw("GET", "/r/test", [NOWHERE]).status == 200  # open to everybody
        refused(raw("GET", "/nl/jsp/ping.jsp", [NOWHERE], headers={"X-Session-Token": client.token}), NOT_HERE, NOWHERE)

    def R4_12_plain_http_where_no_zone_allows_it():
        refused(test_cnx(TLS_ONLY, client.token), NOT_HERE, TLS_ONLY)
        let_in(test_cnx(BOTH, client.token))  # one of its zones does

    def R4_5_login_and_password():
        pair = f"{c.LOGIN}/{c.PASSWORD}"
        sessions = c.staging("SELECT COUNT(*) FROM campaign_session")
        let_in(test_cnx(PASSWORD, pair))
        let_in(test_cnx(PASSWORD, X_Session_Token=pair))
        let_in(test_cnx(PASSWORD, "slash/a/b/c"))  # login ends at the first "/"
        refused(test_cnx(PASSWORD, f"{c.LOGIN}/wrong"), WRONG)
        refused(test_cnx(PASSWORD, "nobody/wrong"), WRONG)
        refused(test_cnx(PASSWORD, c.LOGIN), NOT_KNOWN)
        refused(test_cnx(PLAIN, pair), NOT_KNOWN)
        refused(test_cnx(TOKEN_ONLY, pair), NOT_KNOWN)
        # A security token, which such a pair cannot have, is asked for ...
        refused(test_cnx(PASSWORD_ALWAYS, pair), NOT_KNOWN)
        refused(test_cnx(PASSWORD, Cookie=f"__sessiontoken={pair}"), NOT_KNOWN)
        # ... unless the flags together say that none is needed.
        let_in(test_cnx(ALL_THREE, pair))
        let_in(test_cnx(PASSWORD_TOKEN_ONLY, Cookie=f"__sessiontoken={pair}"))
        assert c.staging("SELECT COUNT(*) FROM campaign_session") == sessions, "a session came into being"
        before = c.pending()
        let_in(client.ingest(RECORD, token=pair, headers={"X-Forwarded-For": PASSWORD_TOKEN_ONLY}))
        assert c.pending() == before + 1

    def R4_4_security_tokens():
        cookie, right, wrong = f"__sessiontoken={client.token}", client.security, "@" + "A" * 88
        for address, by_parameter, by_cookie in ((PLAIN, True, False), (TOKEN_ONLY, True, True), (ALWAYS, False, False),
                                                 (ALL_THREE, True, True), (PASSWORD, True, False)):
            for headers, works in (({}, by_parameter), ({"X_Security_Token": right}, True),
                                   ({"X_Security_Token": wrong}, False)):
                r = test_cnx(address, client.token, **headers)
                let_in(r) if works else refused(r, NOT_KNOWN)
            for headers, works in (({}, by_cookie), ({"X_Security_Token": right}, True),
                                   ({"X_Security_Token": wrong}, False)):
                r = test_cnx(address, Cookie=cookie, **headers)
                let_in(r) if works else refused(r, NOT_KNOWN)

    def R4_11_empty_passwords():
        let_in(logon(EMPTY, "bare", ""))
        for address, login, password in ((PLAIN, "bare", ""), (EMPTY, "bare", "x"), (EMPTY, c.LOGIN, ""),
                                         (PLAIN, c.LOGIN, ""), (EMPTY, "nobody", "")):
            refused(logon(address, login, password), WRONG)
        let_in(logon(EMPTY, c.LOGIN, c.PASSWORD))

    def R3_19_show_errors():
        bad = RECORD.replace('"a"', '"a" amount="x"')
        for address, shown in ((PLAIN, False), (ERRORS, True), (BOTH, True), (ALWAYS, False)):
            headers = {"X-Forwarded-For": address, "X-Security-Token": client.security}
            r = client.ingest(bad, headers=headers)
            assert r.status == 500, r
            if shown:
                assert r.fault[0] == "SOAP-ENV:Server" and r.fault[1].startswith("SOP-330011 "), r.fault
                assert r.fault[2].startswith("CIN-100204 "), r.fault
            else:
                assert r.fault[0] == "SOAP-ENV:Error" and r.fault[1].startswith("SOP-330023 "), r.fault
                assert r.fault[2] is None and "CIN-1" not in r.text and "amount" not in r.text, r
            r = client.post("nonsense", "xtk:session#Ingest", headers)  # class Client: always in full
            assert r.fault[0] == "SOAP-ENV:Client" and r.fault[1].startswith("CIN-100001 "), r.fault

    def section_4_5_an_operator_bound_to_a_zone():
        let_in(r := logon(SHOP, "shop", "pw shop"))
        token = r.element("pstrSessionToken")
        by_bearer = {"Authorization": f"Bearer {bearer}"}
        let_in(test_cnx(SHOP, token))
        let_in(test_cnx(SHOP, **by_bearer))
        refused(logon(PLAIN, "shop", "pw shop"), NOT_HERE, PLAIN)
        refused(logon(PLAIN, "shop", "wrong"), WRONG)  # who does not know the password learns nothing
        refused(test_cnx(PLAIN, token), NOT_HERE, PLAIN)
        refused(test_cnx(PLAIN, **by_bearer), NOT_HERE, PLAIN)
        refused(test_cnx(PASSWORD, "shop/pw shop"), NOT_HERE, PASSWORD)
        refused(client.call("xtk:session", "BearerTokenLogon", f"<urn:t>{bearer}</urn:t>", token="",
                            headers={"X-Forwarded-For": PLAIN}), NOT_HERE, PLAIN)
        # The address cannot be talked away.
        refused(test_cnx(f"{SHOP}, {PLAIN}", token), NOT_HERE, PLAIN)

    def section_4_5_a_zone_that_is_gone():
        let_in(r := logon(SHOP, "shop", "pw shop"))
        c.settings["zone store"] = c.settings.pop("zone shop")
        reload()
        refused(test_cnx(SHOP, r.element("pstrSessionToken")), NOT_HERE, SHOP)
        c.settings["zone shop"] = c.settings.pop("zone store")
        reload()
        let_in(test_cnx(SHOP, r.element("pstrSessionToken")))

    def section_4_5_the_zones_that_are_shipped():
        kept = {k: c.settings.pop(k) for k in list(c.settings) if k.startswith("zone ")}
        reload()
        bad = RECORD.replace('"a"', '"a" amount="x"')
        assert client.ingest(bad).fault[1].startswith("SOP-330011 ")  # local: HTTP, errors shown
        refused(test_cnx(NOWHERE, client.token), NOT_HERE, NOWHERE)   # public: no HTTP
        refused(test_cnx("127.0.0.1", f"{c.LOGIN}/{c.PASSWORD}"), NOT_KNOWN)
        c.settings.update(kept)
        reload()

    sys.exit(main([address_case(*row) for row in ADDRESSES] + [(f.__name__, f) for f in (
        R2_16_no_other_header_counts, R2_16_the_address_is_recorded, R2_16_who_is_not_trusted_is_not_believed,
        section_4_5_in_no_zone, R4_12_plain_http_where_no_zone_allows_it, R4_5_login_and_password,
        R4_4_security_tokens, R4_11_empty_passwords, R3_19_show_errors, section_4_5_an_operator_bound_to_a_zone,
        section_4_5_a_zone_that_is_gone, section_4_5_the_zones_that_are_shipped)]))
