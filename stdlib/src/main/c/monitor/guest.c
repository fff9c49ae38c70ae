#include "monitor/guest.h"

#include <sys/socket.h>

bool guest_has_room(const struct guest *guest)
{
	return !guest->gone && guest->size < sizeof(guest->bytes);
}

void guest_read(struct guest *guest, int fd)
{
	ssize_t got;

	if (!guest_has_room(guest))
		return;
	got = recv(fd, guest->bytes + guest->size, sizeof(guest->bytes) - guest->size, MSG_DONTWAIT);
	if (got > 0)
		guest->size += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		guest->gone = true;
}

static void forget(struct guest *guest, size_t size)
{
	guest->size -= size;
	memmove(guest->bytes, guest->bytes + size, guest->size);
}

/* A guest allows at most as many bytes as it can keep. If it allows more, it harms only itself. */
static void allow(struct to_guest *to, const struct stream_frame *frame)
{
	uint32_t more = stream_read_number(frame->payload);

	to->allowance = to->allowance > UINT32_MAX ? to->allowance : to->allowance + more;
}

/* Returns false if the guest may not send such a frame. */
static bool take_frame(const struct stream_frame *frame, struct log *log, struct clients *clients)
{
	switch (frame->type) {
	case 'W':
		allow(&clients->attached.to, frame);
		return true;
	case 'S':
		if (clients->attached.started)
			return false;
		clients_start(clients, frame);
		return true;
	default:
		log_take(log, frame->type == 'O' ? LOG_STDOUT : LOG_STDERR, frame->payload, frame->size);
		clients_put(clients, frame);
		return true;
	}
}

static enum guest_state take_frames(struct guest *guest, size_t *done, struct log *log, struct clients *clients,
				    struct ended *ended, struct stream_frame *last)
{
	struct stream_frame frame;
	ssize_t length;

	while ((length = stream_parse(guest->bytes + *done, guest->size - *done, STREAM_FROM_GUEST, &frame)) > 0) {
		if (frame.type == 'X') {
			*last = frame;
			if (ended_parse(frame.payload, frame.size, ended))
				return GUEST_ENDED;
			length = -EPROTO;
			break;
		}
		if (!clients_have_room(clients, (size_t)length))
			return GUEST_HELD;
		if (!take_frame(&frame, log, clients)) {
			length = -EPROTO;
			break;
		}
		*done += (size_t)length;
	}
	if (length == 0 && !guest->gone)
		return GUEST_WAITED_FOR;
	if (length < 0)
		log_say(log, "the guest broke the protocol");
	return GUEST_LOST;
}

enum guest_state guest_take(struct guest *guest, struct log *log, struct clients *clients, struct ended *ended,
			    struct stream_frame *last)
{
	enum guest_state state;
	size_t done = 0;

	if (!guest->greeted)
		forget(guest, stream_skip(guest->bytes, guest->size, guest->token, &guest->greeted));
	if (!guest->greeted)
		return guest->gone ? GUEST_LOST : GUEST_WAITED_FOR;
	state = take_frames(guest, &done, log, clients, ended, last);
	if (state != GUEST_ENDED)
		forget(guest, done);
	return state;
}
