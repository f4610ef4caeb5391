/* Being root of namespaces of one's own; without root on the machine. */
#ifndef ROOTLESS_H
#define ROOTLESS_H

#include <sys/types.h>

/* What `enter` is told. */
struct entry {
	pid_t holder;
	const char *file, *uids, *gids, *uid_mapper, *gid_mapper;
};

int enter_main(int count, char **args, char **env);
int within_main(int count, char **args, char **env);
int lead_main(int count, char **args, char **env);

#endif
