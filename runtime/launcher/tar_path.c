/* Names in archives, places below a root, and extended attributes. */
#include "tar.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

int tar_clean(char *name)
{
	size_t used = 0;
	for (const char *at = name; *at;) {
		while (*at == '/')
			at++;
		size_t length = strcspn(at, "/");
		if (length == 0)
			break;
		if (length == 2 && at[0] == '.' && at[1] == '.') {
			if (used == 0) {
				errno = EXDEV;
				return -1;
			}
			while (used > 0 && name[used - 1] != '/')
				used--;
			used -= used > 0;
		} else if (!(length == 1 && at[0] == '.')) {
			if (used > 0)
				name[used++] = '/';
			memmove(name + used, at, length);
			used += length;
		}
		at += length;
	}
	name[used] = 0;
	return 0;
}

int tar_open(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;
	do
		fd = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < 128);
	return fd;
}

static int remove_children(int fd)
{
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	int result = 0;
	for (struct dirent *d; result == 0 && (d = readdir(dir));)
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			result = tar_remove(dirfd(dir), d->d_name);
	int error = errno;
	closedir(dir);
	errno = error;
	return result;
}

int tar_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || remove_children(fd) < 0)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

void tar_proc_path(char *out, size_t size, int dir, const char *name)
{
	if (name)
		snprintf(out, size, "/proc/self/fd/%d/%s", dir, name);
	else
		snprintf(out, size, "/proc/self/fd/%d", dir);
}

void tar_xattrs_clear(struct tar_xattrs *x)
{
	for (size_t i = 0; i < x->count; i++) {
		free(x->list[i].name);
		free(x->list[i].value);
	}
	free(x->list);
	*x = (struct tar_xattrs){ 0 };
}

int tar_xattrs_add(struct tar_xattrs *x, const char *name, size_t name_length, const char *value, size_t length)
{
	struct tar_xattr *list = realloc(x->list, (x->count + 1) * sizeof *list);
	if (!list)
		return -1;
	x->list = list;
	struct tar_xattr *one = &list[x->count];
	one->name = strndup(name, name_length);
	one->value = malloc(length + 1);
	one->length = length;
	if (!one->name || !one->value) {
		free(one->name);
		free(one->value);
		return -1;
	}
	memcpy(one->value, value, length);
	one->value[length] = 0;
	x->count++;
	return 0;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool tar_xattr_wanted(const char *name)
{
	return !begins(name, "trusted.overlay.") && !begins(name, "user.overlay.") && strcmp(name, "security.selinux");
}

static bool carried(const char *name)
{
	return tar_xattr_wanted(name) && (begins(name, "user.") || strcmp(name, "security.capability") == 0);
}

static int read_one(struct tar_xattrs *x, const char *path, bool link, const char *name)
{
	static char value[XATTR_SIZE_MAX];
	ssize_t n = link ? lgetxattr(path, name, value, sizeof value) : getxattr(path, name, value, sizeof value);
	if (n < 0)
		return errno == ENODATA || errno == ENOTSUP ? 0 : -1;
	return tar_xattrs_add(x, name, strlen(name), value, (size_t)n);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

int tar_xattrs_read(struct tar_xattrs *x, int dir, const char *name)
{
	static char names[XATTR_LIST_MAX];
	char path[PATH_MAX];
	tar_proc_path(path, sizeof path, dir, name);
	ssize_t n = name ? llistxattr(path, names, sizeof names) : listxattr(path, names, sizeof names);
	if (n < 0)
		return errno == ENOTSUP ? 0 : -1;
	for (const char *at = names; at < names + n; at += strlen(at) + 1)
		if (carried(at) && read_one(x, path, name != NULL, at) < 0)
			return -1;
	if (x->count > 1)
		qsort(x->list, x->count, sizeof *x->list, by_name);
	return 0;
}

int tar_xattrs_write(const struct tar_xattrs *x, int dir, const char *name)
{
	char path[PATH_MAX];
	tar_proc_path(path, sizeof path, dir, name);
	for (size_t i = 0; i < x->count; i++) {
		const struct tar_xattr *one = &x->list[i];
		int set = name ? lsetxattr(path, one->name, one->value, one->length, 0)
			       : setxattr(path, one->name, one->value, one->length, 0);
		/* A file system without them, or a user who may not: as Docker, the file itself is worth more. */
		if (set < 0 && errno != ENOTSUP && errno != EPERM)
			return -1;
	}
	return 0;
}
