/* The unpack job: entry after entry below the root, directories' times last. */
#include "tar.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int unpack_fault(struct unpack *u, enum tar_operation op, const char *subject)
{
	/* Whoever noticed first says what it was about. */
	return u->failure->op ? -1 : tar_fault(u->failure, op, subject);
}

static void unpack_forget(struct unpack *u)
{
	if (u->parent >= 0)
		close(u->parent);
	u->parent = -1;
}

int unpack_later(struct unpack *u, const char *path, struct timespec mtime)
{
	if (u->late_count == u->late_room) {
		size_t room = u->late_room ? u->late_room * 2 : 256;
		struct tar_late *list = realloc(u->late, room * sizeof *list);
		if (!list)
			return -1;
		u->late = list;
		u->late_room = room;
	}
	char *copy = strdup(path);
	if (!copy)
		return -1;
	u->late[u->late_count++] = (struct tar_late){ copy, mtime };
	return 0;
}

/* Makes the missing directory path[0..end) whose own parent is open in `above`. */
static int make_parent(struct unpack *u, int above, const char *prefix)
{
	const char *slash = strrchr(prefix, '/'), *name = slash ? slash + 1 : prefix;
	struct stat s;
	bool hidden = u->q->layer && fstatat(above, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && is_whiteout(&s);
	if (hidden && unlinkat(above, name, 0) < 0)
		return -1;
	if (mkdirat(above, name, 0755) < 0) {
		/* A link to what is not there: that is made, below the root. */
		bool link = errno == EEXIST && fstatat(above, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
		int made = link ? path_create(u->root, prefix, PATH_DIRECTORY, 0755) : -1;
		return made < 0 ? -1 : close(made);
	}
	if (hidden)
		return layer_opaque(u, above, name);
	if (u->q->layer)
		return layer_implied(u, above, name, prefix);
	return u->q->has_owner ? fchownat(above, name, u->q->uid, u->q->gid, AT_SYMLINK_NOFOLLOW) : 0;
}

int unpack_directory(struct unpack *u, const char *path)
{
	char prefix[PATH_MAX];
	int above = tar_open(u->root, "", O_PATH | O_DIRECTORY);
	for (size_t end = 0; above >= 0 && path[end];) {
		end += path[end] == '/';
		end += strcspn(path + end, "/");
		memcpy(prefix, path, end);
		prefix[end] = 0;
		int next = tar_open(u->root, prefix, O_PATH | O_DIRECTORY);
		if (next < 0 && (errno == ENOENT || errno == ENOTDIR) && make_parent(u, above, prefix) == 0)
			next = tar_open(u->root, prefix, O_PATH | O_DIRECTORY);
		int error = errno;
		close(above);
		errno = error;
		above = next;
	}
	return above;
}

int unpack_parent(struct unpack *u, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	*name = slash ? slash + 1 : path;
	if (u->parent >= 0 && strlen(u->parent_path) == length && memcmp(u->parent_path, path, length) == 0)
		return u->parent;
	unpack_forget(u);
	if (length >= sizeof u->parent_path) {
		errno = ENAMETOOLONG;
		return unpack_fault(u, TAR_ENTRY, path);
	}
	memcpy(u->parent_path, path, length);
	u->parent_path[length] = 0;
	u->parent = tar_open(u->root, u->parent_path, O_PATH | O_DIRECTORY);
	if (u->parent < 0 && (errno == ENOENT || errno == ENOTDIR))
		u->parent = unpack_directory(u, u->parent_path);
	return u->parent < 0 ? unpack_fault(u, TAR_ENTRY, path) : u->parent;
}

static int kind_differs(struct unpack *u, bool was_directory, const char *path)
{
	errno = was_directory ? EISDIR : ENOTDIR;
	return unpack_fault(u, TAR_OVERWRITE, path);
}

int unpack_clear(struct unpack *u, int dir, const char *name, const struct tar_entry *e, const char *path)
{
	struct stat s;
	bool directory = e->type == '5';
	if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : unpack_fault(u, TAR_ENTRY, path);
	if (S_ISDIR(s.st_mode) && directory)
		return 1;
	if (u->q->keep_kind && S_ISDIR(s.st_mode) != directory)
		return kind_differs(u, S_ISDIR(s.st_mode), path);
	if (tar_remove(dir, name) < 0)
		return unpack_fault(u, TAR_ENTRY, path);
	u->replaced |= S_ISDIR(s.st_mode) || S_ISLNK(s.st_mode);
	return u->q->layer && is_whiteout(&s) ? 2 : 0;
}

/* Full path below the root of a name in the archive. */
static int place(struct unpack *u, char *name, char *path)
{
	if (tar_clean(name) < 0)
		return unpack_fault(u, TAR_ESCAPE, name);
	int n = snprintf(path, PATH_MAX, "%s%s%s", u->top, *u->top && *name ? "/" : "", name);
	if (n < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return unpack_fault(u, TAR_ENTRY, name);
}

/* "./": the directory that all goes into, which may be reached through links. It stays as it is unless that is asked for: an
   archive of a folder that was its maker's alone would shut everybody else out of the root. */
static int unpack_top(struct unpack *u, const struct tar_entry *e)
{
	errno = EISDIR;
	if (e->type != '5')
		return unpack_fault(u, TAR_OVERWRITE, u->q->path);
	if (!u->q->take_top)
		return 0;
	int fd = tar_open(u->root, u->top, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || unpack_attributes(u, -1, NULL, fd, e) < 0)
		return unpack_fault(u, TAR_ENTRY, u->q->path);
	close(fd);
	u->files++;
	return unpack_later(u, u->top, e->mtime);
}

/* Before anything of the entry is written. A hole of a sparse file counts: reading it costs its length. */
static int charge(struct unpack *u, const struct tar_entry *e)
{
	uint64_t size = e->type != '0' ? 0 : e->real_size > e->size ? e->real_size : e->size;
	u->charged += 512;
	if (!u->q->limit || (size <= u->q->limit && u->charged <= u->q->limit - size)) {
		u->charged += size;
		return 0;
	}
	errno = EFBIG;
	return unpack_fault(u, TAR_LIMIT, e->name);
}

static int unpack_entry(struct unpack *u)
{
	struct tar_entry *e = &u->in.entry;
	char path[PATH_MAX];
	const char *name;
	if (charge(u, e) < 0)
		return -1;
	if (place(u, e->name, path) < 0)
		return -1;
	if (u->q->mode != TAR_PLAIN) {
		int mark = u->q->layer ? layer_whiteout(u, path) : upon_whiteout(u, path);
		if (mark != 0)
			return mark;
	}
	if (u->q->has_owner) {
		e->uid = u->q->uid;
		e->gid = u->q->gid;
	}
	if (!*e->name)
		return unpack_top(u, e);
	if (e->type == '1') {
		char target[PATH_MAX];
		if (place(u, e->link, target) < 0)
			return -1;
		free(e->link);
		if (!(e->link = strdup(target)))
			return unpack_fault(u, TAR_ENTRY, path);
		if (strcmp(target, path) == 0)
			return 0;
	}
	int dir = unpack_parent(u, path, &name);
	if (dir < 0)
		return -1;
	u->files++;
	u->bytes += e->type == '0' ? e->real_size : 0;
	int result = unpack_file(u, dir, name, e);
	if (result == 0 && u->q->mode == TAR_TREE)
		result = upon_brought(u, path);
	if (result < 0)
		unpack_fault(u, TAR_ENTRY, path);
	if (u->replaced)
		unpack_forget(u);
	u->replaced = false;
	return result;
}

/* Deepest first, so that no directory's time changes after it was set: entries come parents first. */
static int set_times(struct unpack *u)
{
	for (size_t i = u->late_count; i-- > 0;) {
		int fd = tar_open(u->root, u->late[i].path, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			continue;	/* replaced since */
		struct timespec times[2] = { u->late[i].mtime, u->late[i].mtime };
		int set = futimens(fd, times);
		int error = errno;
		close(fd);
		errno = error;
		if (set < 0)
			return unpack_fault(u, TAR_ENTRY, u->late[i].path);
	}
	return 0;
}

static int enter(struct unpack *u)
{
	u->root = tar_root_open(u->q, true, u->failure);
	if (u->root < 0)
		return -1;
	if (strlen(u->q->path) >= sizeof u->top) {
		errno = ENAMETOOLONG;
		return unpack_fault(u, TAR_PATH, "path");
	}
	strcpy(u->top, u->q->path);
	if (tar_clean(u->top) < 0)
		return unpack_fault(u, TAR_ESCAPE, u->q->path);
	int top = u->q->create_path ? path_create(u->root, u->top, PATH_DIRECTORY, 0755)
				    : tar_open(u->root, u->top, O_PATH | O_DIRECTORY);
	if (top < 0)
		return unpack_fault(u, TAR_PATH, u->q->path);
	close(top);
	return 0;
}

static int unpack_all(struct unpack *u, int fd)
{
	if (enter(u) < 0)
		return -1;
	if (*u->q->file && (fd = open(u->q->file, O_RDONLY | O_CLOEXEC)) < 0)
		return unpack_fault(u, TAR_ARCHIVE, u->q->file);
	/* After the root's mounts: those are this thread's. */
	if ((u->q->inflate || u->q->digest) && !(u->source = tar_source_open(fd, u->q->inflate)))
		return unpack_fault(u, TAR_ARCHIVE, "threads");
	if (tar_input_open(&u->in, fd, u->source, u->failure) < 0)
		return -1;
	int got;
	while ((got = tar_next(&u->in)) > 0)
		if (unpack_entry(u) < 0)
			return -1;
	if (got < 0 || set_times(u) < 0)
		return -1;
	/* The digest is of the whole stream: what follows the archive's end belongs to it. */
	if (u->source && tar_source_finish(u->source, &u->length, u->digest) < 0)
		return unpack_fault(u, TAR_ARCHIVE, "stream");
	return 0;
}

/* Replies u64 entries, u64 bytes of files, u64 bytes of the plain stream and its SHA-256 in hex where that was asked for. */
int job_unpack(int fd, struct request *r)
{
	static struct unpack u = { .root = -1, .parent = -1 };
	struct failure failure = { 0 };
	struct tar_request q;
	struct rlimit files;
	u.q = &q;
	u.failure = &failure;
	umask(0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	int done = tar_request_read(&q, &r->body, true) < 0 ? tar_fault(&failure, TAR_REQUEST, "unpack") : unpack_all(&u, fd);
	if (done < 0)
		reply_failure(fd, &failure);
	/* The sender may still be writing: closing now would reset the connection under the reply. */
	if (u.source && done < 0)
		tar_source_abandon(u.source);
	tar_drain(fd);
	if (done < 0)
		return 1;
	struct writer w = { 0 };
	put_u64(&w, u.files);
	put_u64(&w, u.bytes);
	put_u64(&w, u.length);
	put_str(&w, u.digest);
	return reply(fd, REPLY_OK, &w) < 0;
}
