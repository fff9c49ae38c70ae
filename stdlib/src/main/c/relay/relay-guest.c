/* relay-guest.c - whether the guest serves, and the reason if it does not; the log. */
#include "relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#define MAX_TURN_MS 2000

static int64_t counted(int64_t passed)
{
	return passed < MAX_TURN_MS ? passed : MAX_TURN_MS;
}

/* Time in which we did not run (we were stopped, or the host was asleep) does not count as silence of the guest. */
void lived_count(struct relay *r)
{
	int64_t now = monotonic_ms();

	r->lived += counted(now - r->turned);
	r->turned = now;
}

/* The time since the last turn counts, too. Otherwise a request that comes just before a late turn would seem to have
 * waited since the turn before. */
int64_t lived_ms(struct relay *r)
{
	int64_t turned, lived;

	do {
		turned = r->turned;
		lived = r->lived;
	} while (turned != r->turned);
	return turned ? lived + counted(monotonic_ms() - turned) : lived;
}

__attribute__((format(printf, 2, 0))) static void log_line(const struct relay *r, const char *text, va_list args)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "mica-relay: %s: ", r->name);

	vsnprintf(line + len, sizeof(line) - (size_t)len, text, args);
	dprintf(r->log, "%s\n", line);
}

void relay_log(const struct relay *r, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	log_line(r, text, args);
	va_end(args);
}

__attribute__((format(printf, 2, 0))) static void set_why(struct relay *r, const char *why, va_list args)
{
	va_list again;

	va_copy(again, args);
	pthread_mutex_lock(&r->why_lock);
	vsnprintf(r->why, sizeof(r->why), why, again);
	pthread_mutex_unlock(&r->why_lock);
	va_end(again);
	log_line(r, why, args);
}

struct state_line relay_state(struct relay *r)
{
	struct state_line line = {"serves\n"};

	pthread_mutex_lock(&r->why_lock);
	if (!guest_serves(r))
		snprintf(line.text, sizeof(line.text), "%s %s\n", r->dead ? "dead" : "away", r->why);
	pthread_mutex_unlock(&r->why_lock);
	return line;
}

void relay_die(struct relay *r, const char *why, ...)
{
	va_list args;

	if (atomic_exchange(&r->dead, true))
		return;
	va_start(args, why);
	set_why(r, why, args);
	va_end(args);
	/* This ends the calls of threads that are sending. */
	shutdown(r->sock, SHUT_RDWR);
	r->died(r);
}

void relay_away(struct relay *r, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	set_why(r, why, args);
	va_end(args);
	r->asked_back = false;
	r->away = true;
}
