/* SPDX-License-Identifier: MIT */
/* Tables, indexes, changes of tables and the view, as text; MariaDB itself judges them in
 * tests/integration. */
#include "config.h"

#include "schema/ddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schema/row.h"
#include "schema/source.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The schema dem:t with BODY in its main element, which has the attributes MAIN. */
static struct schema *compile(const char *main_attributes, const char *body)
{
	struct buf source = BUF_INIT, errors = BUF_INIT;
	struct schema *s;

	buf_addf(
	    &source,
	    "<srcSchema namespace='dem' name='t'><element name='t' %s>%s</element></srcSchema>",
	    main_attributes, body);
	s = schema_compile(buf_text(&source), source.length, NULL, NULL, &errors, NULL);
	if (s == NULL)
		fail_msg("%s: %s", body, buf_text(&errors));
	buf_free(&source);
	buf_free(&errors);
	return s;
}

static const char staged[] =
    "autopk='true' autouuid='true' autoStg='true' dataSource='nms:extAccount:ffda'";
static const char numbered[] = "autopk='true' autoStg='true' dataSource='nms:extAccount:ffda'";

static void assert_contains(const char *what, const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s: no \"%s\" in:\n%s", what, part, text);
}

static void assert_lacks(const char *what, const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("%s: \"%s\" in:\n%s", what, part, text);
}

/* ---- columns ---- */

static const struct {
	const char *attribute; /* what follows name='a' */
	const char *log, *entity;
} columns[] = {
    {"", "VARCHAR(255) NULL", "VARCHAR(255) NULL"},
    {"type='string' length='20'", "VARCHAR(20) NULL", "VARCHAR(20) NULL"},
    {"type='string' length='1024'", "VARCHAR(1024) NULL", "VARCHAR(1024) NULL"},
    {"type='string' length='1025'", "MEDIUMTEXT NULL", "MEDIUMTEXT NULL"},
    {"type='string' length='5' notNull='true'", "VARCHAR(5) NULL",
     "VARCHAR(5) NOT NULL DEFAULT ''"},
    {"type='string' length='9' default=\"'sv'\"", "VARCHAR(9) NULL",
     "VARCHAR(9) NULL DEFAULT 'sv'"},
    {"type='string' default='NewUuid()'", "VARCHAR(255) NULL",
     "VARCHAR(255) NULL DEFAULT (UUID())"},
    {"type='uuid'", "VARCHAR(64) NULL", "VARCHAR(64) NULL"},
    {"type='enum' length='30'", "VARCHAR(30) NULL", "VARCHAR(30) NULL"},
    {"type='MNTOKEN' length='30'", "VARCHAR(30) NULL", "VARCHAR(30) NULL"},
    {"type='memo'", "MEDIUMTEXT NULL", "MEDIUMTEXT NULL"},
    {"type='html' notNull='true'", "MEDIUMTEXT NULL", "MEDIUMTEXT NOT NULL DEFAULT ''"},
    {"type='CDATA'", "MEDIUMTEXT NULL", "MEDIUMTEXT NULL"},
    {"type='byte'", "TINYINT NULL", "TINYINT NOT NULL DEFAULT '0'"},
    {"type='byte' default='3'", "TINYINT NULL", "TINYINT NOT NULL DEFAULT '3'"},
    {"type='boolean'", "TINYINT(1) NULL", "TINYINT(1) NOT NULL DEFAULT '0'"},
    {"type='boolean' default='true'", "TINYINT(1) NULL", "TINYINT(1) NOT NULL DEFAULT '1'"},
    {"type='short'", "SMALLINT NULL", "SMALLINT NOT NULL DEFAULT '0'"},
    {"type='long'", "INT NULL", "INT NOT NULL DEFAULT '0'"},
    {"type='int64'", "BIGINT NULL", "BIGINT NOT NULL DEFAULT '0'"},
    {"type='timespan'", "BIGINT NULL", "BIGINT NOT NULL DEFAULT '0'"},
    {"type='double'", "DOUBLE NULL", "DOUBLE NOT NULL DEFAULT '0'"},
    {"type='float'", "DOUBLE NULL", "DOUBLE NOT NULL DEFAULT '0'"},
    {"type='percent'", "DOUBLE NULL", "DOUBLE NOT NULL DEFAULT '0'"},
    {"type='date'", "DATE NULL", "DATE NULL"},
    {"type='date' notNull='true'", "DATE NULL", "DATE NOT NULL DEFAULT '1970-01-01'"},
    {"type='date' default='GetDate()'", "DATE NULL", "DATE NULL DEFAULT (CURRENT_DATE)"},
    {"type='datetime'", "DATETIME(3) NULL", "DATETIME(3) NULL"},
    {"type='datetime' default='GetDate()' notNull='true'", "DATETIME(3) NULL",
     "DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)"},
    {"type='datetimetz'", "DATETIME(3) NULL", "DATETIME(3) NULL"},
    {"type='datetimenotz'", "DATETIME(3) NULL", "DATETIME(3) NULL"},
    {"type='time'", "TIME NULL", "TIME NULL"},
    {"type='blob'", "LONGBLOB NULL", "LONGBLOB NULL"},
};

