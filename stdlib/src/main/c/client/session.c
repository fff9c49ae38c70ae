/* session.c - one thread and one poll: carries the streams and signals of a command that runs in the server. */
#include "client/client.h"

#include "clock.h"
#include "stream/frame.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A server that is there answers at once; one that hangs must not hang the command. */
#define PATIENCE_MS 2000

/* Room for control frames is left over. */
#define INPUT_AT_ONCE 16384u
#define TO_SERVER (2 * STREAM_FRAME)

/* After so many requests to end the command is left alone. */
#define MOST_REQUESTS 3

#define FROM_SERVER "OEWMX"

struct session {
	int server;
	uint8_t in[2 * STREAM_FRAME];
	size_t in_size;
	uint8_t out[TO_SERVER];
	size_t out_size;

	struct stream_frame output; /* in `in`; of it, so much was written */
	size_t written;
	bool broken[3];
	int write_error;

	uint32_t allowance;
	bool input_is_over;
	unsigned requests;
	bool ended;
	int status;
};

/* What a signal handler writes its signal to. */
static int heard[2] = {-1, -1};

static void hear(int number)
{
	int saved = errno;
	uint8_t byte = (uint8_t)number;
	ssize_t ignored = write(heard[1], &byte, 1); /* if it is full, the others are heard */

	(void)ignored;
	errno = saved;
}

