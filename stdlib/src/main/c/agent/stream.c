/*
 * stream.c - carries the streams of a process, with one thread and one poll. If the process or the host does not read
 * something, everything else goes on: a signal never waits behind input.
 */
#include "stream.h"
#include "agent.h"
#include "input.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

/* Children of a process that has ended may keep its output open. So long is waited for more output. */
#define LINGER_MS 100
/* The host is allowed to send so many bytes more at once, not one at a time. */
#define ENOUGH_CREDIT 65536

enum { PORT, WANTED, SIGNALS, IN, OUT, ERROR, COUNT };

static void open_stream(struct stream *stream)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	stream->signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* From now on the output of the process is dropped, so that the process does not wait for anybody. */
static void lose_host(struct stream *stream)
{
	wire_close(&stream->wire);
	stream->lost = true;
	if (stream->one_way) {
		close(steal_fd(&stream->out));
		if (!stream->ended)
			kill(stream->pid, SIGKILL);
		return;
	}
	if (!stream->tty) {
		input_end(stream);
		input_flush(stream);
		return;
	}
	input_drop(stream);
	if (stream->out >= 0)
		close(steal_fd(&stream->out)); /* the terminal's last descriptor: it hangs up */
}

static void allow(struct stream *stream, uint32_t bytes)
{
	uint8_t frame[STREAM_NUMBER];

	stream_number(frame, 'W', bytes);
	wire_put(&stream->wire, 'W', frame + STREAM_HEADER, STREAM_NUMBER - STREAM_HEADER);
	stream->allowed += bytes;
}

static void allow_again(struct stream *stream)
{
	if (stream->credit < ENOUGH_CREDIT || !wire_has_room(&stream->wire))
		return;
	allow(stream, stream->credit);
	stream->credit = 0;
}

static void resize(const struct stream *stream, const uint8_t *payload)
{
	const struct winsize size = {.ws_row = (unsigned short)(payload[0] << 8 | payload[1]),
				     .ws_col = (unsigned short)(payload[2] << 8 | payload[3])};

	if (stream->tty && stream->out >= 0)
		ioctl(stream->out, TIOCSWINSZ, &size);
}

/* Returns false if the host violates the protocol. */
static bool take_frame(struct stream *stream, const struct stream_frame *frame)
{
	switch (frame->type) {
	case 'I':
		return input_take(stream, frame->payload, frame->size);
	case 'C':
		input_end(stream);
		return true;
	case 'Z':
		resize(stream, frame->payload);
		return true;
	case 'K':
		if (!stream->ended)
			kill(stream->pid, (int)stream_read_number(frame->payload));
		return true;
	default:
		return false;
	}
}

static void read_host(struct stream *stream)
{
	struct stream_frame frame;
	bool there = wire_read(&stream->wire);
	int got = 0;

	while (there && (got = wire_next(&stream->wire, &frame)) > 0)
		there = take_frame(stream, &frame);
	if (!there || got < 0)
		lose_host(stream);
	else
		input_flush(stream);
}

/* A terminal is not closed, because that would hang up. A process of its session may open it again. */
static void end_output(struct stream *stream, int *from)
{
	if (!stream->tty)
		close(steal_fd(from));
}

/* Returns false at the end of the output. */
static bool read_process(struct stream *stream, int from, char type)
{
	uint8_t waste[4096];
	bool heard = stream->wire.fd >= 0;
	ssize_t len = read(from, heard ? wire_room(&stream->wire) : waste, heard ? STREAM_PAYLOAD : sizeof(waste));

	if (len > 0 && heard)
		wire_commit(&stream->wire, type, (uint32_t)len);
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static void reap(struct stream *stream)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(stream->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == stream->pid) {
			stream->ended = true;
			stream->status = status;
		}
}

