/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audit/seal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "util/bytes.h"
#include "util/file.h"

/* What the keys are used for, besides records: those begin with a brace. */
#define NEXT_KEY "fwctld: next key"
#define KEY_ID "fwctld: key id"

/*
 * The key file: text of a fixed size, so that a key is overwritten whole and within one sector.
 * "fwctld-seal-state-1 SINCE NEXT KEY ID CHECK\n", numbers with all their digits.
 */
#define STATE_HEAD "fwctld-seal-state-1 "
#define STATE_FORMAT STATE_HEAD "%020" PRIu64 " %020" PRIu64 " %s %s "
#define HEX_SIZE (DIGEST_TEXT_SIZE - 1)
#define CHECKED_SIZE                                                                               \
	(sizeof(STATE_HEAD) - 1 + 21 + 21 + HEX_SIZE + 1 + AUDIT_SEAL_ID_SIZE - 1 + 1)
#define STATE_SIZE (CHECKED_SIZE + HEX_SIZE + 1)

static void mac(const uint8_t key[SHA256_DIGEST_SIZE], const void *data, size_t size,
		uint8_t ret[SHA256_DIGEST_SIZE])
{
	struct hmac_sha256_ctx context;

	hmac_sha256_set_key(&context, SHA256_DIGEST_SIZE, key);
	hmac_sha256_update(&context, size, data);
	hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, ret);
	explicit_bzero(&context, sizeof(context));
}

static void to_hex(const uint8_t *data, size_t size, char *ret)
{
	base16_encode_update(ret, size, data);
	ret[2 * size] = '\0';
}

void audit_seal_clear(struct audit_seal *seal)
{
	explicit_bzero(seal, sizeof(*seal));
}

static void name_key(struct audit_seal *seal)
{
	uint8_t id[SHA256_DIGEST_SIZE];

	mac(seal->key, KEY_ID, strlen(KEY_ID), id);
	to_hex(id, (AUDIT_SEAL_ID_SIZE - 1) / 2, seal->id);
}

int audit_seal_new(uint64_t since, struct audit_seal *ret, char ret_key[AUDIT_SEAL_KEY_SIZE])
{
	CLEANUP(audit_seal_clear) struct audit_seal seal = { .since = since, .next = since };
	char hex[DIGEST_TEXT_SIZE];

	/* The kernel gives so few bytes whole or not at all. */
	if (getrandom(seal.key, sizeof(seal.key), 0) < 0)
		return -errno;
	name_key(&seal);
	to_hex(seal.key, sizeof(seal.key), hex);
	snprintf(ret_key, AUDIT_SEAL_KEY_SIZE, "fwctld-seal-1:%" PRIu64 ":%s", since, hex);
	explicit_bzero(hex, sizeof(hex));
	*ret = seal;
	return 0;
}

void audit_seal_mac(const struct audit_seal *seal, const void *data, size_t size,
		    char ret[DIGEST_TEXT_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	mac(seal->key, data, size, digest);
	to_hex(digest, sizeof(digest), ret);
}

void audit_seal_advance(struct audit_seal *seal)
{
	mac(seal->key, NEXT_KEY, strlen(NEXT_KEY), seal->key);
	seal->next++;
}

static void format_state(const struct audit_seal *seal, char ret[STATE_SIZE + 1])
{
	char key[DIGEST_TEXT_SIZE], check[DIGEST_TEXT_SIZE];

	to_hex(seal->key, sizeof(seal->key), key);
	snprintf(ret, STATE_SIZE + 1, STATE_FORMAT, seal->since, seal->next, key, seal->id);
	digest_of(ret, CHECKED_SIZE, check);
	snprintf(ret + CHECKED_SIZE, STATE_SIZE + 1 - CHECKED_SIZE, "%s\n", check);
	explicit_bzero(key, sizeof(key));
}

static void wipe(struct bytes *bytes)
{
	if (bytes->size > 0)
		explicit_bzero(bytes->data, bytes->size);
	bytes_clear(bytes);
}

static int parse_state(const char *text, struct audit_seal *ret)
{
	char key[DIGEST_TEXT_SIZE], check[DIGEST_TEXT_SIZE];
	CLEANUP(audit_seal_clear) struct audit_seal seal = { 0 };
	CLEANUP(wipe) struct bytes bytes = { 0 };
	int r;

	digest_of(text, CHECKED_SIZE, check);
	if (memcmp(text + CHECKED_SIZE, check, HEX_SIZE) != 0 || text[STATE_SIZE - 1] != '\n')
		return -EBADMSG;
	r = sscanf(text, STATE_HEAD "%20" SCNu64 " %20" SCNu64 " %64s %16s ", &seal.since,
		   &seal.next, key, seal.id);
	if (r == 4)
		r = hex_decode(key, sizeof(seal.key), &bytes);
	else
		r = -EBADMSG;
	explicit_bzero(key, sizeof(key));
	if (r == -ENOMEM)
		return r;
	if (r < 0 || bytes.size != sizeof(seal.key))
		return -EBADMSG;
	memcpy(seal.key, bytes.data, sizeof(seal.key));
	*ret = seal;
	return 0;
}

int audit_seal_load(const char *file, struct audit_seal *ret)
{
	CLEANUP(wipe) struct bytes content = { 0 };
	int r;

	r = file_read(file, STATE_SIZE, &content);
	if (r == -EFBIG)
		return -EBADMSG;
	if (r < 0)
		return r;
	if (content.size != STATE_SIZE)
		return -EBADMSG;
	return parse_state((const char *)content.data, ret);
}

/* The directory that a file is in; a descriptor or -errno. @ret_name points into @file. */
static int open_parent(const char *file, const char **ret_name)
{
	const char *slash = strrchr(file, '/');
	CLEANUP(freep) char *parent = NULL;
	int fd;

	parent = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	if (!parent)
		return -ENOMEM;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_name = slash ? slash + 1 : file;
	return fd;
}

int audit_seal_create(const char *file, const struct audit_seal *seal)
{
	CLEANUP(closep) int directory_fd = -EBADF;
	char state[STATE_SIZE + 1];
	const char *name = NULL;
	int r;

	directory_fd = open_parent(file, &name);
	if (directory_fd < 0)
		return directory_fd;
	format_state(seal, state);
	r = file_replace(directory_fd, name, state, STATE_SIZE);
	explicit_bzero(state, sizeof(state));
	return r;
}

int audit_seal_store(int fd, const struct audit_seal *seal)
{
	char state[STATE_SIZE + 1];
	ssize_t n;

	format_state(seal, state);
	n = pwrite(fd, state, STATE_SIZE, 0);
	explicit_bzero(state, sizeof(state));
	if (n < 0)
		return -errno;
	return n == (ssize_t)STATE_SIZE ? 0 : -EIO;
}
