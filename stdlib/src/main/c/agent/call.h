/*
 * call.h - the table of calls, which calls.c changes and call-list.c reads.
 */
#ifndef MICA_AGENT_CALL_H
#define MICA_AGENT_CALL_H

#include "agent.h"

/* How many calls may be under way at the same time, and how many calls there may be together with those whose child
 * goes on after its answer. */
#define MAX_UNDER_WAY 64
#define MAX_CALLS 256

enum state { FREE, WAITING, RUNNING, KILLED, STUCK, SERVING, ABANDONED };

struct call {
	enum state state;
	const struct verb *verb;
	struct client *client;	 /* the client that gets the answer; borrowed */
	char *line;		 /* freed with the call */
	struct request request;	 /* points into line */
	uint64_t turn;		 /* calls on the same object are started in the order of their turns */
	int64_t began, deadline; /* as now_ms counts */
	pid_t pid;		 /* of the child */
	int fd;			 /* our end of the child's pipe; -1 once it was read to its end; owned */
	bool told;		 /* the child has sent an event */
	struct answer *answer;
};

extern struct call calls[MAX_CALLS];

static inline const char *call_name(const struct call *call)
{
	const char *name = line_value(&call->request, "name");

	return name ? name : "";
}

#endif
