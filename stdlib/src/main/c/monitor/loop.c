/*
 * loop.c - one thread and one epoll, and no call that waits except those to the disk.
 *
 * Each turn takes what has arrived. Then it does what can be done, in the order guest, log, clients, guest, and watches
 * for what could not be done. It watches no event that would be reported again and again without being handled.
 */
#include "monitor/monitor.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "clock.h"

#define PORT 1000u
#define LISTENING 1001u
#define SIGNALS 1002u
#define HOOK 1003u

#define IMPATIENT_MS 5000
#define ACCEPT_AGAIN_MS 1000

/* A hang-up cannot be masked, so a descriptor is removed if no event is waited for. */
static void watch(const struct monitor *m, int fd, uint32_t events, uint32_t *watched, uint32_t which)
{
	struct epoll_event event = {.events = events, .data.u32 = which};

	if (events == *watched)
		return;
	epoll_ctl(m->epoll, !*watched ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, fd, &event);
	*watched = events;
}

/* SIGHUP and similar signals are for the session of a terminal. They stay blocked for ever. */
void monitor_block_signals(void)
{
	const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

errint_t monitor_open_loop(struct monitor *m, struct mica_error *err)
{
	uint32_t nothing = 0;
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	m->signals = signalfd(-1, &end, SFD_NONBLOCK | SFD_CLOEXEC);
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m->signals < 0 || m->epoll < 0)
		return mica_fail(err, -errno, "open", "the loop");
	watch(m, m->signals, EPOLLIN, &nothing, SIGNALS);
	return 0;
}

static void stop_listening(struct monitor *m)
{
	if (m->listening < 0)
		return;
	named_file_remove(&m->attach);
	close(steal_fd(&m->listening));
}

/* The program may start the container again, with another monitor. Nothing of ours prevents that, except the process
 * id. */
static void run_hook(struct monitor *m)
{
	uint32_t nothing = 0;
	errint_t failed;

	if (m->hook.process < 0)
		return;
	failed = hook_run(&m->hook);
	if (failed)
		log_say(&m->log, "the program for its end was not run: %s", strerror(-failed));
	watch(m, m->hook.process, EPOLLIN, &nothing, HOOK);
}

/* The record is written first, and then those who act on it are told: the clients, and the program. */
static void end_session(struct monitor *m, const struct ended *ended, const struct stream_frame *last)
{
	errint_t failed;

	log_finish(&m->log);
	failed = ended_write(&m->ended, ended);
	if (failed)
		log_say(&m->log, "the exit record could not be written: %s", strerror(-failed));
	close(steal_fd(&m->port));
	stop_listening(m);
	clients_finish(&m->clients, ended->lost ? NULL : last);
	run_hook(m);
	log_finish(&m->log);
	m->impatient = monotonic_ms() + IMPATIENT_MS;
}

static void take_from_guest(struct monitor *m, enum guest_state *state)
{
	struct ended ended = {0};
	struct stream_frame last;

	*state = guest_take(&m->guest, &m->log, &m->clients, &ended, &last);
	if (*state == GUEST_LOST)
		ended = (struct ended){.lost = true};
	if (*state == GUEST_LOST || *state == GUEST_ENDED)
		end_session(m, &ended, &last);
}

/* Returns false if nothing was sent, because the port takes nothing at the moment or is broken. */
static bool send_to_guest(struct monitor *m)
{
	struct to_guest *to = &m->clients.attached.to;
	size_t before = to->size;

	/* If the port is gone, reading from it will report that. */
	if (m->port_broken || !to_guest_send(to, m->port)) {
		m->port_broken = true;
		to->size = 0;
		to->allowance = 0;
		to->has_window = false;
		return false;
	}
	return to->size < before;
}

static void pump(struct monitor *m)
{
	enum guest_state state = GUEST_WAITED_FOR;
	bool again = true;

	while (again) {
		if (m->port >= 0)
			take_from_guest(m, &state);
		clients_pump(&m->clients);
		again = m->port >= 0 && ((send_to_guest(m) && clients_wait_for_room(&m->clients)) ||
					 (state == GUEST_HELD && clients_have_room(&m->clients, STREAM_FRAME)));
	}
}

/* Returns when to pump at the latest. */
static int64_t finish_turn(struct monitor *m)
{
	int64_t now = monotonic_ms(), due = m->port >= 0 ? log_flush(&m->log, now) : INT64_MAX;

	if (m->port < 0) {
		m->is_over = clients_are_gone(&m->clients, now >= m->impatient) && m->hook.process < 0;
		due = now < m->impatient ? m->impatient : INT64_MAX;
	}
	if (m->accepted_again && now >= m->accepted_again)
		m->accepted_again = 0;
	return m->accepted_again && m->accepted_again < due ? m->accepted_again : due;
}

static void watch_all(struct monitor *m)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = m->clients.all[i];

		if (client && client->fd >= 0)
			watch(m, client->fd, clients_events(&m->clients, i), &client->watched, i);
	}
	if (m->port < 0)
		return;
	watch(m, m->port,
	      (guest_has_room(&m->guest) ? EPOLLIN : 0u) |
		      (m->clients.attached.to.size && !m->port_broken ? EPOLLOUT : 0u),
	      &m->port_watched, PORT);
	watch(m, m->listening, !m->accepted_again && clients_has_slot(&m->clients) ? EPOLLIN : 0u,
	      &m->listening_watched, LISTENING);
}

static void accept_client(struct monitor *m)
{
	int fd = m->listening < 0 ? -1 : accept4(m->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		clients_add(&m->clients, fd);
	else if (errno != EAGAIN && errno != ECONNABORTED)
		m->accepted_again = monotonic_ms() + ACCEPT_AGAIN_MS;
}

static void on_signal(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == sizeof(info))
		m->is_over = true;
}

static void on_event(struct monitor *m, const struct epoll_event *event)
{
	if (event->data.u32 == PORT)
		guest_read(&m->guest, m->port);
	else if (event->data.u32 == LISTENING)
		accept_client(m);
	else if (event->data.u32 == SIGNALS)
		on_signal(m);
	else if (event->data.u32 == HOOK)
		hook_reap(&m->hook);
	else
		clients_read(&m->clients, event->data.u32);
}

static int timeout(int64_t due)
{
	int64_t left = due - monotonic_ms();

	return due == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

void monitor_loop(struct monitor *m)
{
	struct epoll_event events[16];

	for (;;) {
		pump(m);
		int64_t due = finish_turn(m);
		if (m->is_over)
			break;
		watch_all(m);
		int count = epoll_wait(m->epoll, events, 16, timeout(due));
		for (int i = 0; i < count; i++)
			on_event(m, &events[i]);
		if (m->is_over)
			break;
	}
	log_finish(&m->log);
	clients_close(&m->clients);
	stop_listening(m);
	ended_drop(&m->ended);
	named_file_remove(&m->pid);
}
