/* A stream being decompressed, for inflate.c, which knows blocks, and inflate_members.c, which knows what is around them. */
#ifndef INFLATE_STREAM_H
#define INFLATE_STREAM_H

#include "inflate.h"

#include <stdbool.h>

/* Entries, more than any set of codes can need (2342 for 286 codes of up to 15 bits behind 11). */
#define LITERAL_ROOM 4096
#define DISTANCE_ROOM 1024
#define INPUT (256u << 10)
#define PADDING 64
#define HISTORY 8

struct inflate_stream {
	const struct inflate *io;
	unsigned char *memory, *input;	/* HISTORY bytes, then the input */
	const unsigned char *in, *in_end, *in_safe;	/* past in_safe there may not be eight bytes */
	bool ended;		/* nothing more will be read; PADDING zeros follow in_end */
	uint64_t bits;
	unsigned count;
	unsigned char *start, *out, *out_end;	/* of the current buffer, behind its window */
	uint64_t before;	/* bytes of this member in earlier buffers */
	unsigned char *member;	/* where this member began in the current buffer */
	uint32_t literals[LITERAL_ROOM], distances[DISTANCE_ROOM];
};

/* EBADMSG, -1. */
int inflate_bad(void);

/* More input behind what is left of it; at the end of the stream zeros. */
int inflate_more(struct inflate_stream *s);

/* Whether more was taken than there was. */
bool inflate_overrun(const struct inflate_stream *s);

/* Gives back whole bytes that were taken from the input but not used. */
void inflate_align(struct inflate_stream *s);

/* All blocks of a member (RFC 1951). */
int inflate_blocks(struct inflate_stream *s);

#endif
