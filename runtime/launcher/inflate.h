/* Decompresses gzip (RFC 1952, RFC 1951) from a blocking source into whatever buffers the caller hands out. */
#ifndef INFLATE_H
#define INFLATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define INFLATE_WINDOW (32u << 10)
/* Bytes beyond its end that a buffer must have room for: matches are copied in words. */
#define INFLATE_SLACK 320

struct inflate {
	void *context;
	/* Up to `room` bytes; 0 at the end, -1 with errno. */
	ssize_t (*read)(void *context, void *bytes, size_t room);
	/* Takes the `used` bytes of the buffer before (none the first time: NULL) and gives the next one: INFLATE_WINDOW bytes
	   of its own, then *room bytes to fill, then INFLATE_SLACK. NULL with errno: stop. */
	unsigned char *(*next)(void *context, size_t used, size_t *room);
};

/* All members of the stream. -1 with errno: EBADMSG malformed, ENODATA cut short, or what read and next said. The last
   buffer is handed over too. Members' check sums are not compared: whoever wants to be sure compares a digest. */
int inflate_gzip(const struct inflate *io);

#endif
