/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"	   /* U+2026 */
#define MARK_SIZE 3		   /* of both */

/*
 * The length of the UTF-8 sequence that starts at @from, or 0 where none does (RFC 3629). The NUL at
 * the end of a text is no continuation byte, so nothing behind it is read.
 */
static size_t decode(const uint8_t *from, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code = from[0];
	size_t length;

	if (code < 0x80)
		length = 1;
	else if ((code & 0xe0) == 0xc0)
		length = 2;
	else if ((code & 0xf0) == 0xe0)
		length = 3;
	else if ((code & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	if (length > 1)
		code &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((from[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (from[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

/* What json-c would write as it is, and what a terminal or a reader of lines would stumble on. */
static bool is_unfit(uint32_t code)
{
	return (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029;
}

/* The size of what json-c writes for one character. */
static size_t escaped_size(uint32_t code, size_t length)
{
	if (code == '"' || code == '\\' || code == '\b' || code == '\t' || code == '\n' ||
	    code == '\f' || code == '\r')
		return 2;
	if (code < 0x20)
		return 6;
	return length;
}

int audit_text_clean(const char *text, size_t most, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes clean = { 0 };
	const uint8_t *from = (const uint8_t *)text;
	size_t escaped = 0, size = 0, cut = 0;
	int r;

	r = bytes_zeroed(strlen(text) * MARK_SIZE + MARK_SIZE + 1, &clean);
	if (r < 0)
		return r;
	while (*from) {
		uint32_t code = 0;
		size_t length = decode(from, &code);
		bool fit = length > 0 && !is_unfit(code);
		size_t written = fit ? length : MARK_SIZE;

		escaped += fit ? escaped_size(code, length) : MARK_SIZE;
		if (escaped > most) {
			memcpy(clean.data + cut, ELLIPSIS, MARK_SIZE);
			size = cut + MARK_SIZE;
			break;
		}
		memcpy(clean.data + size, fit ? from : (const uint8_t *)REPLACEMENT, written);
		size += written;
		if (escaped + MARK_SIZE <= most)
			cut = size;
		from += length > 0 ? length : 1;
	}
	clean.data[size] = '\0';
	clean.size = size;
	*ret = bytes_take(&clean);
	return 0;
}
