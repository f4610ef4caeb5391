/*
 * Decompressing, hashing and unpacking side by side: one thread reads (and inflates) into a ring of buffers, one hashes
 * them, and the job's own thread takes them apart. A buffer is free again when both are through with it.
 */
#include "inflate.h"
#include "sha256.h"
#include "tar.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS 8u
#define CHUNK (256u << 10)

struct slot {
	unsigned char *memory;	/* window, content, slack */
	size_t length;
};

struct tar_source {
	int fd;
	bool inflate;
	pthread_t reader, hasher;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot slots[SLOTS];
	/* How many buffers each has done. */
	uint64_t filled, hashed, taken;
	bool holds;	/* the job's thread still reads buffer `taken` */
	bool ended, abandoned;
	int error;
	struct sha256 sha;
};

static unsigned char *content(const struct slot *slot)
{
	return slot->memory + INFLATE_WINDOW;
}

/* ---- the reader ---- */

static ssize_t read_fd(void *context, void *bytes, size_t room)
{
	const struct tar_source *s = context;
	ssize_t n;
	do
		n = read(s->fd, bytes, room);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Hands buffer `filled` over and waits for a free one. */
static struct slot *publish(struct tar_source *s, size_t length)
{
	pthread_mutex_lock(&s->lock);
	s->slots[s->filled % SLOTS].length = length;
	s->filled++;
	pthread_cond_broadcast(&s->changed);
	while (!s->abandoned && (s->filled - s->taken >= SLOTS || s->filled - s->hashed >= SLOTS))
		pthread_cond_wait(&s->changed, &s->lock);
	bool abandoned = s->abandoned;
	pthread_mutex_unlock(&s->lock);
	errno = ECANCELED;
	return abandoned ? NULL : &s->slots[s->filled % SLOTS];
}

static unsigned char *next_buffer(void *context, size_t used, size_t *room)
{
	struct tar_source *s = context;
	*room = CHUNK;
	struct slot *slot = used > 0 ? publish(s, used) : &s->slots[s->filled % SLOTS];
	return slot ? slot->memory : NULL;
}

static int copy_plain(struct tar_source *s)
{
	size_t room, used = 0;
	unsigned char *memory;
	while ((memory = next_buffer(s, used, &room))) {
		for (used = 0; used < room;) {
			ssize_t n = read_fd(s, memory + INFLATE_WINDOW + used, room - used);
			if (n < 0)
				return -1;
			if (n == 0)
				return used == 0 || publish(s, used) ? 0 : -1;
			used += (size_t)n;
		}
	}
	return -1;
}

static void *run_reader(void *context)
{
	struct tar_source *s = context;
	const struct inflate io = { .context = s, .read = read_fd, .next = next_buffer };
	int result = s->inflate ? inflate_gzip(&io) : copy_plain(s);
	int error = errno;
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	s->error = result < 0 ? error : 0;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the hasher ---- */

static void *run_hasher(void *context)
{
	struct tar_source *s = context;
	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->abandoned && !s->ended && s->hashed == s->filled)
			pthread_cond_wait(&s->changed, &s->lock);
		if (s->abandoned || s->hashed == s->filled)
			break;
		const struct slot *slot = &s->slots[s->hashed % SLOTS];
		pthread_mutex_unlock(&s->lock);
		sha256_add(&s->sha, content(slot), slot->length);
		pthread_mutex_lock(&s->lock);
		s->hashed++;
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the job's thread ---- */

struct tar_source *tar_source_open(int fd, bool inflate)
{
	struct tar_source *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->fd = fd;
	s->inflate = inflate;
	for (unsigned i = 0; i < SLOTS; i++)
		if (!(s->slots[i].memory = malloc(INFLATE_WINDOW + CHUNK + INFLATE_SLACK)))
			return NULL;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	sha256_begin(&s->sha);
	errno = pthread_create(&s->reader, NULL, run_reader, s);
	if (errno == 0)
		errno = pthread_create(&s->hasher, NULL, run_hasher, s);
	return errno == 0 ? s : NULL;
}

ssize_t tar_source_next(struct tar_source *s, const unsigned char **bytes)
{
	pthread_mutex_lock(&s->lock);
	if (s->holds) {
		s->holds = false;
		s->taken++;
		pthread_cond_broadcast(&s->changed);
	}
	while (!s->ended && s->taken == s->filled)
		pthread_cond_wait(&s->changed, &s->lock);
	ssize_t length = 0;
	if (s->taken < s->filled) {
		const struct slot *slot = &s->slots[s->taken % SLOTS];
		s->holds = true;
		*bytes = content(slot);
		length = (ssize_t)slot->length;
	} else if (s->error) {
		errno = s->error;
		length = -1;
	}
	pthread_mutex_unlock(&s->lock);
	return length;
}

int tar_source_finish(struct tar_source *s, uint64_t *length, char hex[65])
{
	const unsigned char *bytes;
	ssize_t n;
	while ((n = tar_source_next(s, &bytes)) > 0)
		;
	if (n < 0)
		return -1;
	pthread_join(s->reader, NULL);
	pthread_join(s->hasher, NULL);
	*length = s->sha.length;
	sha256_end_hex(&s->sha, hex);
	return 0;
}

void tar_source_abandon(struct tar_source *s)
{
	pthread_mutex_lock(&s->lock);
	s->abandoned = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->reader, NULL);
	pthread_join(s->hasher, NULL);
}
