/*
 * crun.h - the container runtime, a program: started, waited for, and its words taken for an answer's note.
 */
#ifndef MICA_AGENT_CRUN_H
#define MICA_AGENT_CRUN_H

#include "agent.h"

/* The process that a container begins with, or another one in it. */
struct crun_start {
	const char *name;
	const char *bundle;  /* has config.json; for the first process */
	const char *process; /* a file; for another one */
	bool tty;
	int in, out, error; /* what the process has as its standard descriptors, unless it has a terminal */
	pid_t pid;	    /* out */
	int terminal;	    /* out: the terminal's other end */
};
/* Starts it, and detaches: the process becomes a child of this one, which is a subreaper. */
errint_t crun_start(struct crun_start *start, struct mica_error *err);
/* Ends what is left of the container and has the runtime forget it; none of that name: 0. */
errint_t crun_delete(const char *name, struct mica_error *err);

#endif
