/* Reads an archive from a stream, entry by entry: ustar headers, pax records, GNU's long names. */
#include "tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BLOCK 512
/* Of one extension (all xattrs of a file may stand in it) and of a name. */
#define EXTENSION_MAX (16u << 20)
#define NAME_BYTES_MAX (64u << 10)

static int malformed(struct tar_input *in, const char *what)
{
	errno = EBADMSG;
	return tar_fault(in->failure, TAR_ARCHIVE, what);
}

int tar_input_open(struct tar_input *in, int fd, struct failure *f)
{
	memset(in, 0, sizeof *in);
	in->fd = fd;
	in->failure = f;
	in->buffer = malloc(TAR_BUFFER);
	return in->buffer ? 0 : tar_fault(f, TAR_ARCHIVE, "memory");
}

/* -1 failed, 0 end of stream, 1 there is something in the buffer. */
static int fill(struct tar_input *in)
{
	if (in->start < in->end)
		return 1;
	ssize_t n;
	do
		n = read(in->fd, in->buffer, TAR_BUFFER);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return tar_fault(in->failure, TAR_ARCHIVE, "read");
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
	int filled = fill(in);
	if (filled < 0)
		return -1;
	if (filled == 0)
		return truncated(in);
	size_t n = in->end - in->start;
	if (n > length)
		n = (size_t)length;
	*bytes = in->buffer + in->start;
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
		int filled = fill(in);
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

static int skip_data(struct tar_input *in)
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

/* Sum of the header's bytes with its own field as blanks; old archives sum signed. */
static bool checksum_right(const unsigned char *h)
{
	int64_t want, unsigned_sum = 0, signed_sum = 0;
	for (int i = 0; i < BLOCK; i++) {
		unsigned char c = i >= 148 && i < 156 ? ' ' : h[i];
		unsigned_sum += c;
		signed_sum += (signed char)c;
	}
	return tar_number(h + 148, 8, &want) == 0 && (want == unsigned_sum || want == signed_sum);
}

static void entry_clear(struct tar_entry *e)
{
	free(e->name);
	free(e->link);
	free(e->segments);
	tar_xattrs_clear(&e->xattrs);
	memset(e, 0, sizeof *e);
}

/* What pax records and GNU's long names say of the entry that follows them. */
struct said {
	char *name, *link;
	bool has_size, has_mtime, has_uid, has_gid, has_real;
	int64_t size, uid, gid, real;
	struct timespec mtime;
	int sparse_major, sparse_minor;
	uint64_t offset;	/* of a GNU.sparse 0.0 pair */
	bool sparse_map;
};

static int decimal(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno || end == text ? -1 : 0;
}

/* Seconds with a fraction of any length, as pax writes them; rounds towards the past. */
static int parse_time(const char *text, struct timespec *out)
{
	int64_t seconds;
	bool negative = text[0] == '-';
	if (decimal(text, &seconds) < 0)
		return -1;
	long ns = 0;
	const char *dot = strchr(text, '.');
	for (long scale = 100000000; dot && *++dot >= '0' && *dot <= '9' && scale; scale /= 10)
		ns += (*dot - '0') * scale;
	if (negative && ns) {
		seconds--;
		ns = 1000000000 - ns;
	}
	*out = (struct timespec){ .tv_sec = seconds, .tv_nsec = ns };
	return 0;
}

static int replace(char **into, const char *value, size_t length)
{
	if (length > NAME_BYTES_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (memchr(value, 0, length)) {
		errno = EBADMSG;
		return -1;
	}
	free(*into);
	*into = strndup(value, length);
	return *into ? 0 : -1;
}

/* "offset,length,offset,length,…" of GNU.sparse.map (pax 0.1). */
static int parse_map(struct tar_entry *e, const char *at)
{
	while (*at) {
		char *end;
		uint64_t offset = strtoull(at, &end, 10);
		if (*end != ',')
			return -1;
		uint64_t length = strtoull(end + 1, &end, 10);
		if (tar_segment_add(e, offset, length) < 0)
			return -1;
		at = *end == ',' ? end + 1 : end;
		if (at == end && *end)
			return -1;
	}
	return 0;
}

static int sparse_record(struct tar_input *in, struct said *s, const char *key, const char *value)
{
	int64_t number = 0;
	if (strcmp(key, "map") == 0) {
		s->sparse_map = true;
		return parse_map(&in->entry, value);
	}
	if (strcmp(key, "name") == 0)
		return replace(&s->name, value, strlen(value));
	if (decimal(value, &number) < 0 || number < 0)
		return -1;
	if (strcmp(key, "major") == 0)
		s->sparse_major = (int)number;
	else if (strcmp(key, "minor") == 0)
		s->sparse_minor = (int)number;
	else if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0) {
		s->real = number;
		s->has_real = true;
	} else if (strcmp(key, "offset") == 0)
		s->offset = (uint64_t)number;
	else if (strcmp(key, "numbytes") == 0) {
		s->sparse_map = true;
		return tar_segment_add(&in->entry, s->offset, (uint64_t)number);
	}
	return 0;
}

static int pax_record(struct tar_input *in, struct said *s, const char *key, const char *value, size_t length)
{
	static const char XATTR[] = "SCHILY.xattr.", SPARSE[] = "GNU.sparse.";
	if (strncmp(key, XATTR, sizeof XATTR - 1) == 0) {
		const char *name = key + sizeof XATTR - 1;
		return tar_xattr_wanted(name) ? tar_xattrs_add(&in->entry.xattrs, name, strlen(name), value, length) : 0;
	}
	if (strncmp(key, SPARSE, sizeof SPARSE - 1) == 0)
		return sparse_record(in, s, key + sizeof SPARSE - 1, value);
	/* A sparse file's record of its true name comes before the stand-in that `path` gives. */
	if (strcmp(key, "path") == 0)
		return s->name && s->sparse_major ? 0 : replace(&s->name, value, length);
	if (strcmp(key, "linkpath") == 0)
		return replace(&s->link, value, length);
	if (strcmp(key, "mtime") == 0)
		return s->has_mtime = length > 0, length ? parse_time(value, &s->mtime) : 0;
	if (strcmp(key, "size") == 0)
		return s->has_size = length > 0, length ? decimal(value, &s->size) : 0;
	if (strcmp(key, "uid") == 0)
		return s->has_uid = length > 0, length ? decimal(value, &s->uid) : 0;
	if (strcmp(key, "gid") == 0)
		return s->has_gid = length > 0, length ? decimal(value, &s->gid) : 0;
	return 0;
}

/* "LENGTH KEY=VALUE\n", the length counting itself; the value may hold anything. */
static int pax_records(struct tar_input *in, struct said *s, char *at, size_t length)
{
	for (char *stop = at + length; at < stop && *at;) {
		char *space;
		unsigned long n = strtoul(at, &space, 10);
		if (space == at || *space != ' ' || n < (size_t)(space - at) + 4 || n > (size_t)(stop - at) || at[n - 1] != '\n')
			return malformed(in, "pax record");
		char *key = space + 1, *equals = memchr(key, '=', (size_t)(at + n - key));
		if (!equals)
			return malformed(in, "pax record");
		*equals = 0;
		at[n - 1] = 0;
		if (pax_record(in, s, key, equals + 1, (size_t)(at + n - 1 - (equals + 1))) < 0)
			return malformed(in, key);
		at += n;
	}
	return 0;
}

/* The data of an extension header, NUL-terminated, malloc'ed. */
static char *read_extension(struct tar_input *in, int64_t size)
{
	if (size < 0 || size > (int64_t)EXTENSION_MAX) {
		malformed(in, "extension too large");
		return NULL;
	}
	char *data = malloc((size_t)size + 1);
	unsigned char padding[BLOCK];
	if (!data) {
		tar_fault(in->failure, TAR_ARCHIVE, "memory");
		return NULL;
	}
	if (tar_read_exact(in, data, (size_t)size) < 0 || tar_read_exact(in, padding, (size_t)(-size & (BLOCK - 1))) < 0) {
		free(data);
		return NULL;
	}
	data[size] = 0;
	return data;
}

static int extension(struct tar_input *in, struct said *s, char type, int64_t size)
{
	char *data = read_extension(in, size);
	if (!data)
		return -1;
	int result = 0;
	if (type == 'x')
		result = pax_records(in, s, data, (size_t)size);
	else if (type == 'L' || type == 'K') {
		result = replace(type == 'L' ? &s->name : &s->link, data, strlen(data));
		if (result < 0)
			tar_fault(in->failure, TAR_ARCHIVE, "long name");
	}
	free(data);
	return result;
}

static bool all_zero(const unsigned char *h)
{
	for (int i = 0; i < BLOCK; i++)
		if (h[i])
			return false;
	return true;
}

static int header_name(struct tar_entry *e, const unsigned char *h)
{
	char name[300];
	size_t used = 0;
	if (memcmp(h + 257, "ustar\00000", 8) == 0 && h[345]) {
		used = strnlen((const char *)h + 345, 155);
		memcpy(name, h + 345, used);
		name[used++] = '/';
	}
	size_t length = strnlen((const char *)h, 100);
	memcpy(name + used, h, length);
	e->name = strndup(name, used + length);
	e->link = strndup((const char *)h + 157, strnlen((const char *)h + 157, 100));
	return e->name && e->link ? 0 : -1;
}

static int header_numbers(struct tar_entry *e, const unsigned char *h, int64_t size)
{
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;
	if (tar_number(h + 100, 8, &mode) < 0 || tar_number(h + 108, 8, &uid) < 0 || tar_number(h + 116, 8, &gid) < 0 ||
	    tar_number(h + 136, 12, &mtime) < 0)
		return -1;
	if ((e->type == '3' || e->type == '4') && (tar_number(h + 329, 8, &major) < 0 || tar_number(h + 337, 8, &minor) < 0))
		return -1;
	e->mode = (mode_t)mode & 07777;
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	e->mtime.tv_sec = mtime;
	e->major = (unsigned)major;
	e->minor = (unsigned)minor;
	e->size = (uint64_t)size;
	return 0;
}

/* Moves what the extensions said over what the header says. */
static void overlay_said(struct tar_entry *e, struct said *s)
{
	if (s->name) {
		free(e->name);
		e->name = s->name;
		s->name = NULL;
	}
	if (s->link) {
		free(e->link);
		e->link = s->link;
		s->link = NULL;
	}
	if (s->has_size)
		e->size = (uint64_t)s->size;
	if (s->has_mtime)
		e->mtime = s->mtime;
	if (s->has_uid)
		e->uid = (uid_t)s->uid;
	if (s->has_gid)
		e->gid = (gid_t)s->gid;
}

static int plain_type(struct tar_entry *e, char type)
{
	size_t length = strlen(e->name);
	if (type == 0 || type == '7')
		type = '0';
	if (type == '0' && length > 0 && e->name[length - 1] == '/')
		type = '5';
	e->type = type;
	if (type != '0' && type != 'S')
		e->size = 0;
	return strchr("0123456S", type) ? 0 : -1;
}

static int sparse_setup(struct tar_input *in, const struct said *s, const unsigned char *h)
{
	struct tar_entry *e = &in->entry;
	e->real_size = s->has_real ? (uint64_t)s->real : e->size;
	if (e->type == 'S') {
		e->type = '0';
		e->sparse = true;
		return tar_sparse_gnu(in, h);
	}
	if (e->type == '0' && s->sparse_major == 1 && s->sparse_minor == 0) {
		e->sparse = true;
		return tar_sparse_pax(in);
	}
	e->sparse = e->type == '0' && s->sparse_map;
	return 0;
}

static int complete(struct tar_input *in, struct said *s, const unsigned char *h, int64_t size)
{
	struct tar_entry *e = &in->entry;
	if (header_name(e, h) < 0)
		return tar_fault(in->failure, TAR_ARCHIVE, "memory");
	e->type = (char)h[156];
	if (header_numbers(e, h, size) < 0)
		return malformed(in, e->name);
	overlay_said(e, s);
	if (plain_type(e, (char)h[156]) < 0) {
		errno = ENOTSUP;
		return tar_fault(in->failure, TAR_ARCHIVE, e->name);
	}
	if (e->size > INT64_MAX - BLOCK)
		return malformed(in, e->name);
	in->left = e->size;
	in->padding = (unsigned)(-e->size & (BLOCK - 1));
	return sparse_setup(in, s, h) < 0 ? -1 : 1;
}

/* Reads the next header: 0 at the end of the stream (which may come without the two empty blocks). */
static int next_header(struct tar_input *in, unsigned char *h)
{
	int filled = fill(in);
	if (filled <= 0)
		return filled;
	return tar_read_exact(in, h, BLOCK) < 0 ? -1 : 1;
}

static int next_entry(struct tar_input *in, struct said *s)
{
	for (;;) {
		unsigned char h[BLOCK];
		int64_t size;
		int got = next_header(in, h);
		if (got <= 0)
			return got;
		if (all_zero(h))
			return 0;
		if (!checksum_right(h) || tar_number(h + 124, 12, &size) < 0 || size < 0)
			return malformed(in, "header");
		char type = (char)h[156];
		if (!type || !strchr("xgXLKV", type))
			return complete(in, s, h, size);
		if (extension(in, s, type == 'X' ? 'x' : type, size) < 0)
			return -1;
	}
}

int tar_next(struct tar_input *in)
{
	if (skip_data(in) < 0)
		return -1;
	entry_clear(&in->entry);
	struct said s = { 0 };
	int result = next_entry(in, &s);
	free(s.name);
	free(s.link);
	return result;
}
