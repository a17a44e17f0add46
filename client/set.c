/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "change.h"
#include "feature.h"
#include "tree.h"
#include "verbs.h"

/*
 * Makes the change out of assignments to fields: on zeros where the value is not read in the form
 * in which it is written, so that each field must be given; else on the value that is there. That
 * one is expected to be there still when it is replaced, so that nobody else's change is lost.
 */
static int assign_fields(struct client *client, const struct device *device,
			 struct json_object *feature, char *const assignments[], size_t n,
			 struct change *change)
{
	CLEANUP(json_putp) struct json_object *info = NULL;
	size_t set_size = member_number(feature, "set-size");
	bool blind = set_size != member_number(feature, "get-size");
	int r;

	/* On zeros in any case: what is wrong with the words is told before polkit is asked. */
	r = bytes_zeroed(set_size, &change->data);
	if (r == 0)
		r = feature_assign(client, feature, assignments, n, blind, &change->data);
	if (r != 0 || blind)
		return r;
	r = feature_get(client, device, member_text(feature, "uuid"), change_base(feature),
			&change->expect, &info);
	if (r != 0)
		return r;
	bytes_clear(&change->data);
	r = bytes_copy(change->expect.data, change->expect.size, &change->data);
	if (r < 0)
		return r;
	return feature_assign(client, feature, assignments, n, false, &change->data);
}

int verb_set(struct client *client, char *const words[], size_t n)
{
	CLEANUP(device_clear) struct device device = { 0 };
	CLEANUP(json_putp) struct json_object *feature = NULL;
	CLEANUP(json_putp) struct json_object *result = NULL;
	CLEANUP(change_clear) struct change change = { .reason = client->options.reason };
	bool assignments = false;
	const char *id;
	int r;

	/* What is wrong with the value is told before the broker hears of it. */
	r = feature_words(client, words + 2, n - 2, &assignments, &change.data);
	if (r != 0)
		return r;
	r = client_cxl_device(client, words[0], &device);
	if (r != 0)
		return r;
	if (assignments) {
		r = feature_require(client, &device, words[1], &feature);
		if (r == 0)
			r = assign_fields(client, &device, feature, words + 2, n - 2, &change);
	} else {
		r = feature_find(client, &device, words[1], &feature);
	}
	if (r != 0)
		return r;
	id = feature_id(feature, words[1]);
	r = change_send(client, &device, id, &change, &result);
	if (r != 0)
		return r;
	return change_tell(client, &device, feature ? feature_label(feature) : id, result);
}
