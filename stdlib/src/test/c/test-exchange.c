/* Two names for each other: of any kinds, never followed, and nothing changed where it is refused. */
#include "tap.h"

static struct mica_error err;

static bool is_link_to(const char *path, const char *target)
{
	char got[64] = "";

	return readlink(path, got, sizeof(got) - 1) >= 0 && !strcmp(got, target);
}

static void kinds(void)
{
	NEED(mkdir("folder", 0700));
	NEED(mkdir("aside", 0700));
	put_file("folder/file", "text");
	NEED(symlink("aside/link", "aside/link"));
	ok_code(mica_exchange("folder", "aside/link", &err), 0, &err, "a folder and a symlink to itself");
	ok(is_link_to("folder", "aside/link"), "the symlink is where the folder was");
	ok(file_is("aside/link/file", "text") && file_is("folder/file", "text"), "and leads to it");
	ok_code(mica_exchange("folder", "/tmp/aside/link", &err), 0, &err, "and back");
	ok(file_is("folder/file", "text") && is_link_to("aside/link", "aside/link"), "as it was");
	ok_code(mica_exchange("folder/file", "aside", &err), 0, &err, "a file and a folder");
	ok(file_is("aside", "text"), "the file is where the folder was");
	NEED(mica_exchange("folder/file", "aside", &err));
}

static void refused(const char *a, const char *b, errint_t why, const char *what)
{
	ok_code(mica_exchange(a, b, &err), why, &err, "%s", what);
	ok(err.code == why && err.step[0] && err.path[0], "says so: %s %s: %s", err.step, err.path, err.note);
	ok(file_is("folder/file", "text") && is_link_to("aside/link", "aside/link"), "and nothing is changed");
}

static void refusals(void)
{
	refused("folder", "none", -ENOENT, "a name that is not there");
	refused("none", "folder", -ENOENT, "nor as the first");
	refused("folder", "none/name", -ENOENT, "a folder that is not there");
	refused("folder", "folder/file", -EINVAL, "one in the other");
	refused("folder", "/", -EINVAL, "a root");
	NEED(mkdir("mounted", 0700));
	NEED(mount("other", "mounted", "tmpfs", 0, NULL));
	refused("folder", "mounted", -EBUSY, "a mount point");
	put_file("mounted/file", "");
	refused("folder", "mounted/file", -EXDEV, "another file system");
}

int main(void)
{
	enter_sandbox();
	kinds();
	refusals();
	return done();
}
