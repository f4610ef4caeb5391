/*
 * The monitor: one per container, from before its process exists until after its end was told. monitor.c is the loop,
 * container.c brings the container up, process.c starts and reaps, clients.c and commands.c speak with the engine, streams.c moves
 * output and input, log.c writes, finish.c ends.
 */
#ifndef MONITOR_H
#define MONITOR_H

#include "launcher.h"

/* Between monitor and a process that it sets up (ops_exec.c). */
enum { SYNC_GROUPS = 'C', SYNC_HOST = 'H', SYNC_GO = 'G', SYNC_READY = 'R', SYNC_TERMINAL = 'T', SYNC_ROOT = 'V' };

/* What a connection to the monitor's socket may say. The first frame decides what the connection is. */
enum command {
	COMMAND_CONTROL = 1,	/* → STATE; then events; takes the commands below */
	COMMAND_ATTACH = 2,	/* u64 exec token (0: the container), u32 bits (1 in, 2 out, 4 err) → OK, then the streams */
	COMMAND_EXEC = 3,	/* u64 token, u32 attached (waits for the ATTACH of its token), u32 tty, u32 stdin, bytes ops → STARTED or FAILED, then EXITED */
	COMMAND_GO = 4,		/* → STARTED or FAILED */
	COMMAND_SIGNAL = 5,	/* u32 signal → OK (u32 1: delivered, 0: already gone) */
	COMMAND_RESIZE = 6,	/* u32 rows, u32 columns → OK or FAILED */
	COMMAND_ABANDON = 7,	/* kills it, also after GO; the connection ends when all is cleaned up */
	COMMAND_KEEP = 8,	/* → OK or FAILED. When the container ends, its network namespace, root and ports stay for who has asked, as long as that connection does, and a RELAUNCH or ABANDON may follow on it */
	COMMAND_RELAUNCH = 9,	/* after EXITED: a body as of the job "container" → as that job */
};

struct settings {
	const char *socket, *exit_file, *log_path, *container_id, *oom_file, *into_cgroup;
	uint64_t log_max;	/* bytes; 0 never rotates */
	uint32_t log_files, join_flags, stall_ms;
	bool tty, open_stdin, stdin_once, kill_all, log_compress;
	char **cgroup_files, **cgroup_dirs;	/* where execs join; what is removed at the end */
	void *memory;		/* that the rest points into */
};

struct log {
	int fd;			/* -1: none */
	uint64_t size;
};

/* Bytes that wait for a slow receiver. */
struct pending {
	unsigned char *bytes;
	size_t at, length, room;
};

/* The container's first process, or an exec. */
struct process {
	struct process *next;
	uint64_t token;		/* 0: the container */
	pid_t pid;
	int sync;		/* -1 once it executes */
	int in, out, err;	/* our ends; with a terminal, its master in `out` alone */
	bool tty, close_input, once;	/* once: input ends with the first attached client's */
	bool started, failed, reaped;
	int status;
	uint64_t started_ns, ended_ns, drain_until_ms;
	struct pending input;
	struct client *owner;	/* who is told */
};

enum client_kind { CLIENT_NEW, CLIENT_CONTROL, CLIENT_ATTACHED, CLIENT_PARKED, CLIENT_EXEC_WAITING, CLIENT_EXEC };

struct client {
	struct client *next;
	int fd;
	enum client_kind kind;
	struct process *process;
	uint64_t token;
	uint32_t bits;		/* of an attach */
	bool gone, input_ended, end_when_sent, leaving, keeps;
	struct pending in, out;
	uint64_t stalled_ms;	/* since when it took nothing; 0: not stalled */
};

struct monitor {
	struct settings settings;
	struct context context;
	struct log log;
	int listener, signals, oom, container_fd;	/* container_fd: pidfd of the first process */
	int root, network;	/* the mounted root, detached; the network namespace, when it is to be kept. -1: none */
	int pids;		/* our own pid namespace */
	int mounts;		/* the container's mount namespace, which outlives its processes: -1 when it is let go of */
	struct process *processes;	/* the container's own is `container`, in the list too */
	struct process *container;
	struct client *clients;
	struct client *launching;	/* waits for READY, sends GO */
	bool finished, abandoned;
};

/* container.c */
/* The container has ended and was kept: runs it again by the request in `body`. Where that fails, all is cleaned up, `c` is told, and this process ends. */
void container_again(struct monitor *m, struct client *c, struct reader body);
uint64_t now_ms(void);

/* ops_exec.c */
/* In the container's process; fd -1: none goes along. */
int sync_send(int sync, char message, int fd);

/* process.c */
struct start {
	uint64_t clone_flags;
	const char *into_cgroup;	/* v2 directory or "" */
	struct reader ops;
	bool tty, stdin_pipe;
};
struct process *process_start(struct monitor *m, const struct start *s);
/* Waits (blocking) until it is READY or failed; 0 or -1 with m->context.failure. */
int process_wait_ready(struct monitor *m, struct process *p);
/* Something arrived on its sync connection, or it ended. */
void process_sync(struct monitor *m, struct process *p);
void process_reap(struct monitor *m);
void process_free(struct monitor *m, struct process *p);

/* streams.c */
extern unsigned char batch[65536];
/* Reads a stream once and hands it on; false at its end or when there is nothing now. */
bool stream_read(struct monitor *m, struct process *p, int *fd, unsigned char stream);
void input_read(struct monitor *m, struct client *c);
void input_flush(struct process *p);
void input_end(struct process *p);
bool process_congested(const struct monitor *m, const struct process *p);
bool process_drained(const struct process *p);
void process_streams_end(struct monitor *m, struct process *p);

/* clients.c */
struct client *client_add(struct monitor *m, int fd);
void client_flush(struct client *c);
void client_send(struct client *c, const void *head, size_t head_length, const void *bytes, size_t length);
void client_reply(struct client *c, enum reply kind, const struct writer *w);
void client_fail(struct client *c, const struct failure *f);
void client_drop(struct monitor *m, struct client *c);
void clients_sweep(struct monitor *m);
void tell_started(struct process *p);
void tell_failed(struct process *p, const struct failure *f);
/* A control connection ends with it, but for the keeper's. */
void tell_exited(struct monitor *m, struct process *p, bool oom);
void tell_oom(struct monitor *m);

/* commands.c */
void client_readable(struct monitor *m, struct client *c);
/* Lets the container's process execute, for the client that launched it. */
void client_go(struct monitor *m, struct client *c);

/* log.c */
int log_open(struct log *l, const struct settings *s);
/* Turns the youngest of the older files into a gzip file, in a process of its own. */
void log_compress(const struct settings *s);
void log_write(struct log *l, const struct settings *s, unsigned char stream, const void *bytes, uint32_t length, uint64_t ns);

/* oom.c */
/* Begins to watch; nothing to watch, or a kernel that does not tell, is no error. */
void oom_watch(struct monitor *m);
void oom_event(struct monitor *m);
/* Whether the kernel has killed in the group for its memory. */
bool oom_killed(const struct monitor *m);

/* finish.c */
int exit_code(int status);
/* Who has asked to keep what outlives the process; NULL: nobody. */
struct client *keeper(const struct monitor *m);
void cleanup(struct monitor *m);
void finish(struct monitor *m);

/* monitor.c */
int monitor_loop(struct monitor *m);

/* pending.c */
int pending_add(struct pending *p, const void *bytes, size_t length);
void pending_free(struct pending *p);
/* Writes what it can; -1 when the receiver is gone. */
int pending_write(struct pending *p, int fd);

#endif