static void watch(const struct stream *stream, const bool ended[static 2], struct pollfd fds[static COUNT])
{
	const bool room = wire_has_room(&stream->wire);
	const bool hear_in = stream->in >= 0 && (!stream->tty || stream->in_len);

	fds[PORT] = (struct pollfd){stream->wire.fd, (short)(POLLIN | (stream->wire.out_len ? POLLOUT : 0)), 0};
	fds[WANTED] = (struct pollfd){stream->wire.wanted, POLLIN, 0};
	fds[SIGNALS] = (struct pollfd){stream->signals, POLLIN, 0};
	fds[IN] = (struct pollfd){hear_in ? stream->in : -1, (short)(stream->in_len ? POLLOUT : 0), 0};
	fds[OUT] = (struct pollfd){room && !ended[0] ? stream->out : -1, POLLIN, 0};
	fds[ERROR] = (struct pollfd){room && !ended[1] ? stream->error : -1, POLLIN, 0};
}

/* Returns whether there was output. */
static bool hear(struct stream *stream, int *from, char type, bool *ended)
{
	if (*from < 0)
		return false;
	*ended = !read_process(stream, *from, type);
	if (*ended)
		end_output(stream, from);
	return !*ended;
}

/* Waits once and handles what is ready. Returns whether there was output. */
static bool turn(struct stream *stream, bool ended[static 2], int timeout)
{
	struct pollfd fds[COUNT];
	bool heard = false;

	watch(stream, ended, fds);
	if (poll(fds, COUNT, timeout) <= 0)
		return false;
	if (fds[WANTED].revents)
		lose_host(stream);
	else if (fds[PORT].revents & (POLLIN | POLLHUP | POLLERR))
		read_host(stream);
	if (fds[IN].revents & POLLERR)
		input_drop(stream);
	else if (fds[IN].revents)
		input_flush(stream);
	if (fds[OUT].revents)
		heard = hear(stream, &stream->out, 'O', &ended[0]);
	if (fds[ERROR].revents && wire_has_room(&stream->wire))
		heard |= hear(stream, &stream->error, 'E', &ended[1]);
	if (fds[SIGNALS].revents)
		reap(stream);
	allow_again(stream);
	wire_flush(&stream->wire);
	return heard;
}

static void describe(int status, struct stream_end *end)
{
	*end = (struct stream_end){0};
	if (WIFSIGNALED(status))
		end->signal = (uint32_t)WTERMSIG(status);
	end->status = WIFSIGNALED(status) ? 128 + end->signal : (uint32_t)WEXITSTATUS(status);
}

void stream_serve(struct stream *stream, struct stream_end *end)
{
	bool ended[2] = {stream->out < 0, stream->error < 0};
	char text[32];

	open_stream(stream);
	wire_put(&stream->wire, 'S', text, (uint32_t)snprintf(text, sizeof(text), "pid=%d", stream->pid));
	allow(stream, STREAM_INPUT);
	wire_flush(&stream->wire);
	reap(stream); /* it may have ended before we listened for SIGCHLD */
	while (!stream->ended)
		turn(stream, ended, -1);
	describe(stream->status, end);
}

/* Reads the rest of the output. While a full port blocks it, the time does not count as silence. */
static void drain(struct stream *stream)
{
	bool ended[2] = {stream->out < 0, stream->error < 0};
	int64_t until = now_ms() + LINGER_MS;

	while (stream->wire.fd >= 0 && (!ended[0] || !ended[1])) {
		bool room = wire_has_room(&stream->wire);
		int64_t left = until - now_ms();

		if (room && left <= 0)
			break;
		if (turn(stream, ended, room ? (int)left : -1) || !room)
			until = now_ms() + LINGER_MS;
	}
}

void stream_finish(struct stream *stream, const struct stream_end *end)
{
	bool ended[2] = {true, true};
	char text[96];
	int len = snprintf(text, sizeof(text), "status=%u", end->status);

	if (end->signal)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " signal=%u", end->signal);
	if (end->oom)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " oom=1");
	input_drop(stream);
	drain(stream);
	wire_put(&stream->wire, 'X', text, (uint32_t)len);
	wire_flush(&stream->wire);
	while (stream->wire.fd >= 0 && stream->wire.out_len)
		turn(stream, ended, -1);
	wire_close(&stream->wire);
}
