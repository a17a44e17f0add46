/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "calls.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <time.h>

#include "util/macros.h"

#define VECTOR_MOST 64
#define CREATES (O_CREAT | O_TRUNC)

static const struct call_type types[] = {
	{ SYS_write, "write", CALL_WRITE },
	{ SYS_pwrite64, "pwrite64", CALL_PWRITE },
	{ SYS_writev, "writev", CALL_WRITEV },
	{ SYS_pwritev, "pwritev", CALL_PWRITEV },
	{ SYS_pwritev2, "pwritev2", CALL_PWRITEV },
	{ SYS_fsync, "fsync", CALL_FD },
	{ SYS_fdatasync, "fdatasync", CALL_FD },
	{ SYS_syncfs, "syncfs", CALL_FD },
	{ SYS_sync, "sync", CALL_ALL },
	{ SYS_sync_file_range, "sync_file_range", CALL_FD },
	{ SYS_fallocate, "fallocate", CALL_FALLOCATE },
	{ SYS_ftruncate, "ftruncate", CALL_TRUNCATE },
	{ SYS_truncate, "truncate", CALL_PATH },
	{ SYS_ioctl, "ioctl", CALL_IOCTL },
	{ SYS_copy_file_range, "copy_file_range", CALL_COPY },
	{ SYS_sendfile, "sendfile", CALL_FD },
	{ SYS_openat, "openat", CALL_OPEN },
	{ SYS_mkdir, "mkdir", CALL_PATH },
	{ SYS_mkdirat, "mkdirat", CALL_AT },
	{ SYS_rmdir, "rmdir", CALL_PATH },
	{ SYS_unlink, "unlink", CALL_PATH },
	{ SYS_unlinkat, "unlinkat", CALL_AT },
	{ SYS_rename, "rename", CALL_TWO },
	{ SYS_renameat, "renameat", CALL_TWO_AT },
	{ SYS_renameat2, "renameat2", CALL_TWO_AT },
	{ SYS_link, "link", CALL_TWO },
	{ SYS_linkat, "linkat", CALL_TWO_AT },
};

/* What of struct seccomp_data a filter loads: 32 bits. */
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

/* Two calls count only with some arguments: the jump skips what lets the others through. */
struct condition {
	struct sock_filter load, jump;
};

static const struct condition opens = {
	.load = LOAD(args[2]),
	.jump = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CREATES, 1, 0),
};

/* libc asks of each file that it opens whether it is a terminal, which changes nothing. */
static const struct condition controls = {
	.load = LOAD(args[1]),
	.jump = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCGETS, 0, 1),
};

static const struct condition *condition_of(enum call_kind kind)
{
	return kind == CALL_OPEN ? &opens : kind == CALL_IOCTL ? &controls : NULL;
}

int calls_install_filter(void)
{
	struct sock_filter program[4 + 5 * ARRAY_LENGTH(types) + 1];
	struct sock_fprog filter = { .filter = program };
	unsigned short n = 0;

	program[n++] = (struct sock_filter)LOAD(arch);
	program[n++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program[n++] = (struct sock_filter)LOAD(nr);
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		const struct condition *when = condition_of(types[i].kind);

		program[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)types[i].number, 0, when ? 4 : 1);
		if (when) {
			program[n++] = when->load;
			program[n++] = when->jump;
			program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								    SECCOMP_RET_ALLOW);
		}
		program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		return -errno;
	return 0;
}

const struct call_type *call_type_of(uint64_t number)
{
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
		if ((uint64_t)types[i].number == number)
			return &types[i];
	return NULL;
}

int memory_read(pid_t thread, uint64_t address, void *to, size_t size)
{
	const struct iovec local = { .iov_base = to, .iov_len = size };
	const struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = size };
	ssize_t n = process_vm_readv(thread, &local, 1, &remote, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EFAULT;
}

