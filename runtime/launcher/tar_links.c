/* Files with several names: the first one met is the file, the others link to it. */
#include "tar.h"

#include <stdlib.h>
#include <string.h>

static struct tar_link *slot(struct tar_link *list, size_t room, dev_t device, ino_t inode)
{
	size_t at = (inode * 0x9e3779b97f4a7c15u ^ device) & (room - 1);
	while (list[at].name && (list[at].device != device || list[at].inode != inode))
		at = (at + 1) & (room - 1);
	return &list[at];
}

static int grow(struct tar_links *l)
{
	size_t room = l->room ? l->room * 2 : 256;
	struct tar_link *list = calloc(room, sizeof *list);
	if (!list)
		return -1;
	for (size_t i = 0; i < l->room; i++)
		if (l->list[i].name)
			*slot(list, room, l->list[i].device, l->list[i].inode) = l->list[i];
	free(l->list);
	l->list = list;
	l->room = room;
	return 0;
}

const char *tar_links_find(struct tar_links *l, const struct stat *s, const char *name)
{
	errno = 0;
	if (S_ISDIR(s->st_mode) || s->st_nlink < 2)
		return NULL;
	if (l->count * 2 >= l->room && grow(l) < 0)
		return NULL;
	struct tar_link *one = slot(l->list, l->room, s->st_dev, s->st_ino);
	if (one->name)
		return one->name;
	*one = (struct tar_link){ s->st_dev, s->st_ino, strdup(name) };
	l->count += one->name != NULL;
	errno = one->name ? 0 : ENOMEM;
	return NULL;
}
