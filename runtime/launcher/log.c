/*
 * The log file: a record a read. u8 stream (1 stdout, 2 stderr), u8 flags (0), u16 0, u32 length, u64 ns since the epoch,
 * the bytes; runtime/launch/log-format.ts reads it. A record is written whole or not at all.
 */
#include "monitor.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

int log_open(struct log *l, const struct settings *s)
{
	struct stat st;
	l->fd = -1;
	if (!*s->log_path)
		return 0;
	l->fd = open(s->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return -1;
	l->size = (uint64_t)st.st_size;
	return 0;
}

/* PATH.1 is the youngest of the older ones. When nothing can be renamed, the current file goes on growing: better than losing lines. */
static void rotate(struct log *l, const struct settings *s)
{
	char from[PATH_MAX], to[PATH_MAX];
	for (uint32_t i = s->log_files; i-- > 1;) {
		snprintf(to, sizeof to, "%s.%u", s->log_path, i);
		if (i > 1)
			snprintf(from, sizeof from, "%s.%u", s->log_path, i - 1);
		else
			snprintf(from, sizeof from, "%s", s->log_path);
		if (rename(from, to) < 0 && i == 1)
			return;
	}
	if (s->log_files <= 1 && unlink(s->log_path) < 0)
		return;
	int fd = open(s->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	close(l->fd);
	l->fd = fd;
	l->size = 0;
}

void log_write(struct log *l, const struct settings *s, unsigned char stream, const void *bytes, uint32_t length, uint64_t ns)
{
	if (l->fd < 0)
		return;
	if (s->log_max && l->size > 0 && l->size + 16 + length > s->log_max)
		rotate(l, s);
	struct { uint8_t stream, flags; uint16_t zero; uint32_t length; uint64_t ns; } head = {
		.stream = stream, .length = htole32(length), .ns = htole64(ns),
	};
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof head },
		{ .iov_base = (void *)bytes, .iov_len = length },
	};
	ssize_t n;
	do
		n = writev(l->fd, parts, 2);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)(sizeof head + length))
		l->size += (uint64_t)n;
	else if (n > 0 && ftruncate(l->fd, (off_t)l->size) < 0)
		l->size += (uint64_t)n;	/* a full disk that does not even shrink: readers stop at the cut record */
}
