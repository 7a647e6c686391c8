/* SPDX-License-Identifier: MIT */
/* Writes JSON.  The last character that was written tells whether a comma is needed. */
#include "config.h"
#include "base/json.h"

#include <string.h>

#include "base/utf8.h"

void json_text(struct buf *out, const char *text)
{
	const char *end;

	if (text == NULL) {
		buf_add(out, "null");
		return;
	}
	end = text + strlen(text);
	buf_add_char(out, '"');
	while (text < end) {
		size_t n = utf8_character(text, end);

		if (n == 0) {
			buf_add(out, "\xef\xbf\xbd");
			text++;
			continue;
		}
		if (*text == '"' || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else if (*text == '\n')
			buf_add(out, "\\n");
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			buf_addf(out, "\\u%04x", (unsigned char)*text);
		else
			buf_add_n(out, text, n);
		text += n;
	}
	buf_add_char(out, '"');
}

void json_next(struct buf *out)
{
	char last = '[';

	if (out->length > 0)
		last = out->data[out->length - 1];
	if (strchr("[{:,", last) == NULL)
		buf_add_char(out, ',');
}

void json_name(struct buf *out, const char *name)
{
	json_next(out);
	json_text(out, name);
	buf_add_char(out, ':');
}
