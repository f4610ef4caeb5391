/*
 * What a process leaves behind in its network namespace: connections that nobody holds any more, but that the kernel
 * still sees to their end, up to minutes. Where they are, a program that does not ask for SO_REUSEADDR cannot listen on
 * its port. sock_diag(7), SOCK_DESTROY; the kernel may have been built without (EOPNOTSUPP).
 */
#include "ops.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FOUND_MAX 512	/* a round; there are as many rounds as it takes */

struct found {
	unsigned count;
	struct { uint8_t family; struct inet_diag_sockid id; } of[FOUND_MAX];
};

static int ask(int fd, uint16_t type, uint16_t flags, uint8_t family, const struct inet_diag_sockid *id)
{
	struct { struct nlmsghdr header; struct inet_diag_req_v2 request; } m = {
		.header = { .nlmsg_len = sizeof m, .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) },
		.request = { .sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u },
	};
	if (id)
		m.request.id = *id;
	return send(fd, &m, sizeof m, 0) < 0 ? -1 : 0;
}

/* The error of one message; 1 for one that is none. */
static int outcome(const struct nlmsghdr *h)
{
	if (h->nlmsg_type != NLMSG_ERROR)
		return 1;
	const struct nlmsgerr *e = NLMSG_DATA(h);
	errno = -e->error;
	return e->error ? -1 : 0;
}

/* Those without an owner, as many as fit. */
static int find(int fd, uint8_t family, struct found *f)
{
	union { struct nlmsghdr header; unsigned char bytes[32768]; } answer;
	if (ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family, NULL) < 0)
		return -1;
	for (;;) {
		ssize_t n = recv(fd, &answer, sizeof answer, 0);
		if (n < 0 && errno != EINTR)
			return -1;
		size_t left = n < 0 ? 0 : (size_t)n;
		for (struct nlmsghdr *h = &answer.header; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (outcome(h) < 0)
				return -1;
			const struct inet_diag_msg *s = NLMSG_DATA(h);
			if (s->idiag_inode == 0 && f->count < FOUND_MAX) {
				f->of[f->count].family = s->idiag_family;
				f->of[f->count++].id = s->id;
			}
		}
	}
}

/* One that has ended by itself meanwhile is fine. */
static int end_all(int fd, const struct found *f)
{
	union { struct nlmsghdr header; unsigned char bytes[1024]; } answer;
	for (unsigned i = 0; i < f->count; i++) {
		if (ask(fd, SOCK_DESTROY, NLM_F_ACK, f->of[i].family, &f->of[i].id) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
			return -1;
		if (outcome(&answer.header) < 0 && errno != ENOENT)
			return -1;
	}
	return 0;
}

/* Whether the kernel counts none in this network namespace: `TCP: inuse 0 orphan 0 tw 0 …` and `TCP6: inuse 0`. Looking
   for them goes through the tables of the whole machine. */
static bool none_left(void)
{
	char text[1024];
	unsigned four = 1, six = 1, waiting = 1;
	const char *files[] = { "/proc/net/sockstat", "/proc/net/sockstat6" };
	for (int i = 0; i < 2; i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
		int error = errno;
		if (fd >= 0)
			close(fd);
		if (n < 0 && i == 1 && error == ENOENT)	/* a kernel without IPv6 */
			six = 0;
		text[n < 0 ? 0 : n] = 0;
		const char *line = strstr(text, i ? "TCP6: inuse " : "TCP: inuse ");
		if (line && i)
			sscanf(line, "TCP6: inuse %u", &six);
		else if (line)
			sscanf(line, "TCP: inuse %u orphan %*u tw %u", &four, &waiting);
	}
	return four == 0 && six == 0 && waiting == 0;
}

/* Ends the connections of this network namespace that no process has. */
int op_sockets_end(struct context *c, struct reader *r)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct found f;
	(void)c;
	(void)r;
	if (none_left())
		return 0;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int result = fd < 0 ? -1 : 0;
	for (unsigned i = 0; result == 0 && i < sizeof families; i++)
		do {
			f.count = 0;
			result = find(fd, families[i], &f);
			if (result == 0)
				result = end_all(fd, &f);
		} while (result == 0 && f.count == FOUND_MAX);
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return result;
}
