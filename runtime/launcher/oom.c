/* Memory: tells when the kernel kills in the container's group. v1 says so by an eventfd, v2 by a change of memory.events. */
#include "monitor.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

static const char V1_FILE[] = "/memory.oom_control";

static bool is_v1(const char *file)
{
	size_t length = strlen(file), tail = sizeof V1_FILE - 1;
	return length > tail && !strcmp(file + length - tail, V1_FILE);
}

bool oom_killed(const struct monitor *m)
{
	char text[1024];
	const char *file = m->settings.oom_file;
	int fd = *file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	const char *line = strstr(text, "oom_kill ");
	return line && strtoul(line + 9, NULL, 10) > 0;
}

/* kernel, "Memory Resource Controller", OOM Control: "<eventfd> <fd of memory.oom_control>" into cgroup.event_control. */
static int watch_v1(const char *file)
{
	char path[PATH_MAX], text[32];
	int group = (int)(strlen(file) - (sizeof V1_FILE - 1));
	snprintf(path, sizeof path, "%.*s/cgroup.event_control", group, file);
	int events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int control = open(file, O_RDONLY | O_CLOEXEC);
	int length = snprintf(text, sizeof text, "%d %d", events, control);
	bool watched = events >= 0 && control >= 0 && write_file(AT_FDCWD, path, text, (size_t)length) == 0;
	if (control >= 0)
		close(control);
	if (!watched && events >= 0)
		close(events);
	return watched ? events : -1;
}

void oom_watch(struct monitor *m)
{
	const char *file = m->settings.oom_file;
	m->oom = -1;
	if (!*file)
		return;
	if (is_v1(file)) {
		m->oom = watch_v1(file);
		return;
	}
	m->oom = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->oom >= 0 && inotify_add_watch(m->oom, file, IN_MODIFY) < 0) {
		close(m->oom);
		m->oom = -1;
	}
}

void oom_event(struct monitor *m)
{
	char ignored[4096];
	while (read(m->oom, ignored, sizeof ignored) > 0)
		;
	/* v1 tells before it has counted; the other events of v2's file are only of interest when one is a kill. */
	if (is_v1(m->settings.oom_file) || oom_killed(m))
		tell_oom(m);
}
