/* The fastest way that the processor has, once it has been seen to give what the plain one gives. */
#include "sha256.h"

#include <stdio.h>
#include <string.h>

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define CHOOSE(e, f, g) ((g) ^ ((e) & ((f) ^ (g))))
#define MAJORITY(a, b, c) (((a) & (b)) | ((c) & ((a) | (b))))
#define SUM0(a) (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22))
#define SUM1(e) (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25))
#define MIX0(w) (ROTATE(w, 7) ^ ROTATE(w, 18) ^ (w) >> 3)
#define MIX1(w) (ROTATE(w, 17) ^ ROTATE(w, 19) ^ (w) >> 10)

#define ROUND(a, b, c, d, e, f, g, h, i) do { \
	uint32_t t = (h) + SUM1(e) + CHOOSE(e, f, g) + K[i] + w[(i) & 15]; \
	(d) += t; \
	(h) = t + SUM0(a) + MAJORITY(a, b, c); \
} while (0)

#define MIX(i) (w[(i) & 15] += MIX1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + MIX0(w[((i) + 1) & 15]))

#define EIGHT(i, BEFORE) do { \
	BEFORE(i); ROUND(a, b, c, d, e, f, g, h, i); BEFORE(i + 1); ROUND(h, a, b, c, d, e, f, g, i + 1); \
	BEFORE(i + 2); ROUND(g, h, a, b, c, d, e, f, i + 2); BEFORE(i + 3); ROUND(f, g, h, a, b, c, d, e, i + 3); \
	BEFORE(i + 4); ROUND(e, f, g, h, a, b, c, d, i + 4); BEFORE(i + 5); ROUND(d, e, f, g, h, a, b, c, i + 5); \
	BEFORE(i + 6); ROUND(c, d, e, f, g, h, a, b, i + 6); BEFORE(i + 7); ROUND(b, c, d, e, f, g, h, a, i + 7); \
} while (0)

#define READ(i) (w[i] = (uint32_t)bytes[4 * (i)] << 24 | (uint32_t)bytes[4 * (i) + 1] << 16 | \
			(uint32_t)bytes[4 * (i) + 2] << 8 | bytes[4 * (i) + 3])

static inline __attribute__((always_inline)) void plain(uint32_t *state, const unsigned char *bytes, size_t count)
{
	for (; count > 0; count--, bytes += 64) {
		uint32_t w[16];
		uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
		uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
		EIGHT(0, READ);
		EIGHT(8, READ);
		for (int i = 16; i < 64; i += 16) {
			EIGHT(i, MIX);
			EIGHT(i + 8, MIX);
		}
		state[0] += a;
		state[1] += b;
		state[2] += c;
		state[3] += d;
		state[4] += e;
		state[5] += f;
		state[6] += g;
		state[7] += h;
	}
}

static void blocks_plain(uint32_t *state, const unsigned char *bytes, size_t count)
{
	plain(state, bytes, count);
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

__attribute__((target("bmi,bmi2"))) static void blocks_bmi2(uint32_t *state, const unsigned char *bytes, size_t count)
{
	plain(state, bytes, count);
}

/* Intel's SHA extensions: two rounds an instruction, the state as ABEF and CDGH. */
__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_sha(uint32_t *state, const unsigned char *bytes, size_t count)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i t = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
	__m128i cdgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(t, cdgh, 8);
	cdgh = _mm_blend_epi16(cdgh, t, 0xf0);
	for (; count > 0; count--, bytes += 64) {
		const __m128i abef_before = abef, cdgh_before = cdgh;
		__m128i w[4];
		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * i)), swap);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			if (i >= 4) {
				__m128i mixed = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
				mixed = _mm_add_epi32(mixed, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
				w[i & 3] = _mm_sha256msg2_epu32(mixed, w[(i + 3) & 3]);
			}
			__m128i k = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *)(K + 4 * i)));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	t = _mm_shuffle_epi32(abef, 0x1b);
	cdgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(t, cdgh, 0xf0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(cdgh, t, 8));
}

static int agrees(void (*blocks)(uint32_t *, const unsigned char *, size_t))
{
	unsigned char bytes[192];
	uint32_t one[8], other[8];
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 37 + 11);
	for (unsigned i = 0; i < 8; i++)
		one[i] = other[i] = K[i];
	blocks_plain(one, bytes, 3);
	blocks(other, bytes, 3);
	return memcmp(one, other, sizeof one) == 0;
}

static void choose(struct sha256 *h)
{
	unsigned a, b, c, d;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return;
	if (b & (1u << 8))	/* BMI2 */
		h->blocks = blocks_bmi2;
	if (b & (1u << 29) && __builtin_cpu_supports("sse4.1") && agrees(blocks_sha))
		h->blocks = blocks_sha;
}
#else
static void choose(struct sha256 *h)
{
	(void)h;
}
#endif

void sha256_begin(struct sha256 *h)
{
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	*h = (struct sha256){ .blocks = blocks_plain };
	memcpy(h->state, start, sizeof start);
	choose(h);
}

void sha256_add(struct sha256 *h, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	h->length += length;
	if (h->rest_length > 0) {
		size_t n = sizeof h->rest - h->rest_length;
		n = n < length ? n : length;
		memcpy(h->rest + h->rest_length, bytes, n);
		h->rest_length += n;
		bytes += n;
		length -= n;
		if (h->rest_length < sizeof h->rest)
			return;
		h->blocks(h->state, h->rest, 1);
		h->rest_length = 0;
	}
	h->blocks(h->state, bytes, length / 64);
	memcpy(h->rest, bytes + length / 64 * 64, length % 64);
	h->rest_length = length % 64;
}

void sha256_end(struct sha256 *h, unsigned char out[SHA256_BYTES])
{
	uint64_t bits = h->length * 8;
	unsigned char end[72] = { 0x80 };
	size_t padding = (h->rest_length < 56 ? 56 : 120) - h->rest_length;
	for (unsigned i = 0; i < 8; i++)
		end[padding + i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(h, end, padding + 8);
	for (unsigned i = 0; i < 8; i++)
		for (unsigned j = 0; j < 4; j++)
			out[4 * i + j] = (unsigned char)(h->state[i] >> (24 - 8 * j));
}

void sha256_end_hex(struct sha256 *h, char out[2 * SHA256_BYTES + 1])
{
	unsigned char digest[SHA256_BYTES];
	sha256_end(h, digest);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
}
