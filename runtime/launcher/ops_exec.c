/*
 * The last steps of the container's process: its terminal, the wait for go, the program.
 *
 * Between it and the monitor lies a SOCK_SEQPACKET pair. It sends SYNC_TERMINAL (with the terminal's descriptor),
 * SYNC_READY, and a struct failure when something went wrong; the end of the connection without one is a successful
 * exec. It gets SYNC_GROUPS, SYNC_HOST and SYNC_GO.
 */
#include "monitor.h"
#include "ops.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int sync_send(int sync, char message, int fd)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof fd)]; } control = { 0 };
	struct iovec part = { .iov_base = &message, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		struct cmsghdr *head = CMSG_FIRSTHDR(&m);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	return sendmsg(sync, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Waits for a message; earlier ones that nobody waited for are passed over. The monitor's end is ours. */
static void sync_wait(int sync, char wanted)
{
	char message = 0;
	while (message != wanted) {
		ssize_t n = read(sync, &message, 1);
		if (n == 0 || (n < 0 && errno != EINTR))
			_exit(1);
	}
}

/* In `host`, where the container's process is there to hear it; its death shows when it is waited for. */
int op_groups_ready(struct context *c, struct reader *r)
{
	char message = SYNC_GROUPS;
	(void)r;
	return send(c->monitor->container->sync, &message, 1, MSG_NOSIGNAL) < 0 && errno != EPIPE ? -1 : 0;
}

int op_wait_groups(struct context *c, struct reader *r)
{
	(void)r;
	sync_wait(c->sync, SYNC_GROUPS);
	return 0;
}

int op_wait_host(struct context *c, struct reader *r)
{
	(void)r;
	sync_wait(c->sync, SYNC_HOST);
	return 0;
}

/* Changing identity clears it, so it is asked for again after that; and the monitor may have died before. */
static void die_with_monitor(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

int op_ready(struct context *c, struct reader *r)
{
	(void)r;
	die_with_monitor();
	if (sync_send(c->sync, SYNC_READY, -1) < 0)
		return -1;
	sync_wait(c->sync, SYNC_GO);
	return 0;
}

static int bind_console(struct context *c, int terminal)
{
	int target = path_create(c->root, "/dev/console", PATH_FILE, 0620);
	int tree = target < 0 ? -1 : (int)syscall(SYS_open_tree, terminal, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int result = tree < 0 ? -1 : (int)syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	int error = errno;
	if (tree >= 0)
		close(tree);
	if (target >= 0)
		close(target);
	errno = error;
	return result;
}

/* rows, columns (0: unknown), console: a terminal of the container's own devpts becomes its streams, and /dev/console. */
int op_terminal(struct context *c, struct reader *r)
{
	struct winsize size = { .ws_row = (unsigned short)read_u32(r), .ws_col = (unsigned short)read_u32(r) };
	bool console = read_u32(r);
	int unlocked = 0;
	int master = path_open(c->root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail(c, "/dev/pts/ptmx");
	int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || (size.ws_row && ioctl(master, TIOCSWINSZ, &size) < 0))
		return fail(c, "/dev/pts/ptmx");
	if (console && bind_console(c, terminal) < 0)
		return fail(c, "/dev/console");
	if (ioctl(terminal, TIOCSCTTY, 0) < 0 || sync_send(c->sync, SYNC_TERMINAL, master) < 0)
		return fail(c, "/dev/pts/ptmx");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(terminal, fd) < 0)
			return -1;
	close(terminal);
	close(master);
	return 0;
}

/* Everything but the way back to the monitor (closed by the exec itself) and the launcher's own executable is really
   closed now: an image's program path could otherwise lead through /proc/self/fd. */
static void close_but(int sync)
{
	int keep[] = { sync, self_executable };
	if (keep[0] > keep[1]) {
		keep[0] = self_executable;
		keep[1] = sync;
	}
	unsigned from = 3;
	for (int i = 0; i < 2; i++) {
		if (keep[i] > (int)from)
			close_range(from, (unsigned)keep[i] - 1, 0);
		if (keep[i] >= (int)from)
			from = (unsigned)keep[i] + 1;
	}
	close_range(from, ~0u, 0);
}

/* Runs the program; returns only when that failed. As execvpe, but with the container's PATH: a file that may not be run
   is EACCES, none at all ENOENT. */
void exec_program(char **args, char **env)
{
	const char *name = args[0], *path = NULL;
	char candidate[4096];
	if (strchr(name, '/')) {
		execve(name, args, env);
		return;
	}
	for (char **e = env; *e; e++)
		if (!strncmp(*e, "PATH=", 5))
			path = *e + 5;
	int error = ENOENT;
	for (const char *at = path; at && *name; at = *at ? at + 1 : NULL) {
		size_t length = strcspn(at, ":");
		if (length + strlen(name) + 2 < sizeof candidate) {
			memcpy(candidate, at, length);
			if (length > 0)
				candidate[length++] = '/';
			strcpy(candidate + length, name);
			struct stat st;
			if (stat(candidate, &st) == 0 && S_ISREG(st.st_mode)) {
				execve(candidate, args, env);
				if (errno != EACCES && errno != ENOENT) 
					return;
				error = errno == EACCES ? EACCES : error;
			}
		}
		at += strcspn(at, ":");
	}
	errno = error;
}

/* args[], env[], init: run below the launcher's own init (init.c). */
int op_exec(struct context *c, struct reader *r)
{
	uint32_t count, settings;
	char **args = read_list(r, &count), **env = read_list(r, &settings);
	bool init = read_u32(r);
	if (!args || !env || count == 0) {
		errno = EBADMSG;
		return -1;
	}
	die_with_monitor();
	close_but(c->sync);
	c->root = -1;
	if (init) {
		char *wrapped[count + 3];
		wrapped[0] = "/sbin/docker-init";
		wrapped[1] = "--";
		memcpy(wrapped + 2, args, (count + 1) * sizeof *args);
		syscall(SYS_execveat, self_executable, "", wrapped, env, AT_EMPTY_PATH);
		return fail(c, wrapped[0]);
	}
	exec_program(args, env);
	return fail(c, args[0]);
}