static void read_link(pid_t thread, const char *what, int fd, char ret[CALL_PATH_SIZE])
{
	char link[64];
	ssize_t n;

	if (fd >= 0)
		snprintf(link, sizeof(link), "/proc/%d/%s/%d", thread, what, fd);
	else
		snprintf(link, sizeof(link), "/proc/%d/%s", thread, what);
	n = readlink(link, ret, CALL_PATH_SIZE - 1);
	ret[n < 0 ? 0 : n] = '\0';
}

/* The path that starts at @directory_fd, or where the process is. */
static void resolve(pid_t thread, int directory_fd, uint64_t address, char ret[CALL_PATH_SIZE])
{
	char text[CALL_PATH_SIZE] = "";
	size_t length = 0;

	while (length + 1 < sizeof(text) &&
	       memory_read(thread, address + length, &text[length], 1) == 0 && text[length])
		length++;
	text[length] = '\0';
	ret[0] = '\0';
	if (text[0] != '/' && directory_fd == AT_FDCWD)
		read_link(thread, "cwd", -1, ret);
	else if (text[0] != '/')
		read_link(thread, "fd", directory_fd, ret);
	if (text[0] != '/')
		strncat(ret, "/", CALL_PATH_SIZE - strlen(ret) - 1);
	strncat(ret, text, CALL_PATH_SIZE - strlen(ret) - 1);
}

/* Where a write without an offset of its own goes. */
static uint64_t position_of(pid_t thread, int fd)
{
	uint64_t position = 0;
	struct stat status;
	unsigned flags = 0;
	char path[64];
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", thread, fd);
	info = fopen(path, "re");
	if (!info)
		return 0;
	if (fscanf(info, "pos: %" SCNu64 " flags: %o", &position, &flags) != 2)
		flags = 0;
	fclose(info);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", thread, fd);
	if (flags & O_APPEND && stat(path, &status) == 0)
		position = (uint64_t)status.st_size;
	return position;
}

/* The parts of a vector; @ret has room for VECTOR_MOST. Returns their number. */
static size_t read_vector(const struct call *call, pid_t thread, struct iovec *ret)
{
	size_t n = call->arguments[2];

	if (n > VECTOR_MOST ||
	    memory_read(thread, call->arguments[1], ret, n * sizeof(*ret)) < 0)
		return 0;
	return n;
}

static uint64_t size_of_vector(const struct call *call, pid_t thread)
{
	struct iovec parts[VECTOR_MOST];
	const size_t n = read_vector(call, thread, parts);
	uint64_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += parts[i].iov_len;
	return size;
}

static void describe_paths(struct call *call, pid_t thread)
{
	const uint64_t *arguments = call->arguments;

	switch (call->type->kind) {
	case CALL_OPEN:
	case CALL_AT:
		resolve(thread, (int)arguments[0], arguments[1], call->path);
		return;
	case CALL_PATH:
		resolve(thread, AT_FDCWD, arguments[0], call->path);
		return;
	case CALL_TWO:
		resolve(thread, AT_FDCWD, arguments[0], call->path);
		resolve(thread, AT_FDCWD, arguments[1], call->to);
		return;
	case CALL_TWO_AT:
		resolve(thread, (int)arguments[0], arguments[1], call->path);
		resolve(thread, (int)arguments[2], arguments[3], call->to);
		return;
	case CALL_COPY:
		read_link(thread, "fd", (int)arguments[0], call->to);
		read_link(thread, "fd", (int)arguments[2], call->path);
		return;
	case CALL_ALL:
		return;
	default:
		read_link(thread, "fd", (int)arguments[0], call->path);
	}
}

void call_describe(struct call *call, pid_t thread)
{
	const uint64_t *arguments = call->arguments;

	describe_paths(call, thread);
	switch (call->type->kind) {
	case CALL_WRITE:
		call->at = position_of(thread, (int)arguments[0]);
		call->size = arguments[2];
		return;
	case CALL_PWRITE:
		call->at = arguments[3];
		call->size = arguments[2];
		return;
	case CALL_WRITEV:
		call->at = position_of(thread, (int)arguments[0]);
		call->size = size_of_vector(call, thread);
		return;
	case CALL_PWRITEV:
		call->at = arguments[3];
		call->size = size_of_vector(call, thread);
		return;
	case CALL_FALLOCATE:
		call->at = arguments[2];
		call->size = arguments[3];
		return;
	case CALL_TRUNCATE:
		call->size = arguments[1];
		return;
	default:
		return;
	}
}

