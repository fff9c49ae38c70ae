/*
 * to-guest.h - what is on its way to the guest. Signals and sizes never wait for an allowance; what they wait for is
 * room in the buffer, of which input leaves them a part.
 */
#ifndef MICA_MONITOR_TO_GUEST_H
#define MICA_MONITOR_TO_GUEST_H

#include "base.h"
#include "stream/frame.h"

#define TO_GUEST_ROOM (2u * STREAM_FRAME)
#define TO_GUEST_KEPT 4096u /* of it, for other frames than input */

struct to_guest {
	uint64_t allowance; /* bytes of input that the guest will take */
	bool has_window;
	uint8_t window[4]; /* the terminal's size that is to be told */
	size_t size;
	uint8_t bytes[TO_GUEST_ROOM];
};

/* How many bytes of input may be sent now. */
size_t to_guest_input_room(const struct to_guest *to);
/* The payload of an I frame, of at most that many bytes, is the caller's to write. */
uint8_t *to_guest_input(struct to_guest *to, size_t size);
/* A frame of at most 4 bytes; false: there is no room now. */
bool to_guest_put(struct to_guest *to, char type, const void *payload, size_t size);
/* From now on the terminal is that large; the last word before it is sent counts. */
void to_guest_window(struct to_guest *to, const uint8_t payload[4]);
/* Sends what the descriptor takes; false: nobody is there any more. */
bool to_guest_send(struct to_guest *to, int fd);

#endif
