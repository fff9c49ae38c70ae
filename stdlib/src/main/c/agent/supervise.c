/* supervise.c - starts a process with pipes or a terminal. */
#include "supervise.h"
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

/* The process gets one end, and we get the other, which is nonblocking. */
static errint_t open_pipe(int *read_end, int *write_end, int *ours, struct mica_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mica_fail(err, -errno, "make a pipe", "");
	*read_end = ends[0];
	*write_end = ends[1];
	return fcntl(*ours, F_SETFL, O_NONBLOCK) < 0 ? mica_fail(err, -errno, "make a pipe", "") : 0;
}

static errint_t open_pipes(struct stream *stream, struct crun_start *start, struct mica_error *err)
{
	errint_t code = open_pipe(&start->in, &stream->in, &stream->in, err);

	if (!code)
		code = open_pipe(&stream->out, &start->out, &stream->out, err);
	if (!code)
		code = open_pipe(&stream->error, &start->error, &stream->error, err);
	return code;
}

static void close_ends(struct crun_start *start)
{
	int *const ends[] = {&start->in, &start->out, &start->error};

	for (size_t i = 0; i < 3; i++)
		if (*ends[i] >= 0)
			close(steal_fd(ends[i]));
}

static errint_t take_terminal(struct stream *stream, const struct crun_start *start, struct mica_error *err)
{
	stream->out = start->terminal;
	stream->in = fcntl(start->terminal, F_DUPFD_CLOEXEC, 0);
	return stream->in < 0 ? mica_fail(err, -errno, "take the terminal of", start->name) : 0;
}

/* If memory runs out, the kernel must kill the process and not us: otherwise nobody would know how it ended. */
static void stay_alive(void)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "-1000", 5);
}

errint_t supervise_open(struct stream *stream, struct crun_start *start, const char *port, const char *token,
			struct mica_error *err)
{
	errint_t code;

	stream->in = stream->out = stream->error = start->in = start->out = start->error = -1;
	stream->tty = start->tty;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return mica_fail(err, -errno, "become a subreaper", "");
	code = wire_open(&stream->wire, port, token, child_until(), err);
	return !code && !start->tty ? open_pipes(stream, start, err) : code;
}

errint_t supervise_start(struct stream *stream, struct crun_start *start, struct mica_error *err)
{
	errint_t code = crun_start(start, err);

	close_ends(start);
	if (!code && start->tty)
		code = take_terminal(stream, start, err);
	stream->pid = start->pid;
	if (!code)
		stay_alive();
	return code;
}

__attribute__((noreturn)) static void become_worker(int (*work)(const struct request *request),
						    const struct request *request, const struct crun_start *start,
						    pid_t parent)
{
	const int stdio[3] = {start->in, start->out, start->error};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			_exit(1);
	close_range(3, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	_exit(work(request));
}

errint_t supervise_work(struct stream *stream, int (*work)(const struct request *request),
			const struct request *request, const char *port, const char *token, struct mica_error *err)
{
	struct crun_start start = {.in = -1, .out = -1, .error = -1};
	pid_t parent = getpid();
	errint_t code;

	stream->in = stream->out = stream->error = -1;
	code = wire_open(&stream->wire, port, token, child_until(), err);
	if (!code)
		code = open_pipes(stream, &start, err);
	if (!code && (stream->pid = fork()) < 0)
		code = mica_fail(err, -errno, "fork", request->verb);
	if (!code && !stream->pid)
		become_worker(work, request, &start, parent);
	close_ends(&start);
	if (!code)
		stay_alive();
	return code;
}
