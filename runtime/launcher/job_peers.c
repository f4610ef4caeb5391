/*
 * Job "peers": says who is at the other end of unix sockets of the process that asked for it, which has no call for that
 * itself. Answers until the connection ends.
 */
#include "jobs.h"

#include <sys/socket.h>
#include <sys/syscall.h>

/* The user id, as our user namespace sees it. */
static int peer_of(int pidfd, int number, uint32_t *uid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd < 0)
		return -1;
	int result = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	int error = errno;
	close(fd);
	errno = error;
	*uid = peer.uid;
	return result;
}

static int answer_peer(int fd, int pidfd, struct request *r)
{
	struct writer w = { 0 };
	struct failure f = { .subject = "peer" };
	uint32_t uid = 0;
	int number = (int)read_u32(&r->body);
	if (peer_of(pidfd, number, &uid) < 0) {
		f.error = errno;
		return reply_failure(fd, &f);
	}
	put_u32(&w, uid);
	return reply(fd, REPLY_OK, &w);
}

/* Request: u32, the pid of the process; then frames of any kind: u32, one of its descriptors. */
int job_peers(int fd, struct request *r)
{
	struct request next;
	struct failure f = { .subject = "process" };
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)read_u32(&r->body), 0);
	if (pidfd < 0) {
		f.error = errno;
		return reply_failure(fd, &f) < 0;
	}
	while (frame_read(fd, &next) == 0) {
		int result = answer_peer(fd, pidfd, &next);
		request_free(&next);
		if (result < 0)
			break;
	}
	close(pidfd);
	return 0;
}
