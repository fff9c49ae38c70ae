/*
 * ticks.c - how fast the processor's time stamp counter counts. The kernel knows and tells nobody, so it is measured:
 * the counter and the clock, once when the library is loaded and once when it is asked for.
 */
#include "base.h"
#include "clock.h"

#define NANOS 1000000000ll

#ifdef __x86_64__
#include <x86intrin.h>

#define ATLEAST (NANOS / 50) /* so that what one reading may be off by is a few millionths */

struct reading {
	uint64_t ticks;
	int64_t nanos, unsure; /* of the clock that no time server bends; how long the reading took */
};

/* The best of some: whoever is interrupted between the two clocks has read different moments. */
static struct reading take_reading(void)
{
	struct reading best = {.unsure = INT64_MAX};

	for (int i = 0; i < 8; i++) {
		int64_t before = clock_ns(CLOCK_MONOTONIC_RAW);
		_mm_lfence();
		uint64_t ticks = __rdtsc();
		_mm_lfence();
		int64_t took = clock_ns(CLOCK_MONOTONIC_RAW) - before;
		if (took < best.unsure)
			best = (struct reading){ticks, before + took / 2, took};
	}
	return best;
}

static struct reading first;

__attribute__((constructor)) static void take_first(void)
{
	first = take_reading();
}

uint32_t mica_tsc_khz(void)
{
	struct reading now;

	/* Once, unless it is asked for right after the library was loaded. */
	do
		now = take_reading();
	while (now.nanos - first.nanos < ATLEAST);
	return (uint32_t)((double)(now.ticks - first.ticks) * 1e6 / (double)(now.nanos - first.nanos) + 0.5);
}
#else
uint32_t mica_tsc_khz(void)
{
	return 0;
}
#endif
