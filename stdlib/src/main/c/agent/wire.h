/*
 * wire.h - the port of a session of the stream protocol, over which frames are sent and received. Only wire_open waits.
 */
#ifndef MICA_AGENT_WIRE_H
#define MICA_AGENT_WIRE_H

#include "base.h"
#include "stream/frame.h"

#define WIRE_OUT_FRAMES 4

struct wire {
	int fd;	      /* the port, non-blocking; -1: the host is gone */
	int lock;     /* holds the lock of the port */
	int wanted;   /* becomes readable when the next session wants the port */
	bool greeted; /* the host has said hello */
	uint8_t token[STREAM_TOKEN];
	size_t in_from, in_len, out_from, out_len;
	uint8_t in[2 * (STREAM_HEADER + STREAM_PAYLOAD)];
	/* The last 1,024 bytes are reserved for short frames, so that there is always room for them. */
	uint8_t out[WIRE_OUT_FRAMES * (STREAM_HEADER + STREAM_PAYLOAD) + 1024];
};

/* Waits until the session before has released the port, opens the port, and sends hello. Returns when the host has
 * taken that; -ETIMEDOUT: it has not by until_ms (as now_ms counts). wire_close closes what was opened, also after a
 * failure. */
errint_t wire_open(struct wire *wire, const char *port, const char *token, int64_t until_ms, struct mica_error *err);
/* Reads once what the host has sent. False: the host is gone. */
bool wire_read(struct wire *wire);
/* Returns 1 with the next frame that was read, whose payload is valid until the next call of wire_read; 0 if there is
 * no whole frame; -EPROTO if the host breaks the protocol. */
int wire_next(struct wire *wire, struct stream_frame *frame);
/* Whether there is room for one more frame of output. */
bool wire_has_room(const struct wire *wire);
/* Where the caller writes the payload of the next frame, at most STREAM_PAYLOAD bytes; wire_commit adds the frame. */
uint8_t *wire_room(struct wire *wire);
void wire_commit(struct wire *wire, char type, uint32_t len);
/* Adds a short frame. */
void wire_put(struct wire *wire, char type, const void *payload, uint32_t len);
/* Sends as much as the port takes without waiting. */
void wire_flush(struct wire *wire);
/* Closes the port and releases its lock. */
void wire_close(struct wire *wire);

#endif
