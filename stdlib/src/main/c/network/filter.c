/*
 * filter.c - passt connects to any address that the machine names, in this host's network, where 127.0.0.1 is this
 * host. Somebody may have taken over the machine's kernel, so the rules are applied here and not there.
 */
#include "network/outward.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

static uint16_t at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Only with such a packet does passt begin a connection. */
static bool is_beginning(const uint8_t *tcp, size_t size)
{
	return size < sizeof(struct tcphdr) || (tcp[13] & (TH_SYN | TH_ACK)) == TH_SYN;
}

/* Whether the datagram goes to an address and port that has sent one. */
static bool is_answered(const uint8_t *udp, size_t size, in_addr_t to, const struct own *own)
{
	in_port_t from, port;

	if (size < sizeof(struct udphdr) || !own->heard)
		return false;
	memcpy(&from, udp, sizeof(from));
	memcpy(&port, udp + 2, sizeof(port));
	return heard_from(own->heard, to, port, from);
}

/* Whether a packet to one of the host's own addresses is an answer to somebody who came from there to a published port.
 */
static bool is_answer(const uint8_t *packet, size_t size, size_t head, in_addr_t to, const struct own *own)
{
	switch (packet[9]) {
	case IPPROTO_TCP:
		return !is_beginning(packet + head, size - head);
	case IPPROTO_UDP:
		return is_answered(packet + head, size - head, to, own);
	default:
		return false;
	}
}

static bool ip_passes(const uint8_t *packet, size_t size, const struct own *own)
{
	in_addr_t to;

	if (size < sizeof(struct iphdr) || packet[0] >> 4 != 4)
		return false;
	size_t head = (packet[0] & 15u) * 4u;
	if (head < sizeof(struct iphdr) || head > size)
		return false;
	/* A fragment does not show what it is a part of, so none may pass. */
	if (at(packet + 6) & (IP_MF | IP_OFFMASK))
		return false;
	memcpy(&to, packet + 16, sizeof(to));
	/* Other addresses of this host, multicast and broadcast, and addresses of nobody. */
	if (packet[16] == 0 || packet[16] == 127 || packet[16] >= 224)
		return false;
	return !own_has(own, to) || is_answer(packet, size, head, to, own);
}

bool filter_passes(const uint8_t *frame, size_t size, const struct own *own)
{
	if (size < ETHER_HDR_LEN)
		return false;
	switch (at(frame + 12)) {
	case ETHERTYPE_ARP:
		return true;
	case ETHERTYPE_IP:
		return ip_passes(frame + ETHER_HDR_LEN, size - ETHER_HDR_LEN, own);
	default:
		return false;
	}
}
