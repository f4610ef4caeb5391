/*
 * Tar jobs: unpack an archive below a root, pack a tree below a root. Nothing in an archive is trusted: every path is
 * resolved by the kernel below the root (openat2, RESOLVE_IN_ROOT), names that climb out of it are refused, and what is
 * written goes through descriptors, never through a path that the archive could have swapped.
 *
 * Formats: POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU tar's long names and sparse files; extended attributes as
 * SCHILY.xattr records; overlay marks as the OCI image specification's whiteouts ("Layer Filesystem Changeset").
 */
#ifndef TAR_H
#define TAR_H

#include "launcher.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>

/* What failed, in REPLY_FAILED's op field; runtime/launch/tar-request.ts knows the same numbers. */
enum tar_operation {
	TAR_REQUEST = 1000,
	TAR_ROOT,	/* reaching or mounting the root */
	TAR_PATH,	/* the path below it */
	TAR_ARCHIVE,	/* malformed, truncated */
	TAR_ESCAPE,	/* a name that leads outside */
	TAR_OVERWRITE,	/* a directory for something else or the other way round */
	TAR_ENTRY,	/* writing an entry */
	TAR_WALK,	/* reading a tree */
	TAR_OUTPUT,	/* sending the archive */
	TAR_LIMIT,	/* larger than it may be */
};

/* ROOT_FILE: what is packed is there as an archive already. */
enum tar_root_kind { ROOT_DIRECTORY, ROOT_PROCESS, ROOT_OVERLAY, ROOT_FILE };

/* As tar does; a layer's marks as those of an overlay; a layer upon the tree that it changes. */
enum tar_mode { TAR_PLAIN, TAR_LAYER, TAR_TREE };

/* Both jobs' requests; strings point into the frame. */
struct tar_request {
	enum tar_root_kind kind;
	const char *directory;
	pid_t pid;
	char **lower;
	uint32_t lower_count;
	const char *upper, *work, *mountpoint;
	char **binds;			/* source, target, source, target, … */
	uint32_t bind_count;
	char **options;			/* of the overlay */
	const char *path;
	enum tar_mode mode;
	bool layer;			/* mode is TAR_LAYER */
	bool user_xattr;		/* overlay marks are user.overlay.*, not trusted.overlay.* */
	/* unpack */
	char **parents;
	uint32_t parent_count;
	const char *file;		/* read in place of the connection; "" none */
	bool inflate;			/* the stream is gzip */
	bool digest;			/* the plain stream is hashed and counted */
	uint64_t limit;			/* bytes that the archive may come to; 0: any */
	bool create_path, has_owner, keep_kind, take_top;
	uid_t uid;
	gid_t gid;
	/* pack */
	const char *rename;		/* "" none */
	bool follow_top, has_clamp;
	int64_t clamp;
	char **below;			/* trees, topmost first: only what changes them is packed */
	uint32_t below_count;
};

/* -1 with errno EBADMSG or ENOMEM. */
int tar_request_read(struct tar_request *q, struct reader *r, bool unpack);

/* O_PATH descriptor of the root, mounted first where it must be (in a mount namespace of this process' own, gone with
   it). `write` false never touches upper. -1 with *f filled. */
int tar_root_open(const struct tar_request *q, bool write, struct failure *f);

/* Fills f with the current errno; returns -1. */
int tar_fault(struct failure *f, enum tar_operation op, const char *subject);

/* ---- names and places (tar_path.c) ---- */

/* Cleans an archive's name in place ("./a//b/../c/" → "a/c"; "" is the top). -1 with EXDEV when it climbs out. */
int tar_clean(char *name);
/* openat2 below root with symlinks kept inside; retried while something is being renamed under it. */
int tar_open(int root, const char *path, int flags);
/* Removes a tree, or whatever it is, by descriptors. */
int tar_remove(int dir, const char *name);
/* Path of dir/name for calls that know no descriptors (xattrs of symlinks). */
void tar_proc_path(char *out, size_t size, int dir, const char *name);

/* ---- attributes ---- */

struct tar_xattr {
	char *name;
	char *value;
	size_t length;
};

struct tar_xattrs {
	struct tar_xattr *list;
	size_t count;
};

void tar_xattrs_clear(struct tar_xattrs *x);
int tar_xattrs_add(struct tar_xattrs *x, const char *name, size_t name_length, const char *value, size_t length);
/* Marks of an overlay are not an archive's to give, nor a label of a foreign policy. */
bool tar_xattr_wanted(const char *name);
/* Those of dir/name (or of `fd` when name is NULL) that an archive carries: security.capability and user.*. */
int tar_xattrs_read(struct tar_xattrs *x, int dir, const char *name);
int tar_xattrs_write(const struct tar_xattrs *x, int dir, const char *name);

