/* Maps of sparse files: where the pieces that an archive holds belong in the file. */
#include "tar.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 512
#define SEGMENTS_MAX (1u << 20)

static int malformed(struct tar_input *in)
{
	errno = EBADMSG;
	return tar_fault(in->failure, TAR_ARCHIVE, in->entry.name);
}

int tar_segment_add(struct tar_entry *e, uint64_t offset, uint64_t length)
{
	if (e->segment_count >= SEGMENTS_MAX || offset > INT64_MAX || length > INT64_MAX - offset)
		return -1;
	if ((e->segment_count & (e->segment_count - 1)) == 0) {
		size_t room = e->segment_count ? e->segment_count * 2 : 1;
		struct tar_segment *list = realloc(e->segments, room * sizeof *list);
		if (!list)
			return -1;
		e->segments = list;
	}
	e->segments[e->segment_count++] = (struct tar_segment){ offset, length };
	return 0;
}

/* `count` pairs of 12-byte numbers; an empty one ends them. */
static int pairs(struct tar_input *in, const unsigned char *at, int count)
{
	for (; count-- > 0 && at[0]; at += 24) {
		int64_t offset, length;
		if (tar_number(at, 12, &offset) < 0 || tar_number(at + 12, 12, &length) < 0 || offset < 0 || length < 0 ||
		    tar_segment_add(&in->entry, (uint64_t)offset, (uint64_t)length) < 0)
			return malformed(in);
	}
	return 0;
}

int tar_sparse_gnu(struct tar_input *in, const unsigned char *h)
{
	int64_t real;
	if (tar_number(h + 483, 12, &real) < 0 || real < 0)
		return malformed(in);
	in->entry.real_size = (uint64_t)real;
	if (pairs(in, h + 386, 4) < 0)
		return -1;
	for (bool more = h[482]; more;) {
		unsigned char block[BLOCK];
		if (tar_read_exact(in, block, BLOCK) < 0 || pairs(in, block, 21) < 0)
			return -1;
		more = block[504];
	}
	return 0;
}

/* One decimal number and a line feed from the entry's data. */
static int line(struct tar_input *in, char *block, size_t *at, uint64_t *out)
{
	uint64_t value = 0;
	for (int digits = 0;; digits++) {
		if (*at == BLOCK) {
			if (in->left < BLOCK || tar_read_exact(in, block, BLOCK) < 0)
				return malformed(in);
			in->left -= BLOCK;
			*at = 0;
		}
		char c = block[(*at)++];
		if (c == '\n' && digits > 0)
			break;
		if (c < '0' || c > '9' || digits > 18)
			return malformed(in);
		value = value * 10 + (uint64_t)(c - '0');
	}
	*out = value;
	return 0;
}

int tar_sparse_pax(struct tar_input *in)
{
	char block[BLOCK];
	size_t at = BLOCK;
	uint64_t count = 0;
	if (line(in, block, &at, &count) < 0)
		return -1;
	while (count-- > 0) {
		uint64_t offset = 0, length = 0;
		if (line(in, block, &at, &offset) < 0 || line(in, block, &at, &length) < 0)
			return -1;
		if (tar_segment_add(&in->entry, offset, length) < 0)
			return malformed(in);
	}
	return 0;
}
