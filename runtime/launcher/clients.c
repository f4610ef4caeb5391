/* Connections to the monitor's socket, and what they are told. Nothing here blocks: who takes no answer only stops itself. */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define CONTROL_BACKLOG (1u << 20)	/* a controller that leaves this unread is dead */

struct client *client_add(struct monitor *m, int fd)
{
	struct client *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->fd = fd;
	c->next = m->clients;
	m->clients = c;
	return c;
}

/* Ends the connection so that the other side sees an end and no reset: nothing may be left unread in ours. */
void client_drop(struct monitor *m, struct client *c)
{
	shutdown(c->fd, SHUT_RDWR);
	while (recv(c->fd, batch, sizeof batch, MSG_DONTWAIT) > 0)
		;
	close(c->fd);
	for (struct process *p = m->processes; p; p = p->next)
		if (p->owner == c)
			p->owner = NULL;
	for (struct client **at = &m->clients; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	if (m->launching == c)
		m->launching = NULL;
	/* The input of who has gone has ended. */
	if (c->kind == CLIENT_ATTACHED && c->process && (c->bits & 1) && c->process->once && !c->process->tty)
		input_end(c->process);
	pending_free(&c->in);
	pending_free(&c->out);
	free(c);
}

/* Its output is over, but it may be writing: a write that fails would make it drop what it has not read yet. So it is told
   the end, and read until it ends too. */
static void client_leave(struct client *c)
{
	if (c->leaving)
		return;
	c->leaving = true;
	c->process = NULL;
	c->stalled_ms = now_ms();
	shutdown(c->fd, SHUT_WR);
}

void clients_sweep(struct monitor *m)
{
	for (struct client *c = m->clients, *next; c; c = next) {
		next = c->next;
		bool sent = c->end_when_sent && c->out.length == 0;
		bool writes = c->kind == CLIENT_ATTACHED && (c->bits & 1) && !c->input_ended;
		if (sent && writes && !c->gone)
			client_leave(c);
		else if (c->gone || sent)
			client_drop(m, c);
	}
}

void client_flush(struct client *c)
{
	size_t before = c->out.length;
	if (pending_write(&c->out, c->fd) < 0)
		c->gone = true;
	if (c->out.length == 0)
		c->stalled_ms = 0;
	else if (c->out.length < before || !c->stalled_ms)
		c->stalled_ms = now_ms();
}

void client_send(struct client *c, const void *head, size_t head_length, const void *bytes, size_t length)
{
	ssize_t n = 0;
	if (c->out.length == 0) {
		struct iovec parts[2] = {
			{ .iov_base = (void *)head, .iov_len = head_length },
			{ .iov_base = (void *)bytes, .iov_len = length },
		};
		do
			n = writev(c->fd, parts, 2);
		while (n < 0 && errno == EINTR);
		if (n < 0 && errno != EAGAIN) {
			c->gone = true;
			return;
		}
		n = n < 0 ? 0 : n;
	}
	size_t sent = (size_t)n, of_head = sent < head_length ? sent : head_length;
	if (sent == head_length + length)
		return;
	if (pending_add(&c->out, (const char *)head + of_head, head_length - of_head) < 0 ||
	    pending_add(&c->out, (const char *)bytes + (sent - of_head), length - (sent - of_head)) < 0 ||
	    (c->kind != CLIENT_ATTACHED && c->out.length > CONTROL_BACKLOG))
		c->gone = true;
	if (!c->stalled_ms)
		c->stalled_ms = now_ms();
}

void client_reply(struct client *c, enum reply kind, const struct writer *w)
{
	struct writer head = { 0 };
	put_u32(&head, w ? (uint32_t)w->length : 0);
	put_u32(&head, (uint32_t)kind);
	client_send(c, head.bytes, head.length, w ? w->bytes : NULL, w ? w->length : 0);
}

void client_fail(struct client *c, const struct failure *f)
{
	struct writer w = { 0 };
	put_u32(&w, f->op);
	put_u32(&w, (uint32_t)f->error);
	put_str(&w, f->subject);
	client_reply(c, REPLY_FAILED, &w);
}

void tell_started(struct process *p)
{
	struct writer w = { 0 };
	if (!p->owner)
		return;
	put_u32(&w, (uint32_t)p->pid);
	put_u64(&w, p->started_ns);
	client_reply(p->owner, REPLY_STARTED, &w);
}

void tell_failed(struct process *p, const struct failure *f)
{
	if (p->owner)
		client_fail(p->owner, f);
}

void tell_exited(struct monitor *m, struct process *p, bool oom)
{
	struct writer w = { 0 };
	int status = p->status;
	put_u32(&w, (uint32_t)exit_code(status));
	put_u32(&w, WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0);
	put_u32(&w, oom);
	put_u64(&w, p->ended_ns);
	for (struct client *c = m->clients; c; c = c->next)
		if (p == m->container ? c->kind == CLIENT_CONTROL : c == p->owner) {
			client_reply(c, REPLY_EXITED, &w);
			c->end_when_sent = !c->keeps;
		}
}

void tell_oom(struct monitor *m)
{
	for (struct client *c = m->clients; c; c = c->next)
		if (c->kind == CLIENT_CONTROL)
			client_reply(c, REPLY_OOM, NULL);
}
