/*
 * mica-monitor - handles the streams of a container's first process: keeps them in a log, lets clients attach, and
 * records how the container has ended.
 *
 *   mica-monitor --port SOCKET [--peer PID] --token HEX --attach SOCKET --log FILE [--log-size BYTES] [--log-files N]
 *                --exit FILE --pid FILE [--stdin] [-- PROGRAM ARGUMENT...]
 *
 * SOCKET of --port is the host's end of the guest's port. With --peer, the process that listens there must be that one.
 * The guest's agent gets the token, 32 hexadecimal digits, too. What the process writes goes to FILE of --log. When
 * FILE would grow beyond BYTES (10 MiB), it becomes FILE.1, and so on up to FILE.(N-1); there are N (3) files in all. A
 * client that connects to SOCKET of --attach gets what comes; with --stdin it may send input to the process. At the
 * end, FILE of --exit says how the process has ended; the file is complete or does not exist. Then PROGRAM, an absolute
 * path, is run once, without a shell, and its output is appended to hook.log in the log's folder.
 *
 * Ends when all of this is ready: then the status is 0, and another process, confined and in a session of its own, does
 * the work. Its id is in FILE of --pid, the attach socket exists and the guest was greeted. Otherwise a line on stderr
 * says why, the status is 1, and nothing is left. An exit record of an earlier run is removed at the end of a start.
 *
 * SIGTERM ends it without a record and without PROGRAM: the guest sees its host go away, and nobody else can take over.
 * See docs/stream-protocol.md.
 */
#include "monitor/monitor.h"

#include "background.h"
#include "listen.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LOG_SIZE (10u << 20)
#define LOG_FILES 3u
#define LOG_FILES_MAX 100u
#define BACKLOG 64

struct arguments {
	const char *port, *attach, *log, *exit, *pid;
	uint64_t log_size;
	unsigned log_files;
	pid_t peer; /* 0: any process */
	bool has_token;
	char **program;
	int waiting; /* the pipe to the process that waits for us */
};

static errint_t usage(struct mica_error *err)
{
	return mica_fail_note(err, -EINVAL, "read the command line", "",
			      "usage: mica-monitor --port SOCKET [--peer PID] --token HEX --attach SOCKET --log FILE "
			      "[--log-size BYTES] [--log-files N] --exit FILE --pid FILE [--stdin] [-- PROGRAM "
			      "ARGUMENT...]");
}

/* A number of at least 1. */
static errint_t take_number(uint64_t *number, uint64_t highest, struct mica_error *err)
{
	char *end;

	errno = 0;
	*number = strtoull(optarg, &end, 10);
	return errno || *end || *optarg < '0' || *optarg > '9' || !*number || *number > highest ? usage(err) : 0;
}

static errint_t take_option(struct monitor *m, struct arguments *args, int option, struct mica_error *err)
{
	uint64_t number;
	errint_t code = 0;

	switch (option) {
	case 'p':
		args->port = optarg;
		return 0;
	case 'q':
		code = take_number(&number, INT32_MAX, err);
		args->peer = (pid_t)number;
		return code;
	case 't':
		args->has_token = stream_token(optarg, m->guest.token);
		return args->has_token ? 0 : usage(err);
	case 'a':
		args->attach = optarg;
		return 0;
	case 'l':
		args->log = optarg;
		return 0;
	case 's':
		return take_number(&args->log_size, INT64_MAX, err);
	case 'n':
		code = take_number(&number, LOG_FILES_MAX, err);
		args->log_files = (unsigned)number;
		return code;
	case 'e':
		args->exit = optarg;
		return 0;
	case 'i':
		args->pid = optarg;
		return 0;
	case 'I':
		m->clients.attached.takes_input = true;
		return 0;
	default:
		return usage(err);
	}
}

static errint_t parse(struct monitor *m, struct arguments *args, int argc, char **argv, struct mica_error *err)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'},
		{"peer", required_argument, NULL, 'q'},
		{"token", required_argument, NULL, 't'},
		{"attach", required_argument, NULL, 'a'},
		{"log", required_argument, NULL, 'l'},
		{"log-size", required_argument, NULL, 's'},
		{"log-files", required_argument, NULL, 'n'},
		{"exit", required_argument, NULL, 'e'},
		{"pid", required_argument, NULL, 'i'},
		{"stdin", no_argument, NULL, 'I'},
		{0},
	};
	errint_t code = 0;

	for (int option; !code && (option = getopt_long(argc, argv, "+", options, NULL)) != -1;)
		code = take_option(m, args, option, err);
	args->program = argv + optind;
	if (!code && (!args->port || !args->has_token || !args->attach || !args->log || !args->exit || !args->pid ||
		      (*args->program && **args->program != '/')))
		code = usage(err);
	return code;
}

static errint_t connect_port(struct monitor *m, const struct arguments *args, struct mica_error *err)
{
	errint_t code = mica_connect(args->port, &m->port, err);

	return code || !args->peer ? code : mica_check_peer(m->port, args->peer, args->port, err);
}

