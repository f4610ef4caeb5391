/*
 * Published ports. `port.listen` binds on the host before anything of the container exists, so that a busy port fails
 * the start; `port.serve` then forks the proxy, which joins the container's network namespace for connecting.
 * `port.join` binds beside others that joined: the kernel deals connections out among them (SO_REUSEPORT, socket(7)).
 * `port.take` shares the socket of a proxy that listens already: what waits to be accepted is then lost by no change of
 * hands. A proxy with such sockets accepts nothing until SIGUSR1; SIGUSR2 ends accepting, and connections go on.
 */
#include "net_proxy.h"
#include "ops.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define EVENTS_A_ROUND 64
#define SHARED_FROM_MAX 1024

static struct listener **listeners;
static unsigned listener_count;
static int epoll_fd = -1;
/* Of this process, forked for one container: it shares sockets with another proxy, which serves them for now. */
static bool holds_back;
static volatile sig_atomic_t wants_accept;

static int parse_address(const char *ip, uint32_t port, union address *out)
{
	memset(out, 0, sizeof *out);
	errno = EINVAL;
	if (port > 65535)
		return -1;
	if (strchr(ip, ':')) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, ip, &out->v6.sin6_addr) == 1 ? 0 : -1;
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, ip, &out->v4.sin_addr) == 1 ? 0 : -1;
}

static int enable(int fd, int level, int option)
{
	return setsockopt(fd, level, option, &(int){ 1 }, sizeof(int));
}

/* No SO_REUSEADDR for UDP: it would let two containers take the same port. */
static int prepare_socket(int fd, bool udp, bool v6)
{
	if (v6 && enable(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0)
		return -1;
	if (udp)
		return enable(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO);
	/* What a listening socket has, its connections get. */
	enable(fd, SOL_SOCKET, SO_KEEPALIVE);
	enable(fd, IPPROTO_TCP, TCP_NODELAY);
	return enable(fd, SOL_SOCKET, SO_REUSEADDR);
}

static int open_listener(const union address *at, bool udp, bool joins)
{
	int fd = socket(at->any.sa_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (prepare_socket(fd, udp, at->any.sa_family == AF_INET6) == 0 &&
	    (!joins || enable(fd, SOL_SOCKET, SO_REUSEPORT) == 0) && bind(fd, &at->any, address_size(at)) == 0 &&
	    (udp || listen(fd, SOMAXCONN) == 0))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int add_listener(int fd, bool udp, const union address *target)
{
	struct listener **more = realloc(listeners, (listener_count + 1) * sizeof *listeners);
	if (more)
		listeners = more;
	struct listener *l = more ? calloc(1, sizeof *l) : NULL;
	if (!l) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	*l = (struct listener){ .watched = { udp ? udp_receive : tcp_accept, fd }, .udp = udp, .target = *target };
	more[listener_count++] = l;
	return 0;
}

/* Whether it is bound to `at` and, for TCP, listens: neither a connection nor a client's session. */
static bool listens_at(int fd, const union address *at, bool udp)
{
	union address bound;
	socklen_t size = sizeof bound, int_size = sizeof(int);
	int type = 0, accepts = 0;
	memset(&bound, 0, sizeof bound);
	if (getsockname(fd, &bound.any, &size) < 0 || bound.any.sa_family != at->any.sa_family ||
	    memcmp(&bound, at, address_size(at)) != 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) < 0 || type != (udp ? SOCK_DGRAM : SOCK_STREAM))
		return false;
	return udp || (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &int_size) == 0 && accepts);
}

/* A second descriptor of the socket by which process `pid` listens; its descriptors are few and low. pidfd_getfd(2), Linux 5.6. */
static int share_listener(pid_t pid, const union address *at, bool udp)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0)
		return -1;
	int found = -1;
	errno = ENOENT;
	for (int number = 0; number < SHARED_FROM_MAX && found < 0; number++) {
		int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
		if (fd < 0 && errno != EBADF)
			break;
		if (fd < 0 || listens_at(fd, at, udp))
			found = fd;
		else
			close(fd);
		errno = ENOENT;
	}
	int error = errno;
	close(process);
	errno = error;
	return found;
}