/* Cuts the vector in the memory of the process, which ends with this call. */
static int shorten_vector(const struct call *call, pid_t thread, uint64_t size)
{
	struct iovec parts[VECTOR_MOST];
	const size_t n = read_vector(call, thread, parts);
	const struct iovec local = { .iov_base = parts, .iov_len = n * sizeof(*parts) };
	const struct iovec remote = { .iov_base = (void *)(uintptr_t)call->arguments[1],
				      .iov_len = local.iov_len };

	for (size_t i = 0; i < n; i++) {
		if (parts[i].iov_len > size)
			parts[i].iov_len = size;
		size -= parts[i].iov_len;
	}
	return process_vm_writev(thread, &local, 1, &remote, 1, 0) < 0 ? -errno : 0;
}

int call_shorten(struct call *call, pid_t thread, uint64_t size)
{
	switch (call->type->kind) {
	case CALL_WRITE:
	case CALL_PWRITE:
		if (size < call->size &&
		    ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, rdx), size) < 0)
			return -errno;
		return 0;
	case CALL_WRITEV:
	case CALL_PWRITEV:
		return shorten_vector(call, thread, size);
	default:
		return -EINVAL;
	}
}

static void print_text(const char *key, const char *text, FILE *to)
{
	fprintf(to, ",\"%s\":\"", key);
	for (; *text; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			fprintf(to, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, to);
	fputc('"', to);
}

static void print_bytes(pid_t thread, uint64_t address, uint64_t size, FILE *to)
{
	uint8_t buffer[4096];

	while (size > 0) {
		const size_t n = size < sizeof(buffer) ? size : sizeof(buffer);

		if (memory_read(thread, address, buffer, n) < 0)
			return;
		for (size_t i = 0; i < n; i++)
			fprintf(to, "%02x", buffer[i]);
		address += n;
		size -= n;
	}
}

static void print_data(const struct call *call, pid_t thread, FILE *to)
{
	struct iovec parts[VECTOR_MOST];
	size_t n = 0;

	fputs(",\"data\":\"", to);
	if (call->type->kind == CALL_WRITE || call->type->kind == CALL_PWRITE)
		print_bytes(thread, call->arguments[1], call->size, to);
	else
		n = read_vector(call, thread, parts);
	for (size_t i = 0; i < n; i++)
		print_bytes(thread, (uintptr_t)parts[i].iov_base, parts[i].iov_len, to);
	fputc('"', to);
}

void call_print(const struct call *call, pid_t thread, const char *result, bool data, FILE *to)
{
	const enum call_kind kind = call->type->kind;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(to, "{\"n\":%" PRIu64 ",\"thread\":%d,\"call\":\"%s\"", call->count, thread,
		call->type->name);
	print_text("path", call->path, to);
	if (call->to[0])
		print_text("to", call->to, to);
	fprintf(to, ",\"at\":%" PRIu64 ",\"size\":%" PRIu64, call->at, call->size);
	if (kind == CALL_IOCTL || kind == CALL_FALLOCATE)
		fprintf(to, ",\"argument\":%" PRIu64, call->arguments[1] & UINT32_MAX);
	if (kind == CALL_OPEN)
		fprintf(to, ",\"argument\":%" PRIu64, call->arguments[2] & UINT32_MAX);
	if (data && kind <= CALL_PWRITEV)
		print_data(call, thread, to);
	fprintf(to, ",\"entered\":%" PRIu64 ",\"left\":%" PRIu64 ",\"result\":%s}\n", call->entered,
		(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, result);
	fflush(to);
}
