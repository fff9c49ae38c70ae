/*
 * loop.c - phase 2: one thread, one epoll, and no call that could wait.
 *
 * The host comes and goes; its going is no event for what is mounted. The port is watched edge by edge, since its
 * hang-up cannot be masked and lasts as long as nobody is there.
 */
#include "agent.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define PORT 1000u
#define SIGNALS 1001u
#define OUT_ROOM (1 << 20)
#define OUT_ENOUGH (OUT_ROOM / 2)
#define READS_A_TURN 16

static struct {
	int epoll, port, signals;
	bool there;    /* the host */
	bool unread;   /* the port may hold more */
	bool skipping; /* an over-long line, up to its end */
	bool power_off;
	size_t in_len, out_len;
	int64_t idle_ms, quiet_since;
	char in[LINE_MAX_BYTES];
	char out[OUT_ROOM];
} loop;

static struct answer answer;

static void flush(void)
{
	size_t done = 0;
	ssize_t put = 0;

	while (done < loop.out_len && (put = write(loop.port, loop.out + done, loop.out_len - done)) > 0)
		done += (size_t)put;
	memmove(loop.out, loop.out + done, loop.out_len - done);
	loop.out_len -= done;
}

/* Kept also while nobody seems to be there: a new host's first request can be read before the kernel says that it came.
 */
void loop_send(const struct answer *line)
{
	if (line->len > sizeof(loop.out) - loop.out_len) {
		say("nobody reads the answers: %s lost", loop.there ? "one is" : "some are");
		if (loop.there)
			return;
		loop.out_len = 0;
	}
	memcpy(loop.out + loop.out_len, line->text, line->len);
	loop.out_len += line->len;
	flush();
}

void loop_power_off(void)
{
	loop.power_off = true;
}

void loop_idle(uint32_t seconds)
{
	loop.idle_ms = (int64_t)seconds * 1000;
}

static void send_failure(const char *id, const struct mica_error *err)
{
	answer_fail(&answer, id, err);
	answer_end(&answer, id);
	loop_send(&answer);
}

static void run_here(const struct verb *verb, const struct request *request)
{
	struct mica_error err = {0};
	errint_t code;

	answer_begin(&answer, request->id, "ok");
	code = verb->run(request, &answer, &err);
	if (code) {
		send_failure(request->id, &err);
		return;
	}
	answer_end(&answer, request->id);
	loop_send(&answer);
}

static void take_line(char *text, size_t len)
{
	struct request request;
	struct mica_error err = {0};
	const struct verb *verb = NULL;
	cleanup_free char *copy = NULL;
	errint_t code;

	text[len] = '\0';
	copy = strdup(text); /* taking it apart changes it */
	code = copy ? line_parse(text, len, &request, &err) : -ENOMEM;
	if (code == -ENOMSG || code == -ENOMEM)
		return;
	loop.quiet_since = now_ms();
	if (!code)
		verb = verb_find(&request, &err);
	if (!verb)
		send_failure(request.id, &err);
	else if (verb->limit_ms)
		calls_start(verb, steal_pointer(&copy));
	else
		run_here(verb, &request);
}

static void refuse_long_line(void)
{
	struct mica_error err = {0};

	mica_fail_note(&err, -EMSGSIZE, "parse", "", "a line has at most %d bytes: this one was skipped",
		       LINE_MAX_BYTES);
	send_failure("-", &err);
}

static void take_lines(void)
{
	char *at = loop.in, *const end = loop.in + loop.in_len, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
		if (!loop.skipping)
			take_line(at, (size_t)(newline - at));
		loop.skipping = false;
	}
	loop.in_len = loop.skipping ? 0 : (size_t)(end - at);
	memmove(loop.in, at, loop.in_len);
	if (loop.in_len == sizeof(loop.in)) {
		refuse_long_line();
		loop.skipping = true;
		loop.in_len = 0;
	}
}

/* Not for ever, or the children would wait; and not while the answers pile up. */
static void read_port(void)
{
	for (int i = 0; i < READS_A_TURN && loop.out_len < OUT_ENOUGH; i++) {
		ssize_t len = read(loop.port, loop.in + loop.in_len, sizeof(loop.in) - loop.in_len);
		if (len <= 0) {
			loop.unread = false;
			return;
		}
		loop.in_len += (size_t)len;
		take_lines();
	}
}

/* Half a line and unread answers were the old client's. What is left to read may be the next one's already. */
static void hang_up(void)
{
	loop.in_len = loop.out_len = 0;
	loop.skipping = false;
}

/* Only the first event that says so is a hang-up: the next ones may come with a new client's first bytes. */
static void on_port(uint32_t events)
{
	bool there = !(events & EPOLLHUP);

	if (loop.there && !there)
		hang_up();
	loop.there = there;
	loop.unread = true;
	flush();
}

static void on_signal(void)
{
	struct signalfd_siginfo info;

	while (read(loop.signals, &info, sizeof(info)) > 0)
		;
	calls_reap();
}

static void on_event(const struct epoll_event *event)
{
	if (event->data.u32 == PORT)
		on_port(event->events);
	else if (event->data.u32 == SIGNALS)
		on_signal();
	else
		calls_read(event->data.u32);
}

/* Powers off after idle_ms without a union, a call or a request. Returns when to look again. */
static int64_t count_idle(void)
{
	int64_t now = now_ms(), end = loop.quiet_since + loop.idle_ms;

	if (!loop.idle_ms)
		return INT64_MAX;
	if (now >= end && (calls_busy() || mounted_count(UNIONS)))
		loop.quiet_since = now;
	else if (now >= end) {
		say("idle: powering off");
		loop.power_off = true;
	}
	return loop.quiet_since + loop.idle_ms;
}

static int timeout(void)
{
	int64_t calls = calls_expire(), idle = count_idle(), next = calls < idle ? calls : idle, left = next - now_ms();

	if (loop.unread && loop.out_len < OUT_ENOUGH)
		return 0;
	return next == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void watch(int fd, uint32_t events, uint32_t which)
{
	struct epoll_event event = {.events = events, .data.u32 = which};

	if (epoll_ctl(loop.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		say("watch descriptor %d: %m", fd);
}

static void open_loop(int port)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	loop.port = port;
	loop.signals = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(port, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, PORT);
	watch(loop.signals, EPOLLIN, SIGNALS);
	calls_open(loop.epoll);
}

void agent_loop(int port)
{
	struct epoll_event events[16];

	open_loop(port);
	while (!loop.power_off) {
		int count = epoll_wait(loop.epoll, events, 16, timeout());
		for (int i = 0; i < count; i++)
			on_event(&events[i]);
		if (loop.unread)
			read_port();
	}
}
