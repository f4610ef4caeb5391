/* The port proxy: one process a container, for all its published ports; one epoll loop, no threads. */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What an epoll event points at. */
struct watched {
	void (*on_event)(struct watched *self, uint32_t events);
	int fd;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Where a listener's connections go. */
enum route {
	ROUTE_TARGET,		/* to its target */
	ROUTE_ORIGINAL,		/* where the client wanted to go before it was redirected */
	ROUTE_MACHINE,		/* to this machine, at the port that the client wanted */
};

/* Ports of the rootless network namespace that leads out by proxy_outbound. */
#define OUTBOUND_PORT 15001
#define MACHINE_PORT 15002

/* Marks of packets in there: of connections that are made in their clients' names, and of the answers to those. */
#define CLIENT_MARK 0x64760001
#define RETURN_MARK 0x64760002

struct listener {
	struct watched watched;
	bool udp;
	enum route route;
	union address target;	/* reached in the container's network namespace */
};

static inline socklen_t address_size(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof a->v6 : sizeof a->v4;
}

/* Edge-triggered for everything but listening sockets. */
int proxy_watch(struct watched *w, uint32_t events);

/* Carries redirected connections; `outbound` and `machine` are listening sockets of another network namespace. Never returns. */
void proxy_outbound(int outbound, int machine);

/* In the network namespace of the bridges: makes answers to such connections come to this side. */
void clients_prepare(void);
/* Where that was done and the container can answer it, the socket gets the client's address; otherwise it stays unbound. */
void bind_as_client(int fd, const union address *client, const union address *target);

void tcp_accept(struct watched *self, uint32_t events);
/* Frees what ended during this round: events of the same round may still point at it. */
void tcp_sweep(void);

void udp_receive(struct watched *self, uint32_t events);
/* Ends silent sessions, between rounds; returns the milliseconds until it wants to be called again, -1 when there are none. */
int udp_sweep(void);

#endif
