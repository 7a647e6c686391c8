#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""R10.12, loaded_columns: each row that a run writes in the cloud database tells when and by which run, and no
other row does; for all schemas or for some; in tables that are new and in those that are older than the option."""
import re
import sys

from campaign import Instance, main

LOG = "dem_sampleTableStg_log"
INSERT, UPSERT, UPDATE, DELETE = 1, 2, 3, 4
COLUMNS = ["_loaded_at", "_run", "_deleted_at"]
SHOP = """<srcSchema namespace="cus" name="%(name)s" mappingType="sql">
  <element name="%(name)s" %(pk)s replicate="true"><attribute name="text" type="string" length="200"/>
  </element></srcSchema>"""

with Instance(conf={"cloud": {"loaded_columns": "yes"}}, start=False) as c:
    c.deploy_samples()

    def stage(*changes):
        """Changes as (operation, key, {field: value})."""
        c.staging("BEGIN;" + ";".join(
            f"INSERT INTO {LOG} (_operation, _key, _fields, _operator, {','.join(given)})"
            f" VALUES ({operation}, '{key}', '{','.join(given)}', 'feed1', {','.join(repr(v) for v in given.values())})"
            for operation, key, given in changes) + ";COMMIT")

    def sync(*args):
        """A run that goes well; its number."""
        c.sync(*args)
        return c.staging("SELECT MAX(id) FROM campaign_run")[0][0]

    def runs(table="dem_sampleTable", key="id", live=""):
        return dict(c.cloud(f"SELECT `{key}`, _run FROM {table} {live}"))

    def columns(table, where="cloud"):
        return [r[0] for r in getattr(c, where)(f"SHOW COLUMNS FROM {table}") if r[0] in COLUMNS]

    def settings(**sections):
        for section in [s for s in c.settings if s.startswith("cloud")]:
            del c.settings[section]
        c.settings.update({("cloud " + k.replace("__", ":")) if k != "cloud" else k: v for k, v in sections.items()})
        c.write_conf()

    def empty():
        c.staging(f"DELETE FROM {LOG}")
        c.cloud("DELETE FROM dem_sampleTable")

    # -- which rows, and what they tell ------------------------------------------------------------
    def R10_12_only_the_clouds_table_has_the_columns():
        assert columns("dem_sampleTable") == COLUMNS[:2]
        for table in (LOG, "dem_sampleTableStg_rej", "dem_sampleTableStg", "nms_service"):
            assert columns(table, "staging") == [], table
        kinds = c.cloud("SELECT COLUMN_TYPE, IS_NULLABLE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'cloud'"
                        " AND TABLE_NAME = 'dem_sampleTable' AND COLUMN_NAME LIKE '\\_%' ORDER BY ORDINAL_POSITION")
        assert kinds == [["datetime(3)", "YES"], ["bigint(20) unsigned", "YES"]], kinds

    def R10_12_what_is_inserted_and_what_is_updated():
        c.cloud("INSERT INTO dem_sampleTable (id, code) VALUES ('old', 'o'), ('other', 'p')")
        stage((INSERT, "@id", {"id": "a", "testcol1": "1"}), (UPSERT, "@code", {"code": "b", "id": "b"}),
              (UPDATE, "@code", {"code": "o", "testcol1": "1"}), (UPDATE, "@code", {"code": "nobody", "testcol1": "1"}))
        before = c.cloud("SELECT UTC_TIMESTAMP(3)")[0][0]
        first = sync()
        assert runs() == {"a": first, "b": first, "old": first, "other": None}, runs()
        times = c.cloud("SELECT COUNT(*) FROM dem_sampleTable"
                        f" WHERE _loaded_at BETWEEN '{before}' AND UTC_TIMESTAMP(3)")
        assert times == [["3"]], times
        assert c.cloud("SELECT COUNT(*) FROM dem_sampleTable WHERE _loaded_at IS NULL AND id = 'other'") == [["1"]]

    def R10_12_a_row_that_is_found_counts_even_if_nothing_changes():
        stage((UPSERT, "@id", {"id": "a", "testcol1": "1"}), (UPSERT, "@id", {"id": "b"}),
              (UPDATE, "@id", {"id": "nobody", "testcol1": "1"}))
        c.cloud("UPDATE dem_sampleTable SET testcol1 = 'kept' WHERE id = 'b'")
        second = sync()
        assert c.cloud("SELECT testcol1 FROM dem_sampleTable WHERE id = 'b'") == [["kept"]]
        found = runs()
        assert (found["a"], found["b"]) == (second, second) and found["old"] not in (None, second), found
        at = c.cloud("SELECT _loaded_at FROM dem_sampleTable WHERE id = 'a'")
        stage((UPDATE, "@id", {"id": "b", "testcol1": "x"}))
        sync()
        assert c.cloud("SELECT _loaded_at FROM dem_sampleTable WHERE id = 'a'") == at
        sync()  # with nothing to do
        assert c.cloud("SELECT _loaded_at FROM dem_sampleTable WHERE id = 'a'") == at

    def R10_4_R10_12_all_rows_that_have_the_key():
        empty()
        c.cloud("INSERT INTO dem_sampleTable (id, code) VALUES ('1', 'k'), ('2', 'k'), ('3', 'l')")
        stage((UPSERT, "@code", {"code": "k", "testcol1": "x"}), (UPSERT, "@code", {"code": "l"}))
        r = c.sync_json("--schema", "dem:sampleTable")
        assert (r["updated"], r["several"], r["inserted"]) == (3, 1, 0), r
        assert len(set(runs().values())) == 1 and None not in runs().values(), runs()

    def R8_8_a_record_that_is_made_anew():
        empty()
        c.cloud("INSERT INTO dem_sampleTable (id, code, testcol1) VALUES ('1', 'k', 'old'), ('2', 'l', 'old')")
        stage((DELETE, "@code", {"code": "k"}), (UPSERT, "@code", {"code": "k", "id": "1"}),
              (DELETE, "@code", {"code": "l"}))
        run = sync()
        assert c.cloud("SELECT id, testcol1, _run FROM dem_sampleTable") == [["1", None, run]]

    def R10_2_R10_12_batches_of_every_size():
        for size in (1, 2, 7, 1000):
            empty()
            c.cloud("INSERT INTO dem_sampleTable (id, code) SELECT CONCAT('p', seq), CONCAT('c', seq) FROM seq_1_to_9")
            for key in ("@id", "@code"):
                stage(*((UPSERT, key, {"id": f"p{n}", "code": f"c{n}", "testcol1": "x"}) for n in range(1, 41, 3)))
            run = sync("--batch", str(size))
            written = {n for n, r in runs().items() if r == run}
            assert written == {f"p{n}" for n in range(1, 41, 3)}, (size, written)
            assert sum(r is None for r in runs().values()) == 6, runs()
        empty()
        stage(*((UPSERT, "@id", {"id": f"n{n}", "testcol1": "x"}) for n in range(2000)))
        run = sync("--batch", "500")  # all but the first without looking
        assert set(runs().values()) == {run} and len(runs()) == 2000

    # -- what else the replication writes --------------------------------------------------------
    def R10_7_R10_12_reference_tables():
        c.deploy_text(SHOP % {"name": "shop", "pk": 'autopk="true" autouuid="true"'})
        c.deploy_text(SHOP % {"name": "loose", "pk": ""})
        c.staging("INSERT INTO cus_shop (id, text) VALUES ('a', 'x'), ('b', 'x'); INSERT INTO cus_loose VALUES ('w')")
        first = sync()
        assert runs("cus_shop") == {"a": first, "b": first} and runs("cus_loose", "text") == {"w": first}
        at = c.cloud("SELECT _loaded_at FROM cus_shop")
        sync()
        assert runs("cus_shop") == {"a": first, "b": first} and c.cloud("SELECT _loaded_at FROM cus_shop") == at
        c.staging("UPDATE cus_shop SET text = 'y' WHERE id = 'b'; INSERT INTO cus_shop (id) VALUES ('c')")
        third = sync()
        assert runs("cus_shop") == {"a": first, "b": third, "c": third}, runs("cus_shop")

    def R9_9_R10_12_subscriptions_and_their_history():
        c.staging("INSERT INTO nms_service (id, name, lastModified) VALUES ('s1', 'NEWS', NOW(3));"
                  "INSERT INTO nms_recipientStg_log (_operation, _key, _fields, _operator, id, email)"
                  " VALUES (2, '@email', 'email', 'feed1', 'r1', 'ann@example.test');"
                  "INSERT INTO nms_subscriptionStg_log (_operation, _key, _fields, _operator, id, deleteStatus,"
                  " `service-id`, `recipient-id`) VALUES (2, '@service-id,@recipient-id',"
                  " 'deleteStatus,service-id,recipient-id', 'feed1', 'u1', 0, 's1', 'r1')")
        run = sync()
        for table in ("nms_service", "nms_recipient", "nms_subscription", "nms_subHisto"):
            assert list(runs(table).values()) == [run], (table, runs(table))

    # -- which schemas ---------------------------------------------------------------------------
    def R10_12_per_schema():
        settings(cloud={"loaded_columns": "false"}, dem__sampleTable={"loaded_columns": "true"})
        empty()
        c.staging("INSERT INTO cus_shop (id) VALUES ('d')")
        stage((UPSERT, "@id", {"id": "a"}))
        run = sync()
        assert runs() == {"a": run} and runs("cus_shop")["d"] is None
        settings(cus__shop={"loaded_columns": "false"}, cloud={"loaded_columns": "true"})
        c.staging("INSERT INTO cus_shop (id) VALUES ('e')")
        stage((UPSERT, "@id", {"id": "b"}))
        run = sync()
        assert runs()["b"] == run and runs("cus_shop")["e"] is None

    def R10_12_a_section_of_no_schema_is_told():
        settings(dem__simpleTable={"loaded_columns": "true"})
        p = c.sync()
        assert "[cloud dem:simpleTable]" in p.stderr and "no such schema is deployed" in p.stderr, p.stderr

    def R10_12_off_again_the_columns_stay_and_nothing_writes_them():
        settings()
        before = runs()["a"]
        stage((UPSERT, "@id", {"id": "a", "testcol1": "later"}), (UPSERT, "@id", {"id": "new"}))
        sync()
        assert columns("dem_sampleTable") == COLUMNS[:2]
        assert runs()["a"] == before and runs()["new"] is None, runs()

    # -- tables that are older -------------------------------------------------------------------
    def R10_5_R10_12_a_run_says_what_is_missing_and_loses_nothing():
        settings()
        c.cloud("ALTER TABLE dem_sampleTable DROP _loaded_at, DROP _run; ALTER TABLE cus_shop DROP _loaded_at, DROP _run;"
                "ALTER TABLE nms_subHisto DROP _run")
        empty()
        c.cloud("INSERT INTO dem_sampleTable (id, testcol1) VALUES ('before', '1')")
        settings(cloud={"loaded_columns": "true"})
        stage((UPSERT, "@id", {"id": "a"}))
        c.staging("INSERT INTO nms_recipientStg_log (_operation, _key, _fields, _operator, id, email)"
                  " VALUES (2, '@email', 'email', 'feed1', 'r2', 'ben@example.test');"
                  "INSERT INTO nms_subscriptionStg_log (_operation, _key, _fields, _operator, id, deleteStatus,"
                  " `service-id`, `recipient-id`) VALUES (2, '@service-id,@recipient-id',"
                  " 'deleteStatus,service-id,recipient-id', 'feed1', 'u2', 0, 's1', 'r2')")
        p = c.sync(check=False)
        assert p.returncode == 1, p
        for table, column in (("dem_sampleTable", "_loaded_at"), ("cus_shop", "_loaded_at"), ("nms_subHisto", "_run")):
            assert re.search(f"table {table} has no column {column}.*loaded_columns.*campaign-admin db upgrade",
                             p.stdout + p.stderr), (table, p)
        assert columns("dem_sampleTable") == [], "a run alters no table (R10.5a)"
        assert c.pending() == 1 and runs_of_others() == 0 and c.pending("nms_subscription") == 1
        assert c.cloud("SELECT id FROM nms_recipient WHERE id = 'r2'") == [["r2"]]  # the others went on

    def runs_of_others():
        return int(c.staging("SELECT COUNT(*) FROM campaign_reject")[0][0])

    def R10_12_an_upgrade_adds_the_columns():
        said = c.admin("db", "upgrade").stdout
        assert "dem_sampleTable" in said and "cus_shop" in said and "nms_subHisto" in said, said
        assert columns("dem_sampleTable") == columns("cus_shop") == columns("nms_subHisto") == COLUMNS[:2]
        assert "dem_sampleTable" not in c.admin("db", "upgrade").stdout
        run = sync()
        assert runs() == {"before": None, "a": run} and runs("nms_subHisto", "recipient-id")["r2"] == run

    def R10_12_a_repeated_deployment_adds_them_too():
        c.cloud("ALTER TABLE dem_sampleTable DROP _loaded_at, DROP _run")
        c.deploy_samples()
        assert columns("dem_sampleTable") == COLUMNS[:2]
        stage((UPSERT, "@id", {"id": "b"}))
        run = sync()
        assert runs() == {"before": None, "a": None, "b": run}

    def R10_12_a_column_of_another_kind_is_refused_by_name():
        c.cloud("ALTER TABLE dem_sampleTable MODIFY _run VARCHAR(20) NULL")
        stage((UPSERT, "@id", {"id": "c"}))
        p = c.sync(check=False)
        assert p.returncode == 1 and "column _run of table dem_sampleTable is varchar(20)" in p.stdout, p
        p = c.admin("db", "upgrade", check=False)
        assert p.returncode == 1 and "dem_sampleTable" in p.stderr and "_run (varchar(20))" in p.stderr, p
        settings(cloud={"loaded_columns": "true"}, dem__sampleTable={"loaded_columns": "false"})
        c.admin("db", "upgrade")
        sync()
        assert runs()["c"] is None and c.pending() == 0

    sys.exit(main([(n, f) for n, f in list(globals().items()) if re.match(r"R\d", n) and callable(f)]))
