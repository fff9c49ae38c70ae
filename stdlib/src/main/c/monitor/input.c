#include "monitor/input.h"

void input_take(struct input *input, const uint8_t *data, size_t size)
{
	size_t at = input->taken % INPUT_ROOM, first = size < INPUT_ROOM - at ? size : INPUT_ROOM - at;

	memcpy(input->bytes + at, data, first);
	memcpy(input->bytes, data + first, size - first);
	input->taken += size;
}

void input_end(struct input *input)
{
	if (input->end_count < INPUT_ENDS)
		input->ends[input->end_count++] = input->taken;
}

bool input_waits(const struct input *input)
{
	return input->taken > input->given || input->end_count;
}

/* Puts one frame with bytes up to the next end of input. Returns how many. */
static size_t give_bytes(struct input *input, struct to_guest *to)
{
	uint64_t until = input->end_count ? input->ends[0] : input->taken;
	size_t at = input->given % INPUT_ROOM, size = (size_t)(until - input->given), room = to_guest_input_room(to);

	size = size < INPUT_ROOM - at ? size : INPUT_ROOM - at;
	size = size < room ? size : room;
	if (size)
		memcpy(to_guest_input(to, size), input->bytes + at, size);
	input->given += size;
	return size;
}

static bool give_end(struct input *input, struct to_guest *to)
{
	if (!input->end_count || input->ends[0] > input->given || !to_guest_put(to, 'C', "", 0))
		return false;
	memmove(input->ends, input->ends + 1, --input->end_count * sizeof(*input->ends));
	return true;
}

size_t input_give(struct input *input, struct to_guest *to)
{
	size_t all = 0, size;

	do {
		size = give_bytes(input, to);
		all += size;
	} while (give_end(input, to) || (size && input->taken > input->given));
	return all;
}
