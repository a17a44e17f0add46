/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A small catalog as if it were shipped, for the tests of drop-ins and of lint, and the places of
 * their files.
 */

#include "catalog-helpers.h"

#define SAMPLE_TEXTS "'timeout-ms': 1000, 'summary': 's', 'source': 's'"

#define SAMPLE_CXL                                                                                 \
	"{'format': 1, 'driver': 'cxl', 'commands': [{'name': 'get', 'opcode': '0x0501', "         \
	"'effect': 'none', 'scope': 'configuration', 'owner': 'fwctl', 'unit': 'shared', "         \
	SAMPLE_TEXTS "}], 'features': ["                                                           \
	"{'name': 'scrub', 'uuid': '00000000-0000-0000-0000-000000000001', 'owner': 'edac', "      \
	"'interface': '/e', 'summary': 's', 'source': 's', 'effect': 'immediate', "                \
	"'read': {'fields': [{'name': 'a', 'offset': 0}]}}, "                                      \
	"{'name': 'own', 'uuid': '00000000-0000-0000-0000-000000000002', 'owner': 'fwctl', "       \
	"'summary': 's', 'source': 's'}]}"

#define SAMPLE_MLX5                                                                                \
	"{'format': 1, 'driver': 'mlx5', 'commands': ["                                            \
	"{'name': 'reset', 'opcode': '0x0109', 'effect': 'after-reset', "                          \
	"'resets': ['conventional', 'cold'], 'scope': 'configuration', 'owner': 'fwctl', "         \
	"'overlaps': 'devlink', 'interface': '/d', 'unit': 'shared', 'secrets': true, "            \
	SAMPLE_TEXTS "}, "                                                                         \
	"{'name': 'cong', 'opcode': '0x0823', 'effect': 'immediate', 'scope': 'configuration', "   \
	"'owner': 'rdma', 'interface': '/r', 'unit': 'own', " SAMPLE_TEXTS "}, "                   \
	"{'name': 'wait', 'opcode': '0x0731', 'effect': 'after-reset', "                           \
	"'resets': ['conventional'], 'scope': 'configuration', 'owner': 'fwctl', "                 \
	"'unit': 'shared', " SAMPLE_TEXTS "}, "                                                    \
	"{'name': 'put-off', 'opcode': '0x0b2e', 'effect': 'immediate', "                          \
	"'scope': 'configuration', 'owner': 'fwctl', 'unit': 'shared', " SAMPLE_TEXTS "}], "       \
	"'registers': ["                                                                           \
	"{'name': 'RED', 'id': '0x9014', 'summary': 's', 'source': 's', "                          \
	"'read': {'effect': 'none', 'owner': 'ethtool', 'interface': '/m', "                       \
	"'changes': {'offset': 18, 'bits': 6}}, "                                                  \
	"'write': {'effect': 'disruptive', 'secrets': true}}, "                                    \
	"{'name': 'BLUE', 'id': '0x9015', 'summary': 's', 'source': 's'}, "                        \
	"{'name': 'GRAY', 'id': '0x9016', 'summary': 's', 'source': 's', "                         \
	"'write': {'effect': 'disruptive'}}]}"

#define SAMPLE_BNXT                                                                                \
	"{'format': 1, 'driver': 'bnxt', 'commands': [{'name': 'get', 'opcode': '0xfff1', "        \
	"'effect': 'none', 'scope': 'configuration', 'owner': 'fwctl', 'unit': 'shared', "         \
	SAMPLE_TEXTS ", 'request-size': 40, 'pointers': [{'offset': 16, "                          \
	"'direction': 'from-device', 'length-offset': 24, 'length-width': 2, "                     \
	"'length-unit': 'bits'}], 'request': {'fields': [{'name': 'len', 'offset': 24, "           \
	"'width': 2}]}, 'response': {'fields': []}}]}"

/* For CLEANUP(sample_clear), and sample_init(). */
struct sample {
	struct place place;
	char shipped[128], vendor[128], administrator[128];
	struct catalog_paths paths;
};

static inline void sample_init(struct sample *sample)
{
	sample->place = place_new();
	place_make_directory(&sample->place, "shipped");
	place_make_directory(&sample->place, "vendor");
	place_make_directory(&sample->place, "administrator");
	write_json(&sample->place, "shipped/cxl.json", SAMPLE_CXL);
	write_json(&sample->place, "shipped/mlx5.json", SAMPLE_MLX5);
	write_json(&sample->place, "shipped/bnxt.json", SAMPLE_BNXT);
	strcpy(sample->shipped, place_path(&sample->place, "shipped"));
	strcpy(sample->vendor, place_path(&sample->place, "vendor"));
	strcpy(sample->administrator, place_path(&sample->place, "administrator"));
	sample->paths = (struct catalog_paths){ sample->shipped, sample->vendor,
						sample->administrator };
}

static inline void sample_clear(struct sample *sample)
{
	place_clear(&sample->place);
}
