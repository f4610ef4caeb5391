/* Control groups. Paths are the machine's: these operations run before the container has a root of its own. */
#include "ops.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Takes over the parent's value where the new group has none (v1's cpuset refuses members until it has one). */
static int inherit_value(const char *group, const char *name)
{
	char path[PATH_MAX], value[4096];
	if (snprintf(path, sizeof path, "%s/%s", group, name) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) /* A level that is somebody else's is as they want it. */
		return errno == EACCES || errno == EROFS ? 0 : -1;
	ssize_t n = read(fd, value, sizeof value);
	if (n <= 1) {
		snprintf(path, sizeof path, "%s/../%s", group, name);
		int parent = open(path, O_RDONLY | O_CLOEXEC);
		n = parent < 0 ? -1 : read(parent, value, sizeof value);
		if (parent >= 0)
			close(parent);
		if (n > 0)
			n = pwrite(fd, value, (size_t)n, 0);
	}
	int error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

/* base (exists), path below it (each level is made when missing), names of files in which a level without a value takes over its parent's. */
int op_cgroup_make(struct context *c, struct reader *r)
{
	const char *base = read_str(r), *path = read_str(r);
	uint32_t count;
	char **inherited = read_list(r, &count), group[PATH_MAX];
	int length = snprintf(group, sizeof group, "%s/%s", base, path), result = 0;
	if (!inherited || length >= (int)sizeof group) {
		errno = inherited ? ENAMETOOLONG : EBADMSG;
		return fail(c, base);
	}
	bool stands = count == 0 && (mkdir(group, 0755) == 0 || errno == EEXIST);
	for (char *at = group + strlen(base) + 1; result == 0 && at && !stands; ) {
		char *slash = strchr(at, '/');
		if (slash)
			*slash = 0;
		if (mkdir(group, 0755) < 0 && errno != EEXIST)
			result = -1;
		/* Also in one that is there: whoever made it at the same time may not have come to this yet. */
		for (uint32_t i = 0; i < count && result == 0; i++)
			result = inherit_value(group, inherited[i]);
		if (slash)
			*slash = '/';
		at = slash ? slash + 1 : NULL;
	}
	free(inherited);
	return result < 0 ? fail(c, group) : 0;
}

/* files[]: `tasks` of each v1 group or `cgroup.procs` of the v2 one. 0 is the writer itself: a parent that writes another's
   pid waits for a grace period of the kernel, about 10 ms. */
int op_cgroup_join(struct context *c, struct reader *r)
{
	uint32_t count;
	char **files = read_list(r, &count);
	if (!files)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (write_file(AT_FDCWD, files[i], "0", 1) < 0)
			return fail(c, files[i]);
	free(files);
	return 0;
}

/* directory, instructions (struct bpf_insn[]): the device rules of a v2 group. */
int op_cgroup_devices(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	uint32_t length;
	const unsigned char *instructions = read_bytes(r, &length);
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)instructions,
		.insn_cnt = length / sizeof(struct bpf_insn),
		.license = (uintptr_t)"Apache-2.0",
	};
	int group = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int program = group < 0 ? -1 : (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
	union bpf_attr attach = {
		.target_fd = (uint32_t)group,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	int result = program < 0 ? -1 : (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach);
	int error = errno;
	if (program >= 0)
		close(program);
	if (group >= 0)
		close(group);
	errno = error;
	return result < 0 ? fail(c, path) : 0;
}
