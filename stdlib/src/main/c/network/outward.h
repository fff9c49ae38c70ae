/* outward.h - what stands between a machine and passt, which begins connections for it from this host. */
#ifndef MICA_OUTWARD_H
#define MICA_OUTWARD_H

#include "network/network.h"

/* own.c: the IPv4 addresses that this host has at the moment. */
struct own {
	int netlink;
	in_addr_t *addresses;
	size_t count;
};

errint_t own_open(struct own *own, struct mica_error *err);
/* Takes in what has changed. */
errint_t own_update(struct own *own);
bool own_has(const struct own *own, in_addr_t address);

/* filter.c: whether a frame of the machine may go out. */
bool filter_passes(const uint8_t *frame, size_t size, const struct own *own);

/* frames.c: what a machine sends, as QEMU writes it: each frame behind its size. */
struct frames {
	uint8_t *bytes;
	size_t start, checked, end; /* what may go out lies between the first two */
};

errint_t frames_open(struct frames *frames, struct mica_error *err);
/* Carries what is there and may go out. A failure: one of both is broken. */
errint_t frames_carry(struct frames *frames, const struct own *own, struct end *machine, struct end *out);
/* Whether some that were read have still to go out. */
bool frames_wait(const struct frames *frames);

/* passt.c: starts it, at the other end of what *fd is then. It ends when that is closed. */
errint_t passt_start(char **program, int *fd, struct mica_error *err);

#endif
