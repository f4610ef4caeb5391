/* The stream below an archive: bytes as they come, the data of an entry, and the numbers of headers. */
#include "tar.h"

#include <stdlib.h>
#include <string.h>

int tar_malformed(struct tar_input *in, const char *what)
{
	errno = EBADMSG;
	return tar_fault(in->failure, TAR_ARCHIVE, what);
}

int tar_input_open(struct tar_input *in, int fd, struct tar_source *source, struct failure *f)
{
	memset(in, 0, sizeof *in);
	in->fd = fd;
	in->source = source;
	in->failure = f;
	if (source)
		return 0;
	in->bytes = in->buffer = malloc(TAR_BUFFER);
	return in->buffer ? 0 : tar_fault(f, TAR_ARCHIVE, "memory");
}

/* -1 failed, 0 end of stream, 1 there is something in the buffer. */
int tar_fill(struct tar_input *in)
{
	if (in->start < in->end)
		return 1;
	ssize_t n;
	if (in->source)
		n = tar_source_next(in->source, &in->bytes);
	else
		do
			n = read(in->fd, in->buffer, TAR_BUFFER);
		while (n < 0 && errno == EINTR);
	if (n < 0)
		return tar_fault(in->failure, TAR_ARCHIVE, in->source ? "stream" : "read");
	in->start = 0;
	in->end = (size_t)n;
	return n > 0;
}

static int truncated(struct tar_input *in)
{
	errno = ENODATA;
	return tar_fault(in->failure, TAR_ARCHIVE, in->entry.name ? in->entry.name : "unexpected end");
}

/* Takes up to `length` bytes: a pointer into the buffer. */
static ssize_t take(struct tar_input *in, uint64_t length, const unsigned char **bytes)
{
	int filled = tar_fill(in);
	if (filled < 0)
		return -1;
	if (filled == 0)
		return truncated(in);
	size_t n = in->end - in->start;
	if (n > length)
		n = (size_t)length;
	*bytes = in->bytes + in->start;
	in->start += n;
	return (ssize_t)n;
}

int tar_read_exact(struct tar_input *in, void *out, size_t length)
{
	for (size_t done = 0; done < length;) {
		const unsigned char *bytes = NULL;
		ssize_t n = take(in, length - done, &bytes);
		if (n < 0)
			return -1;
		memcpy((char *)out + done, bytes, (size_t)n);
		done += (size_t)n;
	}
	return 0;
}

ssize_t tar_data(struct tar_input *in, const unsigned char **bytes)
{
	if (in->left == 0)
		return 0;
	ssize_t n = take(in, in->left, bytes);
	if (n > 0)
		in->left -= (uint64_t)n;
	return n;
}

void tar_drain(int fd)
{
	char bytes[16384];
	ssize_t n;
	do
		n = read(fd, bytes, sizeof bytes);
	while (n > 0 || (n < 0 && errno == EINTR));
}

/* The last entry's padding may be missing, as may the closing zeros: the docker command sends contexts without them. */
static int skip_padding(struct tar_input *in)
{
	while (in->padding > 0) {
		int filled = tar_fill(in);
		if (filled <= 0) {
			in->padding = 0;
			return filled;
		}
		size_t n = in->end - in->start;
		if (n > in->padding)
			n = in->padding;
		in->start += n;
		in->padding -= (unsigned)n;
	}
	return 0;
}

int tar_skip_data(struct tar_input *in)
{
	const unsigned char *bytes;
	ssize_t n;
	while ((n = tar_data(in, &bytes)) > 0)
		;
	return n < 0 ? -1 : skip_padding(in);
}

int tar_number(const unsigned char *at, size_t length, int64_t *out)
{
	uint64_t value = 0;
	size_t i = 0;
	errno = EBADMSG;
	if (at[0] & 0x80) {
		bool negative = at[0] & 0x40;
		value = negative ? ~UINT64_C(0) : 0;
		value = value << 6 | (at[0] & 0x3f);
		for (i = 1; i < length; i++) {
			uint64_t top = value >> 55;	/* nine bits that the shift must not lose the sign of */
			if (top != (negative ? 0x1ff : 0))
				return -1;
			value = value << 8 | at[i];
		}
		*out = (int64_t)value;
		return 0;
	}
	while (i < length && at[i] == ' ')
		i++;
	for (; i < length && at[i] >= '0' && at[i] <= '7'; i++) {
		if (value >> 60)
			return -1;
		value = value << 3 | (uint64_t)(at[i] - '0');
	}
	if (i < length && at[i] != 0 && at[i] != ' ')
		return -1;
	*out = (int64_t)value;
	return 0;
}
