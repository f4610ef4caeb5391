/* How a code of inflate is looked up by the next bits of the stream. */
#ifndef INFLATE_TABLE_H
#define INFLATE_TABLE_H

#include <stdint.h>

#define CODE_MAX 15

/*
 * An entry of a table: bits 0-4 how many bits the code takes; bits 5-8 how many more follow it; bits 9-24 a base (the
 * literal, the shortest length, the nearest distance, or where the second table begins); then what it is.
 */
enum { IS_LITERAL = 1 << 25, IS_END = 1 << 26, IS_TABLE = 1 << 27, IS_BAD = 1 << 28 };
#define CODE_BITS(e) ((e) & 31)
#define EXTRA_BITS(e) ((e) >> 5 & 15)
#define BASE(e) ((e) >> 9 & 0xffff)

/* Fills a table of 2^primary entries, second tables behind it, `room` entries in all; `entry` tells what a symbol means.
   -1 with EBADMSG for lengths that make no code. */
int inflate_table(uint32_t *table, unsigned primary, unsigned room, const uint8_t *lengths, unsigned symbols,
		  uint32_t (*entry)(unsigned symbol));

/* Meanings of symbols: literals and lengths of matches, distances, lengths of codes. */
uint32_t inflate_literal(unsigned symbol);
uint32_t inflate_distance(unsigned symbol);
uint32_t inflate_length(unsigned symbol);

#endif
