/* forward.c - accepts connections and carries them, with one thread and one epoll. */
#include "network/forward.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include "clock.h"

#define MACHINE UINT32_MAX
#define PORTS (2u * MAX_PAIRS)
#define EVENTS 64

/* QEMU has a queue of one connection. If there is no room, the kernel tries again only after a second or more. */
#define AGAIN_MS 10

/* Descriptors that do not belong to connections. */
#define OTHERS (MAX_PORTS + 16)
#define WANTED (2 * MAX_PAIRS + OTHERS)

/* The number of connections is limited by the descriptors: the process that started us may have left us few. */
static unsigned most_pairs(void)
{
	struct rlimit limit = {0};

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	if (limit.rlim_cur < WANTED) {
		limit.rlim_cur = limit.rlim_max < WANTED ? limit.rlim_max : WANTED;
		if (setrlimit(RLIMIT_NOFILE, &limit) && getrlimit(RLIMIT_NOFILE, &limit))
			return 1;
	}
	return limit.rlim_cur >= WANTED ? MAX_PAIRS : limit.rlim_cur > OTHERS + 2 ? (limit.rlim_cur - OTHERS) / 2 : 1;
}

/* Watches the ports, except while there is no room for another connection. */
static void watch_ports(struct forward *forward)
{
	for (unsigned i = 0; i < forward->port_count; i++)
		end_watch(&forward->ports[i].listening, forward->epoll,
			  forward->pair_count < forward->pair_most ? EPOLLIN : 0, PORTS + i);
}

static void watch_pair(struct forward *forward, unsigned which)
{
	struct pair *pair = forward->pairs[which];
	struct end *outer = &pair->end[0], *inner = &pair->end[1];

	end_watch(outer, forward->epoll, pair->connecting ? 0 : end_events(outer, inner), 2 * which);
	end_watch(inner, forward->epoll, pair->connecting ? EPOLLOUT : end_events(inner, outer), 2 * which + 1);
}

static void drop_pair(struct forward *forward, unsigned which)
{
	forward->connecting -= forward->pairs[which]->connecting;
	pair_close(forward->pairs[which]);
	free(steal_pointer(&forward->pairs[which]));
	forward->pair_count--;
}

static void on_pair(struct forward *forward, unsigned which)
{
	struct pair *pair = forward->pairs[which];

	if (!pair) /* the event of its other end came first, and it was closed */
		return;
	bool was = pair->connecting, goes_on = pair_carry(pair);
	forward->connecting -= was && !pair->connecting;
	if (goes_on)
		watch_pair(forward, which);
	else
		drop_pair(forward, which);
}

static void begin_again(struct forward *forward)
{
	for (unsigned i = 0; i < MAX_PAIRS; i++) {
		if (!forward->pairs[i] || !forward->pairs[i]->connecting)
			continue;
		/* A connection that cannot even begin does not count as one that waits. */
		forward->connecting--;
		errint_t failed = pair_begin_again(forward->pairs[i]);
		forward->connecting += forward->pairs[i]->connecting;
		if (failed)
			drop_pair(forward, i);
		else
			watch_pair(forward, i);
	}
	forward->again = monotonic_ms() + AGAIN_MS;
}

/* The first free place; there is one. */
static unsigned free_place(const struct forward *forward)
{
	unsigned place = 0;

	while (forward->pairs[place])
		place++;
	return place;
}

static void on_port(struct forward *forward, const struct port *port)
{
	while (forward->pair_count < forward->pair_most) {
		struct pair *pair = calloc(1, sizeof(*pair));
		unsigned place = free_place(forward);

		if (!pair)
			return;
		errint_t failed = pair_begin(pair, port);
		if (failed) {
			pair_close(pair);
			free(pair);
			return; /* the usual reason is that nobody waits */
		}
		forward->pairs[place] = pair;
		forward->pair_count++;
		if (pair->connecting && !forward->connecting++)
			forward->again = monotonic_ms() + AGAIN_MS;
		watch_pair(forward, place);
	}
}

errint_t forward_open(struct forward *forward, struct mica_error *err)
{
	struct end machine = {.fd = forward->machine.process};

	forward->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (forward->epoll < 0)
		return mica_fail(err, -errno, "open", "the loop");
	forward->pair_most = most_pairs();
	end_watch(&machine, forward->epoll, EPOLLIN, MACHINE);
	return 0;
}

void forward_run(struct forward *forward)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		watch_ports(forward);
		int count = epoll_wait(forward->epoll, events, EVENTS, forward->connecting ? AGAIN_MS : -1);
		for (int i = 0; i < count; i++) {
			uint32_t which = events[i].data.u32;

			if (which == MACHINE)
				return;
			if (which >= PORTS)
				on_port(forward, &forward->ports[which - PORTS]);
			else
				on_pair(forward, which / 2);
		}
		if (forward->connecting && monotonic_ms() >= forward->again)
			begin_again(forward);
	}
}