static void assert_type(const struct schema *s, size_t field, enum ddl_table table,
			const char *expected)
{
	struct buf sql = BUF_INIT;

	ddl_column_type(&sql, s, field, table);
	assert_string_equal(buf_text(&sql), expected);
	buf_free(&sql);
}

static void R5_11_column_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(columns); i++) {
		struct buf body = BUF_INIT;
		struct schema *s;

		buf_addf(&body, "<attribute name='a' %s/>", columns[i].attribute);
		s = compile(staged, buf_text(&body));
		assert_type(s, 1, DDL_LOG, columns[i].log);
		assert_type(s, 1, DDL_REJECT, columns[i].log);
		assert_type(s, 1, DDL_ENTITY, columns[i].entity);
		schema_free(&s);
		buf_free(&body);
	}
}

static void R5_7_primary_key(void **state)
{
	struct schema *uuid = compile(staged, "<attribute name='a'/>");
	struct schema *number = compile(numbered, "<attribute name='a'/>");

	(void)state;
	assert_type(uuid, 0, DDL_ENTITY, "VARCHAR(64) NOT NULL");
	assert_type(uuid, 0, DDL_LOG, "VARCHAR(64) NULL");
	assert_type(number, 0, DDL_ENTITY, "INT NOT NULL");
	assert_type(number, 0, DDL_LOG, "INT NULL");
	schema_free(&uuid);
	schema_free(&number);
}

/* Of 20 x 1000 characters, 80,000 bytes, the first ones leave the row; a key's stays. */
static void R5_20_long_rows_put_text_aside(void **state)
{
	struct buf body = BUF_INIT, sql = BUF_INIT;
	struct schema *s;
	size_t aside = 0;

	(void)state;
	buf_add(&body, "<key name='k'><keyfield xpath='@a0'/></key>");
	for (int i = 0; i < 20; i++)
		buf_addf(&body, "<attribute name='a%d' length='1000'/>", i);
	s = compile(staged, buf_text(&body));
	for (size_t i = 1; i < s->field_count; i++) {
		buf_clear(&sql);
		ddl_column_type(&sql, s, i, DDL_LOG);
		aside += strcmp(buf_text(&sql), "MEDIUMTEXT NULL") == 0;
	}
	assert_int_equal(aside, 5);
	assert_type(s, 1, DDL_LOG, "VARCHAR(1000) NULL");
	assert_type(s, 2, DDL_LOG, "MEDIUMTEXT NULL");
	assert_type(s, 20, DDL_LOG, "VARCHAR(1000) NULL");
	schema_free(&s);
	buf_free(&sql);
	buf_free(&body);
}

/* COUNT attributes a0, a1, ... like ATTRIBUTE ("" or "length='20'"). */
static struct schema *wide(size_t count, const char *attribute)
{
	struct buf body = BUF_INIT;
	struct schema *s;

	for (size_t i = 0; i < count; i++)
		buf_addf(&body, "<attribute name='a%zu' %s/>", i, attribute);
	s = compile(staged, buf_text(&body));
	buf_free(&body);
	return s;
}

/* How many fields fit beside the primary key; the server judges them in tests/integration. */
static const struct {
	const char *attribute;
	size_t most;
} widest[] = {
    {"", 349},
    {"type='memo'", 349},
    {"type='blob'", 349},
    {"type='double'", 349},
    {"type='boolean'", 349},
    {"type='datetime'", 349},
    {"length='1'", 349},
    {"length='4'", 349},
    {"length='9'", 209},
    {"length='10'", 189},
    {"length='40'", 189},
    {"length='41'", 349},
    {"type='uuid'", 189},
};

