/* outward.h - carries frames between a machine and passt, which makes connections for the machine from this host. */
#ifndef MICA_OUTWARD_H
#define MICA_OUTWARD_H

#include "network/network.h"

/* heard.c: the hosts that have sent the machine a datagram lately. A zeroed struct has none. If two hosts need the same
 * slot, the later one gets it. */
#define HEARD_HEAD (14u + 60u + 8u) /* the headers of a frame: Ethernet's, the longest of IP, and UDP's */
struct heard_one {
	in_addr_t host;
	in_port_t port, guest; /* of the two ends */
	int64_t until;	       /* milliseconds of CLOCK_MONOTONIC */
};
struct heard {
	struct heard_one ones[1024];
	uint8_t head[sizeof(uint32_t) + HEARD_HEAD];
	size_t have, skip; /* of the current frame: the bytes in head, and those that are skipped */
};

/* Notes from whom the datagrams in these bytes come, which go to the machine. heard is a struct heard. */
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

/* Opens a netlink socket and reads the addresses. The caller must free addresses and close netlink. */
errint_t own_open(struct own *own, struct mica_error *err);
/* Reads the changes of the addresses since then. */
errint_t own_update(struct own *own);
bool own_has(const struct own *own, in_addr_t address);

/* filter.c: whether a frame of the machine may go out. */
bool filter_passes(const uint8_t *frame, size_t size, const struct own *own);

/* frames.c: what a machine sends, as QEMU writes it: each frame comes after its size, which is a big-endian u32. */
struct frames {
	uint8_t *bytes;
	size_t start, checked, end; /* the frames that may go out lie between the first two */
};

errint_t frames_open(struct frames *frames, struct mica_error *err);
/* Carries the frames that can be read and may go out. If it fails, one of the two ends is broken. */
errint_t frames_carry(struct frames *frames, const struct own *own, struct end *machine, struct end *out);
/* Whether frames that were read still wait to go out. */
bool frames_wait(const struct frames *frames);

/* passt.c: starts passt, which gets one end of a socket. *fd is the other end, which the caller must close; passt ends
 * then. */
errint_t passt_start(char **program, int *fd, struct mica_error *err);

#endif
