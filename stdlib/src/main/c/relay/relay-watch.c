/* relay-watch.c - watches whether the guest and the servers that it needs live; tells its state to whoever asks. */
#include "relay.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#define TURN_MS 1000
#define AWAY_TURN_MS 250
#define ROOM_MS 200
#define MAX_PINGS 8

errint_t relay_watch(struct relay *r, const char *pid, struct mica_error *err)
{
	struct pollfd *next = &r->watched[r->watched_count];

	if (r->watched_count == MAX_LAYERS)
		return mica_fail(err, -E2BIG, "watch the process", pid);
	next->fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);
	if (next->fd < 0)
		return mica_fail(err, -errno, "watch the process", pid);
	next->events = POLLIN;
	r->watched_count++;
	return 0;
}

/* The guest is away: wakes and answers all who wait for it. */
static void let_go(struct relay *r)
{
	pending_wake(r);
	pending_abandon(r);
}

/* The guest lives, but does not answer a request: the caller would wait for ever. */
static void watch_answers(struct relay *r)
{
	const char *what = NULL;
	unsigned seconds = pending_overdue(r, &what);

	pending_give_up(r);
	if (seconds) {
		relay_away(r, "the guest has not answered %s for %u seconds", what, seconds);
		let_go(r);
	}
}

static void ping(struct relay *r)
{
	if (r->pings == MAX_PINGS || pthread_mutex_trylock(&r->send_lock))
		return;
	r->pings++;
	if (!wire_send_at_once(r, FRAME_PING, NULL, 0))
		r->pings--;
	else
		r->asked_back = r->away;
	pthread_mutex_unlock(&r->send_lock);
}

/* The guest takes frames in their order: when it has answered the last ping, it has all that was sent before. */
static bool is_back(struct relay *r)
{
	return r->asked_back && !r->pings && pending_none(r);
}

static void watch_away(struct relay *r)
{
	if (is_back(r))
		notices_come_back(r);
	else
		ping(r);
}

static void watch_serving(struct relay *r)
{
	int64_t silent = r->lived - r->heard;

	watch_answers(r);
	if (!r->away && silent > (int64_t)r->silence * 1000) {
		relay_away(r, "the guest has been silent for %u seconds", r->silence);
		let_go(r);
	} else if (silent > 1500)
		ping(r);
}

/* Tells the state of the guest to a program that asks for it. */
static void tell_state(struct relay *r)
{
	cleanup_fd int asker = accept4(r->state, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct state_line line = relay_state(r);

	if (asker < 0)
		poll(NULL, 0, ROOM_MS); /* no descriptor is free: the program waits */
	else if (send(asker, line.text, strlen(line.text), MSG_NOSIGNAL) < 0)
		return; /* the program did not wait for it */
}

/* A guest that is busy sending is alive; otherwise it is pinged. If a server of its shares has ended, the guest waits
 * for ever, although it is alive. */
void *wire_watch(void *relay)
{
	struct relay *r = relay;
	struct pollfd *state = &r->watched[r->watched_count]; /* the last; its fd is -1 if there is no socket */

	r->turned = monotonic_ms();
	*state = (struct pollfd){.fd = r->state, .events = POLLIN};
	for (;;) {
		int ready = r->dead ? poll(state, 1, -1)
				    : poll(r->watched, r->watched_count + 1, r->away ? AWAY_TURN_MS : TURN_MS);
		bool asked = ready > 0 && state->revents;

		lived_count(r);
		if (asked)
			tell_state(r);
		if (r->dead)
			continue; /* only to tell the state */
		if (ready > asked)
			relay_die(r, "a file server of the guest has ended");
		else if (r->away)
			watch_away(r);
		else
			watch_serving(r);
	}
	return NULL;
}
