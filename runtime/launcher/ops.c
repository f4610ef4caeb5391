/* Runs a list of operations: looks each one up by its code and stops at the first that fails. */
#include "ops.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define OP_OPTIONAL 1	/* its failure is passed over; the composer decided that */

static op_function op_lookup(uint16_t code)
{
	switch (code) {
#define OP(number, name, function) case number: return function;
	OPS(OP)
#undef OP
	}
	return NULL;
}

void context_init(struct context *c)
{
	memset(c, 0, sizeof *c);
	c->sync = -1;
	c->mask = -1;
	c->user = -1;
	c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int fail(struct context *c, const char *subject)
{
	int error = errno;
	size_t length = strnlen(subject, sizeof c->failure.subject - 1);
	memmove(c->failure.subject, subject, length);
	c->failure.subject[length] = 0;
	errno = error;
	return -1;
}

static int run_one(struct context *c, uint16_t code, struct reader payload)
{
	op_function function = op_lookup(code);
	if (!function) {
		errno = ENOSYS;
		return -1;
	}
	if (function(c, &payload) < 0)
		return -1;
	if (payload.bad) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

int run_ops(struct context *c, struct reader ops)
{
	uint32_t count = read_u32(&ops);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t head = read_u32(&ops);
		struct reader payload = read_part(&ops, read_u32(&ops));
		uint16_t code = (uint16_t)(head & 0xffff), flags = (uint16_t)(head >> 16);
		c->failure.op = code;
		c->failure.subject[0] = 0;
		errno = EBADMSG;
		if (payload.bad || (run_one(c, code, payload) < 0 && !(flags & OP_OPTIONAL))) {
			c->failure.error = errno;
			return -1;
		}
	}
	return 0;
}

int adopt_helper(struct context *c, pid_t pid)
{
	if (c->helper_count == HELPERS_MAX) {
		errno = E2BIG;
		return -1;
	}
	c->helpers[c->helper_count++] = pid;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void helper_child(const int *keep, unsigned count)
{
	int sorted[count + 1];
	memcpy(sorted, keep, count * sizeof *keep);
	qsort(sorted, count, sizeof *sorted, ascending);
	unsigned from = 3;
	for (unsigned i = 0; i < count; i++) {
		if ((unsigned)sorted[i] > from)
			close_range(from, (unsigned)sorted[i] - 1, 0);
		if ((unsigned)sorted[i] >= from)
			from = (unsigned)sorted[i] + 1;
	}
	close_range(from, ~0u, 0);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}
