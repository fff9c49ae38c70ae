/* A frozen directory: its entries stay, also for a root that may not unfreeze it; what is in them does not. */
#include "tap.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct mica_error err;

static void drop_the_right(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	NEED(syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1u << CAP_LINUX_IMMUTABLE);
	data[0].permitted &= ~(1u << CAP_LINUX_IMMUTABLE);
	NEED(syscall(SYS_capset, &head, data));
}

static bool is_refused(int result)
{
	return result < 0 && errno == EPERM;
}

static void stays(void)
{
	NEED(mkdir("other", 0700));
	ok(is_refused(rename("folder/upper", "away")), "an entry is not moved away");
	ok(is_refused(renameat2(AT_FDCWD, "folder/upper", AT_FDCWD, "other", RENAME_EXCHANGE)), "nor exchanged");
	ok(is_refused(rename("other", "folder/upper")), "nor replaced");
	ok(is_refused(symlink("/etc", "folder/upper2")), "nor one added");
	ok(is_refused(rmdir("folder/empty")), "nor removed");
	ok(is_refused(chmod("folder", 0700)), "and the directory stays as it is");
	NEED(rmdir("other"));
	put_file("folder/upper/file", "new");
	NEED(rename("folder/upper/file", "folder/upper/file2"));
	NEED(unlink("folder/upper/file2"));
	ok(true, "what is in its entries can be changed");
}

/* What a file server of a guest is: root, less this. */
static void without_the_right(void)
{
	int status;
	pid_t child = fork();

	NEED(child);
	if (!child) {
		drop_the_right();
		_exit(mica_freeze("folder", 0, NULL) != -EPERM || !is_refused(rename("folder/upper", "away")) ||
		      mica_freeze("folder", 1, NULL) != 0 || mica_freeze("folder/upper", 1, NULL) != -EPERM);
	}
	NEED(waitpid(child, &status, 0));
	ok(!status, "who may not unfreeze it cannot go round it");
}

static void refused(void)
{
	NEED(symlink("folder", "link"));
	ok_code(mica_freeze("none", 1, &err), -ENOENT, &err, "one that is not there");
	ok_code(mica_freeze("link", 0, &err), -ENOTDIR, &err, "a link is not followed");
	ok_code(mica_freeze("/proc/self", 0, &err), -ENOTDIR, &err, "nor a link to a directory");
	ok_code(mica_freeze("/proc", 1, &err), -EOPNOTSUPP, &err, "a file system without the flag");
	ok(err.step[0] && err.note[0], "says so: %s %s: %s", err.step, err.path, err.note);
	ok_code(mica_freeze("/proc", 0, &err), 0, &err, "where nothing is to be unfrozen");
}

int main(void)
{
	enter_sandbox();
	NEED(mkdir("folder", 0711));
	NEED(mkdir("folder/upper", 0755));
	NEED(mkdir("folder/empty", 0755));
	if (mica_freeze("folder", 1, &err) == -EOPNOTSUPP)
		skip_all("tmpfs has no immutable flag before Linux 6.6");
	ok_code(mica_freeze("folder", 1, &err), 0, &err, "again is fine");
	stays();
	without_the_right();
	ok_code(mica_freeze("folder", 0, &err), 0, &err, "unfrozen");
	ok_code(mica_freeze("folder", 0, &err), 0, &err, "again is fine");
	NEED(rename("folder/upper", "folder/away"));
	ok(true, "its entries can be moved again");
	refused();
	return done();
}
