/* Writes what deflate.c found as blocks. */
#ifndef DEFLATE_BLOCK_H
#define DEFLATE_BLOCK_H

#include "deflate.h"

#define TOKEN_MATCH 0x80000000u

/* Number of a match's length (3 to 258) and distance (1 to a window) among the symbols, less 257 for lengths. */
static inline unsigned length_symbol(unsigned less3)
{
	if (less3 < 8 || less3 == 255)
		return less3 < 8 ? less3 : 28;
	unsigned n = 31 - (unsigned)__builtin_clz(less3);
	return 4 * (n - 1) + (less3 >> (n - 2) & 3);
}

static inline unsigned distance_symbol(unsigned less1)
{
	if (less1 < 4)
		return less1;
	unsigned n = 31 - (unsigned)__builtin_clz(less1);
	return 2 * n + (less1 >> (n - 1) & 1);
}

/* The tokens so far as one block, or the `length` bytes they stand for as they are where that is shorter. */
void deflate_block(struct deflate *d, const unsigned char *bytes, size_t length);
/* To the next whole byte, by an empty block; `last`: nothing follows. */
void deflate_align(struct deflate *d, bool last);

#endif
