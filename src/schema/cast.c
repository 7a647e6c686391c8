/* SPDX-License-Identifier: MIT */
/*
 * Casts values by the table of docs/protocol.md 6.2, strict and lenient.  Refuses forms that are
 * not in the table; never cuts a text and never lets a number overflow.  Dates and times are
 * in cast_time.c.
 */
#include "config.h"

#include "schema/cast.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "schema/cast_time.h"
#include "soap/codes.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct db_value arena_value(struct arena *arena, const char *text)
{
	size_t length = strlen(text);

	return (struct db_value){arena_strndup(arena, text, length), length};
}

/* R6.3; allocates only if blanks follow the value. */
static const char *trim(const char *text, struct arena *arena)
{
	size_t length;

	while (is_blank(*text))
		text++;
	length = strlen(text);
	if (length == 0 || !is_blank(text[length - 1]))
		return text;
	while (is_blank(text[length - 1]))
		length--;
	return arena_strndup(arena, text, length);
}

/* The parts of a decimal number: [sign] digits [. digits] [e [sign] digits]. */
struct number {
	bool negative;
	const char *whole;
	size_t whole_count;
	bool point;
	const char *fraction;
	size_t fraction_count;
	bool exponent;
};

static size_t skip_digits(const char **p)
{
	const char *start = *p;

	while (is_digit(**p))
		(*p)++;
	return (size_t)(*p - start);
}

static bool skip_sign(const char **p)
{
	bool negative = **p == '-';

	if (**p == '-' || **p == '+')
		(*p)++;
	return negative;
}

static bool number_read(const char *text, struct number *n)
{
	const char *p = text;

	*n = (struct number){0};
	n->negative = skip_sign(&p);
	n->whole = p;
	n->whole_count = skip_digits(&p);
	if (*p == '.') {
		n->point = true;
		n->fraction = ++p;
		n->fraction_count = skip_digits(&p);
	}
	if (n->whole_count + n->fraction_count == 0)
		return false;
	if (*p == 'e' || *p == 'E') {
		n->exponent = true;
		p++;
		skip_sign(&p);
		if (skip_digits(&p) == 0)
			return false;
	}
	return *p == '\0';
}

/* True if the nearest integer is one further from zero than the whole part.  Halves are rounded up:
 * 2.5 -> 3, -2.5 -> -2. */
static bool rounds_away(const struct number *n)
{
	if (n->fraction_count == 0 || n->fraction[0] < '5')
		return false;
	if (!n->negative || n->fraction[0] > '5')
		return true;
	for (size_t i = 1; i < n->fraction_count; i++)
		if (n->fraction[i] != '0')
			return true;
	return false;
}

/* Rounds the absolute value of N to an integer; returns -1 on overflow. */
static int number_magnitude(const struct number *n, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n->whole_count; i++)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(n->whole[i] - '0'), &value))
			return -1;
	if (rounds_away(n) && __builtin_add_overflow(value, (uint64_t)1, &value))
		return -1;
	*out = value;
	return 0;
}

/* Casts to an integer from -2^(BITS-1) to 2^(BITS-1)-1; accepts decimals only with FRACTION. */
static enum cast_verdict cast_integer(const char *text, int bits, bool fraction,
				      struct arena *arena, struct db_value *out)
{
	uint64_t limit = (uint64_t)1 << (bits - 1);
	struct number n;
	uint64_t magnitude;
	char digits[24];

	if (!number_read(text, &n) || n.exponent || (n.point && !fraction))
		return CAST_INVALID;
	if (number_magnitude(&n, &magnitude) < 0 || magnitude > limit ||
	    (magnitude == limit && !n.negative))
		return CAST_REFUSED;
	snprintf(digits, sizeof(digits), "%s%llu", n.negative && magnitude != 0 ? "-" : "",
		 (unsigned long long)magnitude);
	*out = arena_value(arena, digits);
	return CAST_VALID;
}

static locale_t c_locale;

static void c_locale_make(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Writes the shortest of 15 to 17 digits that read back as VALUE. */
static void format_double(char out[32], double value)
{
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(out, 32, "%.*g", precision, value);
		if (strtod(out, NULL) == value)
			return;
	}
}

/* number_read has checked the grammar, so strtod never sees hexadecimal digits, inf or nan.  The C
 * locale makes "." the decimal point. */
static enum cast_verdict cast_double(const char *text, struct arena *arena, struct db_value *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct number n;
	char digits[32];
	locale_t previous;
	double value;

	if (!number_read(text, &n))
		return CAST_INVALID;
	pthread_once(&once, c_locale_make);
	previous = uselocale(c_locale);
	value = strtod(text, NULL);
	if (isfinite(value))
		format_double(digits, value == 0 ? 0.0 : value); /* no "-0" */
	uselocale(previous);
	if (!isfinite(value))
		return CAST_REFUSED;
	*out = arena_value(arena, digits);
	return CAST_VALID;
}

/* Reads "true", "false", "yes", "no" in any case, or an integer, which is true unless it is 0. */
static int read_boolean(const char *text, bool *out)
{
	struct number n;

	if (strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0) {
		*out = true;
		return 0;
	}
	if (strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0) {
		*out = false;
		return 0;
	}
	if (!number_read(text, &n) || n.exponent || n.point)
		return -1;
	*out = strspn(n.whole, "0") < n.whole_count;
	return 0;
}

