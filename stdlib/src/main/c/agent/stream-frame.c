/* stream-frame.c - the stream protocol's frames, as bytes. */
#include "stream-frame.h"

#include <stdio.h>

uint32_t frame_number(const uint8_t bytes[static 4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void frame_put_number(uint8_t bytes[static 4], uint32_t number)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

void frame_head(uint8_t head[static FRAME_HEAD], char type, uint32_t len)
{
	memset(head, 0, FRAME_HEAD);
	head[0] = (uint8_t)type;
	frame_put_number(head + 4, len);
}

/* What a host sends in a session. */
static bool is_length(char type, uint32_t len)
{
	switch (type) {
	case 'I':
		return len <= FRAME_MOST;
	case 'C':
		return !len;
	case 'Z':
	case 'K':
		return len == 4;
	default:
		return false;
	}
}

int64_t frame_take(const uint8_t *bytes, size_t len, struct frame *frame)
{
	if (len < FRAME_HEAD)
		return 0;
	*frame = (struct frame){(char)bytes[0], frame_number(bytes + 4), bytes + FRAME_HEAD};
	if (bytes[1] || bytes[2] || bytes[3] || !is_length(frame->type, frame->len))
		return -EBADMSG;
	return len < FRAME_HEAD + (size_t)frame->len ? 0 : FRAME_HEAD + (int64_t)frame->len;
}

size_t frame_find_hello(const uint8_t *bytes, size_t len, const uint8_t token[static FRAME_TOKEN], bool *found)
{
	uint8_t hello[FRAME_HEAD + FRAME_TOKEN];
	size_t at = 0;

	frame_head(hello, 'H', FRAME_TOKEN);
	memcpy(hello + FRAME_HEAD, token, FRAME_TOKEN);
	while (at < len && memcmp(bytes + at, hello, len - at < sizeof(hello) ? len - at : sizeof(hello)))
		at++;
	*found = len - at >= sizeof(hello);
	return at;
}

errint_t frame_token(const char *text, uint8_t token[static FRAME_TOKEN])
{
	if (strlen(text) != 2 * FRAME_TOKEN || strspn(text, "0123456789abcdefABCDEF") != 2 * FRAME_TOKEN)
		return -EINVAL;
	for (size_t i = 0; i < FRAME_TOKEN; i++)
		sscanf(text + 2 * i, "%2hhx", &token[i]);
	return 0;
}
