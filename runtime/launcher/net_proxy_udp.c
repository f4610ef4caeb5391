/*
 * Datagrams of the port proxy. Each client has a session: a socket of its own in the container's network namespace,
 * so that answers find back. Sessions end after 90 s of silence, as in Docker's proxy.
 */
#include "launcher.h"
#include "net_proxy.h"

#include <stdlib.h>
#include <string.h>

#define DATAGRAM_MAX 65536
#define BATCH 16
#define SESSIONS_MAX 1024
#define BUCKETS 256
#define IDLE_NS 90000000000ull
#define CROWDED_IDLE_NS 5000000000ull
#define SWEEP_MS 30000

struct session {
	struct watched watched;
	struct listener *listener;
	union address client;
	_Alignas(struct cmsghdr) unsigned char local[64];	/* control message: the host's address that the client used answers it */
	size_t local_length;
	uint64_t used_ns;
	struct session *next;
};

static struct session *buckets[BUCKETS];
static unsigned session_count;
static uint64_t swept_ns;
static unsigned char datagrams[BATCH][DATAGRAM_MAX];

static unsigned bucket_of(const struct listener *l, const union address *client)
{
	uint32_t hash = (uint32_t)(uintptr_t)l;
	const unsigned char *bytes = (const unsigned char *)client;
	for (socklen_t i = 0; i < address_size(client); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash % BUCKETS;
}

/* Port, address and scope: what else a socket address holds is no part of who it is. */
static bool same_client(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
	       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr);
}

static void end_session(struct session **at)
{
	struct session *s = *at;
	*at = s->next;
	close(s->watched.fd);
	free(s);
	session_count--;
}

/* Ends what was silent since `limit_ns`. */
static void end_older(uint64_t limit_ns)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct session **at = &buckets[i]; *at;)
			if ((*at)->used_ns <= limit_ns)
				end_session(at);
			else
				at = &(*at)->next;
}

int udp_sweep(void)
{
	if (!session_count)
		return -1;
	uint64_t now = now_ns();
	if (session_count == SESSIONS_MAX)
		end_older(now - CROWDED_IDLE_NS);
	else if (now - swept_ns > SWEEP_MS * 1000000ull)
		end_older(now - IDLE_NS);
	else
		return SWEEP_MS;
	swept_ns = now;
	return SWEEP_MS;
}

static void answer(struct session *s, unsigned char *bytes, size_t length)
{
	struct iovec part = { bytes, length };
	struct msghdr m = {
		.msg_name = &s->client, .msg_namelen = address_size(&s->client), .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = s->local_length ? s->local : NULL, .msg_controllen = s->local_length,
	};
	sendmsg(s->listener->watched.fd, &m, MSG_DONTWAIT);
}

static void on_answer(struct watched *self, uint32_t events)
{
	(void)events;
	struct session *s = (struct session *)self;
	for (;;) {
		ssize_t got = recv(self->fd, datagrams[0], DATAGRAM_MAX, MSG_DONTWAIT);
		if (got < 0 && errno == ECONNREFUSED)
			continue;
		if (got < 0)
			return;
		s->used_ns = now_ns();
		answer(s, datagrams[0], (size_t)got);
	}
}

static int open_session_socket(const union address *target, const union address *client)
{
	int fd = socket(target->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		bind_as_client(fd, client, target);
	if (fd >= 0 && connect(fd, &target->any, address_size(target)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static struct session *session_of(struct listener *l, const union address *client)
{
	struct session **bucket = &buckets[bucket_of(l, client)];
	for (struct session *s = *bucket; s; s = s->next)
		if (s->listener == l && same_client(&s->client, client))
			return s;
	if (session_count == SESSIONS_MAX)
		return NULL;
	struct session *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->watched = (struct watched){ on_answer, open_session_socket(&l->target, client) };
	if (s->watched.fd < 0 || proxy_watch(&s->watched, EPOLLIN | EPOLLET) < 0) {
		if (s->watched.fd >= 0)
			close(s->watched.fd);
		free(s);
		return NULL;
	}
	s->listener = l;
	s->client = *client;
	s->next = *bucket;
	*bucket = s;
	session_count++;
	return s;
}

/* Keeps the address the client sent to, as a control message that sends from it; the interface is left to the route. */
static void remember_local(struct session *s, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	if (!c || c->cmsg_len > sizeof s->local)
		return;
	memcpy(s->local, c, c->cmsg_len);
	s->local_length = CMSG_ALIGN(c->cmsg_len);
	c = (struct cmsghdr *)s->local;
	if (c->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);
		info->ipi_ifindex = 0;
		info->ipi_spec_dst = info->ipi_addr;
	} else {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(c);
		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
	}
}

static void forward(struct listener *l, struct msghdr *m, size_t length)
{
	struct session *s = session_of(l, m->msg_name);
	if (!s)
		return;
	s->used_ns = now_ns();
	remember_local(s, m);
	if (send(s->watched.fd, m->msg_iov->iov_base, length, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED)
		send(s->watched.fd, m->msg_iov->iov_base, length, MSG_DONTWAIT);	/* the refusal was the last one's */
}

void udp_receive(struct watched *self, uint32_t events)
{
	(void)events;
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union address clients[BATCH];
	_Alignas(struct cmsghdr) unsigned char controls[BATCH][64];
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ datagrams[i], DATAGRAM_MAX };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &clients[i], .msg_namelen = sizeof clients[i], .msg_iov = &parts[i], .msg_iovlen = 1,
			.msg_control = controls[i], .msg_controllen = sizeof controls[i],
		};
	}
	int count = recvmmsg(self->fd, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		forward((struct listener *)self, &messages[i].msg_hdr, messages[i].msg_len);
}
