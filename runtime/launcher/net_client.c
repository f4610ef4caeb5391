/*
 * Connections of the port proxy in their clients' names, so that a container sees who asks: the socket is bound to the
 * client's address (IP_TRANSPARENT, ip(7)) in the network namespace of the bridges, and what the container answers there
 * is for this socket. The engine's packet filter remembers such connections by their mark and marks their answers; a rule
 * and a route make marked packets ours, wherever they were for.
 */
#include "net_proxy.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "netlink.h"

#define RETURN_TABLE 6476
#define RETURN_PRIORITY 6476

static bool in_clients_names;

static int tolerate(int result, int error)
{
	return result < 0 && errno != error ? -1 : 0;
}

static int add_rule(uint8_t family)
{
	struct nl_message m;
	struct fib_rule_hdr *rule = nl_begin(&m, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sizeof *rule);
	rule->family = family;
	rule->action = FR_ACT_TO_TBL;
	nl_put_u32(&m, FRA_PRIORITY, RETURN_PRIORITY);
	nl_put_u32(&m, FRA_FWMARK, RETURN_MARK);
	nl_put_u32(&m, FRA_TABLE, RETURN_TABLE);
	return tolerate(nl_send(&m), EEXIST);
}

static int add_route(uint8_t family)
{
	struct nl_message m;
	struct rtmsg *route = nl_begin(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof *route);
	route->rtm_family = family;
	route->rtm_table = RT_TABLE_UNSPEC;
	route->rtm_protocol = RTPROT_BOOT;
	route->rtm_scope = RT_SCOPE_HOST;
	route->rtm_type = RTN_LOCAL;
	nl_put_u32(&m, RTA_TABLE, RETURN_TABLE);
	nl_put_u32(&m, RTA_OIF, if_nametoindex("lo"));
	return tolerate(nl_send(&m), EEXIST);
}

void clients_prepare(void)
{
	in_clients_names = add_rule(AF_INET) == 0 && add_route(AF_INET) == 0;
	/* Where there is no IPv6, no client comes by it. */
	if (add_rule(AF_INET6) == 0)
		add_route(AF_INET6);
}

/* The address that this side would be asked from; false when nothing leads there. */
static bool own_side(const union address *to, union address *own)
{
	socklen_t size = sizeof *own;
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = fd >= 0 && connect(fd, &to->any, address_size(to)) == 0 && getsockname(fd, &own->any, &size) == 0;
	if (fd >= 0)
		close(fd);
	return found;
}

static bool same_host(const union address *a, const union address *b)
{
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr);
}

static bool is_near(const union address *client)
{
	if (client->any.sa_family == AF_INET)
		return (ntohl(client->v4.sin_addr.s_addr) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK(&client->v6.sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&client->v6.sin6_addr);
}

/* A container would look for an address of its own subnet on its own link, and loopback at itself. */
static bool can_be_named(const union address *client, const union address *target)
{
	union address towards_client, towards_target;
	if (!in_clients_names || client->any.sa_family != target->any.sa_family || is_near(client))
		return false;
	return !own_side(client, &towards_client) || !own_side(target, &towards_target) ||
	       !same_host(&towards_client, &towards_target);
}

void bind_as_client(int fd, const union address *client, const union address *target)
{
	bool six = client->any.sa_family == AF_INET6;
	union address name = *client;
	int yes = 1, mark = CLIENT_MARK;
	if (!can_be_named(client, target))
		return;
	/* Any free port: the client's own may still be in use from a connection that has just ended. */
	if (six)
		name.v6.sin6_port = 0;
	else
		name.v4.sin_port = 0;
	if (setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TRANSPARENT : IP_TRANSPARENT, &yes, sizeof yes) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0)
		return;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	if (bind(fd, &name.any, address_size(&name)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &(int){ 0 }, sizeof(int));
}
