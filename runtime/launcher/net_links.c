/*
 * Links that stand on another one: macvlan and ipvlan, whose containers are on the parent's own network, the VLAN of a
 * parent, and a dummy as a parent that leads nowhere.
 */
#include "netlink.h"
#include "ops.h"

#include <net/if.h>
#include <string.h>

enum kind { KIND_MACVLAN, KIND_IPVLAN, KIND_VLAN, KIND_DUMMY, KINDS };

static const char *const names[KINDS] = { "macvlan", "ipvlan", "vlan", "dummy" };

static int kind_of(const char *name)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (!strcmp(names[kind], name))
			return kind;
	errno = EINVAL;
	return -1;
}

static void put_u16(struct nl_message *m, uint16_t type, uint32_t value)
{
	nl_put(m, type, &(uint16_t){ (uint16_t)value }, sizeof(uint16_t));
}

/* `number`: the mode, or the VLAN's id. */
static void put_data(struct nl_message *m, int kind, uint32_t number, uint32_t flags)
{
	struct rtattr *data = nl_open(m, IFLA_INFO_DATA, 0);
	if (kind == KIND_MACVLAN)
		nl_put_u32(m, IFLA_MACVLAN_MODE, number);
	if (kind == KIND_VLAN)
		put_u16(m, IFLA_VLAN_ID, number);
	if (kind == KIND_IPVLAN) {
		put_u16(m, IFLA_IPVLAN_MODE, number);
		put_u16(m, IFLA_IPVLAN_FLAGS, flags);
	}
	nl_close(m, data);
}

/* One for a container (`inside`) is made in the network namespace of `pid` (0: the process just cloned); others are here, and up. */
int op_link_make(struct context *c, struct reader *r)
{
	const char *kind_name = read_str(r), *name = read_str(r), *parent = read_str(r);
	uint32_t number = read_u32(r), flags = read_u32(r);
	const char *mac_text = read_str(r);
	uint32_t mtu = read_u32(r), inside = read_u32(r), pid = read_u32(r);
	unsigned char mac[MAC_LENGTH];
	int kind = kind_of(kind_name), under = *parent ? link_index(parent) : 0;
	if (kind < 0 || name_fits(name) < 0 || (*mac_text && parse_mac(mac_text, mac) < 0))
		return fail(c, name);
	if (under < 0)
		return fail(c, parent);
	struct nl_message m;
	struct ifinfomsg *link = nl_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);
	if (!inside)
		link->ifi_flags = link->ifi_change = IFF_UP;
	nl_put_str(&m, IFLA_IFNAME, name);
	if (under)
		nl_put_u32(&m, IFLA_LINK, (uint32_t)under);
	if (mtu)
		nl_put_u32(&m, IFLA_MTU, mtu);
	if (*mac_text)
		nl_put(&m, IFLA_ADDRESS, mac, sizeof mac);
	if (inside)
		nl_put_u32(&m, IFLA_NET_NS_PID, pid ? pid : (uint32_t)c->pid);
	struct rtattr *info = nl_open(&m, IFLA_LINKINFO, 0);
	nl_put_str(&m, IFLA_INFO_KIND, names[kind]);
	put_data(&m, kind, number, flags);
	nl_close(&m, info);
	return nl_send(&m) < 0 ? fail(c, name) : 0;
}
