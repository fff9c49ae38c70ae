/* clock.h - the kernel's clocks as numbers. For Mica's programs. */
#ifndef MICA_CLOCK_H
#define MICA_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Returns the nanoseconds since the beginning of that clock. */
static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Returns the milliseconds since the beginning of that clock. */
static inline int64_t clock_ms(clockid_t clock)
{
	return clock_ns(clock) / 1000000;
}

/* Returns milliseconds for the time limits of a program on the host. Time during which the host is suspended does not
 * count. */
static inline int64_t monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

#endif
