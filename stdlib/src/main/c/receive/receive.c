/*
 * receive.c - receives a layer that a guest sends. A thread parses the frames of the session, and what they carry goes
 * through a pair of sockets to the reader of tars.
 */
#include "base.h"
#include "listen.h"
#include "remove.h"
#include "stream/frame.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#define BEGIN_MS 60000
#define WORDS 1024

struct receiver {
	int port; /* the session */
	int to;	  /* the socket that the layer is written to */
	const uint8_t *token;
	bool greeted, ended;
	uint32_t status;
	errint_t code; /* why it stopped before the end */
	char said[WORDS + 1];
	size_t said_len;
	size_t from, len;
	uint8_t bytes[2 * STREAM_FRAME];
};

static errint_t send_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

static void take_words(struct receiver *r, const struct stream_frame *frame)
{
	size_t room = WORDS - r->said_len, len = frame->size < room ? frame->size : room;

	memcpy(r->said + r->said_len, frame->payload, len);
	r->said_len += len;
}

static void take_end(struct receiver *r, const struct stream_frame *frame)
{
	char text[STREAM_TEXT + 1];

	memcpy(text, frame->payload, frame->size);
	text[frame->size] = 0;
	r->ended = true;
	if (sscanf(text, "status=%" SCNu32, &r->status) != 1)
		r->code = -EPROTO;
}

static void take_frame(struct receiver *r, const struct stream_frame *frame)
{
	switch (frame->type) {
	case 'O':
		r->code = send_all(r->to, frame->payload, frame->size);
		break;
	case 'E':
		take_words(r, frame);
		break;
	case 'X':
		take_end(r, frame);
		break;
	default: /* S, W: they need no answer */
		break;
	}
}

/* Ours answers the guest's greeting, as the protocol requires: if it came earlier, it could be lost. */
static void greet(struct receiver *r)
{
	uint8_t greeting[STREAM_GREETING];
	size_t skipped = stream_skip(r->bytes + r->from, r->len, r->token, &r->greeted);

	r->from += skipped;
	r->len -= skipped;
	if (r->greeted) {
		stream_greeting(greeting, r->token);
		r->code = send_all(r->port, greeting, sizeof(greeting));
	}
}

static void take_frames(struct receiver *r)
{
	struct stream_frame frame;
	ssize_t length = 0;

	if (!r->greeted)
		greet(r);
	while (r->greeted && !r->code && !r->ended &&
	       (length = stream_parse(r->bytes + r->from, r->len, STREAM_FROM_GUEST, &frame)) > 0) {
		take_frame(r, &frame);
		r->from += (size_t)length;
		r->len -= (size_t)length;
	}
	if (length < 0)
		r->code = -EPROTO;
}

static void read_more(struct receiver *r)
{
	struct pollfd port = {r->port, POLLIN, 0};
	ssize_t got;

	if (!r->greeted && poll(&port, 1, BEGIN_MS) == 0) {
		r->code = -ETIMEDOUT;
		return;
	}
	memmove(r->bytes, r->bytes + r->from, r->len);
	r->from = 0;
	got = recv(r->port, r->bytes + r->len, sizeof(r->bytes) - r->len, 0);
	if (got > 0)
		r->len += (size_t)got;
	else if (got == 0)
		r->code = -EPIPE;
	else if (errno != EINTR)
		r->code = -errno;
}

