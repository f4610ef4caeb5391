/*
 * Job "ahead": makes a network namespace, with a link to a bridge in it, before there is the container that gets it. The
 * process then waits for that container's job on the same connection. Nothing but its descriptor holds the namespace:
 * when the process ends without a container, so do the namespace and its link.
 */
#include "jobs.h"
#include "ops.h"

#include <fcntl.h>
#include <sched.h>

int network_ahead = -1;
static int network_home = -1;

static int own_network(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Into the namespace that was made ahead: the container's process, cloned next, is born in there. */
int op_network_ahead(struct context *c, struct reader *r)
{
	(void)c;
	(void)r;
	network_home = own_network();
	return network_home < 0 ? -1 : setns(network_ahead, CLONE_NEWNET);
}

/* Back from there; the container's process is what holds the namespace from now on. */
int op_network_home(struct context *c, struct reader *r)
{
	(void)c;
	(void)r;
	if (setns(network_home, CLONE_NEWNET) < 0)
		return -1;
	close(network_home);
	close(network_ahead);
	network_home = network_ahead = -1;
	return 0;
}

static int make_network(struct context *c, const struct reader lists[2])
{
	network_home = own_network();
	if (network_home < 0 || unshare(CLONE_NEWNET) < 0)
		return fail(c, "namespaces");
	network_ahead = own_network();
	if (network_ahead < 0 || run_ops(c, lists[0]) < 0)
		return -1;
	if (setns(network_home, CLONE_NEWNET) < 0)
		return fail(c, "namespaces");
	close(network_home);
	network_home = -1;
	return run_ops(c, lists[1]);
}

/* Two lists of operations: inside the new namespace, and in our own, where a veth without a process leads into it. */
int job_ahead(int fd, struct request *r)
{
	struct context c;
	struct reader lists[2];
	context_init(&c);
	for (int i = 0; i < 2; i++) {
		uint32_t length = read_u32(&r->body);
		lists[i] = read_part(&r->body, length);
	}
	c.failure.error = EBADMSG;
	if (r->body.bad || make_network(&c, lists) < 0) {
		if (!r->body.bad && c.failure.op == 0)
			c.failure.error = errno;
		reply_failure(fd, &c.failure);
		return -1;
	}
	close(c.root);
	return reply(fd, REPLY_OK, NULL);
}
