/* forward.h - the ports of a machine that this host lets others reach. */
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

/* A connection of somebody, and ours to QEMU that goes with it. */
struct pair {
	struct end end[2];
	const struct sockaddr_in *inner;
	bool connecting; /* the second is not there yet */
};

struct forward {
	struct machine machine;
	struct port ports[MAX_PORTS];
	unsigned port_count;
	struct pair *pairs[MAX_PAIRS];
	unsigned pair_count, pair_most, connecting;
	int64_t again; /* when those that are not connected try anew, in ms */
	int epoll;
};

/* port.c: opens "ADDRESS:PORT=INNER", as the next of the ports. */
errint_t port_open(struct forward *forward, const char *text, struct mica_error *err);

/* pair.c: takes a connection and begins the other. -EAGAIN: there is none. */
errint_t pair_begin(struct pair *pair, const struct port *port);
/* Begins the other anew. */
errint_t pair_begin_again(struct pair *pair);
/* Carries what is there. False: it is over, and to be closed. */
bool pair_carry(struct pair *pair);
/* Both ends; where they are not done, both peers hear that it was cut off. */
void pair_close(struct pair *pair);

/* forward.c: until the machine has ended. */
errint_t forward_open(struct forward *forward, struct mica_error *err);
void forward_run(struct forward *forward);

#endif
