/*
 * Rotated logs as gzip files (RFC 1952). The header's time is the inode's number of the file that it was made from: by
 * that a reader which follows the log finds again where it was.
 */
#include "deflate.h"
#include "monitor.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE (256u << 10)

struct packing {
	struct deflate deflate;
	unsigned char plain[DEFLATE_WINDOW + PIECE], packed[PIECE + DEFLATE_SLACK];
};

static int put(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	while (length > 0) {
		ssize_t n = write(fd, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static ssize_t fill(int fd, unsigned char *piece)
{
	size_t have = 0;
	ssize_t n = 1;
	while (have < PIECE && n > 0) {
		n = read(fd, piece + have, PIECE - have);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return -1;
		else
			have += (size_t)n;
	}
	return (ssize_t)have;
}

static int pack(struct packing *p, int from, int to, uint32_t inode)
{
	struct __attribute__((packed)) { uint8_t magic[4]; uint32_t time; uint8_t flags, system; } head = {
		.magic = { 0x1f, 0x8b, 8, 0 }, .time = htole32(inode), .system = 255,
	};
	uint32_t trailer[2] = { 0, 0 };
	size_t history = 0;
	ssize_t length;
	if (put(to, &head, sizeof head) < 0)
		return -1;
	do {
		length = fill(from, p->plain + DEFLATE_WINDOW);
		if (length < 0)
			return -1;
		trailer[0] = deflate_crc(trailer[0], p->plain + DEFLATE_WINDOW, (size_t)length);
		trailer[1] += (uint32_t)length;
		size_t packed = deflate_piece(&p->deflate, p->plain + DEFLATE_WINDOW, history, (size_t)length,
					      (size_t)length < PIECE, p->packed);
		if (put(to, p->packed, packed) < 0)
			return -1;
		history = DEFLATE_WINDOW;
		memcpy(p->plain, p->plain + PIECE, DEFLATE_WINDOW);
	} while ((size_t)length == PIECE);
	trailer[0] = htole32(trailer[0]);
	trailer[1] = htole32(trailer[1]);
	return put(to, trailer, sizeof trailer);
}

/* Rotations may have renamed it meanwhile: the inode tells which one it is by now. */
static void take_place(const struct settings *s, const char *made, ino_t inode)
{
	char plain[PATH_MAX], packed[PATH_MAX];
	struct stat st;
	for (uint32_t age = 1; age < s->log_files; age++) {
		snprintf(plain, sizeof plain, "%s.%u", s->log_path, age);
		if (stat(plain, &st) < 0 || st.st_ino != inode)
			continue;
		snprintf(packed, sizeof packed, "%s.gz", plain);
		if (rename(made, packed) == 0)
			unlink(plain);
		return;
	}
}

/* Others' ends of sockets and pipes must not stay open in here. */
static void keep_only(int *from, int *to)
{
	*from = fcntl(*from, F_DUPFD, 10);
	*to = fcntl(*to, F_DUPFD, 10);
	dup2(*from, 3);
	dup2(*to, 4);
	*from = 3;
	*to = 4;
	close_range(5, ~0u, 0);
}

static void run(const struct settings *s, int from, int to, const char *made)
{
	struct stat st;
	struct packing *p = calloc(1, sizeof *p);
	keep_only(&from, &to);
	if (p && fstat(from, &st) == 0 && pack(p, from, to, (uint32_t)st.st_ino) == 0)
		take_place(s, made, st.st_ino);
	unlink(made);
	_exit(0);
}

void log_compress(const struct settings *s)
{
	char path[PATH_MAX], made[PATH_MAX];
	struct stat st;
	snprintf(path, sizeof path, "%s.1", s->log_path);
	int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return;
	if (fstat(from, &st) == 0) {
		snprintf(made, sizeof made, "%s.%ju.making", s->log_path, (uintmax_t)st.st_ino);
		int to = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
		if (to >= 0 && fork() == 0)
			run(s, from, to, made);
		if (to >= 0)
			close(to);
	}
	close(from);
}
