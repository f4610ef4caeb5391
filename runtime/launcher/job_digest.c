/* The digest job: the SHA-256 of a file, in a process that holds nobody up. */
#include "jobs.h"
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE (256u << 10)

static int digest_of(int file, char hex[2 * SHA256_BYTES + 1])
{
	struct sha256 sha;
	unsigned char *bytes = malloc(PIECE);
	ssize_t n = bytes ? 1 : -1;
	sha256_begin(&sha);
	while (n > 0 || (n < 0 && bytes && errno == EINTR)) {
		n = read(file, bytes, PIECE);
		if (n > 0)
			sha256_add(&sha, bytes, (size_t)n);
	}
	free(bytes);
	if (n == 0)
		sha256_end_hex(&sha, hex);
	return (int)n;
}

/* Request: string, the file's path. Answer: string, the digest in hexadecimal digits. */
int job_digest(int fd, struct request *r)
{
	const char *path = read_str(&r->body);
	char hex[2 * SHA256_BYTES + 1];
	int file = r->body.bad ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0 && digest_of(file, hex) == 0) {
		struct writer w = { 0 };
		put_str(&w, hex);
		return reply(fd, REPLY_OK, &w) < 0;
	}
	struct failure f = { .error = r->body.bad ? EBADMSG : errno };
	snprintf(f.subject, sizeof f.subject, "%s", path);
	reply_failure(fd, &f);
	return 1;
}
