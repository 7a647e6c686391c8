/* SPDX-License-Identifier: MIT */
/*
 * Value casts, src/schema/cast*.c: the table of docs/protocol.md 6.2.  An input is one value.  The
 * target casts it to every type, strict and lenient, with UTC and with a zone with summer time.
 *
 * The result has the form that the table states, is the nearest one to the input, and casts to
 * itself.  Lenient differs from strict only in that it treats some refused values as empty.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "fuzz.h"
#include "schema/cast.h"
#include "soap/codes.h"
#include "soap/envelope.h"

#define LOCAL_ZONE "Europe/Stockholm"
#define TYPES	   (XTK_MNTOKEN + 1)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return cast_init(LOCAL_ZONE);
}

static struct field field_of(enum xtk_type type, unsigned length)
{
	return (struct field){.xpath = (char *)(uintptr_t) "@field",
			      .name = (char *)(uintptr_t) "field",
			      .type = type,
			      .length = type == XTK_UUID ? XTK_UUID_BYTES : length};
}

/* The result of a cast; cast() checks the properties that hold for all types. */
struct result {
	bool ok;
	struct db_value value; /* in the arena, with a NUL */
	struct fault_cause cause;
};

static struct result cast(enum xtk_type type, unsigned length, const char *text, bool lenient,
			  const char *zone, struct arena *arena)
{
	const struct cast_options options = {.lenient = lenient, .timezone = zone};
	const struct field f = field_of(type, length);
	const struct db_value untouched = {"untouched", 99};
	struct result r = {.value = untouched};

	r.ok = cast_value(&f, text, &options, arena, &r.value, &r.cause) == 0;
	if (!r.ok) {
		fuzz_check_cause(&r.cause);
		FUZZ_CHECK(strcmp(r.cause.code, CODE_CAST) == 0 ||
			   strcmp(r.cause.code, CODE_TOO_LONG) == 0);
		FUZZ_CHECK(strncmp(r.cause.text, "Attribute 'field' is ", 21) == 0);
		FUZZ_CHECK(r.value.text == untouched.text && r.value.length == untouched.length);
		return r;
	}
	FUZZ_CHECK(r.cause.code[0] == '\0');
	if (r.value.text == NULL) {
		FUZZ_CHECK(r.value.length == 0 && !xtk_type_is_number(type));
		return r;
	}
	r.value.text = arena_strndup(arena, r.value.text, r.value.length);
	FUZZ_CHECK(type == XTK_BLOB || strlen(r.value.text) == r.value.length);
	return r;
}

static bool same(const struct result *a, const struct result *b)
{
	if (a->ok != b->ok)
		return false;
	if (!a->ok)
		return strcmp(a->cause.code, b->cause.code) == 0;
	if (a->value.text == NULL || b->value.text == NULL)
		return a->value.text == b->value.text;
	return a->value.length == b->value.length &&
	       memcmp(a->value.text, b->value.text, a->value.length) == 0;
}

/* An integer is the nearest one, with halves rounded up, and in the range of its type. */
static void check_integer(enum xtk_type type, const char *text, const struct result *r)
{
	static const int bits[] = {[XTK_BYTE] = 8,   [XTK_SHORT] = 16,	  [XTK_LONG] = 32,
				   [XTK_INT64] = 64, [XTK_TIMESPAN] = 64, [XTK_BOOLEAN] = 1};
	long double given = strtold(text, NULL), top = exp2l(bits[type] - 1);
	char *end, digits[32];
	long long value;

	if (!r->ok) { /* plain digits are refused only if they are out of range */
		const char *sign = text + strspn(text, " \t\r\n");

		sign += *sign == '-' || *sign == '+';
		if (*sign != '\0' && sign[strspn(sign, "0123456789")] == '\0')
			FUZZ_CHECK(given >= top || given < -top);
		return;
	}
	errno = 0;
	value = strtoll(r->value.text, &end, 10);
	FUZZ_CHECK(errno == 0 && *end == '\0');
	snprintf(digits, sizeof(digits), "%lld", value);
	FUZZ_CHECK(strcmp(digits, r->value.text) == 0);
	FUZZ_CHECK((long double)value < top && (long double)value >= -top);
	FUZZ_CHECK(fabsl(given - (long double)value) <= 0.5L + 1e-12L);
}

