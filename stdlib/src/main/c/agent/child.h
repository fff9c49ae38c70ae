/*
 * child.h - what runs in the child process of a call, and what a verb can call there. The child has a copy of the
 * loop's memory, but none of the loop's descriptors.
 */
#ifndef MICA_AGENT_CHILD_H
#define MICA_AGENT_CHILD_H

#include "agent.h"

/* The byte that a child writes before its answer if it goes on after that. */
#define CHILD_STAYS '+'

/* Runs the verb, writes its answer to the pipe, and then goes on or ends. deadline is in milliseconds, as now_ms
 * counts. */
__attribute__((noreturn)) void child_run(const struct verb *verb, const struct request *request, int64_t deadline,
					 int pipe_fd);
/* When the time of this child is up, as now_ms counts. */
int64_t child_until(void);
/* Called by a verb: if the verb succeeds, its answer is sent at once, and the child goes on with go_on, which returns
 * the exit status of the child. */
void child_stay(int (*go_on)(const struct request *request));

/* Called by go_on: sends the host an event. */
void child_tell(const struct answer *event);

#endif
