/*
 * mica-share - start a file server (virtiofsd) on one folder, and on nothing else of this host.
 *
 *   mica-share [--read-only] --folder DIR --socket PATH --pid FILE --log FILE -- SERVER ARGUMENT...
 *
 * In a mount namespace of its own, DIR is mounted over itself: alone, without what is mounted below
 * it, without devices, set-id bits and programs, and with --read-only so that nobody can write to it,
 * whatever the guest asks for and whatever the server would do. SERVER is then run on DIR in a session
 * of its own, with a listening socket at PATH as its descriptor 3, and its output in the log. When it takes
 * on a user's identity, to make what is to be the user's, it keeps its capabilities.
 *
 * Ends when SERVER was started: its process id is in FILE and on stdout, and connecting to PATH works.
 * Otherwise a line on stderr says why, the exit status is 1, and nothing is left.
 */
#include "base.h"

#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SERVER_SOCKET 3

struct request {
	const char *folder, *socket, *pid, *log;
	char **server;
	bool read_only;
};

static const char usage[] =
	"usage: mica-share [--read-only] --folder DIR --socket PATH --pid FILE --log FILE -- SERVER ARGUMENT...\n";

static bool parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"folder", required_argument, NULL, 'f'}, {"socket", required_argument, NULL, 's'},
		{"pid", required_argument, NULL, 'p'},	  {"log", required_argument, NULL, 'l'},
		{"read-only", no_argument, NULL, 'r'},	  {0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			request->folder = optarg;
			break;
		case 's':
			request->socket = optarg;
			break;
		case 'p':
			request->pid = optarg;
			break;
		case 'l':
			request->log = optarg;
			break;
		case 'r':
			request->read_only = true;
			break;
		default:
			return false;
		}
	}
	request->server = argv + optind;
	return request->folder && request->socket && request->pid && request->log && *request->server;
}

/* A socket's address is short, so it is bound from its directory: the path may have any length. */
static errint_t listen_at(const char *path, int *out, struct mica_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_free char *for_dir = strdup(path), *for_name = strdup(path);
	cleanup_fd int dir = -1, fd = -1;
	int length;

	if (!for_dir || !for_name)
		return mica_fail(err, -ENOMEM, "listen", path);
	dir = open(dirname(for_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return mica_fail(err, -errno, "open the directory of", path);
	length = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, basename(for_name));
	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return mica_fail(err, -ENAMETOOLONG, "listen", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return mica_fail(err, -errno, "bind", path);
	if (listen(fd, 1)) {
		errint_t failed = mica_fail(err, -errno, "listen", path);
		unlink(path);
		return failed;
	}
	*out = steal_fd(&fd);
	return 0;
}

/* From here on this process, and the server, see only a bare copy of the folder at its path. */
static errint_t enclose(const struct request *request, struct mica_error *err)
{
	struct mount_attr bare = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	cleanup_fd int tree = -1;

	if (request->read_only)
		bare.attr_set |= MOUNT_ATTR_RDONLY;
	if (unshare(CLONE_NEWNS))
		return mica_fail(err, -errno, "get a mount namespace for", request->folder);
	/* A slave, not private: what the host unmounts meanwhile is not held here. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return mica_fail(err, -errno, "part from the mounts of", "/");
	tree = open_tree(AT_FDCWD, request->folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return mica_fail(err, -errno, "open_tree", request->folder);
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &bare, sizeof(bare)))
		return mica_fail(err, -errno, "mount_setattr", request->folder);
	if (move_mount(tree, "", AT_FDCWD, request->folder, MOVE_MOUNT_F_EMPTY_PATH))
		return mica_fail(err, -errno, "move_mount", request->folder);
	return 0;
}

static errint_t write_pid(const char *path, struct mica_error *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dprintf(fd, "%d\n", getpid()) < 0)
		return mica_fail(err, -errno, "write", path);
	return 0;
}

static errint_t redirect(const char *log, int listener, struct mica_error *err)
{
	cleanup_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_fd int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	if (null < 0 || out < 0)
		return mica_fail(err, -errno, "open", null < 0 ? "/dev/null" : log);
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return mica_fail(err, -errno, "dup2", log);
	if (listener == SERVER_SOCKET ? fcntl(listener, F_SETFD, 0) : dup2(listener, SERVER_SOCKET) < 0)
		return mica_fail(err, -errno, "dup2", "the socket");
	return 0;
}

/*
 * Who may make what was decided before the server is asked, with all the groups and capabilities of the caller, of
 * which it is told neither; and overlayfs has it make in the work directory, where no user may, what comes in the place
 * of something deleted. Securebits outlast an exec.
 */
static errint_t keep_capabilities(struct mica_error *err)
{
	int bits = prctl(PR_GET_SECUREBITS);

	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return mica_fail(err, -errno, "keep the capabilities of", "the file server");
	return 0;
}

/* The child's side: ends with the server in this process, or with what went wrong in the pipe. */
static _Noreturn void serve(const struct request *request, int listener, int report)
{
	struct mica_error err = {0};
	/* Clear of the server's descriptor, which is about to be taken. */
	int told = fcntl(report, F_DUPFD_CLOEXEC, SERVER_SOCKET + 1);

	if (told < 0 || setsid() < 0)
		mica_fail(&err, -errno, "leave the session of", "mica-share");
	if (!err.code)
		write_pid(request->pid, &err);
	if (!err.code)
		redirect(request->log, listener, &err);
	if (!err.code)
		keep_capabilities(&err);
	if (!err.code) {
		execv(request->server[0], request->server);
		mica_fail(&err, -errno, "run", request->server[0]);
	}
	if (write(told < 0 ? report : told, &err, sizeof(err)) < 0)
		_exit(2);
	_exit(1);
}

static errint_t start(const struct request *request, int listener, pid_t *server, struct mica_error *err)
{
	struct mica_error told;
	int ends[2];
	ssize_t got;

	if (pipe2(ends, O_CLOEXEC))
		return mica_fail(err, -errno, "pipe", "");
	*server = fork();
	if (*server == 0)
		serve(request, listener, ends[1]);
	close(ends[1]);
	got = *server < 0 ? 0 : read(ends[0], &told, sizeof(told));
	close(ends[0]);
	if (*server < 0)
		return mica_fail(err, -errno, "fork", "");
	if (got == 0)
		return 0; /* closed by the server's start */
	waitpid(*server, NULL, 0);
	if (got != sizeof(told))
		return mica_fail(err, -EIO, "start", request->server[0]);
	*err = told;
	return err->code;
}

static errint_t share(const struct request *request, pid_t *server, struct mica_error *err)
{
	cleanup_fd int listener = -1;
	errint_t failed;

	failed = listen_at(request->socket, &listener, err);
	if (failed)
		return failed;
	failed = enclose(request, err);
	if (!failed)
		failed = start(request, listener, server, err);
	if (failed) {
		unlink(request->socket);
		unlink(request->pid);
	}
	return failed;
}

int main(int argc, char **argv)
{
	struct request request = {0};
	struct mica_error err = {0};
	pid_t server = 0;

	if (!parse(argc, argv, &request)) {
		fputs(usage, stderr);
		return 2;
	}
	umask(0077);
	if (share(&request, &server, &err)) {
		fprintf(stderr, "mica-share: cannot %s %s: %s\n", err.step, err.path, strerror(-err.code));
		return 1;
	}
	printf("%d\n", server);
	return 0;
}