static void check_boolean(const char *text, const struct result *r)
{
	bool value = false;
	struct xml_element e = {.name = "create", .text = text};
	const struct xml_element method = {
	    .name = "M", .text = "", .first_child = &e, .child_count = 1};
	const struct soap_param param = {"create", SOAP_BOOLEAN, true, "boolean"};
	struct soap_value read = {0};
	struct fault_cause p = {0};
	int rc = cast_boolean(text, &value);

	FUZZ_CHECK((rc == 0) == r->ok);
	if (r->ok)
		FUZZ_CHECK(strcmp(r->value.text, value ? "1" : "0") == 0);
	/* R3.8: a boolean parameter follows the same row of the table. */
	FUZZ_CHECK(soap_params_read(&method, &param, 1, &read, &p) == rc);
	FUZZ_CHECK(rc < 0 || read.boolean == value);
}

static void check_double(const char *text, const struct result *r)
{
	char *end;

	if (!r->ok)
		return;
	FUZZ_CHECK(strspn(r->value.text, "0123456789+-.e") == r->value.length);
	FUZZ_CHECK(strcmp(r->value.text, "-0") != 0);
	if (text[strspn(text, " \t\r\n")] != '\0') /* empty is 0 */
		FUZZ_CHECK(strtod(r->value.text, &end) == strtod(text, NULL) && *end == '\0');
}

/* Converts "2026-02-03[ 04:05:06.789]" to seconds and checks that the day exists. */
static time_t read_moment(const char *text, bool date)
{
	struct tm tm = {0}, again;
	int ms = 0, used = 0;
	time_t seconds;

	if (date)
		sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used);
	else
		sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d.%3d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		       &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &used);
	FUZZ_CHECK(used == (date ? 10 : 23) && text[used] == '\0');
	FUZZ_CHECK(tm.tm_year >= 1 && tm.tm_year <= 9999);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	again = tm;
	seconds = timegm(&again);
	FUZZ_CHECK(again.tm_year == tm.tm_year && again.tm_mon == tm.tm_mon &&
		   again.tm_mday == tm.tm_mday && again.tm_hour == tm.tm_hour &&
		   again.tm_min == tm.tm_min && again.tm_sec == tm.tm_sec);
	return seconds;
}

static void check_time(const struct result *r)
{
	int h = 99, m = 99, s = 99, used = 0;

	if (!r->ok || r->value.text == NULL)
		return;
	sscanf(r->value.text, "%2d:%2d:%2d%n", &h, &m, &s, &used);
	FUZZ_CHECK(used == 8 && r->value.length == 8);
	FUZZ_CHECK(h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60);
}

/* The configured zone moves only values without a zone of their own, and by at most a day. */
static void check_zones(enum xtk_type type, const char *text, const struct result *utc,
			const struct result *local)
{
	bool date = type == XTK_DATE;
	time_t a, b;

	if (utc->ok && utc->value.text != NULL)
		a = read_moment(utc->value.text, date);
	if (!utc->ok || !local->ok) {
		/* At the ends of the calendar one of the two may be out of range. */
		FUZZ_CHECK(utc->ok == local->ok || strstr(text, "0001") || strstr(text, "9999"));
		return;
	}
	FUZZ_CHECK((utc->value.text == NULL) == (local->value.text == NULL));
	if (utc->value.text == NULL)
		return;
	b = read_moment(local->value.text, date);
	FUZZ_CHECK(llabs((long long)(a - b)) <= 86400);
	if (type == XTK_DATETIMENOTZ || strchr(text, 'Z') != NULL)
		FUZZ_CHECK(a == b);
}

