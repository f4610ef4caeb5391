/* What a process is: its namespaces, identity, privileges and limits. */
#include "monitor.h"
#include "ops.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define PROC_MAGIC 0x9fa0

/* In another mount namespace "/" is another place; descriptors of the old one cannot be mounted on. */
static int reopen_root(struct context *c)
{
	close(c->root);
	c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root < 0 ? -1 : 0;
}

/* path, type (CLONE_NEW*, checked by the kernel). A pid namespace counts for children only. */
int op_namespace_join(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	int type = (int)read_u32(r);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(c, path);
	int result = setns(fd, type), error = errno;
	close(fd);
	errno = error;
	if (result < 0 || (type == CLONE_NEWNS && reopen_root(c) < 0))
		return fail(c, path);
	return 0;
}

/* flags (CLONE_NEW*): new namespaces for the process itself. */
int op_namespace_leave(struct context *c, struct reader *r)
{
	int flags = (int)read_u32(r);
	if (unshare(flags) < 0)
		return -1;
	return flags & CLONE_NEWNS ? reopen_root(c) : 0;
}

/* Into the network namespace that the monitor has kept. */
int op_network_kept(struct context *c, struct reader *r)
{
	(void)r;
	return setns(c->monitor->network, CLONE_NEWNET);
}

/* host name, domain name; an empty one is left as it is. */
int op_hostname(struct context *c, struct reader *r)
{
	const char *host = read_str(r), *domain = read_str(r);
	if (*host && sethostname(host, strlen(host)) < 0)
		return fail(c, host);
	return *domain && setdomainname(domain, strlen(domain)) < 0 ? fail(c, domain) : 0;
}

/* resource, soft, hard, clamp: lower to what may be had when raising the hard limit is refused. */
int op_rlimit(struct context *c, struct reader *r)
{
	unsigned resource = read_u32(r);
	struct rlimit64 wanted = { .rlim_cur = read_u64(r), .rlim_max = read_u64(r) }, held;
	bool clamp = read_u32(r);
	char subject[32];
	snprintf(subject, sizeof subject, "%u", resource);
	if (prlimit64(0, resource, &wanted, NULL) == 0)
		return 0;
	if (errno != EPERM || !clamp || prlimit64(0, resource, NULL, &held) < 0)
		return fail(c, subject);
	if (wanted.rlim_max > held.rlim_max)
		wanted.rlim_max = held.rlim_max;
	if (wanted.rlim_cur > wanted.rlim_max)
		wanted.rlim_cur = wanted.rlim_max;
	return prlimit64(0, resource, &wanted, NULL) < 0 ? fail(c, subject) : 0;
}

/* mask of the capabilities that stay in the bounding set. */
int op_capabilities_bounding(struct context *c, struct reader *r)
{
	uint64_t keep = read_u64(r);
	(void)c;
	for (int bit = 0; bit < 64 && prctl(PR_CAPBSET_READ, bit, 0, 0, 0) >= 0; bit++)
		if (!(keep >> bit & 1) && prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) < 0)
			return -1;
	return 0;
}

/* permitted, effective, inheritable, ambient. */
int op_capabilities_set(struct context *c, struct reader *r)
{
	uint64_t permitted = read_u64(r), effective = read_u64(r), inheritable = read_u64(r), ambient = read_u64(r);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	(void)c;
	for (int half = 0; half < 2; half++) {
		data[half].permitted = (uint32_t)(permitted >> 32 * half);
		data[half].effective = (uint32_t)(effective >> 32 * half);
		data[half].inheritable = (uint32_t)(inheritable >> 32 * half);
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return -1;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int bit = 0; bit < 64; bit++)
		if (ambient >> bit & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0) < 0)
			return -1;
	return 0;
}

