/* Bytes that wait for a slow receiver: empty most of the time, and then without memory. */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>

int pending_add(struct pending *p, const void *bytes, size_t length)
{
	if (length == 0)
		return 0;
	if (p->at > 0 && p->at + p->length + length > p->room) {
		memmove(p->bytes, p->bytes + p->at, p->length);
		p->at = 0;
	}
	if (p->at + p->length + length > p->room) {
		size_t room = p->length + length;
		unsigned char *larger = realloc(p->bytes, room);
		if (!larger)
			return -1;
		p->bytes = larger;
		p->room = room;
	}
	memcpy(p->bytes + p->at + p->length, bytes, length);
	p->length += length;
	return 0;
}

void pending_free(struct pending *p)
{
	free(p->bytes);
	memset(p, 0, sizeof *p);
}

int pending_write(struct pending *p, int fd)
{
	while (p->length > 0) {
		ssize_t n = write(fd, p->bytes + p->at, p->length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		p->at += (size_t)n;
		p->length -= (size_t)n;
	}
	pending_free(p);
	return 0;
}
