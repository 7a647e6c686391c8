/* SPDX-License-Identifier: MIT */
/* Prints the comparisons; see verify_report.h. */
#include "config.h"

#include "sync/verify_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"

/* The number of characters of a primary key in a line. */
#define KEY_SHOWN 120

static const char *const verdicts[] = {
    [VERIFY_EQUAL] = "equal",
    [VERIFY_COUNTED] = "counted",
    [VERIFY_DIFFERS] = "differs",
    [VERIFY_FAILED] = "failed",
};

void verify_result_free(struct verify_result *r)
{
	comparison_free(&r->comparison);
	free(r->schema);
	free(r->key);
	free(r->message);
}

enum verify_verdict verify_verdict_of(const struct verify_result *results, size_t count)
{
	enum verify_verdict worst = VERIFY_EQUAL;

	for (size_t i = 0; i < count; i++) {
		if (results[i].verdict > worst)
			worst = results[i].verdict;
	}
	return worst;
}

/* ---- text ---- */

/* Quotes an untrusted value for a terminal: control characters are escaped. */
static void add_key(struct buf *out, const char *key)
{
	const char *end = key + strlen(key);
	size_t shown = 0;

	buf_add_char(out, '\'');
	for (; key < end && shown < KEY_SHOWN; shown++) {
		size_t n = utf8_character(key, end);

		if (n == 0 || (unsigned char)*key < 0x20 || *key == 0x7f) {
			buf_addf(out, "\\x%02x", (unsigned char)*key);
			n = 1;
		} else {
			buf_add_n(out, key, n);
		}
		key += n;
	}
	buf_add(out, key < end ? "...'" : "'");
}

static void add_checksum(struct buf *out, const struct checksum *c)
{
	char text[CHECKSUM_TEXT_SIZE];

	buf_add(out, checksum_format(text, c));
}

static void add_difference(struct buf *out, const struct verify_result *r,
			   const struct difference *d)
{
	switch (d->kind) {
	case DIFFERENCE_ONLY_FIRST:
		buf_addf(out, "  only in the cloud: %s ", r->key);
		break;
	case DIFFERENCE_ONLY_SECOND:
		buf_addf(out, "  only in %s: %s ", r->with, r->key);
		break;
	default:
		buf_addf(out, "  different: %s ", r->key);
		break;
	}
	add_key(out, d->key);
	if (d->fields != NULL)
		buf_addf(out, ": %s", d->fields);
	buf_add_char(out, '\n');
}

static void add_range(struct buf *out, const struct verify_result *r,
		      const struct range_difference *d)
{
	if (d->first == NULL) {
		buf_add(out, "  the whole table, which has no primary key: ");
	} else {
		buf_addf(out, "  %s ", r->key);
		add_key(out, d->first);
		buf_add(out, " to ");
		add_key(out, d->last);
		buf_add(out, ": ");
	}
	if (d->rows[0] == d->rows[1])
		buf_addf(out, "%" PRIu64 " rows in both, with different values\n", d->rows[0]);
	else
		buf_addf(out, "%" PRIu64 " rows in the cloud, %" PRIu64 " in %s\n", d->rows[0],
			 d->rows[1], r->with);
}

static uint64_t row_differences(const struct comparison *c)
{
	return c->only_first + c->only_second + c->different;
}

/* Lists the rows, and the ranges only if not all rows are listed. */
static void add_details(struct buf *out, const struct verify_result *r)
{
	const struct comparison *c = &r->comparison;
	uint64_t more = row_differences(c) - c->difference_count;

	for (size_t i = 0; i < c->difference_count; i++)
		add_difference(out, r, &c->differences[i]);
	if (more > 0)
		buf_addf(out, "  and %" PRIu64 " rows more, in %" PRIu64 " ranges\n", more,
			 c->ranges_different);
	if (c->difference_count > 0 && more == 0)
		return;
	for (size_t i = 0; i < COMPARE_LISTED && i < c->ranges_different; i++)
		add_range(out, r, &c->ranges[i]);
	if (c->ranges_different > COMPARE_LISTED)
		buf_addf(out, "  and %" PRIu64 " ranges more\n",
			 c->ranges_different - COMPARE_LISTED);
}

static void add_counts(struct buf *out, const struct verify_result *r)
{
	const struct comparison *c = &r->comparison;

	if (r->verdict != VERIFY_DIFFERS || r->with == NULL) {
		buf_addf(out, "%" PRIu64 " rows, checksum ", c->rows[0]);
		add_checksum(out, &c->checksums[0]);
	} else {
		buf_addf(out, "%" PRIu64 " rows in the cloud, %" PRIu64 " in %s", c->rows[0],
			 c->rows[1], r->with);
	}
	if (row_differences(c) > 0)
		buf_addf(out,
			 "; %" PRIu64 " only in the cloud, %" PRIu64 " only in %s, %" PRIu64
			 " different",
			 c->only_first, c->only_second, r->with, c->different);
	if (c->doubled > 0)
		buf_addf(out, "; %" PRIu64 " rows with the primary key of another row", c->doubled);
}

