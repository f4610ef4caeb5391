/* Tables of inflate's codes, made from their lengths (RFC 1951, 3.2.2): a second table behind those that are too long. */
#include "inflate_table.h"

#include <errno.h>

static int refuse(void)
{
	errno = EBADMSG;
	return -1;
}

static uint32_t reversed(uint32_t code, unsigned length)
{
	uint32_t out = 0;
	for (; length > 0; length--, code >>= 1)
		out = out << 1 | (code & 1);
	return out;
}

/* How many bits the second table needs that begins with a code of `length`; `count` are the codes not yet placed. */
static unsigned second_bits(const unsigned *count, unsigned length, unsigned primary, unsigned longest)
{
	unsigned n = length - primary;
	int left = 1 << n;
	while (n + primary < longest) {
		left -= (int)count[n + primary];
		if (left <= 0)
			break;
		n++;
		left <<= 1;
	}
	return n;
}

/* Whether the lengths make a code: no more than there is room for, and no less unless it is one code alone. */
static int check_lengths(const unsigned *count, unsigned longest)
{
	int left = 1;
	for (unsigned length = 1; length <= CODE_MAX; length++) {
		left = left * 2 - (int)count[length];
		if (left < 0)
			return refuse();
	}
	return left > 0 && longest > 1 ? refuse() : 0;
}

struct builder {
	uint32_t *table;
	unsigned primary, room, used;
	unsigned count[CODE_MAX + 1];
	unsigned longest;
};

static int place(struct builder *b, uint32_t code, unsigned length, uint32_t entry)
{
	uint32_t at = reversed(code, length);
	if (length <= b->primary) {
		for (; at < 1u << b->primary; at += 1u << length)
			b->table[at] = entry | length;
		return 0;
	}
	uint32_t *head = &b->table[at & ((1u << b->primary) - 1)];
	if (!(*head & IS_TABLE)) {
		unsigned bits = second_bits(b->count, length, b->primary, b->longest);
		if (b->used + (1u << bits) > b->room)
			return refuse();
		*head = IS_TABLE | b->used << 9 | bits << 5 | b->primary;
		for (unsigned i = 0; i < 1u << bits; i++)
			b->table[b->used + i] = IS_BAD | 1;
		b->used += 1u << bits;
	}
	for (at >>= b->primary; at < 1u << EXTRA_BITS(*head); at += 1u << (length - b->primary))
		b->table[BASE(*head) + at] = entry | (length - b->primary);
	return 0;
}

int inflate_table(uint32_t *table, unsigned primary, unsigned room, const uint8_t *lengths, unsigned symbols,
		 uint32_t (*entry)(unsigned symbol))
{
	struct builder b = { .table = table, .primary = primary, .room = room, .used = 1u << primary };
	uint32_t next[CODE_MAX + 2] = { 0 };
	for (unsigned i = 0; i < symbols; i++) {
		b.count[lengths[i]]++;
		if (lengths[i] > b.longest)
			b.longest = lengths[i];
	}
	b.count[0] = 0;
	if (check_lengths(b.count, b.longest) < 0)
		return -1;
	for (unsigned i = 0; i < b.used; i++)
		table[i] = IS_BAD | 1;
	for (unsigned length = 1; length <= CODE_MAX; length++)
		next[length + 1] = (next[length] + b.count[length]) << 1;
	/* Shortest first, so that the first code of a second table is its shortest. */
	for (unsigned length = 1; length <= b.longest; length++)
		for (unsigned i = 0; i < symbols && b.count[length] > 0; i++) {
			if (lengths[i] != length)
				continue;
			if (place(&b, next[length]++, length, entry(i)) < 0)
				return -1;
			b.count[length]--;
		}
	return 0;
}

uint32_t inflate_literal(unsigned symbol)
{
	static const uint16_t base[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99,
					 115, 131, 163, 195, 227, 258 };
	static const uint8_t extra[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	if (symbol < 256)
		return IS_LITERAL | symbol << 9;
	if (symbol == 256)
		return IS_END;
	return symbol > 285 ? IS_BAD : (uint32_t)base[symbol - 257] << 9 | (uint32_t)extra[symbol - 257] << 5;
}

uint32_t inflate_distance(unsigned symbol)
{
	if (symbol > 29)
		return IS_BAD;
	unsigned extra = symbol < 4 ? 0 : symbol / 2 - 1;
	unsigned base = symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << extra) + 1;
	return base << 9 | extra << 5;
}

uint32_t inflate_length(unsigned symbol)
{
	return symbol << 9;
}
