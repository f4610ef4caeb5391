/*
 * Compressing beside the packing: the job's own thread fills pieces, several compress them, one hashes the plain ones in
 * their order, and one sends and hashes what came out. The pieces make one gzip member (RFC 1952).
 */
#include "deflate.h"
#include "sha256.h"
#include "tar.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 8u
#define THREADS_MAX 4

struct slot {
	unsigned char *memory;	/* window, content, slack */
	unsigned char *packed;
	size_t history, length, packed_length;
	bool last, done;
};

struct tar_gzip {
	int fd;
	pthread_t hasher, sender, packers[THREADS_MAX];
	int packer_count;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot slots[SLOTS];
	/* How many pieces each has begun or done. */
	uint64_t filled, begun, hashed, sent;
	bool ended, abandoned;
	int error;
	uint32_t crc;
	struct sha256 plain, packed;
};

static unsigned char *content(const struct slot *slot)
{
	return slot->memory + DEFLATE_WINDOW;
}

static void *run_packer(void *context)
{
	struct tar_gzip *g = context;
	struct deflate *d = malloc(sizeof *d);
	pthread_mutex_lock(&g->lock);
	if (!d)
		g->error = ENOMEM;
	while (d) {
		while (!g->abandoned && !g->ended && g->begun == g->filled)
			pthread_cond_wait(&g->changed, &g->lock);
		if (g->abandoned || g->begun == g->filled)
			break;
		struct slot *slot = &g->slots[g->begun++ % SLOTS];
		pthread_mutex_unlock(&g->lock);
		slot->packed_length = deflate_piece(d, content(slot), slot->history, slot->length, slot->last, slot->packed);
		pthread_mutex_lock(&g->lock);
		slot->done = true;
		pthread_cond_broadcast(&g->changed);
	}
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	free(d);
	return NULL;
}

static void *run_hasher(void *context)
{
	struct tar_gzip *g = context;
	pthread_mutex_lock(&g->lock);
	for (;;) {
		while (!g->abandoned && !g->ended && g->hashed == g->filled)
			pthread_cond_wait(&g->changed, &g->lock);
		if (g->abandoned || g->hashed == g->filled)
			break;
		const struct slot *slot = &g->slots[g->hashed % SLOTS];
		pthread_mutex_unlock(&g->lock);
		sha256_add(&g->plain, content(slot), slot->length);
		g->crc = deflate_crc(g->crc, content(slot), slot->length);
		pthread_mutex_lock(&g->lock);
		g->hashed++;
		pthread_cond_broadcast(&g->changed);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

static int put(struct tar_gzip *g, const void *bytes, size_t length)
{
	sha256_add(&g->packed, bytes, length);
	return reply_bytes(g->fd, REPLY_DATA, bytes, (uint32_t)length);
}

static void *run_sender(void *context)
{
	/* No name, no time: the same content gives the same bytes. */
	static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };
	struct tar_gzip *g = context;
	int result = put(g, head, sizeof head);
	pthread_mutex_lock(&g->lock);
	for (;;) {
		struct slot *slot = &g->slots[g->sent % SLOTS];
		while (!g->abandoned && !g->error && !slot->done && !(g->ended && g->sent == g->filled))
			pthread_cond_wait(&g->changed, &g->lock);
		if (result < 0 || g->abandoned || g->error || !slot->done)
			break;
		pthread_mutex_unlock(&g->lock);
		result = put(g, slot->packed, slot->packed_length);
		pthread_mutex_lock(&g->lock);
		if (result < 0)
			g->error = errno;
		slot->done = false;
		g->sent++;
		pthread_cond_broadcast(&g->changed);
	}
	if (result < 0 && !g->error)
		g->error = EPIPE;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* One for each processor that this process may run on. */
static int packers(void)
{
	cpu_set_t allowed;
	int n = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
	return n < THREADS_MAX ? n : THREADS_MAX;
}

static int start(struct tar_gzip *g)
{
	errno = pthread_create(&g->hasher, NULL, run_hasher, g);
	if (errno == 0)
		errno = pthread_create(&g->sender, NULL, run_sender, g);
	for (int wanted = packers(); errno == 0 && g->packer_count < wanted;) {
		errno = pthread_create(&g->packers[g->packer_count], NULL, run_packer, g);
		g->packer_count += errno == 0;
	}
	return errno == 0 ? 0 : -1;
}

struct tar_gzip *tar_gzip_open(int fd, unsigned char **buffer)
{
	struct tar_gzip *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	g->fd = fd;
	for (unsigned i = 0; i < SLOTS; i++) {
		g->slots[i].memory = malloc(DEFLATE_WINDOW + TAR_BUFFER);
		g->slots[i].packed = malloc(TAR_BUFFER + DEFLATE_SLACK);
		if (!g->slots[i].memory || !g->slots[i].packed)
			return NULL;
	}
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
	sha256_begin(&g->plain);
	sha256_begin(&g->packed);
	*buffer = content(&g->slots[0]);
	return start(g) == 0 ? g : NULL;
}

/* What the next piece may refer to. */
static void carry(struct slot *to, const struct slot *from)
{
	size_t had = from->history + from->length;
	to->history = had < DEFLATE_WINDOW ? had : DEFLATE_WINDOW;
	memcpy(content(to) - to->history, content(from) + from->length - to->history, to->history);
}

unsigned char *tar_gzip_take(struct tar_gzip *g, size_t used)
{
	pthread_mutex_lock(&g->lock);
	struct slot *slot = &g->slots[g->filled % SLOTS], *next = &g->slots[(g->filled + 1) % SLOTS];
	slot->length = used;
	while (!g->error && (g->filled + 1 - g->sent >= SLOTS || g->filled + 1 - g->hashed >= SLOTS))
		pthread_cond_wait(&g->changed, &g->lock);
	int error = g->error;
	pthread_mutex_unlock(&g->lock);
	errno = error;
	if (error)
		return NULL;
	carry(next, slot);
	pthread_mutex_lock(&g->lock);
	g->filled++;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	return content(next);
}

static void join_all(struct tar_gzip *g)
{
	for (int i = 0; i < g->packer_count; i++)
		pthread_join(g->packers[i], NULL);
	pthread_join(g->hasher, NULL);
	pthread_join(g->sender, NULL);
}

static void put_digest(struct writer *w, struct sha256 *sha)
{
	char hex[2 * SHA256_BYTES + 1];
	put_u64(w, sha->length);
	sha256_end_hex(sha, hex);
	put_str(w, hex);
}

int tar_gzip_finish(struct tar_gzip *g, size_t used, struct writer *w)
{
	pthread_mutex_lock(&g->lock);
	struct slot *slot = &g->slots[g->filled % SLOTS];
	slot->length = used;
	slot->last = true;
	g->filled++;
	g->ended = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	join_all(g);
	errno = g->error;
	if (g->error)
		return -1;
	uint32_t size = (uint32_t)g->plain.length;
	unsigned char trailer[8] = {
		(unsigned char)g->crc, (unsigned char)(g->crc >> 8), (unsigned char)(g->crc >> 16), (unsigned char)(g->crc >> 24),
		(unsigned char)size, (unsigned char)(size >> 8), (unsigned char)(size >> 16), (unsigned char)(size >> 24),
	};
	if (put(g, trailer, sizeof trailer) < 0)
		return -1;
	put_digest(w, &g->plain);
	put_digest(w, &g->packed);
	return 0;
}

void tar_gzip_abandon(struct tar_gzip *g)
{
	pthread_mutex_lock(&g->lock);
	g->abandoned = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
	join_all(g);
}
