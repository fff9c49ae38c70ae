/* forward.h - carries connections to ports of this host to ports of a machine. */
#ifndef MICA_FORWARD_H
#define MICA_FORWARD_H

#include "network/network.h"

#define MAX_PORTS 64
#define MAX_PAIRS 1024

/* A port of this host, and the one of the machine's loopback where QEMU takes connections for the guest. */
struct port {
	struct end listening;
	struct sockaddr_in inner;
};

/* A client's connection, and the connection to QEMU that goes with it. */
struct pair {
	struct end end[2];
	const struct sockaddr_in *inner;
	bool connecting; /* the second is not connected yet */
};

struct forward {
	struct machine machine;
	struct port ports[MAX_PORTS];
	unsigned port_count;
	struct pair *pairs[MAX_PAIRS];
	unsigned pair_count, pair_most, connecting;
	int64_t again; /* when pairs that are not connected try again, in milliseconds of CLOCK_MONOTONIC */
	int epoll;
};

/* port.c: listens at "ADDRESS:PORT=INNER", and adds it to the ports. -EINVAL: the text has another form. */
errint_t port_open(struct forward *forward, const char *text, struct mica_error *err);

/* pair.c: accepts a connection and begins the one to QEMU. -EAGAIN: no connection waits. */
errint_t pair_begin(struct pair *pair, const struct port *port);
/* Begins the connection to QEMU again. */
errint_t pair_begin_again(struct pair *pair);
/* Carries what can be read, in both directions. False: the pair has ended, and must be closed. */
bool pair_carry(struct pair *pair);
/* Closes both ends. If they had not ended, both peers are told that the connection was cut off. */
void pair_close(struct pair *pair);

/* forward.c: forward_open opens the loop, and forward_run runs it until the machine has ended. */
errint_t forward_open(struct forward *forward, struct mica_error *err);
void forward_run(struct forward *forward);

#endif
