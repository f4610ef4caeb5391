/* Writes one entry of an archive: what it is, then its attributes. */
#include "tar.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

int unpack_attributes(struct unpack *u, int dir, const char *name, int fd, const struct tar_entry *e)
{
	(void)u;
	struct timespec times[2] = { e->mtime, e->mtime };
	if (fd >= 0) {
		struct stat s;
		if (fstat(fd, &s) < 0)
			return -1;
		/* Asking costs less than a change that changes nothing: each is a transaction of the file system. */
		bool owned = s.st_uid == e->uid && s.st_gid == e->gid;
		/* Mode after owner: chown takes setuid away; attributes after owner: it takes capabilities away. */
		if (!owned && fchown(fd, e->uid, e->gid) < 0)
			return -1;
		if ((!owned || (s.st_mode & 07777) != e->mode) && fchmod(fd, e->mode) < 0)
			return -1;
		return tar_xattrs_write(&e->xattrs, fd, NULL) < 0 ? -1 : futimens(fd, times);
	}
	if (fchownat(dir, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0 || tar_xattrs_write(&e->xattrs, dir, name) < 0)
		return -1;
	return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
}

static int close_keeping(int fd, int result)
{
	int error = errno;
	if (close(fd) < 0 && result == 0)
		return -1;
	errno = error;
	return result;
}

static int copy_data(struct unpack *u, int fd, off_t at, uint64_t length)
{
	while (length > 0) {
		const unsigned char *bytes;
		uint64_t left = u->in.left;
		if (left > length)
			u->in.left = length;
		ssize_t n = tar_data(&u->in, &bytes);
		u->in.left = left - (n > 0 ? (uint64_t)n : 0);
		if (n <= 0) {
			errno = EBADMSG;
			return n < 0 ? -1 : unpack_fault(u, TAR_ARCHIVE, u->in.entry.name);
		}
		for (ssize_t done = 0; done < n;) {
			ssize_t m = pwrite(fd, bytes + done, (size_t)(n - done), at);
			if (m < 0 && errno == EINTR)
				continue;
			if (m < 0)
				return -1;
			done += m;
			at += m;
		}
		length -= (uint64_t)n;
	}
	return 0;
}

static int write_content(struct unpack *u, int fd, const struct tar_entry *e)
{
	if (!e->sparse)
		return copy_data(u, fd, 0, e->size);
	for (size_t i = 0; i < e->segment_count; i++) {
		const struct tar_segment *s = &e->segments[i];
		if (s->offset + s->length > e->real_size) {
			errno = EBADMSG;
			return unpack_fault(u, TAR_ARCHIVE, e->name);
		}
		if (copy_data(u, fd, (off_t)s->offset, s->length) < 0)
			return -1;
	}
	return ftruncate(fd, (off_t)e->real_size);
}

static int write_regular(struct unpack *u, int dir, const char *name, const struct tar_entry *e)
{
	/* Nobody but the owner sees a file before it has that owner. */
	bool own = e->uid == geteuid() && e->gid == getegid();
	int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, own ? e->mode & 0777 : 0600);
	if (fd < 0)
		return -1;
	int result = write_content(u, fd, e);
	if (result == 0)
		result = unpack_attributes(u, dir, name, fd, e);
	return close_keeping(fd, result);
}

static int write_directory(struct unpack *u, int dir, const char *name, const struct tar_entry *e, int was)
{
	if (was != 1 && mkdirat(dir, name, 0700) < 0)
		return -1;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (close_keeping(fd, unpack_attributes(u, dir, name, fd, e)) < 0)
		return -1;
	/* Something that was deleted below and a directory in its place: what lies deeper must not shine through. */
	if (was == 2 && layer_opaque(u, dir, name) < 0)
		return -1;
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s%s%s", u->parent_path, *u->parent_path ? "/" : "", name);
	return n < (int)sizeof path ? unpack_later(u, path, e->mtime) : 0;
}

static int write_link(struct unpack *u, int dir, const char *name, const struct tar_entry *e)
{
	const char *slash = strrchr(e->link, '/'), *target = slash ? slash + 1 : e->link;
	char parent[PATH_MAX];
	size_t length = slash ? (size_t)(slash - e->link) : 0;
	memcpy(parent, e->link, length);
	parent[length] = 0;
	for (bool raised = false;; raised = true) {
		int from = tar_open(u->root, parent, O_PATH | O_DIRECTORY);
		int result = from < 0 ? -1 : linkat(from, target, dir, name, 0);
		if (from >= 0)
			result = close_keeping(from, result);
		if (result == 0 || errno != ENOENT || raised || !u->q->layer)
			return result;
		if (layer_copy_up(u, e->link) < 0)
			return -1;
	}
}

static int write_special(struct unpack *u, int dir, const char *name, const struct tar_entry *e)
{
	mode_t kind = e->type == '3' ? S_IFCHR : e->type == '4' ? S_IFBLK : S_IFIFO;
	if (mknodat(dir, name, kind | e->mode, makedev(e->major, e->minor)) < 0)
		/* A user namespace may not make devices; as Docker, the rest of the image is worth having. */
		return errno == EPERM && kind != S_IFIFO ? 0 : -1;
	return unpack_attributes(u, dir, name, -1, e);
}

int unpack_file(struct unpack *u, int dir, const char *name, const struct tar_entry *e)
{
	int was = unpack_clear(u, dir, name, e, e->name);
	if (was < 0)
		return -1;
	switch (e->type) {
	case '5':
		return write_directory(u, dir, name, e, was);
	case '0':
		return write_regular(u, dir, name, e);
	case '1':
		return write_link(u, dir, name, e);
	case '2':
		if (symlinkat(e->link, dir, name) < 0)
			return -1;
		return unpack_attributes(u, dir, name, -1, e);
	default:
		return write_special(u, dir, name, e);
	}
}
