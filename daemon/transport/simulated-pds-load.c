/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "codec/pds.h"
#include "transport/simulated-pds.h"

/* The driver has one page for the list of endpoints, and one for each endpoint's operations: 8
 * bytes of header, then entries of 4 and of 8 bytes (struct pds_fwctl_query_data). */
#define ENDPOINTS_MAX ((4096 - 8) / 4)
#define OPERATIONS_MAX ((4096 - 8) / 8)

static const char *const attributes[PDS_ATTRIBUTE_MAX] = {
	[PDS_READ] = "read",
	[PDS_DEBUG_READ] = "debug-read",
	[PDS_WRITE] = "write",
	[PDS_DEBUG_WRITE] = "debug-write",
	[PDS_SYNC] = "sync",
	[PDS_OTHER] = "other",
};

static int load_attribute(const struct json_cursor *object, enum simulated_pds_attribute *ret)
{
	struct json_cursor member;
	int r;

	r = json_require(object, "attribute", json_type_string, &member);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LENGTH(attributes); i++)
		if (strcmp(attributes[i], json_object_get_string(member.value)) == 0) {
			*ret = (enum simulated_pds_attribute)i;
			return 0;
		}
	return json_fail(&member, "is not known; use read, debug-read, write, debug-write, sync or "
				  "other");
}

/* A number of 32 bits. */
static int load_number(const struct json_cursor *object, const char *key, uint32_t most,
		       uint32_t *ret)
{
	uint64_t number;
	int r;

	r = json_require_number(object, key, most, &number);
	if (r < 0)
		return r;
	*ret = (uint32_t)number;
	return 0;
}

/* An operation's id has a command and a version, and nothing else. */
static int load_operation_id(const struct json_cursor *object,
			     const struct simulated_pds_endpoint *endpoint, uint32_t *ret)
{
	uint32_t id;
	int r;

	r = load_number(object, "id", PDS_OPERATION_COMMAND_MASK | PDS_OPERATION_VERSION_MASK, &id);
	if (r < 0)
		return r;
	for (size_t i = 0; i < endpoint->n; i++)
		if (endpoint->operations[i].id == id)
			return json_fail_member(object, "id",
						"is the id of an earlier operation of this "
						"endpoint; give each its own");
	*ret = id;
	return 0;
}

static int load_operation(const struct json_cursor *object,
			  const struct simulated_pds_endpoint *endpoint,
			  struct simulated_pds_operation *operation)
{
	static const char *const keys[] = { "id", "attribute", "response", "error", NULL };
	uint64_t error;
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = load_operation_id(object, endpoint, &operation->id);
	if (r < 0)
		return r;
	r = load_attribute(object, &operation->attribute);
	if (r < 0)
		return r;
	r = json_optional_number(object, "error", UINT32_MAX, 0, &error);
	if (r < 0)
		return r;
	operation->error = (uint32_t)error;
	if (!json_object_object_get_ex(object->value, "response", NULL))
		return 0;
	return json_require_hex(object, "response", PDS_PAYLOAD_MAX, &operation->response);
}

static int load_operations(const struct json_cursor *object,
			   struct simulated_pds_endpoint *endpoint)
{
	struct json_cursor array, element;
	size_t n;
	int r;

	r = json_require(object, "operations", json_type_array, &array);
	if (r < 0)
		return r;
	n = json_object_array_length(array.value);
	if (n > OPERATIONS_MAX)
		return json_fail(&array, "has more than %u elements; use fewer", OPERATIONS_MAX);
	endpoint->operations = calloc(n + 1, sizeof(endpoint->operations[0]));
	if (!endpoint->operations)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = json_element(&array, i, json_type_object, &element);
		if (r < 0)
			return r;
		/* The table grows only now, so that the operation is not its own duplicate. */
		r = load_operation(&element, endpoint, &endpoint->operations[i]);
		endpoint->n++;
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_endpoint(const struct json_cursor *object, const struct simulated_pds *card,
			 struct simulated_pds_endpoint *endpoint)
{
	static const char *const keys[] = { "id", "operations", NULL };
	int r;

	r = json_check_keys(object, keys);
	if (r < 0)
		return r;
	r = load_number(object, "id", UINT32_MAX, &endpoint->id);
	if (r < 0)
		return r;
	for (size_t i = 0; i < card->n; i++)
		if (card->endpoints[i].id == endpoint->id)
			return json_fail_member(object, "id",
						"is the id of an earlier endpoint; "
						"give each its own");
	return load_operations(object, endpoint);
}

static int load_endpoints(const struct json_cursor *root, struct simulated_pds *card)
{
	struct json_cursor array, element;
	size_t n;
	int r;

	r = json_require(root, "endpoints", json_type_array, &array);
	if (r < 0)
		return r;
	n = json_object_array_length(array.value);
	if (n > ENDPOINTS_MAX)
		return json_fail(&array, "has more than %u elements; use fewer", ENDPOINTS_MAX);
	card->endpoints = calloc(n + 1, sizeof(card->endpoints[0]));
	if (!card->endpoints)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = json_element(&array, i, json_type_object, &element);
		if (r < 0)
			return r;
		r = load_endpoint(&element, card, &card->endpoints[i]);
		card->n++;
		if (r < 0)
			return r;
	}
	return 0;
}

void simulated_pds_free(void *state)
{
	struct simulated_pds *card = state;

	for (size_t i = 0; i < card->n; i++) {
		struct simulated_pds_endpoint *endpoint = &card->endpoints[i];

		for (size_t j = 0; j < endpoint->n; j++)
			bytes_clear(&endpoint->operations[j].response);
		free(endpoint->operations);
	}
	free(card->endpoints);
	free(card);
}

DEFINE_CLEANUP(struct simulated_pds *, simulated_pds_free);

int simulated_pds_load(const struct json_cursor *root, void **ret_state)
{
	CLEANUP(simulated_pds_freep) struct simulated_pds *card = NULL;
	int r;

	card = calloc(1, sizeof(*card));
	if (!card)
		return -ENOMEM;
	r = load_number(root, "max-request", PDS_PAYLOAD_MAX, &card->max_request);
	if (r < 0)
		return r;
	r = load_number(root, "max-response", PDS_PAYLOAD_MAX, &card->max_response);
	if (r < 0)
		return r;
	r = load_endpoints(root, card);
	if (r < 0)
		return r;
	*ret_state = take_pointer(card);
	return 0;
}
