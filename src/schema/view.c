/* SPDX-License-Identifier: MIT */
/*
 * Writes the view of pending records (docs/protocol.md R5.15, section 8).  The view replays the
 * staging log from its first change to its last and shows one row per pending record.
 *
 * A change belongs to the pending record that has the change's key values at that moment, under
 * any list of keys.  If several records have them, it belongs to a live record before a deleted
 * one, and to the oldest of these.  If no record has them, the change makes a new record.  A
 * deleted record has the key of its deletion and no other value (R8.6), until an insert or
 * insertOrUpdate writes it again (R8.8).
 *
 * SQL has no loop, and a recursive query is limited to 1000 steps unless the server's
 * max_recursive_iterations was raised.  The view therefore replays only those changes step by step
 * whose record it cannot find otherwise.  Its subqueries are:
 *
 *   held	every change, with a hash for each key list of which it names all attributes
 *   claim	grp: the first change with the same list and values as this change's own key;
 *		home: the same for each key list in held, if a change has it as its own key
 *   tie	pairs of groups of which one has a change that names the key of the other
 *   reach	the groups that ties connect, directly or indirectly
 *   cluster	the cluster of each group in reach, named by its smallest group
 *   step	the changes of each cluster, numbered
 *   sim	the cluster's records after each step, as a text (see add_sim)
 *   place	the record of every change: from sim, or its group if that has no ties
 *
 * Changes of a group without ties are not in `step`.  MariaDB evaluates a subquery that is declared
 * recursive once, however often the query names it, but an ordinary one each time; the branches
 * that end in WHERE FALSE make subqueries recursive.  In reach and sim a text column keeps the rows
 * of a step out of in-memory tables, because MariaDB loses a row when such a table outgrows its
 * limit (MDEV-40803).
 *
 * Limits.  Of a cluster with more than MAX_STEPS changes, the view replays only the changes that
 * differ from the one before them in their group.  If these are too many as well, or if changes of
 * more than MAX_TIES groups name a key value, each group counts as a record.  A record that got the
 * parts of a key by different changes is found by that key only if another change of its cluster
 * names the whole key.  A change that matches several records is shown on one of them; the
 * replication changes all of them (R10.4).
 */
#include "config.h"

#include "schema/ddl.h"

#include <stdlib.h>

#include "db/db.h"

#define MAX_STEPS 900
#define MAX_TIES  300

struct view {
	struct buf *sql;
	const struct schema *s;
	char *log; /* quoted */
};

static void add_column(const struct view *v, size_t field)
{
	buf_add(v->sql, "l.");
	db_quote_name(v->sql, v->s->fields[field].column);
}

/* Writes a condition: the comma list LIST contains NAME. */
static void add_listed(const struct view *v, const char *name, const char *list)
{
	buf_add(v->sql, "FIND_IN_SET(");
	ddl_quote_text(v->sql, name);
	buf_addf(v->sql, ", %s)", list);
}

/*
 * Writes an expression for the value of FIELD in a change: 32 hex digits, or "-" for empty.  For a
 * foreign key that the replication has yet to look up (R7.7) it hashes the line in _links.
 */
static void add_value(const struct view *v, size_t field)
{
	const struct field *f = &v->s->fields[field];

	buf_add(v->sql, "COALESCE(MD5(");
	add_column(v, field);
	buf_add(v->sql, ")");
	if (f->link >= 0) {
		struct buf line = BUF_INIT;

		buf_addf(&line, "(?m)^%s\t.*$", f->xpath);
		buf_add(v->sql, ", MD5(NULLIF(REGEXP_SUBSTR(l._links, ");
		ddl_quote_text(v->sql, buf_text(&line));
		buf_add(v->sql, "), ''))");
		buf_free(&line);
	}
	buf_add(v->sql, ", '-')");
}

/*
 * Writes a condition: the change gives FIELD a value.  A primary key counts if its column has a
 * value, since _fields does not name a candidate (R7.13), but not in an update found by another
 * key, which never inserts (R7.13a).
 */
static void add_given(const struct view *v, size_t field)
{
	if ((int)field != v->s->pk) {
		add_listed(v, v->s->fields[field].name, "l._fields");
		return;
	}
	buf_add(v->sql, "(");
	add_column(v, field);
	buf_add(v->sql, " IS NOT NULL AND (l._operation <> 3 OR ");
	add_listed(v, v->s->fields[field].xpath, "l._key");
	buf_add(v->sql, "))");
}

/* hash is NULL unless the change gives all attributes of k._key.  A change without a complete key
 * of its own gets its _seq as hash, so that it is a group of its own. */
