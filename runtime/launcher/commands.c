/*
 * What clients of the monitor's socket ask for. Requests are read frame by frame and never a byte further, so that what
 * follows an attach is input. Nothing here blocks: a client that sends half a frame or takes no answer only stops itself.
 */
#include "monitor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void reply_number(struct client *c, uint32_t value)
{
	struct writer w = { 0 };
	put_u32(&w, value);
	client_reply(c, REPLY_OK, &w);
}

static void fail_errno(struct client *c, const char *subject)
{
	struct failure f = { .error = errno };
	strncpy(f.subject, subject, sizeof f.subject - 1);
	client_fail(c, &f);
}

static void state(struct monitor *m, struct client *c)
{
	struct writer w = { 0 };
	c->kind = CLIENT_CONTROL;
	c->process = m->container;
	put_u32(&w, (uint32_t)m->container->pid);
	put_u64(&w, m->container->started_ns);
	put_str(&w, m->settings.container_id);
	client_reply(c, REPLY_STATE, &w);
}

static void attach(struct client *c, struct process *p)
{
	c->kind = CLIENT_ATTACHED;
	c->process = p;
	client_reply(c, REPLY_OK, NULL);
	if (p->reaped && process_drained(p))
		c->end_when_sent = true;
}

static struct client *with_token(struct monitor *m, uint64_t token, enum client_kind kind)
{
	for (struct client *c = m->clients; c; c = c->next)
		if (c->kind == kind && c->token == token && !c->gone)
			return c;
	return NULL;
}

/* `frame` is the whole EXEC request; `stream` who gets the output, or NULL. */
static void exec_start(struct monitor *m, struct client *c, struct reader body, struct client *stream)
{
	struct start s = { .into_cgroup = m->settings.into_cgroup };
	uint64_t token = read_u64(&body);
	read_u32(&body);
	s.tty = read_u32(&body);
	s.stdin_pipe = read_u32(&body);
	uint32_t length = read_u32(&body);
	s.ops = read_part(&body, length);
	errno = body.bad ? EBADMSG : ESRCH;
	struct process *p = body.bad || m->container->reaped ? NULL : process_start(m, &s);
	if (!p) {
		fail_errno(c, "exec");
		c->end_when_sent = true;
		if (stream)
			stream->gone = true;
		return;
	}
	p->token = token ? token : 1;
	p->once = true;
	p->started_ns = now_ns();
	p->owner = c;
	c->kind = CLIENT_EXEC;
	c->process = p;
	if (stream)
		attach(stream, p);
}

static void exec_asked(struct monitor *m, struct client *c)
{
	struct reader body = { .at = c->in.bytes + FRAME_HEADER, .end = c->in.bytes + c->in.length };
	struct reader look = body;
	c->token = read_u64(&look);
	bool attached = read_u32(&look);
	struct client *stream = attached ? with_token(m, c->token, CLIENT_PARKED) : NULL;
	if (attached && !stream) {
		c->kind = CLIENT_EXEC_WAITING;
		return;
	}
	exec_start(m, c, body, stream);
	pending_free(&c->in);
}

static void attach_asked(struct monitor *m, struct client *c, struct reader *body)
{
	c->token = read_u64(body);
	c->bits = read_u32(body);
	if (c->token == 0) {
		attach(c, m->container);
		return;
	}
	c->kind = CLIENT_PARKED;
	struct client *waiting = with_token(m, c->token, CLIENT_EXEC_WAITING);
	if (waiting)
		exec_asked(m, waiting);
}

static void resize(struct client *c, struct reader *body)
{
	struct winsize size = { .ws_row = (unsigned short)read_u32(body), .ws_col = (unsigned short)read_u32(body) };
	struct process *p = c->process;
	errno = p && p->tty ? ENXIO : ENOTTY;
	if (!p || !p->tty || p->out < 0 || ioctl(p->out, TIOCSWINSZ, &size) < 0)
		fail_errno(c, "resize");
	else
		reply_number(c, 1);
}

