#include "deflate_block.h"
#include "deflate_codes.h"

#include <string.h>

#define STORED_MAX 65535u
#define RUNS_MAX (DEFLATE_LITERALS + DEFLATE_DISTANCES)

/* At most 56 bits at once with what is left of before. */
static inline void put(struct deflate *d, uint64_t value, unsigned count)
{
	d->bits |= value << d->bit_count;
	d->bit_count += count;
}

static inline void flush(struct deflate *d)
{
	memcpy(d->out, &d->bits, 8);
	d->out += d->bit_count >> 3;
	d->bits >>= d->bit_count & ~7u;
	d->bit_count &= 7;
}

static void to_byte(struct deflate *d)
{
	d->bit_count = (d->bit_count + 7) & ~7u;
	flush(d);
}

/* ---- code lengths, themselves coded (RFC 1951, 3.2.7) ---- */

static const unsigned char order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

struct runs {
	unsigned char symbols[RUNS_MAX], extra[RUNS_MAX];
	size_t count;
	uint32_t counts[19];
	struct deflate_codes codes;
	size_t literals, distances, ordered;
	size_t bits;
};

static void add_run(struct runs *r, unsigned symbol, unsigned extra)
{
	r->symbols[r->count] = (unsigned char)symbol;
	r->extra[r->count++] = (unsigned char)extra;
	r->counts[symbol]++;
}

static unsigned extra_bits(unsigned symbol)
{
	return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

static void find_runs(struct runs *r, const unsigned char *lengths, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t same = 1;
		while (i + same < count && lengths[i + same] == lengths[i])
			same++;
		size_t left = same;
		if (lengths[i] == 0) {
			for (; left >= 3; left -= left < 138 ? left : 138)
				add_run(r, left < 11 ? 17 : 18, (unsigned)(left < 11 ? left - 3 : (left < 138 ? left : 138) - 11));
		} else {
			add_run(r, lengths[i], 0);
			for (left--; left >= 3; left -= left < 6 ? left : 6)
				add_run(r, 16, (unsigned)((left < 6 ? left : 6) - 3));
		}
		for (; left > 0; left--)
			add_run(r, lengths[i], 0);
		i += same;
	}
}

static void describe_codes(struct runs *r, const struct deflate_codes *literal, const struct deflate_codes *distance)
{
	unsigned char lengths[RUNS_MAX];
	r->literals = DEFLATE_LITERALS;
	while (r->literals > 257 && !literal->lengths[r->literals - 1])
		r->literals--;
	r->distances = DEFLATE_DISTANCES;
	while (r->distances > 1 && !distance->lengths[r->distances - 1])
		r->distances--;
	memcpy(lengths, literal->lengths, r->literals);
	memcpy(lengths + r->literals, distance->lengths, r->distances);
	r->count = 0;
	memset(r->counts, 0, sizeof r->counts);
	find_runs(r, lengths, r->literals + r->distances);
	deflate_codes(&r->codes, r->counts, 19, 7);
	r->ordered = 19;
	while (r->ordered > 4 && !r->codes.lengths[order[r->ordered - 1]])
		r->ordered--;
	r->bits = 14 + 3 * r->ordered;
	for (size_t i = 0; i < r->count; i++)
		r->bits += r->codes.lengths[r->symbols[i]] + extra_bits(r->symbols[i]);
}

static void put_runs(struct deflate *d, const struct runs *r)
{
	put(d, (r->literals - 257) | (r->distances - 1) << 5 | (r->ordered - 4) << 10, 14);
	flush(d);
	for (size_t i = 0; i < r->ordered; i++) {
		put(d, r->codes.lengths[order[i]], 3);
		flush(d);
	}
	for (size_t i = 0; i < r->count; i++) {
		put(d, r->codes.codes[r->symbols[i]], r->codes.lengths[r->symbols[i]]);
		put(d, r->extra[i], extra_bits(r->symbols[i]));
		flush(d);
	}
}

/* ---- blocks ---- */

static unsigned length_extra(unsigned symbol)
{
	return symbol < 8 || symbol == 28 ? 0 : symbol / 4 - 1;
}

static unsigned distance_extra(unsigned symbol)
{
	return symbol < 4 ? 0 : symbol / 2 - 1;
}

static size_t token_bits(const struct deflate *d, const struct deflate_codes *literal, const struct deflate_codes *distance)
{
	size_t bits = 0;
	for (unsigned i = 0; i < DEFLATE_LITERALS; i++)
		bits += (size_t)d->literals[i] * (literal->lengths[i] + (i > 256 ? length_extra(i - 257) : 0));
	for (unsigned i = 0; i < DEFLATE_DISTANCES; i++)
		bits += (size_t)d->distances[i] * (distance->lengths[i] + distance_extra(i));
	return bits;
}

static void put_tokens(struct deflate *d, const struct deflate_codes *literal, const struct deflate_codes *distance)
{
	for (size_t i = 0; i < d->token_count; i++) {
		uint32_t token = d->tokens[i];
		if (!(token & TOKEN_MATCH)) {
			put(d, literal->codes[token], literal->lengths[token]);
			flush(d);
			continue;
		}
		unsigned less3 = token >> 16 & 255, less1 = token & 0x7fff;
		unsigned l = length_symbol(less3), k = distance_symbol(less1);
		put(d, literal->codes[257 + l], literal->lengths[257 + l]);
		put(d, less3 & ((1u << length_extra(l)) - 1), length_extra(l));
		put(d, distance->codes[k], distance->lengths[k]);
		put(d, less1 & ((1u << distance_extra(k)) - 1), distance_extra(k));
		flush(d);
	}
	put(d, literal->codes[256], literal->lengths[256]);
	flush(d);
}

static void put_stored(struct deflate *d, const unsigned char *bytes, size_t length)
{
	while (length > 0) {
		unsigned n = length < STORED_MAX ? (unsigned)length : STORED_MAX;
		put(d, 0, 3);
		to_byte(d);
		put(d, n | (uint64_t)(~n & 0xffff) << 16, 32);
		flush(d);
		memcpy(d->out, bytes, n);
		d->out += n;
		bytes += n;
		length -= n;
	}
}

void deflate_block(struct deflate *d, const unsigned char *bytes, size_t length)
{
	struct deflate_codes literal, distance;
	struct runs runs;
	d->literals[256] = 1;
	deflate_codes(&literal, d->literals, DEFLATE_LITERALS, 15);
	deflate_codes(&distance, d->distances, DEFLATE_DISTANCES, 15);
	describe_codes(&runs, &literal, &distance);
	size_t coded = 3 + runs.bits + token_bits(d, &literal, &distance);
	if (coded >= 8 * (length + 5 * (length / STORED_MAX + 1))) {
		put_stored(d, bytes, length);
	} else {
		put(d, 2 << 1, 3);
		put_runs(d, &runs);
		put_tokens(d, &literal, &distance);
	}
	d->token_count = 0;
	memset(d->literals, 0, sizeof d->literals);
	memset(d->distances, 0, sizeof d->distances);
}

void deflate_align(struct deflate *d, bool last)
{
	if (last) {
		put(d, 3, 10);	/* fixed codes, and at once the end of the block */
		to_byte(d);
		return;
	}
	put(d, 0, 3);
	to_byte(d);
	put(d, 0xffff0000u, 32);
	flush(d);
}
