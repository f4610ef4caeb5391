#ifndef INIT_H
#define INIT_H

/* The name under which the launcher is started inside a container. */
#define INIT_NAME "/sbin/docker-init"

/* args: the program, without our own name and "--". Returns the program's exit code. */
int init_main(char **args, char **env);

#endif
