/*
 * The end of a container, in this order: its helpers and stray processes are gone and its groups removed, the exit file is
 * there, the socket is not, and only then is anybody told: who is told may start it again at once. Its mounts go last:
 * nobody can reach them any more.
 */
#include "monitor.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define REMOVE_TRIES 50

int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Only root's own children: a pid read from a file may be somebody else's by now, so the groups are asked again each time. */
static void kill_group(const char *group)
{
	char path[PATH_MAX], text[4096];
	snprintf(path, sizeof path, "%s/cgroup.kill", group);
	if (write_file(AT_FDCWD, path, "1", 1) == 0)
		return;
	snprintf(path, sizeof path, "%s/cgroup.procs", group);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	text[n] = 0;
	for (char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		pid_t pid = (pid_t)strtol(at, NULL, 10);
		if (pid > 1)
			kill(pid, SIGKILL);
	}
}

static void remove_group(const struct monitor *m, const char *group)
{
	for (int i = 0; i < REMOVE_TRIES && rmdir(group) < 0 && errno == EBUSY; i++) {
		struct timespec pause = { .tv_nsec = 2000000 };
		if (m->settings.kill_all)
			kill_group(group);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nanosleep(&pause, NULL);
	}
}

struct client *keeper(const struct monitor *m)
{
	for (struct client *c = m->clients; c; c = c->next)
		if (c->keeps && !c->gone)
			return c;
	return NULL;
}

/* What ends with the process, whoever keeps the rest. */
static void cleanup_process(struct monitor *m)
{
	for (struct process *p = m->processes; p; p = p->next)
		if (!p->reaped && kill(p->pid, SIGKILL) == 0) {
			waitpid(p->pid, NULL, 0);
			p->reaped = true;
		}
	for (char **group = m->settings.cgroup_dirs; group && *group; group++)
		remove_group(m, *group);
	if (m->log.fd >= 0)
		close(m->log.fd);
	m->log.fd = -1;
}

void cleanup(struct monitor *m)
{
	for (unsigned i = 0; i < m->context.helper_count; i++)
		if (m->context.helpers[i] > 0) {
			kill(m->context.helpers[i], SIGKILL);
			waitpid(m->context.helpers[i], NULL, 0);
		}
	m->context.helper_count = 0;
	cleanup_process(m);
	if (m->listener >= 0) {
		unlink(m->settings.socket);
		close(m->listener);
	}
	m->listener = -1;
}

/* code, signal, oom, ended ns, started ns: in decimal on one line. One write: a reader sees all of it or an empty file. */
static void write_exit_file(const struct monitor *m, bool oom)
{
	const struct process *p = m->container;
	char text[128];
	int signal = WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;
	int length = snprintf(text, sizeof text, "%d %d %d %llu %llu\n", exit_code(p->status), signal, oom,
			      (unsigned long long)p->ended_ns, (unsigned long long)p->started_ns);
	int fd = open(m->settings.exit_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, text, (size_t)length) != length)
		unlink(m->settings.exit_file);
	close(fd);
}

void finish(struct monitor *m)
{
	bool oom = oom_killed(m);
	for (struct process *p = m->processes; p; p = p->next)
		process_streams_end(m, p);
	if (keeper(m))
		cleanup_process(m);
	else
		cleanup(m);
	write_exit_file(m, oom);
	tell_exited(m, m->container, oom);
	close(m->mounts);
	m->mounts = -1;
	for (struct client *c = m->clients; c; c = c->next)
		if (c->kind != CLIENT_ATTACHED && !c->keeps)	/* nothing is left that they could ask for */
			c->end_when_sent = true;
	m->finished = true;
}
