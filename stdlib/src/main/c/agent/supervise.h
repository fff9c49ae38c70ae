/*
 * supervise.h - a process in a container, its streams, and who looks after both: the child of the call that started it,
 * which becomes its parent.
 */
#ifndef MICA_AGENT_SUPERVISE_H
#define MICA_AGENT_SUPERVISE_H

#include "crun.h"
#include "stream.h"

/* Opens the port, with the host at its other end, and the pipes of a process that has no terminal. */
errint_t supervise_open(struct stream *stream, struct crun_start *start, const char *port, const char *token,
			struct mica_error *err);
/* After that: starts the process, and is its parent then. */
errint_t supervise_start(struct stream *stream, struct crun_start *start, struct mica_error *err);

/* The same for work of our own, in a process of its own with these streams and nothing else open; its status is what
 * work returns. It is ended with us. */
errint_t supervise_work(struct stream *stream, int (*work)(const struct request *request),
			const struct request *request, const char *port, const char *token, struct mica_error *err);

#endif
