/*
 * main.c - the agent, PID 1 of the helper VM.
 */
#include "agent.h"

#include <stdio.h>

int main(void)
{
	int port;

	if (getpid() != 1) {
		fprintf(stderr, "mica-agent: is the init of Mica's helper VM: it runs as process 1 of a guest only\n");
		return 1;
	}
	port = agent_init();					    /* may end the guest */
	agent_loop(port, isatty(STDIN_FILENO) ? STDIN_FILENO : -1); /* must not end it */
	agent_finish();
}
