/*
 * launcher enter HOLDER FILE UIDS GIDS UIDMAP GIDMAP BOND PROGRAM ARGS…
 *
 * Executes a program as root of a user and a mount namespace of its own, in the machine's network. HOLDER is the process
 * that keeps those namespaces (0: they are made, with the id maps UIDS and GIDS, written by the programs UIDMAP and
 * GIDMAP, or by ourselves where those are "-"; the new holder's pid is written to FILE). The holder also keeps a network
 * namespace, and its child carries connections out of that one. The program finds two sockets bound to port 53 in there,
 * datagrams as descriptor 3 and connections as 4. BOND "bound": the program dies with who started it.
 *
 * launcher within NETNS PROGRAM ARGS…
 *
 * Executes a program in another network namespace.
 */
#include "rootless.h"
#include "launcher.h"
#include "net_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define NAME_SERVICE_PORT 53
#define FIRST_PASSED 3
#define HOLDER_NAME "devenv-holder"
#define MAP_WORDS 64

static int complain(const char *what)
{
	dprintf(2, "launcher: %s: %s\n", what, strerror(errno));
	return -1;
}

static int await_child(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ---- id maps ---- */

/* "0 1000 1 1 100000 65536": newuidmap(1) takes each word as an argument. */
static int run_mapper(const char *program, pid_t pid, const char *words)
{
	char number[16], copy[1024], *args[MAP_WORDS + 3], *rest = NULL;
	int count = 0;
	snprintf(number, sizeof number, "%d", (int)pid);
	snprintf(copy, sizeof copy, "%s", words);
	args[count++] = (char *)program;
	args[count++] = number;
	for (char *word = strtok_r(copy, " ", &rest); word && count < MAP_WORDS + 2; word = strtok_r(NULL, " ", &rest))
		args[count++] = word;
	args[count] = NULL;
	pid_t child = fork();
	if (child == 0) {
		execve(program, args, (char *[]){ NULL });
		complain(program);
		_exit(127);
	}
	return child < 0 ? -1 : await_child(child);
}

/* In a child that is still outside; it is told by the pipe's end when the namespace is there. */
static int map_from_outside(const struct entry *e, pid_t pid, int told)
{
	char byte;
	if (read(told, &byte, 1) != 1)
		return -1;
	return run_mapper(e->uid_mapper, pid, e->uids) < 0 || run_mapper(e->gid_mapper, pid, e->gids) < 0 ? -1 : 0;
}

static int map_by_ourselves(const struct entry *e)
{
	if (write_file(AT_FDCWD, "/proc/self/setgroups", "deny", 4) < 0)
		return complain("/proc/self/setgroups");
	if (write_file(AT_FDCWD, "/proc/self/uid_map", e->uids, strlen(e->uids)) < 0)
		return complain("/proc/self/uid_map");
	return write_file(AT_FDCWD, "/proc/self/gid_map", e->gids, strlen(e->gids)) < 0 ? complain("/proc/self/gid_map") : 0;
}

static int leave_user(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? complain("user namespace") : 0;
}

static int make_user(const struct entry *e)
{
	int pipes[2];
	pid_t self = getpid();
	if (*e->uid_mapper == '-')
		return leave_user() < 0 ? -1 : map_by_ourselves(e);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return complain("pipe");
	pid_t child = fork();
	if (child == 0) {
		close(pipes[1]);
		_exit(map_from_outside(e, self, pipes[0]) < 0);
	}
	close(pipes[0]);
	int result = child < 0 ? complain("fork") : leave_user();
	if (result == 0 && write(pipes[1], "", 1) != 1)
		result = complain("pipe");
	close(pipes[1]);
	if (child > 0 && await_child(child) < 0 && result == 0) {
		dprintf(2, "launcher: the ids could not be mapped\n");
		result = -1;
	}
	return result;
}

static int become_root(bool groups)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return complain("root of the namespace");
	return groups && setgroups(0, NULL) < 0 ? complain("groups") : 0;
}

/* ---- sockets of another network namespace ---- */

/* Both families where there are both. */
static int listen_in(int type, uint16_t port)
{
	struct sockaddr_in6 both = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool six = fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 0 }, sizeof(int)) == 0;
	if (!six) {
		close(fd);
		fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(fd, six ? (struct sockaddr *)&both : (struct sockaddr *)&four, six ? sizeof both : sizeof four) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, SOMAXCONN) == 0))
		return fd;
	close(fd);
	return -1;
}

static int send_pair(int to, const int fds[2])
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(2 * sizeof(int))]; } control;
	struct iovec part = { .iov_base = "s", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	memset(&control, 0, sizeof control);
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(head), fds, 2 * sizeof(int));
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int receive_pair(int from, int fds[2])
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(2 * sizeof(int))]; } control;
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return -1;
	memcpy(fds, CMSG_DATA(head), 2 * sizeof(int));
	return 0;
}

/* Leaves the two sockets as descriptors 3 and 4; without them the program finds none. */
static void bind_name_service(pid_t holder)
{
	char path[48];
	int pair[2], fds[2];
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)holder);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	pid_t child = fork();
	if (child == 0) {
		int netns = open(path, O_RDONLY | O_CLOEXEC);
		if (netns < 0 || setns(netns, CLONE_NEWNET) < 0)
			_exit(1);
		fds[0] = listen_in(SOCK_DGRAM, NAME_SERVICE_PORT);
		fds[1] = listen_in(SOCK_STREAM, NAME_SERVICE_PORT);
		_exit(fds[0] < 0 || fds[1] < 0 || send_pair(pair[1], fds) < 0);
	}
	close(pair[1]);
	bool got = child > 0 && receive_pair(pair[0], fds) == 0;
	close(pair[0]);
	if (child > 0)
		await_child(child);
	/* Out of the way of 3 and 4 first. */
	for (int i = 0; got && i < 2; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
	close_range(FIRST_PASSED, FIRST_PASSED + 1, 0);
	for (int i = 0; got && i < 2; i++)
		dup2(fds[i], FIRST_PASSED + i);
}

