/*
 * Packing what a tree changes of the trees that it is a copy of (`below`, topmost first): what is new or differs, and a
 * whiteout for each name that is gone. A directory is named when it differs or something in it does.
 */
#include "tar_pack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BELOW_MAX 4

/* A directory in the trees below, topmost first. */
struct below {
	int fds[BELOW_MAX];
	unsigned count;
};

/* A directory on the way down, whose header waits until something in it is packed. */
struct place {
	struct place *above;
	int fd;
	size_t length;		/* of its name in p->name */
	bool put;
};

static void below_close(struct below *b)
{
	while (b->count > 0)
		close(b->fds[--b->count]);
}

/* Attributes that a layer carries, of dir/name. */
static bool same_xattrs(int dir, int other, const char *name)
{
	struct tar_xattrs a = { 0 }, b = { 0 };
	bool same = tar_xattrs_read(&a, dir, name) == 0 && tar_xattrs_read(&b, other, name) == 0 && a.count == b.count;
	for (size_t i = 0; same && i < a.count; i++)
		same = strcmp(a.list[i].name, b.list[i].name) == 0 && a.list[i].length == b.list[i].length &&
		       memcmp(a.list[i].value, b.list[i].value, a.list[i].length) == 0;
	tar_xattrs_clear(&a);
	tar_xattrs_clear(&b);
	return same;
}

static bool same_target(int dir, int other, const char *name)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(dir, name, a, sizeof a), m = readlinkat(other, name, b, sizeof b);
	return n >= 0 && n == m && memcmp(a, b, (size_t)n) == 0;
}

/* A directory's time changes with every copy of what is in it; of anything else it tells that it was written to. */
static bool same(int dir, int other, const char *name, const struct stat *s, const struct stat *o)
{
	if (s->st_mode != o->st_mode || s->st_uid != o->st_uid || s->st_gid != o->st_gid)
		return false;
	if (!S_ISDIR(s->st_mode) && (s->st_size != o->st_size || s->st_rdev != o->st_rdev ||
	    s->st_mtim.tv_sec != o->st_mtim.tv_sec || s->st_mtim.tv_nsec != o->st_mtim.tv_nsec))
		return false;
	if (S_ISLNK(s->st_mode))
		return same_target(dir, other, name);
	return same_xattrs(dir, other, name);
}

/* The topmost tree below that has `name`; -1 none has. */
static int find_below(const struct below *b, const char *name, struct stat *s)
{
	for (unsigned i = 0; i < b->count; i++)
		if (fstatat(b->fds[i], name, s, AT_SYMLINK_NOFOLLOW) == 0)
			return b->fds[i];
	return -1;
}

