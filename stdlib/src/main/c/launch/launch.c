/*
 * mica-launch - starts a process that outlives us, with what it needs of this host and nothing else.
 *
 *   mica-launch --pid FILE [--log FILE] [--listen SOCKET]... [--read FILE]... [--append FILE]... [--write FILE]...
 *               [--see NAME=PATH]... [--folder DIR [--read-only] [--no-set-id] | --layer DIR...]
 *               [--user ID --directory DIR [--kvm]] -- PROGRAM ARGUMENT...
 *
 * PROGRAM runs in a session and a mount namespace of its own. Its root has, read-only, the folders with the system's
 * programs, and /dev/null, zero and urandom. It has each PATH as /NAME, and DIR of --folder as /shared. DIR is alone
 * there, without what is mounted below it; its devices, set-id bits and programs do not work there. With --read-only
 * nobody can write to it, whatever the program does; with --no-set-id nothing in it can get a set-id bit (EPERM). A
 * caller that has compared DIR gives it as /proc/PID/fd/N/. of a process that holds it open. Then that directory is
 * used, even if its path leads elsewhere by now. Each DIR of --layer is shared in the same way, read-only: the first as
 * /shared/0, the next as /shared/1, and so on; nothing else is in /shared. From descriptor 3 on, PROGRAM has what
 * --listen, --read, --append and --write name, in their order: listening sockets, and files (--write: for reading and
 * writing at any place; the file must exist).
 *
 * With --user, PROGRAM does not run as root: it has that user and group id, no other group, no capability and no way to
 * get one, and its own process, network, IPC and host name namespaces. DIR of --directory is given to that user. It is
 * PROGRAM's current folder, and the only one in which it can write. With --kvm it has /dev/kvm.
 *
 * Ends when PROGRAM was started: its process id on this host is in FILE and on stdout, and the sockets accept
 * connections. Otherwise a line on stderr says why, the exit status is 1, and nothing is left.
 */
#include "launch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static errint_t write_pid(const char *path, pid_t pid, struct mica_error *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dprintf(fd, "%d\n", pid) < 0)
		return mica_fail(err, -errno, "write", path);
	return 0;
}

static errint_t redirect(const char *log, struct mica_error *err)
{
	cleanup_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_fd int out =
		log ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600) : dup(STDERR_FILENO);

	if (null < 0 || out < 0)
		return mica_fail(err, -errno, "open", null < 0 ? "/dev/null" : log);
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return mica_fail(err, -errno, "redirect the output to", log);
	return 0;
}

static errint_t move_away(int *fd, struct mica_error *err)
{
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR + MAX_DESCRIPTORS);

	if (moved < 0)
		return mica_fail(err, -errno, "move", "a descriptor");
	close(*fd);
	*fd = moved;
	return 0;
}

/* Puts the descriptors in order from FIRST_DESCRIPTOR on, without ours in between: all are moved away first, and then
 * each to its number. */
static errint_t place_descriptors(struct request *request, int *report, struct mica_error *err)
{
	errint_t failed = move_away(report, err);

	if (!failed && request->folder_fd >= 0)
		failed = move_away(&request->folder_fd, err);
	for (unsigned i = 0; !failed && i < request->layer_count; i++)
		failed = move_away(&request->layers[i], err);
	for (unsigned i = 0; !failed && i < request->descriptor_count; i++)
		failed = move_away(&request->descriptors[i], err);
	if (failed)
		return failed;
	for (unsigned i = 0; i < request->descriptor_count; i++)
		if (dup2(request->descriptors[i], FIRST_DESCRIPTOR + (int)i) < 0)
			return mica_fail(err, -errno, "move", "a descriptor");
	return 0;
}

static errint_t give_directory(const struct request *request, struct mica_error *err)
{
	cleanup_fd int dir = open(request->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || fchown(dir, request->user, request->user))
		return mica_fail(err, -errno, "give away", request->directory);
	return 0;
}

static errint_t drop_bounding_set(struct mica_error *err)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap))
			return mica_fail(err, -errno, "drop", "capabilities");
	return 0;
}

/* A process that gives up root's user id loses its capabilities, too. */
static errint_t become(uid_t user, struct mica_error *err)
{
	errint_t failed = drop_bounding_set(err);

	if (failed)
		return failed;
	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
		return mica_fail_note(err, -errno, "become", "a user without rights", "user id %u: %s", user,
				      strerror(errno));
	return 0;
}

