#include "network/outward.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define ROOM (1u << 20)
#define TURNS 8

/* The largest frame of QEMU: 64 KiB, a header, and what a card may put before it. */
#define LARGEST (72u << 10)

errint_t frames_open(struct frames *frames, struct mica_error *err)
{
	frames->bytes = malloc(ROOM);
	return frames->bytes ? 0 : mica_fail(err, -ENOMEM, "make room for", "frames");
}

bool frames_wait(const struct frames *frames)
{
	return frames->checked > frames->start;
}

/* Checks frames as long as they are complete and may go out. */
static errint_t check(struct frames *frames, const struct own *own)
{
	uint32_t size;

	while (frames->end - frames->checked >= sizeof(size)) {
		memcpy(&size, frames->bytes + frames->checked, sizeof(size));
		size = ntohl(size);
		if (size > LARGEST)
			return -EPROTO;
		if (frames->end - frames->checked - sizeof(uint32_t) < size)
			return 0;
		if (filter_passes(frames->bytes + frames->checked + sizeof(uint32_t), size, own)) {
			frames->checked += sizeof(uint32_t) + size;
		} else if (frames_wait(frames)) {
			return 0; /* the frames before it go out first */
		} else {
			frames->checked += sizeof(uint32_t) + size;
			frames->start = frames->checked;
		}
	}
	return 0;
}

static errint_t send_checked(struct frames *frames, struct end *out)
{
	while (frames_wait(frames)) {
		ssize_t sent = send(out->fd, frames->bytes + frames->start, frames->checked - frames->start,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		frames->start += (size_t)sent;
	}
	return 0;
}

/* An incomplete frame may have to be moved to the front. */
static errint_t read_more(struct frames *frames, struct end *machine)
{
	if (frames->start) {
		memmove(frames->bytes, frames->bytes + frames->start, frames->end - frames->start);
		frames->end -= frames->start;
		frames->checked -= frames->start;
		frames->start = 0;
	}
	ssize_t got = recv(machine->fd, frames->bytes + frames->end, ROOM - frames->end, MSG_DONTWAIT);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	machine->ended |= !got;
	frames->end += (size_t)got;
	return 0;
}

/* A frame that may go out can follow one that may not: nothing is read before both are handled. */
static errint_t carry_all(struct frames *frames, const struct own *own, struct end *out)
{
	errint_t failed = 0;
	size_t before;

	do {
		before = frames->checked;
		failed = check(frames, own);
		if (!failed)
			failed = send_checked(frames, out);
	} while (!failed && frames->checked > before);
	return failed;
}

errint_t frames_carry(struct frames *frames, const struct own *own, struct end *machine, struct end *out)
{
	errint_t failed = carry_all(frames, own, out);

	for (unsigned turn = 0; !failed && !machine->ended && turn < TURNS; turn++) {
		failed = read_more(frames, machine);
		if (!failed)
			failed = carry_all(frames, own, out);
	}
	return failed == -EAGAIN ? 0 : failed;
}
