/*
 * hook.h - the program that is run once the container has ended. The process for it is made at the start, before the
 * monitor gives up all it could do, and waits; it knows nothing of guest and clients, whose bytes it never sees.
 */
#ifndef MICA_MONITOR_HOOK_H
#define MICA_MONITOR_HOOK_H

#include "base.h"

struct hook {
	int go, process; /* the pipe that lets it run, and its pidfd; -1: there is none */
};

/* program: the path and the arguments, ended by NULL. Its output is appended to hook.log in the directory log_dir. */
errint_t hook_prepare(struct hook *hook, char **program, int log_dir, struct mica_error *err);
/* Once. Its end is an event of hook->process. */
errint_t hook_run(struct hook *hook);
/* After its end. */
void hook_reap(struct hook *hook);

#endif
