/* Starts a process in its namespaces, follows it until it executes, reaps it. */
#include "monitor.h"
#include "ops.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* As fork, with namespaces and a cgroup to be born in. */
static pid_t clone_into(uint64_t flags, const char *into_cgroup, int *pidfd)
{
	struct clone_args args = { .flags = flags | CLONE_PIDFD, .pidfd = (uintptr_t)pidfd, .exit_signal = SIGCHLD };
	int group = -1;
	if (*into_cgroup) {
		group = open(into_cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (group < 0)
			return -1;
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)group;
	}
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	int error = errno;
	if (group >= 0)
		close(group);
	errno = error;
	return pid;
}

/* As clone_into, with a network namespace that is there already, if one is. */
static pid_t clone_process(uint64_t flags, const char *into_cgroup, int *pidfd)
{
	bool own_network = (flags & CLONE_NEWNET) && !(flags & CLONE_NEWUSER);
	int home = own_network ? spare_network_enter() : -1;
	if (home < 0)
		return clone_into(flags, into_cgroup, pidfd);
	pid_t pid = clone_into(flags & ~(uint64_t)CLONE_NEWNET, into_cgroup, pidfd);
	int error = errno;
	if (pid != 0 && setns(home, CLONE_NEWNET) < 0)
		_exit(1);	/* the child goes with its parent */
	close(home);
	errno = error;
	return pid;
}

struct ends { int in[2], out[2], err[2], sync[2]; };

static int make_ends(struct ends *e, const struct start *s)
{
	memset(e, -1, sizeof *e);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, e->sync) < 0)
		return -1;
	if (s->tty)
		return 0;
	if (pipe2(e->out, O_CLOEXEC) < 0 || pipe2(e->err, O_CLOEXEC) < 0)
		return -1;
	return s->stdin_pipe ? pipe2(e->in, O_CLOEXEC) : 0;
}

static void close_ends(struct ends *e, bool both)
{
	int ours[] = { e->in[1], e->out[0], e->err[0], e->sync[0] };
	int theirs[] = { e->in[0], e->out[1], e->err[1], e->sync[1] };
	for (int i = 0; i < 4; i++) {
		if (theirs[i] >= 0)
			close(theirs[i]);
		if (both && ours[i] >= 0)
			close(ours[i]);
	}
}

/* In the new process; never returns. */
static void child(struct monitor *m, const struct start *s, struct ends *e)
{
	sigset_t none;
	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setsid();
	close(e->sync[0]);
	struct context c;
	context_init(&c);
	c.sync = e->sync[1];
	c.monitor = m;
	if (!s->tty)
		if ((e->in[0] >= 0 && dup2(e->in[0], 0) < 0) || dup2(e->out[1], 1) < 0 || dup2(e->err[1], 2) < 0)
			_exit(1);
	run_ops(&c, s->ops);
	/* Only an exec ends a list well, and it does not return. */
	if (write(c.sync, &c.failure, sizeof c.failure) < 0)
		_exit(2);
	_exit(1);
}

struct process *process_start(struct monitor *m, const struct start *s)
{
	struct ends e;
	struct process *p = calloc(1, sizeof *p);
	int pidfd = -1;
	if (!p || make_ends(&e, s) < 0) {
		free(p);
		return NULL;
	}
	pid_t pid = clone_process(s->clone_flags, s->into_cgroup, &pidfd);
	if (pid == 0)
		child(m, s, &e);
	int error = errno;
	close_ends(&e, pid < 0);
	if (pid < 0) {
		free(p);
		errno = error;
		return NULL;
	}
	*p = (struct process){ .next = m->processes, .pid = pid, .sync = e.sync[0], .in = e.in[1], .out = e.out[0],
			       .err = e.err[0], .tty = s->tty };
	int nonblocking[] = { p->in, p->out, p->err };
	for (int i = 0; i < 3; i++)
		if (nonblocking[i] >= 0)
			fcntl(nonblocking[i], F_SETFL, O_NONBLOCK);
	m->processes = p;
	if (m->container_fd < 0)
		m->container_fd = pidfd;
	else
		close(pidfd);
	return p;
}

static void take_descriptor(struct monitor *m, struct process *p, int kind, const void *at)
{
	int *to = kind == SYNC_ROOT ? &m->root : &p->out;
	if (*to >= 0)
		close(*to);
	memcpy(to, at, sizeof *to);
	if (kind == SYNC_TERMINAL)
		fcntl(*to, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* One message: SYNC_*, 'F' with m->context.failure filled, 0 at the end, -1 when there is none now. */
static int sync_receive(struct monitor *m, struct process *p, int flags)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
	struct failure f;
	struct iovec part = { .iov_base = &f, .iov_len = sizeof f };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n;
	do
		n = recvmsg(p->sync, &message, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));	/* a reset (it died without reading ours) is told once, before what it said */
	if (n <= 0)
		return n == 0 || errno != EAGAIN ? 0 : -1;
	if (n == sizeof f) {
		m->context.failure = f;
		return 'F';
	}
	int kind = *(unsigned char *)&f;
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS)
		take_descriptor(m, p, kind, CMSG_DATA(head));
	return kind;
}

static void died_early(struct monitor *m)
{
	m->context.failure = (struct failure){ .op = 0, .error = ECHILD, .subject = "the process died while it was set up" };
}

int process_wait_ready(struct monitor *m, struct process *p)
{
	for (;;) {
		int message = sync_receive(m, p, 0);
		if (message == SYNC_READY)
			return 0;
		if (message == 0)
			died_early(m);
		if (message == 0 || message == 'F')
			return -1;
	}
}

void process_sync(struct monitor *m, struct process *p)
{
	int message;
	while ((message = sync_receive(m, p, MSG_DONTWAIT)) != -1) {
		if (message != 0 && message != 'F')
			continue;
		close(p->sync);
		p->sync = -1;
		/* Before go nothing executes: an end then is a death. */
		if (message == 0 && p->token == 0 && p->started_ns == 0)
			died_early(m);
		p->failed = message == 'F' || (p->token == 0 && p->started_ns == 0);
		p->started = !p->failed;
		/* A container that fails is told of after its remains are gone (monitor_loop). */
		if (p->started)
			tell_started(p);
		else if (p != m->container)
			tell_failed(p, &m->context.failure);
		return;
	}
}

static void reaped(struct monitor *m, struct process *p, int status)
{
	p->reaped = true;
	p->status = status;
	p->ended_ns = now_ns();
	p->drain_until_ms = now_ms() + 2000;
	if (p->sync >= 0)
		process_sync(m, p);
	input_end(p);
	if (p != m->container && !p->failed)
		tell_exited(m, p, false);
}

void process_reap(struct monitor *m)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (struct process *p = m->processes; p; p = p->next)
			if (p->pid == pid && !p->reaped) {
				reaped(m, p, status);
				break;
			}
		for (unsigned i = 0; i < m->context.helper_count; i++)
			if (m->context.helpers[i] == pid)
				m->context.helpers[i] = 0;
	}
}

void process_free(struct monitor *m, struct process *p)
{
	for (struct process **at = &m->processes; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	for (struct client *c = m->clients; c; c = c->next)
		if (c->process == p)
			c->process = NULL;
	int fds[] = { p->sync, p->in, p->out, p->err };
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	pending_free(&p->input);
	free(p);
}