static void R5_20_the_widest_schemas(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(widest); i++) {
		struct schema *s = wide(widest[i].most, widest[i].attribute), *more;
		struct buf errors = BUF_INIT;

		assert_int_equal(row_check(s, NULL, &errors, NULL), 0);
		if (widest[i].most < 349) {
			more = wide(widest[i].most + 1, widest[i].attribute);
			assert_int_equal(row_check(more, NULL, &errors, NULL), -1);
			assert_contains(widest[i].attribute, buf_text(&errors), "dem:t: its ");
			assert_contains(widest[i].attribute, buf_text(&errors), "remove fields");
			schema_free(&more);
		}
		buf_free(&errors);
		schema_free(&s);
	}
}

/* A schema that was deployed when it was not yet counted so may stay, and change. */
static void R5_20_wide_schemas_stay_deployed(void **state)
{
	struct schema *old = wide(220, "length='20'"), *new = wide(221, "length='20'");
	struct schema *narrow = wide(5, "length='20'");
	struct buf errors = BUF_INIT, warnings = BUF_INIT;

	(void)state;
	assert_int_equal(row_check(new, old, &errors, &warnings), 0);
	assert_string_equal(buf_text(&errors), "");
	assert_contains("wide", buf_text(&warnings), "a record that does not fit is refused");
	assert_int_equal(row_check(new, narrow, &errors, &warnings), -1);
	buf_free(&errors);
	buf_free(&warnings);
	schema_free(&old);
	schema_free(&new);
	schema_free(&narrow);
}

/* Only as many short strings are declared longer as the page asks for, the longest first. */
static void R5_20_short_strings_leave_the_page(void **state)
{
	struct buf body = BUF_INIT;
	struct schema *s;

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_addf(&body, "<attribute name='a%d' length='%d'/>", i, i < 50 ? 20 : 30);
	s = compile(staged, buf_text(&body));
	assert_type(s, 1, DDL_LOG, "VARCHAR(20) NULL");
	assert_type(s, 51, DDL_LOG, "VARCHAR(64) NULL");
	schema_free(&s);
	buf_free(&body);
}

/* All that is indexed of a row fits into one record of the undo log. */
static void R5_20_many_indexes_are_short(void **state)
{
	struct buf body = BUF_INIT, sql = BUF_INIT;
	struct schema *s;

	(void)state;
	for (int i = 0; i < 40; i++)
		buf_addf(&body,
			 "<attribute name='a%d'/><key name='k%d'><keyfield xpath='@a%d'/></key>", i,
			 i, i);
	s = compile(staged, buf_text(&body));
	ddl_create(&sql, s, DDL_ENTITY);
	assert_contains("indexes", buf_text(&sql), "KEY `k_k0` (`a0`(90))");
	buf_free(&sql);
	buf_free(&body);
	schema_free(&s);
}

/* ---- create ---- */

static void R5_17_log_and_rejects(void **state)
{
	struct schema *s =
	    compile(staged, "<attribute name='a'/><element name='box'>"
			    "<attribute name='b' type='long'/></element>"
			    "<element name='folder' type='link' target='xtk:folder'/>"
			    "<key name='a'><keyfield xpath='@a'/></key>");
	struct buf log = BUF_INIT, reject = BUF_INIT;

	(void)state;
	ddl_create(&log, s, DDL_LOG);
	ddl_create(&reject, s, DDL_REJECT);
	assert_contains("log", buf_text(&log), "CREATE TABLE IF NOT EXISTS `dem_tStg_log` (");
	assert_contains("log", buf_text(&log),
			"_seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY");
	assert_contains("log", buf_text(&log), "_at DATETIME(6) NOT NULL DEFAULT");
	assert_contains("log", buf_text(&log), "`box_b` INT NULL");
	assert_contains("log", buf_text(&log), "`folder-id` VARCHAR(64) NULL");
	assert_contains("log", buf_text(&log), "COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC");
	assert_lacks("log", buf_text(&log), "\n KEY");
	assert_contains("rejects", buf_text(&reject), "`dem_tStg_rej` (");
	assert_contains("rejects", buf_text(&reject), "_seq BIGINT UNSIGNED NOT NULL PRIMARY KEY");
	buf_free(&log);
	buf_free(&reject);
	schema_free(&s);
}

