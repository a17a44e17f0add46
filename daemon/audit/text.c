/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"	   /* U+2026 */
#define MARK_SIZE 3		   /* of both */

/*
 * The length of the UTF-8 sequence that starts at @from, or 0 where none does (RFC 3629). The NUL
 * at the end of a text is no continuation byte, so nothing behind it is read.
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

/* What JSON takes as it is, and what a terminal or a reader of lines would stumble on. */
static bool is_unfit(uint32_t code)
{
	return (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029;
}

/* What JSON and we take as it is, and what most texts are made of. */
static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/* The letter of the characters that have an escape of two bytes, or 0. */
static char short_escape(uint32_t code)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (code == '"' || code == '\\')
		return (char)code;
	return code < sizeof(letters) ? letters[code] : '\0';
}

/* One character as it is to be written. */
struct piece {
	char text[8];
	size_t size;
	size_t taken; /* of what it was made of */
};

static struct piece next_piece(const uint8_t *from)
{
	struct piece piece = { .size = MARK_SIZE, .taken = 1 };
	uint32_t code = 0;
	size_t length = decode(from, &code);

	if (length > 0)
		piece.taken = length;
	if (length == 0 || is_unfit(code)) {
		memcpy(piece.text, REPLACEMENT, MARK_SIZE);
	} else if (short_escape(code)) {
		piece.size = 2;
		piece.text[0] = '\\';
		piece.text[1] = short_escape(code);
	} else if (code < 0x20) {
		piece.size = (size_t)sprintf(piece.text, "\\u%04" PRIx32, code);
	} else {
		piece.size = length;
		memcpy(piece.text, from, length);
	}
	return piece;
}

size_t audit_text_escape(const char *text, size_t most, char *to)
{
	const uint8_t *from = (const uint8_t *)text;
	size_t size = 0, cut = 0; /* where the mark can go should the text turn out too long */

	while (*from) {
		struct piece piece;

		while (is_plain(*from) && size + MARK_SIZE < most)
			to[size++] = (char)*from++;
		if (size + MARK_SIZE <= most)
			cut = size;
		if (!*from)
			break;
		piece = next_piece(from);
		if (piece.size > most - size) {
			memcpy(to + cut, ELLIPSIS, MARK_SIZE);
			return cut + MARK_SIZE;
		}
		memcpy(to + size, piece.text, piece.size);
		size += piece.size;
		from += piece.taken;
	}
	return size;
}

size_t audit_text_room(const char *text, size_t most)
{
	const size_t worst = AUDIT_ESCAPE_SIZE * strlen(text);

	return worst < most ? worst : most;
}
