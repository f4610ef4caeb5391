/*
 * Inflate. A code is looked up by the next bits of the stream: at most LITERAL_BITS or DISTANCE_BITS at once, the rest
 * in a second table. Bits are taken from a 64-bit reservoir that is filled eight bytes at a time.
 */
#include "inflate_stream.h"
#include "inflate_table.h"

#include <errno.h>
#include <string.h>

#define LITERAL_BITS 11
#define DISTANCE_BITS 9
#define LENGTH_BITS 7

int inflate_bad(void)
{
	errno = EBADMSG;
	return -1;
}

/* ---- input ---- */

int inflate_more(struct inflate_stream *s)
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
	/* With what the reservoir holds: inflate_align() goes back to it. */
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
	return !s->ended && s->in_end - s->in < 16 ? inflate_more(s) : 0;
}

/* At least 56 bits. */
static inline int fill(struct inflate_stream *s)
{
	if (__builtin_expect(s->in > s->in_safe, 0) && inflate_more(s) < 0)
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

static inline uint32_t take(struct inflate_stream *s, unsigned n)
{
	uint32_t value = (uint32_t)(s->bits & ((UINT64_C(1) << n) - 1));
	s->bits >>= n;
	s->count -= n;
	return value;
}

bool inflate_overrun(const struct inflate_stream *s)
{
	return s->ended && s->in - s->count / 8 > s->in_end;
}

/* ---- tables ---- */

static int fixed_tables(struct inflate_stream *s)
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
static int read_lengths(struct inflate_stream *s, uint8_t *lengths, unsigned wanted, const uint32_t *table)
{
	for (unsigned done = 0; done < wanted;) {
		if (fill(s) < 0)
			return -1;
		uint32_t e = table[s->bits & ((1 << LENGTH_BITS) - 1)];
		if (e & IS_BAD || inflate_overrun(s))
			return inflate_bad();
		take(s, CODE_BITS(e));
		unsigned symbol = BASE(e), repeat;
		if (symbol < 16) {
			lengths[done++] = (uint8_t)symbol;
			continue;
		}
		uint8_t value = 0;
		if (symbol == 16) {
			if (done == 0)
				return inflate_bad();
			value = lengths[done - 1];
			repeat = 3 + take(s, 2);
		} else
			repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (repeat > wanted - done)
			return inflate_bad();
		memset(lengths + done, value, repeat);
		done += repeat;
	}
	return 0;
}

static int dynamic_tables(struct inflate_stream *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t lengths[320] = { 0 };
	uint32_t table[1 << LENGTH_BITS];
	if (fill(s) < 0)
		return -1;
	unsigned literals = 257 + take(s, 5), distances = 1 + take(s, 5), codes = 4 + take(s, 4);
	if (literals > 286 || distances > 30)
		return inflate_bad();
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
		return inflate_bad();
	if (inflate_table(s->literals, LITERAL_BITS, LITERAL_ROOM, lengths, literals, inflate_literal) < 0)
		return -1;
	return inflate_table(s->distances, DISTANCE_BITS, DISTANCE_ROOM, lengths + literals, distances, inflate_distance);
}

/* ---- output ---- */

/* Hands the buffer over and goes on in the next one, which gets the window. */
static int hand_over(struct inflate_stream *s)
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

static inline uint32_t decode(struct inflate_stream *s, const uint32_t *table, unsigned primary)
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
static int coded_block(struct inflate_stream *s)
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
			return e & IS_BAD || inflate_overrun(s) ? inflate_bad() : 0;
		} else {
			unsigned length = BASE(e) + take(s, EXTRA_BITS(e));
			e = decode(s, s->distances, DISTANCE_BITS);
			if (e & IS_BAD)
				return inflate_bad();
			unsigned distance = BASE(e) + take(s, EXTRA_BITS(e));
			if (s->before < INFLATE_WINDOW && distance > s->before + (uint64_t)(s->out - s->member))
				return inflate_bad();
			copy_match(s->out, distance, length);
			s->out += length;
		}
		if (__builtin_expect(s->out >= s->out_end, 0) && hand_over(s) < 0)
			return -1;
	}
}

void inflate_align(struct inflate_stream *s)
{
	take(s, s->count & 7);
	s->in -= s->count / 8;
	s->bits = 0;
	s->count = 0;
}

static int stored_block(struct inflate_stream *s)
{
	if (fill(s) < 0)
		return -1;
	take(s, s->count & 7);
	uint32_t length = take(s, 16), inverse = take(s, 16);
	if ((length ^ inverse) != 0xffff || inflate_overrun(s))
		return inflate_bad();
	inflate_align(s);
	while (length > 0) {
		if (s->in >= s->in_end) {
			if (s->ended || inflate_more(s) < 0 || s->in >= s->in_end) {
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

int inflate_blocks(struct inflate_stream *s)
{
	for (bool last = false; !last;) {
		if (fill(s) < 0)
			return -1;
		last = take(s, 1);
		unsigned kind = take(s, 2);
		int result = kind == 0 ? stored_block(s) : kind == 1 ? fixed_tables(s) : kind == 2 ? dynamic_tables(s) : inflate_bad();
		if (result == 0 && kind != 0)
			result = coded_block(s);
		if (result < 0)
			return -1;
	}
	return 0;
}
