/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Logs that are written, rotated, given up, compressed and pruned while they are verified: nothing
 * that is half done may be taken for a problem.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "audit-compress.h"

#define ROUNDS 300
#define KEPT 4
#define PAUSE_US 100

/* Verifies again and again; the log has to be whole each time. */
static void verify_often(const struct place *place, uint64_t *ret_pruned, uint64_t *ret_gaps)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		CLEANUP(audit_verifier_freep) struct audit_verifier *verifier = verifier_new();
		const struct audit_verdict *verdict = audit_verifier_verdict(verifier);

		ck_assert_msg(audit_verifier_directory(verifier, place->directory) == 0,
			      "round %u: %s", i, verdict->problem);
		*ret_pruned += verdict->first_sequence > 1;
		*ret_gaps += verdict->gaps > 0;
	}
}

/* A writer that flushes nothing and is quick, so that what it does meets the verifier at all places:
 * by docs/audit.md, and with the real writer's order of what becomes visible. */
struct writer {
	const struct place *place;
	atomic_bool stop;
	struct forge forge;
	struct verify_end ends[KEPT + 1]; /* of segments, by their number modulo KEPT + 1 */
	int fd;
};

/* Appends what was forged, each line in two parts. */
static void flush(struct writer *writer)
{
	for (size_t i = 0; i < writer->forge.n; i++) {
		const struct forged_line *line = &writer->forge.lines[i];
		const size_t half = line->size / 2;

		ck_assert_int_eq(write_all(writer->fd, line->text, half), 0);
		usleep(PAUSE_US);
		ck_assert_int_eq(write_all(writer->fd, line->text + half, line->size + 1 - half),
				 0);
	}
	forge_clear(&writer->forge);
}

/* The next segment gets its name when its genesis is there. */
static void begin(struct writer *writer, struct audit_genesis genesis)
{
	struct forge *forge = &writer->forge;
	char name[VERIFY_NAME_SIZE], path[128];

	forge_begin_as(forge, genesis);
	writer->ends[forge->segment % (KEPT + 1)] =
		(struct verify_end){ .segment = forge->segment, .first = forge->sequence };
	snprintf(path, sizeof(path), "%s/.next", writer->place->directory);
	closep(&writer->fd);
	writer->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600);
	ck_assert_int_ge(writer->fd, 0);
	flush(writer);
	verify_file_name(forge->segment, name);
	ck_assert_int_eq(rename(path, place_path(writer->place, name)), 0);
}

static void end(struct writer *writer)
{
	struct verify_end *end = &writer->ends[writer->forge.segment % (KEPT + 1)];

	end->last.sequence = writer->forge.sequence;
	memcpy(end->last.hash, writer->forge.hash, VERIFY_HEX_SIZE);
}

/* Records that are in the file whole, the last one in part, and do not count: the flush failed. */
static struct audit_genesis give_up(struct writer *writer)
{
	const struct audit_genesis genesis = { .gap_error = EIO,
					       .gap_segment = writer->forge.segment,
					       .gap_sequence = writer->forge.sequence,
					       .gap_size = writer->forge.segment_bytes };
	CLEANUP(forge_clear) struct forge lost = forge_new();

	memcpy(lost.hash, writer->forge.hash, sizeof(lost.hash));
	lost.sequence = writer->forge.sequence;
	lost.segment = writer->forge.segment;
	forge_denials(&lost, 2);
	ck_assert_int_eq(write_all(writer->fd, lost.lines[0].text, lost.lines[0].size + 1), 0);
	ck_assert_int_eq(write_all(writer->fd, lost.lines[1].text, lost.lines[1].size / 2), 0);
	usleep(PAUSE_US);
	return genesis;
}

static void compress(struct writer *writer, uint32_t segment)
{
	CLEANUP(bytes_clear) struct bytes text = { 0 };
	CLEANUP(bytes_clear) struct bytes frames = { 0 };
	char name[VERIFY_NAME_SIZE], path[128];

	verify_file_name(segment, name);
	text = place_read(writer->place, name);
	frames = compress_text(&text);
	place_write(writer->place, ".archive", frames.data, frames.size);
	snprintf(path, sizeof(path), "%s/.archive", writer->place->directory);
	ck_assert_int_eq(rename(path, place_path(writer->place, compressed_name(segment))), 0);
	usleep(PAUSE_US);
	remove_plain(writer->place, segment);
}

