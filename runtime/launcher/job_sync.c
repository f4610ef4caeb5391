/* The sync job: all that was written to a file system before is on its disk when the answer comes. */
#include "jobs.h"

#include <fcntl.h>
#include <stdio.h>

/* Request: string, a path on the file system. */
int job_sync(int fd, struct request *r)
{
	const char *path = read_str(&r->body);
	int place = r->body.bad ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (place >= 0 && syncfs(place) == 0)
		return reply(fd, REPLY_OK, NULL) < 0;
	struct failure f = { .error = r->body.bad ? EBADMSG : errno };
	snprintf(f.subject, sizeof f.subject, "%s", path);
	reply_failure(fd, &f);
	return 1;
}
