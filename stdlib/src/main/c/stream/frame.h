/*
 * frame.h - the frames that carry the streams of a process in a guest; docs/stream-protocol.md in C. Nothing here
 * waits, allocates or knows a descriptor: both ends and mica-monitor use it.
 */
#ifndef MICA_STREAM_FRAME_H
#define MICA_STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_HEADER 8u
#define STREAM_PAYLOAD 65536u
#define STREAM_FRAME (STREAM_HEADER + STREAM_PAYLOAD)
#define STREAM_TOKEN 16u
#define STREAM_GREETING (STREAM_HEADER + STREAM_TOKEN)
#define STREAM_NUMBER (STREAM_HEADER + 4u)

/* The texts of S and X are short. */
#define STREAM_TEXT 128u

/* The types that may come once the session has begun. */
#define STREAM_FROM_GUEST "WOESX"
#define STREAM_FROM_HOST "ICZK"

struct stream_frame {
	char type;
	uint32_t size;
	const uint8_t *payload; /* in what was parsed */
};

/* Builds the header of a frame with so many bytes of payload, at most STREAM_PAYLOAD. */
void stream_header(uint8_t out[STREAM_HEADER], char type, uint32_t size);
/* Builds the frame that begins a session. */
void stream_greeting(uint8_t out[STREAM_GREETING], const uint8_t token[STREAM_TOKEN]);
/* Builds a whole frame of four bytes, W or K. */
void stream_number(uint8_t out[STREAM_NUMBER], char type, uint32_t number);
/* The number at those four bytes. */
uint32_t stream_read_number(const uint8_t *at);

/* Reads 32 hexadecimal digits; false: they are something else. */
bool stream_token(const char *hex, uint8_t token[STREAM_TOKEN]);

/*
 * How many of the bytes at data to throw away before the session has begun. With *greeted the greeting with that token
 * was the last of them, and frames follow; without it the rest, less than a greeting, may be the beginning of one.
 */
size_t stream_skip(const uint8_t *data, size_t size, const uint8_t token[STREAM_TOKEN], bool *greeted);

/*
 * Reads the frame at data, of one of those types. Returns its whole length; 0: there is not all of it yet; -EPROTO: it
 * is none, which is told as soon as its header is there.
 */
ssize_t stream_parse(const uint8_t *data, size_t size, const char *types, struct stream_frame *frame);

#endif
