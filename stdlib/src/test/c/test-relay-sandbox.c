/* What a relay that a guest has taken over may still ask of the host's kernel. */
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "relay.h"

static bool is(long result, int error)
{
	return result < 0 && errno == error;
}

static bool makes_no_process(void)
{
	return is(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL), EPERM);
}

static bool makes_no_process_with_its_memory(void)
{
	return is(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL), EPERM);
}

static bool has_no_clone3(void)
{
	return is(syscall(SYS_clone3, NULL, 0), ENOSYS);
}

static bool makes_no_namespace(void)
{
	return is(syscall(SYS_unshare, CLONE_NEWUSER), EPERM);
}

static void *end(void *nothing)
{
	return nothing;
}

static bool makes_threads(void)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, end, NULL) && !pthread_join(thread, NULL);
}

static bool signals_nobody(void)
{
	return is(kill(1, 0), EPERM) && is(syscall(SYS_tgkill, getpid(), gettid(), 0), EPERM);
}

static bool has_no_new_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at != MAP_FAILED && is(mprotect(at, 4096, PROT_READ | PROT_EXEC), EPERM) &&
	       mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM;
}

static bool controls_fuse_alone(void)
{
	int room;

	return is(ioctl(0, FIONREAD, &room), EPERM) && !is(ioctl(0, FUSE_DEV_IOC_BACKING_CLOSE, &room), EPERM);
}

static bool connects_to_nobody(void)
{
	return is(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
}

static bool sees_nothing(void)
{
	return is(open("/etc/passwd", O_RDONLY | O_CLOEXEC), ENOENT);
}

static const struct {
	const char *name;
	bool (*holds)(void);
} cases[] = {
	{"it makes no process", makes_no_process},
	{"nor one in its own memory", makes_no_process_with_its_memory},
	{"nor by the call whose flags are in memory", has_no_clone3},
	{"nor a namespace", makes_no_namespace},
	{"it makes threads", makes_threads},
	{"it signals nobody", signals_nobody},
	{"it runs no code but its own", has_no_new_code},
	{"it controls /dev/fuse and nothing else", controls_fuse_alone},
	{"it connects to nobody", connects_to_nobody},
	{"it sees nothing of the host", sees_nothing},
};

static void within(const char *name, bool (*holds)(void))
{
	struct relay r = {.proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	struct mica_error err = {0};
	int status;
	pid_t child;

	NEED(r.proc);
	child = fork();
	NEED(child);
	if (!child)
		_exit(relay_sandbox(&r, &err) ? 2 : !holds());
	NEED(waitpid(child, &status, 0));
	close(r.proc);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", name);
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("1..0 # SKIP the sanitizers' own calls are many, so that there is no filter\n");
	return 0;
#endif
	enter_sandbox();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		within(cases[i].name, cases[i].holds);
	return done();
}
