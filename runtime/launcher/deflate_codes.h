/* Huffman codes of a deflate block. */
#ifndef DEFLATE_CODES_H
#define DEFLATE_CODES_H

#include <stddef.h>
#include <stdint.h>

#define DEFLATE_SYMBOLS_MAX 286

struct deflate_codes {
	uint8_t lengths[DEFLATE_SYMBOLS_MAX + 2];
	uint16_t codes[DEFLATE_SYMBOLS_MAX + 2];	/* their bits in the order in which they are sent */
};

/* Codes of at most `longest` bits (15 at most) for symbols that come up `counts` times; one that never does has length 0.
   At least two symbols get a code, since decoders refuse an incomplete set. */
void deflate_codes(struct deflate_codes *c, const uint32_t *counts, size_t symbols, unsigned longest);

#endif
