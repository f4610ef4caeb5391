/* The pack job: a tree in the order of its names, so that the same tree gives the same bytes. */
#include "tar_pack.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

int pack_fault(struct pack *p, enum tar_operation op)
{
	return p->failure->op ? -1 : tar_fault(p->failure, op, p->name);
}

static char type_of(const struct stat *s)
{
	switch (s->st_mode & S_IFMT) {
	case S_IFREG: return '0';
	case S_IFLNK: return '2';
	case S_IFCHR: return '3';
	case S_IFBLK: return '4';
	case S_IFDIR: return '5';
	case S_IFIFO: return '6';
	default: return 0;	/* a socket: of no use to anybody later */
	}
}

void pack_describe(struct pack *p, struct tar_entry *e, const struct stat *s)
{
	*e = (struct tar_entry){
		.type = type_of(s), .name = p->name, .mode = s->st_mode & 07777, .uid = s->st_uid, .gid = s->st_gid,
		.mtime = s->st_mtim, .major = major(s->st_rdev), .minor = minor(s->st_rdev),
		.size = S_ISREG(s->st_mode) ? (uint64_t)s->st_size : 0,
	};
	/* Layers hold whole seconds, as Docker's do: a time of its own for each file would double the headers. */
	if (p->q->layer)
		e->mtime.tv_nsec = 0;
	if (p->q->has_clamp && e->mtime.tv_sec >= p->q->clamp)
		e->mtime = (struct timespec){ .tv_sec = p->q->clamp };
}

static int put_zeros(struct pack *p, uint64_t left)
{
	static const char zeros[4096];
	for (; left > 0; left -= left < sizeof zeros ? left : sizeof zeros)
		if (tar_put(&p->out, zeros, left < sizeof zeros ? (size_t)left : sizeof zeros) < 0)
			return pack_fault(p, TAR_OUTPUT);
	return 0;
}

/* Exactly `size` bytes, whatever happens to the file meanwhile: what it lost is zeros, what it gained stays out. */
static int put_content(struct pack *p, int fd, uint64_t size)
{
	uint64_t left = size;
	while (left > 0) {
		if (p->out.used == TAR_BUFFER && tar_flush(&p->out) < 0)
			return pack_fault(p, TAR_OUTPUT);
		size_t room = TAR_BUFFER - p->out.used;
		ssize_t n = read(fd, p->out.buffer + p->out.used, left < room ? (size_t)left : room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pack_fault(p, TAR_WALK);
		if (n == 0)
			break;
		p->out.used += (size_t)n;
		left -= (uint64_t)n;
	}
	if (put_zeros(p, left) < 0)
		return -1;
	return tar_put_padding(&p->out, size) < 0 ? pack_fault(p, TAR_OUTPUT) : 0;
}

int pack_header(struct pack *p, const struct tar_entry *e)
{
	return tar_put_header(&p->out, e) < 0 ? pack_fault(p, TAR_OUTPUT) : 0;
}

int pack_mark(struct pack *p, const struct stat *s, size_t directory, const char *mark, const char *name)
{
	char full[sizeof p->name];
	struct tar_entry e;
	if ((size_t)snprintf(full, sizeof full, "%.*s%s%s", (int)directory, p->name, mark, name) >= sizeof full) {
		errno = ENAMETOOLONG;
		return pack_fault(p, TAR_WALK);
	}
	pack_describe(p, &e, s);
	e.type = '0';
	e.name = full;
	e.size = 0;
	e.mode = S_ISDIR(s->st_mode) ? e.mode & 0777 : 0600;
	return pack_header(p, &e);
}

static bool is_opaque(const struct pack *p, int fd)
{
	char value[2];
	const char *mark = p->q->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
	return fgetxattr(fd, mark, value, sizeof value) == 1 && value[0] == 'y';
}

static int pack_regular(struct pack *p, int dir, const char *name, struct tar_entry *e)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat s;
	if (fd < 0 && errno == ENOENT)
		return 0;	/* gone since it was listed */
	if (fd < 0 || fstat(fd, &s) < 0)
		return pack_fault(p, TAR_WALK);
	e->size = S_ISREG(s.st_mode) ? (uint64_t)s.st_size : 0;
	int result = tar_xattrs_read(&e->xattrs, fd, NULL) < 0 ? pack_fault(p, TAR_WALK) : pack_header(p, e);
	tar_xattrs_clear(&e->xattrs);
	if (result == 0 && e->size > 0)
		result = put_content(p, fd, e->size);
	close(fd);
	return result;
}

