/*
 * A layer upon a copy of the tree that it changes, for file systems that overlay cannot stand on: what a whiteout hides is
 * removed. A mark speaks of lower layers alone, wherever it stands in the archive: so what this layer brought is remembered.
 */
#include "tar.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Paths by open addressing, a power of two. */
struct upon {
	char **list;
	size_t count, room;
};

static char **slot(char **list, size_t room, const char *path)
{
	size_t hash = 14695981039346656037u;
	for (const char *at = path; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211u;
	size_t at = (hash ^ hash >> 32) & (room - 1);
	while (list[at] && strcmp(list[at], path) != 0)
		at = (at + 1) & (room - 1);
	return &list[at];
}

static int grow(struct upon *b)
{
	size_t room = b->room ? b->room * 2 : 1024;
	char **list = calloc(room, sizeof *list);
	if (!list)
		return -1;
	for (size_t i = 0; i < b->room; i++)
		if (b->list[i])
			*slot(list, room, b->list[i]) = b->list[i];
	free(b->list);
	b->list = list;
	b->room = room;
	return 0;
}

/* 1 when it is new, 0 when it was known. */
static int remember(struct upon *b, const char *path)
{
	if (b->count * 2 >= b->room && grow(b) < 0)
		return -1;
	char **place = slot(b->list, b->room, path);
	if (*place)
		return 0;
	*place = strdup(path);
	b->count += *place != NULL;
	return *place ? 1 : -1;
}

int upon_brought(struct unpack *u, const char *path)
{
	char prefix[PATH_MAX];
	if (!u->upon && !(u->upon = calloc(1, sizeof *u->upon)))
		return -1;
	/* Its parents too, from the nearest one on: none of them is to go while it is in there. */
	int added = remember(u->upon, path);
	snprintf(prefix, sizeof prefix, "%s", path);
	for (char *slash; added > 0 && (slash = strrchr(prefix, '/'));) {
		*slash = 0;
		added = remember(u->upon, prefix);
	}
	return added < 0 ? -1 : 0;
}

static bool is_brought(const struct unpack *u, const char *path)
{
	return u->upon && u->upon->room && *slot(u->upon->list, u->upon->room, path);
}

static int keep_brought(const struct unpack *u, int fd, const char *path);

/* `path` is dir/name. */
static int remove_below(const struct unpack *u, int dir, const char *name, const char *path)
{
	if (!is_brought(u, path))
		return tar_remove(dir, name);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : -1;
	return keep_brought(u, fd, path);
}

/* Empties the directory `fd` (closed here) of what this layer did not bring. */
static int keep_brought(const struct unpack *u, int fd, const char *path)
{
	char full[PATH_MAX];
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	int result = 0;
	for (struct dirent *d; result == 0 && (d = readdir(dir));) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(full, sizeof full, "%s%s%s", path, *path ? "/" : "", d->d_name);
		result = remove_below(u, dirfd(dir), d->d_name, full);
	}
	int error = errno;
	closedir(dir);
	errno = error;
	return result;
}

/* "a/.wh..wh..opq": nothing in `a` is from below. */
static int opaque_entry(struct unpack *u, int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : keep_brought(u, fd, u->parent_path);
}

int upon_whiteout(struct unpack *u, const char *path)
{
	const char *hidden = "", *name;
	char full[PATH_MAX];
	enum layer_mark mark = layer_mark(u, path, &hidden);
	if (mark != MARK_OPAQUE && mark != MARK_DELETED)
		return mark == MARK_FAILED ? -1 : mark == MARK_IGNORED;
	int parent = unpack_parent(u, path, &name);
	if (parent < 0)
		return -1;
	snprintf(full, sizeof full, "%s%s%s", u->parent_path, *u->parent_path ? "/" : "", hidden);
	int result = mark == MARK_OPAQUE ? opaque_entry(u, parent) : remove_below(u, parent, hidden, full);
	/* What the remembered place was may be gone. */
	u->replaced = true;
	return result < 0 ? unpack_fault(u, TAR_ENTRY, path) : 1;
}
