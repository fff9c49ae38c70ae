/*
 * mica-client - runs a command of Mica in the server of its state directory, which has all that a command needs in
 * memory; where there is none, or where a command in a process of its own could do something else, it runs it there.
 *
 *   mica-client LAUNCHER WORD...
 *
 * LAUNCHER is the program `mica`, which is started with the same words, and MICA_IN_PROCESS=1, unless a server runs
 * them. The exit status is the command's.
 */
#include "client/client.h"

#include <limits.h>

/* The folder that this program lies in, which has the libraries too. */
static errint_t find_libraries(char lib[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", lib, PATH_MAX - 1);

	if (length < 0)
		return -errno;
	lib[length] = 0;
	*strrchr(lib, '/') = 0;
	return 0;
}

static errint_t run(char **words, int *status)
{
	char lib[PATH_MAX];
	struct request request = {0};

	if (!streams_are_open())
		return -EBADF;
	cleanup_fd int server = place_connect();
	if (server < 0)
		return server;
	errint_t code = find_libraries(lib);
	code = code ? code : request_make(&request, lib, words);
	code = code ? code : session_run(server, &request, status);
	free(request.bytes);
	return code;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 2) {
		fputs("usage: mica-client LAUNCHER WORD...\n", stderr);
		return 2;
	}
	if (run(argv + 2, &status) == 0)
		return status;
	setenv("MICA_IN_PROCESS", "1", 1);
	execv(argv[1], argv + 1);
	fprintf(stderr, "mica: cannot start %s: %s\n", argv[1], strerror(errno));
	return 1;
}
