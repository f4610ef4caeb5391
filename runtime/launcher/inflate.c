/*
 * Inflate. A code is looked up by the next bits of the stream: at most LITERAL_BITS or DISTANCE_BITS at once, the rest
 * in a second table. Bits are taken from a 64-bit reservoir that is filled eight bytes at a time.
 */
#include "inflate.h"
#include "inflate_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LITERAL_BITS 11
#define DISTANCE_BITS 9
#define LENGTH_BITS 7
/* Entries, more than any set of codes can need (2342 for 286 codes of up to 15 bits behind 11). */
#define LITERAL_ROOM 4096
#define DISTANCE_ROOM 1024
#define INPUT (256u << 10)
#define PADDING 64
#define HISTORY 8

struct state {
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

static int bad(void)
{
	errno = EBADMSG;
	return -1;
}

/* ---- input ---- */

/* More input behind what is left of it; at the end of the stream zeros. */
static int more(struct state *s)
{
	size_t left = (size_t)(s->in_end - s->in);
	if (s->ended) {
		/* Only codes that lie whole before the end count. */
		if (s->in > s->in_end + 8) {
			errno = ENODATA;
			return -1;
		}
		return 0;
	}
	/* With what the reservoir holds: align() goes back to it. */
	memmove(s->input - HISTORY, s->in - HISTORY, HISTORY + left);
	ssize_t n;
	do
		n = s->io->read(s->io->context, s->input + left, INPUT - left);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	s->in = s->input;
	s->in_end = s->input + left + n;
	s->ended = n == 0;
	if (s->ended)
		memset(s->input + left, 0, PADDING);
	s->in_safe = s->ended ? s->in_end : left + (size_t)n > 16 ? s->in_end - 16 : s->input;
	/* A short read may leave too little for one step. */
	return !s->ended && s->in_end - s->in < 16 ? more(s) : 0;
}

/* At least 56 bits. */
static inline int fill(struct state *s)
{
	if (__builtin_expect(s->in > s->in_safe, 0) && more(s) < 0)
		return -1;
	uint64_t word;
	memcpy(&word, s->in, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	s->bits |= word << s->count;
	s->in += (63 - s->count) >> 3;
	s->count |= 56;
	return 0;
}

static inline uint32_t take(struct state *s, unsigned n)
{
	uint32_t value = (uint32_t)(s->bits & ((UINT64_C(1) << n) - 1));
	s->bits >>= n;
	s->count -= n;
	return value;
}

/* Whether more was taken than there was. */
static bool overrun(const struct state *s)
{
	return s->ended && s->in - s->count / 8 > s->in_end;
}

/* ---- tables ---- */

static int fixed_tables(struct state *s)
{
	uint8_t lengths[288];
	for (unsigned i = 0; i < 288; i++)
		lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	if (inflate_table(s->literals, LITERAL_BITS, LITERAL_ROOM, lengths, 288, inflate_literal) < 0)
		return -1;
	memset(lengths, 5, 32);
	return inflate_table(s->distances, DISTANCE_BITS, DISTANCE_ROOM, lengths, 32, inflate_distance);
}

/* The lengths of both codes, themselves coded. RFC 1951, 3.2.7. */
static int read_lengths(struct state *s, uint8_t *lengths, unsigned wanted, const uint32_t *table)
{
	for (unsigned done = 0; done < wanted;) {
		if (fill(s) < 0)
			return -1;
		uint32_t e = table[s->bits & ((1 << LENGTH_BITS) - 1)];
		if (e & IS_BAD || overrun(s))
			return bad();
		take(s, CODE_BITS(e));
		unsigned symbol = BASE(e), repeat;
		if (symbol < 16) {
			lengths[done++] = (uint8_t)symbol;
			continue;
		}
		uint8_t value = 0;
		if (symbol == 16) {
			if (done == 0)
				return bad();
			value = lengths[done - 1];
			repeat = 3 + take(s, 2);
		} else
			repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (repeat > wanted - done)
			return bad();
		memset(lengths + done, value, repeat);
		done += repeat;
	}
	return 0;
}

static int dynamic_tables(struct state *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t lengths[320] = { 0 };
	uint32_t table[1 << LENGTH_BITS];
	if (fill(s) < 0)
		return -1;
	unsigned literals = 257 + take(s, 5), distances = 1 + take(s, 5), codes = 4 + take(s, 4);
	if (literals > 286 || distances > 30)
		return bad();
	for (unsigned i = 0; i < codes; i++) {
		if (fill(s) < 0)
			return -1;
		lengths[order[i]] = (uint8_t)take(s, 3);
	}
	if (inflate_table(table, LENGTH_BITS, 1 << LENGTH_BITS, lengths, 19, inflate_length) < 0)
		return -1;
	memset(lengths, 0, sizeof lengths);
	if (read_lengths(s, lengths, literals + distances, table) < 0)
		return -1;
	if (lengths[256] == 0)
		return bad();
	if (inflate_table(s->literals, LITERAL_BITS, LITERAL_ROOM, lengths, literals, inflate_literal) < 0)
		return -1;
	return inflate_table(s->distances, DISTANCE_BITS, DISTANCE_ROOM, lengths + literals, distances, inflate_distance);
}

/* ---- output ---- */

/* Hands the buffer over and goes on in the next one, which gets the window. */
static int hand_over(struct state *s)
{
	size_t used = (size_t)(s->out - s->start), room;
	const unsigned char *window = s->out - INFLATE_WINDOW;
	unsigned char *next = s->io->next(s->io->context, used, &room);
	if (!next)
		return -1;
	memcpy(next, window, INFLATE_WINDOW);
	s->before += (uint64_t)(s->out - s->member);
	s->start = s->out = s->member = next + INFLATE_WINDOW;
	s->out_end = s->start + room;
	return 0;
}

static inline void copy_match(unsigned char *out, unsigned distance, unsigned length)
{
	const unsigned char *from = out - distance;
	unsigned char *end = out + length;
	if (distance >= 8) {
		do {
			memcpy(out, from, 8);
			out += 8;
			from += 8;
		} while (out < end);
	} else if (distance == 1) {
		memset(out, *from, length);
	} else {
		do
			*out++ = *from++;
		while (out < end);
	}
}

/* ---- blocks ---- */

static inline uint32_t decode(struct state *s, const uint32_t *table, unsigned primary)
{
	uint32_t e = table[s->bits & ((1u << primary) - 1)];
	if (__builtin_expect(e & IS_TABLE, 0)) {
		take(s, primary);
		e = table[BASE(e) + (s->bits & ((1u << EXTRA_BITS(e)) - 1))];
	}
	take(s, CODE_BITS(e));
	return e;
}

/* A match never needs more than 15 + 5 + 15 + 13 bits: one filling is enough for it. */
static int coded_block(struct state *s)
{
	for (;;) {
		if (fill(s) < 0)
			return -1;
		uint32_t e = decode(s, s->literals, LITERAL_BITS);
		if (e & IS_LITERAL) {
			*s->out++ = (unsigned char)BASE(e);
			/* 41 bits are left: one or two more literals, as long as the table knows them at once. */
			for (int i = 0; i < 2 && (e = s->literals[s->bits & ((1 << LITERAL_BITS) - 1)]) & IS_LITERAL; i++) {
				take(s, CODE_BITS(e));
				*s->out++ = (unsigned char)BASE(e);
			}
		} else if (e & (IS_END | IS_BAD)) {
			return e & IS_BAD || overrun(s) ? bad() : 0;
		} else {
			unsigned length = BASE(e) + take(s, EXTRA_BITS(e));
			e = decode(s, s->distances, DISTANCE_BITS);
			if (e & IS_BAD)
				return bad();
			unsigned distance = BASE(e) + take(s, EXTRA_BITS(e));
			if (s->before < INFLATE_WINDOW && distance > s->before + (uint64_t)(s->out - s->member))
				return bad();
			copy_match(s->out, distance, length);
			s->out += length;
		}
		if (__builtin_expect(s->out >= s->out_end, 0) && hand_over(s) < 0)
			return -1;
	}
}

/* Gives back whole bytes that were taken from the input but not used. */
static void align(struct state *s)
{
	take(s, s->count & 7);
	s->in -= s->count / 8;
	s->bits = 0;
	s->count = 0;
}

static int stored_block(struct state *s)
{
	if (fill(s) < 0)
		return -1;
	take(s, s->count & 7);
	uint32_t length = take(s, 16), inverse = take(s, 16);
	if ((length ^ inverse) != 0xffff || overrun(s))
		return bad();
	align(s);
	while (length > 0) {
		if (s->in >= s->in_end) {
			if (s->ended || more(s) < 0 || s->in >= s->in_end) {
				errno = s->ended ? ENODATA : errno;
				return -1;
			}
		}
		size_t n = (size_t)(s->in_end - s->in), room = (size_t)(s->out_end - s->out);
		n = n < length ? n : length;
		n = n < room ? n : room;
		memcpy(s->out, s->in, n);
		s->in += n;
		s->out += n;
		length -= (uint32_t)n;
		if (s->out >= s->out_end && hand_over(s) < 0)
			return -1;
	}
	return 0;
}

static int blocks(struct state *s)
{
	for (bool last = false; !last;) {
		if (fill(s) < 0)
			return -1;
		last = take(s, 1);
		unsigned kind = take(s, 2);
		int result = kind == 0 ? stored_block(s) : kind == 1 ? fixed_tables(s) : kind == 2 ? dynamic_tables(s) : bad();
		if (result == 0 && kind != 0)
			result = coded_block(s);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* ---- members (RFC 1952) ---- */

/* The next byte, or -1 at the end (errno ENODATA) or with the error of reading. */
static int byte(struct state *s)
{
	if (s->in >= s->in_end && (s->ended || more(s) < 0 || s->in >= s->in_end)) {
		errno = s->ended ? ENODATA : errno;
		return -1;
	}
	return *s->in++;
}

static int skip(struct state *s, unsigned length)
{
	for (; length > 0; length--)
		if (byte(s) < 0)
			return -1;
	return 0;
}

static int skip_text(struct state *s)
{
	int c;
	while ((c = byte(s)) > 0)
		;
	return c;
}

/* What follows the two magic bytes. */
static int header(struct state *s)
{
	int method = byte(s), flags = byte(s);
	if (method < 0 || flags < 0 || skip(s, 6) < 0)
		return -1;
	if (method != 8 || flags & 0xe0)
		return bad();
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
static int trailer(struct state *s)
{
	if (overrun(s)) {
		errno = ENODATA;
		return -1;
	}
	align(s);
	if (skip(s, 4) < 0)
		return -1;
	uint32_t said = 0;
	for (unsigned i = 0; i < 4; i++) {
		int c = byte(s);
		if (c < 0)
			return -1;
		said |= (uint32_t)c << 8 * i;
	}
	return said == (uint32_t)(s->before + (uint64_t)(s->out - s->member)) ? 0 : bad();
}

/* 1 a member begins, 0 the end (zeros may fill a last block), -1 failed. */
static int magic(struct state *s, bool first)
{
	int c = byte(s);
	while (c == 0 && !first)
		c = byte(s);
	if (c < 0)
		return errno == ENODATA && !first ? 0 : -1;
	int d = byte(s);
	if (d < 0)
		return -1;
	return c == 0x1f && d == 0x8b ? 1 : bad();
}

static int members(struct state *s)
{
	int begins;
	for (bool first = true; (begins = magic(s, first)) > 0; first = false) {
		s->before = 0;
		s->member = s->out;
		if (header(s) < 0 || blocks(s) < 0 || trailer(s) < 0)
			return -1;
	}
	return begins;
}

int inflate_gzip(const struct inflate *io)
{
	size_t room;
	struct state *s = calloc(1, sizeof *s);
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
