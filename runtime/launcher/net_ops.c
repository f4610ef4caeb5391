/*
 * The network operations of a launch program: links, addresses, routes, settings. Each acts in the network namespace
 * of the process that runs it, by one rtnetlink message where one is enough.
 */
#include "netlink.h"
#include "ops.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int parse_mac(const char *text, unsigned char mac[MAC_LENGTH])
{
	char end;
	unsigned byte[MAC_LENGTH];
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", byte, byte + 1, byte + 2, byte + 3, byte + 4, byte + 5, &end) != MAC_LENGTH) {
		errno = EINVAL;
		return -1;
	}
	for (int i = 0; i < MAC_LENGTH; i++)
		mac[i] = (unsigned char)byte[i];
	return 0;
}

int link_index(const char *name)
{
	unsigned index = if_nametoindex(name);
	return index ? (int)index : -1;
}

int name_fits(const char *name)
{
	if (*name && strlen(name) < IFNAMSIZ)
		return 0;
	errno = EINVAL;
	return -1;
}

int op_netns_enter(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(c, path);
	int result = setns(fd, CLONE_NEWNET);
	int error = errno;
	close(fd);
	errno = error;
	return result < 0 ? fail(c, path) : 0;
}

int op_bridge_create(struct context *c, struct reader *r)
{
	const char *name = read_str(r), *mac_text = read_str(r);
	uint32_t mtu = read_u32(r);
	const char *alias = read_str(r);
	unsigned char mac[MAC_LENGTH];
	if (name_fits(name) < 0 || parse_mac(mac_text, mac) < 0)
		return fail(c, name);
	struct nl_message m;
	nl_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	nl_put_str(&m, IFLA_IFNAME, name);
	nl_put(&m, IFLA_ADDRESS, mac, sizeof mac);
	nl_put_u32(&m, IFLA_MTU, mtu);
	struct rtattr *info = nl_open(&m, IFLA_LINKINFO, 0);
	nl_put_str(&m, IFLA_INFO_KIND, "bridge");
	nl_close(&m, info);
	if (nl_send(&m) < 0)
		return fail(c, name);
	/* The alias and an explicit MTU (which stops the bridge from following its ports) are taken by a second message only. */
	nl_begin(&m, RTM_SETLINK, 0, sizeof(struct ifinfomsg));
	nl_put_str(&m, IFLA_IFNAME, name);
	nl_put(&m, IFLA_IFALIAS, alias, strlen(alias));
	nl_put_u32(&m, IFLA_MTU, mtu);
	return nl_send(&m) < 0 ? fail(c, name) : 0;
}

static void put_peer(struct nl_message *m, const char *name, pid_t pid, const unsigned char *mac, uint32_t mtu)
{
	struct rtattr *info = nl_open(m, IFLA_LINKINFO, 0);
	nl_put_str(m, IFLA_INFO_KIND, "veth");
	struct rtattr *data = nl_open(m, IFLA_INFO_DATA, 0);
	struct rtattr *peer = nl_open(m, VETH_INFO_PEER, sizeof(struct ifinfomsg));
	nl_put_str(m, IFLA_IFNAME, name);
	nl_put_u32(m, IFLA_NET_NS_PID, (uint32_t)pid);
	nl_put(m, IFLA_ADDRESS, mac, MAC_LENGTH);
	nl_put_u32(m, IFLA_MTU, mtu);
	nl_close(m, peer);
	nl_close(m, data);
	nl_close(m, info);
}

static int isolate_port(const char *name)
{
	struct nl_message m;
	struct ifinfomsg *link = nl_begin(&m, RTM_SETLINK, 0, sizeof *link);
	link->ifi_family = AF_BRIDGE;
	link->ifi_index = link_index(name);
	struct rtattr *port = nl_open(&m, IFLA_PROTINFO | NLA_F_NESTED, 0);
	nl_put(&m, IFLA_BRPORT_ISOLATED, &(uint8_t){ 1 }, 1);
	nl_close(&m, port);
	return nl_send(&m);
}

int op_veth_create(struct context *c, struct reader *r)
{
	const char *name = read_str(r), *bridge = read_str(r);
	uint32_t mtu = read_u32(r), pid = read_u32(r);
	const char *peer = read_str(r), *mac_text = read_str(r);
	uint32_t isolated = read_u32(r);
	unsigned char mac[MAC_LENGTH];
	int master = link_index(bridge);
	if (master < 0)
		return fail(c, bridge);
	if (name_fits(name) < 0 || name_fits(peer) < 0 || parse_mac(mac_text, mac) < 0)
		return fail(c, peer);
	struct nl_message m;
	struct ifinfomsg *link = nl_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	nl_put_str(&m, IFLA_IFNAME, name);
	nl_put_u32(&m, IFLA_MTU, mtu);
	nl_put_u32(&m, IFLA_MASTER, (uint32_t)master);
	put_peer(&m, peer, pid ? (pid_t)pid : c->pid, mac, mtu);
	if (nl_send(&m) < 0 || (isolated && isolate_port(name) < 0))
		return fail(c, name);
	return 0;
}