static void prune(struct writer *writer, uint32_t segment)
{
	const struct verify_end *end = &writer->ends[segment % (KEPT + 1)];
	char hash[DIGEST_TEXT_SIZE] = "";
	const struct audit_pruned pruned = { segment, end->first, end->last.sequence, hash };

	ck_assert_uint_eq(end->segment, segment);
	memcpy(hash, end->last.hash, VERIFY_HEX_SIZE);
	forge_add(&writer->forge,
		  &(struct audit_record){ .type = AUDIT_PRUNE, .pruned = &pruned });
	flush(writer);
	usleep(PAUSE_US);
	ck_assert_int_eq(unlink(place_path(writer->place, compressed_name(segment))), 0);
}

/* One segment more: it is begun, used, and the ones before it are looked after. */
static void write_segment(struct writer *writer, struct audit_genesis genesis)
{
	const uint32_t segment = writer->forge.segment + 1;

	begin(writer, genesis);
	forge_denials(&writer->forge, 3);
	flush(writer);
	if (segment > KEPT)
		prune(writer, segment - KEPT);
	if (segment > 1)
		compress(writer, segment - 1);
}

static void *keep_writing(void *userdata)
{
	struct writer *writer = userdata;
	struct audit_genesis genesis = { 0 };

	while (!atomic_load(&writer->stop)) {
		write_segment(writer, genesis);
		if (writer->forge.segment % 2 == 0) {
			end(writer);
			genesis = give_up(writer);
			continue;
		}
		forge_rotate(&writer->forge);
		flush(writer);
		end(writer);
		genesis = (struct audit_genesis){ 0 };
		usleep(PAUSE_US);
	}
	return NULL;
}

START_TEST(test_quick_writer)
{
	CLEANUP(place_clear) struct place place = place_new();
	struct writer writer = { .place = &place, .forge = forge_new(), .fd = -EBADF };
	uint64_t pruned = 0, gaps = 0;
	pthread_t thread;

	write_segment(&writer, (struct audit_genesis){ 0 });
	forge_rotate(&writer.forge);
	flush(&writer);
	end(&writer);
	ck_assert_int_eq(pthread_create(&thread, NULL, keep_writing, &writer), 0);
	verify_often(&place, &pruned, &gaps);
	atomic_store(&writer.stop, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_gt(pruned, 0);
	ck_assert_uint_gt(gaps, 0);
	close(writer.fd);
	forge_clear(&writer.forge);
}
END_TEST

/* The log as fwctld writes it. */
struct live {
	struct audit_log *log;
	atomic_bool stop;
};

static void *keep_appending(void *userdata)
{
	const struct bytes value = { .data = (uint8_t[4096]){ 0 }, .size = 4096 };
	struct live *live = userdata;

	while (!atomic_load(&live->stop))
		append(live->log, &(struct audit_record){ .type = AUDIT_DENY, .data = &value });
	return NULL;
}

static void *keep_maintaining(void *userdata)
{
	struct live *live = userdata;

	while (!atomic_load(&live->stop)) {
		ck_assert_int_eq(audit_log_maintain(live->log), 0);
		usleep(PAUSE_US);
	}
	return NULL;
}

START_TEST(test_real_writer)
{
	CLEANUP(place_clear) struct place place = place_new();
	const struct audit_log_config config = {
		.directory = place.directory,
		.daemon_version = "test",
		.catalog_digest = "c0ffee",
		.limits = { .segment_bytes = 128 * 1024, .keep_bytes = 256 * 1024 },
	};
	uint64_t pruned = 0, gaps = 0;
	struct live live = { 0 };
	pthread_t threads[2];

	ck_assert_int_eq(audit_log_open(&config, &live.log), 0);
	ck_assert_int_eq(pthread_create(&threads[0], NULL, keep_appending, &live), 0);
	ck_assert_int_eq(pthread_create(&threads[1], NULL, keep_maintaining, &live), 0);
	verify_often(&place, &pruned, &gaps);
	atomic_store(&live.stop, true);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(gaps, 0);
	audit_log_close(live.log);
}
END_TEST

static void fill(Suite *suite)
{
	slow_case(suite, "quick writer", test_quick_writer);
	slow_case(suite, "real writer", test_real_writer);
}

int main(void)
{
	return unit_run("audit-verify-live", fill);
}
