/*
 * call.h - the table of calls, as calls.c keeps it and call-list.c looks at it.
 */
#ifndef MICA_AGENT_CALL_H
#define MICA_AGENT_CALL_H

#include "agent.h"

/* Under way at a time; and together with those whose child goes on after its answer. */
#define MAX_UNDER_WAY 64
#define MAX_CALLS 256

enum state { FREE, WAITING, RUNNING, KILLED, STUCK, SERVING, ABANDONED };

struct call {
	enum state state;
	const struct verb *verb;
	struct client *client; /* who asked, and hears the answer */
	char *line;
	struct request request; /* points into line */
	uint64_t turn;		/* who came first waits less */
	int64_t began, deadline;
	pid_t pid;
	int fd;	   /* the pipe's end, -1 once it is read to its end */
	bool told; /* it told an event */
	struct answer *answer;
};

extern struct call calls[MAX_CALLS];

static inline const char *call_name(const struct call *call)
{
	const char *name = line_value(&call->request, "name");

	return name ? name : "";
}

#endif
