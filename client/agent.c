/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>

#include "util/macros.h"

/*
 * Whether polkit knows a session of ours, found in the way that polkitd finds it. Without one no
 * other agent can be there, and polkitd (122, at least) never uses a fallback agent.
 */
static bool in_session(void)
{
	CLEANUP(freep) char *session = NULL;
	CLEANUP(freep) char *display = NULL;

	return sd_pid_get_session(0, &session) >= 0 || sd_uid_get_display(getuid(), &display) >= 0;
}

/* The child's part, which may call anything: fwctl has no threads. */
static void __attribute__((noreturn)) run_agent(int notify_fd, pid_t client, const char *address)
{
	char notify[16], process[16];

	snprintf(notify, sizeof(notify), "%d", notify_fd);
	snprintf(process, sizeof(process), "%d", client);
	/* It must not outlive the client, not even one that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != client || fcntl(notify_fd, F_SETFD, 0) < 0)
		_exit(1);
	/* stdout is for data. */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(1);
	if (address && setenv("DBUS_SYSTEM_BUS_ADDRESS", address, true) < 0)
		_exit(1);
	execlp("pkttyagent", "pkttyagent", "--notify-fd", notify, "--process", process,
	       in_session() ? "--fallback" : (char *)NULL, (char *)NULL);
	_exit(127);
}

/* Whether somebody can be asked: a process in the background may not touch its terminal. */
static bool on_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void agent_start(struct agent *agent, const char *address, uint64_t timeout_us)
{
	CLEANUP(closep) int ready = -EBADF;
	CLEANUP(closep) int notify = -EBADF;
	pid_t client = getpid(), pid;
	struct pollfd poll_fd;
	int fds[2];

	if (agent->tried)
		return;
	agent->tried = true;
	if (!on_terminal())
		return;
	if (tcgetattr(STDIN_FILENO, &agent->terminal) < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return;
	ready = fds[0];
	notify = fds[1];
	pid = fork();
	if (pid < 0)
		return;
	if (pid == 0)
		run_agent(notify, client, address);
	agent->pid = pid;
	close(take_fd(&notify));
	/* Its end of the pipe is closed when it is registered, and also when it ends. */
	poll_fd = (struct pollfd){ .fd = ready, .events = POLLIN };
	while (poll(&poll_fd, 1, (int)(timeout_us / 1000)) < 0 && errno == EINTR)
		;
}

void agent_stop(struct agent *agent)
{
	if (agent->pid == 0)
		return;
	kill(agent->pid, SIGTERM);
	/* One that was stopped from the keyboard ends only when it goes on. */
	kill(agent->pid, SIGCONT);
	while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (on_terminal())
		tcsetattr(STDIN_FILENO, TCSANOW, &agent->terminal);
	agent->pid = 0;
}
