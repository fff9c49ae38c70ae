/*
 * stream-frame.h - the stream protocol's frames: taken from bytes, put together into bytes. Pure, no descriptor;
 * docs/stream-protocol.md is the contract.
 */
#ifndef MICA_AGENT_STREAM_FRAME_H
#define MICA_AGENT_STREAM_FRAME_H

#include "base.h"

#define FRAME_HEAD 8
#define FRAME_MOST 65536 /* bytes of payload */
#define FRAME_TOKEN 16

struct frame {
	char type;
	uint32_t len;
	const uint8_t *payload; /* in the bytes it was taken from */
};

/* Takes the frame that begins at bytes: how many it has; 0 where there are not enough yet; -EBADMSG: it is none, which
 * its head tells. */
int64_t frame_take(const uint8_t *bytes, size_t len, struct frame *frame);
/* Where the first H frame with that token begins; or how many bytes cannot be its beginning. */
size_t frame_find_hello(const uint8_t *bytes, size_t len, const uint8_t token[static FRAME_TOKEN], bool *found);
/* Writes a frame's head. */
void frame_head(uint8_t head[static FRAME_HEAD], char type, uint32_t len);
uint32_t frame_number(const uint8_t bytes[static 4]);
void frame_put_number(uint8_t bytes[static 4], uint32_t number);
/* 32 hexadecimal digits; -EINVAL. */
errint_t frame_token(const char *text, uint8_t token[static FRAME_TOKEN]);

#endif
