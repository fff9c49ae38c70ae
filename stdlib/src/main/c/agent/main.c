/*
 * main.c - the agent, PID 1 of the helper VM.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* One write a line, so that lines of children do not mix; a console that takes nothing is not waited for. */
void say(const char *format, ...)
{
	char text[1024] = "mica-agent: ";
	size_t head = strlen(text);
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text + head, sizeof(text) - head - 1, format, args);
	va_end(args);
	head += len < 0 ? 0 : (size_t)len < sizeof(text) - head - 1 ? (size_t)len : sizeof(text) - head - 2;
	text[head++] = '\n';
	(void)!write(STDERR_FILENO, text, head);
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
	int port;

	if (getpid() != 1) {
		fprintf(stderr, "mica-agent: is the init of Mica's helper VM: it runs as process 1 of a guest only\n");
		return 1;
	}
	port = agent_init(); /* may die */
	agent_loop(port);    /* must not */
	agent_finish();
}
