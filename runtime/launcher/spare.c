/*
 * A network namespace that is made before it is asked for: the kernel takes longer for one than for all other namespaces of a
 * container together, and the engine connects long before it has the next request. Made when nobody has asked for a while, so
 * that it is in nobody's way, and thrown away when it has waited for long: it has the machine's settings of when it was made.
 */
#include "launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

#define AFTER_MS 10
#define KEPT_MS 10000

static int spare = -1;
static char forwarding;

/* Whether the machine forwards between its networks, which a new namespace takes over. */
static char reads_forwarding(void)
{
	char byte = 0;
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &byte, 1) != 1)
		byte = 0;
	if (fd >= 0)
		close(fd);
	return byte;
}

static int open_network(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static bool is_asked(int fd, int within_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, within_ms) != 0;
}

static void throw_away(void)
{
	if (spare >= 0)
		close(spare);
	spare = -1;
}

void spare_network_make(int fd)
{
	if (is_asked(fd, AFTER_MS))
		return;
	int home = open_network();
	if (home < 0)
		return;
	forwarding = reads_forwarding();
	if (unshare(CLONE_NEWNET) == 0) {
		spare = open_network();
		if (setns(home, CLONE_NEWNET) < 0)
			_exit(1);
	}
	close(home);
	if (!is_asked(fd, KEPT_MS))
		throw_away();
}

int spare_network_enter(void)
{
	int home = spare >= 0 && reads_forwarding() == forwarding ? open_network() : -1;
	if (home >= 0 && setns(spare, CLONE_NEWNET) < 0) {
		close(home);
		home = -1;
	}
	throw_away();
	return home;
}
