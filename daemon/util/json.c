/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/json-private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* As many characters of a file's name are shown. */
#define NAME_SHOWN 100

/* Appends the way from the root to @at: "features[3].uuid". */
static void write_place(const struct json_cursor *at, char *to, size_t size)
{
	size_t used;

	if (!at->parent) {
		snprintf(to, size, "top level");
		return;
	}
	if (at->parent->parent)
		write_place(at->parent, to, size);
	else
		to[0] = '\0';
	used = strlen(to);
	if (at->key)
		snprintf(to + used, size - used, "%s%s", used > 0 ? "." : "", at->key);
	else
		snprintf(to + used, size - used, "[%zu]", at->index);
}

void json_problems_clear(struct json_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free(problems->list[i]);
	free(problems->list);
	*problems = (struct json_problems){ 0 };
}

static int add_problem(struct json_problems *problems, const struct json_problem *problem)
{
	char **grown = reallocarray(problems->list, problems->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	problems->list = grown;
	grown[problems->n] = strdup(problem->text);
	if (!grown[problems->n])
		return -ENOMEM;
	problems->n++;
	return -EINVAL;
}

int json_tell(const char *file, const struct json_listener *listener, const char *format, ...)
{
	struct json_problem local, *problem = listener->problem ? listener->problem : &local;
	const size_t length = strlen(file);
	va_list arguments;
	size_t used;

	/* The end of a long file name says more than its beginning. */
	snprintf(problem->text, sizeof(problem->text), "%.100s: ",
		 length > NAME_SHOWN ? file + length - NAME_SHOWN : file);
	used = strlen(problem->text);
	va_start(arguments, format);
	vsnprintf(problem->text + used, sizeof(problem->text) - used, format, arguments);
	va_end(arguments);
	return listener->problems ? add_problem(listener->problems, problem) : -EINVAL;
}

static int fail(const struct json_cursor *at, const char *format, va_list arguments)
{
	char place[160], words[300];

	write_place(at, place, sizeof(place));
	vsnprintf(words, sizeof(words), format, arguments);
	return json_tell(at->file, &at->listener, "%s: %s", place, words);
}

void json_keep(int *r, int step)
{
	if (step < 0 && (*r == 0 || *r == -EINVAL))
		*r = step;
}

static struct json_cursor descend(const struct json_cursor *parent, struct json_object *value,
				  const char *key, size_t index)
{
	return (struct json_cursor){
		.value = value,
		.parent = parent,
		.key = key,
		.index = index,
		.file = parent->file,
		.listener = parent->listener,
	};
}

int json_fail(const struct json_cursor *at, const char *format, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = fail(at, format, arguments);
	va_end(arguments);
	return r;
}

int json_fail_member(const struct json_cursor *object, const char *key, const char *format, ...)
{
	struct json_cursor member = descend(object, NULL, key, 0);
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = fail(&member, format, arguments);
	va_end(arguments);
	return r;
}

struct json_cursor json_root(struct json_object *value, const char *file,
			     struct json_problem *problem)
{
	return (struct json_cursor){
		.value = value,
		.file = file,
		.listener = { .problem = problem },
	};
}

struct json_cursor json_root_all(struct json_object *value, const char *file,
				 struct json_problems *problems)
{
	return (struct json_cursor){
		.value = value,
		.file = file,
		.listener = { .problems = problems },
	};
}

struct json_cursor json_stand_in(const struct json_cursor *at, struct json_object *value)
{
	struct json_cursor other = *at;

	other.value = value;
	return other;
}

/* Text is passed on as a C string: one that hides something behind a NUL is refused here. */
static int check_type(const struct json_cursor *at, enum json_type type)
{
	if (!json_object_is_type(at->value, type))
		return json_fail(at, "is of type %s; write a value of type %s",
				 json_type_to_name(json_object_get_type(at->value)),
				 json_type_to_name(type));
	if (type == json_type_string && strlen(json_object_get_string(at->value)) !=
						(size_t)json_object_get_string_len(at->value))
		return json_fail(at, "holds a NUL character; remove it");
	return 0;
}

struct json_members json_members_of(struct json_object *object)
{
	return (struct json_members){
		.at = json_object_iter_begin(object),
		.end = json_object_iter_end(object),
	};
}

bool json_members_next(struct json_members *members)
{
	if (json_object_iter_equal(&members->at, &members->end))
		return false;
	members->key = json_object_iter_peek_name(&members->at);
	members->value = json_object_iter_peek_value(&members->at);
	json_object_iter_next(&members->at);
	return true;
}

/* After the result @r of a step: whether further problems are wanted. */
static bool may_go_on(const struct json_cursor *at, int r)
{
	return r == 0 || (r == -EINVAL && at->listener.problems);
}

int json_check_keys(const struct json_cursor *object, const char *const keys[])
{
	struct json_members each;
	int r;

	r = check_type(object, json_type_object);
	if (r < 0)
		return r;
	each = json_members_of(object->value);
	while (json_members_next(&each)) {
		size_t i = 0;

		while (keys[i] && strcmp(keys[i], each.key) != 0)
			i++;
		if (keys[i])
			continue;
		json_keep(&r, json_fail(object, "has the unknown key '%.64s'; remove it", each.key));
		if (!may_go_on(object, r))
			return r;
	}
	return r;
}

int json_optional(const struct json_cursor *object, const char *key, enum json_type type,
		  struct json_cursor *ret)
{
	struct json_cursor member;
	struct json_object *value;
	int r;

	if (!json_object_object_get_ex(object->value, key, &value))
		return 0;
	member = descend(object, value, key, 0);
	r = check_type(&member, type);
	if (r < 0)
		return r;
	*ret = member;
	return 1;
}

int json_require(const struct json_cursor *object, const char *key, enum json_type type,
		 struct json_cursor *ret)
{
	int r;

	r = json_optional(object, key, type, ret);
	if (r == 0)
		return json_fail(object, "lacks the key '%s'; add it", key);
	return r < 0 ? r : 0;
}

int json_element(const struct json_cursor *array, size_t i, enum json_type type,
		 struct json_cursor *ret)
{
	struct json_cursor element =
		descend(array, json_object_array_get_idx(array->value, i), NULL, i);
	int r;

	r = check_type(&element, type);
	if (r < 0)
		return r;
	*ret = element;
	return 0;
}

int json_each(const struct json_cursor *array, enum json_type type,
	      int (*function)(const struct json_cursor *element, void *userdata), void *userdata)
{
	int r = 0;

	for (size_t i = 0; i < json_object_array_length(array->value); i++) {
		struct json_cursor element;
		int step;

		step = json_element(array, i, type, &element);
		if (step == 0)
			step = function(&element, userdata);
		json_keep(&r, step);
		if (!may_go_on(array, r))
			return r;
	}
	return r;
}

int json_require_string(const struct json_cursor *object, const char *key, const char **ret)
{
	struct json_cursor member;
	int r;

	r = json_require(object, key, json_type_string, &member);
	if (r < 0)
		return r;
	if (json_object_get_string_len(member.value) == 0)
		return json_fail(&member, "is empty; write a text");
	*ret = json_object_get_string(member.value);
	return 0;
}

static int read_number(const struct json_cursor *member, uint64_t most, uint64_t *ret)
{
	uint64_t number = 0;
	bool valid = false;

	if (json_object_is_type(member->value, json_type_int)) {
		valid = json_object_get_int64(member->value) >= 0;
		number = json_object_get_uint64(member->value);
	} else if (json_object_is_type(member->value, json_type_string)) {
		const char *text = json_object_get_string(member->value);
		char *end;

		errno = 0;
		number = strtoull(text, &end, 0);
		valid = errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
	}
	if (!valid || number > most)
		return json_fail(member, "is not a number from 0 to %llu",
				 (unsigned long long)most);
	*ret = number;
	return 0;
}

int json_require_number(const struct json_cursor *object, const char *key, uint64_t most,
			uint64_t *ret)
{
	struct json_cursor member;
	struct json_object *value;

	if (!json_object_object_get_ex(object->value, key, &value))
		return json_fail(object, "lacks the key '%s'; add it", key);
	member = descend(object, value, key, 0);
	return read_number(&member, most, ret);
}

int json_optional_number(const struct json_cursor *object, const char *key, uint64_t most,
			 uint64_t absent, uint64_t *ret)
{
	if (!json_object_object_get_ex(object->value, key, NULL)) {
		*ret = absent;
		return 0;
	}
	return json_require_number(object, key, most, ret);
}

int json_require_hex(const struct json_cursor *object, const char *key, size_t most,
		     struct bytes *ret)
{
	struct json_cursor member;
	int r;

	r = json_require(object, key, json_type_string, &member);
	if (r < 0)
		return r;
	r = hex_decode(json_object_get_string(member.value), most, ret);
	if (r == -EINVAL)
		return json_fail(&member, "is not an even number of hexadecimal digits");
	if (r == -E2BIG)
		return json_fail(&member, "is longer than %zu bytes", most);
	return r;
}