/* Zero, or an empty text, leaves a property as it is. */
int op_link_set(struct context *c, struct reader *r)
{
	const char *name = read_str(r);
	uint32_t up = read_u32(r), mtu = read_u32(r);
	const char *mac_text = read_str(r), *rename = read_str(r);
	uint32_t pid = read_u32(r);
	unsigned char mac[MAC_LENGTH];
	struct nl_message m;
	struct ifinfomsg *link = nl_begin(&m, RTM_SETLINK, 0, sizeof *link);
	link->ifi_index = link_index(name);
	if (link->ifi_index < 0 || (*mac_text && parse_mac(mac_text, mac) < 0))
		return fail(c, name);
	if (up)
		link->ifi_flags = link->ifi_change = IFF_UP;
	if (mtu)
		nl_put_u32(&m, IFLA_MTU, mtu);
	if (*mac_text)
		nl_put(&m, IFLA_ADDRESS, mac, sizeof mac);
	if (*rename)
		nl_put_str(&m, IFLA_IFNAME, rename);
	if (pid)
		nl_put_u32(&m, IFLA_NET_NS_PID, pid);
	return nl_send(&m) < 0 ? fail(c, name) : 0;
}

int op_link_delete(struct context *c, struct reader *r)
{
	const char *name = read_str(r);
	if (name_fits(name) < 0)
		return fail(c, name);
	struct nl_message m;
	nl_begin(&m, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	nl_put_str(&m, IFLA_IFNAME, name);
	return nl_send(&m) < 0 ? fail(c, name) : 0;
}

struct prefix {
	uint8_t family, length;
	size_t size;
	unsigned char bytes[16];
};

/* `172.18.0.2/16`, or without a length a whole address. */
static int parse_prefix(const char *text, struct prefix *out)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	errno = EINVAL;
	if (length >= sizeof address)
		return -1;
	memcpy(address, text, length);
	address[length] = 0;
	out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	out->size = out->family == AF_INET6 ? 16 : 4;
	if (inet_pton(out->family, address, out->bytes) != 1)
		return -1;
	long bits = text[length] ? strtol(text + length + 1, NULL, 10) : (long)out->size * 8;
	if (bits < 0 || bits > (long)out->size * 8)
		return -1;
	out->length = (uint8_t)bits;
	return 0;
}

static void put_broadcast(struct nl_message *m, const struct prefix *p)
{
	uint32_t address;
	if (p->family != AF_INET || p->length > 30)
		return;
	memcpy(&address, p->bytes, sizeof address);
	nl_put_u32(m, IFA_BROADCAST, address | htonl(p->length ? (1u << (32 - p->length)) - 1 : ~0u));
}

int op_addr_add(struct context *c, struct reader *r)
{
	const char *name = read_str(r), *text = read_str(r);
	struct prefix prefix;
	int index = link_index(name);
	if (index < 0)
		return fail(c, name);
	if (parse_prefix(text, &prefix) < 0)
		return fail(c, text);
	struct nl_message m;
	struct ifaddrmsg *address = nl_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *address);
	address->ifa_family = prefix.family;
	address->ifa_prefixlen = prefix.length;
	address->ifa_index = (uint32_t)index;
	address->ifa_flags = prefix.family == AF_INET6 ? IFA_F_NODAD : 0;
	nl_put(&m, IFA_LOCAL, prefix.bytes, prefix.size);
	nl_put(&m, IFA_ADDRESS, prefix.bytes, prefix.size);
	put_broadcast(&m, &prefix);
	return nl_send(&m) < 0 ? fail(c, text) : 0;
}

static int put_route(struct context *c, struct reader *r, uint16_t flags)
{
	const char *to = read_str(r), *via = read_str(r), *name = read_str(r), *source = read_str(r);
	uint32_t local = read_u32(r);
	struct prefix target, gateway, from;
	int index = link_index(name);
	if (index < 0)
		return fail(c, name);
	if (parse_prefix(to, &target) < 0 || (*via && parse_prefix(via, &gateway) < 0) || (*source && parse_prefix(source, &from) < 0))
		return fail(c, to);
	struct nl_message m;
	struct rtmsg *route = nl_begin(&m, RTM_NEWROUTE, NLM_F_CREATE | flags, sizeof *route);
	route->rtm_family = target.family;
	route->rtm_dst_len = target.length;
	route->rtm_table = local ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_BOOT;
	route->rtm_scope = *via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	route->rtm_type = RTN_UNICAST;
	if (target.length)
		nl_put(&m, RTA_DST, target.bytes, target.size);
	if (*via)
		nl_put(&m, RTA_GATEWAY, gateway.bytes, gateway.size);
	nl_put_u32(&m, RTA_OIF, (uint32_t)index);
	if (*source)
		nl_put(&m, RTA_PREFSRC, from.bytes, from.size);
	return nl_send(&m) < 0 ? fail(c, *via ? via : to) : 0;
}

int op_route_add(struct context *c, struct reader *r)
{
	return put_route(c, r, NLM_F_EXCL);
}

/* In the place of the one that leads to the same prefix. */
int op_route_replace(struct context *c, struct reader *r)
{
	return put_route(c, r, NLM_F_REPLACE);
}

/* Below /proc/sys/net alone, which shows the network namespace of whoever looks. */
int op_net_sysctl(struct context *c, struct reader *r)
{
	const char *path = read_str(r), *value = read_str(r);
	int base = open("/proc/sys/net", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		return fail(c, "/proc/sys/net");
	int result = -1;
	if (*path == '/' || strstr(path, ".."))
		errno = EINVAL;
	else
		result = write_file(base, path, value, strlen(value));
	int error = errno;
	close(base);
	errno = error;
	return result < 0 ? fail(c, path) : 0;
}
