/*
 * input.h - the input for the container that one client has sent, and that the guest has not allowed yet.
 */
#ifndef MICA_MONITOR_INPUT_H
#define MICA_MONITOR_INPUT_H

#include "monitor/to-guest.h"

#define INPUT_ROOM 65536u
#define INPUT_ENDS 16u

struct input {
	uint64_t taken, given;	   /* the number of bytes since the client connected */
	uint64_t ends[INPUT_ENDS]; /* after how many bytes its input ends; at a terminal it may end repeatedly */
	unsigned end_count;
	uint8_t bytes[INPUT_ROOM];
};

/* Adds input. At most INPUT_ROOM bytes may be taken that were not given yet; the caller must make sure of that. */
void input_take(struct input *input, const uint8_t *data, size_t size);
/* Ends the input after the bytes so far. If INPUT_ENDS ends wait already, this one is dropped. */
void input_end(struct input *input);
/* Whether bytes or an end were not given yet. */
bool input_waits(const struct input *input);
/* Gives the guest as much as it allows and there is room for. Returns the number of bytes. */
size_t input_give(struct input *input, struct to_guest *to);

#endif
