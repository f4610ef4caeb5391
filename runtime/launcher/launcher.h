/*
 * What every part of the launcher shares.
 *
 * The engine speaks to it in frames over a unix socket: u32 length of the body, u16 kind, u16 reserved (all integers
 * little-endian), then the body. In a body: u32; u64; a string (u32 length, the bytes, a NUL that the length does not
 * count); bytes (like a string); a list (u32 count, strings). runtime/launch/encode.ts writes the same.
 *
 * Error convention: a function returns 0 or a non-negative value, or -1 with errno set. An operation that fails says
 * what it was about with fail(). Every descriptor is opened close-on-exec. Nothing here decides: no default is picked,
 * no environment read, no operation retried.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- frames (frame.c) ---- */

#define FRAME_HEADER 8
#define FRAME_MAX (64u << 20)

/* A cursor over a body. Reading past the end sets `bad` and gives zeros, so that a caller checks once, at the end. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
};

uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* Points into the body; NUL-terminated. Never NULL. */
const char *read_str(struct reader *r);
const unsigned char *read_bytes(struct reader *r, uint32_t *length);
/* A NULL-terminated array, malloc'ed (the strings point into the body); NULL when out of memory or bad. */
char **read_list(struct reader *r, uint32_t *count);
/* The next `length` bytes as a reader of their own. */
struct reader read_part(struct reader *r, uint32_t length);

struct request {
	uint16_t kind;
	struct reader body;
	void *memory;
	size_t size;
};

/* Reads exactly one frame from a blocking descriptor, not a byte more: what follows is the job's own data. */
int frame_read(int fd, struct request *out);
void request_free(struct request *r);

#define WRITER_MAX 8192
struct writer {
	size_t length;
	unsigned char bytes[WRITER_MAX];
};

void put_u32(struct writer *w, uint32_t value);
void put_u64(struct writer *w, uint64_t value);
/* Cut when it does not fit. */
void put_str(struct writer *w, const char *value);

/* Kinds of the frames that go to the engine. */
enum reply {
	REPLY_OK = 1,		/* a job is done; the body is the job's own */
	REPLY_FAILED = 2,	/* u32 op code (0: the job itself), u32 errno, string subject */
	REPLY_DATA = 3,		/* bytes of a job's output (tar, a program's stdout) */
	REPLY_DATA_ERR = 4,	/* bytes of a program's stderr */
	REPLY_READY = 5,	/* u32 pid: set up, waits for go */
	REPLY_STARTED = 6,	/* u32 pid, u64 ns */
	REPLY_EXITED = 7,	/* u32 code, u32 signal, u32 oom, u64 ns */
	REPLY_STATE = 8,	/* u32 pid, u64 started ns, string container id */
	REPLY_OOM = 9,		/* the kernel killed something in this container for its memory */
	REPLY_TAKEN = 10,	/* comes first: the job has been read, and is done once at most */
};

/* Whole frame or -1; blocking descriptors only. A NULL writer is an empty body. */
int reply(int fd, enum reply kind, const struct writer *w);
int reply_bytes(int fd, enum reply kind, const void *bytes, uint32_t length);

/* ---- failures ---- */

#define SUBJECT_MAX 1024
struct failure {
	uint32_t op;		/* code of the operation; 0: the job itself */
	int32_t error;
	char subject[SUBJECT_MAX];
};

int reply_failure(int fd, const struct failure *f);

/* ---- operations (ops.h is the table, ops.c runs them) ---- */

struct monitor;
#define HELPERS_MAX 64
#define HELD_MAX 64