static enum cast_verdict cast_to_boolean(const char *text, struct db_value *out)
{
	bool value;

	if (read_boolean(text, &value) < 0)
		return CAST_INVALID;
	*out = db_text(value ? "1" : "0");
	return CAST_VALID;
}

int cast_boolean(const char *text, bool *out)
{
	struct arena *arena = arena_new();
	const char *trimmed = trim(text, arena);
	int rc = 0;

	if (*trimmed == '\0')
		*out = false; /* R6.2 */
	else
		rc = read_boolean(trimmed, out);
	arena_free(&arena);
	return rc;
}

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* True for C0, DEL, and C1 (U+0080 to U+009F: C2 80 to C2 9F). */
static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return true;
	return false;
}

static enum cast_verdict cast_text(const struct field *f, const char *text, struct db_value *out)
{
	size_t bytes = strlen(text);

	if (f->type == XTK_UUID && bytes > XTK_UUID_BYTES) /* R5.8 */
		return CAST_TOO_LONG;
	if (f->type == XTK_UUID && has_control(text))
		return CAST_REFUSED;
	/* A text has at most as many characters as bytes, so most texts need no count. */
	if (xtk_type_has_length(f->type) && bytes > f->length && count_characters(text) > f->length)
		return CAST_TOO_LONG;
	*out = (struct db_value){text, bytes};
	return CAST_VALID;
}

static enum cast_verdict cast_blob(const char *text, struct arena *arena, struct db_value *out)
{
	size_t length = strlen(text);
	unsigned char *bytes = arena_alloc(arena, length / 4 * 3 + 3);
	size_t count;

	if (sodium_base642bin(bytes, length / 4 * 3 + 3, text, length, " \t\r\n", &count, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return CAST_REFUSED;
	*out = (struct db_value){(const char *)bytes, count};
	return CAST_VALID;
}

static enum cast_verdict cast_moment(const struct field *f, const char *text, const char *timezone,
				     struct arena *arena, struct db_value *out)
{
	char formatted[CLOCK_TEXT_SIZE];
	enum cast_verdict rc = cast_time_value(f->type, text, timezone, formatted);

	if (rc == CAST_VALID)
		*out = arena_value(arena, formatted);
	return rc;
}

static enum cast_verdict cast_trimmed(const struct field *f, const char *text,
				      const struct cast_options *options, struct arena *arena,
				      struct db_value *out)
{
	switch (f->type) {
	case XTK_BOOLEAN:
		return cast_to_boolean(text, out);
	case XTK_BYTE:
		return cast_integer(text, 8, true, arena, out);
	case XTK_SHORT:
		return cast_integer(text, 16, true, arena, out);
	case XTK_LONG:
		return cast_integer(text, 32, true, arena, out);
	case XTK_INT64:
	case XTK_TIMESPAN:
		return cast_integer(text, 64, false, arena, out);
	case XTK_DOUBLE:
	case XTK_FLOAT:
	case XTK_PERCENT:
		return cast_double(text, arena, out);
	case XTK_BLOB:
		return cast_blob(text, arena, out);
	default:
		return cast_moment(f, text, options->timezone, arena, out);
	}
}

/* R6.2: empty is 0 for numbers and booleans, NULL for everything else. */
static struct db_value empty_value(const struct field *f)
{
	return xtk_type_is_number(f->type) ? db_text("0") : DB_NULL;
}

/* Lenient mode accepts an invalid number, boolean, date or time as empty, and nothing else. */
static bool counts_as_empty(const struct cast_options *options, enum cast_verdict rc)
{
	return options->lenient && rc == CAST_INVALID;
}

static int report(struct fault_cause *p, const struct field *f, enum cast_verdict rc)
{
	const char *kind = f->is_element ? "Element" : "Attribute";
	const char *name = f->is_element ? f->xpath : f->name;

	if (rc != CAST_TOO_LONG)
		fault_cause_set(p, CODE_CAST, "%s '%s' is not a valid %s.", kind, name,
				xtk_type_name(f->type));
	else if (f->type == XTK_UUID)
		fault_cause_set(p, CODE_TOO_LONG, "%s '%s' is longer than %d bytes.", kind, name,
				XTK_UUID_BYTES);
	else
		fault_cause_set(p, CODE_TOO_LONG, "%s '%s' is longer than %u characters.", kind,
				name, f->length);
	return -1;
}

int cast_value(const struct field *f, const char *text, const struct cast_options *options,
	       struct arena *arena, struct db_value *out, struct fault_cause *p)
{
	struct db_value value = DB_NULL;
	enum cast_verdict rc = CAST_VALID;

	if (!xtk_type_is_text(f->type))
		text = trim(text, arena);
	if (*text == '\0')
		value = empty_value(f);
	else if (xtk_type_is_text(f->type))
		rc = cast_text(f, text, &value);
	else
		rc = cast_trimmed(f, text, options, arena, &value);
	if (counts_as_empty(options, rc))
		value = empty_value(f);
	else if (rc != CAST_VALID)
		return report(p, f, rc);
	*out = value;
	return 0;
}