static void add_result(struct buf *out, const struct verify_result *r)
{
	buf_addf(out, "%s: ", r->schema);
	if (r->verdict == VERIFY_FAILED) {
		buf_addf(out, "not compared%s%s: %s\n", r->with != NULL ? " with " : "",
			 r->with != NULL ? r->with : "", r->message);
		return;
	}
	if (r->with != NULL)
		buf_addf(out, "%s %s: ", r->verdict == VERIFY_EQUAL ? "equal to" : "differs from",
			 r->with);
	add_counts(out, r);
	if (r->with == NULL)
		buf_add(out, "; nothing to compare it with");
	if (r->pending + r->rejects > 0)
		buf_addf(out, "; %" PRIu64 " changes pending, %" PRIu64 " rejected", r->pending,
			 r->rejects);
	if (r->message != NULL)
		buf_addf(out, "; %s", r->message);
	buf_add_char(out, '\n');
	add_details(out, r);
}

void verify_report_text(const struct verify_result *results, size_t count, bool quiet)
{
	struct buf out = BUF_INIT;
	size_t of[VERIFY_FAILED + 1] = {0};

	for (size_t i = 0; i < count; i++) {
		of[results[i].verdict]++;
		if (!quiet || results[i].verdict >= VERIFY_DIFFERS)
			add_result(&out, &results[i]);
	}
	if (!quiet)
		buf_addf(&out,
			 "%s: %zu equal, %zu different, %zu not compared, "
			 "%zu with nothing to compare with\n",
			 verdicts[verify_verdict_of(results, count)], of[VERIFY_EQUAL],
			 of[VERIFY_DIFFERS], of[VERIFY_FAILED], of[VERIFY_COUNTED]);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

/* ---- JSON ---- */

static void json_member(struct buf *out, const char *name, const char *text)
{
	json_name(out, name);
	json_text(out, text);
}

static void json_number(struct buf *out, const char *name, uint64_t value)
{
	json_name(out, name);
	buf_addf(out, "%" PRIu64, value);
}

static void json_side(struct buf *out, const char *name, const struct comparison *c, int side)
{
	char text[CHECKSUM_TEXT_SIZE];

	json_name(out, name);
	if (c == NULL) {
		buf_add(out, "null");
		return;
	}
	buf_add_char(out, '{');
	json_number(out, "rows", c->rows[side]);
	json_member(out, "checksum", checksum_format(text, &c->checksums[side]));
	buf_add_char(out, '}');
}

/* Writes "a,b" as ["a","b"], and NULL as []. */
static void json_fields(struct buf *out, const char *fields)
{
	json_name(out, "fields");
	buf_add_char(out, '[');
	while (fields != NULL) {
		size_t length = strcspn(fields, ",");
		struct buf name = BUF_INIT;

		buf_add_n(&name, fields, length);
		json_next(out);
		json_text(out, buf_text(&name));
		buf_free(&name);
		fields = fields[length] == ',' ? fields + length + 1 : NULL;
	}
	buf_add_char(out, ']');
}

static void json_differences(struct buf *out, const struct comparison *c)
{
	static const char *const kinds[] = {
	    [DIFFERENCE_ONLY_FIRST] = "only_cloud",
	    [DIFFERENCE_ONLY_SECOND] = "only_other",
	    [DIFFERENCE_FIELDS] = "different",
	};

	json_name(out, "differences");
	buf_add_char(out, '[');
	for (size_t i = 0; i < c->difference_count; i++) {
		json_next(out);
		buf_add_char(out, '{');
		json_member(out, "kind", kinds[c->differences[i].kind]);
		json_member(out, "key", c->differences[i].key);
		json_fields(out, c->differences[i].fields);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void json_ranges(struct buf *out, const struct comparison *c)
{
	json_name(out, "ranges");
	buf_add_char(out, '[');
	for (size_t i = 0; i < COMPARE_LISTED && i < c->ranges_different; i++) {
		json_next(out);
		buf_add_char(out, '{');
		json_member(out, "first", c->ranges[i].first);
		json_member(out, "last", c->ranges[i].last);
		json_number(out, "cloud_rows", c->ranges[i].rows[0]);
		json_number(out, "other_rows", c->ranges[i].rows[1]);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void json_result(struct buf *out, const struct verify_result *r)
{
	const struct comparison *c = &r->comparison;

	buf_add_char(out, '{');
	json_member(out, "schema", r->schema);
	json_member(out, "with", r->with);
	json_member(out, "outcome", verdicts[r->verdict]);
	json_member(out, "message", r->message);
	json_side(out, "cloud", c, 0);
	json_side(out, "other", r->with != NULL ? c : NULL, 1);
	json_number(out, "pending", r->pending);
	json_number(out, "rejects", r->rejects);
	json_number(out, "only_cloud", c->only_first);
	json_number(out, "only_other", c->only_second);
	json_number(out, "different", c->different);
	json_number(out, "doubled", c->doubled);
	json_number(out, "ranges_different", c->ranges_different);
	json_differences(out, c);
	json_ranges(out, c);
	buf_add_char(out, '}');
}

void verify_report_json(const struct verify_result *results, size_t count, uint64_t milliseconds)
{
	struct buf out = BUF_INIT;

	buf_add_char(&out, '{');
	json_member(&out, "outcome", verdicts[verify_verdict_of(results, count)]);
	json_number(&out, "milliseconds", milliseconds);
	json_name(&out, "comparisons");
	buf_add_char(&out, '[');
	for (size_t i = 0; i < count; i++) {
		json_next(&out);
		json_result(&out, &results[i]);
	}
	buf_add(&out, "]}\n");
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}
