/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "audit/verify-private.h"

/* How deep objects and arrays may stand in each other. Records need four. */
#define DEPTH_MOST 32

struct scan {
	const char *at;
	const char *end;
};

static bool skip_value(struct scan *scan, unsigned depth);

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' ||
					*scan->at == '\n' || *scan->at == '\r'))
		scan->at++;
}

static bool skip_character(struct scan *scan, char character)
{
	if (scan->at == scan->end || *scan->at != character)
		return false;
	scan->at++;
	return true;
}

/* The same with white space in front of it. */
static bool skip_sign(struct scan *scan, char sign)
{
	skip_space(scan);
	return skip_character(scan, sign);
}

static bool skip_word(struct scan *scan, const char *word)
{
	const size_t length = strlen(word);

	if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static bool skip_digits(struct scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return scan->at > from;
}

static bool skip_number(struct scan *scan)
{
	skip_character(scan, '-');
	if (!skip_character(scan, '0') && !skip_digits(scan))
		return false;
	if (skip_character(scan, '.') && !skip_digits(scan))
		return false;
	if (!skip_character(scan, 'e') && !skip_character(scan, 'E'))
		return true;
	if (!skip_character(scan, '+'))
		skip_character(scan, '-');
	return skip_digits(scan);
}

/* Behind the backslash. */
static bool skip_escape(struct scan *scan)
{
	if (scan->at == scan->end)
		return false;
	if (*scan->at != 'u')
		return *scan->at != '\0' && strchr("\"\\/bfnrt", *scan->at++);
	scan->at++;
	for (unsigned i = 0; i < 4; i++, scan->at++)
		if (scan->at == scan->end || *scan->at == '\0' ||
		    !strchr("0123456789abcdefABCDEF", *scan->at))
			return false;
	return true;
}

/*
 * One character of two to four bytes. The lead byte grants the number of the others, and narrows the
 * second where a shorter form, a surrogate, or something above U+10FFFF would come of it.
 */
static bool skip_utf8(struct scan *scan)
{
	const uint8_t lead = (uint8_t)*scan->at++;
	const unsigned others = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
	uint8_t least = 0x80, most = 0xbf;

	if (lead < 0xc2 || lead > 0xf4 || (size_t)(scan->end - scan->at) < others)
		return false;
	if (lead == 0xe0)
		least = 0xa0;
	else if (lead == 0xed)
		most = 0x9f;
	else if (lead == 0xf0)
		least = 0x90;
	else if (lead == 0xf4)
		most = 0x8f;
	for (unsigned i = 0; i < others; i++) {
		const uint8_t other = (uint8_t)*scan->at++;

		if (other < least || other > most)
			return false;
		least = 0x80;
		most = 0xbf;
	}
	return true;
}

/*
 * Eight bytes at a time, while all of them stand for themselves: none is a control character, a
 * quote, a backslash or not ASCII. Each of those, the lowest in its word at least, makes one of the
 * differences set its highest bit.
 */
static void skip_plain(struct scan *scan)
{
	const uint64_t each = 0x0101010101010101;
	uint64_t word;

	for (; scan->end - scan->at >= (ptrdiff_t)sizeof(word); scan->at += sizeof(word)) {
		memcpy(&word, scan->at, sizeof(word));
		if ((word | (word - each * ' ') | ((word ^ each * '"') - each) |
		     ((word ^ each * '\\') - each)) & (each * 0x80))
			return;
	}
}

static bool skip_text(struct scan *scan)
{
	if (!skip_character(scan, '"'))
		return false;
	for (skip_plain(scan); scan->at < scan->end;) {
		const uint8_t byte = (uint8_t)*scan->at;

		if (byte >= 0x80) {
			if (!skip_utf8(scan))
				return false;
			continue;
		}
		if (byte < 0x20)
			return false;
		scan->at++;
		if (byte == '"')
			return true;
		if (byte == '\\' && !skip_escape(scan))
			return false;
	}
	return false;
}

static bool skip_array(struct scan *scan, unsigned depth)
{
	if (skip_sign(scan, ']'))
		return true;
	do
		if (!skip_value(scan, depth))
			return false;
	while (skip_sign(scan, ','));
	return skip_sign(scan, ']');
}

/* A key and its colon. */
static bool skip_key(struct scan *scan, struct verify_text *ret)
{
	skip_space(scan);
	ret->at = scan->at + 1;
	if (!skip_text(scan))
		return false;
	ret->size = (size_t)(scan->at - ret->at) - 1;
	return skip_sign(scan, ':');
}

static bool skip_object(struct scan *scan, unsigned depth)
{
	struct verify_text key;

	if (skip_sign(scan, '}'))
		return true;
	do
		if (!skip_key(scan, &key) || !skip_value(scan, depth))
			return false;
	while (skip_sign(scan, ','));
	return skip_sign(scan, '}');
}

/* A value, with white space in front of it. */
static bool skip_value(struct scan *scan, unsigned depth)
{
	skip_space(scan);
	if (scan->at == scan->end || depth == DEPTH_MOST)
		return false;
	switch (*scan->at) {
	case '"':
		return skip_text(scan);
	case '{':
		scan->at++;
		return skip_object(scan, depth + 1);
	case '[':
		scan->at++;
		return skip_array(scan, depth + 1);
	case 't':
		return skip_word(scan, "true");
	case 'f':
		return skip_word(scan, "false");
	case 'n':
		return skip_word(scan, "null");
	default:
		return skip_number(scan);
	}
}

static bool is_key(struct verify_text text, const char *key)
{
	return strlen(key) == text.size && memcmp(text.at, key, text.size) == 0;
}

/* Which of the keys it is: from @*due on, which it then moves; @n: none of them. Returns 0 or
 * -ENOTUNIQ. */
static int find_key(struct verify_text key, const char *const keys[], size_t n, size_t *due,
		    size_t *ret)
{
	/* Escapes could spell a name that is there already. */
	if (memchr(key.at, '\\', key.size))
		return -ENOTUNIQ;
	for (size_t i = *due; i < n; i++) {
		if (!is_key(key, keys[i]))
			continue;
		*due = i + 1;
		*ret = i;
		return 0;
	}
	for (size_t i = 0; i < *due; i++)
		if (is_key(key, keys[i]))
			return -ENOTUNIQ;
	*ret = n;
	return 0;
}

int verify_json_members(struct verify_text text, const char *const keys[], size_t n,
			struct verify_text ret_values[])
{
	struct scan scan = { .at = text.at };
	size_t due = 0, which = 0;
	int r;

	if (!text.at)
		return -EBADMSG;
	scan.end = text.at + text.size;
	if (!skip_sign(&scan, '{'))
		return -EBADMSG;
	memset(ret_values, 0, n * sizeof(ret_values[0]));
	do {
		struct verify_text key;
		const char *from;

		if (!skip_key(&scan, &key))
			return -EBADMSG;
		skip_space(&scan);
		from = scan.at;
		if (!skip_value(&scan, 1))
			return -EBADMSG;
		r = find_key(key, keys, n, &due, &which);
		if (r < 0)
			return r;
		if (which < n)
			ret_values[which] =
				(struct verify_text){ from, (size_t)(scan.at - from) };
	} while (skip_sign(&scan, ','));
	if (!skip_sign(&scan, '}'))
		return -EBADMSG;
	skip_space(&scan);
	return scan.at == scan.end ? 0 : -EBADMSG;
}

bool verify_json_number(struct verify_text text, uint64_t *ret)
{
	uint64_t number = 0;

	/* As many digits as INT64_MAX has; so many fit a uint64_t. */
	if (!text.at || text.size == 0 || text.size > 19 || (text.at[0] == '0' && text.size > 1))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		number = 10 * number + (uint64_t)(text.at[i] - '0');
	}
	if (number > INT64_MAX)
		return false;
	*ret = number;
	return true;
}

