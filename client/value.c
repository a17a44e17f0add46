/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"
#include "util/macros.h"

#define LOOKS_LIKE                                                                                 \
	"a value is an even number of hexadecimal digits, first byte first, such as efbeadde; or " \
	"@FILE, or - for stdin, with the bytes themselves"

static int complain(struct value_problem *problem, const char *format, ...) PRINTF(2, 3);

static int complain(struct value_problem *problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	return 1;
}

bool value_is_assignment(const char *text)
{
	return text[0] != '@' && strchr(text, '=');
}

static int read_file(const char *text, struct bytes *ret)
{
	if (strcmp(text, "-") == 0)
		return file_read_all(STDIN_FILENO, VALUE_SIZE_MAX, ret);
	return file_read(text + 1, VALUE_SIZE_MAX, ret);
}

int value_read(const char *text, struct value_problem *problem, struct bytes *ret)
{
	CLEANUP(bytes_clear) struct bytes value = { 0 };
	bool file = text[0] == '@' || strcmp(text, "-") == 0;
	int r;

	r = file ? read_file(text, &value) : hex_decode(text, VALUE_SIZE_MAX, &value);
	if (r == -EFBIG || r == -E2BIG)
		return complain(problem,
				"the value has more than %d bytes, and no Feature does; "
				"is this the right file?",
				VALUE_SIZE_MAX);
	if (r < 0 && file)
		return complain(problem, "cannot read the value from %.400s: %s",
				text[0] == '@' ? text + 1 : "stdin", strerror(-r));
	if (r == -EINVAL)
		return complain(problem, "'%.64s' is no value; %s", text, LOOKS_LIKE);
	if (r < 0)
		return r;
	if (value.size == 0)
		return complain(problem, "the value is empty; %s", LOOKS_LIKE);
	*ret = bytes_take(&value);
	return 0;
}

static uint64_t largest(const struct value_field *field)
{
	return field->bits == 64 ? UINT64_MAX : (UINT64_C(1) << field->bits) - 1;
}

static bool layout_fits(const struct value_layout *layout, size_t size)
{
	for (size_t i = 0; i < layout->n; i++) {
		const struct value_field *field = &layout->fields[i];
		unsigned width = field->width;

		if (width != 1 && width != 2 && width != 4 && width != 8)
			return false;
		if (field->bits == 0 || field->bits + field->lowest > 8 * width)
			return false;
		if (width > size || field->offset > size - width)
			return false;
	}
	return true;
}

/* Appends the names of the fields to the problem, as far as there is room. */
static void list_fields(const struct value_layout *layout, struct value_problem *problem)
{
	for (size_t i = 0; i < layout->n; i++) {
		size_t used = strlen(problem->text);

		snprintf(problem->text + used, sizeof(problem->text) - used, "%s%s (0 to %llu)",
			 i > 0 ? ", " : "; the fields are ", layout->fields[i].name,
			 (unsigned long long)largest(&layout->fields[i]));
	}
}

static const struct value_field *find_field(const struct value_layout *layout, const char *name,
					    size_t length)
{
	for (size_t i = 0; i < layout->n; i++) {
		const struct value_field *field = &layout->fields[i];

		if (strlen(field->name) == length && memcmp(field->name, name, length) == 0)
			return field;
	}
	return NULL;
}

/* How many of the assignments are to @field. */
static size_t count_assignments(const struct value_field *field, char *const assignments[],
				size_t n)
{
	size_t length = strlen(field->name);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += strncmp(assignments[i], field->name, length) == 0 &&
			 assignments[i][length] == '=';
	return count;
}

/* A decimal or 0x number; no octal, which nobody means by a leading zero. */
static bool read_number(const char *text, uint64_t *ret)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hexadecimal ? text + 2 : text;
	const char *known = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
	unsigned long long number;

	if (*digits == '\0' || digits[strspn(digits, known)] != '\0')
		return false;
	errno = 0;
	number = strtoull(digits, NULL, hexadecimal ? 16 : 10);
	if (errno != 0)
		return false;
	*ret = number;
	return true;
}

static void write_field(const struct value_field *field, uint64_t number, uint8_t *data)
{
	uint64_t mask = largest(field) << field->lowest;
	uint64_t word = 0;

	for (unsigned i = 0; i < field->width; i++)
		word |= (uint64_t)data[field->offset + i] << (8 * i);
	word = (word & ~mask) | number << field->lowest;
	for (unsigned i = 0; i < field->width; i++)
		data[field->offset + i] = (uint8_t)(word >> (8 * i));
}

static int assign(const struct value_layout *layout, const char *assignment,
		  struct value_problem *problem, struct bytes *value)
{
	size_t length = strcspn(assignment, "=");
	const struct value_field *field = find_field(layout, assignment, length);
	uint64_t number;

	if (assignment[length] == '\0')
		return complain(problem, "'%.64s' is no field=value, but others are", assignment);
	if (!field)
		return complain(problem, "there is no field '%.*s'",
				(int)(length < 64 ? length : 64), assignment);
	if (!read_number(assignment + length + 1, &number) || number > largest(field))
		return complain(problem, "'%.64s' gives no number that fits the field", assignment);
	write_field(field, number, value->data);
	return 0;
}

static int check_counts(const struct value_layout *layout, char *const assignments[], size_t n,
			bool all, struct value_problem *problem)
{
	for (size_t i = 0; i < layout->n; i++) {
		const char *name = layout->fields[i].name;
		size_t count = count_assignments(&layout->fields[i], assignments, n);

		if (count > 1)
			return complain(problem, "the field %.64s is given twice", name);
		if (all && count == 0)
			return complain(problem,
					"the field %.64s is missing; this Feature cannot be read "
					"back in the form in which it is written, so that each "
					"field must be given",
					name);
	}
	return 0;
}

int value_assign(const struct value_layout *layout, char *const assignments[], size_t n, bool all,
		 struct value_problem *problem, struct bytes *value)
{
	CLEANUP(bytes_clear) struct bytes changed = { 0 };
	int r;

	if (!layout_fits(layout, value->size))
		return -EPROTO;
	r = bytes_copy(value->data, value->size, &changed);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		r = assign(layout, assignments[i], problem, &changed);
	if (r == 0)
		r = check_counts(layout, assignments, n, all, problem);
	if (r != 0) {
		list_fields(layout, problem);
		return r;
	}
	bytes_clear(value);
	*value = bytes_take(&changed);
	return 0;
}
