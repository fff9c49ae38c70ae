/*
 * input.h - what one client has sent for the container's input and the guest has not allowed yet.
 */
#ifndef MICA_MONITOR_INPUT_H
#define MICA_MONITOR_INPUT_H

#include "monitor/to-guest.h"

#define INPUT_ROOM 65536u
#define INPUT_ENDS 16u

struct input {
	uint64_t taken, given;	   /* bytes, since the client came */
	uint64_t ends[INPUT_ENDS]; /* after how many bytes its input ends: at a terminal it may do so repeatedly */
	unsigned end_count;
	uint8_t bytes[INPUT_ROOM];
};

/* At most INPUT_ROOM bytes may be taken and not given. */
void input_take(struct input *input, const uint8_t *data, size_t size);
/* It ends here. Of more ends than INPUT_ENDS that wait, the later ones are not told. */
void input_end(struct input *input);
bool input_waits(const struct input *input);
/* Gives the guest what it allows and there is room for: how many bytes. */
size_t input_give(struct input *input, struct to_guest *to);

#endif
