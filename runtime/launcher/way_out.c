/*
 * launcher lead HOLDER NETNS LOG PROGRAM ARGS…
 *
 * Keeps the program that carries packets out of the holder's network namespace (pasta, slirp4netns): one that ends is
 * started again, and all ends with the holder. The namespace is mounted on the file NETNS, since such programs give up
 * the right to look into other processes before they join it. What the program says is in LOG, which is also the lock:
 * where one leads out already, this one ends with 0.
 */
#include "rootless.h"
#include "launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAUSE_MS 500	/* before a program that ended is started again */

static int complain(const char *what)
{
	dprintf(2, "launcher: %s: %s\n", what, strerror(errno));
	return 1;
}

static int mount_namespace(const char *holder, const char *file)
{
	char path[48];
	snprintf(path, sizeof path, "/proc/%s/ns/net", holder);
	int fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return mount(path, file, NULL, MS_BIND, NULL);
}

/* A second descriptor of the same file has the same lock: it lives as long as anybody who got it. */
static int take_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	if (ftruncate(fd, 0) < 0)
		return -1;
	return fd;
}

static pid_t start_program(char **args, char **env, pid_t parent)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execve(args[0], args, env);
	_exit(complain(args[0]));
}

static bool ended(int pidfd, int wait_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	return poll(&p, 1, wait_ms) > 0;
}

/* Returns when the program or the holder has ended. */
static void await_either(int holder, pid_t program)
{
	struct pollfd both[2] = { { .fd = holder, .events = POLLIN }, { .events = POLLIN } };
	both[1].fd = (int)syscall(SYS_pidfd_open, program, 0);
	while (poll(both, both[1].fd < 0 ? 1 : 2, both[1].fd < 0 ? PAUSE_MS : -1) < 0)
		;
	if (both[1].fd >= 0)
		close(both[1].fd);
}

static int keep_running(int holder, char **args, char **env)
{
	pid_t self = getpid();
	while (!ended(holder, 0)) {
		pid_t program = start_program(args, env, self);
		if (program > 0) {
			await_either(holder, program);
			if (ended(holder, 0))
				kill(program, SIGKILL);
			while (waitpid(program, NULL, 0) < 0 && errno == EINTR)
				;
		}
		ended(holder, PAUSE_MS);
	}
	return 0;
}

int lead_main(int count, char **args, char **env)
{
	if (count < 6) {
		dprintf(2, "usage: launcher lead HOLDER NETNS LOG PROGRAM ARGS...\n");
		return 2;
	}
	int log = take_log(args[4]);
	if (log < 0)
		return errno == EWOULDBLOCK ? 0 : complain(args[4]);
	int holder = (int)syscall(SYS_pidfd_open, (pid_t)atoi(args[2]), 0);
	if (holder < 0 || mount_namespace(args[2], args[3]) < 0)
		return complain(holder < 0 ? args[2] : args[3]);
	setsid();
	prctl(PR_SET_NAME, "devenv-lead");
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || chdir("/") < 0)
		return complain("/dev/null");
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	return keep_running(holder, args + 5, env);
}
