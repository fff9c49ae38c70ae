/*
 * crun.h - runs the container runtime, which is a program. If it fails, its last message becomes the note of the error.
 */
#ifndef MICA_AGENT_CRUN_H
#define MICA_AGENT_CRUN_H

#include "agent.h"

/* The first process of a container, or another process in it. */
struct crun_start {
	const char *name;
	const char *bundle;  /* for the first process: the folder that has config.json */
	const char *process; /* for another process: the file that describes it; otherwise NULL */
	bool tty;
	int in, out, error; /* the standard streams of the process, unless it has a terminal; borrowed */
	pid_t pid;	    /* out: of the process */
	int terminal;	    /* out, if tty: our end of the terminal, non-blocking; the caller must close it */
};
/* Starts the process, which becomes a child of this one: the caller must be a subreaper. On failure all children of
 * this process are killed, because the runtime may have left some. */
errint_t crun_start(struct crun_start *start, struct mica_error *err);
/* Kills what is left of the container, and has the runtime forget it. 0 also if the runtime knows no container of that
 * name. */
errint_t crun_delete(const char *name, struct mica_error *err);

#endif
