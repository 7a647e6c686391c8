#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Three database accounts with the rights that docs/installation.md gives them: every kind of call, a
run and every command of the operator works; and what an account has no business with is denied."""
import json
import re
import subprocess
import sys

from campaign import SOURCE, Client, Instance, main, program, wait_for

ACCOUNTS = ("campaign_ingest", "campaign_sync", "campaign_admin")
LOG = "dem_sampleTableStg_log"
SECOND = """<srcSchema namespace="dem" name="later" label="Later">
  <element name="later" dataSource="nms:extAccount:ffda" autopk="true" autoStg="true">
    <attribute name="word" type="string" length="20"/>
  </element>
</srcSchema>"""


def statements():
    """The block of the manual, for this instance's databases."""
    text = (SOURCE / "docs/installation.md").read_text()
    block = next(b for b in re.findall(r"```sql\n(.*?)```", text, re.S) if "campaign_ingest" in b)
    return block.replace("campaign_staging", "stg").replace("campaign_cloud", "cloud")


printed = []  # by `db grants`

with Instance(start=False) as c:
    def as_account(account, statement, database="stg"):
        """(exit status, what the server says)"""
        p = subprocess.run([program("mariadb"), "--no-defaults", "-S", c.db.socket, "-u", account, f"-p{account}",
                            "--batch", database], input=statement, text=True, capture_output=True)
        return p.returncode, p.stderr.strip()

    def may(account, statement, database="stg"):
        status, said = as_account(account, statement, database)
        assert status == 0, (account, statement, said)

    def denied(account, statement, database="stg"):
        status, said = as_account(account, statement, database)
        assert status != 0 and re.search(r"ERROR (1044|1045|1142|1143|1227|1370)", said), (account, statement, said)

    def login(account, groups):
        path = c.folder / f"{account}.cnf"
        path.write_text("".join(f"[campaign-{group}]\nsocket={c.db.socket}\nuser={account}\npassword={account}\n"
                                f"database={name}\n" for group, name in groups))
        return path

    def accounts_are_made():
        c.db.sql("DROP DATABASE stg; DROP DATABASE cloud; DROP USER app@localhost;")
        c.db.sql(re.sub(r"IDENTIFIED BY '[^']*'", "IDENTIFIED BY 'x'", statements()))
        for account in ACCOUNTS:
            c.db.sql(f"SET PASSWORD FOR {account}@localhost = PASSWORD('{account}')")
        both = (("staging", "stg"), ("cloud", "cloud"))
        c.settings["database"] = {
            "option_file": login("campaign_ingest", both[:1]), "sync_option_file": login("campaign_sync", both),
            "admin_option_file": login("campaign_admin", both),
            "ingest_account": "campaign_ingest@localhost", "sync_account": "campaign_sync@localhost"}
        (c.folder / "db.cnf").unlink()
        c.write_conf()
        c.admin("db", "init")
        c.deploy_samples()
        c.add_operator(c.LOGIN, c.PASSWORD, "admin")
        c.admin("folder", "add", "letters")
        c.admin("service", "add", "news", "--folder", "letters")
        c.start_pool()
        c.start_nginx()

    def every_kind_of_call():
        s = c.logon()
        assert s.security
        assert c.client().logon(c.LOGIN, "wrong").status == 403
        ok = lambda r: (r.status == 200 or None) and r  # noqa: E731
        assert ok(s.ingest('<sampleTableStg xtkschema="dem:sampleTableStg" testcol1="a"/>'))
        for n, operation in enumerate(("insert", "insertOrUpdate", "update", "delete")):
            r = s.ingest_ext(f'<s xtkschema="dem:sampleTableStg" _operation="{operation}" _key="@id" id="r{n}" testcol1="b"/>')
            assert ok(r), r
        assert ok(s.ingest('<sampleTableStg-collection xtkschema="dem:sampleTableStg"><sampleTableStg testcol1="1"/>'
                           '<sampleTableStg testcol1="2"/></sampleTableStg-collection>'))
        # a link that is looked up in a local table
        r = s.ingest_ext('<r xtkschema="nms:recipientStg" _key="@email" email="a@example.test">'
                         '<folder name="letters" _operation="none"/></r>')
        assert ok(r), r
        who = '<urn:s>news</urn:s><urn:r><recipient _key="@email" email="b@example.test"/></urn:r>'
        for r in (s.call("nms:subscription", "Subscribe", who + "<urn:c>true</urn:c>"),
                  s.call("nms:subscription", "Unsubscribe", who)):
            assert ok(r), r
        for name in ("GetUserInfo", "GetServerTime", "TestCnx"):
            assert ok(s.call("xtk:session", name)), name
        assert ok(s.call("xtk:session", "GetOption", "<urn:strName>XtkDatabaseId</urn:strName>"))
        r = s.call("xtk:persist", "GetEntityIfMoreRecent", '<urn:pk>xtk:schema|dem:sampleTable</urn:pk>'
                   "<urn:md5></urn:md5><urn:mustExist>false</urn:mustExist>")
        assert ok(r) and "sampleTable" in r.text, r
        r = s.call("nms:replicationStrategy", "StartReplicateStagingData", "<urn:schema>dem:sampleTable</urn:schema>")
        assert ok(r), r
        assert ok(s.call("nms:replicationStrategy", "StartReplicateStagingData", "<urn:schema>dem:sampleTable</urn:schema>"))
        assert c.client().request("GET", "/r/test").status == 200
        for path in ("/nl/jsp/ping.jsp", "/nl/jsp/schemawsdl.jsp?schema=xtk:session"):
            r = s.request("GET", path, headers={"Cookie": f"__sessiontoken={s.token}", "X-Security-Token": s.security})
            assert r.status == 200, r
        bearer = c.admin("operator", "token", c.LOGIN).stdout.strip()
        r = c.client().call("xtk:session", "BearerTokenLogon", f"<urn:bearerToken>{bearer}</urn:bearerToken>", token="")
        assert ok(r), r
        assert ok(s.call("xtk:session", "Logoff"))
        wait_for("the session is over everywhere", lambda: Client(c.port, s.token).call("xtk:session", "TestCnx").status == 403, 3)

    def a_run():
        before = c.pending()
        assert before > 0
        p = c.sync("--if-requested")
        c.sync()
        assert c.pending() == 0 and c.staging("SELECT COUNT(*) FROM campaign_request") == [["0"]], p
        assert int(c.cloud("SELECT COUNT(*) FROM dem_sampleTable")[0][0]) >= 3
        assert c.cloud("SELECT COUNT(*) FROM nms_service") == [["1"]]

    def rejects_and_what_is_over():
        s = c.logon()
        c.cloud("ALTER TABLE dem_sampleTable ADD CONSTRAINT no_x CHECK (testcol1 <> 'x')")
        assert s.ingest('<s xtkschema="dem:sampleTableStg" testcol1="x"/>').status == 200
        assert c.sync(check=False).returncode == 3
        c.cloud("ALTER TABLE dem_sampleTable DROP CONSTRAINT no_x")
        assert len(json.loads(c.admin("rejects", "--json").stdout)) == 1
        c.admin("rejects", "retry")
        c.staging("UPDATE campaign_run SET started_at = started_at - INTERVAL 1 YEAR;"
                  "UPDATE campaign_session SET ended_at = expires_at - INTERVAL 1 YEAR, expires_at = expires_at - INTERVAL 1 YEAR")
        c.sync()
        assert c.staging("SELECT COUNT(*) FROM campaign_session") == [["0"]]
        assert c.staging("SELECT COUNT(*) FROM campaign_run") == [["1"]]
        for command in (("pending",), ("sessions",), ("runs",), ("status",), ("operator", "list"), ("schema", "list"),
                        ("service", "list"), ("db", "upgrade"), ("operator", "disable", c.LOGIN), ("operator", "enable", c.LOGIN)):
            c.admin(*command)

    def a_new_schema():
        c.deploy_text(SECOND)
        s = c.logon()
        wait_for("the pool knows it", lambda: s.ingest('<l xtkschema="dem:laterStg" word="w"/>').status == 200, 5)
        c.sync()
        assert int(c.cloud("SELECT COUNT(*) FROM dem_later WHERE word = 'w'")[0][0]) == 1

    def printed_and_granted_are_the_same():
        """What `db grants` prints adds nothing to what the deployments have granted."""
        def rights():
            return [c.db.sql(f"SHOW GRANTS FOR {account}@localhost") for account in ACCOUNTS[:2]]
        before = [sorted(map(str, r)) for r in rights()]
        printed.append(c.admin("db", "grants").stdout)
        assert printed[0].count("GRANT") > 20 and f"`{LOG}`" in printed[0], printed
        for account in ACCOUNTS[:2]:
            c.db.sql(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {account}@localhost")
        denied("campaign_ingest", f"INSERT INTO {LOG} (_operation, _key, _fields, _operator) VALUES (1, '', '', '')")
        c.db.sql(statements().partition("-- the sync")[2].partition(";")[0].split("\n", 1)[1] + ";")
        c.db.sql(printed[0], "stg")
        assert [sorted(map(str, r)) for r in rights()] == before

    def an_account_that_is_not_there():
        """Nothing is published that nobody may write to; and a name is a name, whatever is in it."""
        settings, before = c.settings["database"], c.staging("SELECT id FROM campaign_schema ORDER BY id")
        users = "SELECT User, Host FROM mysql.user ORDER BY 1, 2"
        for account in ("nobody@nowhere", "norole", "x'@'%' IDENTIFIED BY 'x', 'y@localhost"):
            made = c.db.sql(users)
            c.settings["database"] = {**settings, "ingest_account": account}
            c.write_conf()
            p = c.deploy_text(SECOND.replace("later", "never"), check=False)
            assert p.returncode == 1 and account in p.stderr, p
            assert c.staging("SELECT id FROM campaign_schema ORDER BY id") == before
            assert c.db.sql(users) == made
        c.settings["database"] = {**settings, "ingest_account": "", "sync_account": ""}
        c.write_conf()
        p = c.admin("db", "grants", check=False)
        assert p.returncode == 1 and "ingest_account" in p.stderr, p
        named = [c.admin("db", "grants", *accounts).stdout for accounts in (
            ("campaign_ingest@localhost", "campaign_sync@localhost"), ("a_role",))]
        assert named[0] == printed[0] and "TO 'a_role';" in named[1] and "campaign_sync" not in named[1], named
        c.settings["database"] = settings
        c.write_conf()

    def the_pool_is_denied():
        may("campaign_ingest", "SELECT id, login, password_hash FROM campaign_operator")
        for statement in (
                f"DROP TABLE {LOG}", f"ALTER TABLE {LOG} ADD COLUMN x INT", f"TRUNCATE {LOG}", "CREATE TABLE x (i INT)",
                f"DELETE FROM {LOG}", f"UPDATE {LOG} SET testcol1 = 'x'", f"SELECT * FROM {LOG}",
                "SELECT * FROM dem_sampleTableStg", "SELECT * FROM dem_sampleTableStg_rej",
                "INSERT INTO campaign_operator (login, created_at) VALUES ('mallory', NOW())",
                "UPDATE campaign_operator SET password_hash = ''", "DELETE FROM campaign_operator",
                "SELECT created_at FROM campaign_operator",
                "INSERT INTO campaign_right VALUES (1201, 'admin', '')", "INSERT INTO campaign_bearer VALUES ('', 1201, NOW())",
                "UPDATE campaign_session SET operator_id = 1201", "UPDATE campaign_session SET expires_at = NOW()",
                "DELETE FROM campaign_session", "UPDATE campaign_state SET value = '0'", "UPDATE campaign_schema SET source = ''",
                "DELETE FROM campaign_request", "SELECT * FROM campaign_request", "SELECT * FROM campaign_run",
                "DELETE FROM campaign_reject", "UPDATE nms_service SET name = 'x'", "DELETE FROM xtk_folder",
                "GRANT SELECT ON campaign_state TO campaign_sync@localhost", "CREATE USER x@localhost"):
            denied("campaign_ingest", statement)
        for statement in ("SELECT 1", "SELECT * FROM dem_sampleTable"):
            denied("campaign_ingest", statement, "cloud")
        denied("campaign_ingest", "SELECT * FROM cloud.dem_sampleTable")

    def the_sync_is_denied():
        for statement in (
                "SELECT * FROM campaign_operator", "SELECT * FROM campaign_bearer", "SELECT token_hash FROM campaign_session",
                "INSERT INTO campaign_operator (login, created_at) VALUES ('mallory', NOW())",
                f"INSERT INTO {LOG} (_operation, _key, _fields, _operator) VALUES (1, '', '', '')",
                f"UPDATE {LOG} SET testcol1 = 'x'", f"DROP TABLE {LOG}", "UPDATE campaign_schema SET source = ''",
                "DELETE FROM campaign_schema", "UPDATE campaign_state SET value = '0'", "DELETE FROM nms_service"):
            denied("campaign_sync", statement)
        for statement in ("DROP TABLE dem_sampleTable", "ALTER TABLE dem_sampleTable ADD COLUMN x INT", "CREATE TABLE x (i INT)"):
            denied("campaign_sync", statement, "cloud")

    sys.exit(main([(f.__name__, f) for f in (
        accounts_are_made, every_kind_of_call, a_run, rejects_and_what_is_over, a_new_schema,
        printed_and_granted_are_the_same, an_account_that_is_not_there, the_pool_is_denied, the_sync_is_denied)]))
