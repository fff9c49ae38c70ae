/* launch.h - starts a process that gets only the files and sockets of this host that it is given. */
#ifndef MICA_LAUNCH_H
#define MICA_LAUNCH_H

#include "base.h"

#include <sys/types.h>

#define FIRST_DESCRIPTOR 3
#define MAX_DESCRIPTORS 8
#define MAX_SEEN 8
#define MAX_LAYERS MICA_MOST_LOWERS

/* A file or folder of this host: its name in the new root, and its path. */
struct seen {
	const char *name, *path;
};

struct request {
	const char *directory, *pid, *log;
	char **program;
	int folder_fd;		/* a detached copy of the mount of the shared folder; -1: none is shared */
	int layers[MAX_LAYERS]; /* the same for folders that are shared together and cannot be written to */
	unsigned layer_count;
	bool read_only, no_set_id, kvm;
	uid_t user; /* the user that the program runs as; 0: root */
	struct seen seen[MAX_SEEN];
	unsigned seen_count;
	int descriptors[MAX_DESCRIPTORS]; /* the descriptors that the program gets, from FIRST_DESCRIPTOR on */
	unsigned descriptor_count;
	const char *listened[MAX_DESCRIPTORS]; /* the paths of the sockets that were made */
	unsigned listened_count;
	bool misused; /* the command line is wrong */
};

/* arguments.c: fills in the request from the command line, from which it borrows texts. Opens files and makes sockets
 * at once; they stay after a failure, too, and the caller must remove the sockets in listened. */
extern const char arguments_usage[];
errint_t arguments_read(int argc, char **argv, struct request *request, struct mica_error *err);

/* root.c: enters a new mount namespace. Its root has the system's programs, read-only, and what the request names. */
errint_t root_enter(const struct request *request, struct mica_error *err);

/* set-id.c: from now on this process and the programs that it runs get EPERM if they set a set-user-id or set-group-id
 * bit. The process must not be able to get new privileges (PR_SET_NO_NEW_PRIVS). */
errint_t set_id_forbid(struct mica_error *err);

#endif
