/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * drivers FILES [SEED]: what transport.c does, for the devices of fwctl_test (tests/vm/module) and
 * the simulated ones of the folder FILES: raw requests, of which a seed says what they are. All
 * begin with what they hold when they are new, in a kernel that fwctl has not tainted yet. For the
 * guest.
 */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "codec/bnxt.h"
#include "codec/mlx5.h"
#include "pair.h"
#include "requests.h"
#include "transport/kernel.h"
#include "transport/simulated.h"
#include "util/big-endian.h"
#include "util/little-endian.h"

#define PAGE 4096u
#define AREA_SIZE (17 * PAGE) /* more than a bnxt buffer has at most */
/* Around and between the areas there is nothing: an address that is off by a few bits is bad. */
#define RESERVED (64 * AREA_SIZE)

#define ADDRESSES_MAX 32

#define DEFAULT_SEED 0x66776374u
#define RANDOM_REQUESTS 4000

struct kind {
	const char *name, *file;
	request_maker *make;
	void (*sweep)(struct pair *pair, enum scope scope); /* NULL: none */
	struct generator generator;
	struct pair_memory *memory; /* NULL: its requests hold no addresses */
	struct transport *real, *simulated;
};

/* The commands that the driver knows, as a read and as a write; at the last scope any others too.
 */
static void sweep_mlx5(struct pair *pair, enum scope scope)
{
	const uint32_t step = scope == SCOPE_DEBUG_WRITE_FULL ? 1 : UINT16_MAX;
	uint8_t data[MLX5_HEADER_SIZE] = { 0 };
	const struct bytes request = { .data = data, .size = sizeof(data) };

	for (uint32_t opcode = 0; opcode <= UINT16_MAX; opcode += step) {
		write_be16(data + MLX5_IN_OPCODE, (uint16_t)opcode);
		pair_compare(pair, scope, &request, sizeof(data));
	}
	for (size_t i = 0; i < 2 * MLX5_COMMANDS; i++) {
		write_be16(data + MLX5_IN_OPCODE, mlx5_commands[i / 2].opcode);
		write_be16(data + MLX5_IN_OP_MOD, i % 2);
		pair_compare(pair, scope, &request, sizeof(data));
	}
}

/* Likewise, and the known ones at every length: with lengths in them, but without good addresses.
 */
static void sweep_bnxt(struct pair *pair, enum scope scope)
{
	const uint32_t step = scope == SCOPE_DEBUG_WRITE_FULL ? 1 : UINT16_MAX;
	uint8_t data[BNXT_REQUEST_MAX + 2] = { 0 };
	struct bytes request = { .data = data, .size = BNXT_REQUEST_HEADER_SIZE };

	for (uint32_t type = 0; type <= UINT16_MAX; type += step) {
		write_le16(data + BNXT_IN_REQ_TYPE, (uint16_t)type);
		pair_compare(pair, scope, &request, BNXT_RESPONSE_HEADER_SIZE);
	}
	memset(data, 1, sizeof(data));
	for (size_t i = 0; bnxt_command_at(i); i++) {
		write_le16(data + BNXT_IN_REQ_TYPE, bnxt_command_at(i)->type);
		for (request.size = 0; request.size <= sizeof(data); request.size += 2)
			pair_compare(pair, scope, &request, BNXT_RESPONSE_HEADER_SIZE);
	}
}

static uint8_t *map(uint8_t *at, size_t size, int protection)
{
	int fixed = at ? MAP_FIXED : 0;
	void *memory = mmap(at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);

	pair_require(memory == MAP_FAILED ? -errno : 0);
	return memory;
}

/* Areas, what is beside them, and addresses that belong to nobody. */
static size_t make_memory(struct pair_memory *ret_memory, uint64_t *ret_addresses)
{
	uint8_t *reserved = map(NULL, RESERVED, PROT_NONE);
	uint8_t *read_only = map(reserved + 48 * AREA_SIZE, PAGE, PROT_READ);
	uint64_t *address = ret_addresses;

	for (size_t i = 0; i < PAIR_AREAS; i++) {
		uint8_t *area = map(reserved + (16 + 16 * i) * AREA_SIZE, AREA_SIZE,
				    PROT_READ | PROT_WRITE);

		ret_memory->areas[i] = area;
		ret_memory->sizes[i] = AREA_SIZE;
		for (size_t good = 0; good < 5; good++)
			*address++ = (uintptr_t)area + good * 3;
		*address++ = (uintptr_t)area + PAGE - 8;
		*address++ = (uintptr_t)area + AREA_SIZE - 16;
		*address++ = (uintptr_t)area + AREA_SIZE;
	}
	*address++ = (uintptr_t)read_only;
	*address++ = 0;
	*address++ = 1;
	*address++ = UINT64_MAX;
	*address++ = 0xffff888000000000u;
	*address++ = 0x8000000000000000u;
	return (size_t)(address - ret_addresses);
}

