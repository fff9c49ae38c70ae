/*
 * container.h - what the files about containers share: the paths, the facts about a container, and its cgroup. Only a
 * guest whose initramfs has a container runtime has containers.
 */
#ifndef MICA_AGENT_CONTAINER_H
#define MICA_AGENT_CONTAINER_H

#include "agent.h"

#define RUNTIME "/usr/bin/crun"
#define BUNDLES "/bundles"
#define NETWORKS NOTES "/netns"
#define CGROUPS "/sys/fs/cgroup"
#define CONTAINERS_CGROUP CGROUPS "/containers" /* has a cgroup for each container, with its name */

/*
 * facts.c: what is known of a container. Its supervisor holds a lock from before the start of the container's first
 * process until after that process has ended, and writes a note on how it ended before it releases the lock. So a
 * process that gets the lock can trust the note, even if the supervisor was killed.
 */
struct container_facts {
	bool known;		 /* there is or was a container of that name, and it was not deleted */
	bool running;		 /* the supervisor holds the lock */
	pid_t pid;		 /* of its first process; 0: not known */
	uint32_t status, signal; /* how that process ended; signal 0: no signal ended it */
	bool oom;		 /* the kernel ended a process of it because its memory was used up */
};
errint_t container_facts(const char *name, struct container_facts *facts, struct mica_error *err);
/* Waits until the container has ended, and returns its facts then. Only a child may call it, because it sets no limit
 * to the time. */
errint_t container_await_end(const char *name, struct container_facts *facts, struct mica_error *err);
/* Takes the lock. Returns a descriptor that holds it until the caller closes it, or -errno. -EBUSY: another process
 * holds the lock. */
int container_lock(const char *name);
/* Writes the note: the pid, and how the first process ended unless facts->running. */
errint_t container_note(const char *name, const struct container_facts *facts, struct mica_error *err);
/* Removes the note and the file of the lock. */
void container_forget(const char *name);
/* Returns the next name of a container that is known, or NULL at the end. *dir must be NULL at first, and is closed at
 * the end. The name is valid until the next call. */
const char *container_next(DIR **dir);

/* cgroup.c: opens the directory of a container's cgroup. Returns a descriptor that the caller must close, or -errno.
 * -ENOENT: the container has no cgroup. */
int cgroup_open(const char *name);
/* Freezes the cgroup, or lets it run again, and waits until the kernel reports that this is done. -ETIMEDOUT: it is not
 * done at until_ms (as now_ms counts). */
errint_t cgroup_freeze(int cgroup, bool frozen, int64_t until_ms, struct mica_error *err);
bool cgroup_is_frozen(int cgroup);
/* Kills all processes in the cgroup, frozen or not. If until_ms is not 0, waits until none is left, but not longer than
 * that. */
errint_t cgroup_kill(int cgroup, int64_t until_ms, struct mica_error *err);
/* Sends the signal to all processes in the cgroup and in the cgroups below it. */
errint_t cgroup_signal(int cgroup, int signal, struct mica_error *err);
/* Reads the number after key in one of the cgroup's files; key "" is for a file that is only a number. -ENODATA: the
 * key is not there. */
errint_t cgroup_number(int cgroup, const char *file, const char *key, uint64_t *number);
/* How often the kernel has killed a process of the cgroup because its memory was used up. */
uint64_t cgroup_oom_kills(int cgroup);

/* container-held.c: -EBUSY: a running container has mounted the file system of mount. The kernel itself would not
 * refuse to unmount it, because the mounts of a container are in its own mount namespace. path is for the error. */
errint_t held_check(const struct mica_mount *mount, const char *path, struct mica_error *err);

/* container-clear.c: kills all processes of a container, and removes what the runtime and the kernel keep of it. 0 also
 * if there is nothing to remove. The caller must make sure that no other process works on the container. */
errint_t container_clear(const char *name, struct mica_error *err);

/* container-work.c: for a verb with name=, id=, port= and token=. If the container runs, starts a process of the agent,
 * whose streams go over the port. It calls work, which returns its exit status. -ESRCH: the container does not run. */
errint_t container_work(const struct request *request, int (*work)(const struct request *request),
			struct answer *answer, struct mica_error *err);

/* Called at the end of the guest: kills all containers, and waits until until_ms at most. */
void cgroups_end(int64_t until_ms);
/* Called at the start of the guest: mounts the tree of cgroups, and enables all controllers for the cgroups in it. */
errint_t cgroups_open(struct mica_error *err);

#endif