static void add_held(const struct view *v)
{
	buf_add(v->sql, "held (seq, own, hash) AS (\n"
			" SELECT l._seq, l._key = k._key,\n"
			"  COALESCE(IF(k._key = '', NULL, MD5(CONCAT(k._key, '|'");
	for (size_t i = 0; i < v->s->field_count; i++) {
		buf_add(v->sql, ",\n   IF(");
		add_listed(v, v->s->fields[i].xpath, "k._key");
		buf_add(v->sql, ", IF(");
		add_given(v, i);
		buf_add(v->sql, ", ");
		add_value(v, i);
		buf_add(v->sql, ", NULL), '')");
	}
	buf_addf(v->sql,
		 "))), IF(l._key = k._key, l._seq, NULL))\n"
		 " FROM %s l JOIN (SELECT DISTINCT _key FROM %s) k\n"
		 " UNION ALL SELECT seq, own, hash FROM held WHERE FALSE),\n",
		 v->log, v->log);
}

static void add_clusters(const struct view *v)
{
	buf_add(v->sql,
		"claim (seq, own, home, grp) AS (\n"
		" SELECT seq, own, home, MAX(IF(own, home, NULL)) OVER (PARTITION BY seq)\n"
		" FROM (SELECT seq, own, MIN(IF(own, seq, NULL)) OVER (PARTITION BY hash) AS home\n"
		"  FROM held WHERE hash IS NOT NULL) h\n"
		" UNION ALL SELECT seq, own, home, grp FROM claim WHERE FALSE),\n");
	buf_addf(v->sql,
		 "tie (a, b) AS (\n"
		 " SELECT a, b FROM (SELECT a, b, COUNT(*) OVER (PARTITION BY a) AS of_a,\n"
		 "   COUNT(*) OVER (PARTITION BY b) AS of_b\n"
		 "  FROM (SELECT grp AS a, home AS b FROM claim WHERE home <> grp\n"
		 "   UNION SELECT home, grp FROM claim WHERE home <> grp) both_ways) counted\n"
		 " WHERE of_a <= %d AND of_b <= %d\n"
		 " UNION ALL SELECT a, b FROM tie WHERE FALSE),\n",
		 MAX_TIES, MAX_TIES);
	buf_add(v->sql, "reach (grp, label, x) AS (\n"
			" SELECT a, a, CAST('' AS CHAR(200000)) FROM tie\n"
			" UNION SELECT tie.b, reach.label, reach.x\n"
			"  FROM reach JOIN tie ON tie.a = reach.grp WHERE reach.label < tie.b),\n"
			"cluster (grp, label) AS (\n"
			" SELECT grp, MIN(label) FROM reach GROUP BY grp\n"
			" UNION ALL SELECT grp, label FROM cluster WHERE FALSE),\n");
}

/* Writes an expression for "3=<value>;7=<value>;": the fields that are part of some key and to
 * which the change gives a value.  PK_ONLY: only the primary key; otherwise all others. */
static void add_entries(const struct view *v, bool pk_only)
{
	buf_add(v->sql, "CONCAT(''");
	for (size_t i = 0; i < v->s->field_count; i++) {
		if (((int)i == v->s->pk) != pk_only)
			continue;
		buf_add(v->sql, ",\n   IF(");
		add_listed(v, v->s->fields[i].xpath, "k.everything");
		buf_add(v->sql, " AND ");
		add_given(v, i);
		buf_addf(v->sql, ", CONCAT('%zu=', ", i);
		add_value(v, i);
		buf_add(v->sql, ", ';'), '')");
	}
	buf_add(v->sql, ")");
}

/*
 * Writes an expression for the part of a pattern that matches a record with the change's key; NULL
 * if the change has no key.  step.find uses it: that pattern finds the first live record or else
 * the first deleted one, and \K makes the match begin at the record.
 */
static void add_needle(const struct view *v)
{
	buf_add(v->sql, "IF(l._key = '', NULL, CONCAT(''");
	for (size_t i = 0; i < v->s->field_count; i++) {
		buf_add(v->sql, ",\n   IF(");
		add_listed(v, v->s->fields[i].xpath, "l._key");
		buf_addf(v->sql, ", CONCAT('(?=[^}]*;%zu=', ", i);
		add_value(v, i);
		buf_add(v->sql, ", ';)'), '')");
	}
	buf_add(v->sql, "))");
}

/*
 * n numbers the changes that are replayed.  stand is the n of a change; for a change that is not
 * replayed it is the n of the last replayed change of its group before it.  find and drops are the
 * patterns that sim needs.
 */
