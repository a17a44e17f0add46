/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a program and counts the system calls by which it changes files or devices, over all of its
 * threads; at the call of a given number the program is killed, or the call fails. A seccomp filter
 * stops at those calls only, so that everything else runs at full speed. --help has the options.
 *
 * Exit: that of the program, 128 + its signal when a signal ended it (137: it was killed at the
 * call), or 125 when this program failed.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "calls.h"
#include "options.h"
#include "util/macros.h"

#define OPTIONS                                                                                    \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK)

struct tracee {
	pid_t thread;
	bool in_call;
	struct call call;
};

static pid_t process;
static uint64_t count;
static char failed_path[CALL_PATH_SIZE]; /* of the call that failed, or was short */
static bool was_short; /* so that the next one there fails */
static struct tracee *tracees;
static size_t n_tracees;

/* The kernel kills the program when its tracer has gone. */
static void fail(const char *words)
{
	fprintf(stderr, "stop-at: %s: %s\n", words, strerror(errno));
	exit(FAILED);
}

static struct tracee *tracee_of(pid_t thread)
{
	struct tracee *grown;

	for (size_t i = 0; i < n_tracees; i++)
		if (tracees[i].thread == thread)
			return &tracees[i];
	grown = reallocarray(tracees, n_tracees + 1, sizeof(*grown));
	if (!grown)
		fail("no memory");
	tracees = grown;
	tracees[n_tracees] = (struct tracee){ .thread = thread };
	return &tracees[n_tracees++];
}

static void forget(pid_t thread)
{
	struct tracee *tracee = tracee_of(thread);

	*tracee = tracees[--n_tracees];
}

/* A thread may be gone already, because the process was killed. */
static void resume(int request, pid_t thread, int signal)
{
	if (ptrace(request, thread, NULL, (long)signal) < 0 && errno != ESRCH)
		fail("cannot resume");
}

static void list(const struct tracee *tracee, const char *result)
{
	if (options.list)
		call_print(&tracee->call, tracee->thread, result, options.data, options.list);
}

static void kill_all(const struct tracee *tracee)
{
	list(tracee, "\"killed\"");
	kill(process, SIGKILL);
}

/* The call is skipped, and returns the error. */
static void refuse(struct tracee *tracee)
{
	const pid_t thread = tracee->thread;
	char result[32];

	if (ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, orig_rax), -1L) < 0 ||
	    ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, rax),
		   (long)-options.error) < 0)
		fail("cannot make the call fail");
	memcpy(failed_path, tracee->call.path, sizeof(failed_path));
	was_short = false;
	snprintf(result, sizeof(result), "%d", -options.error);
	list(tracee, result);
	resume(PTRACE_CONT, thread, 0);
}

static bool is_within(const char *path)
{
	const size_t length = strlen(options.within);

	return strncmp(path, options.within, length) == 0 &&
	       (path[length] == '/' || !path[length]);
}

static bool is_counted(const struct call *call)
{
	if (options.call && strcmp(options.call, call->type->name) != 0)
		return false;
	if (options.on && strcmp(options.on, call->path) != 0)
		return false;
	return !options.within || is_within(call->path) || is_within(call->to);
}

static bool is_to_fail(const struct call *call)
{
	if (options.action != ACTION_FAIL)
		return false;
	if (call->count == options.number)
		return true;
	if (options.sticky_all)
		return call->count > options.number;
	return (options.sticky_file || was_short) && failed_path[0] &&
	       strcmp(call->path, failed_path) == 0;
}

/* A write is torn, and the process killed then; or short, and the next call there fails. */
static void shorten(struct tracee *tracee)
{
	struct call *call = &tracee->call;

	if (call_shorten(call, tracee->thread, options.size) < 0)
		fail("the call is no write");
	call->tears = options.action == ACTION_TEAR;
	if (call->tears)
		return;
	options.action = ACTION_FAIL;
	was_short = true;
	memcpy(failed_path, call->path, sizeof(failed_path));
}

static void on_call(struct tracee *tracee)
{
	const pid_t thread = tracee->thread;
	struct __ptrace_syscall_info info;
	struct call *call = &tracee->call;
	struct timespec now;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) < 0)
		return; /* killed meanwhile */
	clock_gettime(CLOCK_MONOTONIC, &now);
	*call = (struct call){
		.type = call_type_of(info.seccomp.nr),
		.entered = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
	};
	memcpy(call->arguments, info.seccomp.args, sizeof(call->arguments));
	call_describe(call, thread);
	if (is_counted(call))
		call->count = ++count;
	if (is_to_fail(call)) {
		refuse(tracee);
		return;
	}
	if (call->count == options.number && options.action == ACTION_KILL) {
		kill_all(tracee);
		return;
	}
	if (call->count == options.number && options.action != ACTION_COUNT)
		shorten(tracee);
	tracee->in_call = options.list || call->tears;
	resume(tracee->in_call ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0);
}

static void on_return(struct tracee *tracee)
{
	struct __ptrace_syscall_info info;
	char result[32];

	tracee->in_call = false;
	if (tracee->call.tears) {
		kill_all(tracee);
		return;
	}
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->thread, sizeof(info), &info) < 0)
		return;
	snprintf(result, sizeof(result), "%" PRId64, (int64_t)info.exit.rval);
	list(tracee, result);
	resume(PTRACE_CONT, tracee->thread, 0);
}

static void on_stop(pid_t thread, int status)
{
	const int signal = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_SECCOMP)
		on_call(tracee_of(thread));
	else if (signal == (SIGTRAP | 0x80) && tracee_of(thread)->in_call)
		on_return(tracee_of(thread));
	else if (event != 0 || signal == (SIGTRAP | 0x80))
		resume(PTRACE_CONT, thread, 0);
	else
		resume(PTRACE_CONT, thread, signal);
}

/* Until the process has ended, with all its threads. Returns its status as a shell has it. */
static int follow(void)
{
	int status;
	pid_t thread;

	for (;;) {
		thread = waitpid(-1, &status, __WALL);
		if (thread < 0 && errno != EINTR)
			fail("cannot wait");
		if (thread < 0)
			continue;
		if (WIFSTOPPED(status)) {
			on_stop(thread, status);
			continue;
		}
		if (thread == process)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		forget(thread);
	}
}

/* The child: waits until it is traced, then becomes the program. */
static void become(int go, char *command[])
{
	char byte;
	int r;

	if (read(go, &byte, 1) != 1)
		_exit(FAILED);
	r = calls_install_filter();
	if (r < 0) {
		fprintf(stderr, "stop-at: cannot filter system calls: %s\n", strerror(-r));
		_exit(FAILED);
	}
	execvp(command[0], command);
	fprintf(stderr, "stop-at: %s: %s\n", command[0], strerror(errno));
	_exit(FAILED);
}

static void start(char *command[])
{
	int go[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		fail("cannot make a pipe");
	process = fork();
	if (process < 0)
		fail("cannot fork");
	if (process == 0)
		become(go[0], command);
	if (ptrace(PTRACE_SEIZE, process, NULL, OPTIONS) < 0)
		fail("cannot trace");
	if (write(go[1], "", 1) != 1)
		fail("cannot start the program");
	close(go[0]);
	close(go[1]);
}

/* At once: a wait for the next stop may be about to begin. */
static void on_signal(int number)
{
	kill(process, number);
}

int main(int argc, char *argv[])
{
	const struct sigaction pass_on = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	options_parse(argc, argv);
	start(argv + optind);
	sigaction(SIGTERM, &pass_on, NULL);
	sigaction(SIGINT, &pass_on, NULL);
	return follow();
}
