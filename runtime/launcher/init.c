/* The pid 1 of a container that asked for one (`--init`): starts the program, hands signals on, reaps what is orphaned. */
#include "init.h"
#include "launcher.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

void exec_program(char **args, char **env);

static void run(char **args, char **env, const sigset_t *before)
{
	/* A session's foreground group, so that a terminal's Ctrl-C reaches the program and not us twice. */
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(0, getpgrp());
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	exec_program(args, env);
	int code = errno == ENOENT ? 127 : 126;
	dprintf(2, "[FATAL] exec %s failed: %s\n", args[0], strerror(errno));
	_exit(code);
}

/* Reaps all that ended; the exit code once the program itself did, -1 before. */
static int reap(pid_t program)
{
	int status, code = -1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == program)
			code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return code;
}

int init_main(char **args, char **env)
{
	sigset_t all, before;
	siginfo_t info;
	if (!args[0])
		return 127;
	prctl(PR_SET_NAME, "docker-init");
	sigfillset(&all);
	int own_faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };
	for (unsigned i = 0; i < sizeof own_faults / sizeof *own_faults; i++)
		sigdelset(&all, own_faults[i]);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t program = fork();
	if (program == 0)
		run(args, env, &before);
	if (program < 0)
		return 126;
	for (int code = -1; code < 0;) {
		int signal = sigwaitinfo(&all, &info);
		if (signal == SIGCHLD)
			code = reap(program);
		else if (signal > 0)
			kill(program, signal);
		if (code >= 0)
			return code;
	}
	return 1;
}
