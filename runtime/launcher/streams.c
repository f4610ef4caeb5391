/*
 * Output goes to the log and to every attached client; input comes from attached clients.
 *
 * A client that does not take its output holds the process back, as a pipe does and as Docker does: nothing is lost.
 * One that takes nothing for settings.stall_ms (0: ever) loses its connection instead, so that a forgotten client
 * cannot stop a service.
 */
#include "monitor.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

unsigned char batch[65536];

static void hand_out(struct monitor *m, struct process *p, unsigned char stream, size_t length)
{
	unsigned char frame[8] = { stream };
	uint32_t big = htobe32((uint32_t)length);
	memcpy(frame + 4, &big, 4);
	for (struct client *c = m->clients; c; c = c->next)
		if (c->kind == CLIENT_ATTACHED && c->process == p && !c->gone && (c->bits & (1u << stream)))
			client_send(c, frame, p->tty ? 0 : sizeof frame, batch, length);
}

bool stream_read(struct monitor *m, struct process *p, int *fd, unsigned char stream)
{
	ssize_t n;
	do
		n = read(*fd, batch, sizeof batch);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	/* The end; a terminal whose other side nobody holds any more says EIO. */
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return false;
	}
	if (p == m->container)
		log_write(&m->log, &m->settings, stream, batch, (uint32_t)n, now_ns());
	hand_out(m, p, stream, (size_t)n);
	return true;
}

bool process_congested(const struct monitor *m, const struct process *p)
{
	for (const struct client *c = m->clients; c; c = c->next)
		if (c->kind == CLIENT_ATTACHED && c->process == p && c->out.length > 0 && !c->gone)
			return true;
	return false;
}

bool process_drained(const struct process *p)
{
	return p->out < 0 && p->err < 0;
}

/* Output is over: what attached clients still have to get is sent, then their connection ends. */
void process_streams_end(struct monitor *m, struct process *p)
{
	if (p->out >= 0)
		close(p->out);
	if (p->err >= 0)
		close(p->err);
	p->out = p->err = -1;
	for (struct client *c = m->clients; c; c = c->next)
		if (c->kind == CLIENT_ATTACHED && c->process == p) {
			c->end_when_sent = true;
			client_flush(c);
		}
}

static int input_fd(const struct process *p)
{
	return p->tty ? p->out : p->in;
}

void input_end(struct process *p)
{
	p->close_input = true;
	if (p->in >= 0 && (p->input.length == 0 || p->reaped)) {
		close(p->in);
		p->in = -1;
		pending_free(&p->input);
	}
}

void input_flush(struct process *p)
{
	if (pending_write(&p->input, input_fd(p)) < 0) {
		pending_free(&p->input);
		p->close_input = true;
	}
	if (p->close_input)
		input_end(p);
}

static void input_ended(struct client *c)
{
	c->input_ended = true;
	if (c->process && (c->bits & 1) && c->process->once && !c->process->tty)
		input_end(c->process);
}

void input_read(struct monitor *m, struct client *c)
{
	ssize_t n;
	(void)m;
	do
		n = read(c->fd, batch, sizeof batch);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		c->gone = true;
	if (n <= 0) {
		input_ended(c);
		return;
	}
	struct process *p = c->process;
	if (!p || !(c->bits & 1) || input_fd(p) < 0 || p->close_input)
		return;	/* nobody reads it: as with a closed pipe that one may ignore */
	pending_add(&p->input, batch, (size_t)n);
	input_flush(p);
}
