/*
 * ring.h - the frames that clients have not been sent yet, in one place for all of them: a position in the stream of
 * all frames is a number that only grows, and the last RING bytes before head are here.
 */
#ifndef MICA_MONITOR_RING_H
#define MICA_MONITOR_RING_H

#include <sys/uio.h>

#include "base.h"
#include "stream/frame.h"

#define RING (1u << 20)

struct ring {
	uint64_t head;
	uint8_t bytes[RING];
};

/* Appends bytes of a frame; what is RING bytes back is no longer there. */
void ring_put(struct ring *ring, const void *bytes, size_t size);
void ring_put_frame(struct ring *ring, const struct stream_frame *frame);
/* Where the size bytes from that position on are: the number of pieces, 1 or 2. */
int ring_at(const struct ring *ring, uint64_t at, size_t size, struct iovec pieces[2]);
/* The length of the frame that begins at that position. */
size_t ring_frame(const struct ring *ring, uint64_t at);

#endif