/* ---- the holder ---- */

static void no_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
}

static int raise_loopback(void)
{
	struct ifreq request = { .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(request.ifr_name, "lo");
	int result = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return result;
}

/* Stays in the machine's network; its listening sockets are the other one's. */
static void carry(int from)
{
	int fds[2];
	prctl(PR_SET_NAME, "devenv-outbound");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (receive_pair(from, fds) < 0)
		_exit(1);
	close(from);
	proxy_outbound(fds[0], fds[1]);
	_exit(1);
}

static void hold(int ready)
{
	int pair[2], fds[2];
	setsid();
	prctl(PR_SET_NAME, HOLDER_NAME);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		_exit(complain("socketpair") < 0);
	pid_t carrier = fork();
	if (carrier == 0) {
		close(pair[1]);
		close(ready);
		no_streams();
		carry(pair[0]);
	}
	close(pair[0]);
	if (carrier < 0 || unshare(CLONE_NEWNET) < 0 || raise_loopback() < 0)
		_exit(complain("network namespace") < 0);
	fds[0] = listen_in(SOCK_STREAM, OUTBOUND_PORT);
	fds[1] = listen_in(SOCK_STREAM, MACHINE_PORT);
	if (fds[0] < 0 || fds[1] < 0 || send_pair(pair[1], fds) < 0)
		_exit(complain("outbound sockets") < 0);
	if (write(ready, "", 1) != 1)
		_exit(1);
	no_streams();
	close_range(FIRST_PASSED, ~0u, 0);
	if (chdir("/") < 0)
		_exit(1);
	for (;;)
		pause();
}

/* Its pid, which the open FILE has too. */
static pid_t start_holder(int file)
{
	int pipes[2];
	char byte, number[16];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return complain("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		hold(pipes[1]);
	}
	close(pipes[1]);
	bool ready = pid > 0 && read(pipes[0], &byte, 1) == 1;
	close(pipes[0]);
	if (!ready)
		return -1;
	int length = snprintf(number, sizeof number, "%d\n", (int)pid);
	if (ftruncate(file, 0) < 0 || pwrite(file, number, (size_t)length, 0) != length) {
		complain("pid of the holder");
		kill(pid, SIGKILL);
		return -1;
	}
	return pid;
}

/* ---- entering ---- */

static int open_namespace(pid_t pid, const char *name)
{
	char path[48];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The holder; 0 when it is gone, or just going. */
static pid_t join(const struct entry *e, pid_t holder)
{
	int user = open_namespace(holder, "user"), mounts = open_namespace(holder, "mnt");
	if (user < 0 || mounts < 0) {
		close(user);
		close(mounts);
		return 0;
	}
	if (setns(user, CLONE_NEWUSER) < 0 || setns(mounts, CLONE_NEWNS) < 0)
		return complain("namespaces of the holder");
	close(user);
	close(mounts);
	return become_root(*e->uid_mapper != '-') < 0 ? -1 : holder;
}

/* The holder that another engine of the same folder made a moment ago; 0 when there is none. */
static pid_t read_holder(int file)
{
	char text[32] = "", name[32] = "", path[48];
	if (pread(file, text, sizeof text - 1, 0) <= 0)
		return 0;
	pid_t pid = (pid_t)atoi(text);
	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, name, sizeof name - 1);
	if (fd >= 0)
		close(fd);
	return length > 0 && !strcmp(name, HOLDER_NAME "\n") ? pid : 0;
}

/* Two engines that start at once would make two, of which the second is nobody's: one waits for the other. */
static pid_t join_or_make(const struct entry *e)
{
	pid_t holder = e->holder ? join(e, e->holder) : 0;
	if (holder)
		return holder;
	int file = open(e->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0 || flock(file, LOCK_EX) < 0)
		return complain(e->file);
	holder = read_holder(file);
	holder = holder ? join(e, holder) : 0;
	if (!holder)
		holder = make_user(e) < 0 || become_root(*e->uid_mapper != '-') < 0 ? -1 : start_holder(file);
	close(file);
	return holder;
}

int enter_main(int count, char **args, char **env)
{
	if (count < 10) {
		dprintf(2, "usage: launcher enter HOLDER FILE UIDS GIDS UIDMAP GIDMAP BOND PROGRAM ARGS...\n");
		return 2;
	}
	struct entry e = { .holder = (pid_t)atoi(args[2]), .file = args[3], .uids = args[4], .gids = args[5],
			   .uid_mapper = args[6], .gid_mapper = args[7] };
	pid_t parent = getppid();
	pid_t holder = join_or_make(&e);
	if (holder < 0)
		return 1;
	bind_name_service(holder);
	/* A change of identity takes the death signal away, so it comes last. */
	if (!strcmp(args[8], "bound")) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			return 1;
	}
	execve(args[9], args + 9, env);
	complain(args[9]);
	return 127;
}

int within_main(int count, char **args, char **env)
{
	int fd = count < 4 ? -1 : open(args[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
		complain(count < 4 ? "usage: launcher within NETNS PROGRAM ARGS..." : args[2]);
		return 126;
	}
	execve(args[3], args + 3, env);
	complain(args[3]);
	return 127;
}