static void send_signal(struct client *c, struct reader *body)
{
	struct process *p = c->process;
	int signal = (int)read_u32(body);
	if (p && !p->reaped && kill(p->pid, signal) < 0 && errno != ESRCH)
		fail_errno(c, "signal");
	else
		reply_number(c, p && !p->reaped);
}

void client_go(struct monitor *m, struct client *c)
{
	struct process *p = m->container;
	char message = SYNC_GO;
	if (c != m->launching || p->started_ns) {
		errno = EALREADY;
		fail_errno(c, "go");
		return;
	}
	p->started_ns = now_ns();
	if (p->sync >= 0 && send(p->sync, &message, 1, MSG_NOSIGNAL) < 0)
		process_sync(m, p);
}

/* Before go as going away does, but told when all is cleaned up; after it the container is killed, and its end told. */
static void abandon(struct monitor *m)
{
	m->abandoned = true;
	if (m->container->started_ns && !m->container->reaped)
		kill(m->container->pid, SIGKILL);
}

static void keep(struct monitor *m, struct client *c)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)m->container->pid);
	if (m->network < 0 && !m->container->reaped)
		m->network = open(path, O_RDONLY | O_CLOEXEC);
	else
		errno = ESRCH;
	c->keeps = m->network >= 0 && m->root >= 0 && !keeper(m) && !m->container->reaped;
	if (c->keeps)
		client_reply(c, REPLY_OK, NULL);
	else
		fail_errno(c, "keep");
}

/* The frame is the launch itself; it is freed when it has been read. */
static void relaunch(struct monitor *m, struct client *c)
{
	struct pending frame = c->in;
	c->in = (struct pending){ 0 };
	struct reader body = { .at = frame.bytes + FRAME_HEADER, .end = frame.bytes + frame.length };
	container_again(m, c, body);
	pending_free(&frame);
}

static void handle(struct monitor *m, struct client *c)
{
	uint16_t kind = (uint16_t)(c->in.bytes[4] | c->in.bytes[5] << 8);
	struct reader body = { .at = c->in.bytes + FRAME_HEADER, .end = c->in.bytes + c->in.length };
	bool fresh = c->kind == CLIENT_NEW, control = c->kind == CLIENT_CONTROL || c->kind == CLIENT_EXEC;
	if (fresh && kind == COMMAND_EXEC) {
		exec_asked(m, c);
		return;
	}
	if (c->keeps && m->finished && kind == COMMAND_RELAUNCH) {
		relaunch(m, c);
		return;
	}
	if (fresh && kind == COMMAND_CONTROL)
		state(m, c);
	else if (fresh && kind == COMMAND_ATTACH)
		attach_asked(m, c, &body);
	else if (control && kind == COMMAND_GO)
		client_go(m, c);
	else if (control && kind == COMMAND_SIGNAL)
		send_signal(c, &body);
	else if (control && kind == COMMAND_RESIZE)
		resize(c, &body);
	else if (control && kind == COMMAND_KEEP)
		keep(m, c);
	else if (c->keeps && m->finished && kind == COMMAND_ABANDON)
		c->keeps = false;	/* monitor_loop() cleans up, and this connection ends with it */
	else if (control && kind == COMMAND_ABANDON && c == m->launching)
		abandon(m);
	else
		c->gone = true;
	pending_free(&c->in);
}

/* How many bytes the frame that is being read still wants; 0: it is whole. */
static size_t wanted(struct client *c)
{
	if (c->in.length < FRAME_HEADER)
		return FRAME_HEADER - c->in.length;
	struct reader r = { .at = c->in.bytes, .end = c->in.bytes + FRAME_HEADER };
	size_t body = read_u32(&r);
	if (body > FRAME_MAX)
		c->gone = true;
	return FRAME_HEADER + body - c->in.length;
}

void client_readable(struct monitor *m, struct client *c)
{
	for (size_t want; !c->gone && (want = wanted(c)) > 0;) {
		ssize_t n = read(c->fd, batch, want < sizeof batch ? want : sizeof batch);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || pending_add(&c->in, batch, (size_t)n) < 0) {
			c->gone = true;
			return;
		}
	}
	if (!c->gone)
		handle(m, c);
}