/* `pid`: who listens there already; 0: nobody does. */
static int add_port(struct context *c, struct reader *r, pid_t pid, bool joins)
{
	const char *protocol = read_str(r), *host_ip = read_str(r);
	uint32_t host_port = read_u32(r);
	const char *container_ip = read_str(r);
	uint32_t container_port = read_u32(r);
	bool udp = !strcmp(protocol, "udp");
	union address at, target;
	char subject[128];
	snprintf(subject, sizeof subject, strchr(host_ip, ':') ? "[%s]:%u/%s" : "%s:%u/%s", host_ip, host_port, protocol);
	if (parse_address(host_ip, host_port, &at) < 0 || parse_address(container_ip, container_port, &target) < 0)
		return fail(c, subject);
	int fd = pid ? share_listener(pid, &at, udp) : open_listener(&at, udp, joins);
	return fd < 0 || add_listener(fd, udp, &target) < 0 ? fail(c, subject) : 0;
}

int op_port_listen(struct context *c, struct reader *r)
{
	return add_port(c, r, 0, false);
}

int op_port_join(struct context *c, struct reader *r)
{
	return add_port(c, r, 0, true);
}

int op_port_take(struct context *c, struct reader *r)
{
	pid_t pid = (pid_t)read_u32(r);
	holds_back = true;
	return add_port(c, r, pid, false);
}

int proxy_watch(struct watched *w, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = w };
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &event);
}

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void on_signal(int number)
{
	wants_accept = number == SIGUSR1;
}

/* Both signals come only while epoll waits, so that none is missed. */
static void catch_signals(sigset_t *while_waiting)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t both;
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, while_waiting);
	sigdelset(while_waiting, SIGUSR1);
	sigdelset(while_waiting, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
}

/* Watches the listening sockets, or no more. */
static int set_accepting(bool accepts)
{
	for (unsigned i = 0; i < listener_count; i++) {
		if (!accepts)
			epoll_ctl(epoll_fd, EPOLL_CTL_DEL, listeners[i]->watched.fd, NULL);
		else if (proxy_watch(&listeners[i]->watched, EPOLLIN) < 0)
			return -1;
	}
	return 0;
}

static int serve(void)
{
	sigset_t while_waiting;
	bool accepts = false;
	catch_signals(&while_waiting);
	wants_accept = !holds_back;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -1;
	for (;;) {
		struct epoll_event events[EVENTS_A_ROUND];
		if (accepts != wants_accept && set_accepting(!accepts) < 0)
			return -1;
		accepts = wants_accept;
		int count = epoll_pwait(epoll_fd, events, EVENTS_A_ROUND, udp_sweep(), &while_waiting);
		if (count < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < count; i++) {
			struct watched *w = events[i].data.ptr;
			w->on_event(w, events[i].events);
		}
		tcp_sweep();
	}
}

static void proxy_child(int netns, bool for_clients)
{
	int keep[listener_count + 1];
	keep[0] = netns;
	for (unsigned i = 0; i < listener_count; i++)
		keep[i + 1] = listeners[i]->watched.fd;
	helper_child(keep, listener_count + 1);
	raise_file_limit();
	if (setns(netns, CLONE_NEWNET) < 0)
		_exit(1);
	close(netns);
	if (for_clients)
		clients_prepare();
	serve();
	_exit(1);
}

static void close_listeners(void)
{
	for (unsigned i = 0; i < listener_count; i++) {
		close(listeners[i]->watched.fd);
		free(listeners[i]);
	}
	free(listeners);
	listeners = NULL;
	listener_count = 0;
}

/* One process for all ports listened on so far; in `host`, where the container's process is there. It connects from the
   container's own network namespace, or in the clients' names from the one of the bridges. */
int op_port_serve(struct context *c, struct reader *r)
{
	char path[64];
	uint32_t pid = read_u32(r);
	const char *bridges = read_str(r);
	if (*bridges)
		snprintf(path, sizeof path, "%s", bridges);
	else
		snprintf(path, sizeof path, "/proc/%d/ns/net", pid ? (int)pid : (int)c->pid);
	int netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return fail(c, path);
	pid_t child = fork();
	if (child == 0)
		proxy_child(netns, *bridges);
	int error = errno;
	close(netns);
	errno = error;
	if (child < 0)
		return fail(c, "proxy");
	close_listeners();
	return adopt_helper(c, child);
}

void proxy_outbound(int outbound, int machine)
{
	const union address nowhere = { .any.sa_family = AF_UNSPEC };
	helper_child((int[]){ outbound, machine }, 2);
	raise_file_limit();
	if (add_listener(outbound, false, &nowhere) < 0 || add_listener(machine, false, &nowhere) < 0)
		return;
	listeners[0]->route = ROUTE_ORIGINAL;
	listeners[1]->route = ROUTE_MACHINE;
	serve();
}
