/* Job "spawn": a program of the machine with input, its output in frames. Node would block while it forks. */
#include "jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

void exec_program(char **args, char **env);

struct spawn {
	pid_t pid;
	int in, out, err;
	const unsigned char *input;
	uint32_t left;
};

static int spawn_start(struct spawn *s, char **args, char **env)
{
	int in[2], out[2], err[2];
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return -1;
	s->pid = fork();
	if (s->pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
			_exit(126);
		exec_program(args, env);
		const char *reason = strerror(errno);
		int code = errno == ENOENT ? 127 : 126;
		if (write(2, reason, strlen(reason)) < 0)
			_exit(126);
		_exit(code);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	s->in = in[1];
	s->out = out[0];
	s->err = err[0];
	fcntl(s->in, F_SETFL, O_NONBLOCK);
	return s->pid < 0 ? -1 : 0;
}

static void feed(struct spawn *s)
{
	ssize_t n = s->left ? write(s->in, s->input, s->left) : 0;
	if (n > 0) {
		s->input += n;
		s->left -= (uint32_t)n;
	}
	if (s->left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(s->in);
		s->in = -1;
	}
}

/* False at its end. */
static bool forward(int from, int to, enum reply kind)
{
	static char buffer[65536];
	ssize_t n = read(from, buffer, sizeof buffer);
	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && reply_bytes(to, kind, buffer, (uint32_t)n) == 0;
}

static void follow(struct spawn *s, int fd)
{
	while (s->out >= 0 || s->err >= 0) {
		struct pollfd p[4] = {
			{ .fd = s->out, .events = POLLIN }, { .fd = s->err, .events = POLLIN },
			{ .fd = s->in, .events = POLLOUT }, { .fd = fd, .events = POLLRDHUP },
		};
		if (poll(p, 4, -1) < 0)
			continue;
		if (p[0].revents && !forward(s->out, fd, REPLY_DATA)) {
			close(s->out);
			s->out = -1;
		}
		if (p[1].revents && !forward(s->err, fd, REPLY_DATA_ERR)) {
			close(s->err);
			s->err = -1;
		}
		if (p[2].revents)
			feed(s);
		if (p[3].revents) {	/* nobody waits any more */
			kill(s->pid, SIGKILL);
			return;
		}
	}
}

int job_spawn(int fd, struct request *r)
{
	struct failure f = { .error = EBADMSG };
	struct spawn s = { 0 };
	struct writer w = { 0 };
	uint32_t count;
	int status = 0;
	char **args = read_list(&r->body, &count);
	bool empty = count == 0;
	char **env = read_list(&r->body, &count);
	s.input = read_bytes(&r->body, &s.left);
	if (!args || !env || empty || r->body.bad)
		return reply_failure(fd, &f);
	signal(SIGPIPE, SIG_IGN);
	if (spawn_start(&s, args, env) < 0) {
		f.error = errno;
		return reply_failure(fd, &f);
	}
	follow(&s, fd);
	waitpid(s.pid, &status, 0);
	put_u32(&w, WIFSIGNALED(status) ? 128u + (unsigned)WTERMSIG(status) : (unsigned)WEXITSTATUS(status));
	return reply(fd, REPLY_OK, &w);
}
