/*
 * `conntrack.forget`: ends the kernel's memory of datagram flows to one container address, and of connections to it that
 * were never answered. A client that goes on sending from the same port, or asks again because nobody could take its
 * connection (a full queue), would otherwise be led to a container that is gone, for as long as it does not pause.
 * Netlink as in linux/netfilter/nfnetlink_conntrack.h: dump, then delete what matches by its tuple.
 */
#include "netlink.h"
#include "ops.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define DUMP_SIZE 65536

static struct rtattr *find(struct rtattr *a, int length, uint16_t type)
{
	for (; RTA_OK(a, length); a = RTA_NEXT(a, length))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static struct rtattr *find_in(struct rtattr *nest, uint16_t type)
{
	return nest ? find(RTA_DATA(nest), (int)RTA_PAYLOAD(nest), type) : NULL;
}

static bool is_unanswered(struct rtattr *attributes, int length)
{
	struct rtattr *tcp = find_in(find(attributes, length, CTA_PROTOINFO), CTA_PROTOINFO_TCP);
	struct rtattr *state = find_in(tcp, CTA_PROTOINFO_TCP_STATE);
	return state && *(uint8_t *)RTA_DATA(state) == TCP_CONNTRACK_SYN_SENT;
}

/* Answers come from the container, so it is the source of the reply's tuple, whatever was translated. */
static bool leads_to(struct rtattr *attributes, int length, const void *address, bool v6)
{
	struct rtattr *reply = find(attributes, length, CTA_TUPLE_REPLY);
	struct rtattr *source = find_in(find_in(reply, CTA_TUPLE_IP), v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC);
	struct rtattr *protocol = find_in(find_in(reply, CTA_TUPLE_PROTO), CTA_PROTO_NUM);
	size_t size = v6 ? 16 : 4;
	return source && protocol && RTA_PAYLOAD(source) >= size && !memcmp(RTA_DATA(source), address, size) &&
	       (*(uint8_t *)RTA_DATA(protocol) == IPPROTO_UDP || is_unanswered(attributes, length));
}

static void begin(struct nl_message *m, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nfgenmsg *head = nl_begin(m, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type), flags, sizeof *head);
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
}

/* An answer is not waited for: the entry may have ended by itself. */
static void forget(int fd, uint8_t family, struct rtattr *tuple)
{
	struct nl_message m;
	begin(&m, IPCTNL_MSG_CT_DELETE, 0, family);
	m.header.nlmsg_flags = NLM_F_REQUEST;
	nl_put(&m, tuple->rta_type, RTA_DATA(tuple), RTA_PAYLOAD(tuple));
	if (m.header.nlmsg_type)
		send(fd, &m, m.header.nlmsg_len, 0);
}

/* 1 when the dump goes on, 0 at its end, -1. */
static int read_part_of_dump(int from, int to, uint8_t family, const void *address)
{
	static _Alignas(struct nlmsghdr) unsigned char bytes[DUMP_SIZE];
	ssize_t got = recv(from, bytes, sizeof bytes, 0);
	if (got <= 0)
		return -1;
	int left = (int)got;
	for (struct nlmsghdr *h = (struct nlmsghdr *)bytes; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR) {
			errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
			return -1;
		}
		struct rtattr *attributes = (struct rtattr *)((char *)NLMSG_DATA(h) + NLMSG_ALIGN(sizeof(struct nfgenmsg)));
		int length = (int)(h->nlmsg_len - NLMSG_SPACE(sizeof(struct nfgenmsg)));
		struct rtattr *tuple = find(attributes, length, CTA_TUPLE_ORIG);
		if (tuple && leads_to(attributes, length, address, family == AF_INET6))
			forget(to, family, tuple);
	}
	return 1;
}

static int forget_all(int from, int to, uint8_t family, const void *address)
{
	struct nl_message m;
	begin(&m, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
	m.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(from, &m, m.header.nlmsg_len, 0) < 0)
		return -1;
	int more = 1;
	while (more > 0)
		more = read_part_of_dump(from, to, family, address);
	return more;
}

int op_conntrack_forget(struct context *c, struct reader *r)
{
	const char *text = read_str(r);
	unsigned char address[16];
	uint8_t family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, address) != 1) {
		errno = EINVAL;
		return fail(c, text);
	}
	int from = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int to = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int result = from < 0 || to < 0 ? -1 : forget_all(from, to, family, address);
	int error = errno;
	close(from);
	close(to);
	errno = error;
	return result < 0 ? fail(c, text) : 0;
}
