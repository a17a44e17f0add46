/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "catalog-files.h"
#include "catalog/lint.h"
#include "print.h"
#include "tree.h"
#include "verbs.h"

#define SEPARATOR ": "

/*
 * Splits "FILE: PLACE: WORDS". Only the end of a long file name is shown, so that what counts is
 * whether @file ends in what stands before a separator. Without a place all are words.
 */
static int put_problem(struct json_object *array, const char *file, const char *text)
{
	struct json_object *problem = json_object_new_object();
	const char *place = text, *at, *words;
	int r;

	r = element_put(array, problem);
	for (at = strstr(text, SEPARATOR); at; at = strstr(at + 1, SEPARATOR)) {
		const size_t length = (size_t)(at - text), whole = strlen(file);

		if (length <= whole && strncmp(file + whole - length, text, length) == 0)
			place = at + strlen(SEPARATOR);
	}
	at = strstr(place, SEPARATOR);
	words = at ? at + strlen(SEPARATOR) : place;
	if (r == 0)
		r = member_put(problem, "place",
			       json_object_new_string_len(place, at ? (int)(at - place) : 0));
	if (r == 0)
		r = member_put(problem, "problem", json_object_new_string(words));
	return r;
}

static int print_json(const char *file, const struct lint_problems *problems)
{
	CLEANUP(json_putp) struct json_object *document = json_object_new_object();
	struct json_object *array = json_object_new_array();
	int r;

	if (!document) {
		json_object_put(array);
		return -ENOMEM;
	}
	r = member_put(document, "file", json_object_new_string(file));
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	r = member_put(document, "problems", array);
	for (size_t i = 0; r == 0 && i < problems->n; i++)
		r = put_problem(array, file, problems->list[i]);
	if (r == 0)
		print_document(document);
	return r;
}

static void print_all(const char *file, const struct lint_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		print_line("%s", problems->list[i]);
	if (problems->n == 0)
		print_line("%s: good", file);
}

int verb_catalog_lint(struct client *client, char *const words[], size_t n)
{
	const struct options *options = &client->options;
	const enum catalog_origin origin =
		options->administrator ? CATALOG_ADMINISTRATOR : CATALOG_VENDOR;
	CLEANUP(catalog_places_clear) struct catalog_places places = { 0 };
	CLEANUP(lint_problems_clear) struct lint_problems problems = { 0 };
	struct json_problem problem = { 0 };
	int r;

	(void)n;
	r = catalog_places_find(options, options->administrator, &places);
	if (r < 0)
		return r;
	r = catalog_lint(&places.paths, words[0], origin, &problems, &problem);
	if (r < 0 && problem.text[0] != '\0')
		return report(options, ERROR_USAGE, "%s", problem.text);
	if (r == 0 && options->json)
		r = print_json(words[0], &problems);
	else if (r == 0)
		print_all(words[0], &problems);
	if (r < 0 || problems.n == 0)
		return r;
	return report(options, ERROR_CATALOG_PROBLEMS,
		      "%zu problem%s; mend %s and check the file again", problems.n,
		      problems.n == 1 ? "" : "s", problems.n == 1 ? "it" : "them");
}
