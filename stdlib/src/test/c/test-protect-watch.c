/* What a walk for protected entries passes by is told of, and what other programs do is not taken for it. */
#include "tap.h"

#include <stdio.h>
#include <sys/xattr.h>

#include "protect-watch.h"

#define ATTR "trusted.overlay.protattr"

static void nothing(void)
{
}
static void change_mode(void)
{
	NEED(chmod("tree/file", 0640));
}
static void make_and_write(void)
{
	put_file("tree/new", "new");
}
static void protect_file(void)
{
	NEED(setxattr("tree/file", ATTR, "i", 1, 0));
}
static void protect_directory(void)
{
	NEED(setxattr("tree/plain", ATTR, "a", 1, 0));
}
static void protect_beside(void)
{
	NEED(setxattr("beside", ATTR, "i", 1, 0));
}
static void protect_for_a_while(void)
{
	protect_file();
	NEED(removexattr("tree/file", ATTR));
}
static void protect_what_goes(void)
{
	protect_file();
	NEED(unlink("tree/file"));
}
static void move_plain(void)
{
	NEED(rename("tree/plain", "tree/moved"));
}
static void move_above_protected(void)
{
	NEED(rename("tree/above", "tree/moved"));
}
static void move_back(void)
{
	move_above_protected();
	NEED(rename("tree/moved", "tree/above"));
}
static void move_file(void)
{
	NEED(rename("tree/file", "tree/moved"));
}
/* One more than the kernel keeps, each of another inode, or it would put them together. */
static void more_than_is_kept(void)
{
	FILE *in = fopen("/proc/sys/fs/fanotify/max_queued_events", "re");
	char name[32];
	int most = 0;

	if (!in || fscanf(in, "%d", &most) != 1)
		bail("max_queued_events");
	fclose(in);
	NEED(mkdir("many", 0755));
	for (int i = 0; i <= most; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		put_file(name, "");
		NEED(chmod(name, 0600));
	}
}

static const struct happening {
	const char *what;
	void (*happen)(void);
	bool saw;
} happenings[] = {
	{"nothing", nothing, false},
	{"a changed mode", change_mode, false},
	{"a new file", make_and_write, false},
	{"a file that becomes protected", protect_file, true},
	{"a directory that does", protect_directory, true},
	{"one somewhere else on the file system", protect_beside, true},
	{"one that is protected no more", protect_for_a_while, false},
	{"one that is gone", protect_what_goes, false},
	{"a directory that is moved", move_plain, false},
	{"one above a protected file", move_above_protected, true},
	{"one that is moved back", move_back, true},
	{"a file that is moved", move_file, false},
	{"more than the kernel keeps", more_than_is_kept, true},
};

static void make_tree(void)
{
	struct mica_error none;

	for (const char *const *name = (const char *const[]){"tree", "beside", "many", NULL}; *name; name++)
		mica_remove(*name, NULL, &none);
	NEED(mkdir("tree", 0755));
	NEED(mkdir("tree/plain", 0755));
	NEED(mkdir("tree/above", 0755));
	NEED(mkdir("tree/above/deep", 0755));
	put_file("tree/above/deep/fixed", "");
	NEED(setxattr("tree/above/deep/fixed", ATTR, "i", 1, 0));
	put_file("tree/file", "");
	put_file("beside", "");
}

static void one(const struct happening *h)
{
	struct protect_watch w = PROTECT_WATCH_NONE;
	int root;

	make_tree();
	root = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(root);
	if (!protect_watch_begin(&w, root))
		bail("fanotify_mark");
	h->happen();
	ok(protect_watch_saw(&w, 0) == h->saw, "%s", h->what);
	protect_watch_end(&w);
	ok(w.events < 0, "%s: no longer watched", h->what);
	close(root);
}

int main(void)
{
	struct protect_watch w = PROTECT_WATCH_NONE;

	enter_sandbox();
	for (size_t i = 0; i < sizeof(happenings) / sizeof(*happenings); i++)
		one(&happenings[i]);
	ok(!protect_watch_begin(&w, -1) && w.events < 0, "what is not open is not watched");
	protect_watch_end(&w);
	return done();
}
