/*
 * heard.c - remembers the datagrams that came from this host itself. UDP does not say which side began, so a datagram
 * counts as an answer if it goes to where one came from. passt writes the size before each frame.
 */
#include "network/outward.h"

#include "clock.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

/* As long as the kernel's own tables keep a pair of sides that have both sent (nf_conntrack_udp_timeout_stream). */
#define KEPT_MS 120000

static struct heard_one *place(struct heard *heard, in_addr_t host, in_port_t port, in_port_t guest)
{
	uint32_t key = (host ^ (uint32_t)port << 16 ^ guest) * 2654435761u;

	return &heard->ones[key >> 22];
}

static void note(struct heard *heard, const uint8_t *frame, size_t size)
{
	const uint8_t *packet = frame + ETHER_HDR_LEN;
	struct heard_one one;
	uint16_t type;

	if (size < ETHER_HDR_LEN + sizeof(struct iphdr) + sizeof(struct udphdr))
		return;
	memcpy(&type, frame + 12, sizeof(type));
	size_t head = (packet[0] & 15u) * 4u;
	if (type != htons(ETHERTYPE_IP) || packet[0] >> 4 != 4 || packet[9] != IPPROTO_UDP ||
	    head < sizeof(struct iphdr) || ETHER_HDR_LEN + head + sizeof(struct udphdr) > size)
		return;
	memcpy(&one.host, packet + 12, sizeof(one.host));
	memcpy(&one.port, packet + head, sizeof(one.port));
	memcpy(&one.guest, packet + head + 2, sizeof(one.guest));
	one.until = monotonic_ms() + KEPT_MS;
	*place(heard, one.host, one.port, one.guest) = one;
}

/* So many bytes of the size and the beginning of a frame are looked at. */
static size_t wanted(const struct heard *heard)
{
	uint32_t size;

	if (heard->have < sizeof(size))
		return sizeof(size);
	memcpy(&size, heard->head, sizeof(size));
	size = ntohl(size);
	return sizeof(size) + (size < HEARD_HEAD ? size : HEARD_HEAD);
}

static void end_frame(struct heard *heard)
{
	uint32_t size;

	memcpy(&size, heard->head, sizeof(size));
	note(heard, heard->head + sizeof(size), heard->have - sizeof(size));
	heard->skip = ntohl(size) - (heard->have - sizeof(size));
	heard->have = 0;
}

void heard_take(void *whom, const uint8_t *bytes, size_t size)
{
	struct heard *heard = whom;

	while (size) {
		size_t part = heard->skip ? heard->skip : wanted(heard) - heard->have;

		part = part < size ? part : size;
		if (heard->skip) {
			heard->skip -= part;
		} else {
			memcpy(heard->head + heard->have, bytes, part);
			heard->have += part;
		}
		bytes += part;
		size -= part;
		if (heard->have > sizeof(uint32_t) - 1 && heard->have == wanted(heard))
			end_frame(heard);
	}
}

bool heard_from(struct heard *heard, in_addr_t host, in_port_t port, in_port_t guest)
{
	const struct heard_one *one = place(heard, host, port, guest);

	return one->host == host && one->port == port && one->guest == guest && monotonic_ms() < one->until;
}
