/*
 * A container's root that is nobody outside: its process ends in a user namespace that it does not own, and the mounts that
 * it sees show the ids of the disk shifted into that namespace's range (idmapped mounts, mount_setattr(2)). Everything is set
 * up from outside first; the namespace comes last, so that the others belong to the machine's root.
 */
#include "ops.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A child that does nothing in a user namespace of its own, whose number in the machine's /proc comes by a pipe. */
static pid_t start_sleeper(char *number, size_t size)
{
	int pipes[2];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		ssize_t length = readlink("/proc/self", number, size - 1);
		if (length < 0 || unshare(CLONE_NEWUSER) < 0 || write(pipes[1], number, (size_t)length) != length)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	ssize_t length = pid < 0 ? -1 : read(pipes[0], number, size - 1);
	close(pipes[0]);
	number[length > 0 ? length : 0] = 0;
	if (pid > 0 && length <= 0) {
		waitpid(pid, NULL, 0);
		errno = EPERM;
		return -1;
	}
	return pid;
}

static int write_map(const char *number, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%s/%s", number, name);
	return write_file(AT_FDCWD, path, text, strlen(text));
}

/* uid map, gid map: makes the namespace, for the mounts that are mapped and for user.join. Needs the machine's /proc. */
int op_user_make(struct context *c, struct reader *r)
{
	const char *uids = read_str(r), *gids = read_str(r);
	char number[24], path[64];
	pid_t pid = start_sleeper(number, sizeof number);
	if (pid < 0)
		return fail(c, "user namespace");
	int fd = -1;
	if (write_map(number, "uid_map", uids) == 0 && write_map(number, "gid_map", gids) == 0) {
		snprintf(path, sizeof path, "/proc/%s/ns/user", number);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	int error = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = error;
	c->user = fd;
	return fd < 0 ? fail(c, uids) : 0;
}

/* Into the namespace that user.make made, with all capabilities in there and none outside. */
int op_user_join(struct context *c, struct reader *r)
{
	(void)r;
	return setns(c->user, CLONE_NEWUSER);
}

int map_owners(const struct context *c, int tree, bool recursive)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)c->user };
	return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}
