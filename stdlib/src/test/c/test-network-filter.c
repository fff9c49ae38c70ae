/* What a machine may send out, frame by frame; and that frames which may not are left out wherever a read ends. */
#include "tap.h"

#include "network/outward.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define OWN "198.51.100.2"
#define OTHER "203.0.113.1"
#define HEAD (14 + 20)

static struct own own;

struct packet {
	const char *to;
	uint8_t protocol, flags; /* TCP's */
	uint16_t type, fragment;
};

/* A frame of 60 bytes, as a card makes it at least. */
static size_t build(const struct packet *packet, uint8_t *frame)
{
	memset(frame, 0, 60);
	frame[12] = (uint8_t)(packet->type >> 8);
	frame[13] = (uint8_t)packet->type;
	frame[14] = 0x45;
	frame[20] = (uint8_t)(packet->fragment >> 8);
	frame[21] = (uint8_t)packet->fragment;
	frame[23] = packet->protocol;
	inet_pton(AF_INET, packet->to, frame + 30);
	frame[HEAD + 12] = 0x50;
	frame[HEAD + 13] = packet->flags;
	return 60;
}

static bool passes(struct packet packet)
{
	uint8_t frame[60];

	packet.type = packet.type ? packet.type : 0x0800;
	packet.protocol = packet.protocol ? packet.protocol : IPPROTO_TCP;
	return filter_passes(frame, build(&packet, frame), &own);
}

static void test_filter(void)
{
	uint8_t frame[60] = {0};
	struct packet plain = {.to = OTHER, .type = 0x0800, .protocol = IPPROTO_TCP, .flags = 2};

	ok(passes((struct packet){.to = OTHER, .flags = 2}), "a connection to another host");
	ok(passes((struct packet){.to = OTHER, .protocol = IPPROTO_UDP}), "a datagram to another host");
	ok(passes((struct packet){.to = "10.0.2.2", .flags = 0x10}), "an answer to the gateway");
	ok(passes((struct packet){.to = OTHER, .type = 0x0806}), "ARP");
	ok(!passes((struct packet){.to = OTHER, .type = 0x86dd}), "no IPv6");
	ok(!passes((struct packet){.to = OTHER, .type = 0x8100}), "no VLAN");
	ok(!passes((struct packet){.to = "127.0.0.1", .flags = 2}), "no connection to the host's loopback");
	ok(!passes((struct packet){.to = "127.1.2.3", .flags = 0x10}), "nor anything else to any of it");
	ok(!passes((struct packet){.to = "0.0.0.0", .flags = 2}), "nor by the address of nobody");
	ok(!passes((struct packet){.to = "0.1.2.3", .flags = 2}), "nor of nobody's network");
	ok(!passes((struct packet){.to = "224.0.0.251", .protocol = IPPROTO_UDP}), "nothing to many");
	ok(!passes((struct packet){.to = "255.255.255.255", .protocol = IPPROTO_UDP}), "nothing to all");
	ok(!passes((struct packet){.to = OWN, .flags = 2}), "no connection to the host's own address");
	ok(passes((struct packet){.to = OWN, .flags = 0x12}), "but an answer to one from there");
	ok(passes((struct packet){.to = OWN, .flags = 0x10}), "and what follows it");
	ok(!passes((struct packet){.to = OWN, .protocol = IPPROTO_UDP}), "no datagram to it");
	ok(!passes((struct packet){.to = OWN, .protocol = IPPROTO_ICMP}), "no ping of it");
	ok(!passes((struct packet){.to = OTHER, .flags = 2, .fragment = 0x2000}), "no first part of a packet");
	ok(!passes((struct packet){.to = OTHER, .flags = 2, .fragment = 1}), "no other part of one");
	build(&plain, frame);
	for (size_t size = 0; size < HEAD; size++)
		if (filter_passes(frame, size, &own))
			ok(false, "a packet of %zu bytes passes", size);
	frame[14] = 0x4f;
	ok(!filter_passes(frame, 60, &own), "no packet whose head is longer than it");
	frame[14] = 0x44;
	ok(!filter_passes(frame, 60, &own), "none whose head is too short");
	plain.to = OWN;
	build(&plain, frame);
	ok(!filter_passes(frame, HEAD + 13, &own), "no connection that is not said whole");
}

/* Every other frame may go out; written in pieces of each length up to twice a frame's. */
static void test_frames(void)
{
	struct packet good = {.to = OTHER, .type = 0x0800, .protocol = IPPROTO_UDP}, bad = good;
	uint8_t stream[10][64], got[sizeof(stream)];
	uint32_t size = htonl(60);
	bool held = true;

	bad.to = "127.0.0.1";
	for (unsigned i = 0; i < 10; i++) {
		memcpy(stream[i], &size, sizeof(size));
		build(i % 2 ? &good : &bad, stream[i] + 4);
		stream[i][60] = (uint8_t)i;
	}
	for (size_t piece = 1; piece <= 128; piece++) {
		int in[2], out[2];
		struct end machine = {0}, passt = {0};
		struct frames frames = {0};

		socketpair(AF_UNIX, SOCK_STREAM, 0, in);
		socketpair(AF_UNIX, SOCK_STREAM, 0, out);
		machine.fd = in[1];
		passt.fd = out[0];
		held = held && !frames_open(&frames, NULL);
		for (size_t at = 0; at < sizeof(stream); at += piece) {
			size_t part = sizeof(stream) - at < piece ? sizeof(stream) - at : piece;

			held = held && write(in[0], (uint8_t *)stream + at, part) == (ssize_t)part &&
			       !frames_carry(&frames, &own, &machine, &passt);
		}
		held = held && recv(out[1], got, sizeof(got), MSG_DONTWAIT) == 5 * 64 && !frames_wait(&frames);
		for (unsigned i = 0; i < 5; i++)
			held = held && !memcmp(got + i * 64, stream[2 * i + 1], 64);
		for (unsigned i = 0; i < 2; i++) {
			close(in[i]);
			close(out[i]);
		}
		free(frames.bytes);
	}
	ok(held, "frames that may go out go out whole and in order, and no others");
}

static void test_too_large(void)
{
	struct frames frames = {0};
	uint32_t size = htonl(1u << 20);
	int in[2], out[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, in);
	socketpair(AF_UNIX, SOCK_STREAM, 0, out);
	struct end machine = {.fd = in[1]}, passt = {.fd = out[0]};
	ok(!frames_open(&frames, NULL) && write(in[0], &size, sizeof(size)) == sizeof(size) &&
		   frames_carry(&frames, &own, &machine, &passt) == -EPROTO,
	   "a frame of a size that there is none of ends it");
	for (unsigned i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	free(frames.bytes);
}

int main(void)
{
	in_addr_t address;

	inet_pton(AF_INET, OWN, &address);
	own.addresses = &address;
	own.count = 1;
	test_filter();
	test_frames();
	test_too_large();
	return done();
}
