#include "monitor/to-guest.h"

#include <sys/socket.h>

size_t to_guest_input_room(const struct to_guest *to)
{
	const size_t taken = to->size + TO_GUEST_KEPT + STREAM_HEADER;
	size_t room = taken < sizeof(to->bytes) ? sizeof(to->bytes) - taken : 0;

	room = room < STREAM_PAYLOAD ? room : STREAM_PAYLOAD;
	return room < to->allowance ? room : (size_t)to->allowance;
}

uint8_t *to_guest_input(struct to_guest *to, size_t size)
{
	uint8_t *at = to->bytes + to->size;

	stream_header(at, 'I', (uint32_t)size);
	to->size += STREAM_HEADER + size;
	to->allowance -= size;
	return at + STREAM_HEADER;
}

bool to_guest_put(struct to_guest *to, char type, const void *payload, size_t size)
{
	if (STREAM_HEADER + size > sizeof(to->bytes) - to->size)
		return false;
	stream_header(to->bytes + to->size, type, (uint32_t)size);
	memcpy(to->bytes + to->size + STREAM_HEADER, payload, size);
	to->size += STREAM_HEADER + size;
	return true;
}

void to_guest_window(struct to_guest *to, const uint8_t payload[4])
{
	memcpy(to->window, payload, sizeof(to->window));
	to->has_window = true;
}

bool to_guest_send(struct to_guest *to, int fd)
{
	ssize_t put;

	if (to->has_window && to_guest_put(to, 'Z', to->window, sizeof(to->window)))
		to->has_window = false;
	if (!to->size)
		return true;
	put = send(fd, to->bytes, to->size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (put < 0)
		return errno == EAGAIN || errno == EINTR;
	to->size -= (size_t)put;
	memmove(to->bytes, to->bytes + put, to->size);
	return true;
}
