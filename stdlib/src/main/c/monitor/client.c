#include "monitor/client.h"

#include <sys/socket.h>

struct client *client_new(int fd)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client)
		client->fd = fd;
	return client;
}

bool client_read(struct client *client)
{
	ssize_t got;

	if (client->in_size == sizeof(client->in))
		return true;
	got = recv(client->fd, client->in + client->in_size, sizeof(client->in) - client->in_size, MSG_DONTWAIT);
	if (got > 0)
		client->in_size += (size_t)got;
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* The client gets what comes from now on; if the container has ended, it gets that. */
static void greet(struct client *client, const struct attached *attached, const uint8_t token[STREAM_TOKEN])
{
	client->greeted = true;
	client->at = client->boundary = attached->over ? attached->last : attached->ring.head;
	client->owes_start = attached->started;
	client->owed = attached->takes_input ? INPUT_ROOM : 0;
	stream_greeting(client->own, token);
	client->own_size = STREAM_GREETING;
}

static bool take_input(struct client *client, const struct stream_frame *frame)
{
	if (frame->size > client->promised)
		return false;
	client->promised -= frame->size;
	input_take(&client->input, frame->payload, frame->size);
	return true;
}

static bool become_reliable(struct client *client, struct attached *attached)
{
	if (attached->reliable)
		return false;
	attached->reliable = client;
	client->owes_reliable = true;
	return true;
}

/* If a client only looks on, the end of its input is not the end of the container's. */
static void take_end(struct client *client, const struct attached *attached)
{
	if (attached->takes_input && attached->reliable == client)
		input_end(&client->input);
}

static bool take_frame(struct client *client, struct attached *attached, const struct stream_frame *frame)
{
	switch (frame->type) {
	case 'H':
		greet(client, attached, frame->payload);
		return true;
	case 'R':
		return become_reliable(client, attached);
	case 'I':
		return take_input(client, frame);
	case 'C':
		take_end(client, attached);
		return true;
	case 'Z':
		to_guest_window(&attached->to, frame->payload);
		return true;
	default:
		client->waits_for_room = !to_guest_put(&attached->to, 'K', frame->payload, frame->size);
		return true;
	}
}

bool client_take(struct client *client, struct attached *attached)
{
	struct stream_frame frame;
	size_t done = 0;
	ssize_t length;

	client->waits_for_room = false;
	while ((length = stream_parse(client->in + done, client->in_size - done,
				      client->greeted ? STREAM_FROM_HOST "R" : "H", &frame)) > 0) {
		/* After the end there is no guest to which a frame could be sent. */
		if ((!attached->over || frame.type == 'H') && !take_frame(client, attached, &frame))
			return false;
		if (client->waits_for_room)
			break;
		done += (size_t)length;
	}
	client->in_size -= done;
	memmove(client->in, client->in + done, client->in_size);
	return length >= 0;
}

static bool owes(const struct client *client)
{
	return client->owes_start || client->owes_reliable || client->owed;
}

bool client_is_behind(const struct client *client, const struct attached *attached)
{
	return client->greeted && (client->own_size || owes(client) || client->at < attached->ring.head);
}

static void add(struct client *client, char type, const void *payload, uint32_t size)
{
	stream_header(client->own + client->own_size, type, size);
	memcpy(client->own + client->own_size + STREAM_HEADER, payload, size);
	client->own_size += STREAM_HEADER + size;
}

/* Puts the client's own frames between two frames of the guest. */
static void compose(struct client *client, const struct attached *attached)
{
	if (client->owes_reliable)
		add(client, 'R', "", 0);
	if (client->owes_start)
		add(client, 'S', attached->started_text, attached->started_size);
	if (client->owed) {
		stream_number(client->own + client->own_size, 'W', client->owed);
		client->own_size += STREAM_NUMBER;
		client->promised += client->owed;
	}
	client->owes_reliable = client->owes_start = false;
	client->owed = 0;
}

static ssize_t send_own(struct client *client)
{
	ssize_t put = send(client->fd, client->own + client->own_sent, client->own_size - client->own_sent,
			   MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put > 0)
		client->own_sent += (size_t)put;
	if (client->own_sent == client->own_size)
		client->own_size = client->own_sent = 0;
	return put;
}

static ssize_t send_shared(struct client *client, const struct ring *ring)
{
	struct iovec pieces[2];
	uint64_t until = owes(client) ? client->boundary : ring->head;
	struct msghdr message = {
		.msg_iov = pieces,
		.msg_iovlen = (size_t)ring_at(ring, client->at, (size_t)(until - client->at), pieces),
	};
	ssize_t put = sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put > 0)
		client->at += (uint64_t)put;
	while (client->boundary < client->at)
		client->boundary += ring_frame(ring, client->boundary);
	return put;
}

bool client_send(struct client *client, const struct attached *attached)
{
	ssize_t put = 0;

	while (put >= 0 && client_is_behind(client, attached)) {
		if (client->at == client->boundary && !client->own_sent && owes(client) &&
		    client->own_size <= STREAM_GREETING)
			compose(client, attached);
		put = client->own_size ? send_own(client) : send_shared(client, &attached->ring);
	}
	return put >= 0 || errno == EAGAIN || errno == EINTR;
}
