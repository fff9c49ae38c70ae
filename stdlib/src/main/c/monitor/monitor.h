/* monitor.h - one monitor: all that is open, and the loop over it. */
#ifndef MICA_MONITOR_H
#define MICA_MONITOR_H

#include "monitor/guest.h"
#include "monitor/hook.h"
#include "monitor/named-file.h"

struct monitor {
	int port, listening, signals, epoll; /* -1: not, or no longer */
	struct named_file attach, pid, log_file, exit_file;
	int pid_file;
	uint32_t port_watched, listening_watched; /* events */
	bool port_broken;			  /* nothing can be written to it */
	bool is_over;
	int64_t impatient;	/* when clients that do not read are given up; INT64_MAX: not yet */
	int64_t accepted_again; /* when it is tried again after a failure; 0: none */
	struct guest guest;
	struct clients clients;
	struct log log;
	struct ended_file ended;
	struct hook hook;
};

/* sandbox.c: nothing but what is open from here on. */
errint_t monitor_confine(const struct monitor *monitor, struct mica_error *err);

/* loop.c: until the session has ended, or SIGTERM, which from the first call on waits for the loop. */
void monitor_block_signals(void);
errint_t monitor_open_loop(struct monitor *monitor, struct mica_error *err);
void monitor_loop(struct monitor *monitor);

#endif
