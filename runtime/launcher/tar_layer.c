/* What is special in image layers: whiteouts and opaque marks, directories only lower layers describe, links into them. */
#include "tar.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define MARK ".wh."

bool is_whiteout(const struct stat *s)
{
	return S_ISCHR(s->st_mode) && s->st_rdev == makedev(0, 0);
}

int layer_opaque(struct unpack *u, int dir, const char *name)
{
	char path[PATH_MAX];
	tar_proc_path(path, sizeof path, dir, name);
	return lsetxattr(path, u->q->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0);
}

/* "a/.wh..wh..opq": the directory `a` shows nothing from below. */
static int opaque_entry(struct unpack *u, const char *path, int parent)
{
	char own[PATH_MAX];
	tar_proc_path(own, sizeof own, parent, NULL);
	const char *mark = u->q->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
	return setxattr(own, mark, "y", 1, 0) < 0 ? unpack_fault(u, TAR_ENTRY, path) : 1;
}

/* A whiteout speaks of lower layers only: what this layer itself brings under the name stays, a directory made opaque. */
static int deleted_entry(struct unpack *u, const char *path, int parent, const char *name)
{
	struct stat s;
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 1;
	if (errno != EEXIST || fstatat(parent, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_fault(u, TAR_ENTRY, path);
	if (S_ISDIR(s.st_mode) && layer_opaque(u, parent, name) < 0)
		return unpack_fault(u, TAR_ENTRY, path);
	return 1;
}

enum layer_mark layer_mark(struct unpack *u, const char *path, const char **hidden)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	if (strncmp(base, MARK, strlen(MARK)) != 0)
		return MARK_NONE;
	if (strcmp(base, MARK MARK ".opq") == 0)
		return MARK_OPAQUE;
	*hidden = base + strlen(MARK);
	/* ".wh..wh.plnk" and its like: housekeeping of aufs. */
	if (strncmp(*hidden, MARK, strlen(MARK)) == 0)
		return MARK_IGNORED;
	if (**hidden && strcmp(*hidden, ".") && strcmp(*hidden, ".."))
		return MARK_DELETED;
	errno = EINVAL;
	unpack_fault(u, TAR_ESCAPE, path);
	return MARK_FAILED;
}

int layer_whiteout(struct unpack *u, const char *path)
{
	const char *hidden, *name;
	enum layer_mark mark = layer_mark(u, path, &hidden);
	if (mark != MARK_OPAQUE && mark != MARK_DELETED)
		return mark == MARK_FAILED ? -1 : mark == MARK_IGNORED;
	int parent = unpack_parent(u, path, &name);
	if (parent < 0)
		return -1;
	return mark == MARK_OPAQUE ? opaque_entry(u, path, parent) : deleted_entry(u, path, parent, hidden);
}

/* Descriptor (O_PATH, of the link itself where it is one) of `path` in the highest lower layer that has it. */
static int find_lower(struct unpack *u, const char *path, struct stat *s)
{
	for (uint32_t i = 0; i < u->q->parent_count; i++) {
		int layer = open(u->q->parents[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (layer < 0)
			return -1;
		int fd = tar_open(layer, path, O_PATH | O_NOFOLLOW);
		int error = errno;
		close(layer);
		if (fd < 0 && (error == ENOENT || error == ENOTDIR))
			continue;
		errno = error;
		if (fd < 0 || fstat(fd, s) < 0)
			return -1;
		if (!is_whiteout(s))
			return fd;
		close(fd);
		break;
	}
	errno = ENOENT;
	return -1;
}

/* All attributes of `fd` as those of an entry. */
static int attributes_of(struct tar_entry *e, int fd, const struct stat *s)
{
	*e = (struct tar_entry){ .mode = s->st_mode & 07777, .uid = s->st_uid, .gid = s->st_gid, .mtime = s->st_mtim };
	return S_ISLNK(s->st_mode) ? 0 : tar_xattrs_read(&e->xattrs, fd, NULL);
}

int layer_implied(struct unpack *u, int parent, const char *name, const char *path)
{
	struct stat s;
	struct tar_entry e;
	int lower = find_lower(u, path, &s);
	if (lower < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(s.st_mode)) {
		close(lower);
		return 0;
	}
	int result = attributes_of(&e, lower, &s);
	close(lower);
	int made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (result == 0)
		result = made < 0 ? -1 : unpack_attributes(u, parent, name, made, &e);
	if (made >= 0)
		close(made);
	tar_xattrs_clear(&e.xattrs);
	return result < 0 ? -1 : unpack_later(u, path, e.mtime);
}

static int copy_regular(struct unpack *u, int from, const struct stat *s, int dir, const char *name, struct tar_entry *e)
{
	char path[64];
	tar_proc_path(path, sizeof path, from, NULL);
	int in = open(path, O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = out < 0 ? -1 : 0;
	for (off_t left = s->st_size; result == 0 && left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);
		if (n <= 0)
			result = -1;
		left -= n > 0 ? n : 0;
	}
	if (result == 0)
		result = unpack_attributes(u, dir, name, out, e);
	int error = errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	errno = error;
	return result;
}

static int copy_other(struct unpack *u, int from, const struct stat *s, int dir, const char *name, struct tar_entry *e)
{
	char target[PATH_MAX];
	if (S_ISLNK(s->st_mode)) {
		ssize_t n = readlinkat(from, "", target, sizeof target - 1);
		if (n < 0)
			return -1;
		target[n] = 0;
		if (symlinkat(target, dir, name) < 0)
			return -1;
	} else if (mknodat(dir, name, s->st_mode, s->st_rdev) < 0)
		return -1;
	return unpack_attributes(u, dir, name, -1, e);
}

int layer_copy_up(struct unpack *u, const char *path)
{
	struct stat s;
	struct tar_entry e = { 0 };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];
	int from = find_lower(u, path, &s);
	if (from < 0)
		return -1;
	if (S_ISDIR(s.st_mode)) {
		close(from);
		errno = EPERM;	/* as link(2) says of directories */
		return -1;
	}
	size_t length = slash ? (size_t)(slash - path) : 0;
	memcpy(parent, path, length);
	parent[length] = 0;
	int dir = unpack_directory(u, parent);
	int result = dir < 0 ? -1 : attributes_of(&e, from, &s);
	if (result == 0)
		result = (S_ISREG(s.st_mode) ? copy_regular : copy_other)(u, from, &s, dir, name, &e);
	int error = errno;
	tar_xattrs_clear(&e.xattrs);
	close(from);
	if (dir >= 0)
		close(dir);
	errno = error;
	return result;
}
