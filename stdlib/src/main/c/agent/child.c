/* child.c - starts a verb that may hang in a process of its own. */
#include "child.h"

#include <signal.h>

static int64_t until;
static int (*goes_on)(const struct request *request);
static struct answer answer;

int64_t child_until(void)
{
	return until;
}

void child_stay(int (*go_on)(const struct request *request))
{
	goes_on = go_on;
}

/* An answer is at most one line. A pipe may hold less than a line; then writing waits for the loop. */
static void write_bytes(const char *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(3, bytes, len);
		if (put < 0 && errno != EINTR)
			_exit(1);
		bytes += put < 0 ? 0 : put;
		len -= put < 0 ? 0 : (size_t)put;
	}
}

void child_tell(const struct answer *event)
{
	write_bytes(event->text, event->len);
}

void child_run(const struct verb *verb, const struct request *request, int64_t deadline, int pipe_fd)
{
	const char *id = request->id;
	const char *name = line_value(request, "name");
	struct mica_error err = {0};
	errint_t code;
	sigset_t none;

	/* Close the descriptors of the loop: if the port stayed open here, the guest would seem to use it still. */
	if (pipe_fd != 3 && dup2(pipe_fd, 3) < 0)
		_exit(1);
	close_range(4, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	until = deadline;
	answer_begin(&answer, id, "ok");
	code = verb->run(request, &answer, &err);
	if (code && !err.code)
		mica_fail(&err, code, verb->name, name ? name : "");
	if (code)
		answer_fail(&answer, id, &err);
	answer_end(&answer, id);
	if (code)
		goes_on = NULL;
	if (goes_on)
		write_bytes(&(char){CHILD_STAYS}, 1);
	write_bytes(answer.text, answer.len);
	if (!goes_on)
		close(3);
	_exit(goes_on ? goes_on(request) : 0);
}