static void check_text(enum xtk_type type, unsigned length, const char *text,
		       const struct result *r)
{
	size_t bytes = strlen(text);

	if (type == XTK_UUID)
		length = XTK_UUID_BYTES;
	if (!r->ok) {
		FUZZ_CHECK(bytes > length || type == XTK_UUID);
		return;
	}
	FUZZ_CHECK(bytes == 0 ? r->value.text == NULL : strcmp(r->value.text, text) == 0);
	if (xtk_type_has_length(type) && fuzz_is_xml_text(text))
		FUZZ_CHECK(bytes <= (size_t)length * 4);
}

static void check_blob(const struct result *r, struct arena *arena)
{
	struct result again;
	size_t size;
	char *text;

	if (!r->ok || r->value.text == NULL)
		return;
	size = sodium_base64_encoded_len(r->value.length, sodium_base64_VARIANT_ORIGINAL);
	text = arena_alloc(arena, size);
	sodium_bin2base64(text, size, (const unsigned char *)r->value.text, r->value.length,
			  sodium_base64_VARIANT_ORIGINAL);
	again = cast(XTK_BLOB, 0, text, false, "UTC", arena);
	FUZZ_CHECK(r->value.length == 0 || same(r, &again));
}

static void check_form(enum xtk_type type, unsigned length, const char *text,
		       const struct result *r, struct arena *arena)
{
	switch (type) {
	case XTK_BOOLEAN:
		check_boolean(text, r);
		break;
	case XTK_BYTE:
	case XTK_SHORT:
	case XTK_LONG:
	case XTK_INT64:
	case XTK_TIMESPAN:
		check_integer(type, text, r);
		break;
	case XTK_DOUBLE:
	case XTK_FLOAT:
	case XTK_PERCENT:
		check_double(text, r);
		break;
	case XTK_TIME:
		check_time(r);
		break;
	case XTK_BLOB:
		check_blob(r, arena);
		break;
	default:
		if (xtk_type_is_text(type))
			check_text(type, length, text, r);
	}
}

/* A stored value is in its final form: casting it again gives the same value. */
static void check_again(enum xtk_type type, unsigned length, const struct result *r,
			struct arena *arena)
{
	struct result again;

	if (!r->ok || type == XTK_BLOB)
		return;
	again = cast(type, length, r->value.text != NULL ? r->value.text : "", false, "UTC", arena);
	FUZZ_CHECK(same(r, &again));
}

static void check_type(enum xtk_type type, unsigned length, const char *text, struct arena *arena)
{
	struct result strict = cast(type, length, text, false, "UTC", arena);
	struct result lenient = cast(type, length, text, true, "UTC", arena);
	struct result local = cast(type, length, text, false, LOCAL_ZONE, arena);

	if (strict.ok || !lenient.ok)
		FUZZ_CHECK(same(&strict, &lenient));
	else if (xtk_type_is_number(type))
		FUZZ_CHECK(strcmp(lenient.value.text, "0") == 0);
	else
		FUZZ_CHECK(lenient.value.text == NULL);
	check_form(type, length, text, &strict, arena);
	if (type >= XTK_DATE && type <= XTK_DATETIMENOTZ)
		check_zones(type, text, &strict, &local);
	else
		FUZZ_CHECK(same(&strict, &local));
	check_again(type, length, &strict, arena);
	check_again(type, length, &local, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct fuzz_input in;
	const char *text;

	fuzz_open(&in, data, size);
	text = fuzz_rest(&in);
	for (unsigned type = 0; type < TYPES; type++) {
		check_type((enum xtk_type)type, 5, text, arena);
		if (xtk_type_has_length((enum xtk_type)type))
			check_type((enum xtk_type)type, 255, text, arena);
	}
	arena_free(&arena);
	fuzz_close(&in);
	return 0;
}
