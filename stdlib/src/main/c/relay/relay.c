/*
 * mica-relay - mounts a folder. A guest decides its names, and its data lie on this host.
 *
 *   mica-relay --name NAME --at FOLDER --socket PATH [--peer PID] [--layer UPPER] [--lower FOLDER]... [--log FILE]
 *              [--pid FILE] [--state SOCKET] [--watch PID]... [--no-passthrough] [--silence SECONDS]
 *              [--patience SECONDS] [--copy-patience SECONDS] [--background]
 *
 * FOLDER and UPPER are not followed if they are symlinks. A caller that has compared them and the lowers gives each as
 * /proc/PID/fd/N/. of a process that holds it open. Then that directory is used, even if its path leads elsewhere by
 * now. With --peer, nothing is sent to the process that listens at PATH unless it is that one, because it can change
 * what lies there.
 *
 * Says "ready" on stdout when the folder can be used, and ends when the folder is unmounted. With --background, the
 * process that was started ends when the folder can be used, and another process goes on in a session of its own. A
 * program that connects to the socket of --state gets one line with the state of the guest: "serves", or "away" or
 * "dead" with the reason. See docs/export-protocol.md.
 */
#include "relay.h"

#include "background.h"
#include "listen.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* How many programs may wait to be told the state of the guest. */
#define ASKERS 16

struct arguments {
	const char *at, *socket, *log, *pid, *state;
	bool background;
	pid_t peer;  /* the process that must listen at socket; 0: any process */
	int waiting; /* the pipe to the process that waits for us; -1: none */
};

static const struct option options[] = {
	{"name", required_argument, NULL, 'n'},		 {"at", required_argument, NULL, 'a'},
	{"socket", required_argument, NULL, 's'},	 {"peer", required_argument, NULL, 'q'},
	{"layer", required_argument, NULL, 'u'},	 {"lower", required_argument, NULL, 'l'},
	{"log", required_argument, NULL, 'o'},		 {"pid", required_argument, NULL, 'p'},
	{"background", no_argument, NULL, 'b'},		 {"no-passthrough", no_argument, NULL, 'P'},
	{"silence", required_argument, NULL, 'S'},	 {"patience", required_argument, NULL, 'A'},
	{"copy-patience", required_argument, NULL, 'C'}, {"watch", required_argument, NULL, 'w'},
	{"state", required_argument, NULL, 't'},	 {NULL, 0, NULL, 0},
};

static errint_t usage(struct mica_error *err)
{
	return mica_fail_note(
		err, -EINVAL, "read the command line", "",
		"usage: mica-relay --name NAME --at FOLDER --socket PATH [--peer PID] [--layer UPPER] [--lower "
		"FOLDER]... "
		"[--log FILE] [--pid FILE] [--state SOCKET] [--watch PID]... [--no-passthrough] [--background] "
		"[--silence SECONDS] "
		"[--patience SECONDS] [--copy-patience SECONDS]");
}

static errint_t take_seconds(unsigned *seconds, struct mica_error *err)
{
	*seconds = (unsigned)strtoul(optarg, NULL, 10);
	return *seconds ? 0 : usage(err);
}

static errint_t take_option(struct relay *r, struct arguments *args, int option, struct mica_error *err)
{
	switch (option) {
	case 'n':
		r->name = optarg;
		return 0;
	case 'a':
		args->at = optarg;
		return 0;
	case 's':
		args->socket = optarg;
		return 0;
	case 'q':
		args->peer = (pid_t)strtol(optarg, NULL, 10);
		return args->peer > 0 ? 0 : usage(err);
	case 'u':
		return r->layer_count ? usage(err) : relay_layer(r, optarg, true, err);
	case 'l':
		if (!r->layer_count)
			r->layers[r->layer_count++] = -1; /* a read-only union: there is no upper */
		return relay_layer(r, optarg, false, err);
	case 'o':
		args->log = optarg;
		return 0;
	case 'p':
		args->pid = optarg;
		return 0;
	case 't':
		args->state = optarg;
		return 0;
	case 'b':
		args->background = true;
		return 0;
	case 'w':
		return relay_watch(r, optarg, err);
	case 'P':
		r->passthrough = false;
		return 0;
	case 'S':
		return take_seconds(&r->silence, err);
	case 'A':
		return take_seconds(&r->patience, err);
	case 'C':
		return take_seconds(&r->copy_patience, err);
	default:
		return usage(err);
	}
}

