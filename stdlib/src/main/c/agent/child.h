/*
 * child.h - the far side of fork: what runs in the child of a call, and what a verb finds there. Nothing of the loop's
 * is in reach here but what fork copied.
 */
#ifndef MICA_AGENT_CHILD_H
#define MICA_AGENT_CHILD_H

#include "agent.h"

/* Before the answer of a child that goes on after it. */
#define CHILD_STAYS '+'

/* Runs the verb, writes its answer to the pipe, and goes on or ends. deadline: in milliseconds, as now_ms counts. */
__attribute__((noreturn)) void child_run(const struct verb *verb, const struct request *request, int64_t deadline,
					 int pipe_fd);
/* When its time is up. */
int64_t child_until(void);
/* From its verb: it goes on with this after an "ok", which is answered at once. */
void child_stay(int (*go_on)(const struct request *request));

/* From what it goes on with: an event for the host, in the answer's stead from then on. */
void child_tell(const struct answer *event);

#endif
