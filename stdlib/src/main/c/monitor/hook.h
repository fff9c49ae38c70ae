/*
 * hook.h - the program that is run once the container has ended. Its process is started early, before the monitor
 * confines itself, and waits. It has no connection to the guest or to clients.
 */
#ifndef MICA_MONITOR_HOOK_H
#define MICA_MONITOR_HOOK_H

#include "base.h"

struct hook {
	int go, process; /* the pipe that starts the program, and the pidfd of its process; -1: there is none */
};

/* Starts the process, which waits. program is the path and the arguments, ended by NULL. The output of the program is
 * appended to hook.log in the directory log_dir. */
errint_t hook_prepare(struct hook *hook, char **program, int log_dir, struct mica_error *err);
/* Lets the process run the program. May be called once. hook->process becomes readable when the program has ended. */
errint_t hook_run(struct hook *hook);
/* Must be called when the program has ended: reaps the process and closes its pidfd. */
void hook_reap(struct hook *hook);

#endif
