/*
 * What the monitor hears of a guest and of clients: any bytes, in any order. What it passes on must be frames, whatever
 * it was told, and its log whole records with all that the guest said.
 *
 * An input is a list of steps: who (a byte), how many bytes (two, big-endian), and these bytes.
 */
#include "monitor/monitor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define PEERS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Who hears frames, and takes them apart again. */
struct ear {
	int fd;
	size_t size;
	uint8_t bytes[2 * STREAM_FRAME];
};

static struct guest guest;
static struct clients clients;
static struct log log_;
static struct ear ears[PEERS];
static uint64_t said; /* bytes of output that were taken */
static bool over;

static void require(bool good)
{
	if (!good)
		abort();
}

static void hear(struct ear *ear, const char *types)
{
	struct stream_frame frame;
	ssize_t got, length;
	size_t done = 0;

	got = recv(ear->fd, ear->bytes + ear->size, sizeof(ear->bytes) - ear->size, MSG_DONTWAIT);
	if (got > 0)
		ear->size += (size_t)got;
	while ((length = stream_parse(ear->bytes + done, ear->size - done, types, &frame)) > 0)
		done += (size_t)length;
	require(length == 0);
	ear->size -= done;
	memmove(ear->bytes, ear->bytes + done, ear->size);
}

static void attach(struct ear *ear)
{
	int ends[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
	clients_add(&clients, ends[0]);
	*ear = (struct ear){.fd = ends[1]};
}

static void check_positions(void)
{
	const struct ring *ring = &clients.attached.ring;

	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct client *c = clients.all[i];

		if (!c)
			continue;
		require(c->input.taken - c->input.given + c->promised + c->owed <= INPUT_ROOM);
		require(c->fd < 0 || !c->greeted ||
			(c->at <= ring->head && ring->head - c->at <= RING && c->boundary >= c->at &&
			 c->boundary <= ring->head));
	}
}

/* What goes to the guest is frames too, and the guest takes them. */
static void drain_to_guest(void)
{
	struct to_guest *to = &clients.attached.to;
	struct stream_frame frame;
	ssize_t length;

	for (size_t done = 0; done < to->size; done += (size_t)length) {
		length = stream_parse(to->bytes + done, to->size - done, STREAM_FROM_HOST, &frame);
		require(length > 0);
	}
	to->size = 0;
}

/* The output among the frames that were taken: those that are no longer in the buffer. */
static uint64_t output_in(const uint8_t *bytes, size_t size)
{
	struct stream_frame frame;
	uint64_t all = 0;
	ssize_t length;

	for (size_t done = 0; (length = stream_parse(bytes + done, size - done, STREAM_FROM_GUEST, &frame)) > 0;
	     done += (size_t)length)
		if (frame.type == 'O' || frame.type == 'E')
			all += frame.size;
	return all;
}

static void take_from_guest(void)
{
	struct ended ended;
	struct stream_frame last;
	enum guest_state state;
	uint64_t before = guest.greeted ? output_in(guest.bytes, guest.size) : 0;
	bool greeted = guest.greeted;

	if (over)
		return;
	state = guest_take(&guest, &log_, &clients, &ended, &last);
	/* In one step with its greeting it is not known here what was said. */
	if (greeted && state == GUEST_WAITED_FOR)
		said += before;
	else if (!greeted || state != GUEST_HELD)
		said = UINT64_MAX;
	else
		said += before - output_in(guest.bytes, guest.size);
	if (state == GUEST_ENDED || state == GUEST_LOST) {
		clients_finish(&clients, state == GUEST_ENDED ? &last : NULL);
		over = true;
	}
}

static void pump(void)
{
	take_from_guest();
	clients_pump(&clients);
	if (clients.attached.to.size > TO_GUEST_ROOM / 2)
		drain_to_guest();
	check_positions();
	log_flush(&log_, 0);
}

static void step(unsigned who, const uint8_t *data, size_t size)
{
	if (who % 8 == 0 && size <= sizeof(guest.bytes) - guest.size) {
		memcpy(guest.bytes + guest.size, data, size);
		guest.size += size;
	} else if (who % 8 <= PEERS && who % 8) {
		(void)!send(ears[who % 8 - 1].fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		for (unsigned i = 0; i < CLIENTS; i++)
			clients_read(&clients, i);
	} else if (who % 8 == 5) {
		for (unsigned i = 0; i < PEERS; i++)
			hear(&ears[i], "HRWSOEX");
	} else if (who % 8 == 6) {
		close(ears[who / 8 % PEERS].fd);
		attach(&ears[who / 8 % PEERS]);
	} else if (who % 8 == 7)
		drain_to_guest();
	pump();
}

static void check_log(void)
{
	off_t end;
	char *text;
	uint64_t all = 0;

	log_finish(&log_);
	require(log_.lost.records == 0);
	end = lseek(log_.fd, 0, SEEK_END);
	if (!end) {
		require(said == UINT64_MAX || !said);
		return;
	}
	text = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, log_.fd, 0);
	require(text != MAP_FAILED);
	for (const char *at = text; at < text + end;) {
		const char *newline = memchr(at, '\n', (size_t)(text + end - at));
		require(newline && newline - at >= LOG_HEAD && newline - at <= LOG_HEAD + LOG_PART);
		require(at[38] == 'F' || at[38] == 'P');
		all += (uint64_t)(newline - at) - LOG_HEAD + (at[38] == 'F');
		at = newline + 1;
	}
	require(said == UINT64_MAX || all == said);
	munmap(text, (size_t)end);
}

static void begin(void)
{
	static int file = -1;

	if (file < 0)
		file = memfd_create("log", MFD_CLOEXEC);
	require(file >= 0 && ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
	memset(&guest, 0, offsetof(struct guest, bytes));
	clients.attached.ring.head = RING - 100; /* not far from where it begins anew */
	clients.attached.takes_input = true;
	log_ = (struct log){.dir = -1, .fd = file, .limit = UINT64_MAX, .files = 1};
	said = 0;
	over = false;
	for (unsigned i = 0; i < PEERS; i++)
		attach(&ears[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	if (size && *data & 0x80)
		guest.greeted = true;
	for (size_t at = 0; size - at >= 3;) {
		size_t length = (size_t)data[at + 1] << 8 | data[at + 2], rest = size - at - 3;

		length = length < rest ? length : rest;
		step(data[at] & 0x7f, data + at + 3, length);
		at += 3 + length;
	}
	check_log();
	clients_close(&clients);
	memset(&clients.attached.to, 0, offsetof(struct to_guest, bytes));
	clients.attached.started = clients.attached.over = false;
	for (unsigned i = 0; i < PEERS; i++)
		close(ears[i].fd);
	return 0;
}
