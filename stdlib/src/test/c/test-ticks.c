/*
 * The rate of the time stamp counter, against one found in another way: from the outermost of two readings a fifth of a
 * second apart it is not faster, from the innermost not slower.
 */
#include "tap.h"

#include "mica.h"

#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>

#define SPAN 200000000ll
#define PER_MILLION 20 /* what mica.h calls some */

struct reading {
	int64_t before, after;
	uint64_t ticks;
};

static int64_t nanos(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static struct reading take(void)
{
	int64_t before = nanos();
	uint64_t ticks = __rdtsc();

	return (struct reading){before, nanos(), ticks};
}

int main(void)
{
	struct reading first = take();

	while (nanos() < first.after + SPAN)
		;
	struct reading last = take();
	double ticks = (double)(last.ticks - first.ticks) * 1e6;
	double slowest = ticks / (double)(last.after - first.before),
	       fastest = ticks / (double)(last.before - first.after);
	double khz = mica_tsc_khz();
	ok(khz >= slowest * (1 - PER_MILLION / 1e6) - 1 && khz <= fastest * (1 + PER_MILLION / 1e6) + 1,
	   "%.0f kHz is between %.1f and %.1f", khz, slowest, fastest);
	return done();
}
#else
int main(void)
{
	ok(mica_tsc_khz() == 0, "there is no such counter");
	return done();
}
#endif
