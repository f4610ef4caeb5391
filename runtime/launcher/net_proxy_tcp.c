/*
 * Connections of the port proxy. Small reads are copied through one buffer; a flow that fills it goes on by splice(2),
 * so that bulk data is never copied. A pipe exists only while a flow needs one. How much it holds is not ours to say: a
 * user with many pipes gets small ones (pipe(7), pipe-user-pages-soft), so what was read is never put into one.
 */
#include "launcher.h"
#include "net_proxy.h"

#include <fcntl.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 16384
#define SPLICE_SIZE 65536
#define ACCEPTS_A_ROUND 64

struct flow {
	int pipe[2];
	size_t held;		/* bytes in the pipe */
	char *rest;		/* what was read, and not taken by the receiver yet */
	size_t rest_at, rest_size;
	bool bulk;		/* goes through the pipe from now on */
	bool closing;		/* the sender's end was announced: read on until it is met */
	bool ended;		/* it was met */
	bool done;		/* and passed on */
};

struct connection;
struct side {
	struct watched watched;
	struct connection *connection;
};

struct connection {
	struct side client, server;
	struct flow up, down;	/* client to server, server to client */
	bool connecting, dead;
	struct connection *next_dead;
};

static struct connection *dead_connections;
static int spare_fd = -1;

static void close_flow(struct flow *f)
{
	if (f->pipe[1] > 0) {
		close(f->pipe[0]);
		close(f->pipe[1]);
	}
	free(f->rest);
}

/* `reset`: the other side sees a reset instead of an orderly end. */
static void finish(struct connection *c, bool reset)
{
	if (c->dead)
		return;
	c->dead = true;
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	int fds[] = { c->client.watched.fd, c->server.watched.fd };
	for (int i = 0; i < 2; i++) {
		if (fds[i] < 0)
			continue;
		if (reset)
			setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
		close(fds[i]);
	}
	close_flow(&c->up);
	close_flow(&c->down);
	c->next_dead = dead_connections;
	dead_connections = c;
}

void tcp_sweep(void)
{
	while (dead_connections) {
		struct connection *c = dead_connections;
		dead_connections = c->next_dead;
		free(c);
	}
}

