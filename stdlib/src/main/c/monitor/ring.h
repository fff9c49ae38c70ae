/*
 * ring.h - the frames for clients, in one buffer for all of them. A position in the stream of all frames is a number of
 * bytes that only grows. The buffer has the last RING bytes before head.
 */
#ifndef MICA_MONITOR_RING_H
#define MICA_MONITOR_RING_H

#include <sys/uio.h>

#include "base.h"
#include "stream/frame.h"

#define RING (1u << 20) /* bytes */

struct ring {
	uint64_t head; /* the position of the next byte */
	uint8_t bytes[RING];
};

/* Appends bytes of a frame. Bytes that are then more than RING bytes before head are lost. */
void ring_put(struct ring *ring, const void *bytes, size_t size);
void ring_put_frame(struct ring *ring, const struct stream_frame *frame);
/* Finds the size bytes from that position on, in one piece or two. Returns the number of pieces. */
int ring_at(const struct ring *ring, uint64_t at, size_t size, struct iovec pieces[2]);
/* The length of the frame that begins at that position. */
size_t ring_frame(const struct ring *ring, uint64_t at);

#endif