static void add_steps(const struct view *v)
{
	buf_add(v->sql,
		"step (seq, label, n, stand, operation, find, drops, pk, entries) AS (\n"
		" SELECT seq, label, IF(kept, place, NULL),\n"
		"  MAX(IF(kept, place, NULL)) OVER (PARTITION BY grp ORDER BY seq), operation,\n"
		"  CONCAT('^(?:.*?\\\\K#[0-9]+[{](?=;)', needle, '[^}]*}',\n"
		"   '|.*?\\\\K#[0-9]+[{]-', needle, '[^}]*})'),\n"
		"  CONCAT('(?<=;)(?:', REGEXP_REPLACE(entries, '=[^;]*;', '|'), ')=[^;]*;'),\n"
		"  pk, entries\n"
		" FROM (SELECT x.*,\n"
		"   COUNT(IF(kept, 1, NULL)) OVER (PARTITION BY label ORDER BY seq) AS place,\n"
		"   COUNT(IF(kept, 1, NULL)) OVER (PARTITION BY label) AS steps\n");
	buf_addf(v->sql,
		 "  FROM (SELECT x.*, changes <= %d OR before_it IS NULL\n"
		 "    OR before_it <> CONCAT(operation, pk, '/', entries) AS kept\n"
		 "   FROM (SELECT x.*, COUNT(*) OVER (PARTITION BY label) AS changes,\n"
		 "     LAG(CONCAT(operation, pk, '/', entries))\n"
		 "      OVER (PARTITION BY grp ORDER BY seq) AS before_it\n"
		 "    FROM (SELECT l._seq AS seq, c.grp AS grp, c.label AS label,\n"
		 "      l._operation AS operation, ",
		 MAX_STEPS);
	add_needle(v);
	buf_add(v->sql, " AS needle,\n  ");
	add_entries(v, true);
	buf_add(v->sql, " AS pk,\n  ");
	add_entries(v, false);
	buf_addf(v->sql,
		 " AS entries\n"
		 "     FROM cluster c JOIN claim m ON m.grp = c.grp AND m.own\n"
		 "     JOIN %s l ON l._seq = m.seq\n"
		 "     JOIN (SELECT GROUP_CONCAT(DISTINCT _key) AS everything FROM %s) k\n"
		 "    ) x) x) x) x\n"
		 " WHERE steps <= %d\n"
		 " UNION ALL SELECT seq, label, n, stand, operation, find, drops, pk, entries\n"
		 "  FROM step WHERE FALSE),\n",
		 v->log, v->log, MAX_STEPS);
}

/*
 * state lists the cluster's records in the order of their creation, each as
 * "#17{;0=<value>;3=<value>;}": 17 is the change that created it, 0 and 3 are fields.  A deleted
 * record is "#17{-;0=<value>;}".  old is the text of the record that was found, or "" if there is
 * none.  An update does not change a deleted record, and a record keeps the primary key that it
 * has (R7.13a).
 */
static void add_sim(const struct view *v)
{
	buf_add(
	    v->sql,
	    "sim (label, n, record, state) AS (\n"
	    " SELECT DISTINCT label, 0, 0, CAST('' AS CHAR(200000)) FROM step\n"
	    " UNION ALL SELECT STRAIGHT_JOIN label, n,\n"
	    "  IF(old = '', seq, CAST(SUBSTR(SUBSTRING_INDEX(old, '{', 1), 2) AS UNSIGNED)),\n"
	    "  CASE WHEN old = ''\n"
	    "    THEN CONCAT(state, '#', seq, IF(operation = 4, '{-;', '{;'), pk, entries, '}')\n"
	    "   WHEN operation = 4 THEN REPLACE(state, old,\n"
	    "    CONCAT(SUBSTRING_INDEX(old, '{', 1), '{-;', pk, entries, '}'))\n"
	    "   WHEN old LIKE '%{-%' THEN IF(operation = 3, state, REPLACE(state, old,\n"
	    "    CONCAT(SUBSTRING_INDEX(old, '{', 1), '{;', pk, entries, '}')))\n");
	buf_addf(v->sql,
		 "   ELSE REPLACE(state, old,\n"
		 "    CONCAT(REGEXP_REPLACE(TRIM(TRAILING '}' FROM old), drops, ''),\n"
		 "     IF(old LIKE '%%;%d=%%', '', pk), entries, '}')) END\n",
		 v->s->pk);
	buf_add(v->sql,
		" FROM (SELECT sim.state, step.*, COALESCE(REGEXP_SUBSTR(state, find), '') AS old\n"
		"  FROM sim JOIN step ON step.label = sim.label AND step.n = sim.n + 1) x),\n");
}

