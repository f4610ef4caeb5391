/*
 * launcher listen SOCKET
 *
 * Listens on a unix socket for the program that called it, and hands the descriptor over on the channel that Node.js
 * opens for a child (`NODE_CHANNEL_FD`; lines of JSON, see setupChannel in its lib/internal/child_process.js).
 *
 * The queue of a socket is cut to net.core.somaxconn of the network namespace that it was made in: in a new one that is
 * the kernel's default, 4096, whatever the machine's own is. Who connects by a path does not care which one it is.
 */
#include "launcher.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { QUEUE = 4096 };

static int listen_deep(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, QUEUE) < 0)
		return -1;
	return fd;
}

static int hand_over(int channel, int fd)
{
	static char line[] = "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":\"listening\"}\n";
	union {
		char space[CMSG_SPACE(sizeof fd)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec data = { .iov_base = line, .iov_len = sizeof line - 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	return sendmsg(channel, &message, MSG_NOSIGNAL) == (ssize_t)data.iov_len ? 0 : -1;
}

/* Ends with 1 where there is nothing better than a listener of the caller's own. */
int listen_main(const char *path)
{
	const char *number = getenv("NODE_CHANNEL_FD");
	int channel = number ? atoi(number) : -1;
	if (channel < 3 || fcntl(channel, F_SETFL, 0) < 0 || unshare(CLONE_NEWNET) < 0)
		return 1;
	int fd = listen_deep(path);
	if (fd < 0)
		return 1;
	if (hand_over(channel, fd) < 0) {
		unlink(path);
		return 1;
	}
	char acknowledged[64];
	return read(channel, acknowledged, sizeof acknowledged) > 0 ? 0 : 1;
}