/* ---- decompressing and hashing beside the unpacking (tar_source.c) ---- */

struct tar_source;
/* Reads `fd` in threads of its own, through inflate where it is gzip, and counts and hashes what comes out. NULL with errno. */
struct tar_source *tar_source_open(int fd, bool inflate);
/* The next piece, valid until the next call. 0 at the end; -1 with errno: EBADMSG malformed, ENODATA cut short. */
ssize_t tar_source_next(struct tar_source *s, const unsigned char **bytes);
/* Reads to the end of the stream; `hex` gets the SHA-256 of all of it. -1 with errno. */
int tar_source_finish(struct tar_source *s, uint64_t *length, char hex[65]);
/* Nothing more is wanted; its threads end. */
void tar_source_abandon(struct tar_source *s);

/* ---- reading an archive (tar_input.c, tar_pax.c, tar_read.c) ---- */

struct tar_segment {
	uint64_t offset, length;
};

struct tar_entry {
	char type;		/* '0' file, '1' hard link, '2' symlink, '3' char, '4' block, '5' directory, '6' fifo */
	char *name, *link;	/* cleaned by nobody yet */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size;		/* bytes in the archive */
	uint64_t real_size;	/* of the file: more than size when it is sparse */
	struct timespec mtime;
	unsigned major, minor;
	struct tar_xattrs xattrs;
	bool sparse;
	struct tar_segment *segments;
	size_t segment_count;
};

struct tar_input {
	int fd;
	struct tar_source *source;	/* in place of fd; NULL: none */
	unsigned char *buffer;
	const unsigned char *bytes;	/* start to end of these are there */
	size_t start, end;
	uint64_t left;		/* of the current entry's data */
	unsigned padding;	/* after it */
	struct tar_entry entry;
	struct failure *failure;
};

#define TAR_BUFFER (256u << 10)

/* What extensions said of the entry that follows them. */
struct tar_said {
	char *name, *link;
	bool has_size, has_mtime, has_uid, has_gid, has_real;
	int64_t size, uid, gid, real;
	struct timespec mtime;
	int sparse_major, sparse_minor;
	uint64_t offset;	/* of a GNU.sparse 0.0 pair */
	bool sparse_map;
};

/* `source` NULL: reads fd itself. */
int tar_input_open(struct tar_input *in, int fd, struct tar_source *source, struct failure *f);
/* Fails with EBADMSG. */
int tar_malformed(struct tar_input *in, const char *what);
/* -1 failed, 0 end of stream, 1 there is something in the buffer. */
int tar_fill(struct tar_input *in);
/* To the end of the entry's data and its padding. */
int tar_skip_data(struct tar_input *in);
/* Reads an extension header's data: 'x' and 'g' pax records, 'L' and 'K' GNU's long names, 'V' nothing. */
int tar_extension(struct tar_input *in, struct tar_said *s, char type, int64_t size);
/* 1 an entry, 0 the end, -1 with the failure filled. What is left of the entry before is skipped. */
int tar_next(struct tar_input *in);
/* The next piece of the entry's data: *bytes points into the buffer. 0 at its end. */
ssize_t tar_data(struct tar_input *in, const unsigned char **bytes);
/* Reads what follows, to its end. */
void tar_drain(int fd);
int tar_read_exact(struct tar_input *in, void *out, size_t length);
/* Old GNU ('S') and pax 1.0 maps, which stand in the archive; called by tar_next. */
int tar_sparse_gnu(struct tar_input *in, const unsigned char *header);
int tar_sparse_pax(struct tar_input *in);
int tar_segment_add(struct tar_entry *e, uint64_t offset, uint64_t length);
/* Numbers of a header: octal, or GNU's base 256. -1 with EBADMSG. */
int tar_number(const unsigned char *at, size_t length, int64_t *out);

/* ---- unpacking (tar_unpack.c, tar_file.c, tar_layer.c) ---- */

struct tar_late {	/* a directory's times, set when nothing more is written into it */
	char *path;
	struct timespec mtime;
};

