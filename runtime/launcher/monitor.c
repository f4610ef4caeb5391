/* The monitor's loop: one poll over its socket, its clients, the output of its processes and the death of children. */
#include "monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>

#define FAREWELL_MS 30000	/* for clients that still have output to take after the end */

enum watch_kind { WATCH_LISTENER, WATCH_SIGNALS, WATCH_OOM, WATCH_SYNC, WATCH_OUT, WATCH_ERR, WATCH_IN, WATCH_CLIENT };

struct watch {
	enum watch_kind kind;
	void *what;
};

struct watches {
	struct pollfd *fds;
	struct watch *of;
	unsigned count, room;
};

uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void watch(struct watches *w, int fd, short events, enum watch_kind kind, void *what)
{
	if (fd < 0)
		return;
	if (w->count == w->room) {
		w->room = w->room ? w->room * 2 : 8;
		w->fds = realloc(w->fds, w->room * sizeof *w->fds);
		w->of = realloc(w->of, w->room * sizeof *w->of);
		if (!w->fds || !w->of)
			abort();
	}
	w->fds[w->count] = (struct pollfd){ .fd = fd, .events = events };
	w->of[w->count++] = (struct watch){ kind, what };
}

static void watch_process(struct watches *w, struct monitor *m, struct process *p)
{
	watch(w, p->sync, POLLIN, WATCH_SYNC, p);
	/* After the death what is left is read at once, whoever lags: a pipe holds little. */
	short wanted = p->reaped || !process_congested(m, p) ? POLLIN : 0;
	if (p->tty && p->input.length > 0)
		wanted |= POLLOUT;
	if (wanted)
		watch(w, p->out, wanted, WATCH_OUT, p);
	if (wanted & POLLIN)
		watch(w, p->err, POLLIN, WATCH_ERR, p);
	if (!p->tty && p->input.length > 0)
		watch(w, p->in, POLLOUT, WATCH_IN, p);
}

static void watch_client(struct watches *w, struct client *c)
{
	bool input_waits = c->kind == CLIENT_ATTACHED && c->process && (c->bits & 1) && c->process->input.length > 0;
	bool quiet = c->input_ended || input_waits || c->kind == CLIENT_PARKED;
	watch(w, c->fd, (quiet ? 0 : POLLIN) | (c->out.length ? POLLOUT : 0), WATCH_CLIENT, c);
}

static void collect(struct watches *w, struct monitor *m)
{
	w->count = 0;
	for (struct process *p = m->processes; p; p = p->next)
		watch_process(w, m, p);
	for (struct client *c = m->clients; c; c = c->next)
		watch_client(w, c);
	watch(w, m->listener, POLLIN, WATCH_LISTENER, NULL);
	watch(w, m->finished ? -1 : m->oom, POLLIN, WATCH_OOM, NULL);
	/* Deaths come last, so that what a process wrote is read first. */
	watch(w, m->signals, POLLIN, WATCH_SIGNALS, NULL);
}

static void accept_clients(struct monitor *m)
{
	int fd;
	while ((fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		if (!client_add(m, fd))
			close(fd);
}

static void client_event(struct monitor *m, struct client *c, short events)
{
	if (events & POLLOUT)
		client_flush(c);
	if (events & POLLIN) {
		if (c->kind == CLIENT_ATTACHED)
			input_read(m, c);
		else
			client_readable(m, c);
	}
	/* Hung up both ways; but what it sent before may still be there to read. */
	if ((events & (POLLHUP | POLLERR)) && (!(events & POLLIN) || c->input_ended))
		c->gone = true;
}

static void process_event(struct monitor *m, struct process *p, enum watch_kind kind, short events)
{
	if (events & POLLOUT)
		input_flush(p);
	if (kind == WATCH_OUT && p->out >= 0 && events & ~POLLOUT)
		stream_read(m, p, &p->out, 1);
	if (kind == WATCH_ERR && p->err >= 0)
		stream_read(m, p, &p->err, 2);
	if (kind == WATCH_IN && events & POLLERR)
		input_flush(p);
}

static void signals_event(struct monitor *m)
{
	struct signalfd_siginfo info;
	while (read(m->signals, &info, sizeof info) > 0)
		;
	process_reap(m);
}

static void dispatch(struct monitor *m, const struct watch *w, short events)
{
	switch (w->kind) {
	case WATCH_LISTENER:
		accept_clients(m);
		break;
	case WATCH_SIGNALS:
		signals_event(m);
		break;
	case WATCH_OOM:
		oom_event(m);
		break;
	case WATCH_SYNC:
		if (((struct process *)w->what)->sync >= 0)
			process_sync(m, w->what);
		break;
	case WATCH_CLIENT:
		client_event(m, w->what, events);
		break;
	default:
		process_event(m, w->what, w->kind, events);
	}
}

static bool stalled(const struct monitor *m, const struct client *c, uint64_t now)
{
	uint64_t limit = m->finished || !c->process ? FAREWELL_MS : m->settings.stall_ms;
	return limit && c->kind == CLIENT_ATTACHED && c->stalled_ms && now - c->stalled_ms >= limit;
}

/* Until when to sleep at most. */
static int timeout_ms(const struct monitor *m)
{
	for (const struct process *p = m->processes; p; p = p->next)
		if (p->reaped)
			return 50;
	for (const struct client *c = m->clients; c; c = c->next)
		if (c->stalled_ms)
			return 1000;
	return -1;
}

/* Ends what has ended: output of dead processes, clients that take nothing, execs. */
static void settle(struct monitor *m)
{
	uint64_t now = now_ms();
	for (struct client *c = m->clients; c; c = c->next)
		if (stalled(m, c, now))
			c->gone = true;
	for (struct process *p = m->processes, *next; p; p = next) {
		next = p->next;
		if (!p->reaped)
			continue;
		if (p->sync < 0 && !m->finished && p != m->container && (process_drained(p) || now >= p->drain_until_ms)) {
			process_streams_end(m, p);
			process_free(m, p);
		} else if (p == m->container && !m->finished && !p->failed && (process_drained(p) || now >= p->drain_until_ms))
			finish(m);
	}
	clients_sweep(m);
}

/* Never came to life: given up before go, or it could not execute. */
static bool stillborn(const struct monitor *m)
{
	return m->container->failed || ((!m->launching || m->abandoned) && m->container->started_ns == 0);
}

static int bury(struct monitor *m)
{
	struct failure f = m->context.failure;
	cleanup(m);
	if (m->container->failed)
		tell_failed(m->container, &f);
	while (m->clients)
		client_drop(m, m->clients);
	return 1;
}

/* Whoever was to run it again is gone, or has thought better of it. */
static void forget_kept(struct monitor *m)
{
	if (m->listener < 0)
		return;
	cleanup(m);
	for (struct client *c = m->clients; c; c = c->next)
		if (c->kind != CLIENT_ATTACHED)
			c->gone = true;
	clients_sweep(m);
}

int monitor_loop(struct monitor *m)
{
	struct watches w = { 0 };
	for (;;) {
		settle(m);
		if (stillborn(m))
			return bury(m);
		if (m->finished && !keeper(m))
			forget_kept(m);
		if (m->finished && !m->clients)
			return 0;
		collect(&w, m);
		if (poll(w.fds, w.count, timeout_ms(m)) <= 0)
			continue;
		/* Nothing that is watched is freed before settle(). */
		for (unsigned i = 0; i < w.count; i++)
			if (w.fds[i].revents)
				dispatch(m, &w.of[i], w.fds[i].revents);
	}
}
