/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pair.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "transport/kernel.h"
#include "transport/simulated.h"

/* A TAP result tells this many differences in full. */
#define TOLD_MAX 5
/* Bytes that are told are cut after as many. */
#define SHOWN_MAX 176

struct answer {
	int result;
	size_t reported;
	struct bytes response; /* all of the room */
	struct bytes memory[PAIR_AREAS];
	int tainted;
};

static void answer_clear(struct answer *answer)
{
	bytes_clear(&answer->response);
	for (size_t i = 0; i < PAIR_AREAS; i++)
		bytes_clear(&answer->memory[i]);
}

void pair_require(int r)
{
	if (r >= 0)
		return;
	printf("Bail out! %s\n", strerror(-r));
	exit(EXIT_FAILURE);
}

void pair_open(struct pair *pair, const char *node, struct simulation *simulation, const char *file)
{
	struct json_problem problem = { 0 };
	struct stat status;

	pair_require(stat(node, &status) < 0 ? -errno : 0);
	pair_require(kernel_open(node, status.st_rdev, &pair->real));
	if (simulated_open(simulation, file, &problem, &pair->simulated) < 0) {
		printf("Bail out! %s\n", problem.text);
		exit(EXIT_FAILURE);
	}
}

void pair_close(struct pair *pair)
{
	transport_close(pair->real);
	transport_close(pair->simulated);
}

static void fill(const struct pair_memory *memory)
{
	for (size_t i = 0; i < PAIR_AREAS; i++)
		memset(memory->areas[i], 0x3c + (int)i, memory->sizes[i]);
}

static void ask(const struct pair *pair, struct transport *transport, enum scope scope,
		const struct bytes *request, size_t room, struct answer *ret)
{
	const struct pair_memory *memory = pair->memory;

	*ret = (struct answer){ .reported = room };
	pair_require(bytes_zeroed(room, &ret->response));
	if (memory)
		fill(memory);
	ret->result =
		transport->ops->rpc(transport, scope, request, ret->response.data, &ret->reported);
	/* Once tainted it is for good. */
	ret->tainted = pair->tainted ? 1 : transport_tainted(transport);
	for (size_t i = 0; memory && i < PAIR_AREAS; i++)
		pair_require(bytes_copy(memory->areas[i], memory->sizes[i], &ret->memory[i]));
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return bytes_equal(a->data, a->size, b->data, b->size);
}

static bool same(const struct answer *a, const struct answer *b)
{
	if (a->result != b->result || a->tainted != b->tainted)
		return false;
	for (size_t i = 0; i < PAIR_AREAS; i++)
		if (!same_bytes(&a->memory[i], &b->memory[i]))
			return false;
	return a->result < 0 ||
	       (a->reported == b->reported && same_bytes(&a->response, &b->response));
}

static void tell_bytes(const char *what, const struct bytes *bytes)
{
	size_t shown = bytes->size < SHOWN_MAX ? bytes->size : SHOWN_MAX;
	CLEANUP(freep) char *hex = hex_encode(bytes->data, shown);

	printf("#     %s of %zu bytes: %s\n", what, bytes->size, hex);
}

static void tell_answer(const char *who, const struct answer *answer)
{
	printf("#   %s: result %d, %zu bytes reported, tainted %d\n", who, answer->result,
	       answer->reported, answer->tainted);
	tell_bytes("response", &answer->response);
}

static void tell_memory(const struct bytes *real, const struct bytes *simulated)
{
	for (size_t i = 0; i < real->size; i++)
		if (real->data[i] != simulated->data[i]) {
			printf("#   the buffers differ from byte %zu on: %02x, simulated %02x\n", i,
			       real->data[i], simulated->data[i]);
			return;
		}
}

void pair_compare(struct pair *pair, enum scope scope, const struct bytes *request, size_t room)
{
	CLEANUP(answer_clear) struct answer real = { 0 }, simulated = { 0 };

	ask(pair, pair->real, scope, request, room, &real);
	ask(pair, pair->simulated, scope, request, room, &simulated);
	pair->requests++;
	pair->admitted += real.result == 0;
	pair->tainted = real.tainted == 1 && simulated.tainted == 1;
	if (same(&real, &simulated))
		return;
	if (pair->different++ < TOLD_MAX) {
		printf("# scope %d, room %zu\n", (int)scope, room);
		tell_bytes("request", request);
		tell_answer("kernel", &real);
		tell_answer("simulated", &simulated);
		for (size_t i = 0; i < PAIR_AREAS; i++)
			tell_memory(&real.memory[i], &simulated.memory[i]);
	}
}

void pair_conclude(struct pair *pair, bool good, const char *name)
{
	pair->tests++;
	pair->failed += !good;
	printf("%s %u - %s\n", good ? "ok" : "not ok", pair->tests, name);
	fflush(stdout);
}

void pair_begin(struct pair *pair)
{
	pair->requests = pair->admitted = pair->different = 0;
}

void pair_end(struct pair *pair, const char *name)
{
	char line[160];

	snprintf(line, sizeof(line), "%s: %u requests, %u let through, %u answered differently",
		 name, pair->requests, pair->admitted, pair->different);
	pair_conclude(pair, pair->requests > 0 && pair->different == 0, line);
}

int pair_finish(const struct pair *pair)
{
	printf("1..%u\n# %u passed, %u failed, 0 skipped\n", pair->tests,
	       pair->tests - pair->failed, pair->failed);
	return pair->failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
