/*
 * supervise.h - a process in a container, its streams, and who looks after both: the child of the call that started it,
 * which becomes its parent.
 */
#ifndef MICA_AGENT_SUPERVISE_H
#define MICA_AGENT_SUPERVISE_H

#include "crun.h"
#include "stream.h"

/* Has the port, starts the process, and is its parent then. */
errint_t supervise_start(struct stream *stream, struct crun_start *start, const char *port, const char *token,
			 struct mica_error *err);

#endif
