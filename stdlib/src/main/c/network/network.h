/*
 * network.h - what carries the network of one machine on its host. mica-forward carries the connections to ports that
 * are published; mica-outward stands between the machine and passt, which carries those that the machine begins.
 */
#ifndef MICA_NETWORK_H
#define MICA_NETWORK_H

#include "base.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

/* machine.c: QEMU's process, which has a network namespace of its own. */
struct machine {
	pid_t pid;
	const char *file; /* the file with its process id; its environment names the same file */
	int process;	  /* a pidfd, which is readable once the process has ended; -1: not opened */
};

/* Opens the process of that id, and checks that it is the machine's, because ids are used again. machine->process is
 * the caller's to close. */
errint_t machine_find(struct machine *machine, struct mica_error *err);
/* Enters the network namespace of the machine, which must not be ours, and sets its loopback interface up. */
errint_t machine_join(const struct machine *machine, struct mica_error *err);

/* end.c: one end of a connection whose bytes are carried to another end. */
struct end {
	int fd;
	uint32_t watched; /* the events that epoll was told; 0: none */
	uint8_t *held;	  /* bytes for it that it has not taken yet; freed by end_close */
	size_t at, size;  /* those bytes, in held */
	bool ended;	  /* it has ended its output */
	bool finished;	  /* its input was ended */
	void (*tells)(void *whom, const uint8_t *bytes,
		      size_t size); /* called first with the bytes that come from this end; may be NULL */
	void *whom;
};

/* Carries a limited number of the bytes that can be read, because other ends wait, too. Never blocks. If it fails, one
 * of the two ends is broken. */
errint_t end_carry(struct end *from, struct end *to);
/* Whether from has ended its output and all of that was carried to the other end. */
bool end_is_done(const struct end *from, const struct end *to);
/* The events for which epoll must watch end, whose output is carried to other. */
uint32_t end_events(const struct end *end, const struct end *other);
/* Closes it and frees what it holds. An end that is closed may be closed again. */
void end_close(struct end *end);
/* Has epoll watch the end for these events and no others; which is the data of the events. A hang-up cannot be masked,
 * so an end without events is removed from epoll. */
void end_watch(struct end *end, int epoll, uint32_t events, uint32_t which);

/* start.c: how both programs begin. */
struct start {
	const char *pid; /* the file of --pid */
	int waiting;	 /* the pipe to the process that started us; -1: none */
	int null;	 /* /dev/null */
};

/* Closes all but the standard streams, opens /dev/null, and ignores SIGPIPE. Fills in start. */
errint_t start_begin(struct start *start);
/* Takes the value (optarg) of --pid ('p'), --machine ('m') or --machine-file ('f'). -EINVAL: another option, or a wrong
 * value. */
errint_t start_option(struct start *start, struct machine *machine, int option);
/* Writes our process id to the file of --pid, which is made anew. */
errint_t start_write_pid(const struct start *start, struct mica_error *err);
/* Replaces the standard streams by /dev/null, and lets the process that started us end. */
errint_t start_ready(struct start *start, struct mica_error *err);
/* Writes a line on what failed to standard error. Returns the exit status. */
int start_failed(const char *program, const struct mica_error *err);
/* Reads a decimal number. -EINVAL: the text is not a number of at most most. */
errint_t read_number(const char *text, unsigned long most, unsigned long *number);

/* sandbox.c: from now on this process can only use the descriptors that it has. If connects is set, it can also make
 * connections. */
errint_t network_confine(bool connects, struct mica_error *err);

#endif
