/*
 * container.h - what the files about containers share: where things are, and what a container is to the kernel. Only a
 * guest whose initramfs brings a runtime has containers.
 */
#ifndef MICA_AGENT_CONTAINER_H
#define MICA_AGENT_CONTAINER_H

#include "agent.h"

#define RUNTIME "/usr/bin/crun"
#define BUNDLES "/bundles"
#define NETWORKS NOTES "/netns"
#define CGROUPS "/sys/fs/cgroup"
#define CONTAINERS_CGROUP CGROUPS "/containers" /* each is a cgroup in it, called like the container */

/*
 * facts.c: what is known of a container. Its supervisor holds a lock from before the start to the end of its first
 * process, and notes how that ended before it lets go: who gets the lock finds the truth in the note, also when
 * the supervisor was killed.
 */
struct container_facts {
	bool known;   /* there is or was one of that name, and it was not deleted */
	bool running; /* as far as the lock says */
	pid_t pid;    /* of its first process */
	uint32_t status, signal;
	bool oom;
};
errint_t container_facts(const char *name, struct container_facts *facts, struct mica_error *err);
/* The same, once it has ended; waits until then, or for as long as the child may. */
errint_t container_await_end(const char *name, struct container_facts *facts, struct mica_error *err);
/* A descriptor that holds the lock; -EBUSY where another does. */
int container_lock(const char *name);
errint_t container_note(const char *name, const struct container_facts *facts, struct mica_error *err);
void container_forget(const char *name);
/* The names of those that are known, one after the other: dir begins as NULL and is closed at the end. */
const char *container_next(DIR **dir);

/* cgroup.c: a container's cgroup, by a descriptor of its directory. -ENOENT. */
int cgroup_open(const char *name);
/* Freezes it, or lets it run again; returns when the kernel says that it is so. */
errint_t cgroup_freeze(int cgroup, bool frozen, int64_t until_ms, struct mica_error *err);
bool cgroup_is_frozen(int cgroup);
/* Ends all that is in it, frozen or not. until_ms: waits until nothing is left; 0: does not wait. */
errint_t cgroup_kill(int cgroup, int64_t until_ms, struct mica_error *err);
errint_t cgroup_signal(int cgroup, int signal, struct mica_error *err);
/* The number after key in one of its files ("": the file is a number). -ENODATA. */
errint_t cgroup_number(int cgroup, const char *file, const char *key, uint64_t *number);
/* How often the kernel ended one of its processes because its memory was used up. */
uint64_t cgroup_oom_kills(int cgroup);

/* container-held.c: -EBUSY where a container that runs has the file system mounted that is mounted at path. The kernel
 * does not say so, for a container's mounts are its own. */
errint_t held_check(const struct mica_mount *mount, const char *path, struct mica_error *err);

/* container-clear.c: ends and removes what the runtime and the kernel have of it; none: 0. Who calls it sees to it that
 * nobody else does. */
errint_t container_clear(const char *name, struct mica_error *err);

/* container-work.c: for a verb with name= id= port= token=: starts a process of our own, with its streams over the
 * port, if the container runs. Its status is what work returns. */
errint_t container_work(const struct request *request, int (*work)(const struct request *request),
			struct answer *answer, struct mica_error *err);

/* At the end of the guest: ends all containers, for at most that long. */
void cgroups_end(int64_t until_ms);
/* At its beginning: mounts the tree of cgroups, with all controllers for what is in it. */
errint_t cgroups_open(struct mica_error *err);

#endif
