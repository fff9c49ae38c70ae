/*
 * stream.h - a process whose streams go over a port. This is the guest's end of docs/stream-protocol.md.
 */
#ifndef MICA_AGENT_STREAM_H
#define MICA_AGENT_STREAM_H

#include "wire.h"

#include <sys/types.h>

/* The bytes of input that are kept here. The guest keeps at most 262,144 bytes that the process has not read: these,
 * and 65,536 in a pipe. */
#define STREAM_INPUT (3 * 65536)

struct stream_end {
	uint32_t status, signal; /* signal 0: no signal ended it; otherwise status is 128 plus signal */
	bool oom;		 /* the kernel ended it because its memory was used up */
};

/* The caller fills in the fields before ended. The others must be zeroed, and are for stream.c and input.c alone. The
 * descriptors are non-blocking. When one is no longer needed it is closed here and set to -1; the caller must close
 * those that are left at the end. */
struct stream {
	struct wire wire;
	pid_t pid;	    /* the process, which is a child of ours */
	bool tty;	    /* in and out are two descriptors of one terminal */
	bool one_way;	    /* the process is for the host alone, and is killed when the host disconnects */
	int in, out, error; /* -1: there is none */

	bool ended;
	bool lost; /* the host has disconnected before the end */
	int status;
	int signals;
	uint32_t credit; /* bytes of input that the process has read, and for which the host was not allowed yet to send
			    more */
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
