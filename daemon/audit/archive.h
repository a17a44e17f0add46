/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A closed segment, compressed: read at any place as the file that it was. Private to audit/. Calls
 * libzstd; may call util.
 *
 * The file is a row of zstd frames, of 64 KiB of text each, so that "zstdcat" reads it, and
 * behind them one skippable frame with where each begins. Nothing in it is trusted: what a frame
 * holds is proved by the chain, and a wrong index by the frames.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/macros.h"

/* Writes the first @size bytes of @from_fd as an archive to the empty file @to_fd; does not flush.
 * Returns 0 or -errno. */
int audit_archive_write(int from_fd, uint64_t size, int to_fd);

struct audit_archive;

/* Reads the index. @fd is borrowed and must stay open. Returns 0, -EBADMSG for a damaged file, or
 * -errno. */
int audit_archive_open(int fd, struct audit_archive **ret);
void audit_archive_free(struct audit_archive *archive);
DEFINE_CLEANUP(struct audit_archive *, audit_archive_free);

/* The size of the text. */
uint64_t audit_archive_size(const struct audit_archive *archive);

/* Reads @size bytes of the text from @offset on. Keeps one frame in memory. Returns 0, -EBADMSG when
 * the text ends before that or a frame is damaged, or -errno. */
int audit_archive_read(struct audit_archive *archive, void *to, size_t size, uint64_t offset);