/* uid, gid, groups (u32 count, u32 each), keep (permitted capabilities outlive the change, for capabilities.set). */
int op_user(struct context *c, struct reader *r)
{
	uid_t uid = read_u32(r);
	gid_t gid = read_u32(r);
	uint32_t count = read_u32(r);
	if (r->bad || count > (size_t)(r->end - r->at) / 4) {
		errno = EBADMSG;
		return -1;
	}
	gid_t groups[count + 1];
	for (uint32_t i = 0; i < count; i++)
		groups[i] = read_u32(r);
	bool keep = read_u32(r);
	char subject[48];
	snprintf(subject, sizeof subject, "%u:%u", uid, gid);
	if (keep && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail(c, subject);
	if (setgroups(count, groups) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return fail(c, subject);
	return keep && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? fail(c, subject) : 0;
}

/* uid: of the streams, so that the process may open /dev/stdout again. Only pipes and terminals: never a device of the machine. */
int op_stdio_own(struct context *c, struct reader *r)
{
	uid_t uid = read_u32(r);
	(void)c;
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;
		if (fstat(fd, &st) == 0 && st.st_uid != uid && (S_ISFIFO(st.st_mode) || isatty(fd)))
			if (fchown(fd, uid, (gid_t)-1) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
				return -1;
	}
	return 0;
}

int op_nonewprivs(struct context *c, struct reader *r)
{
	(void)c;
	(void)r;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* flags of seccomp(2), program (struct sock_filter[]). */
int op_seccomp(struct context *c, struct reader *r)
{
	unsigned flags = read_u32(r);
	uint32_t length;
	const unsigned char *bytes = read_bytes(r, &length);
	struct sock_fprog program = { .len = (unsigned short)(length / sizeof(struct sock_filter)), .filter = (void *)bytes };
	(void)c;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* path: below the root and never through a magic link, which could lead to a descriptor of the machine (CVE-2024-21626). */
int op_chdir(struct context *c, struct reader *r)
{
	const char *path = read_str(r);
	int fd = path_open(c->root, path, O_PATH | O_DIRECTORY);
	int result = fd < 0 ? -1 : fchdir(fd), error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return result < 0 ? fail(c, path) : 0;
}

int op_umask(struct context *c, struct reader *r)
{
	(void)c;
	umask((mode_t)read_u32(r));
	return 0;
}

/* A file of the kernel in /proc, which an image may have replaced by its own: only written when it is really there. */
static int write_proc(const char *path, const char *text)
{
	struct statfs fs;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int result = fstatfs(fd, &fs);
	if (result == 0 && fs.f_type != PROC_MAGIC) {
		errno = EXDEV;
		result = -1;
	}
	if (result == 0 && write(fd, text, strlen(text)) < 0)
		result = -1;
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

/* text of the number. */
int op_oom_score(struct context *c, struct reader *r)
{
	const char *score = read_str(r);
	return write_proc("/proc/self/oom_score_adj", score) < 0 ? fail(c, score) : 0;
}

/* Of this process, which is the only one of its own number in the /proc below root. */
static int write_attribute(struct context *c, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "%d/attr/%s", (int)getpid(), name);
	int fd = path_open_proc(c->root, path, O_WRONLY);
	int result = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0, error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return result;
}

/* profile: from the next exec on. */
int op_apparmor(struct context *c, struct reader *r)
{
	const char *profile = read_str(r);
	char text[512];
	snprintf(text, sizeof text, "exec %s", profile);
	if (write_attribute(c, "apparmor/exec", text) == 0)
		return 0;
	return errno == ENOENT && write_attribute(c, "exec", text) == 0 ? 0 : fail(c, profile);
}

/* name: a session keyring of its own, so that it cannot read the engine's. */
int op_keyring(struct context *c, struct reader *r)
{
	const char *name = read_str(r);
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0 ? fail(c, name) : 0;
}

/* In an exec: the groups and all namespaces of the monitor's container. Its process is ours to name: nobody else reaps it. */
int op_container_join(struct context *c, struct reader *r)
{
	const struct settings *s = &c->monitor->settings;
	(void)r;
	for (char **file = s->cgroup_files; *file; file++)
		if (write_file(AT_FDCWD, *file, "0", 1) < 0)
			return fail(c, *file);
	/* From here on processes of the container can see this one: not into it, though. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(c->monitor->container_fd, (int)s->join_flags & ~CLONE_NEWPID) < 0)
		return fail(c, "namespaces");
	return reopen_root(c);
}
