/*
 * say.c - lines on the console, and the clock.
 */
#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* Each line is one write, so that lines of children do not mix. If the console takes nothing, it does not wait. */
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
