/* monitor.h - a monitor: everything that it has open, and its loop. */
#ifndef MICA_MONITOR_H
#define MICA_MONITOR_H

#include "monitor/guest.h"
#include "monitor/hook.h"
#include "monitor/named-file.h"

struct monitor {
	int port, listening, signals, epoll; /* -1: not open */
	struct named_file attach, pid, log_file, exit_file;
	int pid_file;
	uint32_t port_watched, listening_watched; /* events */
	bool port_broken;			  /* nothing can be written to it */
	bool is_over;
	int64_t impatient;	/* when clients that do not read are given up; INT64_MAX: not yet */
	int64_t accepted_again; /* when accepting is tried again after a failure; 0: there was none */
	struct guest guest;
	struct clients clients;
	struct log log;
	struct ended_file ended;
	struct hook hook;
};

/* sandbox.c: from now on this process can only use what it has open, and files in the folders that it has open. */
errint_t monitor_confine(const struct monitor *monitor, struct mica_error *err);

/* loop.c: blocks all signals except those for faults. SIGTERM then waits for the loop. */
void monitor_block_signals(void);
errint_t monitor_open_loop(struct monitor *monitor, struct mica_error *err);
/* Runs until the session has ended, no client is left and the hook's program has ended; or until SIGTERM. Then writes
 * the rest of the log, cuts off the clients, and removes the socket and the pid file. */
void monitor_loop(struct monitor *monitor);

#endif