static const struct {
	const char *name, *body, *has, *lacks;
} indexes[] = {
    {"primary key", "<attribute name='a'/>", "PRIMARY KEY (`id`)", "\n KEY"},
    {"R10.4 key", "<attribute name='a'/><key name='code'><keyfield xpath='@a'/></key>",
     "\n KEY `k_code` (`a`)", "UNIQUE"},
    {"R10.4 unique index",
     "<attribute name='a'/><dbindex name='code' unique='true'><keyfield xpath='@a'/></dbindex>",
     "\n KEY `i_code` (`a`)", "UNIQUE"},
    {"same columns twice",
     "<attribute name='a'/><dbindex name='code'><keyfield xpath='@a'/></dbindex>"
     "<key name='code'><keyfield xpath='@a'/></key>",
     "\n KEY `k_code` (`a`)", "i_code"},
    {"noDbIndex",
     "<attribute name='a'/><key name='code' noDbIndex='true'><keyfield xpath='@a'/></key>",
     "PRIMARY KEY", "k_code"},
    {"names that MariaDB takes for one",
     "<attribute name='a'/><attribute name='b'/><key name='code'><keyfield xpath='@a'/></key>"
     "<key name='Code'><keyfield xpath='@b'/></key>",
     "\n KEY `k_Code~2` (`b`)", NULL},
    {"longest whole text",
     "<attribute name='a' length='768'/><key name='k'><keyfield xpath='@a'/></key>",
     "KEY `k_k` (`a`)", NULL},
    {"long text in part",
     "<attribute name='a' length='769'/><key name='k'><keyfield xpath='@a'/></key>",
     "KEY `k_k` (`a`(768))", NULL},
    {"a key keeps its text in the row",
     "<attribute name='a' length='1500'/><key name='k'><keyfield xpath='@a'/></key>",
     "`a` VARCHAR(1500) NULL", NULL},
    {"several share what there is",
     "<attribute name='a' length='700'/><attribute name='b' length='300'/>"
     "<attribute name='n' type='long'/><key name='k'><keyfield xpath='@a'/>"
     "<keyfield xpath='@b'/><keyfield xpath='@n'/></key>",
     "KEY `k_k` (`a`(256), `b`(256), `n`)", NULL},
    {"a key too long for the row",
     "<attribute name='a' length='5000'/><key name='k'><keyfield xpath='@a'/></key>",
     "KEY `k_k` (`a`(191))", NULL},
};

static void R10_4_indexes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(indexes); i++) {
		struct schema *s = compile(staged, indexes[i].body);
		struct buf sql = BUF_INIT;

		ddl_create(&sql, s, DDL_ENTITY);
		assert_contains(indexes[i].name, buf_text(&sql), indexes[i].has);
		if (indexes[i].lacks != NULL)
			assert_lacks(indexes[i].name, buf_text(&sql), indexes[i].lacks);
		buf_free(&sql);
		schema_free(&s);
	}
}

static void missing_indexes_are_added(void **state)
{
	struct schema *none = compile(staged, "<attribute name='a'/>");
	struct schema *two = compile(staged, "<attribute name='a'/><attribute name='b'/>"
					     "<key name='a'><keyfield xpath='@a'/></key>"
					     "<dbindex name='b'><keyfield xpath='@b'/></dbindex>");
	struct buf sql = BUF_INIT;

	(void)state;
	ddl_add_indexes(&sql, none);
	assert_int_equal(sql.length, 0);
	ddl_add_indexes(&sql, two);
	assert_string_equal(buf_text(&sql), "ALTER TABLE `dem_t`\n"
					    " ADD INDEX IF NOT EXISTS `k_a` (`a`),\n"
					    " ADD INDEX IF NOT EXISTS `i_b` (`b`)");
	buf_free(&sql);
	schema_free(&none);
	schema_free(&two);
}

