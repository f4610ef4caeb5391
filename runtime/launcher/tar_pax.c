/* What pax records and GNU's long names say of the entry that follows them. */
#include "tar.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 512
/* Of one extension (all xattrs of a file may stand in it) and of a name. */
#define EXTENSION_MAX (16u << 20)
#define NAME_BYTES_MAX (64u << 10)

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

static int sparse_record(struct tar_input *in, struct tar_said *s, const char *key, const char *value)
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

static int pax_record(struct tar_input *in, struct tar_said *s, const char *key, const char *value, size_t length)
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
static int pax_records(struct tar_input *in, struct tar_said *s, char *at, size_t length)
{
	for (char *stop = at + length; at < stop && *at;) {
		char *space;
		unsigned long n = strtoul(at, &space, 10);
		if (space == at || *space != ' ' || n < (size_t)(space - at) + 4 || n > (size_t)(stop - at) || at[n - 1] != '\n')
			return tar_malformed(in, "pax record");
		char *key = space + 1, *equals = memchr(key, '=', (size_t)(at + n - key));
		if (!equals)
			return tar_malformed(in, "pax record");
		*equals = 0;
		at[n - 1] = 0;
		if (pax_record(in, s, key, equals + 1, (size_t)(at + n - 1 - (equals + 1))) < 0)
			return tar_malformed(in, key);
		at += n;
	}
	return 0;
}

/* The data of an extension header, NUL-terminated, malloc'ed. */
static char *read_extension(struct tar_input *in, int64_t size)
{
	if (size < 0 || size > (int64_t)EXTENSION_MAX) {
		tar_malformed(in, "extension too large");
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

int tar_extension(struct tar_input *in, struct tar_said *s, char type, int64_t size)
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
