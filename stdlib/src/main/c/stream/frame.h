/*
 * frame.h - the frames that carry the streams of a process in a guest: docs/stream-protocol.md in C. Both ends and
 * mica-monitor use it. Nothing here waits, allocates memory or uses a descriptor.
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

/* The most bytes of the text in an S or X frame. */
#define STREAM_TEXT 128u

/* The types that may come once the session has begun. */
#define STREAM_FROM_GUEST "WOESX"
#define STREAM_FROM_HOST "ICZK"

struct stream_frame {
	char type;
	uint32_t size;
	const uint8_t *payload; /* borrowed from the bytes that were parsed */
};

/* Builds the header of a frame whose payload has size bytes, at most STREAM_PAYLOAD. */
void stream_header(uint8_t out[STREAM_HEADER], char type, uint32_t size);
/* Builds the frame that begins a session. */
void stream_greeting(uint8_t out[STREAM_GREETING], const uint8_t token[STREAM_TOKEN]);
/* Builds a whole frame whose payload is a number, such as W and K. */
void stream_number(uint8_t out[STREAM_NUMBER], char type, uint32_t number);
/* Reads the number in the four bytes at at. */
uint32_t stream_read_number(const uint8_t *at);

/* Reads a token as 32 hexadecimal digits. False: the text is something else. */
bool stream_token(const char *hex, uint8_t token[STREAM_TOKEN]);

/*
 * Looks for the greeting with that token in the bytes at data, before the session has begun. Returns how many of the
 * bytes must be thrown away. If *greeted is set, the greeting was the last of them, and frames follow. Otherwise the
 * rest, which is shorter than a greeting, may be the beginning of one.
 */
size_t stream_skip(const uint8_t *data, size_t size, const uint8_t token[STREAM_TOKEN], bool *greeted);

/*
 * Parses the frame at data, which must be of one of those types. Returns its length with the header, 0 if it is not
 * complete yet, or -EPROTO as soon as its header is there and is not valid.
 */
ssize_t stream_parse(const uint8_t *data, size_t size, const char *types, struct stream_frame *frame);

#endif