static errint_t wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd one = {fd, events, 0};
		int64_t left = deadline - monotonic_ms();
		int ready = poll(&one, 1, left < 0 ? 0 : (int)left);

		if (ready > 0)
			return 0;
		if (ready == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static errint_t send_all(int server, const void *bytes, size_t size, int64_t deadline)
{
	for (const char *at = bytes; size;) {
		ssize_t sent = send(server, at, size, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		errint_t code = sent < 0 ? wait_for(server, POLLOUT, deadline) : 0;
		if (code)
			return code;
		at += sent < 0 ? 0 : sent;
		size -= sent < 0 ? 0 : (size_t)sent;
	}
	return 0;
}

static errint_t send_request(int server, const struct request *request, int64_t deadline)
{
	uint8_t header[STREAM_HEADER];
	errint_t code = 0;

	for (size_t at = 0; !code && at < request->size; at += STREAM_PAYLOAD) {
		size_t size = request->size - at < STREAM_PAYLOAD ? request->size - at : STREAM_PAYLOAD;

		stream_header(header, 'Q', (uint32_t)size);
		code = send_all(server, header, sizeof(header), deadline);
		code = code ? code : send_all(server, request->bytes + at, size, deadline);
	}
	stream_header(header, 'Q', 0);
	return code ? code : send_all(server, header, sizeof(header), deadline);
}

/* Waits until it accepts. It begins only when it was told to: whoever gives up before has not run anything. */
static errint_t ask(int server, const struct request *request)
{
	int64_t deadline = monotonic_ms() + PATIENCE_MS;
	uint8_t answer[STREAM_HEADER], go[STREAM_HEADER];
	errint_t code = send_request(server, request, deadline);

	for (size_t size = 0; !code && size < sizeof(answer);) {
		ssize_t got = recv(server, answer + size, sizeof(answer) - size, 0);

		if (got == 0)
			code = -ECONNREFUSED;
		else if (got > 0)
			size += (size_t)got;
		else if (errno == EAGAIN || errno == EINTR)
			code = wait_for(server, POLLIN, deadline);
		else
			code = -errno;
	}
	if (code || answer[0] != 'Y')
		return code ? code : -ECONNREFUSED;
	stream_header(go, 'G', 0);
	return send_all(server, go, sizeof(go), deadline);
}

static void put(struct session *s, const void *bytes, size_t size)
{
	if (s->out_size + size > sizeof(s->out)) /* a server that reads nothing is not told any more */
		return;
	memcpy(s->out + s->out_size, bytes, size);
	s->out_size += size;
}

static void put_number(struct session *s, char type, uint32_t number)
{
	uint8_t frame[STREAM_NUMBER];

	stream_number(frame, type, number);
	put(s, frame, sizeof(frame));
}

static void put_size(struct session *s)
{
	unsigned rows, columns;

	terminal_size(&rows, &columns);
	put_number(s, 'Z', rows << 16 | (columns & 0xffff));
}

static void on_signal(struct session *s, int number)
{
	switch (number) {
	case SIGWINCH:
		put_size(s);
		break;
	case SIGCONT: /* somebody else has had the terminal */
		put_size(s);
		terminal_again();
		break;
	case SIGINT:
	case SIGTERM:
		s->requests++;
		if (s->requests >= MOST_REQUESTS) {
			s->ended = true;
			s->status = 128 + number;
		}
		put_number(s, 'K', (uint32_t)number);
		break;
	default:
		put_number(s, 'K', (uint32_t)number);
	}
}

static void on_signals(struct session *s)
{
	uint8_t numbers[64];
	ssize_t got = read(heard[0], numbers, sizeof(numbers));

	for (ssize_t i = 0; i < got; i++)
		on_signal(s, numbers[i]);
}

static bool may_read(const struct session *s)
{
	return s->allowance && !s->input_is_over && s->out_size < STREAM_FRAME;
}

static void on_input(struct session *s)
{
	uint8_t bytes[STREAM_HEADER + INPUT_AT_ONCE];
	size_t most = s->allowance < INPUT_AT_ONCE ? s->allowance : INPUT_AT_ONCE;
	ssize_t got = read(0, bytes + STREAM_HEADER, most);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		s->input_is_over = true;
		stream_header(bytes, 'C', 0);
		put(s, bytes, STREAM_HEADER);
		return;
	}
	s->allowance -= (uint32_t)got;
	stream_header(bytes, 'I', (uint32_t)got);
	put(s, bytes, STREAM_HEADER + (size_t)got);
}

static int output_fd(const struct session *s)
{
	return s->output.type == 'O' ? 1 : 2;
}

/* A pipe that was found to have room has it for so much at least; the process must not hang in a write. */
static size_t at_once(int fd, size_t size)
{
	struct stat st;
	bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	return is_file || size < PIPE_BUF ? size : PIPE_BUF;
}

/* Nobody takes it any more. What was meant for messages has no one to be told. */
static void on_broken(struct session *s, int fd, int error)
{
	s->broken[fd] = true;
	if (fd != 1)
		return;
	s->write_error = error;
	put_number(s, 'B', (uint32_t)error);
}

static void on_output(struct session *s)
{
	int fd = output_fd(s);
	size_t left = s->output.size - s->written;

	while (left && !s->broken[fd]) {
		ssize_t put = write(fd, s->output.payload + s->written, at_once(fd, left));

		if (put < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (put < 0)
			on_broken(s, fd, errno);
		else {
			s->written += (size_t)put;
			return;
		}
	}
	s->written = s->output.size;
}

static void on_frame(struct session *s, const struct stream_frame *frame)
{
	char text[STREAM_TEXT + 1] = "";

	switch (frame->type) {
	case 'W':
		s->allowance += stream_read_number(frame->payload);
		break;
	case 'M': /* what was allowed to be read was allowed in the mode before */
		s->allowance = 0;
		terminal_raw(stream_read_number(frame->payload));
		break;
	case 'X':
		memcpy(text, frame->payload, frame->size);
		s->ended = sscanf(text, "status=%d", &s->status) == 1;
		break;
	default:
		s->output = *frame;
		s->written = 0;
	}
}

static void drop(struct session *s, size_t size)
{
	s->in_size -= size;
	memmove(s->in, s->in + size, s->in_size);
}

/* Takes the frames that are there, up to one whose output is to be written first. */
static errint_t take_frames(struct session *s)
{
	struct stream_frame frame;

	while (!s->ended) {
		if (s->output.type && s->written < s->output.size)
			return 0;
		if (s->output.type)
			drop(s, STREAM_HEADER + s->output.size);
		s->output = (struct stream_frame){0};
		ssize_t size = stream_parse(s->in, s->in_size, FROM_SERVER, &frame);
		if (size <= 0)
			return (errint_t)size;
		on_frame(s, &frame);
		if (!s->output.type)
			drop(s, (size_t)size);
	}
	return 0;
}

static errint_t on_server(struct session *s)
{
	ssize_t got = recv(s->server, s->in + s->in_size, sizeof(s->in) - s->in_size, 0);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got <= 0)
		return got ? -errno : -ECONNRESET;
	s->in_size += (size_t)got;
	return 0;
}

static errint_t flush(struct session *s)
{
	ssize_t sent = s->out_size ? send(s->server, s->out, s->out_size, MSG_NOSIGNAL) : 0;

	if (sent < 0 && errno == EPIPE) /* what it said last is still to be read */
		sent = (ssize_t)s->out_size;
	if (sent < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	s->out_size -= (size_t)sent;
	memmove(s->out, s->out + sent, s->out_size);
	return 0;
}

static errint_t step(struct session *s)
{
	bool waits = s->output.type && s->written < s->output.size;
	struct pollfd all[] = {
		{heard[0], POLLIN, 0},
		{waits && s->out_size == 0 ? -1 : s->server, (waits ? 0 : POLLIN) | (s->out_size ? POLLOUT : 0), 0},
		{may_read(s) ? 0 : -1, POLLIN, 0},
		{waits ? output_fd(s) : -1, POLLOUT, 0},
	};
	errint_t code = 0;

	if (poll(all, sizeof(all) / sizeof(*all), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (all[0].revents)
		on_signals(s);
	if (all[3].revents)
		on_output(s);
	if (all[2].revents)
		on_input(s);
	if (!waits && all[1].revents & (POLLIN | POLLHUP | POLLERR))
		code = on_server(s);
	code = code ? code : take_frames(s);
	return code ? code : flush(s);
}

/* A signal that whoever started us ignores stays ignored. */
static errint_t hear_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGWINCH, SIGCONT};

	if (pipe2(heard, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct sigaction before, ours = {.sa_handler = hear};

		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(numbers[i], &ours, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int ended(const struct session *s, errint_t code)
{
	if (code) {
		fprintf(stderr, "mica: the server ended before the command did: %s\n", strerror(-code));
		return 1;
	}
	if (!s->write_error || s->write_error == EPIPE)
		return s->status;
	fprintf(stderr, "mica: cannot write to standard output: %s\n", strerror(s->write_error));
	return s->status ? s->status : 1;
}

errint_t session_run(int server, const struct request *request, int *status)
{
	cleanup_free struct session *s = calloc(1, sizeof(*s));
	errint_t code = s ? ask(server, request) : -ENOMEM;

	if (code)
		return code;
	s->server = server;
	code = hear_signals();
	while (!code && !s->ended)
		code = step(s);
	terminal_raw(false);
	*status = ended(s, code);
	return 0;
}
