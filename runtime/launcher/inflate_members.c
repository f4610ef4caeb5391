/* What gzip puts around the blocks: members, their headers and trailers (RFC 1952). */
#include "inflate_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The next byte, or -1 at the end (errno ENODATA) or with the error of reading. */
static int byte(struct inflate_stream *s)
{
	if (s->in >= s->in_end && (s->ended || inflate_more(s) < 0 || s->in >= s->in_end)) {
		errno = s->ended ? ENODATA : errno;
		return -1;
	}
	return *s->in++;
}

static int skip(struct inflate_stream *s, unsigned length)
{
	for (; length > 0; length--)
		if (byte(s) < 0)
			return -1;
	return 0;
}

static int skip_text(struct inflate_stream *s)
{
	int c;
	while ((c = byte(s)) > 0)
		;
	return c;
}

/* What follows the two magic bytes. */
static int header(struct inflate_stream *s)
{
	int method = byte(s), flags = byte(s);
	if (method < 0 || flags < 0 || skip(s, 6) < 0)
		return -1;
	if (method != 8 || flags & 0xe0)
		return inflate_bad();
	if (flags & 4) {
		int low = byte(s), high = byte(s);
		if (low < 0 || high < 0 || skip(s, (unsigned)(low | high << 8)) < 0)
			return -1;
	}
	if ((flags & 8 && skip_text(s) < 0) || (flags & 16 && skip_text(s) < 0))
		return -1;
	return flags & 2 ? skip(s, 2) : 0;
}

/* The check sum, and how long the content was. */
static int trailer(struct inflate_stream *s)
{
	if (inflate_overrun(s)) {
		errno = ENODATA;
		return -1;
	}
	inflate_align(s);
	if (skip(s, 4) < 0)
		return -1;
	uint32_t said = 0;
	for (unsigned i = 0; i < 4; i++) {
		int c = byte(s);
		if (c < 0)
			return -1;
		said |= (uint32_t)c << 8 * i;
	}
	return said == (uint32_t)(s->before + (uint64_t)(s->out - s->member)) ? 0 : inflate_bad();
}

/* 1 a member begins, 0 the end (zeros may fill a last block), -1 failed. */
static int magic(struct inflate_stream *s, bool first)
{
	int c = byte(s);
	while (c == 0 && !first)
		c = byte(s);
	if (c < 0)
		return errno == ENODATA && !first ? 0 : -1;
	int d = byte(s);
	if (d < 0)
		return -1;
	return c == 0x1f && d == 0x8b ? 1 : inflate_bad();
}

static int members(struct inflate_stream *s)
{
	int begins;
	for (bool first = true; (begins = magic(s, first)) > 0; first = false) {
		s->before = 0;
		s->member = s->out;
		if (header(s) < 0 || inflate_blocks(s) < 0 || trailer(s) < 0)
			return -1;
	}
	return begins;
}

int inflate_gzip(const struct inflate *io)
{
	size_t room;
	struct inflate_stream *s = calloc(1, sizeof *s);
	unsigned char *first = s ? io->next(io->context, 0, &room) : NULL;
	int result = -1;
	if (first && (s->memory = calloc(1, HISTORY + INPUT + PADDING))) {
		s->input = s->memory + HISTORY;
		memset(first, 0, INFLATE_WINDOW);
		s->io = io;
		s->in = s->in_end = s->in_safe = s->input;
		s->start = s->out = s->member = first + INFLATE_WINDOW;
		s->out_end = s->start + room;
		result = members(s);
		/* What was decompressed before a failure is of use to nobody. */
		if (result == 0 && !io->next(io->context, (size_t)(s->out - s->start), &room))
			result = -1;
	}
	/* What made no sense was made of the zeros behind the end. */
	int error = result < 0 && errno == EBADMSG && s && s->ended && s->in > s->in_end ? ENODATA : errno;
	if (s)
		free(s->memory);
	free(s);
	errno = error;
	return result;
}