static int open_pipe(struct flow *f)
{
	return f->pipe[1] > 0 ? 0 : pipe2(f->pipe, O_CLOEXEC | O_NONBLOCK);
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* 1 when all of it is sent, 0 when the receiver takes no more, -1. */
static int send_rest(struct flow *f, int to)
{
	while (f->rest_at < f->rest_size) {
		ssize_t sent = send(to, f->rest + f->rest_at, f->rest_size - f->rest_at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0)
			return would_block() ? 0 : -1;
		f->rest_at += (size_t)sent;
	}
	free(f->rest);
	f->rest = NULL;
	f->rest_at = f->rest_size = 0;
	return 1;
}

static int keep_rest(struct flow *f, const char *data, size_t size)
{
	f->rest = malloc(size);
	if (!f->rest)
		return -1;
	memcpy(f->rest, data, size);
	f->rest_size = size;
	return 0;
}

/* Passes on what is held. 1 when nothing is any more, 0 when the receiver takes no more, -1. */
static int flush(struct flow *f, int to)
{
	while (f->held) {
		ssize_t sent = splice(f->pipe[0], NULL, to, NULL, f->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (sent <= 0)
			return sent < 0 && would_block() ? 0 : -1;
		f->held -= (size_t)sent;
	}
	return f->rest ? send_rest(f, to) : 1;
}

/* Reads into the pipe. As copy(). */
static int fill(struct flow *f, int from)
{
	if (open_pipe(f) < 0)
		return -1;
	ssize_t got = splice(from, NULL, f->pipe[1], NULL, SPLICE_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (got < 0)
		return would_block() ? 0 : -1;
	f->held = (size_t)got;
	f->ended = got == 0;
	return 1;
}

/* Passes one buffer on; what the receiver does not take waits. 1 to go on, 0 when there is no more for now, -1. */
static int copy(struct flow *f, int from, int to)
{
	static char buffer[BUFFER_SIZE];
	ssize_t got = recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
	if (got < 0)
		return would_block() ? 0 : -1;
	if (got == 0) {
		f->ended = true;
		return 1;
	}
	ssize_t sent = send(to, buffer, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && !would_block())
		return -1;
	size_t rest = (size_t)got - (sent < 0 ? 0 : (size_t)sent);
	f->bulk = got == BUFFER_SIZE;
	if (rest && keep_rest(f, buffer + got - rest, rest) < 0)
		return -1;
	/* A short read has emptied the socket: the next edge comes with the next byte (epoll(7)). */
	return rest || f->bulk || f->closing;
}

static int pump(struct flow *f, int from, int to)
{
	int more = 1;
	while (more > 0 && !f->done) {
		more = flush(f, to);
		if (more <= 0)
			break;
		if (f->ended) {
			shutdown(to, SHUT_WR);
			f->done = true;
		} else {
			more = f->bulk ? fill(f, from) : copy(f, from, to);
		}
	}
	return more < 0 ? -1 : 0;
}

static void progress(struct connection *c)
{
	int client = c->client.watched.fd, server = c->server.watched.fd;
	if (pump(&c->up, client, server) < 0 || pump(&c->down, server, client) < 0)
		finish(c, true);
	else if (c->up.done && c->down.done)
		finish(c, false);
}

static void on_side(struct watched *self, uint32_t events)
{
	struct side *side = (struct side *)self;
	struct connection *c = side->connection;
	if (c->dead)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		(side == &c->client ? &c->up : &c->down)->closing = true;
	if (c->connecting) {
		int error = 0;
		socklen_t size = sizeof error;
		if (side != &c->server)
			return;
		getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error) {
			finish(c, true);
			return;
		}
		if (!(events & EPOLLOUT))
			return;
		c->connecting = false;
	}
	progress(c);
}

static int connect_server(struct connection *c, const union address *target, bool in_its_name)
{
	union address client;
	socklen_t size = sizeof client;
	int fd = socket(target->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	c->server.watched.fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
	if (in_its_name && getpeername(c->client.watched.fd, &client.any, &size) == 0)
		bind_as_client(fd, &client, target);
	if (connect(fd, &target->any, address_size(target)) == 0)
		return 0;
	c->connecting = errno == EINPROGRESS;
	return c->connecting ? 0 : -1;
}

static void begin(int client, const union address *target, bool in_its_name)
{
	struct connection *c = calloc(1, sizeof *c);
	if (!c) {
		close(client);
		return;
	}
	c->client = (struct side){ { on_side, client }, c };
	c->server = (struct side){ { on_side, -1 }, c };
	const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	if (connect_server(c, target, in_its_name) < 0 || proxy_watch(&c->server.watched, events) < 0 ||
	    proxy_watch(&c->client.watched, events) < 0)
		finish(c, true);
}

/* Where a redirected client wanted to go (`SO_ORIGINAL_DST` of netfilter; IPv6 has its own at the same number). */
static int original_target(int client, union address *out)
{
	union address own;
	socklen_t size = sizeof own;
	if (getsockname(client, &own.any, &size) < 0)
		return -1;
	bool six = own.any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&own.v6.sin6_addr);
	memset(out, 0, sizeof *out);
	size = sizeof *out;
	return getsockopt(client, six ? IPPROTO_IPV6 : IPPROTO_IP, SO_ORIGINAL_DST, out, &size);
}

/* The address that this machine goes out by, so that only what listens for others too is reached; loopback when it has none. */
static void machine_address(union address *target)
{
	union address far = { .v4 = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc6336401) } }, near;
	in_port_t port = target->any.sa_family == AF_INET6 ? target->v6.sin6_port : target->v4.sin_port;
	socklen_t size = sizeof near;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, &far.any, sizeof far.v4) < 0 || getsockname(fd, &near.any, &size) < 0)
		near.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd >= 0)
		close(fd);
	near.v4.sin_port = port;
	*target = (union address){ .v4 = near.v4 };
}

static void begin_routed(int client, const struct listener *l)
{
	union address target;
	if (l->route == ROUTE_TARGET) {
		begin(client, &l->target, true);
		return;
	}
	if (original_target(client, &target) < 0) {
		close(client);
		return;
	}
	if (l->route == ROUTE_MACHINE)
		machine_address(&target);
	begin(client, &target, false);
}

/* Out of descriptors: a waiting client is turned away, or this level-triggered event would come for ever. */
static void turn_away(int listening)
{
	close(spare_fd);
	close(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
	spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void tcp_accept(struct watched *self, uint32_t events)
{
	(void)events;
	if (spare_fd < 0)
		spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < ACCEPTS_A_ROUND; i++) {
		int client = accept4(self->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client >= 0) {
			begin_routed(client, (struct listener *)self);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE)
			turn_away(self->fd);
		if (errno == EAGAIN)
			return;
	}
}
