/*
 * hold.h - freezes a container and the disk that it writes to, for the moment in which the host takes an image of the
 * disk.
 *
 * A process, the holder, keeps both frozen. A note under the container's name says what is frozen, so that another
 * process can undo it. A process must hold a lock to change the note, and the process that thaws also notes the end of
 * the hold.
 */
#ifndef MICA_AGENT_HOLD_H
#define MICA_AGENT_HOLD_H

#include "agent.h"

enum hold_state {
	HOLD_NONE,
	HOLD_ON,
	HOLD_OVER, /* it was thawed because the host asked for it */
	HOLD_LOST  /* it was thawed before the host asked */
};

struct hold {
	enum hold_state state;
	char disk[LINE_MAX_NAME + 1];
	bool cgroup;	/* the container's cgroup must be thawed, too */
	uint64_t began; /* nanoseconds since the kernel began; distinguishes one hold from the next */
	uint64_t held;	/* nanoseconds: how long it took to freeze both, or, once the hold is over, how long it was */
	pid_t holder;
};

/* hold-note.c: takes the lock of the note, and waits until it is free. Returns a descriptor that holds the lock until
 * the caller closes it, or -errno. */
int hold_lock(const char *name);
/* Reads the note. If there is none, the state is HOLD_NONE. */
void hold_read(const char *name, struct hold *hold);
errint_t hold_write(const char *name, const struct hold *hold, struct mica_error *err);
/* Whether the hold that began at that time is on; another hold of the container does not count. */
bool hold_is_on(const char *name, uint64_t began);
/* -EBUSY: the container is held. */
errint_t hold_check_name(const char *name, struct mica_error *err);
/* -EBUSY: the disk is held for a container other than except, which may be NULL. */
errint_t hold_check_disk(const char *disk, const char *except, struct mica_error *err);
/* Puts the next name of a container that has such a note into name, and returns name, or NULL at the end. *dir must be
 * NULL at first, and is closed at the end. */
const char *hold_next(DIR **dir, char name[static LINE_MAX_NAME + 1]);
/* The nanoseconds since the kernel started, as in hold.began. */
uint64_t hold_now(void);

/* hold-thaw.c: if the container is held, thaws the disk and the cgroup, and notes the state after; or HOLD_LOST, if the
 * file system was no longer frozen. *was gets the hold as it was. *frozen gets whether the file system was frozen until
 * now; frozen may be NULL, but err must not be. */
errint_t hold_release(const char *name, enum hold_state after, bool *frozen, struct hold *was, struct mica_error *err);
/* Thaws the file system of the disk. *frozen gets whether it was frozen; 0 also if it was not. The disk must be thawed
 * before the cgroup. */
errint_t hold_thaw_disk(const char *disk, bool *frozen, struct mica_error *err);
/* Thaws the cgroup of the container. 0 also if it was not frozen, or does not exist. */
errint_t hold_thaw_cgroup(const char *name, struct mica_error *err);
/* Called at the end of the guest, in a process of its own: releases all holds. */
void hold_release_all(void);

#endif
