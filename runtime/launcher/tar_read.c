/* Reads an archive entry by entry: ustar headers, and over them what the extensions said. */
#include "tar.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 512

/* Sum of the header's bytes with its own field as blanks; old archives sum signed. */
static bool checksum_right(const unsigned char *h)
{
	int64_t want, unsigned_sum = 0, signed_sum = 0;
	for (int i = 0; i < BLOCK; i++) {
		unsigned char c = i >= 148 && i < 156 ? ' ' : h[i];
		unsigned_sum += c;
		signed_sum += (signed char)c;
	}
	return tar_number(h + 148, 8, &want) == 0 && (want == unsigned_sum || want == signed_sum);
}

static void entry_clear(struct tar_entry *e)
{
	free(e->name);
	free(e->link);
	free(e->segments);
	tar_xattrs_clear(&e->xattrs);
	memset(e, 0, sizeof *e);
}

static bool all_zero(const unsigned char *h)
{
	for (int i = 0; i < BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

static int header_name(struct tar_entry *e, const unsigned char *h)
{
	char name[300];
	size_t used = 0;
	if (memcmp(h + 257, "ustar\00000", 8) == 0 && h[345]) {
		used = strnlen((const char *)h + 345, 155);
		memcpy(name, h + 345, used);
		name[used++] = '/';
	}
	size_t length = strnlen((const char *)h, 100);
	memcpy(name + used, h, length);
	e->name = strndup(name, used + length);
	e->link = strndup((const char *)h + 157, strnlen((const char *)h + 157, 100));
	return e->name && e->link ? 0 : -1;
}

static int header_numbers(struct tar_entry *e, const unsigned char *h, int64_t size)
{
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;
	if (tar_number(h + 100, 8, &mode) < 0 || tar_number(h + 108, 8, &uid) < 0 || tar_number(h + 116, 8, &gid) < 0 ||
	    tar_number(h + 136, 12, &mtime) < 0)
		return -1;
	if ((e->type == '3' || e->type == '4') && (tar_number(h + 329, 8, &major) < 0 || tar_number(h + 337, 8, &minor) < 0))
		return -1;
	e->mode = (mode_t)mode & 07777;
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	e->mtime.tv_sec = mtime;
	e->major = (unsigned)major;
	e->minor = (unsigned)minor;
	e->size = (uint64_t)size;
	return 0;
}

/* Moves what the extensions said over what the header says. */
static void overlay_said(struct tar_entry *e, struct tar_said *s)
{
	if (s->name) {
		free(e->name);
		e->name = s->name;
		s->name = NULL;
	}
	if (s->link) {
		free(e->link);
		e->link = s->link;
		s->link = NULL;
	}
	if (s->has_size)
		e->size = (uint64_t)s->size;
	if (s->has_mtime)
		e->mtime = s->mtime;
	if (s->has_uid)
		e->uid = (uid_t)s->uid;
	if (s->has_gid)
		e->gid = (gid_t)s->gid;
}

static int plain_type(struct tar_entry *e, char type)
{
	size_t length = strlen(e->name);
	if (type == 0 || type == '7')
		type = '0';
	if (type == '0' && length > 0 && e->name[length - 1] == '/')
		type = '5';
	e->type = type;
	if (type != '0' && type != 'S')
		e->size = 0;
	return strchr("0123456S", type) ? 0 : -1;
}

static int sparse_setup(struct tar_input *in, const struct tar_said *s, const unsigned char *h)
{
	struct tar_entry *e = &in->entry;
	e->real_size = s->has_real ? (uint64_t)s->real : e->size;
	if (e->type == 'S') {
		e->type = '0';
		e->sparse = true;
		return tar_sparse_gnu(in, h);
	}
	if (e->type == '0' && s->sparse_major == 1 && s->sparse_minor == 0) {
		e->sparse = true;
		return tar_sparse_pax(in);
	}
	e->sparse = e->type == '0' && s->sparse_map;
	return 0;
}

static int complete(struct tar_input *in, struct tar_said *s, const unsigned char *h, int64_t size)
{
	struct tar_entry *e = &in->entry;
	if (header_name(e, h) < 0)
		return tar_fault(in->failure, TAR_ARCHIVE, "memory");
	e->type = (char)h[156];
	if (header_numbers(e, h, size) < 0)
		return tar_malformed(in, e->name);
	overlay_said(e, s);
	if (plain_type(e, (char)h[156]) < 0) {
		errno = ENOTSUP;
		return tar_fault(in->failure, TAR_ARCHIVE, e->name);
	}
	if (e->size > INT64_MAX - BLOCK)
		return tar_malformed(in, e->name);
	in->left = e->size;
	in->padding = (unsigned)(-e->size & (BLOCK - 1));
	return sparse_setup(in, s, h) < 0 ? -1 : 1;
}

/* Reads the next header: 0 at the end of the stream (which may come without the two empty blocks). */
static int next_header(struct tar_input *in, unsigned char *h)
{
	int filled = tar_fill(in);
	if (filled <= 0)
		return filled;
	return tar_read_exact(in, h, BLOCK) < 0 ? -1 : 1;
}

static int next_entry(struct tar_input *in, struct tar_said *s)
{
	for (;;) {
		unsigned char h[BLOCK];
		int64_t size;
		int got = next_header(in, h);
		if (got <= 0)
			return got;
		if (all_zero(h))
			return 0;
		if (!checksum_right(h) || tar_number(h + 124, 12, &size) < 0 || size < 0)
			return tar_malformed(in, "header");
		char type = (char)h[156];
		if (!type || !strchr("xgXLKV", type))
			return complete(in, s, h, size);
		if (tar_extension(in, s, type == 'X' ? 'x' : type, size) < 0)
			return -1;
	}
}

int tar_next(struct tar_input *in)
{
	if (tar_skip_data(in) < 0)
		return -1;
	entry_clear(&in->entry);
	struct tar_said s = { 0 };
	int result = next_entry(in, &s);
	free(s.name);
	free(s.link);
	return result;
}