static void R7_11_sequence(void **state)
{
	struct schema *s = compile(numbered, "<attribute name='a'/>");
	struct buf sql = BUF_INIT;

	(void)state;
	ddl_sequence(&sql, s, 4711);
	assert_string_equal(buf_text(&sql), "CREATE SEQUENCE IF NOT EXISTS `dem_t_id`"
					    " START WITH 4711 INCREMENT BY 1000 NOCACHE");
	buf_free(&sql);
	schema_free(&s);
}

/* ---- alter ---- */

static const struct {
	const char *name;
	const char *attribute;
	const char *there; /* NULL: no such column */
	bool nullable;
	enum ddl_table table;
	const char *sql;   /* after the table's name; "" nothing, NULL refused */
	const char *error; /* what it names */
} changes[] = {
    {"same", "length='20'", "varchar(20)", true, DDL_ENTITY, "", NULL},
    {"R5.12a new in the log", "type='long' default='3'", NULL, true, DDL_LOG,
     "ADD COLUMN IF NOT EXISTS `a` INT NULL", NULL},
    {"R5.12a new in the entity", "type='long' default='3'", NULL, true, DDL_ENTITY,
     "ADD COLUMN IF NOT EXISTS `a` INT NOT NULL DEFAULT '3'", NULL},
    {"R5.12a new with the time", "type='datetime' default='GetDate()'", NULL, true, DDL_ENTITY,
     "ADD COLUMN IF NOT EXISTS `a` DATETIME(3) NULL DEFAULT CURRENT_TIMESTAMP(3)", NULL},
    {"wider text", "length='30'", "varchar(20)", true, DDL_LOG,
     "MODIFY COLUMN `a` VARCHAR(30) NULL", NULL},
    {"narrower text", "length='10'", "varchar(20)", true, DDL_LOG, NULL, "'a'"},
    {"text that leaves the row", "length='2000'", "varchar(20)", true, DDL_LOG,
     "MODIFY COLUMN `a` MEDIUMTEXT NULL", NULL},
    {"text that could come back", "length='200'", "mediumtext", true, DDL_LOG, "", NULL},
    {"text to memo", "type='memo'", "varchar(20)", true, DDL_LOG,
     "MODIFY COLUMN `a` MEDIUMTEXT NULL", NULL},
    {"wider number", "type='int64'", "int(11)", false, DDL_ENTITY,
     "MODIFY COLUMN `a` BIGINT NOT NULL DEFAULT '0'", NULL},
    {"widest step", "type='int64'", "tinyint(4)", true, DDL_LOG, "MODIFY COLUMN `a` BIGINT NULL",
     NULL},
    {"narrower number", "type='byte'", "smallint(6)", false, DDL_ENTITY, NULL, "'a'"},
    {"boolean to byte", "type='byte'", "tinyint(1)", true, DDL_LOG,
     "MODIFY COLUMN `a` TINYINT NULL", NULL},
    {"byte to boolean", "type='boolean'", "tinyint(4)", true, DDL_LOG, NULL, "'a'"},
    {"number to text", "length='20'", "int(11)", true, DDL_LOG, NULL, "'a'"},
    {"text to number", "type='long'", "varchar(20)", true, DDL_LOG, NULL, "'a'"},
    {"number to double", "type='double'", "int(11)", true, DDL_LOG, NULL, "'a'"},
    {"memo to blob", "type='blob'", "mediumtext", true, DDL_LOG, NULL, "'a'"},
    {"notNull taken back", "length='20'", "varchar(20)", false, DDL_ENTITY,
     "MODIFY COLUMN `a` VARCHAR(20) NULL", NULL},
    {"notNull too late", "length='20' notNull='true'", "varchar(20)", true, DDL_ENTITY, NULL,
     "'a'"},
};

