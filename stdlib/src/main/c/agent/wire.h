/*
 * wire.h - the port of a session of the stream protocol: frames in and out, and no call that could wait but wire_open.
 */
#ifndef MICA_AGENT_WIRE_H
#define MICA_AGENT_WIRE_H

#include "base.h"
#include "stream/frame.h"

#define WIRE_OUT_FRAMES 4

struct wire {
	int fd; /* non-blocking; -1: the host is gone */
	int lock;
	int wanted; /* becomes readable when the next session wants the port */
	bool greeted;
	uint8_t token[STREAM_TOKEN];
	size_t in_from, in_len, out_from, out_len;
	uint8_t in[2 * (STREAM_HEADER + STREAM_PAYLOAD)];
	/* The last bytes are for what has no payload to speak of: it always has room. */
	uint8_t out[WIRE_OUT_FRAMES * (STREAM_HEADER + STREAM_PAYLOAD) + 1024];
};

/* Opens the port once the session before has let go of it, and says hello; returns when the host hears. */
errint_t wire_open(struct wire *wire, const char *port, const char *token, int64_t until_ms, struct mica_error *err);
/* Reads what is there; false: the host is gone. */
bool wire_read(struct wire *wire);
/* The next frame that was read, good until the next call of wire_read: 1; 0: none yet; -EPROTO. */
int wire_next(struct wire *wire, struct stream_frame *frame);
/* Room for one more frame of output. */
bool wire_has_room(const struct wire *wire);
/* Where its payload goes, STREAM_PAYLOAD bytes; wire_commit makes it a frame. */
uint8_t *wire_room(struct wire *wire);
void wire_commit(struct wire *wire, char type, uint32_t len);
/* A short frame. */
void wire_put(struct wire *wire, char type, const void *payload, uint32_t len);
void wire_flush(struct wire *wire);
/* Lets go of the port. */
void wire_close(struct wire *wire);

#endif
