/* background.c - a program that outlives whoever started it. */
#include "background.h"

#include <fcntl.h>

errint_t mica_go_background(int *waiting, struct mica_error *err)
{
	int ends[2];
	pid_t child;
	char ready;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mica_fail(err, -errno, "pipe", "");
	child = fork();
	if (child > 0) {
		close(ends[1]);
		_exit(read(ends[0], &ready, 1) == 1 ? 0 : 1);
	}
	close(ends[0]);
	*waiting = ends[1];
	return child < 0 || setsid() < 0 ? mica_fail(err, -errno, "go into the background", "") : 0;
}
