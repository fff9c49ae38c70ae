/* Frames that a machine sends: whatever they are, none that may go out is for this host. */
#include "network/outward.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IP 14u

static bool is_for_host(const uint8_t *packet, size_t size)
{
	bool begins = size < (packet[0] & 15u) * 4u + 20u || (packet[(packet[0] & 15u) * 4u + 13u] & 0x12) == 2;

	return packet[16] == 127 || packet[16] == 0 || (!memcmp(packet + 16, "\xc6\x33\x64\x02", 4) && begins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in_addr_t address = htonl(0xc6336402);
	const struct own own = {.netlink = -1, .addresses = &address, .count = 1};
	uint8_t *frame = malloc(size + !size); /* of the exact size, so that a step past its end is seen */

	if (!frame)
		return 0;
	memcpy(frame, data, size);
	if (filter_passes(frame, size, &own) && frame[12] == 8 && frame[13] == 0 && is_for_host(frame + IP, size - IP))
		abort();
	free(frame);
	return 0;
}
