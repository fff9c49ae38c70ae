/* passt.c - starts passt without changes: it drops its rights itself, and goes into the background when it is ready. */
#include "network/outward.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define MOST_WORDS 256
#define SAID 4096

/* passt drops packets for which there is no room. For a socket that it makes itself it asks for a large buffer, too. */
#define ROOM (4 << 20)

static _Noreturn void run(char **program, int fd, int said)
{
	char *words[MOST_WORDS + 3], number[12];
	unsigned count = 0;

	for (; program[count] && count < MOST_WORDS; count++)
		words[count] = program[count];
	snprintf(number, sizeof(number), "%d", fd);
	words[count++] = (char *)"--fd";
	words[count++] = number;
	words[count] = NULL;
	if (fcntl(fd, F_SETFD, 0) || dup2(said, 1) < 0 || dup2(said, 2) < 0)
		_exit(127);
	execv(words[0], words);
	dprintf(2, "%s\n", strerror(errno));
	_exit(127);
}

/* Its last line, without the newline. */
static void last_line(int said, char *line, size_t room)
{
	char all[SAID + 1];
	off_t size = lseek(said, 0, SEEK_END);
	ssize_t got = pread(said, all, SAID, size > SAID ? size - SAID : 0);

	all[got < 0 ? 0 : got] = 0;
	for (size_t last = strlen(all); last && all[last - 1] == '\n'; last--)
		all[last - 1] = 0;
	const char *begin = strrchr(all, '\n');
	snprintf(line, room, "%s", begin ? begin + 1 : all);
}

static errint_t await(pid_t child, const char *program, int said, struct mica_error *err)
{
	char line[256] = "";
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return mica_fail(err, -errno, "wait for", program);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	last_line(said, line, sizeof(line));
	return mica_fail_note(err, -EIO, "start", program, "%s", *line ? line : "it ended");
}

errint_t passt_start(char **program, int *fd, struct mica_error *err)
{
	cleanup_fd int said = memfd_create("passt", MFD_CLOEXEC), theirs = -1;
	const int room = ROOM;
	int ends[2];
	pid_t child;

	if (said < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return mica_fail(err, -errno, "start", *program);
	*fd = ends[0];
	theirs = ends[1];
	for (unsigned i = 0; i < 2; i++)
		if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
			return mica_fail(err, -errno, "make room for", *program);
	child = fork();
	if (child < 0)
		return mica_fail(err, -errno, "start", *program);
	if (!child)
		run(program, theirs, said);
	return await(child, *program, said, err);
}