static void try_change(size_t i)
{
	struct ddl_column there[] = {{"_seq", "bigint(20) unsigned", false},
				     {"id", "varchar(64)", changes[i].table != DDL_ENTITY},
				     {"gone", "int(11)", false},
				     {"A", changes[i].there, changes[i].nullable}};
	struct buf body = BUF_INIT, sql = BUF_INIT, errors = BUF_INIT, expected = BUF_INIT;
	struct schema *s;
	int rc;

	buf_addf(&body, "<attribute name='a' %s/>", changes[i].attribute);
	s = compile(staged, buf_text(&body));
	rc = ddl_alter(&sql, s, changes[i].table, there, changes[i].there != NULL ? 4 : 3, &errors);
	if (changes[i].sql != NULL && changes[i].sql[0] != '\0')
		buf_addf(&expected, "ALTER TABLE `%s`\n %s",
			 changes[i].table == DDL_LOG ? "dem_tStg_log" : "dem_t", changes[i].sql);
	if (rc != (changes[i].sql == NULL ? -1 : 0))
		fail_msg("%s: returned %d: %s", changes[i].name, rc, buf_text(&errors));
	assert_string_equal(buf_text(&sql), buf_text(&expected));
	if (changes[i].error != NULL)
		assert_contains(changes[i].name, buf_text(&errors), changes[i].error);
	else
		assert_string_equal(buf_text(&errors), "");
	schema_free(&s);
	buf_free(&body);
	buf_free(&sql);
	buf_free(&errors);
	buf_free(&expected);
}

static void tables_only_grow(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++)
		try_change(i);
}

static void several_changes_are_one_statement(void **state)
{
	struct schema *s = compile(staged, "<attribute name='a' length='9'/><attribute name='b'/>"
					   "<attribute name='c' type='long'/>");
	struct ddl_column there[] = {{"id", "varchar(64)", false}, {"a", "varchar(5)", true}};
	struct ddl_column bad[] = {{"a", "double", true}, {"b", "date", true}};
	struct buf sql = BUF_INIT, errors = BUF_INIT;

	(void)state;
	assert_int_equal(ddl_alter(&sql, s, DDL_ENTITY, there, 2, &errors), 0);
	assert_string_equal(buf_text(&sql),
			    "ALTER TABLE `dem_t`\n MODIFY COLUMN `a` VARCHAR(9) NULL,\n"
			    " ADD COLUMN IF NOT EXISTS `b` VARCHAR(255) NULL,\n"
			    " ADD COLUMN IF NOT EXISTS `c` INT NOT NULL DEFAULT '0'");
	buf_clear(&sql);
	assert_int_equal(ddl_alter(&sql, s, DDL_ENTITY, bad, 2, &errors), -1);
	assert_int_equal(sql.length, 0); /* all or nothing */
	assert_contains("errors", buf_text(&errors), "'id': a primary key cannot be added");
	assert_contains("errors", buf_text(&errors), "'a': column a of table dem_t is double");
	assert_contains("errors", buf_text(&errors), "'b'");
	buf_free(&sql);
	buf_free(&errors);
	schema_free(&s);
}

/* ---- literals and the view ---- */

static void literals(void **state)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {{"", "''"}, {"a", "'a'"}, {"it's", "'it''s'"}, {"a\\b", "'a\\\\b'"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf sql = BUF_INIT;

		ddl_quote_text(&sql, cases[i].text);
		assert_string_equal(buf_text(&sql), cases[i].quoted);
		buf_free(&sql);
	}
}

static void R5_15_view(void **state)
{
	struct schema *s = compile(staged, "<attribute name='x-y'/>");
	struct buf sql = BUF_INIT;

	(void)state;
	ddl_view(&sql, s);
	assert_contains("view", buf_text(&sql), "CREATE OR REPLACE VIEW `dem_tStg` AS\n");
	assert_contains("view", buf_text(&sql), "FROM `dem_tStg_log` l");
	assert_contains("view", buf_text(&sql), "AS `x-y`,\n r.last AS _seq");
	buf_free(&sql);
	schema_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(R5_11_column_types),
	    cmocka_unit_test(R5_7_primary_key),
	    cmocka_unit_test(R5_20_long_rows_put_text_aside),
	    cmocka_unit_test(R5_20_the_widest_schemas),
	    cmocka_unit_test(R5_20_wide_schemas_stay_deployed),
	    cmocka_unit_test(R5_20_short_strings_leave_the_page),
	    cmocka_unit_test(R5_20_many_indexes_are_short),
	    cmocka_unit_test(R5_17_log_and_rejects),
	    cmocka_unit_test(R10_4_indexes),
	    cmocka_unit_test(missing_indexes_are_added),
	    cmocka_unit_test(R7_11_sequence),
	    cmocka_unit_test(tables_only_grow),
	    cmocka_unit_test(several_changes_are_one_statement),
	    cmocka_unit_test(literals),
	    cmocka_unit_test(R5_15_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