struct unpack {
	const struct tar_request *q;
	int root;
	char top[PATH_MAX];	/* q->path cleaned; "" is the root itself */
	struct failure *failure;
	struct tar_source *source;	/* NULL: the connection itself */
	uint64_t length;		/* of the plain stream, and its SHA-256 in hex */
	char digest[65];
	struct tar_input in;
	char parent_path[PATH_MAX];
	int parent;		/* descriptor of parent_path or -1: entries mostly follow each other in one directory */
	struct tar_late *late;
	size_t late_count, late_room;
	bool replaced;		/* this entry took the place of a directory or a link: no remembered place is sure any more */
	uint64_t files, bytes;
	uint64_t charged;	/* against q->limit: content, and a block for each entry */
	struct upon *upon;	/* what this layer brought (TAR_TREE) */
};

/* Descriptor (the caller's to close) of the directory `path`, made with its parents where missing. */
int unpack_directory(struct unpack *u, const char *path);
/* Descriptor (not the caller's to close) of the directory that `path` (below the root) lies in; makes it. */
int unpack_parent(struct unpack *u, const char *path, const char **name);
int unpack_later(struct unpack *u, const char *path, struct timespec mtime);
int unpack_fault(struct unpack *u, enum tar_operation op, const char *subject);
/* Owner, mode, attributes, times of what is not a directory yet to be filled. */
int unpack_attributes(struct unpack *u, int dir, const char *name, int fd, const struct tar_entry *e);
int unpack_file(struct unpack *u, int dir, const char *name, const struct tar_entry *e);
/* Makes way for an entry: 0 nothing there now, 1 a directory that stays, 2 a whiteout was there, -1 failed. */
int unpack_clear(struct unpack *u, int dir, const char *name, const struct tar_entry *e, const char *path);

enum layer_mark { MARK_NONE, MARK_DELETED, MARK_OPAQUE, MARK_IGNORED, MARK_FAILED };

/* What kind of whiteout mark `path` is; `hidden` is the name that a MARK_DELETED hides. */
enum layer_mark layer_mark(struct unpack *u, const char *path, const char **hidden);
/* 1 when `path` was a whiteout mark and is dealt with, 0 when it is none, -1 failed. */
int layer_whiteout(struct unpack *u, const char *path);
int layer_opaque(struct unpack *u, int dir, const char *name);
/* Attributes for a directory that the archive does not name: those of the highest lower layer that has it. */
int layer_implied(struct unpack *u, int parent, const char *name, const char *path);
/* Brings `path` up from a lower layer; -1 with ENOENT when none has it. */
int layer_copy_up(struct unpack *u, const char *path);
bool is_whiteout(const struct stat *s);

/* ---- a layer upon the tree that it changes (tar_upon.c) ---- */

/* Notes that this layer brings `path`: whiteouts of its own speak of what was there before. */
int upon_brought(struct unpack *u, const char *path);
/* 1 when `path` was a whiteout mark and is dealt with, 0 when it is none, -1 failed. */
int upon_whiteout(struct unpack *u, const char *path);

/* ---- files with several names (tar_links.c) ---- */

struct tar_link {
	dev_t device;
	ino_t inode;
	char *name;
};

/* Open addressing, a power of two. */
struct tar_links {
	struct tar_link *list;
	size_t count, room;
};

/* The name under which this file was met before, or NULL: then it is `name` from now on. Sets errno to 0, or ENOMEM. */
const char *tar_links_find(struct tar_links *l, const struct stat *s, const char *name);

/* ---- writing an archive (tar_write.c, tar_pack.c, tar_changes.c) ---- */

struct tar_gzip;

struct tar_output {
	int fd;
	unsigned char *buffer;
	size_t used;
	struct tar_gzip *gzip;	/* NULL: none */
};

/* Compresses in threads of its own and sends to `fd`; *buffer is to be filled with up to TAR_BUFFER bytes. NULL with errno. */
struct tar_gzip *tar_gzip_open(int fd, unsigned char **buffer);
/* Takes the `used` bytes of the buffer and gives the next one. NULL with errno. */
unsigned char *tar_gzip_take(struct tar_gzip *g, size_t used);
/* The last bytes; what came of it is put: length and SHA-256 in hex, of the plain stream and of the compressed one. -1 with errno. */
int tar_gzip_finish(struct tar_gzip *g, size_t used, struct writer *w);
/* Nothing more is sent when this returns. */
void tar_gzip_abandon(struct tar_gzip *g);

int tar_output_open(struct tar_output *out, int fd, bool gzip);
int tar_put(struct tar_output *out, const void *bytes, size_t length);
int tar_flush(struct tar_output *out);
/* Header of an entry (with pax records where ustar cannot say it); its data is the caller's to put. */
int tar_put_header(struct tar_output *out, const struct tar_entry *e);
int tar_put_padding(struct tar_output *out, uint64_t size);

#endif
