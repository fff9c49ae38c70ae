/*
 * to-guest.h - the frames for the guest. Input waits until the guest allows it. Signals and sizes only wait for room in
 * the buffer, a part of which is reserved for them.
 */
#ifndef MICA_MONITOR_TO_GUEST_H
#define MICA_MONITOR_TO_GUEST_H

#include "base.h"
#include "stream/frame.h"

#define TO_GUEST_ROOM (2u * STREAM_FRAME)
#define TO_GUEST_KEPT 4096u /* the part of it that is reserved for other frames than input */

struct to_guest {
	uint64_t allowance; /* bytes of input that the guest will take */
	bool has_window;
	uint8_t window[4]; /* the size of the terminal that the guest must be told */
	size_t size;
	uint8_t bytes[TO_GUEST_ROOM];
};

/* How many bytes of input may be sent now. */
size_t to_guest_input_room(const struct to_guest *to);
/* Adds an I frame of size bytes, which to_guest_input_room must allow. Returns where the caller must write them. */
uint8_t *to_guest_input(struct to_guest *to, size_t size);
/* Adds another frame, whose payload has at most 4 bytes. False: there is no room now. */
bool to_guest_put(struct to_guest *to, char type, const void *payload, size_t size);
/* Sets the size of the terminal that the guest will be told. It replaces a size that was not sent yet. */
void to_guest_window(struct to_guest *to, const uint8_t payload[4]);
/* Sends as much as the descriptor takes without waiting. False: the guest has disconnected. */
bool to_guest_send(struct to_guest *to, int fd);

#endif
