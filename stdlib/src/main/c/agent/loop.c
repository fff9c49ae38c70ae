/*
 * loop.c - phase 2: one thread and one epoll, and no call that could wait.
 *
 * There are two clients: the host, which can connect and disconnect without effect on what is mounted, and a person at
 * the console. Each gets the answers to its own requests; events that nobody asked for go to the host.
 */
#include "agent.h"

#include "client.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define PORT 1000u
#define SIGNALS 1001u
#define CONSOLE 1002u

static struct {
	int epoll, signals;
	int64_t quiet_since;
	struct client host, console;
} loop;

static struct answer answer;

static void run_here(struct client *client, const struct verb *verb, const struct request *request)
{
	struct mica_error err = {0};
	errint_t code;

	answer_begin(&answer, request->id, "ok");
	code = verb->run(request, &answer, &err);
	if (code) {
		client_fail(client, request->id, &err);
		return;
	}
	answer_end(&answer, request->id);
	client_send(client, &answer);
}

/* For people who do not know the verbs: an empty line, or "help" with or without an id. */
static bool is_help(const struct client *client, const struct request *request, errint_t parsed)
{
	return client == &loop.console &&
	       (parsed == -ENOMSG || !strcmp(request->verb, "help") || (parsed && !strcmp(request->id, "help")));
}

/* Shows the verbs. If the line was not empty, the client waits for an answer, too. */
static void help(struct client *client, const struct request *request, errint_t parsed)
{
	verb_help(&answer);
	client_send(client, &answer);
	if (parsed == -ENOMSG)
		return;
	answer_begin(&answer, request->id, "ok");
	answer_end(&answer, request->id);
	client_send(client, &answer);
}

static void take_line(struct client *client, char *text, size_t len)
{
	struct request request;
	struct mica_error err = {0};
	const struct verb *verb = NULL;
	cleanup_free char *copy = strdup(text); /* parsing changes the text */
	errint_t code = copy ? line_parse(text, len, &request, &err) : -ENOMEM;

	if (code == -ENOMEM || (code == -ENOMSG && client == &loop.host))
		return;
	loop.quiet_since = now_ms();
	if (is_help(client, &request, code)) {
		help(client, &request, code);
		return;
	}
	if (!code)
		verb = verb_find(&request, &err);
	if (!verb)
		client_fail(client, request.id, &err);
	else if (verb->limit_ms)
		calls_start(verb, steal_pointer(&copy), client);
	else
		run_here(client, verb, &request);
}

static void on_signal(void)
{
	struct signalfd_siginfo info;

	while (read(loop.signals, &info, sizeof(info)) > 0)
		if (info.ssi_signo == SIGTERM)
			power_off();
	calls_reap();
}

static void on_event(const struct epoll_event *event)
{
	if (event->data.u32 == PORT)
		client_event(&loop.host, event->events);
	else if (event->data.u32 == CONSOLE)
		client_event(&loop.console, event->events);
	else if (event->data.u32 == SIGNALS)
		on_signal();
	else
		calls_read(event->data.u32);
}

/* Powers off after idle_ms without a union, a call or a request. Returns the time of the next check. */
static int64_t count_idle(void)
{
	int64_t now = now_ms(), idle = power_idle_ms(), end = loop.quiet_since + idle;

	if (!idle)
		return INT64_MAX;
	if (now >= end && (calls_busy() || mounted_count(UNIONS)))
		loop.quiet_since = now;
	else if (now >= end) {
		say("idle: powering off");
		power_off();
	}
	return loop.quiet_since + idle;
}

static int timeout(void)
{
	int64_t calls = calls_expire(), idle = count_idle(), next = calls < idle ? calls : idle, left = next - now_ms();

	if (client_is_ready(&loop.host) || client_is_ready(&loop.console))
		return 0;
	return next == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void watch(int fd, uint32_t events, uint32_t which)
{
	struct epoll_event event = {.events = events, .data.u32 = which};

	if (epoll_ctl(loop.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		say("watch descriptor %d: %m", fd);
}

static void tell_host(const struct answer *event)
{
	client_send(&loop.host, event);
}

static const struct calls_events events_of_calls = {.served = served_changed, .tell = tell_host};

static void open_loop(int port, int console)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	loop.host.fd = port;
	loop.console.fd = console;
	loop.signals = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(port, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, PORT);
	if (console >= 0)
		watch(console, EPOLLIN | EPOLLOUT | EPOLLET, CONSOLE);
	watch(loop.signals, EPOLLIN, SIGNALS);
	served_open();
	calls_open(loop.epoll, &events_of_calls);
}

void agent_loop(int port, int console)
{
	struct epoll_event events[16];

	open_loop(port, console);
	while (!power_is_off()) {
		int count = epoll_wait(loop.epoll, events, 16, timeout());
		for (int i = 0; i < count; i++)
			on_event(&events[i]);
		client_read(&loop.host, take_line);
		client_read(&loop.console, take_line);
	}
}
