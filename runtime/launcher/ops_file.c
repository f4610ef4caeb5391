/* Operations on files, all below the chosen root. */
#include "ops.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Of a file of ours: what is there already is not written again. Not emptied before: ext4 writes such a file to the disk when it
   is closed, and whoever empties it next waits for that. */
static int replace_content(int fd, const void *bytes, size_t length)
{
	char there[4096];
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -1;
	if ((size_t)st.st_size == length && length <= sizeof there &&
	    pread(fd, there, length, 0) == (ssize_t)length && memcmp(there, bytes, length) == 0)
		return 0;
	if (write_all(fd, bytes, length) < 0)
		return -1;
	return (size_t)st.st_size > length ? ftruncate(fd, (off_t)length) : 0;
}

/* An O_PATH descriptor cannot be written through; /proc/self/fd can, but /proc may not be there. So: open again below root. */
static int write_below(int root, const char *path, bool replace, const void *bytes, size_t length)
{
	int flags = (replace ? O_RDWR : O_WRONLY) | O_NOCTTY;
	int fd = !strncmp(path, "/proc/", 6) ? path_open_proc(root, path + 6, flags) : path_open(root, path, flags);
	if (fd < 0)
		return -1;
	int result = replace ? replace_content(fd, bytes, length) : length ? write_all(fd, bytes, length) : 0;
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static int done(int fd)
{
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* path, mode: a directory and its missing parents; one that exists is left as it is. */
int op_dir_make(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	mode_t mode = read_u32(r);
	mode_t old = umask(0);
	int fd = path_create(c->root, path, PATH_DIRECTORY, mode);
	umask(old);
	return done(fd) < 0 ? fail(c, path) : 0;
}

/*
 * path: a directory, whose new subdirectories are each put where the disk is empty and not beside it (chattr(1), T). A file
 * system that knows no such thing does as it does.
 */
int op_dir_spread(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	int fd = path_open(c->root, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fail(c, path);
	int flags;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_TOPDIR_FL)) {
		flags |= FS_TOPDIR_FL;
		ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
	return done(fd);
}

/* path, bytes, create: one write, as files of the kernel want it. */
int op_file_write(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	uint32_t length;
	const unsigned char *bytes = read_bytes(r, &length);
	bool create = read_u32(r);
	if (create && done(path_create(c->root, path, PATH_FILE, 0644)) < 0)
		return fail(c, path);
	return write_below(c->root, path, create, bytes, length) < 0 ? fail(c, path) : 0;
}

/* target, path: what is there already is kept. */
int op_symlink(struct context *c, struct reader *r)
{
	const char *target = read_str(r), *path = read_str(r), *name;
	int parent = path_parent(c->root, path, true, &name);
	if (parent < 0)
		return fail(c, path);
	int result = symlinkat(target, parent, name);
	int error = errno;
	close(parent);
	errno = error;
	return result < 0 && error != EEXIST ? fail(c, path) : 0;
}

/* path, type ('c', 'b', 'p'), major, minor, mode, uid, gid: replaces what is there. */
int op_device_make(struct context *c, struct reader *r)
{
	const char *path = read_str(r), *name;
	uint32_t type = read_u32(r), major = read_u32(r), minor = read_u32(r);
	mode_t mode = (mode_t)read_u32(r) & 07777;
	uid_t uid = read_u32(r);
	gid_t gid = read_u32(r);
	mode_t format = type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
	int parent = path_parent(c->root, path, true, &name);
	if (parent < 0)
		return fail(c, path);
	mode_t old = umask(0);
	int result = mknodat(parent, name, format | mode, makedev(major, minor));
	if (result < 0 && errno == EEXIST && unlinkat(parent, name, 0) == 0)
		result = mknodat(parent, name, format | mode, makedev(major, minor));
	umask(old);
	if (result == 0 && (uid || gid))
		result = fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW);
	int error = errno;
	close(parent);
	errno = error;
	return result < 0 ? fail(c, path) : 0;
}

/* path: a file or an empty directory; one that is not there is fine. */
int op_remove(struct context *c, struct reader *r)
{
	const char *path = read_str(r), *name;
	int parent = path_parent(c->root, path, false, &name);
	if (parent < 0)
		return errno == ENOENT ? 0 : fail(c, path);
	int result = unlinkat(parent, name, 0);
	if (result < 0 && errno == EISDIR)
		result = unlinkat(parent, name, AT_REMOVEDIR);
	int error = errno;
	close(parent);
	errno = error;
	return result < 0 && error != ENOENT ? fail(c, path) : 0;
}
