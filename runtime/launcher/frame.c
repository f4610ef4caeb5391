/* Frames, failures and the few input/output primitives that everything else stands on. */
#include "launcher.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

ssize_t read_all(int fd, void *bytes, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t n = read(fd, (char *)bytes + done, length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	while (length > 0) {
		ssize_t n = write(fd, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int write_file(int dir, const char *path, const void *bytes, size_t length)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, bytes, length);
	int error = n < 0 ? errno : (size_t)n < length ? EIO : 0;
	close(fd);
	errno = error;
	return error ? -1 : 0;
}

uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const unsigned char *take(struct reader *r, size_t length)
{
	if (r->bad || (size_t)(r->end - r->at) < length) {
		r->bad = true;
		return NULL;
	}
	const unsigned char *at = r->at;
	r->at += length;
	return at;
}

uint32_t read_u32(struct reader *r)
{
	const unsigned char *at = take(r, 4);
	uint32_t value = 0;
	if (at)
		memcpy(&value, at, 4);
	return le32toh(value);
}

uint64_t read_u64(struct reader *r)
{
	const unsigned char *at = take(r, 8);
	uint64_t value = 0;
	if (at)
		memcpy(&value, at, 8);
	return le64toh(value);
}

const unsigned char *read_bytes(struct reader *r, uint32_t *length)
{
	*length = read_u32(r);
	const unsigned char *at = take(r, (size_t)*length + 1);
	if (at && at[*length] != 0)
		r->bad = true;
	if (!at || r->bad)
		*length = 0;
	return at && !r->bad ? at : (const unsigned char *)"";
}

const char *read_str(struct reader *r)
{
	uint32_t length;
	const char *s = (const char *)read_bytes(r, &length);
	if (strlen(s) != length)
		r->bad = true;
	return s;
}

char **read_list(struct reader *r, uint32_t *count)
{
	*count = read_u32(r);
	/* Each string takes at least five bytes, so a count beyond that is a lie and would only waste memory. */
	if (r->bad || *count > (size_t)(r->end - r->at) / 5) {
		r->bad = true;
		errno = EBADMSG;
		return NULL;
	}
	char **list = malloc((*count + 1) * sizeof *list);
	if (!list)
		return NULL;
	for (uint32_t i = 0; i < *count; i++)
		list[i] = (char *)read_str(r);
	list[*count] = NULL;
	if (r->bad) {
		free(list);
		errno = EBADMSG;
		return NULL;
	}
	return list;
}

struct reader read_part(struct reader *r, uint32_t length)
{
	const unsigned char *at = take(r, length);
	return (struct reader){ .at = at, .end = at ? at + length : NULL, .bad = at == NULL };
}

/* Pages of their own, so that the request's memory goes back to the kernel whole. */
static int request_allocate(struct request *out, size_t length)
{
	out->memory = NULL;
	out->size = length;
	if (length > 0) {
		out->memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (out->memory == MAP_FAILED)
			return -1;
	}
	out->body = (struct reader){ .at = out->memory, .end = (unsigned char *)out->memory + length };
	return 0;
}

int frame_read(int fd, struct request *out)
{
	unsigned char header[FRAME_HEADER];
	if (read_all(fd, header, sizeof header) != (ssize_t)sizeof header) {
		errno = EBADMSG;
		return -1;
	}
	struct reader r = { .at = header, .end = header + sizeof header };
	uint32_t length = read_u32(&r);
	out->kind = (uint16_t)(header[4] | header[5] << 8);
	if (length > FRAME_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (request_allocate(out, length) < 0)
		return -1;
	if (read_all(fd, out->memory, length) != (ssize_t)length) {
		request_free(out);
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

void request_free(struct request *r)
{
	if (r->memory)
		munmap(r->memory, r->size);
	r->memory = NULL;
}

static void put(struct writer *w, const void *bytes, size_t length)
{
	if (length > sizeof w->bytes - w->length)
		length = sizeof w->bytes - w->length;
	memcpy(w->bytes + w->length, bytes, length);
	w->length += length;
}

void put_u32(struct writer *w, uint32_t value)
{
	value = htole32(value);
	put(w, &value, sizeof value);
}

void put_u64(struct writer *w, uint64_t value)
{
	value = htole64(value);
	put(w, &value, sizeof value);
}

void put_str(struct writer *w, const char *value)
{
	size_t length = strlen(value), room = sizeof w->bytes - w->length;
	if (room < 5)
		return;
	if (length > room - 5)
		length = room - 5;
	put_u32(w, (uint32_t)length);
	put(w, value, length);
	put(w, "", 1);
}

int reply_bytes(int fd, enum reply kind, const void *bytes, uint32_t length)
{
	struct writer head = { 0 };
	put_u32(&head, length);
	put_u32(&head, (uint32_t)kind);
	struct iovec parts[2] = {
		{ .iov_base = head.bytes, .iov_len = head.length },
		{ .iov_base = (void *)bytes, .iov_len = length },
	};
	size_t total = head.length + length;
	ssize_t n;
	do
		n = writev(fd, parts, length ? 2 : 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n < head.length) {
		errno = EIO;
		return -1;
	}
	return (size_t)n == total ? 0 : write_all(fd, (const char *)bytes + ((size_t)n - head.length), total - (size_t)n);
}

int reply(int fd, enum reply kind, const struct writer *w)
{
	return reply_bytes(fd, kind, w ? w->bytes : NULL, w ? (uint32_t)w->length : 0);
}

int reply_failure(int fd, const struct failure *f)
{
	struct writer w = { 0 };
	put_u32(&w, f->op);
	put_u32(&w, (uint32_t)f->error);
	put_str(&w, f->subject);
	return reply(fd, REPLY_FAILED, &w);
}
