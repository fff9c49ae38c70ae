/*
 * stream.h - a process whose streams go over a port: docs/stream-protocol.md, the guest's end of it.
 */
#ifndef MICA_AGENT_STREAM_H
#define MICA_AGENT_STREAM_H

#include "wire.h"

#include <sys/types.h>

/* The guest keeps at most 262,144 bytes that the process has not read: these, and what a pipe holds. */
#define STREAM_INPUT (3 * 65536)

struct stream_end {
	uint32_t status, signal; /* signal 0: none ended it; else status is 128 more */
	bool oom;
};

/* Made by the caller, zeroed but for what is not "own". All descriptors are non-blocking. */
struct stream {
	struct wire wire;
	pid_t pid;    /* a child of ours, or about to become one */
	bool tty;     /* in and out are two descriptors of one terminal */
	bool one_way; /* the process is for the host alone, and ends when that goes */
	int in, out, error;

	bool ended; /* own, as all below */
	bool lost;  /* the host went before the end */
	int status;
	int signals;
	uint32_t credit; /* input that was taken and not yet allowed again */
	bool end_asked;	 /* the end of the input is due after so many bytes more */
	size_t end_after;
	char last; /* byte that was typed */
	size_t allowed;
	size_t in_from, in_len;
	uint8_t input[STREAM_INPUT];
};

/* Tells the host that the process was started, and serves it until the process has ended. */
void stream_serve(struct stream *stream, struct stream_end *end);
/* Sends the output that is left, then how the process ended, and closes the port. */
void stream_finish(struct stream *stream, const struct stream_end *end);

#endif
