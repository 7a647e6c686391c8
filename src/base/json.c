/* SPDX-License-Identifier: MIT */
/* JSON out.  Whether a comma is due shows in the last character that was written. */
#include "config.h"
#include "base/json.h"

#include <string.h>

/* Length of the well-formed UTF-8 sequence at S; 0 if it is none. */
static size_t sequence_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80	 ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void json_text(struct buf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	if (text == NULL) {
		buf_add(out, "null");
		return;
	}
	buf_add_char(out, '"');
	while (*s != '\0') {
		size_t n = sequence_length(s);

		if (n == 0) {
			buf_add(out, "\xef\xbf\xbd");
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else if (*s == '\n')
			buf_add(out, "\\n");
		else if (*s < 0x20 || *s == 0x7f)
			buf_addf(out, "\\u%04x", *s);
		else
			buf_add_n(out, (const char *)s, n);
		s += n;
	}
	buf_add_char(out, '"');
}

void json_next(struct buf *out)
{
	char last = out->length > 0 ? out->data[out->length - 1] : '[';

	if (strchr("[{:,", last) == NULL)
		buf_add_char(out, ',');
}

void json_name(struct buf *out, const char *name)
{
	json_next(out);
	json_text(out, name);
	buf_add_char(out, ':');
}
