/*
 * The log file: a record a read. u8 stream (1 stdout, 2 stderr), u8 flags (0), u16 0, u32 length, u64 ns since the epoch,
 * the bytes; runtime/launch/log-format.ts reads it. A record is written whole or not at all. A file that has reached its
 * limit is rotated before the next record.
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

/* PATH.AGE becomes the next older one, compressed or not yet; the oldest that is kept is overwritten. */
static void grow_older(const struct settings *s, uint32_t age)
{
	static const char *const suffixes[] = { "", ".gz" };
	char from[PATH_MAX], to[PATH_MAX];
	for (int i = 0; i < 2; i++) {
		snprintf(from, sizeof from, "%s.%u%s", s->log_path, age, suffixes[i]);
		snprintf(to, sizeof to, "%s.%u%s", s->log_path, age + 1, suffixes[i]);
		if (rename(from, to) < 0)
			unlink(to);
	}
}

/* PATH.1 is the youngest of the older ones. When nothing can be renamed, the current file goes on growing: better than losing lines. */
static void rotate(struct log *l, const struct settings *s)
{
	char youngest[PATH_MAX];
	for (uint32_t age = s->log_files; age-- > 2;)
		grow_older(s, age - 1);
	snprintf(youngest, sizeof youngest, "%s.1", s->log_path);
	if (s->log_files > 1 && rename(s->log_path, youngest) < 0)
		return;
	if (s->log_files <= 1 && unlink(s->log_path) < 0)
		return;
	int fd = open(s->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	close(l->fd);
	l->fd = fd;
	l->size = 0;
	if (s->log_compress && s->log_files > 1)
		log_compress(s);
}

static void append(struct log *l, unsigned char stream, const void *bytes, uint32_t length, uint64_t ns)
{
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

/* Longer lines are cut, as Docker cuts them. */
#define LINE_MAX_BYTES (16u << 10)

/* How much of it the current file takes: up to the end of the line that reaches the limit, which so is passed by one line at most. */
static uint32_t room_for(const struct log *l, const struct settings *s, const char *bytes, uint32_t length)
{
	uint64_t taken = l->size + sizeof(uint64_t) * 2;
	uint64_t left = s->log_max > taken ? s->log_max - taken : 1;
	if (length <= left)
		return length;
	uint32_t rest = length - (uint32_t)left + 1;
	if (rest > LINE_MAX_BYTES)
		rest = LINE_MAX_BYTES;
	const char *from = bytes + left - 1, *end = memchr(from, '\n', rest);
	return end ? (uint32_t)(end + 1 - bytes) : (uint32_t)(from + rest - bytes);
}

void log_write(struct log *l, const struct settings *s, unsigned char stream, const void *bytes, uint32_t length, uint64_t ns)
{
	const char *at = bytes;
	while (l->fd >= 0 && length > 0) {
		if (s->log_max && l->size >= s->log_max)
			rotate(l, s);
		uint32_t part = s->log_max ? room_for(l, s, at, length) : length;
		append(l, stream, at, part, ns);
		at += part;
		length -= part;
	}
}
