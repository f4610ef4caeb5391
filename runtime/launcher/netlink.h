/* Building and sending rtnetlink messages: rtnetlink(7). */
#ifndef NETLINK_H
#define NETLINK_H

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#define NL_MESSAGE_MAX 1024
#define MAC_LENGTH 6

struct nl_message {
	struct nlmsghdr header;
	unsigned char body[NL_MESSAGE_MAX];
};

/* Starts a request; returns its zeroed fixed part of `size` bytes. */
void *nl_begin(struct nl_message *m, uint16_t type, uint16_t flags, size_t size);
void nl_put(struct nl_message *m, uint16_t type, const void *value, size_t length);
void nl_put_u32(struct nl_message *m, uint16_t type, uint32_t value);
void nl_put_str(struct nl_message *m, uint16_t type, const char *value);
/* Attributes put until nl_close() are inside this one, behind `size` fixed bytes. */
struct rtattr *nl_open(struct nl_message *m, uint16_t type, size_t size);
void nl_close(struct nl_message *m, struct rtattr *nest);
/* `02:42:ac:11:00:02`; -1 with EINVAL. */
int parse_mac(const char *text, unsigned char mac[MAC_LENGTH]);
/* -1 with errno when there is no such link here. */
int link_index(const char *name);
/* -1 with EINVAL for what is no name of a link. */
int name_fits(const char *name);
/* Sends it and waits for the kernel's answer; -1 with the kernel's errno. */
int nl_send(struct nl_message *m);

#endif