static errint_t parse(struct relay *r, struct arguments *args, int argc, char **argv, struct mica_error *err)
{
	errint_t code = 0;

	for (int option; !code && (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		code = take_option(r, args, option, err);
	if (!code && (optind != argc || !r->name || !args->at || !args->socket || !r->layer_count))
		code = usage(err);
	return code;
}

static errint_t connect_guest(struct relay *r, const char *path, pid_t peer, struct mica_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int room = 1 << 20;

	if (strlen(path) >= sizeof(address.sun_path))
		return mica_fail(err, -ENAMETOOLONG, "connect", path);
	strcpy(address.sun_path, path);
	r->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->sock < 0 || connect(r->sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return mica_fail(err, -errno, "connect", path);
	setsockopt(r->sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return peer ? mica_check_peer(r->sock, peer, path, err) : 0;
}

static errint_t write_pid(const char *path, struct mica_error *err)
{
	cleanup_fd int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (path && (fd < 0 || dprintf(fd, "%d\n", getpid()) < 0))
		return mica_fail(err, -errno, "write the pid", path);
	return 0;
}

/* A relay that used the path before has ended: its union was cleared. */
static errint_t open_state(struct relay *r, const char *path, struct mica_error *err)
{
	mode_t mask = umask(0177);
	errint_t code = 0;

	if (path) {
		unlink(path);
		code = mica_listen(path, ASKERS, &r->state, err);
	}
	umask(mask);
	return code;
}

static errint_t open_all(struct relay *r, const struct arguments *args, struct mica_error *err)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (args->log)
		r->log = open(args->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (r->log < 0)
		return mica_fail(err, -errno, "open the log", args->log);
	if ((r->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC)) < 0)
		return mica_fail(err, -errno, "open", "/dev/fuse");
	if ((r->proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return mica_fail(err, -errno, "open", "/proc/self/fd");
	r->pending = pending_new();
	r->files = files_new();
	r->made = made_new();
	r->notices = notices_new();
	pthread_mutex_init(&r->send_lock, NULL);
	pthread_mutex_init(&r->why_lock, NULL);
	return r->pending && r->files && r->made && r->notices ? 0 : mica_fail(err, -ENOMEM, "start", r->name);
}

static errint_t start_threads(struct relay *r, struct mica_error *err)
{
	void *(*const others[])(void *) = {wire_read, wire_watch, notices_deliver};
	pthread_t thread;

	/* This thread is the first of the workers. */
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others) + WORKERS - 1; i++) {
		int code = pthread_create(&thread, NULL, i < 3 ? others[i] : requests_serve, r);

		if (code)
			return mica_fail(err, -code, "start a thread", r->name);
	}
	return 0;
}

/* After this, stdout and stderr go to the log: the process that waited for "ready" has got it. */
static void say_ready(struct relay *r, const struct arguments *args)
{
	printf("ready name=%s at=%s passthrough=%s\n", r->name, args->at, r->passthrough ? "yes" : "no");
	fflush(stdout);
	if (r->log != STDERR_FILENO) {
		dup3(r->log, STDOUT_FILENO, 0);
		dup3(r->log, STDERR_FILENO, 0);
	}
	if (args->waiting >= 0 && write(args->waiting, "", 1) < 0)
		relay_log(r, "nobody waits for it any more: %s", strerror(errno));
	if (args->waiting >= 0)
		close(args->waiting);
}

static errint_t bring_up(struct relay *r, const struct arguments *args, struct mica_error *err)
{
	errint_t code = requests_init(r, err);

	if (code < 0)
		return code;
	r->attributes = !getuid();
	if (r->attributes)
		relay_readahead(r);
	if ((code = relay_sandbox(r, err)) < 0 || (code = start_threads(r, err)) < 0)
		return code;
	close(r->mount);
	say_ready(r, args);
	return 0;
}

static errint_t run(struct relay *r, int argc, char **argv, struct mica_error *err)
{
	struct arguments args = {.waiting = -1};
	errint_t code = parse(r, &args, argc, argv, err);

	if (!code && args.background)
		code = mica_go_background(&args.waiting, err);
	if (code < 0 || (code = open_all(r, &args, err)) < 0 ||
	    (code = connect_guest(r, args.socket, args.peer, err)) < 0 || (code = wire_greet(r, err)) < 0 ||
	    (code = write_pid(args.pid, err)) < 0 || (code = open_state(r, args.state, err)) < 0 ||
	    (code = relay_mount(r, args.at, err)) < 0)
		return code;
	code = bring_up(r, &args, err);
	if (code < 0)
		relay_umount(r);
	return code;
}

int main(int argc, char **argv)
{
	static struct relay relay = {
		.dev = -1,
		.sock = -1,
		.mount = -1,
		.proc = -1,
		.state = -1,
		.log = STDERR_FILENO,
		.died = relay_bury,
		.silence = 8,
		.patience = 30,
		.copy_patience = 600,
		.passthrough = true,
	};
	struct mica_error err = {0};

	signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	if (run(&relay, argc, argv, &err) < 0) {
		fprintf(stderr, "mica-relay: %s%s%s: %s\n", err.step, *err.path ? ": " : "", err.path,
			*err.note ? err.note : strerror(-err.code));
		return 1;
	}
	requests_serve(&relay);
	return 1;
}
