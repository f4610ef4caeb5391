/* Building and sending rtnetlink messages. A socket a message: it belongs to the network namespace it was opened in. */
#include "netlink.h"

#include "launcher.h"

#include <string.h>
#include <sys/socket.h>

static void *tail(struct nl_message *m)
{
	return (unsigned char *)m + NLMSG_ALIGN(m->header.nlmsg_len);
}

/* Room for `size` more bytes, zeroed and padded (a nest counts its padding); a message that does not fit is marked and refused by nl_send(). */
static void *grow(struct nl_message *m, size_t size)
{
	size_t length = NLMSG_ALIGN(m->header.nlmsg_len);
	if (length + NLMSG_ALIGN(size) > sizeof *m) {
		m->header.nlmsg_type = 0;
		return NULL;
	}
	void *at = tail(m);
	memset(at, 0, NLMSG_ALIGN(size));
	m->header.nlmsg_len = (uint32_t)(length + NLMSG_ALIGN(size));
	return at;
}

void *nl_begin(struct nl_message *m, uint16_t type, uint16_t flags, size_t size)
{
	memset(&m->header, 0, sizeof m->header);
	m->header.nlmsg_len = sizeof m->header;
	m->header.nlmsg_type = type;
	m->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return grow(m, size);
}

void nl_put(struct nl_message *m, uint16_t type, const void *value, size_t length)
{
	struct rtattr *a = grow(m, RTA_LENGTH(length));
	if (!a)
		return;
	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(length);
	if (length)
		memcpy(RTA_DATA(a), value, length);
}

void nl_put_u32(struct nl_message *m, uint16_t type, uint32_t value)
{
	nl_put(m, type, &value, sizeof value);
}

void nl_put_str(struct nl_message *m, uint16_t type, const char *value)
{
	nl_put(m, type, value, strlen(value) + 1);
}

struct rtattr *nl_open(struct nl_message *m, uint16_t type, size_t size)
{
	struct rtattr *a = grow(m, RTA_LENGTH(size));
	if (a)
		a->rta_type = type;
	return a;
}

void nl_close(struct nl_message *m, struct rtattr *nest)
{
	if (nest)
		nest->rta_len = (uint16_t)((unsigned char *)tail(m) - (unsigned char *)nest);
}

static int answer_of(int fd)
{
	union {
		struct nlmsghdr header;
		unsigned char bytes[sizeof(struct nlmsghdr) + sizeof(struct nlmsgerr) + sizeof(struct nl_message)];
	} answer;
	ssize_t got;
	do
		got = recv(fd, &answer, sizeof answer, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	struct nlmsgerr *error = NLMSG_DATA(&answer.header);
	if ((size_t)got < NLMSG_LENGTH(sizeof error->error) || answer.header.nlmsg_type != NLMSG_ERROR) {
		errno = EPROTO;
		return -1;
	}
	errno = -error->error;
	return error->error ? -1 : 0;
}

int nl_send(struct nl_message *m)
{
	if (!m->header.nlmsg_type) {
		errno = EMSGSIZE;
		return -1;
	}
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -1;
	int result = send(fd, m, m->header.nlmsg_len, 0) < 0 ? -1 : answer_of(fd);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}
