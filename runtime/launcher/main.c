/*
 * launcher serve SOCKET          (listen.c, rootless.c and way_out.c have the other ways to call it)
 *
 * Listens on a unix socket; each connection is a job in a child of its own, so that nothing waits for anything else.
 * Ends when its standard input does: the engine is gone then. Monitors go on.
 */
#include "init.h"
#include "jobs.h"
#include "rootless.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* What becomes the init of a container: a build that is not static (the sanitizers') cannot be executed in there. */
#ifndef INIT_EXECUTABLE
#define INIT_EXECUTABLE "/proc/self/exe"
#endif

/* Where a job's standard error goes: a build with sanitizers has reports to make. */
#ifndef JOB_ERRORS
#define JOB_ERRORS "/dev/null"
#endif

int self_executable = -1;

static job_function job_lookup(uint16_t code)
{
	switch (code) {
#define JOB(number, function) case number: return function;
	JOBS(JOB)
#undef JOB
	}
	return NULL;
}

static int run_job(int fd)
{
	struct request r;
	struct failure f = { .error = EBADMSG, .subject = "request" };
	signal(SIGCHLD, SIG_DFL);
	/* Said at once: who hears nothing of a job knows that nothing was done. */
	if (frame_read(fd, &r) < 0 || reply(fd, REPLY_TAKEN, NULL) < 0)
		return 1;
	job_function job = job_lookup(r.kind);
	if (!job) {
		f.error = ENOSYS;
		return reply_failure(fd, &f);
	}
	return job(fd, &r);
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(path);
	umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 512) < 0)
		return -1;
	umask(022);
	return fd;
}

/* Standard streams of jobs lead nowhere: a monitor must not hold the engine's log open. */
static void leave_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), errors = open(JOB_ERRORS, O_WRONLY | O_APPEND | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(fd == 2 && errors >= 0 ? errors : null, fd);
	close(null);
	close(errors);
}

static void accept_job(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		close(listener);
		leave_streams();
		spare_network_make(fd);
		_exit(run_job(fd));
	}
	if (pid < 0) {
		struct failure f = { .error = errno, .subject = "fork" };
		reply_failure(fd, &f);
	}
	close(fd);
}

static int serve(const char *path)
{
	for (int signal_number = 1; signal_number < 32; signal_number++)
		signal(signal_number, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);	/* the kernel reaps */
	signal(SIGPIPE, SIG_IGN);
	setsid();
	close_range(3, ~0u, 0);		/* the engine's sockets are not for containers */
	prctl(PR_SET_NAME, "devenv-launcher");
	self_executable = open(INIT_EXECUTABLE, O_RDONLY | O_CLOEXEC);
	int listener = listen_on(path);
	if (listener < 0 || self_executable < 0 || chdir("/") < 0) {
		dprintf(2, "launcher: %s: %s\n", path, strerror(errno));
		return 1;
	}
	if (write(1, "ready\n", 6) < 0)
		return 1;
	for (;;) {
		struct pollfd p[2] = { { .fd = listener, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
		char byte;
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents && read(0, &byte, 1) <= 0)
			break;
		if (p[0].revents)
			accept_job(listener);
	}
	unlink(path);
	return 0;
}

/* Runs on as a sealed copy in memory, so that a container that gets hold of /proc/PID/exe of one of our processes
   cannot change the program on disk (CVE-2019-5736). Where the kernel does not let us, as we are. */
static void become_sealed(char **args, char **env)
{
	struct stat st;
	off_t at = 0;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int copy = memfd_create("devenv-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (self < 0 || copy < 0 || fstat(self, &st) < 0)
		return;
	while (at < st.st_size)
		if (sendfile(copy, self, &at, (size_t)(st.st_size - at)) <= 0)
			return;
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		fexecve(copy, args, env);
}

static bool is_sealed(void)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int seals = self < 0 ? -1 : fcntl(self, F_GET_SEALS);
	if (self >= 0)
		close(self);
	return seals > 0 && (seals & F_SEAL_WRITE);
}

int main(int count, char **args, char **env)
{
	if (count > 2 && !strcmp(args[0], INIT_NAME))
		return init_main(args + 2, env);
	if (count > 1 && !strcmp(args[1], "enter"))
		return enter_main(count, args, env);
	if (count > 1 && !strcmp(args[1], "within"))
		return within_main(count, args, env);
	if (count > 1 && !strcmp(args[1], "lead"))
		return lead_main(count, args, env);
	if (count == 3 && !strcmp(args[1], "listen"))
		return listen_main(args[2]);
	if (count != 3 || strcmp(args[1], "serve")) {
		dprintf(2, "usage: launcher serve SOCKET\n");
		return 2;
	}
	if (!is_sealed())
		become_sealed(args, env);
	return serve(args[2]);
}