int verify_json_next_number(struct verify_text *array, uint64_t *ret)
{
	struct scan scan = { .at = array->at, .end = array->at + array->size };
	struct verify_text number;

	/* At the first bracket, at the comma behind a number, or at the last bracket. */
	if (!skip_character(&scan, '[') && !skip_character(&scan, ','))
		return skip_character(&scan, ']') ? 0 : -EBADMSG;
	if (skip_sign(&scan, ']'))
		return 0;
	number.at = scan.at;
	skip_digits(&scan);
	number.size = (size_t)(scan.at - number.at);
	skip_space(&scan);
	if (scan.at == scan.end || (*scan.at != ',' && *scan.at != ']') ||
	    !verify_json_number(number, ret))
		return -EBADMSG;
	*array = (struct verify_text){ scan.at, (size_t)(scan.end - scan.at) };
	return 1;
}

bool verify_json_is_text(struct verify_text text, const char *expected)
{
	const size_t length = strlen(expected);

	return text.at && text.size == length + 2 && text.at[0] == '"' &&
	       memcmp(text.at + 1, expected, length) == 0;
}

bool verify_json_is_hash(struct verify_text text)
{
	if (!text.at || text.size != VERIFY_HEX_SIZE + 2 || text.at[0] != '"')
		return false;
	for (size_t i = 1; i <= VERIFY_HEX_SIZE; i++)
		if (!(text.at[i] >= '0' && text.at[i] <= '9') &&
		    !(text.at[i] >= 'a' && text.at[i] <= 'f'))
			return false;
	return true;
}
