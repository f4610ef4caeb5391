/* Lengths by Huffman's two queues, cut to the longest that the format has; codes as RFC 1951, 3.2.2. */
#include "deflate_codes.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 15

struct leaf {
	uint32_t count;
	uint16_t symbol;
};

static int rarer(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;
	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return (int)x->symbol - (int)y->symbol;
}

/* How many leaves are how deep: deeper ones than LONGEST count as LONGEST. */
static void depths(const struct leaf *leaves, size_t n, unsigned *counts, unsigned longest)
{
	uint32_t weights[DEFLATE_SYMBOLS_MAX * 2];
	uint16_t parents[DEFLATE_SYMBOLS_MAX * 2];
	uint16_t depth[DEFLATE_SYMBOLS_MAX * 2];
	size_t leaf = 0, node = n, made = n;
	for (size_t i = 0; i < n; i++)
		weights[i] = leaves[i].count;
	for (; made < 2 * n - 1; made++) {
		weights[made] = 0;
		for (int k = 0; k < 2; k++) {
			size_t least = leaf < n && (node >= made || weights[leaf] <= weights[node]) ? leaf++ : node++;
			weights[made] += weights[least];
			parents[least] = (uint16_t)made;
		}
	}
	depth[made - 1] = 0;
	for (size_t i = made - 1; i-- > 0;) {
		depth[i] = (uint16_t)(depth[parents[i]] + 1);
		if (i < n)
			counts[depth[i] < longest ? depth[i] : longest]++;
	}
}

/* Cutting made more codes than there is room for: the shortest that can are made longer until they fit. */
static void fit(unsigned *counts, unsigned longest)
{
	uint32_t used = 0;
	for (unsigned i = 1; i <= longest; i++)
		used += counts[i] << (longest - i);
	for (; used > 1u << longest; used--) {
		unsigned i = longest - 1;
		while (counts[i] == 0)
			i--;
		counts[longest]--;
		counts[i]--;
		counts[i + 1] += 2;
	}
}

static uint16_t reversed(unsigned code, unsigned length)
{
	unsigned r = 0;
	for (; length > 0; length--, code >>= 1)
		r = r << 1 | (code & 1);
	return (uint16_t)r;
}

static void assign(struct deflate_codes *c, const unsigned *counts, size_t symbols, unsigned longest)
{
	unsigned next[LONGEST + 2] = { 0 };
	for (unsigned i = 1; i <= longest; i++)
		next[i + 1] = (next[i] + counts[i]) << 1;
	for (size_t i = 0; i < symbols; i++)
		if (c->lengths[i])
			c->codes[i] = reversed(next[c->lengths[i]]++, c->lengths[i]);
}

void deflate_codes(struct deflate_codes *c, const uint32_t *counts, size_t symbols, unsigned longest)
{
	struct leaf leaves[DEFLATE_SYMBOLS_MAX];
	unsigned by_length[LONGEST + 1] = { 0 };
	size_t n = 0;
	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < symbols; i++)
		if (counts[i])
			leaves[n++] = (struct leaf){ counts[i], (uint16_t)i };
	for (uint16_t i = 0; n < 2; i++)
		if (!counts[i])
			leaves[n++] = (struct leaf){ 1, i };
	qsort(leaves, n, sizeof *leaves, rarer);
	depths(leaves, n, by_length, longest);
	fit(by_length, longest);
	size_t at = 0;
	for (unsigned length = longest; length > 0; length--)
		for (unsigned i = 0; i < by_length[length]; i++)
			c->lengths[leaves[at++].symbol] = (uint8_t)length;
	assign(c, by_length, symbols, longest);
}
