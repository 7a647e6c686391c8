/* SPDX-License-Identifier: MIT */
/* Canonical values and checksums of rows; see checksum.h. */
#include "config.h"

#include "sync/checksum.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE	 64
#define TIME_SIZE	 32
#define FRACTION_DIGITS	 3  /* milliseconds */
#define SHORTEST_DIGITS	 15 /* a double preserves so many digits of any decimal number */
#define LONGEST_DIGITS	 17 /* so many digits identify any double */
#define SHORT_TIME_BYTES 8  /* HH:MM:SS */
#define DATE_TIME_BYTES	 19 /* YYYY-MM-DD HH:MM:SS */

static bool is_double(enum xtk_type type)
{
	return type == XTK_DOUBLE || type == XTK_FLOAT || type == XTK_PERCENT;
}

static bool is_date_time(enum xtk_type type)
{
	return type == XTK_DATETIME || type == XTK_DATETIMETZ || type == XTK_DATETIMENOTZ;
}

/* Parses VALUE as a finite double. Returns false if it is not one. */
static bool read_double(struct db_value value, double *out)
{
	char text[NUMBER_SIZE], *end;

	if (value.length == 0 || value.length >= sizeof(text) ||
	    memchr(value.text, '\0', value.length) != NULL)
		return false;
	memcpy(text, value.text, value.length);
	text[value.length] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

static void add_double(struct buf *out, double number)
{
	char text[NUMBER_SIZE] = "0";

	/* Minus zero becomes "0": both are equal, and some databases lose the sign. */
	for (int digits = SHORTEST_DIGITS; number != 0 && digits <= LONGEST_DIGITS; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buf_add(out, text);
}

static size_t count_digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* Adds an integer, an integer with a fraction of zeros, or any other decimal number, without
 * loss. */
static bool add_decimal(struct buf *out, struct db_value value)
{
	const char *p = value.text, *end = p + value.length;
	bool negative = p < end && *p == '-';
	const char *point;
	size_t whole, fraction;

	p += negative || (p < end && *p == '+');
	while (p + 1 < end && p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		p++;
	whole = count_digits(p, end);
	point = p + whole;
	fraction = point < end && *point == '.' ? count_digits(point + 1, end) : 0;
	if (whole == 0 || point + (point < end && *point == '.') + fraction != end)
		return false;
	while (fraction > 0 && point[fraction] == '0')
		fraction--;
	if (negative && !(whole == 1 && *p == '0' && fraction == 0))
		buf_add_char(out, '-');
	buf_add_n(out, p, whole);
	if (fraction > 0)
		buf_add_n(out, point, fraction + 1);
	return true;
}

/* Adds the first BYTES bytes of VALUE and DIGITS digits of its fraction of a second, or more
 * digits if those behind are not all zeros. */
static bool add_fraction(struct buf *out, struct db_value value, size_t bytes, size_t digits)
{
	size_t given;

	if (value.length < bytes || (value.length > bytes && value.text[bytes] != '.'))
		return false;
	given = value.length > bytes ? value.length - bytes - 1 : 0;
	while (given > digits && value.text[bytes + given] == '0')
		given--;
	buf_add_n(out, value.text, bytes);
	if (given == 0 && digits == 0)
		return true;
	buf_add_char(out, '.');
	buf_add_n(out, value.text + bytes + 1, given);
	for (; given < digits; given++)
		buf_add_char(out, '0');
	return true;
}

static bool add_canonical(struct buf *out, enum xtk_type type, struct db_value value)
{
	double number;

	if (is_double(type)) {
		if (!read_double(value, &number))
			return false;
		add_double(out, number);
		return true;
	}
	if (xtk_type_is_number(type))
		return add_decimal(out, value);
	if (is_date_time(type))
		return add_fraction(out, value, DATE_TIME_BYTES, FRACTION_DIGITS);
	if (type == XTK_TIME)
		return add_fraction(out, value, SHORT_TIME_BYTES, 0);
	return false;
}

void checksum_canonical(struct buf *out, enum xtk_type type, struct db_value value)
{
	if (!add_canonical(out, type, value))
		buf_add_n(out, value.text, value.length);
}

static int bytes_order(struct db_value a, struct db_value b)
{
	size_t common = a.length < b.length ? a.length : b.length;
	int order = common > 0 ? memcmp(a.text, b.text, common) : 0;

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

bool checksum_equal(enum xtk_type type, struct db_value a, struct db_value b)
{
	struct buf form_a = BUF_INIT, form_b = BUF_INIT;
	bool equal;

	if (a.text == NULL || b.text == NULL)
		return a.text == b.text;
	if (a.length == b.length && memcmp(a.text, b.text, a.length) == 0)
		return true;
	if (xtk_type_is_text(type) || type == XTK_BLOB)
		return false;
	checksum_canonical(&form_a, type, a);
	checksum_canonical(&form_b, type, b);
	equal = bytes_order((struct db_value){buf_text(&form_a), form_a.length},
			    (struct db_value){buf_text(&form_b), form_b.length}) == 0;
	buf_free(&form_a);
	buf_free(&form_b);
	return equal;
}

static bool read_integer(struct db_value value, long long *out)
{
	char text[NUMBER_SIZE], *end;

	if (value.length == 0 || value.length >= sizeof(text))
		return false;
	memcpy(text, value.text, value.length);
	text[value.length] = '\0';
	*out = strtoll(text, &end, 10);
	return end == text + value.length;
}

int checksum_key_order(enum xtk_type type, struct db_value a, struct db_value b)
{
	long long whole_a, whole_b;
	double number_a, number_b;

	if (!xtk_type_is_number(type))
		return bytes_order(a, b);
	if (read_integer(a, &whole_a) && read_integer(b, &whole_b))
		return (whole_a > whole_b) - (whole_a < whole_b);
	if (read_double(a, &number_a) && read_double(b, &number_b))
		return (number_a > number_b) - (number_a < number_b);
	return bytes_order(a, b);
}

/* Hashes the length of each value before the value, so that two different rows never give the
 * same bytes. NULL has no length. */
static void add_cell(crypto_generichash_state *state, struct buf *form, enum xtk_type type,
		     struct db_value value)
{
	unsigned char frame[9] = {0};

	buf_clear(form);
	if (value.text != NULL && !xtk_type_is_text(type) && type != XTK_BLOB) {
		checksum_canonical(form, type, value);
		value = (struct db_value){buf_text(form), form->length};
	}
	frame[0] = value.text != NULL;
	for (size_t i = 1; i < sizeof(frame); i++)
		frame[i] =
		    (unsigned char)(((unsigned long long)value.length >> (8 * (i - 1))) & 0xff);
	crypto_generichash_update(state, frame, value.text != NULL ? sizeof(frame) : 1);
	if (value.length > 0)
		crypto_generichash_update(state, (const unsigned char *)value.text, value.length);
}

void checksum_add_row(struct checksum *c, const struct schema *s, const size_t *fields,
		      size_t count, const struct db_value *cells)
{
	crypto_generichash_state state;
	struct checksum row;
	struct buf form = BUF_INIT;

	crypto_generichash_init(&state, NULL, 0, sizeof(row.sum));
	for (size_t i = 0; i < count; i++)
		add_cell(&state, &form, s->fields[fields[i]].type, cells[fields[i]]);
	crypto_generichash_final(&state, row.sum, sizeof(row.sum));
	checksum_add(c, &row);
	buf_free(&form);
}

void checksum_add(struct checksum *c, const struct checksum *more)
{
	sodium_add(c->sum, more->sum, sizeof(c->sum));
}

bool checksum_is_equal(const struct checksum *a, const struct checksum *b)
{
	return memcmp(a->sum, b->sum, sizeof(a->sum)) == 0;
}

const char *checksum_format(char out[CHECKSUM_TEXT_SIZE], const struct checksum *c)
{
	return sodium_bin2hex(out, CHECKSUM_TEXT_SIZE, c->sum, sizeof(c->sum));
}

int checksum_parse(const char *text, struct checksum *out)
{
	size_t length = 0;

	if (strlen(text) != CHECKSUM_TEXT_SIZE - 1 ||
	    sodium_hex2bin(out->sum, sizeof(out->sum), text, strlen(text), NULL, &length, NULL) !=
		0)
		return -1;
	return length == sizeof(out->sum) ? 0 : -1;
}
