/*
 * supervise.h - starts a process in a container and connects its streams to a port. The caller is the child of a call.
 * It becomes the parent of the process, and looks after it until it ends.
 */
#ifndef MICA_AGENT_SUPERVISE_H
#define MICA_AGENT_SUPERVISE_H

#include "crun.h"
#include "stream.h"

/* Opens the port, waits until the host is at its other end, and makes the pipes for a process without a terminal. token
 * is that of the session, in hexadecimal digits. */
errint_t supervise_open(struct stream *stream, struct crun_start *start, const char *port, const char *token,
			struct mica_error *err);
/* Starts the process, after supervise_open. start has its name and its bundle or file. */
errint_t supervise_start(struct stream *stream, struct crun_start *start, struct mica_error *err);

/* Does both for work of the agent itself, in a process that has only these streams open. It exits with the status that
 * work returns, and is killed if the calling process ends. */
errint_t supervise_work(struct stream *stream, int (*work)(const struct request *request),
			const struct request *request, const char *port, const char *token, struct mica_error *err);

#endif
