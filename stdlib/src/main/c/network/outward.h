/* outward.h - what stands between a machine and passt, which begins connections for it from this host. */
#ifndef MICA_OUTWARD_H
#define MICA_OUTWARD_H

#include "network/network.h"

/* heard.c: who has sent the machine a datagram lately. Zeroed: nobody. Where two need one place the later has it. */
#define HEARD_HEAD (14u + 60u + 8u) /* of a frame: Ethernet's, the longest of IP, UDP's */
struct heard_one {
	in_addr_t host;
	in_port_t port, guest; /* of the two ends */
	int64_t until;
};
struct heard {
	struct heard_one ones[1024];
	uint8_t head[sizeof(uint32_t) + HEARD_HEAD];
	size_t have, skip; /* of the frame at hand: bytes of head, and those that are not looked at */
};

/* What goes to the machine next; heard is a struct heard. */
void heard_take(void *heard, const uint8_t *bytes, size_t size);
bool heard_from(struct heard *heard, in_addr_t host, in_port_t port, in_port_t guest);

/* own.c: the IPv4 addresses that this host has at the moment. */
struct own {
	int netlink;
	in_addr_t *addresses;
	size_t count;
	struct heard *heard; /* NULL: nobody */
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
