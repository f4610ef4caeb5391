/* Finds repetitions: of the two latest places that hash alike the longer match, unless the next byte begins a better one. */
#include "deflate.h"
#include "deflate_block.h"

#include <string.h>

#define MATCH_MIN 4
#define MATCH_MAX 258
/* From here on nothing better is looked for. */
#define MATCH_GOOD 12

struct match {
	unsigned length, distance;
};

static inline uint32_t load32(const unsigned char *at)
{
	uint32_t v;
	memcpy(&v, at, 4);
	return v;
}

static inline uint64_t load64(const unsigned char *at)
{
	uint64_t v;
	memcpy(&v, at, 8);
	return v;
}

static inline uint32_t *bucket(struct deflate *d, uint32_t four)
{
	return d->recent[four * 2654435761u >> (32 - DEFLATE_HASH_BITS)];
}

static inline void remember(uint32_t *b, uint32_t at)
{
	b[1] = b[0];
	b[0] = at;
}

static unsigned common(const unsigned char *a, const unsigned char *b, unsigned most)
{
	unsigned n = 4;
	for (; n + 8 <= most; n += 8) {
		uint64_t differ = load64(a + n) ^ load64(b + n);
		if (differ)
			return n + ((unsigned)__builtin_ctzll(differ) >> 3);
	}
	while (n < most && a[n] == b[n])
		n++;
	return n;
}

/* The longer of two at base + at (of which `left` bytes remain, at least four), which is remembered. */
static struct match find(struct deflate *d, const unsigned char *base, uint32_t at, size_t left)
{
	struct match best = { 0, 0 };
	uint32_t four = load32(base + at), *b = bucket(d, four);
	unsigned most = left < MATCH_MAX ? (unsigned)left : MATCH_MAX;
	for (int i = 0; i < 2; i++) {
		uint32_t from = b[i];
		if (from == 0 || at - from > DEFLATE_WINDOW || load32(base + from) != four)
			continue;
		unsigned n = common(base + from, base + at, most);
		if (n > best.length)
			best = (struct match){ n, at - from };
	}
	remember(b, at);
	return best;
}

static inline void literal(struct deflate *d, unsigned char byte)
{
	d->tokens[d->token_count++] = byte;
	d->literals[byte]++;
}

static inline void repeat(struct deflate *d, struct match m)
{
	d->tokens[d->token_count++] = TOKEN_MATCH | (m.length - 3) << 16 | (m.distance - 1);
	d->literals[257 + length_symbol(m.length - 3)]++;
	d->distances[distance_symbol(m.distance - 1)]++;
}

struct piece {
	const unsigned char *base;	/* a byte before the history, so that no place is 0 */
	uint32_t at, end, begun;	/* begun: where the current block starts */
	unsigned misses;
};

static void end_block(struct deflate *d, struct piece *p)
{
	if (d->token_count > 0)
		deflate_block(d, p->base + p->begun, p->at - p->begun);
	p->begun = p->at;
}

/* What does not repeat is hashed less and less, and goes out as it is. */
static void pass(struct deflate *d, struct piece *p)
{
	for (unsigned step = 1 + (p->misses++ >> 6); step > 0 && p->at < p->end && d->token_count < DEFLATE_TOKENS; step--)
		literal(d, p->base[p->at++]);
}

static void take(struct deflate *d, struct piece *p, struct match m)
{
	repeat(d, m);
	uint32_t end = p->at + m.length, last = p->end > 4 ? p->end - 4 : 0;
	for (uint32_t i = p->at + 2; i < end && i <= last; i += 2)
		remember(bucket(d, load32(p->base + i)), i);
	p->at = end;
	p->misses = 0;
}

static void compress(struct deflate *d, struct piece *p)
{
	while (p->at < p->end) {
		/* Room for a literal and the match after it. */
		if (d->token_count + 2 > DEFLATE_TOKENS)
			end_block(d, p);
		if (p->end - p->at < MATCH_MIN) {
			literal(d, p->base[p->at++]);
			continue;
		}
		struct match m = find(d, p->base, p->at, p->end - p->at);
		if (m.length == 0) {
			pass(d, p);
			continue;
		}
		if (m.length < MATCH_GOOD && p->end - p->at > MATCH_MIN) {
			struct match next = find(d, p->base, p->at + 1, p->end - p->at - 1);
			if (next.length > m.length) {
				literal(d, p->base[p->at++]);
				m = next;
			}
		}
		take(d, p, m);
	}
	end_block(d, p);
}

size_t deflate_piece(struct deflate *d, const unsigned char *bytes, size_t history, size_t length, bool last,
		     unsigned char *out)
{
	memset(d->recent, 0, sizeof d->recent);
	memset(d->literals, 0, sizeof d->literals);
	memset(d->distances, 0, sizeof d->distances);
	d->token_count = d->bits = d->bit_count = 0;
	d->out = out;
	uint32_t start = (uint32_t)history + 1;
	struct piece p = { .base = bytes - start, .at = start, .end = start + (uint32_t)length, .begun = start };
	for (uint32_t i = 1; history >= MATCH_MIN && i + MATCH_MIN <= start; i++)
		remember(bucket(d, load32(p.base + i)), i);
	compress(d, &p);
	deflate_align(d, last);
	return (size_t)(d->out - out);
}

/* Eight bytes at once, by eight tables. */
uint32_t deflate_crc(uint32_t crc, const unsigned char *bytes, size_t length)
{
	static uint32_t table[8][256];
	if (!table[0][1])
		for (uint32_t i = 0; i < 8 * 256; i++) {
			uint32_t c = i < 256 ? i : table[(i >> 8) - 1][i & 255];
			for (int k = 0; k < 8 && i < 256; k++)
				c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
			table[i >> 8][i & 255] = i < 256 ? c : table[0][c & 255] ^ c >> 8;
		}
	crc = ~crc;
	for (; length >= 8; length -= 8, bytes += 8) {
		uint64_t v = load64(bytes) ^ crc;
		crc = table[7][v & 255] ^ table[6][v >> 8 & 255] ^ table[5][v >> 16 & 255] ^ table[4][v >> 24 & 255] ^
		      table[3][v >> 32 & 255] ^ table[2][v >> 40 & 255] ^ table[1][v >> 48 & 255] ^ table[0][v >> 56];
	}
	for (; length > 0; length--)
		crc = table[0][(crc ^ *bytes++) & 255] ^ crc >> 8;
	return ~crc;
}
