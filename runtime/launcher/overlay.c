/*
 * Overlays. Layers are named by their descriptors below /proc/self/fd: so hundreds of them fit into the page that
 * mount(2) takes, and no character of a path needs escaping. (fsconfig(2) takes 256 bytes for all layers before Linux
 * 6.7, which cannot hold three.)
 */
#include "launcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#define DATA_MAX 4096
#define LAYERS_MAX 500	/* the kernel's own limit */

struct options {
	char data[DATA_MAX];
	size_t length;
	int fds[LAYERS_MAX + 2];
	unsigned count;
};

static int add(struct options *o, const char *before, const char *text)
{
	size_t room = sizeof o->data - o->length;
	int n = snprintf(o->data + o->length, room, "%s%s", before, text);
	if ((size_t)n >= room) {
		errno = E2BIG;
		return -1;
	}
	o->length += (size_t)n;
	return 0;
}

static int add_folder(struct options *o, const char *key, const char *path, const char **culprit)
{
	char number[16];
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*culprit = path;
	if (fd < 0)
		return -1;
	o->fds[o->count++] = fd;
	snprintf(number, sizeof number, "%d", fd);
	return add(o, key, number);
}

static int add_all(struct options *o, const struct overlay_layers *l, const char **culprit)
{
	for (char **lower = l->lower; *lower; lower++) {
		errno = E2BIG;
		if (o->count == LAYERS_MAX || add_folder(o, o->count ? ":" : "lowerdir=", *lower, culprit) < 0)
			return -1;
	}
	if (*l->upper && (add_folder(o, ",upperdir=", l->upper, culprit) < 0 || add_folder(o, ",workdir=", l->work, culprit) < 0))
		return -1;
	for (char **option = l->options; *option; option++)
		if (add(o, ",", *option) < 0)
			return -1;
	return 0;
}

int overlay_mount(int target, const struct overlay_layers *l, const char **culprit)
{
	struct options o = { .length = 0 };
	const char *whole = *culprit;
	char place[16];
	snprintf(place, sizeof place, "%d", target);
	int result = add_all(&o, l, culprit);
	if (result == 0) {
		*culprit = whole;
		result = chdir("/proc/self/fd") < 0 ? -1 : mount("overlay", place, "overlay", 0, o.data);
	}
	int error = errno;
	for (unsigned i = 0; i < o.count; i++)
		close(o.fds[i]);
	if (chdir("/") < 0)
		return -1;
	errno = error;
	return result;
}