static int pack_symlink(struct pack *p, int dir, const char *name, struct tar_entry *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);
	if (n < 0)
		return errno == ENOENT ? 0 : pack_fault(p, TAR_WALK);
	target[n] = 0;
	e->link = target;
	return pack_header(p, e);
}

static int pack_directory(struct pack *p, int dir, const char *name, struct tar_entry *e, const struct stat *s)
{
	size_t length = strlen(p->name);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : pack_fault(p, TAR_WALK);
	strcpy(p->name + length++, "/");
	int result = tar_xattrs_read(&e->xattrs, fd, NULL) < 0 ? pack_fault(p, TAR_WALK) : pack_header(p, e);
	tar_xattrs_clear(&e->xattrs);
	if (result == 0 && p->q->layer && is_opaque(p, fd))
		result = pack_mark(p, s, length, ".wh..wh..opq", "");
	if (result == 0)
		result = pack_children(p, fd, length);
	else
		close(fd);
	return result;
}

int pack_one(struct pack *p, int dir, const char *name, size_t base)
{
	struct stat s;
	struct tar_entry e;
	if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : pack_fault(p, TAR_WALK);
	if (p->q->layer && is_whiteout(&s))
		return pack_mark(p, &s, base, ".wh.", name);
	pack_describe(p, &e, &s);
	if (!e.type)
		return 0;
	const char *first = tar_links_find(&p->links, &s, p->name);
	if (errno)
		return pack_fault(p, TAR_WALK);
	if (first) {
		e.type = '1';
		e.size = 0;
		e.link = (char *)first;
		return pack_header(p, &e);
	}
	switch (e.type) {
	case '0': return pack_regular(p, dir, name, &e);
	case '2': return pack_symlink(p, dir, name, &e);
	case '5': return pack_directory(p, dir, name, &e, &s);
	default: return pack_header(p, &e);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

ssize_t pack_names(DIR *dir, char ***out)
{
	size_t count = 0, room = 0;
	char **names = NULL;
	errno = 0;
	for (struct dirent *d; (d = readdir(dir));) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (count == room) {
			char **more = realloc(names, (room = room ? room * 2 : 64) * sizeof *names);
			if (!more)
				return -1;
			names = more;
		}
		if (!(names[count++] = strdup(d->d_name)))
			return -1;
	}
	if (errno)
		return -1;
	if (count > 1)
		qsort(names, count, sizeof *names, by_text);
	*out = names;
	return (ssize_t)count;
}

int pack_children(struct pack *p, int fd, size_t length)
{
	char **names = NULL;
	DIR *dir = fdopendir(fd);
	ssize_t count = dir ? pack_names(dir, &names) : -1;
	int result = count < 0 ? pack_fault(p, TAR_WALK) : 0;
	for (ssize_t i = 0; i < count; i++) {
		size_t n = strlen(names[i]);
		if (result == 0 && length + n + 16 > sizeof p->name) {
			errno = ENAMETOOLONG;
			result = pack_fault(p, TAR_WALK);
		}
		if (result == 0) {
			memcpy(p->name + length, names[i], n + 1);
			result = pack_one(p, fd, names[i], length);
		}
		free(names[i]);
	}
	free(names);
	if (dir)
		closedir(dir);
	p->name[length] = 0;
	return result;
}

/* Parent of the top entry, and its last part; for a followed link, those of what it leads to. */
static int pack_named(struct pack *p, int root, char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	snprintf(p->name, sizeof p->name, "%s", *p->q->rename ? p->q->rename : name);
	const char *slash = strrchr(p->name, '/');
	size_t base = slash ? (size_t)(slash + 1 - p->name) : 0;
	char parent[PATH_MAX];
	snprintf(parent, sizeof parent, "%.*s", (int)(name - path), path);
	int dir = tar_open(root, parent, O_PATH | O_DIRECTORY);
	int result = dir < 0 ? pack_fault(p, TAR_PATH) : pack_one(p, dir, *name ? name : ".", base);
	if (dir >= 0)
		close(dir);
	return result;
}

/* A directory under no name of its own, or whatever path leads to under the name asked for. */
static int pack_top(struct pack *p, int root)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s", p->q->path) >= sizeof path || tar_clean(path) < 0)
		return tar_fault(p->failure, TAR_ESCAPE, p->q->path);
	int top = tar_open(root, path, O_PATH | (p->q->follow_top ? 0 : O_NOFOLLOW));
	struct stat s;
	if (top < 0 || fstat(top, &s) < 0)
		return tar_fault(p->failure, TAR_PATH, p->q->path);
	close(top);
	if (S_ISDIR(s.st_mode) && !*p->q->rename) {
		int fd = tar_open(root, path, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			return tar_fault(p->failure, TAR_PATH, p->q->path);
		return p->q->below_count > 0 ? pack_changes(p, fd) : pack_children(p, fd, 0);
	}
	if (!p->q->follow_top)
		return pack_named(p, root, path);
	for (int hops = 0; hops < 40; hops++) {
		char target[PATH_MAX], joined[PATH_MAX * 2 + 2];
		int link = tar_open(root, path, O_PATH | O_NOFOLLOW);
		ssize_t n = link < 0 ? -1 : readlinkat(link, "", target, sizeof target - 1);
		if (link >= 0)
			close(link);
		if (n < 0)
			return pack_named(p, root, path);
		target[n] = 0;
		char *slash = strrchr(path, '/');
		snprintf(joined, sizeof joined, "%.*s/%s", target[0] == '/' || !slash ? 0 : (int)(slash - path), path, target);
		/* ".." above the root stays at the root, as for the process inside. */
		if (strlen(joined) >= sizeof path || tar_clean(joined) < 0)
			break;
		strcpy(path, joined);
	}
	errno = ELOOP;
	return tar_fault(p->failure, TAR_PATH, p->q->path);
}

/* The file's bytes as they are. */
static int pack_file(struct pack *p)
{
	int fd = open(p->q->directory, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tar_fault(p->failure, TAR_ROOT, p->q->directory);
	snprintf(p->name, sizeof p->name, "%s", p->q->directory);
	for (;;) {
		if (p->out.used == TAR_BUFFER && tar_flush(&p->out) < 0)
			return pack_fault(p, TAR_OUTPUT);
		ssize_t n = read(fd, p->out.buffer + p->out.used, TAR_BUFFER - p->out.used);
		if (n < 0 && errno != EINTR)
			return pack_fault(p, TAR_WALK);
		if (n == 0)
			break;
		p->out.used += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return 0;
}

static int pack_tree(struct pack *p)
{
	static const char end[1024];
	int root = tar_root_open(p->q, false, p->failure);
	if (root < 0 || pack_top(p, root) < 0)
		return -1;
	return tar_put(&p->out, end, sizeof end) < 0 ? tar_fault(p->failure, TAR_OUTPUT, "end") : 0;
}

static int pack_all(struct pack *p, int fd, bool gzip, struct writer *w)
{
	if (tar_output_open(&p->out, fd, gzip) < 0)
		return tar_fault(p->failure, TAR_OUTPUT, "memory");
	int result = p->q->kind == ROOT_FILE ? pack_file(p) : pack_tree(p);
	if (result < 0 && p->out.gzip)
		tar_gzip_abandon(p->out.gzip);
	if (result < 0)
		return -1;
	int ended = p->out.gzip ? tar_gzip_finish(p->out.gzip, p->out.used, w) : tar_flush(&p->out);
	return ended < 0 ? tar_fault(p->failure, TAR_OUTPUT, "end") : 0;
}

static int run_pack(int fd, struct request *r, bool gzip)
{
	static struct pack p;
	struct failure failure = { 0 };
	struct tar_request q;
	struct writer w = { 0 };
	struct rlimit files;
	p.q = &q;
	p.failure = &failure;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	int done = tar_request_read(&q, &r->body, false) < 0 ? tar_fault(&failure, TAR_REQUEST, "pack")
							     : pack_all(&p, fd, gzip, &w);
	return (done < 0 ? reply_failure(fd, &failure) : reply(fd, REPLY_OK, &w)) < 0 || done < 0;
}

/* Sends the archive as REPLY_DATA frames, then REPLY_OK. */
int job_pack(int fd, struct request *r)
{
	return run_pack(fd, r, false);
}

/* The same as gzip; REPLY_OK says what the plain archive and the compressed one were (see tar_gzip_finish). */
int job_pack_gzip(int fd, struct request *r)
{
	return run_pack(fd, r, true);
}
