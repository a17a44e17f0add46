/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/bytes.h"

#include <string.h>

void bytes_clear(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

int bytes_zeroed(size_t size, struct bytes *ret)
{
	uint8_t *data = NULL;

	if (size > 0) {
		data = calloc(1, size);
		if (!data)
			return -ENOMEM;
	}
	*ret = (struct bytes){ .data = data, .size = size };
	return 0;
}

int bytes_unset(size_t size, struct bytes *ret)
{
	uint8_t *data = NULL;

	if (size > 0) {
		data = malloc(size);
		if (!data)
			return -ENOMEM;
	}
	*ret = (struct bytes){ .data = data, .size = size };
	return 0;
}

int bytes_copy(const void *data, size_t size, struct bytes *ret)
{
	struct bytes copy;
	int r;

	r = bytes_unset(size, &copy);
	if (r < 0)
		return r;
	if (size > 0)
		memcpy(copy.data, data, size);
	*ret = copy;
	return 0;
}

struct bytes bytes_take(struct bytes *bytes)
{
	struct bytes taken = *bytes;

	*bytes = (struct bytes){ 0 };
	return taken;
}

bool bytes_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

char *hex_encode(const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = data;
	char *text;

	text = malloc(size * 2 + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[from[i] >> 4];
		text[2 * i + 1] = digits[from[i] & 0xf];
	}
	text[size * 2] = '\0';
	return text;
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -EINVAL;
}

int hex_decode(const char *text, size_t most, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes decoded = { 0 };
	size_t length = strlen(text);
	int r;

	if (length % 2 != 0)
		return -EINVAL;
	if (length / 2 > most)
		return -E2BIG;
	r = bytes_zeroed(length / 2, &decoded);
	if (r < 0)
		return r;
	for (size_t i = 0; i < decoded.size; i++) {
		int high = digit_value(text[2 * i]);
		int low = digit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		decoded.data[i] = (uint8_t)(high << 4 | low);
	}
	*ret = bytes_take(&decoded);
	return 0;
}
