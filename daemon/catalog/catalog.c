/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/catalog.h"

#include <string.h>

#include "catalog/load.h"

struct catalog *catalog_ref(struct catalog *catalog)
{
	__atomic_add_fetch(&catalog->references, 1, __ATOMIC_RELAXED);
	return catalog;
}

void catalog_unref(struct catalog *catalog)
{
	if (__atomic_sub_fetch(&catalog->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < catalog->n_commands; i++) {
		free(catalog->commands[i].name);
		free(catalog->commands[i].owner);
		free(catalog->commands[i].summary);
	}
	for (size_t i = 0; i < catalog->n_features; i++) {
		struct catalog_feature *feature = &catalog->features[i];

		free(feature->name);
		free(feature->owner);
		free(feature->interface);
		free(feature->summary);
		catalog_layout_clear(&feature->read);
		catalog_layout_clear(&feature->write);
	}
	free(catalog->commands);
	free(catalog->features);
	free(catalog);
}

const char *catalog_digest(const struct catalog *catalog)
{
	return catalog->digest;
}

const struct catalog_command *catalog_find_command(const struct catalog *catalog,
						   enum device_type driver, uint32_t opcode)
{
	for (size_t i = 0; i < catalog->n_commands; i++) {
		const struct catalog_command *command = &catalog->commands[i];

		if (command->driver == driver && command->opcode == opcode)
			return command;
	}
	return NULL;
}

const struct catalog_feature *catalog_find_feature(const struct catalog *catalog,
						   const uint8_t uuid[CXL_UUID_SIZE])
{
	for (size_t i = 0; i < catalog->n_features; i++)
		if (memcmp(catalog->features[i].uuid, uuid, CXL_UUID_SIZE) == 0)
			return &catalog->features[i];
	return NULL;
}

const struct catalog_feature *catalog_find_feature_by_name(const struct catalog *catalog,
							   const char *name)
{
	for (size_t i = 0; i < catalog->n_features; i++)
		if (strcmp(catalog->features[i].name, name) == 0)
			return &catalog->features[i];
	return NULL;
}
