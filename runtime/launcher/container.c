/* Job "container": becomes the monitor of a new container and brings its process up to the last step before its exec. */
#include "jobs.h"
#include "monitor.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct container_request {
	uint64_t clone_flags;
	bool go_at_once;	/* as if COMMAND_GO came right behind */
	struct reader before, host, inside;
};

/* The settings outlive the request: they get memory of their own, and point into it. */
static int read_settings(struct settings *s, struct reader *r)
{
	uint32_t length, count;
	const unsigned char *bytes = read_bytes(r, &length);
	unsigned char *own = malloc(length + 1);
	if (!own)
		return -1;
	free(s->memory);
	free(s->cgroup_files);
	free(s->cgroup_dirs);
	s->cgroup_files = s->cgroup_dirs = NULL;
	s->memory = own;
	memcpy(own, bytes, length);
	own[length] = 0;
	struct reader in = { .at = own, .end = own + length };
	s->socket = read_str(&in);
	s->exit_file = read_str(&in);
	s->log_path = read_str(&in);
	s->log_max = read_u64(&in);
	s->log_files = read_u32(&in);
	s->log_compress = read_u32(&in);
	s->tty = read_u32(&in);
	s->open_stdin = read_u32(&in);
	s->stdin_once = read_u32(&in);
	s->container_id = read_str(&in);
	s->join_flags = read_u32(&in);
	s->stall_ms = read_u32(&in);
	s->into_cgroup = read_str(&in);
	s->cgroup_files = read_list(&in, &count);
	s->cgroup_dirs = read_list(&in, &count);
	s->oom_file = read_str(&in);
	s->kill_all = read_u32(&in);
	errno = EBADMSG;
	return in.bad ? -1 : 0;
}

static int read_container(struct monitor *m, struct container_request *q, struct reader *r)
{
	if (read_settings(&m->settings, r) < 0)
		return -1;
	q->clone_flags = read_u64(r);
	q->go_at_once = read_u32(r);
	struct reader *lists[] = { &q->before, &q->host, &q->inside };
	for (int i = 0; i < 3; i++) {
		uint32_t length = read_u32(r);
		*lists[i] = read_part(r, length);
	}
	errno = EBADMSG;
	return r->bad ? -1 : 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old = umask(0177);
	if (fd >= 0 && ((unlink(path) < 0 && errno != ENOENT) ||
			bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)) {
		int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	umask(old);
	return fd;
}

static int note(struct monitor *m, const char *subject)
{
	m->context.failure.op = 0;
	m->context.failure.error = errno;
	return fail(&m->context, subject);
}

static int monitor_open(struct monitor *m)
{
	sigset_t child;
	setsid();
	prctl(PR_SET_NAME, "devenv-monitor");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	m->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals < 0)
		return note(m, "signalfd");
	m->pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (m->pids < 0)
		return note(m, "pid namespace");
	m->listener = listen_at(m->settings.socket);
	return m->listener < 0 ? note(m, m->settings.socket) : 0;
}

/* Without reaping it. */
static bool has_died(pid_t pid)
{
	siginfo_t info = { 0 };
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static int bring_up(struct monitor *m, const struct container_request *q)
{
	char message = SYNC_HOST;
	if (unlink(m->settings.exit_file) < 0 && errno != ENOENT)	/* of an earlier run: it would be taken for ours */
		return note(m, m->settings.exit_file);
	if (run_ops(&m->context, q->before) < 0)
		return -1;
	if (log_open(&m->log, &m->settings) < 0)	/* in a folder that may have been made just now */
		return note(m, m->settings.log_path);
	struct start s = {
		.clone_flags = q->clone_flags, .into_cgroup = m->settings.into_cgroup, .ops = q->inside,
		.tty = m->settings.tty, .stdin_pipe = m->settings.open_stdin,
	};
	m->container = process_start(m, &s);
	if (!m->container)
		return note(m, "clone");
	m->container->once = m->settings.stdin_once;
	m->context.pid = m->container->pid;
	if (run_ops(&m->context, q->host) < 0) {
		/* Of one that died the host's operations only find that it is gone: what it said of its death counts. */
		if (has_died(m->container->pid))
			process_wait_ready(m, m->container);
		return -1;
	}
	/* Its death shows in process_wait_ready. */
	if (send(m->container->sync, &message, 1, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		return note(m, "sync");
	if (process_wait_ready(m, m->container) < 0)
		return -1;
	/* Only children are concerned: execs are born in the container's pid namespace. */
	if ((m->settings.join_flags & CLONE_NEWPID) && setns(m->container_fd, CLONE_NEWPID) < 0)
		return note(m, "pid namespace");
	return 0;
}

static int give_up(struct monitor *m, int fd)
{
	struct failure f = m->context.failure;
	cleanup(m);
	reply_failure(fd, &f);
	return 1;
}

/* The kernel takes milliseconds to undo mounts. Where the last process of a container does not have to, its death shows
   at once; finish() lets go of them when it has told of that. */
static void hold_mounts(struct monitor *m)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", m->container->pid);
	m->mounts = open(path, O_RDONLY | O_CLOEXEC);
}

/* Answers READY, and goes on at once when that is wanted. */
static void launched(struct monitor *m, struct client *c, const struct container_request *q)
{
	struct writer w = { 0 };
	m->launching = c;
	c->kind = CLIENT_CONTROL;
	c->process = m->container;
	m->container->owner = c;
	hold_mounts(m);
	put_u32(&w, (uint32_t)m->container->pid);
	client_reply(c, REPLY_READY, &w);
	if (q->go_at_once)
		client_go(m, c);
	oom_watch(m);
}

/* The ended one is forgotten: who was attached to it only gets what has been sent, who controls it is told nothing more. */
static void forget_ended(struct monitor *m, const struct client *but)
{
	while (m->processes)
		process_free(m, m->processes);
	m->container = NULL;
	for (struct client *c = m->clients; c; c = c->next)
		if (c != but && c->kind != CLIENT_ATTACHED)
			c->gone = true;
	int *once[] = { &m->oom, &m->container_fd, &m->mounts };
	for (int i = 0; i < 3; i++) {
		if (*once[i] >= 0)
			close(*once[i]);
		*once[i] = -1;
	}
	m->finished = m->abandoned = false;
}

void container_again(struct monitor *m, struct client *c, struct reader body)
{
	struct container_request q;
	struct failure f;
	c->keeps = false;
	forget_ended(m, c);
	if (read_container(m, &q, &body) < 0)
		note(m, "request");
	/* Children were born in the namespace of the process that has ended. */
	else if (setns(m->pids, CLONE_NEWPID) < 0)
		note(m, "pid namespace");
	else if (bring_up(m, &q) == 0) {
		close(m->network);
		m->network = -1;
		launched(m, c, &q);
		return;
	}
	f = m->context.failure;
	cleanup(m);
	reply_failure(c->fd, &f);
	exit(1);
}

int job_container(int fd, struct request *r)
{
	static struct monitor m;
	struct container_request q;
	context_init(&m.context);
	m.context.monitor = &m;
	m.listener = m.container_fd = m.log.fd = m.oom = m.root = m.network = m.pids = m.mounts = -1;
	if (read_container(&m, &q, &r->body) < 0) {
		note(&m, "request");
		return reply_failure(fd, &m.context.failure) < 0;
	}
	if (monitor_open(&m) < 0 || bring_up(&m, &q) < 0)
		return give_up(&m, fd);
	struct client *c = client_add(&m, fd);
	if (!c)
		return 1;
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	launched(&m, c, &q);
	request_free(r);
	return monitor_loop(&m);
}
