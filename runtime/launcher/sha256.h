/* SHA-256 (FIPS 180-4). */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
	uint32_t state[8];
	uint64_t length;
	unsigned char rest[64];
	size_t rest_length;
	void (*blocks)(uint32_t *state, const unsigned char *bytes, size_t count);
};

void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *bytes, size_t length);
void sha256_end(struct sha256 *h, unsigned char out[SHA256_BYTES]);
void sha256_end_hex(struct sha256 *h, char out[2 * SHA256_BYTES + 1]);

#endif
