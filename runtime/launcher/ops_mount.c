/*
 * Mounts, by descriptors throughout (fsopen, open_tree, mount_setattr, move_mount: Linux 5.12): a target is resolved
 * once below the root and mounted on by its descriptor, and a mount has its flags before it becomes visible.
 */
#include "monitor.h"
#include "ops.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>


/* From <sys/mount.h>, which cannot be had beside <linux/mount.h> with every libc. */
extern int umount2(const char *target, int flags);
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

static int open_tree_at(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}

static int set_attributes(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };
	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr, sizeof attr);
}

static int attach_at(int tree, int target)
{
	return (int)syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int close_keep(int fd)
{
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

/* Mounts a detached tree at `path` below the root, made as `kind` when missing. Closes the tree. */
static int place(struct context *c, int tree, const char *path, enum path_kind kind)
{
	int target = kind == PATH_ANY ? path_open(c->root, path, O_PATH)
				      : path_create(c->root, path, kind, kind == PATH_FILE ? 0644 : 0755);
	int result = target < 0 ? -1 : attach_at(tree, target);
	close_keep(target);
	close_keep(tree);
	return result < 0 ? fail(c, path) : 0;
}

/* path, new propagation of everything below it when recursive (MS_PRIVATE, MS_SLAVE, MS_SHARED). */
int op_mount_propagation(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	uint64_t propagation = read_u32(r);
	bool recursive = read_u32(r);
	int fd = path_open(c->root, path, O_PATH);
	if (fd < 0 || set_attributes(fd, recursive ? AT_RECURSIVE : 0, 0, 0, propagation) < 0) {
		close_keep(fd);
		return fail(c, path);
	}
	close(fd);
	return 0;
}

/* One option: `key` or `key=value`. */
static int configure(int fs, const char *option)
{
	const char *equals = strchr(option, '=');
	if (!equals)
		return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	char key[64];
	size_t length = (size_t)(equals - option);
	if (length >= sizeof key) {
		errno = EINVAL;
		return -1;
	}
	memcpy(key, option, length);
	key[length] = 0;
	return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

static int make_mount(int fs, uint64_t attributes)
{
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

/* type, source, target, options[], attributes (MOUNT_ATTR_*), propagation (0: as it is): any file system that takes no files or layers. */
int op_mount_fs(struct context *c, struct reader *r)
{
	const char *type = read_str(r), *source = read_str(r), *target = read_str(r);
	uint32_t count;
	char **options = read_list(r, &count);
	uint64_t attributes = read_u32(r), propagation = read_u32(r);
	if (!options)
		return -1;
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int result = fs < 0 ? -1 : 0;
	if (result == 0 && *source)
		result = (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", source, 0);
	for (uint32_t i = 0; i < count && result == 0; i++)
		result = configure(fs, options[i]);
	int tree = result < 0 ? -1 : make_mount(fs, attributes);
	close_keep(fs);
	free(options);
	if (tree >= 0 && propagation && set_attributes(tree, 0, 0, 0, propagation) < 0) {
		close_keep(tree);
		return fail(c, target);
	}
	return tree < 0 ? fail(c, target) : place(c, tree, target, PATH_DIRECTORY);
}

/* target, lower[] (topmost first), upper, work (both empty: read-only), options[]. */
int op_mount_overlay(struct context *c, struct reader *r)
{
	const char *target = read_str(r), *culprit = target;
	uint32_t layers, options;
	struct overlay_layers l = { .lower = read_list(r, &layers) };
	l.upper = read_str(r);
	l.work = read_str(r);
	l.options = read_list(r, &options);
	if (!l.lower || !l.options)
		return -1;
	int at = path_create(c->root, target, PATH_DIRECTORY, 0755);
	int result = at < 0 ? -1 : overlay_mount(at, &l, &culprit);
	close_keep(at);
	if (result < 0)
		return fail(c, culprit);
	free(l.lower);
	free(l.options);
	return 0;
}

/* A copy of the mount at `source`. What follows a "/./" in it is resolved below what is before: a container may be changing it. */
static int copy_tree(const char *source, bool recursive)
{
	unsigned flags = OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0);
	const char *within = strstr(source, "/./");
	char before[PATH_MAX];
	if (!within)
		return open_tree_at(AT_FDCWD, source, flags);
	if ((size_t)(within - source) >= sizeof before) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(before, source, (size_t)(within - source));
	before[within - source] = 0;
	int root = open(before, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int at = root < 0 ? -1 : path_open(root, within + 3, O_PATH);
	int tree = at < 0 ? -1 : open_tree_at(at, "", flags | AT_EMPTY_PATH);
	close_keep(at);
	close_keep(root);
	return tree;
}

/* source, recursive: keeps a copy of the mount as it is now, still a peer of the machine's; the next bind without a source places it. */
int op_mount_hold(struct context *c, struct reader *r)
{
	const char *source = read_str(r);
	bool recursive = read_u32(r);
	errno = E2BIG;
	int tree = c->held_count == HELD_MAX ? -1 : copy_tree(source, recursive);
	if (tree < 0)
		return fail(c, source);
	c->held[c->held_count++] = tree;
	return 0;
}

static int bind_tree(struct context *c, const char *source, bool recursive)
{
	if (*source)
		return copy_tree(source, recursive);
	errno = EBADMSG;
	return c->held_next < c->held_count ? c->held[c->held_next++] : -1;
}

/* source (a path outside, before the pivot; empty: the next one held), target, attributes to set, recursive, attributes recursive, propagation (0: as it is),
   mapped (owners are shown as user.make says), lenient (but not where the file system cannot). Makes the target when missing. */
int op_mount_bind(struct context *c, struct reader *r)
{
	const char *source = read_str(r), *target = read_str(r);
	uint64_t attributes = read_u32(r);
	bool recursive = read_u32(r), attributes_recursive = read_u32(r);
	uint64_t propagation = read_u32(r);
	bool mapped = read_u32(r), lenient = read_u32(r);
	struct stat st;
	int tree = bind_tree(c, source, recursive);
	if (tree < 0 || fstat(tree, &st) < 0) {
		close_keep(tree);
		return fail(c, source);
	}
	unsigned depth = recursive ? AT_RECURSIVE : 0, attributes_depth = attributes_recursive ? depth : 0;
	int result = mapped ? map_owners(c, tree, recursive) : 0;
	if (result < 0 && lenient && errno == EINVAL)
		result = 0;
	if (result < 0) {
		close_keep(tree);
		return fail(c, source);
	}
	if (depth == attributes_depth && (attributes || propagation))
		result = set_attributes(tree, depth, attributes, 0, propagation);
	else if ((attributes && set_attributes(tree, attributes_depth, attributes, 0, 0) < 0) ||
		 (propagation && set_attributes(tree, depth, 0, 0, propagation) < 0))
		result = -1;
	if (result < 0) {
		close_keep(tree);
		return fail(c, target);
	}
	return place(c, tree, target, S_ISDIR(st.st_mode) ? PATH_DIRECTORY : PATH_FILE);
}

/* A mount of its own over `path`, or of everything below it, with these attributes set. */
static int remount_self(struct context *c, const char *path, uint64_t attributes)
{
	int at = path_open(c->root, path, O_PATH);
	if (at < 0)
		return -1;
	int tree = open_tree_at(at, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
	int result = tree < 0 ? -1 : set_attributes(tree, AT_RECURSIVE, attributes, 0, 0);
	if (result == 0)
		result = attach_at(tree, at);
	close_keep(tree);
	close_keep(at);
	return result;
}

/* path, whole (the mount that is there already becomes read-only, instead of a new one over the path); one that is not there is fine. */
int op_mount_readonly(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	bool whole = read_u32(r);
	if (!whole)
		return remount_self(c, path, MOUNT_ATTR_RDONLY) < 0 && errno != ENOENT ? fail(c, path) : 0;
	int fd = path_open(c->root, path, O_PATH);
	int result = fd < 0 ? -1 : set_attributes(fd, 0, MOUNT_ATTR_RDONLY, 0, 0);
	close_keep(fd);
	return result < 0 ? fail(c, path) : 0;
}

static int mask_directory(struct context *c, int target)
{
	if (c->mask >= 0) {
		int again = open_tree_at(c->mask, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
		int result = again < 0 ? -1 : attach_at(again, target);
		close_keep(again);
		return result;
	}
	int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	int result = configure(fs, "nr_blocks=1") < 0 ? -1 : configure(fs, "source=tmpfs");
	int tree = result < 0 ? -1 : make_mount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	close_keep(fs);
	if (tree < 0 || attach_at(tree, target) < 0)
		return close_keep(tree);
	c->mask = tree;
	return 0;
}

/* What an image or a volume put in its place would be laid open instead of hiding (CVE-2025-31133). */
static int open_null(struct context *c)
{
	struct stat st;
	int fd = path_open_plain(c->root, "/dev/null", O_PATH);
	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
		return fd;
	errno = EXDEV;
	return close_keep(fd);
}

/* path: a directory gets an empty read-only file system, anything else /dev/null of the container; one that is not there is fine. */
int op_mount_mask(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	struct stat st;
	int target = path_open(c->root, path, O_PATH);
	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail(c, path);
	int result = fstat(target, &st);
	if (result == 0 && S_ISDIR(st.st_mode))
		result = mask_directory(c, target);
	else if (result == 0) {
		int null = open_null(c);
		int tree = null < 0 ? -1 : open_tree_at(null, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
		result = tree < 0 ? -1 : attach_at(tree, target);
		close_keep(tree);
		close_keep(null);
	}
	close_keep(target);
	return result < 0 ? fail(c, path) : 0;
}

/* path, type of its file system (statfs(2)): it has to be the root of a mount of that type, reached through no symlink. What is
   mounted by path before could have been led elsewhere by one, and what follows takes for granted that it was not. */
int op_mount_verify(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	uint32_t type = read_u32(r);
	struct statfs fs;
	struct statx at;
	int fd = path_open_plain(c->root, path, O_PATH | O_DIRECTORY);
	int result = fd < 0 || fstatfs(fd, &fs) < 0 || statx(fd, "", AT_EMPTY_PATH, 0, &at) < 0 ? -1 : 0;
	if (result == 0 && ((uint32_t)fs.f_type != type || !(at.stx_attributes & STATX_ATTR_MOUNT_ROOT))) {
		errno = EXDEV;
		result = -1;
	}
	close_keep(fd);
	return result < 0 ? fail(c, path) : 0;
}

/* path: from here on, paths are resolved below it. */
int op_root_choose(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(c, path);
	close(c->root);
	c->root = fd;
	return 0;
}

/* propagation of the new root (0: as it is): the chosen root becomes /, the old one is gone. */
int op_root_pivot(struct context *c, struct reader *r)
{
	uint64_t propagation = read_u32(r);
	if (fchdir(c->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return fail(c, "/");
	/* The old root now lies over the new one at "."; see pivot_root(2), "pivot_root(".", ".")". */
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail(c, "/");
	close(c->root);
	c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->root < 0 || (propagation && set_attributes(c->root, 0, 0, 0, propagation) < 0))
		return fail(c, "/");
	return 0;
}

/* The chosen root's mount goes to the monitor: what is written to it need not be on the disk for the container to have ended. */
int op_root_keep(struct context *c, struct reader *r)
{
	(void)r;
	int tree = open_tree_at(c->root, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int result = tree < 0 ? -1 : sync_send(c->sync, SYNC_ROOT, tree);
	close_keep(tree);
	return result;
}

/* target: the root that the monitor has kept. */
int op_mount_kept(struct context *c, struct reader *r)
{
	const char *target = read_str(r);
	int at = path_open(c->root, target, O_PATH);
	int result = at < 0 ? -1 : attach_at(c->monitor->root, at);
	close_keep(at);
	return result < 0 ? fail(c, target) : 0;
}
