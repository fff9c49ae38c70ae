/* pace.h - keeps two threads together that read the same files at the same time. Private to core/ and the agent. */
#ifndef MICA_PACE_H
#define MICA_PACE_H

#include "base.h"

#include <pthread.h>

/*
 * The second of two readers of a tree finds in memory what the first has read, but only if it follows soon. So neither
 * gets further ahead of the other than this many bytes of content, which also fit into the memory of a small guest.
 */
enum { PACE_AHEAD = 16 << 20 };
enum pace_reader { PACE_FIRST, PACE_SECOND };

struct pace {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t read[2];
	bool over; /* one of them has ended, so the other need not wait any more */
};

#define PACE_INITIALIZER                                                                                               \
	{                                                                                                              \
		.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER                                   \
	}

/* Counts bytes that the reader has read, and waits while it is too far ahead. pace is NULL if there is no other
 * reader. */
void pace_add(struct pace *pace, enum pace_reader reader, uint64_t bytes);
/* Must be called when a reader has ended, also after a failure. */
void pace_end(struct pace *pace);

#endif
