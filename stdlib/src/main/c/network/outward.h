/* outward.h - what stands between a machine and passt, which begins connections for it from this host. */
#ifndef MICA_OUTWARD_H
#define MICA_OUTWARD_H

#include "network/network.h"

/* heard.c: the hosts that have sent the machine a datagram lately. Zeroed: none. If two need the same slot, the later
 * one has it. */
#define HEARD_HEAD (14u + 60u + 8u) /* of a frame: Ethernet's, the longest of IP, UDP's */
struct heard_one {
	in_addr_t host;
	in_port_t port, guest; /* of the two ends */
	int64_t until;	       /* CLOCK_MONOTONIC, milliseconds */
};
struct heard {
	struct heard_one ones[1024];
	uint8_t head[sizeof(uint32_t) + HEARD_HEAD];
	size_t have, skip; /* of the current frame: the bytes in head, and those that are skipped */
};

/* Takes note of bytes that go to the machine; heard is a struct heard. */
void heard_take(void *heard, const uint8_t *bytes, size_t size);
/* Whether that host and port have sent the guest's port a datagram lately. */
bool heard_from(struct heard *heard, in_addr_t host, in_port_t port, in_port_t guest);

/* own.c: the IPv4 addresses that this host has at the moment. */
struct own {
	int netlink;
	in_addr_t *addresses;
	size_t count;
	struct heard *heard; /* NULL: nothing was heard */
};

/* Opens a netlink socket and reads the addresses; own's fields are the caller's to free and close. */
errint_t own_open(struct own *own, struct mica_error *err);
/* Reads what has changed since. */
errint_t own_update(struct own *own);
bool own_has(const struct own *own, in_addr_t address);

/* filter.c: whether a frame of the machine may go out. */
bool filter_passes(const uint8_t *frame, size_t size, const struct own *own);

/* frames.c: what a machine sends, in the form in which QEMU writes it: each frame behind its size, a big-endian u32. */
struct frames {
	uint8_t *bytes;
	size_t start, checked, end; /* the frames that may go out lie between the first two */
};

errint_t frames_open(struct frames *frames, struct mica_error *err);
/* Carries the frames that can be read and may go out. A failure: one of the two ends is broken. */
errint_t frames_carry(struct frames *frames, const struct own *own, struct end *machine, struct end *out);
/* Whether frames that were read still wait to go out. */
bool frames_wait(const struct frames *frames);

/* passt.c: starts passt with a socket, whose other end is *fd, which is the caller's to close. passt ends then. */
errint_t passt_start(char **program, int *fd, struct mica_error *err);

#endif
