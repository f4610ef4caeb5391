/* Decodes the requests of both tar jobs (runtime/launch/tar-request.ts encodes them) and reaches their roots. */
#include "tar.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

int tar_fault(struct failure *f, enum tar_operation op, const char *subject)
{
	f->op = op;
	f->error = errno ? errno : EIO;
	snprintf(f->subject, sizeof f->subject, "%s", subject);
	return -1;
}

static int read_root(struct tar_request *q, struct reader *r)
{
	q->kind = (enum tar_root_kind)read_u32(r);
	q->directory = read_str(r);
	q->pid = (pid_t)read_u32(r);
	q->lower = read_list(r, &q->lower_count);
	q->upper = read_str(r);
	q->work = read_str(r);
	q->mountpoint = read_str(r);
	q->binds = read_list(r, &q->bind_count);
	q->options = read_list(r, &(uint32_t){ 0 });
	return q->lower && q->binds && q->options && q->kind <= ROOT_FILE && q->bind_count % 2 == 0 ? 0 : -1;
}

int tar_request_read(struct tar_request *q, struct reader *r, bool unpack)
{
	memset(q, 0, sizeof *q);
	bool good = read_root(q, r) == 0;
	q->path = read_str(r);
	q->mode = (enum tar_mode)read_u32(r);
	q->layer = q->mode == TAR_LAYER;
	good = good && q->mode <= TAR_TREE;
	q->user_xattr = read_u32(r);
	if (unpack) {
		q->parents = read_list(r, &q->parent_count);
		q->create_path = read_u32(r);
		q->keep_kind = read_u32(r);
		q->has_owner = read_u32(r);
		q->uid = read_u32(r);
		q->gid = read_u32(r);
		q->inflate = read_u32(r);
		q->digest = read_u32(r);
		q->limit = read_u64(r);
		q->take_top = read_u32(r);
		q->file = read_str(r);
		good = good && q->parents;
	} else {
		q->rename = read_str(r);
		q->follow_top = read_u32(r);
		q->has_clamp = read_u32(r);
		q->clamp = (int64_t)read_u64(r);
		q->below = read_list(r, &q->below_count);
		good = good && q->below;
	}
	if (good && !r->bad)
		return 0;
	errno = EBADMSG;
	return -1;
}

/* Read-only, the upper is the topmost of the lower ones. */
static int mount_overlay(const struct tar_request *q, bool write, const char **culprit)
{
	char **lower = calloc(q->lower_count + 2, sizeof *lower);
	if (!lower)
		return -1;
	size_t count = 0;
	if (!write)
		lower[count++] = (char *)q->upper;
	memcpy(lower + count, q->lower, q->lower_count * sizeof *lower);
	struct overlay_layers layers = {
		.lower = lower, .upper = write ? q->upper : "", .work = write ? q->work : "",
		.options = q->options,
	};
	int target = open(q->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = target < 0 ? -1 : overlay_mount(target, &layers, culprit);
	int error = errno;
	if (target >= 0)
		close(target);
	free(lower);
	errno = error;
	return result;
}

static int mount_bind(int root, const char *source, const char *target)
{
	struct stat s;
	if (stat(source, &s) < 0)
		return -1;
	int place = path_create(root, target, S_ISDIR(s.st_mode) ? PATH_DIRECTORY : PATH_FILE, 0755);
	if (place < 0)
		return -1;
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", place);
	int result = mount(source, path, NULL, MS_BIND | MS_REC, NULL);
	close(place);
	return result;
}

static int open_directory(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_overlay(const struct tar_request *q, bool write, struct failure *f)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return tar_fault(f, TAR_ROOT, "mount namespace");
	/* Without anything below it the upper is the whole tree, and the kernel would refuse to mount it alone. */
	bool alone = q->lower_count == 0;
	const char *culprit = q->mountpoint;
	int mounted = alone ? mount(q->upper, q->mountpoint, NULL, MS_BIND, NULL) : mount_overlay(q, write, &culprit);
	if (mounted < 0)
		return tar_fault(f, TAR_ROOT, culprit);
	int root = open_directory(q->mountpoint);
	if (root < 0)
		return tar_fault(f, TAR_ROOT, q->mountpoint);
	for (uint32_t i = 0; i < q->bind_count; i += 2) {
		int bound = mount_bind(root, q->binds[i], q->binds[i + 1]);
		/* A read-only view cannot grow the mount's place: what was never started has nothing there to be hidden either. */
		if (bound < 0 && !(errno == EROFS && !write))
			return tar_fault(f, TAR_ROOT, q->binds[i + 1]);
	}
	return root;
}

int tar_root_open(const struct tar_request *q, bool write, struct failure *f)
{
	char path[64];
	const char *directory = q->directory;
	if (q->kind == ROOT_OVERLAY)
		return open_overlay(q, write, f);
	if (q->kind == ROOT_PROCESS) {
		snprintf(path, sizeof path, "/proc/%d/root", (int)q->pid);
		directory = path;
	}
	int root = open_directory(directory);
	return root < 0 ? tar_fault(f, TAR_ROOT, directory) : root;
}
