/*
 * stream.h - a process whose streams go over a port: docs/stream-protocol.md, the guest's end of it.
 */
#ifndef MICA_AGENT_STREAM_H
#define MICA_AGENT_STREAM_H

#include "wire.h"

#include <sys/types.h>

/* Bytes. The guest keeps at most 262,144 bytes that the process has not read: these, and 65,536 in a pipe. */
#define STREAM_INPUT (3 * 65536)

struct stream_end {
	uint32_t status, signal; /* signal 0: no signal ended it; otherwise status is 128 plus signal */
	bool oom;
};

/* The caller fills in the first fields; all from ended on are zeroed, and are for stream.c alone. The descriptors are
 * non-blocking, and the caller's to close. */
struct stream {
	struct wire wire;
	pid_t pid;    /* a child of ours, or about to become one */
	bool tty;     /* in and out are two descriptors of one terminal */
	bool one_way; /* the process is for the host alone, and ends when that goes */
	int in, out, error;

	bool ended;
	bool lost; /* the host has disconnected before the end */
	int status;
	int signals;
	uint32_t credit; /* bytes of input that the process has read, and that the host was not told yet that it may
			    send again */
	bool end_asked;	 /* the input must end after end_after more bytes */
	size_t end_after;
	char last; /* the last byte of input */
	size_t allowed;
	size_t in_from, in_len;
	uint8_t input[STREAM_INPUT];
};

/* Tells the host that the process was started, and serves it until the process has ended. */
void stream_serve(struct stream *stream, struct stream_end *end);
/* Sends the output that is left, then how the process ended, and closes the port. */
void stream_finish(struct stream *stream, const struct stream_end *end);

#endif
