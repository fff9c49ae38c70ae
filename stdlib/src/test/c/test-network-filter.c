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

/* A datagram of 8 bytes from one end to the other. */
static void build_datagram(uint8_t *frame, const char *from, uint16_t source, const char *to, uint16_t dest)
{
	struct packet packet = {.to = to, .type = 0x0800, .protocol = IPPROTO_UDP};
	uint16_t ports[] = {htons(source), htons(dest)};

	build(&packet, frame);
	inet_pton(AF_INET, from, frame + 26);
	memcpy(frame + HEAD, ports, sizeof(ports));
}

static bool answers(const char *to, uint16_t source, uint16_t dest)
{
	uint8_t frame[60];

	build_datagram(frame, "10.0.2.15", source, to, dest);
	return filter_passes(frame, sizeof(frame), &own);
}

/* Large frames and empty ones lie around it, and it comes in pieces of each length. */
static void test_heard(void)
{
	static uint8_t stream[4 + 9000 + 4 + 4 + 60 + 4 + 200];
	static const uint32_t sizes[] = {9000, 0, 60, 200};
	bool before = true, after = true;

	for (size_t i = 0, at = 0; i < 4; at += 4 + sizes[i++]) {
		uint32_t size = htonl(sizes[i]);
		memcpy(stream + at, &size, sizeof(size));
		if (sizes[i] == 60)
			build_datagram(stream + at + 4, OWN, 5000, "10.0.2.15", 53);
	}
	for (size_t piece = 1; piece <= 200; piece++) {
		struct heard heard = {0};

		own.heard = &heard;
		before = before && !answers(OWN, 53, 5000);
		for (size_t at = 0; at < sizeof(stream); at += piece)
			heard_take(&heard, stream + at, sizeof(stream) - at < piece ? sizeof(stream) - at : piece);
		after = after && answers(OWN, 53, 5000) && !answers(OWN, 53, 5001) && !answers(OWN, 54, 5000) &&
			!answers("127.0.0.1", 53, 5000);
		own.heard = NULL;
	}
	ok(before, "no datagram to the host's own address before one came from there");
	ok(after, "then to that port from that port, and to no other");
	ok(!answers(OWN, 53, 5000), "none where nobody is heard");
}

/* What is no whole datagram was not heard. */
static void test_not_heard(void)
{
	uint8_t frame[64];
	uint32_t size = htonl(60);
	struct {
		const char *what;
		size_t at;
		uint8_t is;
	} changes[] = {{"a connection", 4 + 23, IPPROTO_TCP},
		       {"IPv6", 4 + 14, 0x65},
		       {"ARP", 4 + 13, 6},
		       {"a head too long", 4 + 14, 0x4f},
		       {"a head too short", 4 + 14, 0x44}};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct heard heard = {0};

		memcpy(frame, &size, sizeof(size));
		build_datagram(frame + 4, OWN, 5000, "10.0.2.15", 53);
		frame[changes[i].at] = changes[i].is;
		own.heard = &heard;
		heard_take(&heard, frame, sizeof(frame));
		ok(!answers(OWN, 53, 5000), "%s is no datagram that was heard", changes[i].what);
		own.heard = NULL;
	}
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
	test_heard();
	test_not_heard();
	test_frames();
	test_too_large();
	return done();
}
