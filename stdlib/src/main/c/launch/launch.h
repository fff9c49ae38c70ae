/* launch.h - what a process that Mica starts is given, and nothing else of this host. */
#ifndef MICA_LAUNCH_H
#define MICA_LAUNCH_H

#include "base.h"

#include <sys/types.h>

#define FIRST_DESCRIPTOR 3
#define MAX_DESCRIPTORS 8
#define MAX_SEEN 8
#define MAX_LAYERS MICA_MOST_LOWERS

/* A file or folder of this host, by the name it has in the new root. */
struct seen {
	const char *name, *path;
};

struct request {
	const char *directory, *pid, *log;
	char **program;
	int folder_fd;		/* a detached copy of the mount of what is shared; -1: nothing is */
	int layers[MAX_LAYERS]; /* likewise, of folders that are shared together, nobody can write to */
	unsigned layer_count;
	bool read_only, no_set_id, kvm;
	uid_t user; /* 0: it stays root */
	struct seen seen[MAX_SEEN];
	unsigned seen_count;
	int descriptors[MAX_DESCRIPTORS]; /* what the program finds from FIRST_DESCRIPTOR on */
	unsigned descriptor_count;
	const char *listened[MAX_DESCRIPTORS]; /* the sockets that were made */
	unsigned listened_count;
	bool misused; /* the command line makes no sense */
};

/* arguments.c: fills in the request. What was made of it stays on failure, too: the caller removes it. */
extern const char arguments_usage[];
errint_t arguments_read(int argc, char **argv, struct request *request, struct mica_error *err);

/* root.c: a mount namespace whose root has the system's programs, read-only, and what the request names. */
errint_t root_enter(const struct request *request, struct mica_error *err);

/* set-id.c: from now on nothing gets a set-user-id or set-group-id bit from this process and what it runs: EPERM. For a
 * process without new privileges. */
errint_t set_id_forbid(struct mica_error *err);

#endif