static void send_random(struct pair *pair, struct kind *kind, unsigned scopes)
{
	for (unsigned i = 0; i < RANDOM_REQUESTS; i++) {
		struct raw_request raw = { 0 };
		struct bytes request = { .data = raw.data };
		enum scope scope = (enum scope)generator_below(&kind->generator, scopes);

		kind->make(&kind->generator, &raw);
		request.size = raw.size;
		pair_compare(pair, scope, &request, raw.room);
	}
}

/* The node of the fwctl device whose parent is fwctl-test-NAME.0. */
static void find_node(const char *name, char *ret, size_t size)
{
	char path[128];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/sys/devices/platform/fwctl-test-%s.0/fwctl", name);
	directory = opendir(path);
	pair_require(directory ? 0 : -errno);
	do {
		entry = readdir(directory);
		pair_require(entry ? 0 : -ENOENT);
	} while (entry->d_name[0] == '.');
	snprintf(ret, size, "/dev/fwctl/%s", entry->d_name);
	closedir(directory);
}

static void open_kind(struct kind *kind, struct simulation *simulation, const char *files)
{
	struct pair pair = { 0 };
	char node[300], file[4096];

	find_node(kind->name, node, sizeof(node));
	snprintf(file, sizeof(file), "%s/%s", files, kind->file);
	pair_open(&pair, node, simulation, file);
	kind->real = pair.real;
	kind->simulated = pair.simulated;
}

/* All that there is for one kind at scopes up to @last. */
static void run_kind(struct pair *pair, struct kind *kind, enum scope first, enum scope last)
{
	char name[80];

	pair->real = kind->real;
	pair->simulated = kind->simulated;
	pair->memory = NULL;
	for (int scope = (int)first; kind->sweep && scope <= (int)last; scope++) {
		pair_begin(pair);
		kind->sweep(pair, (enum scope)scope);
		snprintf(name, sizeof(name), "%s: every command at scope %d", kind->name, scope);
		pair_end(pair, name);
	}
	pair->memory = kind->memory;
	pair_begin(pair);
	send_random(pair, kind, (unsigned)last + 1);
	snprintf(name, sizeof(name), "%s: at random at scopes up to %d", kind->name, (int)last);
	pair_end(pair, name);
	if (pair->admitted < RANDOM_REQUESTS / 20)
		pair_conclude(pair, false, "enough of them are let through");
}

static void run(struct pair *pair, struct kind *kinds, size_t n)
{
	pair_conclude(pair, kernel_tainted() == 0, "fwctl has not tainted the kernel yet");
	for (size_t i = 0; i < n; i++)
		run_kind(pair, &kinds[i], SCOPE_CONFIGURATION, SCOPE_DEBUG_READ_ONLY);
	pair_conclude(pair, kernel_tainted() == 0, "nor do its two lower scopes");
	/* One more than there are: a scope that is none. */
	for (size_t i = 0; i < n; i++)
		run_kind(pair, &kinds[i], SCOPE_DEBUG_WRITE, SCOPE_MAX);
	pair_conclude(pair, kernel_tainted() == 1, "the others do");
}

int main(int argc, char *argv[])
{
	struct pair_memory memory;
	struct kind kinds[] = {
		{ "mlx5", "mlx5-test.json", .make = make_mlx5_request, .sweep = sweep_mlx5 },
		{ "bnxt", "bnxt-test.json", .make = make_bnxt_request, .sweep = sweep_bnxt,
		  .memory = &memory },
		{ "pds", "pds-test.json", .make = make_pds_request, .memory = &memory },
		{ "cxl", "cxl-immediate.json", .make = make_cxl_request },
	};
	CLEANUP(simulation_freep) struct simulation *simulation = NULL;
	uint64_t addresses[ADDRESSES_MAX];
	struct pair pair = { 0 };
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : DEFAULT_SEED;
	size_t n;

	if (argc < 2 || argc > 3 || seed == 0) {
		fputs("usage: drivers FILES [SEED]\n", stderr);
		return 2;
	}
	printf("# seed %#llx\n", (unsigned long long)seed);
	n = make_memory(&memory, addresses);
	pair_require(simulation_new(NULL, &simulation));
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		kinds[i].generator = (struct generator){ seed, addresses, n };
		open_kind(&kinds[i], simulation, argv[1]);
	}
	run(&pair, kinds, ARRAY_LENGTH(kinds));
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		transport_close(kinds[i].real);
		transport_close(kinds[i].simulated);
	}
	return pair_finish(&pair);
}
