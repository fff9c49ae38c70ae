#include "pace.h"

void pace_add(struct pace *pace, enum pace_reader reader, uint64_t bytes)
{
	if (!pace)
		return;
	pthread_mutex_lock(&pace->lock);
	pace->read[reader] += bytes;
	/* Who waits goes on when half of it is made up for: to change between the two costs time. */
	if (pace->read[!reader] <= pace->read[reader] + PACE_AHEAD / 2)
		pthread_cond_broadcast(&pace->moved);
	while (!pace->over && pace->read[reader] > pace->read[!reader] + PACE_AHEAD)
		pthread_cond_wait(&pace->moved, &pace->lock);
	pthread_mutex_unlock(&pace->lock);
}

void pace_end(struct pace *pace)
{
	pthread_mutex_lock(&pace->lock);
	pace->over = true;
	pthread_cond_broadcast(&pace->moved);
	pthread_mutex_unlock(&pace->lock);
}
