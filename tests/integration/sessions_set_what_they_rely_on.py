#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.9, setting by setting: servers whose settings, or whose init_connect, once lost characters, rows or runs; a
server that does not let a session have what it needs is refused by name; what [cloud] session_variables adds."""
import json
import re
import subprocess

from campaign import BUILD, Instance, main, wait_for

TEXT = "å€😀"
KEYS = ["k😀", "k😎"]

CHARSETS = {
    "init_connect SET NAMES utf8": ["--init-connect=SET NAMES utf8"],
    "init_connect SET NAMES latin1": ["--init-connect=SET NAMES latin1"],
    "no handshake": ["--character-set-server=latin1", "--skip-character-set-client-handshake"],
}

c = Instance(conf={"sync": {"batch_rows": 100}})
with c:
    def restart(*options):
        c.stop_pool()
        c.db.stop()
        c.db.options = list(options)
        c.db.start()
        c.start_pool()

    def stage(records):
        """In collections; each record is its attributes."""
        client = c.logon()
        for i in range(0, len(records), 100):
            r = client.ingest_ext('<all xtkschema="dem:sampleTable">' + "".join(
                f'<sampleTable _key="@id" {r}/>' for r in records[i:i + 100]) + "</all>")
            assert r.status == 200, r

    def rows(columns="COUNT(*)", where="1"):
        return c.cloud(f"SELECT {columns} FROM dem_sampleTable WHERE {where} ORDER BY 1")

    def empty():
        c.cloud("DROP TRIGGER IF EXISTS slow; DELETE FROM dem_sampleTable")

    def with_session_variables(text):
        c.settings["cloud"] = {"session_variables": text}
        c.write_conf()

    # -- text ------------------------------------------------------------------------------------
    def R10_9_text_arrives_whatever_the_server_speaks():
        for name, options in CHARSETS.items():
            restart(*options)
            stage([f'id="{k}" testcol1="{TEXT}"' for k in KEYS])
            assert c.sync_json()["merged"] == 2, name
            found = rows("HEX(id), HEX(testcol1)")
            assert found == sorted([k.encode().hex().upper(), TEXT.encode().hex().upper()] for k in KEYS), (name, found)
            assert c.pending() == 0
            empty()

    # -- limits ----------------------------------------------------------------------------------
    def R10_9_a_limit_of_rows_cuts_nothing():
        restart()
        for n in range(60):
            c.admin("folder", "add", f"folder{n}")
        c.sync()
        before = c.cloud("SELECT name FROM xtk_folder ORDER BY name")
        assert len(before) >= 60, before
        for limit in (40, 1):
            restart()
            c.db.sql(f"SET GLOBAL sql_select_limit = {limit}")
            c.stop_pool()
            c.start_pool()
            c.sync()
            c.deploy_samples()
            stage([f'id="{limit}-{n}"' for n in range(3)])
            assert c.sync_json()["merged"] == 3
            c.db.sql("SET GLOBAL sql_select_limit = DEFAULT")
            assert c.cloud("SELECT name FROM xtk_folder ORDER BY name") == before
        assert c.pending() == 0
        empty()

    def slow_merge(*options):
        """Three batches; the merge of each takes two seconds."""
        restart(*options)
        stage([f'id="slow{n}"' for n in range(300)])
        c.cloud("CREATE TRIGGER slow BEFORE INSERT ON dem_sampleTable FOR EACH ROW SET @x = SLEEP(0.02)")
        p = c.sync("--json", check=False)
        assert p.returncode == 0 and json.loads(p.stdout)["merged"] == 300, (options, p)
        assert c.pending() == 0 and rows() == [["300"]]
        empty()

    def R10_9_a_merge_may_take_longer_than_a_session_may_idle():
        slow_merge("--wait-timeout=1", "--idle-transaction-timeout=1")

    def R10_9_a_merge_may_take_longer_than_a_statement_may():
        slow_merge("--max-statement-time=0.5", "--init-connect=SET max_statement_time = 0.5")

    # -- what cannot be set ----------------------------------------------------------------------
    def R10_9_statement_logging_is_told_at_the_start():
        restart("--log-bin", "--binlog-format=ROW")
        assert "binlog_format" not in c.admin("status").stdout
        quiet = len(re.findall("binlog_format", c.pool_log()))
        assert quiet == 0 and "binlog_format" not in c.sync().stderr
        restart("--log-bin", "--binlog-format=STATEMENT")
        wait_for("the pool says so", lambda: "set binlog_format=MIXED or ROW" in c.pool_log())
        p = c.admin("status")
        assert "set binlog_format=MIXED or ROW" in p.stderr and "binlog_format=STATEMENT" in p.stdout, p
        assert json.loads(c.admin("status", "--json").stdout)["statement_log"] is True
        p = c.sync(check=False)
        assert p.returncode == 1 and "set binlog_format=MIXED or ROW" in p.stderr, p
        restart()

    def R10_9_a_value_that_the_server_does_not_allow_is_named():
        stage(['id="kept"'])
        c.stop_pool()
        c.db.stop()
        c.db.options = ["--group-concat-max-len=4000", "--maximum-group-concat-max-len=5000"]
        c.db.start()
        p = c.sync(check=False)
        assert p.returncode == 1 and "group_concat_max_len cannot be set to '1048576'" in p.stderr, p
        assert "lists would be cut" in p.stderr, p.stderr
        restart()
        assert c.sync_json()["merged"] == 1
        empty()

    # -- session_variables -----------------------------------------------------------------------
    def R10_9_session_variables_of_the_installation():
        c.cloud("CREATE TABLE seen (what TEXT);"
                "CREATE TRIGGER slow BEFORE INSERT ON dem_sampleTable FOR EACH ROW INSERT INTO seen SELECT"
                " CONCAT_WS('|', @@default_week_format, @@lc_time_names, @@sql_notes, @@long_query_time)")
        with_session_variables("default_week_format = 3, lc_time_names='sv_SE',sql_notes = OFF , long_query_time=1.5")
        stage(['id="a"'])
        assert c.sync_json()["merged"] == 1
        assert c.cloud("SELECT what FROM seen") == [["3|sv_SE|OFF|1.500000"]], c.cloud("SELECT what FROM seen")
        # Not at the staging database; and campaign-admin has them too.
        assert c.admin("status", check=False).returncode == 0
        empty()

    def R10_9_session_variables_that_cannot_be():
        cases = {"sql_mode = ANSI": "sql_mode is set by the program itself",
                 "Sql_mode = ANSI": "a variable's name is made of",
                 "a; DROP": "it is written NAME = VALUE",
                 "a = ": "the value is missing",
                 "a = 'b": "has a quote that is not closed",
                 "a = 1,": "nothing follows the comma"}
        for text, words in cases.items():
            with_session_variables(text)
            for command in ("campaign-sync",), ("campaign-admin", "pending"), ("campaign-ingestd", "--test-config"):
                p = c.run(*command, check=False)
                assert p.returncode != 0 and "session_variables" in p.stderr and words in p.stderr, (text, command, p)
        stage(['id="b"'])
        for text, words in {"no_such_variable = 1": "no_such_variable cannot be set to '1'",
                            "sql_log_bin = 0": "sql_log_bin cannot be set to '0'",
                            "lc_time_names = nowhere": "lc_time_names cannot be set to 'nowhere'",
                            "storage_engine = MyISAM": "default_storage_engine is 'MyISAM'"}.items():
            with_session_variables(text)
            p = c.sync(check=False)
            assert p.returncode == 1 and words in p.stderr, (text, p)
        with_session_variables("")
        assert c.sync_json()["merged"] == 1

    status = main([(name, step) for name, step in list(globals().items()) if name.startswith("R10_9")])
raise SystemExit(status)
