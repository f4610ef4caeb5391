/* Job "run": operations in a short-lived process, and with namespaces of its own a second list in there. */
#include "jobs.h"

#include <sched.h>

int job_run(int fd, struct request *r)
{
	struct context c;
	context_init(&c);
	int flags = (int)read_u64(&r->body);
	struct reader lists[2];
	for (int i = 0; i < 2; i++) {
		uint32_t length = read_u32(&r->body);
		lists[i] = read_part(&r->body, length);
	}
	c.failure.error = EBADMSG;
	int result = r->body.bad ? -1 : run_ops(&c, lists[0]);
	if (result == 0 && flags && unshare(flags) < 0) {
		c.failure.op = 0;
		c.failure.error = errno;
		result = fail(&c, "namespaces");
	}
	if (result == 0 && (flags & CLONE_NEWNS)) {	/* "/" is another place now */
		close(c.root);
		context_init(&c);
	}
	if (result == 0)
		result = run_ops(&c, lists[1]);
	return result < 0 ? reply_failure(fd, &c.failure) < 0 : reply(fd, REPLY_OK, NULL) < 0;
}
