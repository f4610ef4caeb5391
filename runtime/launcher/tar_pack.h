/* What the files of the pack job share. */
#ifndef TAR_PACK_H
#define TAR_PACK_H

#include "tar.h"

#include <dirent.h>

struct pack {
	const struct tar_request *q;
	struct tar_output out;
	struct failure *failure;
	struct tar_links links;
	char name[PATH_MAX * 2];	/* of the current entry in the archive */
};

int pack_fault(struct pack *p, enum tar_operation op);
/* What an archive says of a file, but for its attributes and where a link leads. */
void pack_describe(struct pack *p, struct tar_entry *e, const struct stat *s);
int pack_header(struct pack *p, const struct tar_entry *e);
/* An empty file whose name says what is gone. */
int pack_mark(struct pack *p, const struct stat *s, size_t directory, const char *mark, const char *name);
/* The entry dir/name, whose name in the archive p->name already is; `base` is where its last part begins. */
int pack_one(struct pack *p, int dir, const char *name, size_t base);
/* Everything in the directory `fd` (closed here); its own name is the first `length` bytes of p->name. */
int pack_children(struct pack *p, int fd, size_t length);
/* Names in a directory, sorted by their bytes. -1 with errno. */
ssize_t pack_names(DIR *dir, char ***out);

/* What the tree `fd` (closed here) changes of what is below it (tar_changes.c). */
int pack_changes(struct pack *p, int fd);

#endif
