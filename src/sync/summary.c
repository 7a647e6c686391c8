/* SPDX-License-Identifier: MIT */
/* Prints the summary; see summary.h. */
#include "config.h"

#include "sync/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"

static void add_counts(struct buf *out, const struct run_counts *c, bool dry_run)
{
	buf_addf(out, "%" PRIu64 " changes, %" PRIu64 " %s", c->changes, c->merged,
		 dry_run ? "to merge" : "merged");
	buf_addf(out, " (%" PRIu64 " %s, %" PRIu64 " %s, %" PRIu64 " %s)", c->inserted,
		 dry_run ? "to write" : "inserted", c->updated, dry_run ? "to update" : "updated",
		 c->deleted, dry_run ? "to delete" : "deleted");
	if (c->rejected + c->held > 0)
		buf_addf(out, ", %" PRIu64 " rejected, %" PRIu64 " held", c->rejected, c->held);
	if (c->deferred > 0)
		buf_addf(out, ", %" PRIu64 " wait for a link's target", c->deferred);
	if (c->waiting > 0)
		buf_addf(out, ", %" PRIu64 " wait for rows that refer to theirs", c->waiting);
	if (c->several > 0)
		buf_addf(out, ", %" PRIu64 " keys with several rows", c->several);
	if (c->recovered > 0)
		buf_addf(out, ", %" PRIu64 " recovered", c->recovered);
	if (c->retries > 0)
		buf_addf(out, ", %" PRIu64 " retries", c->retries);
	buf_addf(out, ", %.3f s", (double)c->milliseconds / 1000);
}

static struct run_counts total_of(const struct summary *s)
{
	struct run_counts total = {0};

	for (size_t i = 0; i < s->count; i++)
		run_counts_add(&total, &s->results[i].counts);
	total.milliseconds = s->milliseconds; /* not the sum: schemas are processed in parallel */
	return total;
}

void summary_text(const struct summary *s)
{
	struct run_counts total = total_of(s);
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < s->count; i++) {
		const struct schema_result *r = &s->results[i];

		buf_addf(&out, "%s: ", r->id);
		add_counts(&out, &r->counts, s->dry_run);
		if (r->failed)
			buf_addf(&out, "; failed: %s", r->message);
		buf_add_char(&out, '\n');
	}
	buf_addf(&out, "%s: ", s->dry_run ? "dry run" : s->outcome);
	add_counts(&out, &total, s->dry_run);
	if (s->message[0] != '\0')
		buf_addf(&out, "; %s", s->message);
	buf_add_char(&out, '\n');
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

static void json_number(struct buf *out, const char *name, uint64_t value)
{
	json_name(out, name);
	buf_addf(out, "%" PRIu64, value);
}

static void json_counts(struct buf *out, const struct run_counts *c)
{
	json_number(out, "changes", c->changes);
	json_number(out, "merged", c->merged);
	json_number(out, "inserted", c->inserted);
	json_number(out, "updated", c->updated);
	json_number(out, "deleted", c->deleted);
	json_number(out, "rejected", c->rejected);
	json_number(out, "held", c->held);
	json_number(out, "deferred", c->deferred);
	json_number(out, "waiting", c->waiting);
	json_number(out, "several", c->several);
	json_number(out, "recovered", c->recovered);
	json_number(out, "retries", c->retries);
	json_number(out, "milliseconds", c->milliseconds);
}

static void json_result(struct buf *out, const struct schema_result *r)
{
	buf_add_char(out, '{');
	json_name(out, "schema");
	json_text(out, r->id);
	json_counts(out, &r->counts);
	json_name(out, "failed");
	buf_add(out, r->failed ? "true" : "false");
	json_name(out, "message");
	json_text(out, r->message);
	buf_add_char(out, '}');
}

void summary_json(const struct summary *s)
{
	struct run_counts total = total_of(s);
	struct buf out = BUF_INIT;

	buf_add_char(&out, '{');
	json_number(&out, "run", s->run_id);
	json_name(&out, "dry_run");
	buf_add(&out, s->dry_run ? "true" : "false");
	json_name(&out, "outcome");
	json_text(&out, s->outcome);
	json_name(&out, "message");
	json_text(&out, s->message);
	json_counts(&out, &total);
	json_name(&out, "schemas");
	buf_add_char(&out, '[');
	for (size_t i = 0; i < s->count; i++) {
		json_next(&out);
		json_result(&out, &s->results[i]);
	}
	buf_add(&out, "]}\n");
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}
