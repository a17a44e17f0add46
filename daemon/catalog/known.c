/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog/known.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "util/macros.h"

#define PIECE (16u * 1024)

/* Compiled anew when one of the files changes, for then config.h does. */
#define EMBED(name, file)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
		".global catalog_" #name "_begin, catalog_" #name "_end\n"                         \
		".hidden catalog_" #name "_begin, catalog_" #name "_end\n"                         \
		"catalog_" #name "_begin:\n"                                                       \
		".incbin \"" file "\"\n"                                                           \
		"catalog_" #name "_end:\n"                                                         \
		".popsection\n");                                                                  \
	extern const char catalog_##name##_begin[], catalog_##name##_end[]

EMBED(cxl, CATALOG_FILE_CXL);
EMBED(mlx5, CATALOG_FILE_MLX5);
EMBED(bnxt, CATALOG_FILE_BNXT);
EMBED(pds, CATALOG_FILE_PDS);

static const struct catalog_known known[] = {
	{ DEVICE_CXL, CATALOG_DIGEST_CXL, catalog_cxl_begin, catalog_cxl_end },
	{ DEVICE_MLX5, CATALOG_DIGEST_MLX5, catalog_mlx5_begin, catalog_mlx5_end },
	{ DEVICE_BNXT, CATALOG_DIGEST_BNXT, catalog_bnxt_begin, catalog_bnxt_end },
	{ DEVICE_PDS, CATALOG_DIGEST_PDS, catalog_pds_begin, catalog_pds_end },
};

/* As numbers, for to the compiler the two are of different objects. */
static size_t length_of(const struct catalog_known *file)
{
	return (size_t)((uintptr_t)file->end - (uintptr_t)file->begin);
}

static bool goes_on(const struct catalog_known *file, size_t at, const void *piece, size_t size)
{
	const size_t length = length_of(file);

	return at <= length && size <= length - at && memcmp(file->begin + at, piece, size) == 0;
}

/* Keeps of @same those that go on like this. Returns whether any does. */
static bool narrow(bool same[ARRAY_LENGTH(known)], size_t at, const void *piece, size_t size)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
		same[i] = same[i] && goes_on(&known[i], at, piece, size);
		any |= same[i];
	}
	return any;
}

const struct catalog_known *catalog_known_of_file(const char *path)
{
	bool same[ARRAY_LENGTH(known)];
	CLEANUP(closep) int fd = -EBADF;
	char piece[PIECE];
	size_t at = 0;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return NULL;
	memset(same, true, sizeof(same));
	while ((n = read(fd, piece, sizeof(piece))) > 0 && narrow(same, at, piece, (size_t)n))
		at += (size_t)n;
	for (size_t i = 0; n == 0 && i < ARRAY_LENGTH(known); i++)
		if (same[i] && at == length_of(&known[i]))
			return &known[i];
	return NULL;
}

bool catalog_known_is(enum device_type driver, const void *data, size_t size)
{
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (known[i].driver == driver)
			return size == length_of(&known[i]) &&
			       memcmp(known[i].begin, data, size) == 0;
	return false;
}
