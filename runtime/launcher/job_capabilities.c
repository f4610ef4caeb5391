/* The capabilities job: what executables may do that whoever runs them may not (capabilities(7), "File capabilities"). */
#include "jobs.h"

#include <stdio.h>
#include <sys/xattr.h>

/* struct vfs_ns_cap_data, the largest form. */
#define CAPABILITY_BYTES 24

static int tell(int fd, uint32_t place, const unsigned char *value, size_t length)
{
	char hex[2 * CAPABILITY_BYTES + 1] = "";
	struct writer w = { 0 };
	for (size_t i = 0; i < length; i++)
		snprintf(hex + 2 * i, 3, "%02x", value[i]);
	put_u32(&w, place);
	put_str(&w, hex);
	return reply(fd, REPLY_DATA, &w);
}

/* Request: list, paths of files. Data, for each that has some: u32, its place in the list; string, in hexadecimal digits. */
int job_capabilities(int fd, struct request *r)
{
	uint32_t count;
	char **paths = read_list(&r->body, &count);
	if (!paths || r->body.bad) {
		struct failure f = { .error = errno ? errno : EBADMSG };
		reply_failure(fd, &f);
		return 1;
	}
	for (uint32_t place = 0; place < count; place++) {
		unsigned char value[CAPABILITY_BYTES];
		ssize_t length = lgetxattr(paths[place], "security.capability", value, sizeof value);
		if (length > 0 && tell(fd, place, value, (size_t)length) < 0)
			return 1;
	}
	return reply(fd, REPLY_OK, NULL) < 0;
}
