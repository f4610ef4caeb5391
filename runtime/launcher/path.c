/*
 * Paths below a root. An image is hostile until proven otherwise: any part of a target may be a symlink that points
 * outside, or be exchanged while we look (CVE-2021-30465). The kernel resolves (openat2, RESOLVE_IN_ROOT); what is
 * used afterwards is the descriptor, never the text.
 */
#include "launcher.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define LINKS_MAX 40

#define PROC_MAGIC 0x9fa0

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd;
	/* EAGAIN: something was renamed meanwhile, the kernel asks to look again (openat2(2)). */
	do
		fd = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd;
}

int path_open_plain(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

int path_open_proc(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	struct statfs fs;
	int proc = path_open_plain(root, "/proc", O_PATH | O_DIRECTORY);
	int fd = proc < 0 ? -1 : fstatfs(proc, &fs);
	if (fd == 0 && fs.f_type != PROC_MAGIC) {
		errno = EXDEV;
		fd = -1;
	}
	if (fd == 0)
		fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof how);
	int error = errno;
	if (proc >= 0)
		close(proc);
	errno = error;
	return fd;
}

int path_open(int root, const char *path, int flags)
{
	return open_below(root, path, (uint64_t)(unsigned)flags);
}

/* `out` = directory of `path` up to `length`, then the link's target (from the root when absolute), then `rest`. */
static int splice_link(char *out, const char *path, size_t length, const char *target, const char *rest)
{
	char joined[PATH_MAX];
	size_t at = 0, parts[] = { target[0] == '/' ? 0 : length, strlen(target), strlen(rest) };
	const char *texts[] = { path, target, rest };
	if (parts[0] + parts[1] + parts[2] + 3 > sizeof joined) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (int i = 0; i < 3; i++) {
		memcpy(joined + at, texts[i], parts[i]);
		at += parts[i];
		joined[at++] = '/';
	}
	joined[at - 1] = 0;
	memcpy(out, joined, at);
	return 0;
}

/* End of the component that starts at or after `at`; *start is where it starts. */
static size_t component(const char *path, size_t at, size_t *start)
{
	while (path[at] == '/')
		at++;
	*start = at;
	while (path[at] && path[at] != '/')
		at++;
	return at;
}

static int make_here(int parent, const char *name, enum path_kind kind, mode_t mode)
{
	if (kind == PATH_DIRECTORY)
		return mkdirat(parent, name, mode);
	int fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Opens prefix path[0..end); a missing last component is made. Returns its O_PATH descriptor, or -1 with ELOOP when it
   turned out to be a dangling symlink, whose target is then in `link`. */
static int step(int root, char *path, size_t start, size_t end, enum path_kind kind, mode_t mode, char *link)
{
	char kept = path[end];
	path[end] = 0;
	int fd = open_below(root, path, O_PATH);
	if (fd >= 0 || errno != ENOENT) {
		path[end] = kept;
		return fd;
	}
	char name[NAME_MAX + 1];
	size_t length = end - start;
	int parent = -1;
	if (length > NAME_MAX)
		errno = ENAMETOOLONG;
	else {
		memcpy(name, path + start, length + 1);
		char before = path[start];
		path[start] = 0;
		parent = open_below(root, path, O_PATH | O_DIRECTORY);
		path[start] = before;
	}
	if (parent >= 0) {
		ssize_t n = readlinkat(parent, name, link, PATH_MAX - 1);
		if (n >= 0) {
			link[n] = 0;
			errno = ELOOP;
		} else if (make_here(parent, name, kind, mode) == 0 || errno == EEXIST)
			fd = open_below(root, path, O_PATH);
		int error = errno;
		close(parent);
		errno = error;
	}
	path[end] = kept;
	return fd;
}

static bool is_last(const char *path, size_t end)
{
	while (path[end] == '/')
		end++;
	return path[end] == 0;
}

/* The usual case: only the last component is missing. ENOENT, EINVAL or EEXIST (a dangling symlink) when it is another one. */
static int create_last(int root, const char *path, enum path_kind kind, mode_t mode)
{
	const char *name;
	int parent = path_parent(root, path, false, &name);
	int made = parent < 0 ? -1 : make_here(parent, name, kind, mode), error = errno;
	if (parent >= 0)
		close(parent);
	errno = error;
	return made < 0 ? -1 : open_below(root, path, O_PATH);
}

int path_create(int root, const char *wanted, enum path_kind kind, mode_t mode)
{
	int fd = open_below(root, wanted, O_PATH);
	if (fd < 0 && errno == ENOENT)
		fd = create_last(root, wanted, kind, mode);
	if (fd >= 0 || (errno != ENOENT && errno != EEXIST && errno != EINVAL))
		return fd;
	char path[PATH_MAX], link[PATH_MAX];
	if (strlen(wanted) >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(path, wanted);
	size_t at = 0, start;
	for (int links = 0; links < LINKS_MAX;) {
		size_t end = component(path, at, &start);
		bool last = is_last(path, end);
		if (start == end)
			return open_below(root, path, O_PATH);
		fd = step(root, path, start, end, last ? kind : PATH_DIRECTORY, last ? mode : 0755, link);
		if (fd >= 0 && last)
			return fd;
		if (fd >= 0) {
			close(fd);
			at = end;
		} else if (errno == ELOOP && links++ < LINKS_MAX) {
			if (splice_link(path, path, start, link, path + end) < 0)
				return -1;
			at = 0;
		} else
			return -1;
	}
	errno = ELOOP;
	return -1;
}

int path_parent(int root, const char *path, bool create, const char **name)
{
	size_t length = strlen(path);
	while (length > 0 && path[length - 1] == '/')
		length--;
	size_t start = length;
	while (start > 0 && path[start - 1] != '/')
		start--;
	char parent[PATH_MAX];
	if (start == length || path[length] == '/' || start >= sizeof parent) {
		errno = start >= sizeof parent ? ENAMETOOLONG : EINVAL;
		return -1;
	}
	memcpy(parent, path, start);
	parent[start] = 0;
	*name = path + start;
	if (!strcmp(*name, "..") || !strcmp(*name, ".")) {
		errno = EINVAL;
		return -1;
	}
	return create ? path_create(root, parent, PATH_DIRECTORY, 0755) : open_below(root, parent, O_PATH | O_DIRECTORY);
}