static void *receive(void *of)
{
	struct receiver *r = of;

	while (!r->code && !r->ended) {
		read_more(r);
		if (!r->code)
			take_frames(r);
	}
	shutdown(r->to, SHUT_RDWR); /* the end of the tar, or of the session */
	return NULL;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads the check from the guest's standard error, which has it if all went well. */
static bool read_check(const char *said, uint8_t check[MICA_CHECK])
{
	if (strncmp(said, "check=", 6) != 0)
		return false;
	said += 6;
	for (size_t i = 0; i < MICA_CHECK; i++) {
		int high = hex_digit(said[2 * i]), low = high < 0 ? -1 : hex_digit(said[2 * i + 1]);

		if (low < 0)
			return false;
		check[i] = (uint8_t)(high << 4 | low);
	}
	return said[2 * MICA_CHECK] == ' ';
}

/* The result of the session. The error of the tar's reader is reported if it is the cause and not the effect. */
static errint_t verdict(struct receiver *r, const char *dest, errint_t read, struct mica_error *err)
{
	struct mica_error none;

	if (r->ended && !r->code && r->status != 0) {
		r->said[strcspn(r->said, "\n")] = 0;
		mica_error_clear(err);
		return mica_fail_note(err, -EREMOTEIO, "receive", dest, "the guest says: %.400s",
				      *r->said ? r->said : "it was ended");
	}
	if (read < 0 && read != -EBADMSG)
		return read;
	if (r->code == -EPIPE || r->code == -ECONNRESET || r->code == -ETIMEDOUT || r->code == -EPROTO) {
		mica_error_clear(&none);
		if (err)
			*err = none;
		return mica_fail_note(err, r->code == -ECONNRESET ? -EPIPE : r->code, "receive", dest, "%s",
				      r->code == -ETIMEDOUT ? "the guest does not begin"
				      : r->code == -EPROTO  ? "the guest breaks the protocol"
							    : "the guest went away before the end");
	}
	return read;
}

static errint_t compare(struct receiver *r, const char *dest, struct mica_totals *totals, struct mica_job *job,
			struct mica_error *err)
{
	const char *const layers[] = {dest};
	const struct mica_tree tree = {.layers = layers, .count = 1, .kind = MICA_TREE_PLAIN};
	uint8_t told[MICA_CHECK], check[MICA_CHECK];
	errint_t code;

	if (!read_check(r->said, told))
		return mica_fail_note(err, -EBADMSG, "receive", dest, "the guest tells no check");
	code = mica_check(&tree, check, totals, job, err);
	if (code == 0 && memcmp(told, check, sizeof(told)) != 0)
		code = mica_fail_note(err, -EBADMSG, "compare", dest, "it is not what the guest has");
	return code;
}

static errint_t receive_into(struct receiver *r, int from, const char *dest, const struct mica_tar_limits *limits,
			     uint32_t flags, struct mica_job *job, struct mica_error *err)
{
	struct mica_tar tar;
	pthread_t thread;
	errint_t code = -pthread_create(&thread, NULL, receive, r);

	if (code < 0)
		return mica_fail(err, code, "start threads", dest);
	code = mica_tar_read(NULL, from, dest, limits, (flags & MICA_SYNC) | MICA_LAYER_EXACT, &tar, NULL, job, err);
	if (code < 0) { /* the thread may be waiting for the guest, or for us */
		shutdown(from, SHUT_RDWR);
		if (code != -EBADMSG)
			shutdown(r->port, SHUT_RDWR);
	}
	pthread_join(thread, NULL);
	return code;
}

static void take_back(const char *dest)
{
	struct mica_error unused;

	mica_error_clear(&unused);
	mica_discard(dest, NULL, &unused);
}

errint_t mica_receive_layer(const char *socket, int32_t peer, const uint8_t token[16], const char *dest,
			    const struct mica_tar_limits *limits, uint32_t flags, struct mica_totals *totals,
			    struct mica_job *job, struct mica_error *err)
{
	cleanup_free struct receiver *r = calloc(1, sizeof(*r));
	cleanup_fd int port = -1, from = -1, to = -1;
	int ends[2];
	errint_t code;

	mica_error_clear(err);
	if (!r)
		return mica_fail(err, -ENOMEM, "receive", dest);
	code = mica_connect(socket, &port, err);
	if (code == 0)
		code = mica_check_peer(port, peer, socket, err);
	if (code == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		code = mica_fail(err, -errno, "receive", dest);
	if (code < 0)
		return code;
	from = ends[0];
	to = ends[1];
	*r = (struct receiver){.port = port, .to = to, .token = token};
	code = receive_into(r, from, dest, limits, flags, job, err);
	if (code < 0 || r->code < 0 || r->status) {
		bool made = code == 0;

		code = verdict(r, dest, code, err);
		if (made)
			take_back(dest);
		return code < 0 ? code : mica_fail(err, -EIO, "receive", dest);
	}
	code = compare(r, dest, totals, job, err);
	if (code < 0)
		take_back(dest);
	return code;
}
