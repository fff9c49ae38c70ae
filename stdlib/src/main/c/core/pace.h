/* pace.h - two threads that read the same files at the same time, near each other. Private to core/. */
#ifndef MICA_PACE_H
#define MICA_PACE_H

#include "base.h"

#include <pthread.h>

/*
 * Of two readers of a tree the second finds in memory what the first has read only if it comes soon. So neither gets
 * further ahead of the other than this many bytes of content, which a small guest's memory holds, too.
 */
enum { PACE_AHEAD = 16 << 20 };
enum pace_reader { PACE_FIRST, PACE_SECOND };

struct pace {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t read[2];
	bool over; /* one of them has ended: nobody waits any more */
};

#define PACE_INITIALIZER                                                                                               \
	{                                                                                                              \
		.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER                                   \
	}

/* That reader has read so many bytes more. Waits while it is too far ahead. pace NULL: there is no other. */
void pace_add(struct pace *pace, enum pace_reader reader, uint64_t bytes);
/* A reader has come to its end, good or bad. */
void pace_end(struct pace *pace);

#endif