/* Where a list of operations runs. */
struct context {
	int root;		/* below this directory every path is resolved; "/" until an op chooses another */
	pid_t pid;		/* in `host`: the container's first process. 0 elsewhere */
	int sync;		/* in the container's process: towards the monitor. -1 elsewhere */
	struct monitor *monitor;	/* of a container, in all its lists and in its execs; NULL elsewhere */
	struct failure failure;
	int user;		/* the user namespace that user.make made, or -1 */
	int mask;		/* a mounted empty read-only tmpfs to clone, or -1 */
	int held[HELD_MAX];	/* detached mounts in the order in which they will be placed */
	unsigned held_count, held_next;
	pid_t helpers[HELPERS_MAX];
	unsigned helper_count;
};

typedef int (*op_function)(struct context *c, struct reader *r);

/* Notes what the failed operation was about (keeps errno); returns -1. */
int fail(struct context *c, const char *subject);
/* Runs a list (u32 count; each: u16 code, u16 flags, u32 length, payload). -1 with c->failure filled. */
int run_ops(struct context *c, struct reader ops);
void context_init(struct context *c);
/* A forked helper of this container (a port proxy): killed and reaped before anybody is told that the container ended.
   Call helper_child() first thing in it. */
int adopt_helper(struct context *c, pid_t pid);
/* In a forked helper: dies with its parent, default signals, and closes every descriptor from 3 up except those in keep[]. */
void helper_child(const int *keep, unsigned count);

/* The launcher's own executable, for processes that are the launcher under another name (init.c). */
extern int self_executable;

/* listen.c */
int listen_main(const char *path);

/* ---- paths (path.c) ---- */

enum path_kind { PATH_ANY, PATH_DIRECTORY, PATH_FILE };

/* O_PATH descriptor of `path` below `root`; symlinks, also absolute ones and "..", stay below it (RESOLVE_IN_ROOT). */
int path_open(int root, const char *path, int flags);
/* As path_open, and no part of the path may be a symlink (ELOOP). */
int path_open_plain(int root, const char *path, int flags);
/* A file of the kernel, `path` below root's /proc: on procfs itself, through no symlink and no other mount, which a container
   may have put in the way (CVE-2025-52881). */
int path_open_proc(int root, const char *path, int flags);
/* The same, and makes what is missing: parents and a directory or an empty file at the end. Dangling symlinks are followed below root. */
int path_create(int root, const char *path, enum path_kind kind, mode_t mode);
/* Opens the parent (O_PATH, made when `create`); *name points at the last component within path. */
int path_parent(int root, const char *path, bool create, const char **name);

/* ---- mapped mounts (user_range.c) ---- */

/* The owners in a detached tree of mounts are shown shifted, by the namespace of user.make. */
int map_owners(const struct context *c, int tree, bool recursive);

/* ---- overlays (overlay.c) ---- */

struct overlay_layers {
	char **lower;			/* topmost first, ended by NULL; at least one */
	const char *upper, *work;	/* both "": read-only */
	char **options;			/* `key` or `key=value`, ended by NULL */
};

/* Mounts on the directory `target` (O_PATH will do); needs /proc, and leaves the working directory in /. On failure
   *culprit points at the folder that could not be opened, and is left alone when it is the whole that failed. */
int overlay_mount(int target, const struct overlay_layers *l, const char **culprit);

/* ---- small things (frame.c) ---- */

int write_all(int fd, const void *bytes, size_t length);
ssize_t read_all(int fd, void *bytes, size_t length);
/* Opens, writes once, closes: for files of the kernel. */
int write_file(int dir, const char *path, const void *bytes, size_t length);
uint64_t now_ns(void);

/* ---- jobs (jobs.h is the table) ---- */

/* Runs in a child of its own, one a connection: blocking calls are fine, leaks too. `fd` is the connection, blocking.
   The return value is the child's exit code; the job has replied by then. */
typedef int (*job_function)(int fd, struct request *r);

/* Waits a little for a request on `fd`; when none comes, makes a network namespace and waits on. */
void spare_network_make(int fd);
/* Into it, once: the descriptor of the one to go back to with setns(2); -1 when there is none, or it is too old. */
int spare_network_enter(void);

#endif
