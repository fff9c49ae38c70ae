/* What a monitor that a guest or a client has taken over may still ask of the host's kernel. */
#include "tap.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/landlock.h>

#include "monitor/monitor.h"

static int folder; /* of the log, open before */
static struct monitor monitor;

static bool is(long result, int error)
{
	return result < 0 && errno == error;
}

static bool makes_no_process(void)
{
	return is(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL), EPERM) &&
	       is(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL), EPERM) &&
	       is(syscall(SYS_clone3, NULL, 0), ENOSYS);
}

static bool makes_no_thread(void)
{
	return is(syscall(SYS_clone, CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL, NULL, NULL, NULL),
		  EPERM);
}

static bool runs_no_program(void)
{
	return is(syscall(SYS_execveat, folder, "program", NULL, NULL, 0), EPERM) &&
	       is(syscall(SYS_execve, "/x", NULL, NULL), EPERM);
}

static bool makes_no_namespace(void)
{
	return is(syscall(SYS_unshare, CLONE_NEWUSER), EPERM);
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

static bool connects_to_nobody(void)
{
	return is(socket(AF_UNIX, SOCK_STREAM, 0), EPERM) && is(connect(0, NULL, 0), EPERM);
}

static bool finds_nothing_by_a_path(void)
{
	return is(openat(AT_FDCWD, "etc/passwd", O_RDONLY | O_CLOEXEC), EPERM) &&
	       is(unlinkat(AT_FDCWD, "x", 0), EPERM) && is(renameat(AT_FDCWD, "x", AT_FDCWD, "y"), EPERM) &&
	       is(openat(folder, "/etc/passwd", O_RDONLY | O_CLOEXEC), ENOENT);
}

static bool finds_nothing_above(void)
{
	return openat(folder, "../above", O_RDONLY | O_CLOEXEC) < 0 &&
	       openat(folder, "../../etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && unlinkat(folder, "../above", 0) < 0 &&
	       renameat(folder, "../above", folder, "taken") < 0;
}

/* Only the kernel's landlock does that. */
static bool reads_nothing_of_others(void)
{
	return is(openat(monitor.pid.dir, "there", O_RDONLY | O_CLOEXEC), EACCES) &&
	       is(openat(monitor.exit_file.dir, "there", O_RDONLY | O_CLOEXEC), EACCES) &&
	       is(openat(monitor.attach.dir, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EACCES) &&
	       is(unlinkat(folder, "below", AT_REMOVEDIR), EACCES);
}

static bool works_in_its_folders(void)
{
	int file = openat(folder, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	return file >= 0 && write(file, "x", 1) == 1 && !ftruncate(file, 0) && !fsync(file) &&
	       !renameat(folder, "new", folder, "newer") && !fstatat(folder, "newer", &st, 0) && !fsync(folder) &&
	       !unlinkat(folder, "newer", 0);
}

static bool gives_nothing_away(void)
{
	return is(fchmod(folder, 0777), EPERM) && is(fchown(folder, 1, 1), EPERM);
}

static const struct {
	const char *name;
	bool (*holds)(void);
} cases[] = {
	{"it makes no process", makes_no_process},	{"nor a thread", makes_no_thread},
	{"it runs no program", runs_no_program},	{"it makes no namespace", makes_no_namespace},
	{"it signals nobody", signals_nobody},		{"it runs no code but its own", has_no_new_code},
	{"it connects to nobody", connects_to_nobody},	{"it finds nothing by a path", finds_nothing_by_a_path},
	{"nor above its folders", finds_nothing_above}, {"it works in its folders", works_in_its_folders},
	{"it gives nothing away", gives_nothing_away},
};

static void within(const char *name, bool (*holds)(void))
{
	struct mica_error err = {0};
	int status;
	pid_t child = fork();

	NEED(child);
	if (!child)
		_exit(monitor_confine(&monitor, &err) ? 2 : !holds());
	NEED(waitpid(child, &status, 0));
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", name);
}

static const struct {
	struct named_file *file;
	const char *directory, *path;
} files[] = {
	{&monitor.log_file, "logs", "logs/log"},
	{&monitor.exit_file, "exits", "exits/exit"},
	{&monitor.attach, "sockets", "sockets/attach"},
	{&monitor.pid, "pids", "pids/pid"},
};

int main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("1..0 # SKIP the sanitizers' own calls are many, so that there is no filter\n");
	return 0;
#endif
	struct mica_error err = {0};

	enter_sandbox();
	put_file("above", "secret");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		NEED(mkdir(files[i].directory, 0700));
		NEED(named_file_open(files[i].file, files[i].path, &err));
		NEED(mknodat(files[i].file->dir, "there", S_IFREG | 0600, 0));
	}
	folder = monitor.log_file.dir;
	NEED(mkdirat(folder, "below", 0700));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		within(cases[i].name, cases[i].holds);
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0)
		within("it reads nothing of others", reads_nothing_of_others);
	else
		skip("it reads nothing of others", "the kernel has no landlock");
	return done();
}