/*
 * A file server that runs as root keeps its capabilities when it takes on a user's identity. The permissions were
 * checked before the request, with all groups and capabilities of the caller, which the server does not know. And
 * overlayfs lets it make a file that replaces a deleted one in the work directory, where no user may write. Securebits
 * are kept by an exec.
 */
static errint_t keep_capabilities(struct mica_error *err)
{
	int bits = prctl(PR_GET_SECUREBITS);

	if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return mica_fail(err, -errno, "keep the capabilities of", "the program");
	return 0;
}

static errint_t confine(const struct request *request, struct mica_error *err)
{
	errint_t failed = 0;

	if (request->user && unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))
		return mica_fail(err, -errno, "get namespaces for", *request->program);
	if (request->user)
		failed = give_directory(request, err);
	if (!failed)
		failed = root_enter(request, err);
	if (!failed)
		failed = request->user ? become(request->user, err) : keep_capabilities(err);
	if (!failed && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		failed = mica_fail(err, -errno, "forgo", "new privileges");
	return !failed && request->no_set_id ? set_id_forbid(err) : failed;
}

/* The child's side: in the end this process runs the program, or the pipe has the error. */
static _Noreturn void serve(struct request *request, int report)
{
	struct mica_error err = {0};
	errint_t failed = 0;

	if (setsid() < 0)
		failed = mica_fail(&err, -errno, "leave the session of", "mica-launch");
	if (!failed)
		failed = redirect(request->log, &err);
	if (!failed)
		failed = place_descriptors(request, &report, &err);
	if (!failed)
		failed = confine(request, &err);
	if (!failed) {
		execv(request->program[0], request->program);
		mica_fail(&err, -errno, "run", request->program[0]);
	}
	if (write(report, &err, sizeof(err)) < 0)
		_exit(2);
	_exit(1);
}

/*
 * With a user, the child is process 1 of a namespace of its own, and we stay in ours. After an unshare(2), all
 * processes that we start later would be in the other namespace, also the helper of the leak sanitizer, which would
 * then wait for itself for ever.
 */
static errint_t fork_apart(const struct request *request, pid_t *child, struct mica_error *err)
{
	unsigned long flags = SIGCHLD | (request->user ? CLONE_NEWPID : 0);

	*child = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	return *child < 0 ? mica_fail(err, -errno, "start a process for", *request->program) : 0;
}

/* The child waits until its pid is written, because otherwise nobody would find the program. */
static void await_go(const int go[static 2])
{
	char byte;

	close(go[1]);
	if (read(go[0], &byte, 1) != 1)
		_exit(1);
	close(go[0]);
}

static errint_t start(struct request *request, pid_t *program, struct mica_error *err)
{
	struct mica_error told;
	int ends[2], go[2];
	ssize_t got;
	errint_t failed;

	if (pipe2(ends, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return mica_fail(err, -errno, "pipe", "");
	failed = fork_apart(request, program, err);
	if (!failed && !*program) {
		await_go(go);
		serve(request, ends[1]);
	}
	close(ends[1]);
	if (!failed)
		failed = write_pid(request->pid, *program, err);
	if (!failed && write(go[1], "", 1) != 1)
		failed = mica_fail(err, -errno, "start", *request->program);
	close(go[1]);
	close(go[0]);
	got = failed ? 0 : read(ends[0], &told, sizeof(told));
	close(ends[0]);
	if (failed || got == 0) /* the start of the program has closed the pipe */
		return failed;
	waitpid(*program, NULL, 0);
	if (got != sizeof(told))
		return mica_fail(err, -EIO, "start", request->program[0]);
	*err = told;
	return err->code;
}

int main(int argc, char **argv)
{
	struct request request = {.folder_fd = -1};
	struct mica_error err = {0};
	pid_t program = 0;

	umask(0077);
	errint_t failed = arguments_read(argc, argv, &request, &err);

	if (!failed)
		failed = start(&request, &program, &err);
	if (!failed) {
		printf("%d\n", program);
		return 0;
	}
	while (request.listened_count)
		unlink(request.listened[--request.listened_count]);
	if (request.pid)
		unlink(request.pid);
	if (request.misused) {
		fputs(arguments_usage, stderr);
		return 2;
	}
	fprintf(stderr, "mica-launch: cannot %s %s: %s\n", err.step, err.path,
		*err.note ? err.note : strerror(-err.code));
	return 1;
}