/* Removes a socket that a killed monitor has left, but none at which a process listens. */
static errint_t listen_for_clients(struct monitor *m, const char *path, struct mica_error *err)
{
	cleanup_fd int other = -1;
	struct stat st;
	mode_t mask;
	errint_t code;

	if (fstatat(m->attach.dir, m->attach.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode)) {
		if (!mica_connect(path, &other, NULL))
			return mica_fail_note(err, -EADDRINUSE, "listen", path, "another monitor listens there");
		unlinkat(m->attach.dir, m->attach.name, 0);
	}
	mask = umask(0177);
	code = mica_listen(path, BACKLOG, &m->listening, err);
	umask(mask);
	if (!code)
		code = named_file_claim(&m->attach, err);
	if (!code && fcntl(m->listening, F_SETFL, O_NONBLOCK) < 0)
		code = mica_fail(err, -errno, "listen", path);
	return code;
}

/* It is always a new file, so that the file that is removed later is certainly ours. */
static errint_t write_pid(struct monitor *m, struct mica_error *err)
{
	unlinkat(m->pid.dir, m->pid.name, 0);
	m->pid_file = openat(m->pid.dir, m->pid.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (m->pid_file < 0)
		return mica_fail(err, -errno, "write the pid", m->pid.name);
	errint_t code = named_file_claim(&m->pid, err);
	if (!code && dprintf(m->pid_file, "%d\n", getpid()) < 0)
		code = mica_fail(err, -errno, "write the pid", m->pid.name);
	return code;
}

static errint_t open_named_files(struct monitor *m, const struct arguments *args, struct mica_error *err)
{
	errint_t code = named_file_open(&m->attach, args->attach, err);

	if (!code)
		code = named_file_open(&m->pid, args->pid, err);
	if (!code)
		code = named_file_open(&m->log_file, args->log, err);
	if (!code)
		code = named_file_open(&m->exit_file, args->exit, err);
	return code;
}

static errint_t open_all(struct monitor *m, const struct arguments *args, struct mica_error *err)
{
	errint_t code;

	if ((code = open_named_files(m, args, err)) < 0 || (code = connect_port(m, args, err)) < 0 ||
	    (code = listen_for_clients(m, args->attach, err)) < 0 ||
	    (code = ended_open(&m->ended, m->exit_file.dir, m->exit_file.name, err)) < 0 ||
	    (code = write_pid(m, err)) < 0)
		return code;
	if (*args->program && (code = hook_prepare(&m->hook, args->program, m->log_file.dir, err)) < 0)
		return code;
	return log_open(&m->log, m->log_file.dir, m->log_file.name, args->log_size, args->log_files, err);
}

static errint_t greet_guest(struct monitor *m, const char *path, struct mica_error *err)
{
	uint8_t greeting[STREAM_GREETING];

	stream_greeting(greeting, m->guest.token);
	if (send(m->port, greeting, sizeof(greeting), MSG_NOSIGNAL) != (ssize_t)sizeof(greeting))
		return mica_fail(err, -errno, "greet the guest at", path);
	if (!m->clients.attached.takes_input)
		to_guest_put(&m->clients.attached.to, 'C', "", 0); /* there is room, because it is the first frame */
	return 0;
}

static errint_t say_ready(struct monitor *m, struct arguments *args, int null, struct mica_error *err)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup3(null, fd, 0) < 0)
			return mica_fail(err, -errno, "leave", "the standard streams");
	ended_forget(&m->ended);
	cleanup_fd int waiting = steal_fd(&args->waiting);
	if (write(waiting, "", 1) < 0)
		return mica_fail(err, -errno, "say that it is ready", "");
	return 0;
}

static errint_t start(struct monitor *m, int argc, char **argv, struct mica_error *err)
{
	struct arguments args = {.waiting = -1, .log_size = LOG_SIZE, .log_files = LOG_FILES};
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	errint_t code = parse(m, &args, argc, argv, err);

	if (!code && null < 0)
		code = mica_fail(err, -errno, "open", "/dev/null");
	if (code < 0 || (code = mica_go_background(&args.waiting, err)) < 0)
		return code;
	/* If it is told to end before it has begun, it removes what it has made, too. */
	monitor_block_signals();
	if ((code = open_all(m, &args, err)) < 0 || (code = monitor_open_loop(m, err)) < 0 ||
	    (code = monitor_confine(m, err)) < 0 || (code = greet_guest(m, args.port, err)) < 0)
		return code;
	return say_ready(m, &args, null, err);
}

/* Removes everything that a failed start has made. */
static void undo(struct monitor *m)
{
	if (m->log.made && m->log.fd >= 0)
		unlinkat(m->log.dir, m->log.name, 0);
	named_file_remove(&m->attach);
	named_file_remove(&m->pid);
	ended_drop(&m->ended);
}

int main(int argc, char **argv)
{
	static struct monitor monitor = {
		.port = -1,
		.listening = -1,
		.signals = -1,
		.epoll = -1,
		.pid_file = -1,
		.impatient = INT64_MAX,
		.log = {.fd = -1},
		.ended = {.fd = -1},
		.hook = {.go = -1, .process = -1},
	};
	struct mica_error err = {0};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* It needs no other descriptor that is open. */
	close_range(3, ~0u, 0);
	opterr = 0;
	if (start(&monitor, argc, argv, &err) < 0) {
		undo(&monitor);
		fprintf(stderr, "mica-monitor: %s%s%s: %s\n", err.step, *err.path ? ": " : "", err.path,
			*err.note ? err.note : strerror(-err.code));
		return 1;
	}
	monitor_loop(&monitor);
	/* The leak sanitizer would use files and calls that are not allowed any more. */
	_exit(0);
}
