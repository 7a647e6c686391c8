#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Section 12: /r/test and /nl/jsp/ping.jsp, with the database there and away.  Besides: what the
configuration makes of faults (R2.11) and what GetOption answers (4.3)."""
import datetime
import html
import re
import signal
import sys

from campaign import Instance, main, wait_for

TEST, PING = "/r/test", "/nl/jsp/ping.jsp"
REDIR = re.compile(r"<redir status='OK' date='(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})([+-]\d\d)' version='(\d+\.\d+\.\d+)' "
                   r"build='(\d+)' sha1='([0-9a-f]*)' instance='([^']*)' sourceIP='([^']*)' host='([^']*)' "
                   r"localHost='([^']*)'/>\s*")
OPTIONS = {"NmsServer_Label": "Shop feed", "Plain": "42", "With_Letters": "åäö € 😀", "Markup": "<a b=\"c\">&amp;</a>",
           "Empty": "", "spaced name": "x"}
SDK = {"ACC-SDK-Version": "@adobe/acc-js-sdk 1.2.0"}


def is_now(text):
    then = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f")
    return abs((datetime.datetime.utcnow() - then).total_seconds()) < 30


with Instance(conf={"soap": {"instance_name": "shop <'&\"> å"}, "options": OPTIONS}, workers=1) as c:
    client = c.logon()
    bearer = c.admin("operator", "token", c.LOGIN).stdout.strip()
    cookie = {"Cookie": f"__sessiontoken={client.token}", "X-Security-Token": client.security}
    header = {"X-Session-Token": client.token}

    def redir(headers=None, path=TEST):
        r = c.client().request("GET", path, headers=headers)
        assert r.status == 200 and r.headers["Content-Type"] == "text/xml; charset=utf-8", (r, r.headers.items())
        m = REDIR.fullmatch(r.text)
        assert m, r.text
        return m

    def ping(headers, path=PING):
        r = client.request("GET", path, headers=headers)
        assert r.headers["Content-Type"] == "text/plain; charset=utf-8", r.headers.items()
        return r

    def is_ok(r):
        m = re.fullmatch(r"OK\n(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})Z\n?", r.text)
        return r.status == 200 and m is not None and is_now(m[1])

    def reload(**soap):
        name = f"reload{len(c.pool_log())}"
        c.settings["soap"] = {**soap, "instance_name": name}
        c.write_conf()
        c.pool.send_signal(signal.SIGHUP)
        wait_for("the new configuration", lambda: f"'{name}'" in c.client().request("GET", TEST).text)

    # --- /r/test --------------------------------------------------------------------------------
    def section_12_test_is_one_element():
        date, zone, version, build, _, instance, source, host, local = redir().groups()
        assert is_now(date) and zone == "+00", (date, zone)
        assert version == c.run("campaign-ingestd", "--version").stdout.split()[1], version
        assert int(build) > 0
        assert html.unescape(instance) == "shop <'&\"> å", instance
        assert (source, host) == ("127.0.0.1", f"127.0.0.1:{c.port}") and local, (source, host, local)

    def section_12_test_is_open_to_everybody():
        for headers in ({}, header, {"X-Session-Token": "___nonsense"}, {"Authorization": "Bearer nonsense"},
                        {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "unknown"}):
            redir(headers)
        redir(path=TEST + "?a=b")
        assert redir({"Host": "ingest.example.test"})[8] == "ingest.example.test"

    def section_1_other_paths():
        for path in ("/r/", "/r/test/", "/r/test2", "/nl/jsp/ping", "/nl/jsp/ping.jsp2", "/R/TEST"):
            assert client.request("GET", path).status == 404, path

    # --- /nl/jsp/ping.jsp -----------------------------------------------------------------------
    def section_12_ping_with_a_session():
        for headers in (header, cookie, {**header, **cookie}, {"Authorization": f"Bearer {bearer}"}):
            r = ping(headers)
            assert is_ok(r), r

    def section_12_zones_has_no_effect():
        for query in ("?zones=true", "?zones=false", "?x"):
            assert is_ok(ping(header, PING + query))

    def section_12_ping_without_a_session():
        for headers in ({}, {"Cookie": f"__sessiontoken={client.token}"}, {"X-Session-Token": "___nonsense"},
                        {**header, "X-Security-Token": "@" + "A" * 88}, {"Authorization": "Bearer nonsense"}):
            r = ping(headers)
            assert r.status == 403 and r.text.startswith("XSV-350008 "), (headers, r)

    def section_12_the_database_away():
        c.db.stop()
        redir()
        def is_error(r):
            return r.status == 200 and re.fullmatch(r"Error\n[A-Z]{3}-\d{6} [^\n]+\n?", r.text)
        for headers in (header, cookie, {"Authorization": f"Bearer {bearer}"}):
            r = ping(headers)
            assert is_error(r) and "XSV-350008" not in r.text, r
            assert "sock" not in r.text and "stg" not in r.text, f"R3.20: {r}"
        c.db.start()
        wait_for("ping says OK again", lambda: is_ok(ping(header)))

    # --- R2.11 ----------------------------------------------------------------------------------
    def status_of_faults(setting, plain, sdk):
        def run():
            reload(fault_http_status=setting)
            bad = '<sampleTableStg xtkschema="dem:sampleTableStg" amount="x"/>'
            for headers, status in (({}, plain), (SDK, sdk)):
                r = client.ingest(bad, headers=headers)
                assert r.status == status and r.fault[0] == "SOAP-ENV:Server", r
                r = client.post("nonsense", "xtk:session#Ingest", headers)
                assert r.status == status and r.fault[0] == "SOAP-ENV:Client", r
                # Neither success nor a refused caller is a fault.
                assert client.call("xtk:session", "TestCnx", headers=headers).status == 200
                r = client.call("xtk:session", "TestCnx", token="", headers=headers)
                assert r.status == 403 and r.fault is None, r
        return (f"R2_11 fault_http_status = {setting}", run)

    # --- GetOption ------------------------------------------------------------------------------
    def option(name, **kw):
        r = client.call("xtk:session", "GetOption", f"<urn:strName>{html.escape(name)}</urn:strName>", **kw)
        assert r.status == 200, r
        assert "<pstrValue xsi:type='xsd:string'" in r.text and "<pbtType xsi:type='xsd:byte'>" in r.text, r
        return r.element("pstrValue"), r.element("pbtType")

    def section_4_3_options_of_the_configuration():
        for name, value in OPTIONS.items():
            assert option(name) == (value, "6"), (name, option(name))

    def section_4_3_the_database_id():
        value, kind = option("XtkDatabaseId")
        assert re.fullmatch("u[0-9A-F]{16}", value) and kind == "6", (value, kind)
        r = c.client().logon(c.LOGIN, c.PASSWORD)
        assert f'databaseId="{value}"' in r.text, r

    def section_4_3_unknown_options():
        for name in ("NoSuchOption", "", "nmsserver_label", "xtkdatabaseid", "<x>"):
            assert option(name) == ("", "0"), (name, option(name))

    def section_4_3_options_after_a_reload():
        c.settings["options"] = {"Other": "y", "XtkDatabaseId": "mine"}
        reload()
        assert option("Other") == ("y", "6") and option("Plain") == ("", "0")
        assert option("XtkDatabaseId")[0].startswith("u"), "the server's own comes first"

    def section_4_3_options_need_a_session():
        r = client.call("xtk:session", "GetOption", "<urn:n>Plain</urn:n>", token="")
        assert r.status == 403 and r.text.startswith("XSV-350008 "), r

    sys.exit(main([(f.__name__, f) for f in (
        section_12_test_is_one_element, section_12_test_is_open_to_everybody, section_1_other_paths,
        section_12_ping_with_a_session, section_12_zones_has_no_effect, section_12_ping_without_a_session,
        section_12_the_database_away, section_4_3_options_of_the_configuration, section_4_3_the_database_id,
        section_4_3_unknown_options, section_4_3_options_after_a_reload, section_4_3_options_need_a_session)]
        + [status_of_faults("auto", 500, 200), status_of_faults("200", 200, 200), status_of_faults("500", 500, 500)]))