static void add_places(const struct view *v)
{
	buf_add(v->sql, "place (seq, record) AS (\n"
			" SELECT m.seq, COALESCE(sim.record, m.grp) FROM claim m\n"
			" LEFT JOIN step ON step.seq = m.seq\n"
			" LEFT JOIN sim ON sim.label = step.label AND sim.n = step.stand\n"
			" WHERE m.own)\n");
}

/* Writes the column of FIELD: the value of the last change that gives it one; for a primary key the
 * first. */
static void add_shown(const struct view *v, size_t field)
{
	const struct field *f = &v->s->fields[field];
	bool defaulted = f->default_kind == DEFAULT_CONSTANT && (int)field != v->s->pk;

	if (defaulted) {
		buf_addf(v->sql, "IF(r.f%zu IS NULL AND NOT r.gone AND r.inserted, ", field);
		ddl_quote_text(v->sql, f->default_text);
		buf_add(v->sql, ", ");
	}
	/* Most records have one change; then no subquery is needed for its row. */
	buf_addf(v->sql, "IF(r.f%zu = r.last, ", field);
	add_column(v, field);
	buf_add(v->sql, ", (SELECT ");
	add_column(v, field);
	buf_addf(v->sql, " FROM %s l WHERE l._seq = r.f%zu))%s AS ", v->log, field,
		 defaulted ? ")" : "");
	db_quote_name(v->sql, f->column);
}

static void add_select(const struct view *v)
{
	buf_add(v->sql, "SELECT ");
	for (size_t i = 0; i < v->s->field_count; i++) {
		add_shown(v, i);
		buf_add(v->sql, ",\n ");
	}
	buf_add(v->sql,
		"r.last AS _seq,\n"
		" CASE WHEN r.gone THEN 'delete' WHEN r.inserted THEN 'insert'\n"
		"  WHEN r.upserted THEN 'insertOrUpdate' ELSE 'update' END AS _operation,\n"
		" l._key AS _key, r.changes AS _changes, l._at AS _at, l._operator AS _operator\n"
		"FROM (");
}

/*
 * Writes the subquery with one row per record.  `removed` is its last deletion, `again` the first
 * insert or insertOrUpdate after that.  Changes before the deletion do not count, nor do those
 * between the two (R8.8).
 */
static void add_records(const struct view *v)
{
	buf_add(v->sql, "SELECT MAX(p.seq) AS last, COUNT(*) AS changes, MAX(p.gone) AS gone,\n"
			"  MAX(p.counts AND l._operation = 1) AS inserted,\n"
			"  MAX(p.counts AND l._operation = 2) AS upserted");
	for (size_t i = 0; i < v->s->field_count; i++) {
		buf_addf(v->sql, ",\n  %s(IF(p.counts AND ", (int)i == v->s->pk ? "MIN" : "MAX");
		add_given(v, i);
		buf_addf(v->sql, ", p.seq, NULL)) AS f%zu", i);
	}
	buf_addf(
	    v->sql,
	    "\n FROM (SELECT record, seq, removed IS NOT NULL AND again IS NULL AS gone,\n"
	    "    removed IS NULL OR IF(again IS NULL, seq = removed, seq >= again) AS counts\n"
	    "   FROM (SELECT x.*, MIN(IF(operation < 3 AND seq > removed, seq, NULL))\n"
	    "      OVER (PARTITION BY record) AS again\n"
	    "    FROM (SELECT place.record, place.seq, l._operation AS operation,\n"
	    "       MAX(IF(l._operation = 4, l._seq, NULL)) OVER (PARTITION BY record) AS removed\n"
	    "     FROM place JOIN %s l ON l._seq = place.seq) x) x) p\n"
	    "  JOIN %s l ON l._seq = p.seq\n"
	    " GROUP BY p.record) r\n"
	    "JOIN %s l ON l._seq = r.last",
	    v->log, v->log, v->log);
}

void ddl_view(struct buf *sql, const struct schema *s)
{
	struct buf name = BUF_INIT;
	struct view v = {.sql = sql, .s = s};

	db_quote_name(&name, s->log_table);
	v.log = buf_steal(&name);
	buf_add(sql, "CREATE OR REPLACE VIEW ");
	db_quote_name(sql, s->staging_view);
	buf_add(sql, " AS\nWITH RECURSIVE\n");
	add_held(&v);
	add_clusters(&v);
	add_steps(&v);
	add_sim(&v);
	add_places(&v);
	add_select(&v);
	add_records(&v);
	free(v.log);
}
