/* Compresses into pieces of one deflate stream (RFC 1951), each beginning and ending at a whole byte. */
#ifndef DEFLATE_H
#define DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFLATE_WINDOW (32u << 10)
/* Bytes that the output has to have room for, beyond those of the piece. */
#define DEFLATE_SLACK 4096
#define DEFLATE_TOKENS 32768
#define DEFLATE_LITERALS 286
#define DEFLATE_DISTANCES 30
#define DEFLATE_HASH_BITS 14

struct deflate {
	uint32_t recent[1u << DEFLATE_HASH_BITS][2];	/* places of four bytes that hash alike, the latest first; 0: none */
	uint32_t tokens[DEFLATE_TOKENS];
	size_t token_count;
	uint32_t literals[DEFLATE_LITERALS], distances[DEFLATE_DISTANCES];
	uint64_t bits;
	unsigned bit_count;
	unsigned char *out;
};

/* Compresses `length` bytes (less than 2^24) at `bytes`, before which `history` bytes (at most a window) of the same stream lie. `last`:
   the stream ends here. Returns the bytes written to `out`. */
size_t deflate_piece(struct deflate *d, const unsigned char *bytes, size_t history, size_t length, bool last,
		     unsigned char *out);

/* CRC-32 as gzip's trailer has it, continued from `crc` (0 at the beginning). */
uint32_t deflate_crc(uint32_t crc, const unsigned char *bytes, size_t length);

#endif
