/* Two readers of the same files keep near each other, and neither waits for one that has ended. */
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "pace.h"

enum { WHOLE = 8 * PACE_AHEAD, LARGEST = 1 << 20 };

static struct pace pace;
static unsigned int too_far;

static uint64_t how_far(enum pace_reader reader)
{
	uint64_t read;

	pthread_mutex_lock(&pace.lock);
	read = pace.read[reader];
	pthread_mutex_unlock(&pace.lock);
	return read;
}

/* Of the other it only sees more than there was when it was let go. */
static void check_near(enum pace_reader reader)
{
	pthread_mutex_lock(&pace.lock);
	if (!pace.over && pace.read[reader] > pace.read[!reader] + PACE_AHEAD)
		too_far++;
	pthread_mutex_unlock(&pace.lock);
}

static void read_all(enum pace_reader reader, unsigned int seed)
{
	for (uint64_t left = WHOLE; left;) {
		uint64_t step = 1 + (uint64_t)rand_r(&seed) % LARGEST;

		step = step < left ? step : left;
		pace_add(&pace, reader, step);
		check_near(reader);
		left -= step;
	}
}

static void *first(void *seed)
{
	read_all(PACE_FIRST, *(unsigned int *)seed);
	return NULL;
}

static pthread_t begin(unsigned int *seed)
{
	pthread_t thread;

	pace = (struct pace)PACE_INITIALIZER;
	too_far = 0;
	NEED(-pthread_create(&thread, NULL, first, seed));
	while (how_far(PACE_FIRST) <= PACE_AHEAD)
		sched_yield();
	return thread;
}

/* The first is as far ahead as it may be when the second begins. */
static void near(unsigned int seed)
{
	pthread_t thread = begin(&seed);

	read_all(PACE_SECOND, seed + 1);
	pthread_join(thread, NULL);
	ok(too_far == 0 && how_far(PACE_FIRST) == WHOLE && how_far(PACE_SECOND) == WHOLE,
	   "both come to their end, near each other: too far %u times", too_far);
}

static void ended(unsigned int seed)
{
	pthread_t thread = begin(&seed);

	ok(how_far(PACE_FIRST) <= PACE_AHEAD + LARGEST, "it waits for one that has read nothing");
	pace_end(&pace);
	pthread_join(thread, NULL);
	ok(how_far(PACE_FIRST) == WHOLE, "and goes on when that has ended");
}

static void alone(void)
{
	pace_add(NULL, PACE_SECOND, WHOLE);
	ok(true, "without another there is nothing to wait for");
}

int main(void)
{
	const char *given = getenv("MICA_SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) : (unsigned int)getpid();

	printf("# MICA_SEED=%u\n", seed);
	for (unsigned int i = 0; i < 10; i++)
		near(seed + i);
	ended(seed);
	alone();
	return done();
}
