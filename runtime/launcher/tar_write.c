/* Writes headers as Docker's archives have them: ustar, with pax records for what ustar cannot say. */
#include "tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512
#define OCTAL7_MAX 07777777
#define OCTAL11_MAX 077777777777

int tar_output_open(struct tar_output *out, int fd, bool gzip)
{
	*out = (struct tar_output){ .fd = fd };
	if (gzip)
		out->gzip = tar_gzip_open(fd, &out->buffer);
	else
		out->buffer = malloc(TAR_BUFFER);
	return out->buffer && (out->gzip || !gzip) ? 0 : -1;
}

int tar_flush(struct tar_output *out)
{
	if (out->gzip) {
		out->buffer = tar_gzip_take(out->gzip, out->used);
		out->used = 0;
		return out->buffer ? 0 : -1;
	}
	int result = out->used ? reply_bytes(out->fd, REPLY_DATA, out->buffer, (uint32_t)out->used) : 0;
	out->used = 0;
	return result;
}

int tar_put(struct tar_output *out, const void *bytes, size_t length)
{
	while (length > 0) {
		size_t n = TAR_BUFFER - out->used;
		if (n > length)
			n = length;
		memcpy(out->buffer + out->used, bytes, n);
		out->used += n;
		bytes = (const char *)bytes + n;
		length -= n;
		if (out->used == TAR_BUFFER && tar_flush(out) < 0)
			return -1;
	}
	return 0;
}

int tar_put_padding(struct tar_output *out, uint64_t size)
{
	static const char zeros[BLOCK];
	return tar_put(out, zeros, (size_t)(-size & (BLOCK - 1)));
}

struct records {
	char *bytes;
	size_t length;
};

static int record(struct records *r, const char *key, const char *value, size_t length)
{
	/* The record's length counts its own digits. */
	size_t rest = strlen(key) + length + 3, total = rest + 1;
	char digits[24];
	for (size_t n; (n = rest + (size_t)sprintf(digits, "%zu", total)) != total;)
		total = n;
	char *bytes = realloc(r->bytes, r->length + total + 1);
	if (!bytes)
		return -1;
	r->bytes = bytes;
	int head = sprintf(bytes + r->length, "%zu %s=", total, key);
	memcpy(bytes + r->length + head, value, length);
	bytes[r->length + total - 1] = '\n';
	r->length += total;
	return 0;
}

static int number_record(struct records *r, const char *key, int64_t value)
{
	char text[24];
	return record(r, key, text, (size_t)sprintf(text, "%" PRId64, value));
}

static int time_record(struct records *r, struct timespec t)
{
	char text[48];
	bool negative = t.tv_sec < 0 && t.tv_nsec > 0;
	long ns = negative ? 1000000000 - t.tv_nsec : t.tv_nsec;
	int64_t seconds = negative ? t.tv_sec + 1 : t.tv_sec;
	int n = sprintf(text, "%s%" PRId64, negative && seconds == 0 ? "-" : "", seconds);
	if (ns) {
		n += sprintf(text + n, ".%09ld", ns);
		while (text[n - 1] == '0')
			n--;
	}
	return record(r, "mtime", text, (size_t)n);
}

static bool plain_text(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name >= 0x80)
			return false;
	return true;
}

/* Where ustar may cut the name into prefix and name; 0 when it may not. */
static size_t split(const char *name)
{
	size_t length = strlen(name), cut = length;
	if (length > 256)
		return 0;
	while (cut > 0 && (cut > 155 || name[cut] != '/'))
		cut--;
	return cut > 0 && length - cut - 1 <= 100 && length - cut - 1 > 0 ? cut : 0;
}

static int records_of(struct records *r, const struct tar_entry *e)
{
	char key[300];
	if ((strlen(e->name) > 100 && !split(e->name)) || !plain_text(e->name))
		if (record(r, "path", e->name, strlen(e->name)) < 0)
			return -1;
	if (e->link && (strlen(e->link) > 100 || !plain_text(e->link)) && record(r, "linkpath", e->link, strlen(e->link)) < 0)
		return -1;
	if (e->size > OCTAL11_MAX && number_record(r, "size", (int64_t)e->size) < 0)
		return -1;
	if ((e->mtime.tv_sec < 0 || e->mtime.tv_sec > OCTAL11_MAX || e->mtime.tv_nsec) && time_record(r, e->mtime) < 0)
		return -1;
	if (e->uid > OCTAL7_MAX && number_record(r, "uid", e->uid) < 0)
		return -1;
	if (e->gid > OCTAL7_MAX && number_record(r, "gid", e->gid) < 0)
		return -1;
	for (size_t i = 0; i < e->xattrs.count; i++) {
		const struct tar_xattr *x = &e->xattrs.list[i];
		snprintf(key, sizeof key, "SCHILY.xattr.%s", x->name);
		if (record(r, key, x->value, x->length) < 0)
			return -1;
	}
	return 0;
}

static void octal(char *at, int width, uint64_t value, uint64_t limit)
{
	char text[24];
	snprintf(text, sizeof text, "%0*" PRIo64, width - 1, value > limit ? 0 : value);
	memcpy(at, text, (size_t)width);
}

static void put_name(char *h, const char *name)
{
	size_t length = strlen(name), cut = length > 100 ? split(name) : 0;
	if (cut > 0) {
		memcpy(h + 345, name, cut);
		name += cut + 1;
		length -= cut + 1;
	}
	memcpy(h, name, length > 100 ? 100 : length);
}

static int put_block(struct tar_output *out, const struct tar_entry *e)
{
	char h[BLOCK] = { 0 };
	put_name(h, e->name);
	octal(h + 100, 8, e->mode & 07777, OCTAL7_MAX);
	octal(h + 108, 8, e->uid, OCTAL7_MAX);
	octal(h + 116, 8, e->gid, OCTAL7_MAX);
	octal(h + 124, 12, e->size, OCTAL11_MAX);
	octal(h + 136, 12, e->mtime.tv_sec < 0 ? 0 : (uint64_t)e->mtime.tv_sec, OCTAL11_MAX);
	h[156] = e->type;
	if (e->link)
		memcpy(h + 157, e->link, strnlen(e->link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	if (e->type == '3' || e->type == '4') {
		octal(h + 329, 8, e->major, OCTAL7_MAX);
		octal(h + 337, 8, e->minor, OCTAL7_MAX);
	}
	memset(h + 148, ' ', 8);
	unsigned sum = 0;
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	return tar_put(out, h, sizeof h);
}

static int put_records(struct tar_output *out, const struct tar_entry *e, const struct records *r)
{
	const char *slash = strrchr(e->name, '/');
	char name[101];
	size_t length = strlen(e->name);
	if (slash && !slash[1])		/* a directory's own slash */
		for (length--, slash = e->name + length; slash > e->name && slash[-1] != '/';)
			slash--;
	else
		slash = slash ? slash + 1 : e->name;
	snprintf(name, sizeof name, "PaxHeaders.0/%.*s", (int)(e->name + length - slash), slash);
	struct tar_entry x = { .type = 'x', .name = name, .mode = 0, .size = r->length };
	if (put_block(out, &x) < 0 || tar_put(out, r->bytes, r->length) < 0)
		return -1;
	return tar_put_padding(out, r->length);
}

int tar_put_header(struct tar_output *out, const struct tar_entry *e)
{
	struct records r = { 0 };
	int result = records_of(&r, e);
	if (result == 0 && r.length > 0)
		result = put_records(out, e, &r);
	free(r.bytes);
	return result < 0 ? -1 : put_block(out, e);
}
