/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The journal as a place that heads go to, by its native protocol, one datagram for each
 * (systemd.io/JOURNAL_NATIVE_PROTOCOL). Not by sd_journal_sendv(3): that waits without end for a
 * journald that is stuck, and cannot be called off when fwctld is to stop. Every field is sent in the
 * form with a length, so that no value can forge another field.
 */

#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "broker/herald.h"

#define MESSAGE_ID "9d1c8f0a6f5e4d3b8a2b7c1e0f4d6a91"

/* More than all parts of the longest one. */
#define MESSAGE_SIZE 512

struct journal {
	int fd; /* -EBADF: not connected */
};

/* What happened, as a sentence goes on after "COMMAND on DEVICE: ". An outcome says it itself. */
static const char *deed(const struct broker_notice *notice)
{
	static const char *const deeds[] = {
		[AUDIT_GENESIS] = "a segment begins",
		[AUDIT_INTENT] = "about to run",
		[AUDIT_DENY] = "refused",
		[AUDIT_ROTATE] = "a segment ends",
		[AUDIT_PRUNE] = "the oldest segment is removed",
		[AUDIT_TYPE_MAX] = "its end when fwctld started",
	};

	if (notice->gap)
		return "a segment begins after a failure of the one before";
	return deeds[notice->type] ? deeds[notice->type] : notice->outcome;
}

static bool is_warning(const struct broker_notice *notice)
{
	return notice->type == AUDIT_DENY || notice->type == AUDIT_RECOVER || notice->gap;
}

/* For people, and for those who get only the text: the head is at its end. */
static void describe(const struct broker_notice *notice, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s%s%s: %s%s%s; head %llu:%s",
		 notice->command[0] ? notice->command : "The audit log",
		 notice->command[0] ? " on " : "", notice->device,
		 notice->type == AUDIT_RECOVER ? ", cut off before its outcome was written" : "",
		 deed(notice), notice->uid[0] ? ", asked for by uid " : "", notice->uid,
		 (unsigned long long)notice->sequence, notice->hash);
}

static void put(FILE *to, const char *name, const void *value, size_t size)
{
	const uint64_t length = htole64(size);

	if (size == 0)
		return;
	fprintf(to, "%s\n", name);
	fwrite(&length, sizeof(length), 1, to);
	fwrite(value, size, 1, to);
	fputc('\n', to);
}

static void put_text(FILE *to, const char *name, const char *value)
{
	put(to, name, value, strlen(value));
}

static void put_number(FILE *to, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_text(to, name, text);
}

static void put_fields(FILE *to, const struct broker_notice *notice)
{
	char message[MESSAGE_SIZE];

	describe(notice, message, sizeof(message));
	put_text(to, "MESSAGE", message);
	put_text(to, "MESSAGE_ID", MESSAGE_ID);
	put_number(to, "PRIORITY", is_warning(notice) ? LOG_WARNING : LOG_NOTICE);
	put_text(to, "SYSLOG_IDENTIFIER", "fwctld");
	put_number(to, "FWCTL_SEQ", notice->sequence);
	put_text(to, "FWCTL_HASH", notice->hash);
	if (notice->type != AUDIT_TYPE_MAX)
		put_text(to, "FWCTL_TYPE", audit_type_to_string(notice->type));
	put_text(to, "FWCTL_DEVICE", notice->device);
	put_text(to, "FWCTL_SERIAL", notice->serial);
	put_text(to, "FWCTL_COMMAND", notice->command);
	put_text(to, "FWCTL_FEATURE", notice->feature);
	put_text(to, "FWCTL_EFFECT", notice->effect);
	put_text(to, "FWCTL_OUTCOME", notice->outcome);
	put_text(to, "FWCTL_UID", notice->uid);
	put_text(to, "FWCTL_REQUEST", notice->request);
}

int herald_journal_datagram(const struct broker_notice *notice, struct bytes *ret)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to;
	bool failed;

	to = open_memstream(&text, &size);
	if (!to)
		return -ENOMEM;
	put_fields(to, notice);
	failed = ferror(to);
	if (fclose(to) != 0 || failed) {
		free(text);
		return -ENOMEM;
	}
	*ret = (struct bytes){ .data = (uint8_t *)text, .size = size };
	return 0;
}

static void journal_disconnect(struct journal *journal)
{
	closep(&journal->fd);
	journal->fd = -EBADF;
}

/* Returns 1, 0 where no journal listens, or -errno. */
static int journal_connect(struct journal *journal)
{
	const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};

	int r;

	if (journal->fd >= 0)
		return 1;
	journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (journal->fd < 0)
		return -errno;
	if (connect(journal->fd, (const struct sockaddr *)&address, sizeof(address)) >= 0)
		return 1;
	r = -errno;
	journal_disconnect(journal);
	return r == -ENOENT || r == -ECONNREFUSED ? 0 : r;
}

/* Returns 0, or -ECANCELED when nothing is to be waited for any more. */
static int wait_for_room(const struct journal *journal, int hurry_fd)
{
	struct pollfd fds[] = { { .fd = journal->fd, .events = POLLOUT },
				{ .fd = hurry_fd, .events = POLLIN } };

	if (poll(fds, ARRAY_LENGTH(fds), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[1].revents ? -ECANCELED : 0;
}

/* Returns 0 when it was sent or nobody listens, -EAGAIN when the journal takes no more now, or
 * -errno. */
static int journal_send(struct journal *journal, const struct bytes *datagram)
{
	int r;

	r = journal_connect(journal);
	if (r <= 0)
		return r;
	if (send(journal->fd, datagram->data, datagram->size, MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN)
		return -EAGAIN;
	r = -errno;
	journal_disconnect(journal);
	return r;
}

static int journal_tell(void *handle, const struct broker_notice *notice, int hurry_fd)
{
	struct journal *journal = handle;
	CLEANUP(bytes_clear) struct bytes datagram = { 0 };
	int r;

	r = herald_journal_datagram(notice, &datagram);
	if (r < 0)
		return r;
	/* One that was started anew has another socket, which refuses nothing of ours. */
	r = journal_send(journal, &datagram);
	if (r == -ECONNREFUSED)
		r = journal_send(journal, &datagram);
	while (r == -EAGAIN) {
		r = wait_for_room(journal, hurry_fd);
		if (r < 0)
			return r;
		r = journal_send(journal, &datagram);
	}
	return r;
}

static int journal_open(void **ret_handle)
{
	struct journal *journal = malloc(sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	/* It may come later than we do: each announcement looks for it. */
	journal->fd = -EBADF;
	*ret_handle = journal;
	return 0;
}

static void journal_close(void *handle)
{
	journal_disconnect(handle);
	free(handle);
}

const struct herald_place herald_journal = {
	.thread = "herald-journal",
	.words = "the journal",
	.open = journal_open,
	.tell = journal_tell,
	.close = journal_close,
};
