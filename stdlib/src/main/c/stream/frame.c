#include "stream/frame.h"

#include <errno.h>
#include <string.h>

static void write_number(uint8_t *at, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (24 - 8 * i));
}

void stream_header(uint8_t out[STREAM_HEADER], char type, uint32_t size)
{
	memset(out, 0, STREAM_HEADER);
	out[0] = (uint8_t)type;
	write_number(out + 4, size);
}

void stream_greeting(uint8_t out[STREAM_GREETING], const uint8_t token[STREAM_TOKEN])
{
	stream_header(out, 'H', STREAM_TOKEN);
	memcpy(out + STREAM_HEADER, token, STREAM_TOKEN);
}

void stream_number(uint8_t out[STREAM_NUMBER], char type, uint32_t number)
{
	stream_header(out, type, 4);
	write_number(out + STREAM_HEADER, number);
}

uint32_t stream_read_number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool stream_token(const char *hex, uint8_t token[STREAM_TOKEN])
{
	if (strlen(hex) != 2 * STREAM_TOKEN)
		return false;
	for (size_t i = 0; i < STREAM_TOKEN; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		token[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

size_t stream_skip(const uint8_t *data, size_t size, const uint8_t token[STREAM_TOKEN], bool *greeted)
{
	uint8_t greeting[STREAM_GREETING];
	const uint8_t *found;

	stream_greeting(greeting, token);
	found = size < sizeof(greeting) ? NULL : memmem(data, size, greeting, sizeof(greeting));
	*greeted = found;
	if (found)
		return (size_t)(found - data) + sizeof(greeting);
	return size < sizeof(greeting) ? 0 : size - (sizeof(greeting) - 1);
}

/* Whether the payload of a frame of that type may have that size. */
static bool fits(char type, uint32_t size)
{
	switch (type) {
	case 'H':
		return size == STREAM_TOKEN;
	case 'C':
	case 'R':
		return size == 0;
	case 'Z':
	case 'K':
	case 'W':
	case 'M':
		return size == 4;
	case 'S':
	case 'X':
		return size <= STREAM_TEXT;
	default:
		return size <= STREAM_PAYLOAD;
	}
}

ssize_t stream_parse(const uint8_t *data, size_t size, const char *types, struct stream_frame *frame)
{
	if (size < STREAM_HEADER)
		return 0;
	*frame = (struct stream_frame){(char)data[0], stream_read_number(data + 4), data + STREAM_HEADER};
	if (!frame->type || !strchr(types, frame->type) || data[1] || data[2] || data[3] ||
	    !fits(frame->type, frame->size))
		return -EPROTO;
	return size - STREAM_HEADER < frame->size ? 0 : (ssize_t)(STREAM_HEADER + frame->size);
}
