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
	const char *file; /* that its process id is in, which is what its environment says, too */
	int process;	  /* a descriptor of it, which is readable once it has ended */
};

/* Opens the process of that id, and sees that it is the machine's: ids are used again. */
errint_t machine_find(struct machine *machine, struct mica_error *err);
/* Enters its network namespace, which must be another than ours, and sees that its loopback interface is up. */
errint_t machine_join(const struct machine *machine, struct mica_error *err);

/* end.c: one end of what is carried. */
struct end {
	int fd;
	uint32_t watched;
	uint8_t *held; /* what came for it, and it has not taken yet */
	size_t at, size;
	bool ended;						      /* nothing more comes from it */
	bool finished;						      /* it was told that nothing more comes for it */
	void (*tells)(void *whom, const uint8_t *bytes, size_t size); /* NULL, or who hears what comes from it first */
	void *whom;
};

/* Carries what is there, and not too much at a time: other ends wait, too. A failure: one of both is broken. */
errint_t end_carry(struct end *from, struct end *to);
/* Whether nothing more is to be carried from one to the other. */
bool end_is_done(const struct end *from, const struct end *to);
/* What it is to be watched for, when what it says goes to the other. */
uint32_t end_events(const struct end *end, const struct end *other);
void end_close(struct end *end);
/* Watches it for these events and no others; which: what the loop is told. A hang-up cannot be masked, so what waits
 * for no event is taken out. */
void end_watch(struct end *end, int epoll, uint32_t events, uint32_t which);

/* start.c: how both programs begin. */
errint_t write_pid(const char *path, struct mica_error *err);
/* A number of at most that, or misuse: -EINVAL. */
errint_t read_number(const char *text, unsigned long most, unsigned long *number);
/* Has null in the place of the standard streams, and whoever started us end. */
errint_t say_ready(int *waiting, int null, struct mica_error *err);
/* Says what failed, as the last line; the exit status. */
int say_failure(const char *program, const struct mica_error *err);

/* sandbox.c: what a program may still ask of this host once it has all it needs; connects: connections, too. */
errint_t network_confine(bool connects, struct mica_error *err);

#endif