/* The directories of that name that are merged: down to the first that is something else. */
static void below_enter(const struct below *b, const char *name, struct below *into)
{
	into->count = 0;
	for (unsigned i = 0; i < b->count; i++) {
		int fd = openat(b->fds[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			into->fds[into->count++] = fd;
		else if (errno != ENOENT)
			break;
	}
}

/* Headers of the directories on the way here that have none yet; p->name is left as it is. */
static int put_way(struct pack *p, struct place *at)
{
	struct stat s;
	struct tar_entry e;
	if (!at || at->put)
		return 0;
	if (put_way(p, at->above) < 0)
		return -1;
	at->put = true;
	char kept = p->name[at->length];
	p->name[at->length] = 0;
	int result = fstat(at->fd, &s);
	pack_describe(p, &e, &s);
	if (result == 0)
		result = tar_xattrs_read(&e.xattrs, at->fd, NULL);
	result = result < 0 ? pack_fault(p, TAR_WALK) : pack_header(p, &e);
	tar_xattrs_clear(&e.xattrs);
	p->name[at->length] = kept;
	return result;
}

static int walk(struct pack *p, struct place *here, struct below *b);

static int walk_directory(struct pack *p, struct place *here, const struct below *b, const char *name, bool differs)
{
	struct place next = { .above = here, .fd = openat(here->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) };
	struct below deeper;
	if (next.fd < 0)
		return errno == ENOENT ? 0 : pack_fault(p, TAR_WALK);
	strcat(p->name, "/");
	next.length = strlen(p->name);
	below_enter(b, name, &deeper);
	int result = differs ? put_way(p, &next) : 0;
	if (result == 0)
		result = walk(p, &next, &deeper);
	below_close(&deeper);
	close(next.fd);
	return result;
}

/* A name of the tree itself; p->name is its name in the archive, whose last part begins at here->length. */
static int one(struct pack *p, struct place *here, const struct below *b, const char *name)
{
	struct stat s, o;
	if (fstatat(here->fd, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : pack_fault(p, TAR_WALK);
	int other = find_below(b, name, &o);
	bool equal = other >= 0 && same(here->fd, other, name, &s, &o);
	if (other >= 0 && S_ISDIR(s.st_mode) && S_ISDIR(o.st_mode))
		return walk_directory(p, here, b, name, !equal);
	if (equal)
		return 0;
	return put_way(p, here) < 0 ? -1 : pack_one(p, here->fd, name, here->length);
}

static int gone(struct pack *p, struct place *here, const char *name)
{
	const struct stat nothing = { .st_mode = S_IFREG };
	return put_way(p, here) < 0 ? -1 : pack_mark(p, &nothing, here->length, ".wh.", name);
}

static ssize_t names_of(int fd, char ***names)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	ssize_t count = dir ? pack_names(dir, names) : -1;
	if (dir)
		closedir(dir);
	return count;
}

struct names {
	char **list;
	ssize_t count, at;
};

/* The least name that stands next in any of the lists, which are moved past it; NULL at their end. `own`: the first list has it. */
static const char *next_name(struct names *lists, unsigned count, bool *own)
{
	const char *least = NULL;
	for (unsigned i = 0; i < count; i++)
		if (lists[i].at < lists[i].count && (!least || strcmp(lists[i].list[lists[i].at], least) < 0))
			least = lists[i].list[lists[i].at];
	*own = false;
	for (unsigned i = 0; least && i < count; i++)
		if (lists[i].at < lists[i].count && strcmp(lists[i].list[lists[i].at], least) == 0) {
			lists[i].at++;
			*own = *own || i == 0;
		}
	return least;
}

static int walk_names(struct pack *p, struct place *here, struct below *b, struct names *lists)
{
	const char *name;
	bool own;
	int result = 0;
	while (result == 0 && (name = next_name(lists, b->count + 1, &own))) {
		size_t length = strlen(name);
		p->name[here->length] = 0;
		if (here->length + length + 16 > sizeof p->name) {
			errno = ENAMETOOLONG;
			return pack_fault(p, TAR_WALK);
		}
		memcpy(p->name + here->length, name, length + 1);
		result = own ? one(p, here, b, name) : gone(p, here, name);
	}
	p->name[here->length] = 0;
	return result;
}

static int walk(struct pack *p, struct place *here, struct below *b)
{
	struct names lists[BELOW_MAX + 1] = { { 0 } };
	int result = 0;
	for (unsigned i = 0; i <= b->count && result == 0; i++)
		if ((lists[i].count = names_of(i == 0 ? here->fd : b->fds[i - 1], &lists[i].list)) < 0)
			result = pack_fault(p, TAR_WALK);
	if (result == 0)
		result = walk_names(p, here, b, lists);
	for (unsigned i = 0; i <= b->count; i++) {
		for (ssize_t at = 0; at < lists[i].count; at++)
			free(lists[i].list[at]);
		free(lists[i].list);
	}
	return result;
}

int pack_changes(struct pack *p, int fd)
{
	struct place top = { .fd = fd, .put = true };
	struct below below = { .count = 0 };
	int result = 0;
	for (uint32_t i = 0; i < p->q->below_count && result == 0; i++) {
		int tree = i < BELOW_MAX ? open(p->q->below[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (tree < 0)
			result = tar_fault(p->failure, TAR_ROOT, p->q->below[i]);
		else
			below.fds[below.count++] = tree;
	}
	if (result == 0)
		result = walk(p, &top, &below);
	below_close(&below);
	close(fd);
	return result;
}
