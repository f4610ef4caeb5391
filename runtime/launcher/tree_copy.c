/*
 * The copy job: trees laid over each other, as one. For file systems that overlay cannot stand on: there a layer is its
 * parent's tree, file for file under further names, with its own changes upon it, and a container's root a copy of that.
 */
#include "jobs.h"
#include "tar.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>

struct copy {
	bool link;		/* files get a further name instead of a copy */
	bool no_clone;		/* this file system shares no blocks */
	struct tar_links links;
	int top;		/* of the tree that is made */
	uint64_t files, bytes;
	char path[PATH_MAX * 2];	/* of the current entry below the top */
};

static int close_keep(int fd, int result)
{
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return result;
}

/* Bytes from..to of a file, by the kernel alone. */
static int copy_range(int in, int out, off_t from, off_t to)
{
	bool plain = false;
	if (lseek(out, from, SEEK_SET) < 0)
		return -1;
	while (from < to) {
		ssize_t n = plain ? sendfile(out, in, &from, (size_t)(to - from))
				  : copy_file_range(in, &from, out, NULL, (size_t)(to - from), 0);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && plain)
			return -1;
		plain = plain || n < 0;
	}
	return 0;
}

/* Shares the blocks where the file system can; holes stay holes. */
static int copy_content(struct copy *c, int in, int out, off_t size)
{
	if (size == 0)
		return 0;
	if (!c->no_clone) {
		if (ioctl(out, FICLONE, in) == 0)
			return 0;
		c->no_clone = true;
	}
	c->bytes += (uint64_t)size;
	for (off_t at = 0; at < size;) {
		off_t data = lseek(in, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		off_t hole = data < 0 ? size : lseek(in, data, SEEK_HOLE);
		if (data < 0)
			data = at;
		if (copy_range(in, out, data, hole < 0 ? size : hole) < 0)
			return -1;
		at = hole < 0 ? size : hole;
	}
	return ftruncate(out, size);
}

static void describe(struct tar_entry *e, const struct stat *s)
{
	*e = (struct tar_entry){ .mode = s->st_mode & 07777, .uid = s->st_uid, .gid = s->st_gid, .mtime = s->st_mtim };
}

static int attributes(int from, int to, const struct stat *s)
{
	struct tar_entry e;
	describe(&e, s);
	int result = tar_xattrs_read(&e.xattrs, from, NULL) < 0 ? -1 : unpack_attributes(NULL, -1, NULL, to, &e);
	tar_xattrs_clear(&e.xattrs);
	return result;
}

static int copy_regular(struct copy *c, int from, int to, const char *name, const struct stat *s)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int out = in < 0 ? -1 : openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = out < 0 || copy_content(c, in, out, s->st_size) < 0 ? -1 : attributes(in, out, s);
	return close_keep(in, close_keep(out, result));
}

static int copy_special(int from, int to, const char *name, const struct stat *s)
{
	char target[PATH_MAX];
	struct tar_entry e;
	if (S_ISLNK(s->st_mode)) {
		ssize_t n = readlinkat(from, name, target, sizeof target - 1);
		if (n < 0)
			return -1;
		target[n] = 0;
		if (symlinkat(target, to, name) < 0)
			return -1;
	} else if (mknodat(to, name, s->st_mode, s->st_rdev) < 0)
		/* As where it was unpacked: a user namespace makes no devices, and has none to copy. */
		return errno == EPERM ? 0 : -1;
	describe(&e, s);
	return unpack_attributes(NULL, to, name, -1, &e);
}

static int copy_children(struct copy *c, int from, int to);

/* Into the directory that is there already, or a new one. */
static int copy_directory(struct copy *c, int from, int to, const char *name, const struct stat *s)
{
	size_t length = strlen(c->path);
	if (length + NAME_MAX + 2 > sizeof c->path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
		return -1;
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int out = in < 0 ? -1 : openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	strcpy(c->path + length, "/");
	/* Last, since what is made in it changes its time. */
	int result = out < 0 || copy_children(c, in, out) < 0 ? -1 : attributes(in, out, s);
	c->path[length] = 0;
	return close_keep(in, close_keep(out, result));
}

/* Makes way: a tree that lies over another replaces what it has itself. */
static int clear(int to, const char *name, bool directory)
{
	struct stat s;
	if (fstatat(to, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	return directory && S_ISDIR(s.st_mode) ? 0 : tar_remove(to, name);
}

static int copy_one(struct copy *c, int from, int to, const char *name)
{
	struct stat s;
	if (fstatat(from, name, &s, AT_SYMLINK_NOFOLLOW) < 0 || clear(to, name, S_ISDIR(s.st_mode)) < 0)
		return -1;
	c->files++;
	if (S_ISDIR(s.st_mode))
		return copy_directory(c, from, to, name, &s);
	if (c->link && linkat(from, name, to, name, 0) == 0)
		return 0;
	/* A file that may have no more names is copied after all. */
	if (c->link && errno != EMLINK && errno != EPERM && errno != ENOTSUP)
		return -1;
	const char *first = tar_links_find(&c->links, &s, c->path);
	if (errno)
		return -1;
	if (first)
		return linkat(c->top, first, to, name, 0);
	return S_ISREG(s.st_mode) ? copy_regular(c, from, to, name, &s) : copy_special(from, to, name, &s);
}

static int copy_children(struct copy *c, int from, int to)
{
	size_t length = strlen(c->path);
	int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	int result = dir ? 0 : -1;
	for (struct dirent *d; result == 0 && (d = readdir(dir));) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		strcpy(c->path + length, d->d_name);
		result = copy_one(c, from, to, d->d_name);
		if (result == 0)
			c->path[length] = 0;
	}
	int error = errno;
	if (dir)
		closedir(dir);
	errno = error;
	return result;
}

/* One tree onto what is there of the others. */
static int copy_tree(struct copy *c, const char *source)
{
	struct stat s;
	int from = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || fstat(from, &s) < 0)
		return close_keep(from, -1);
	c->links = (struct tar_links){ 0 };
	c->path[0] = 0;
	return close_keep(from, copy_children(c, from, c->top) < 0 ? -1 : attributes(from, c->top, &s));
}

/* Request: list, trees, the lowest first; string, the folder to make; u32, link files. Replies u64 entries, u64 bytes that were
   copied because the file system shares none. */
int job_copy(int fd, struct request *r)
{
	static struct copy c;
	struct failure f = { 0 };
	struct writer w = { 0 };
	struct rlimit files;
	uint32_t count;
	char **trees = read_list(&r->body, &count);
	const char *target = read_str(&r->body);
	c.link = read_u32(&r->body);
	umask(0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	errno = EBADMSG;
	int result = r->body.bad || !trees ? tar_fault(&f, TAR_REQUEST, "copy") : 0;
	if (result == 0 && (mkdir(target, 0755) < 0 || (c.top = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0))
		result = tar_fault(&f, TAR_ROOT, target);
	for (uint32_t i = 0; result == 0 && i < count; i++)
		if (copy_tree(&c, trees[i]) < 0)
			result = tar_fault(&f, TAR_ENTRY, *c.path ? c.path : trees[i]);
	put_u64(&w, c.files);
	put_u64(&w, c.bytes);
	return (result < 0 ? reply_failure(fd, &f) : reply(fd, REPLY_OK, &w)) < 0 || result < 0;
}
