/* Overlay and bind mounts, both ways in, and that a mount that fails leaves nothing behind. */
#include "tap.h"

#include <dirent.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "mount.h"

#define WAYS 2
static const char *const way_name[WAYS] = {"fsopen", "mount(2)"};

/* The public call takes whichever way the kernel offers; here each is made to show itself. */
static errint_t mount_way(int way, const struct mica_overlay *o, struct mica_error *err)
{
	cleanup_fd int fd = -1, target = -1;

	mica_error_clear(err);
	if (way == 1) {
		fd = mica_overlay_by_mount2(o, err);
		return fd < 0 ? fd : 0;
	}
	fd = mica_overlay_detached(o, err);
	if (fd < 0)
		return fd;
	target = mica_open_target(o->target, true, err);
	return target < 0 ? target : mica_attach(fd, target, o->target, err);
}

/* The topmost mount at target: its record, its strings following; NULL if nothing is mounted there. */
static const struct mica_mount *find_mount(const char *target, char *buf, size_t room)
{
	struct mica_error err;
	int64_t used = mica_mounts(buf, room, &err);
	const struct mica_mount *found = NULL;

	for (int64_t at = 0; at < used; at += ((struct mica_mount *)(buf + at))->record_len) {
		const struct mica_mount *m = (struct mica_mount *)(buf + at);
		if (!strcmp((const char *)m->text, target))
			found = m;
	}
	return found;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static char buf[1 << 20] __attribute__((aligned(8)));

static void make_layers(const char *dir)
{
	NEED(mkdir(dir, 0755));
	NEED(chdir(dir));
	for (const char *const *name = (const char *const[]){"low", "low2", "up", "work", "at", NULL}; *name; name++)
		NEED(mkdir(*name, 0755));
	put_file("low/kept", "low");
	put_file("low/gone", "low");
	put_file("low2/kept", "low2");
	put_file("low2/deep", "low2");
}

static void plain(int way)
{
	const char *lowers[] = {"/tmp/plain/low", "/tmp/plain/low2"};
	struct mica_overlay o = {lowers, 2, MICA_MOUNT_NODEV | MICA_MOUNT_NOSUID, "up", "work", "at", "my union"};
	struct mica_error err;

	make_layers("/tmp/plain");
	if (!ok_code(mount_way(way, &o, &err), 0, &err, "%s: mount", way_name[way]))
		return;
	ok(file_is("at/kept", "low") && file_is("at/deep", "low2"), "%s: the upper lower wins", way_name[way]);
	put_file("at/kept", "changed");
	NEED(unlink("at/gone"));
	ok(file_is("up/kept", "changed") && file_is("low/kept", "low") && is_whiteout("up/gone"),
	   "%s: writes and deletions land in upper only", way_name[way]);
	const struct mica_mount *m = find_mount("/tmp/plain/at", buf, sizeof(buf));
	ok(m && m->flags == (MICA_MOUNT_NODEV | MICA_MOUNT_NOSUID), "%s: flags", way_name[way]);
	ok(m && !strcmp((const char *)m->text + m->target_len + 1, "my union"), "%s: source", way_name[way]);
	ok_code(mica_umount("at", 0, 0, &err), 0, &err, "%s: umount", way_name[way]);
	ok(!exists("at/kept") && !find_mount("/tmp/plain/at", buf, sizeof(buf)), "%s: gone", way_name[way]);
}

static void odd_path(int way, const char *name)
{
	char dir[1024], low[1200], at[1200];
	const char *lowers[] = {low, "/tmp/odd/low2"};
	struct mica_overlay o = {lowers, 2, 0, "up", "work", at, name};
	struct mica_error err;

	snprintf(dir, sizeof(dir), "/tmp/odd/%s", name);
	snprintf(low, sizeof(low), "%s/low", dir);
	snprintf(at, sizeof(at), "%s/at", dir);
	make_layers("/tmp/odd");
	make_layers(dir);
	/* Upper and work by odd names as well. */
	NEED(rename("up", name));
	o.upper = name;
	char work[600];
	snprintf(work, sizeof(work), "%s+", name);
	work[255] = '\0';
	if (strlen(name) == 255)
		work[0] = 'w';
	NEED(rename("work", work));
	o.work = work;
	if (strlen(name) > 250)
		o.source = "long";
	if (!ok_code(mount_way(way, &o, &err), 0, &err, "%s: mount", way_name[way]))
		return;
	put_file("at/kept", "changed");
	snprintf(dir, sizeof(dir), "%s/kept", o.upper);
	ok(file_is("at/deep", "low2") && file_is(dir, "changed"), "%s: layers are those meant: %s", way_name[way],
	   strchr(name, '\n') ? "new line" : name);
	ok(find_mount(at, buf, sizeof(buf)), "%s: listed by its name", way_name[way]);
	ok_code(mica_umount(at, 0, 0, &err), 0, &err, "%s: umount", way_name[way]);
}

static void in_sandbox(void (*test)(int, const char *), int way, const char *arg)
{
	NEED(mount("sandbox", "/tmp", "tmpfs", 0, NULL));
	NEED(chdir("/tmp"));
	test(way, arg);
	NEED(chdir("/"));
	NEED(umount2("/tmp", MNT_DETACH));
	NEED(chdir("/tmp"));
}

static void plain_way(int way, const char *unused)
{
	(void)unused;
	plain(way);
}

static void odd_paths(void)
{
	static char longest[256];
	memset(longest, 'n', 255);
	const char *const names[] = {
		"co:lon",   "com,ma", "back\\slash", "end\\", "\\,\\:", "new\nline", "sp ace", "#hash",
		"\xff\xfe", "ta\tb",  "quote\"'`$",  "=eq=",  "-o,ro",	"::",	     "\\054",  longest};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (int way = 0; way < WAYS; way++)
			in_sandbox(odd_path, way, names[i]);
}

static void many(int way, uint32_t count, const char *prefix)
{
	char **lowers = calloc(count, sizeof(*lowers)), name[600];
	struct mica_overlay o = {(const char *const *)lowers, count, 0, NULL, NULL, "at", "many"};
	struct mica_error err;
	bool seen = true;

	NEED(mkdir("at", 0755));
	for (uint32_t i = 0; i < count; i++) {
		NEED(asprintf(&lowers[i], "%s%u", prefix, i));
		NEED(mkdir(lowers[i], 0755));
		snprintf(name, sizeof(name), "%s/all", lowers[i]);
		put_file(name, lowers[i]);
		snprintf(name, sizeof(name), "%s/own%u", lowers[i], i);
		put_file(name, "");
	}
	if (ok_code(way < 0 ? mica_overlay_mount(&o, &err) : mount_way(way, &o, &err), 0, &err, "%u lowers", count)) {
		for (uint32_t i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "at/own%u", i);
			seen = seen && exists(name);
		}
		ok(seen && file_is("at/all", lowers[0]), "%u lowers: all there, the first on top", count);
		ok_code(mica_umount("at", 0, 0, &err), 0, &err, "%u lowers: umount", count);
	}
	for (uint32_t i = 0; i < count; i++)
		free(lowers[i]);
	free(lowers);
}

static void many_short(int way, const char *unused)
{
	(void)unused;
	many(way, 128, "");
}

static void many_long(int way, const char *unused)
{
	(void)unused;
	(void)way;
	many(-1, 500, "/tmp/a-name-that-makes-five-hundred-of-them-longer-than-any-page:");
}

static void too_long_for_a_page(int way, const char *unused)
{
	const char *lowers[100];
	char *options = NULL;
	struct mica_overlay o = {lowers, 100, 0, NULL, NULL, "at", "long"};
	struct mica_error err = {0};

	(void)unused;
	for (int i = 0; i < 100; i++)
		lowers[i] = "/tmp/forty-bytes-each-make-four-thousand";
	ok_code(mica_overlay_options(&o, &options, &err), -E2BIG, &err, "%s: over a page is refused", way_name[way]);
	ok(strstr(err.note, "100 lowers") && strstr(err.note, "shorter"), "and says what to do");
}

/* Each must fail as wanted and change nothing. */
struct failing {
	const char *name;
	struct mica_overlay o;
	errint_t code;
	const char *step, *path; /* "" = any */
};

static void failing(int way, const char *unused)
{
	static const char *const good[] = {"low", "low2"}, *const missing[] = {"low", "nowhere"},
				 *const a_file[] = {"low", "low2/deep"}, *const same[] = {"low", "low"};
	static const char *five_hundred_one[501];
	for (int i = 0; i < 501; i++)
		five_hundred_one[i] = "low";
	const struct failing table[] = {
		{"missing lower", {missing, 2, 0, "up", "work", "at", "x"}, -ENOENT, "open", "nowhere"},
		{"lower is a file", {a_file, 2, 0, "up", "work", "at", "x"}, -ENOTDIR, "open", "low2/deep"},
		{"missing upper", {good, 2, 0, "nowhere", "work", "at", "x"}, -ENOENT, "open", "nowhere"},
		{"missing work", {good, 2, 0, "up", "nowhere", "at", "x"}, -ENOENT, "open", "nowhere"},
		{"missing target", {good, 2, 0, "up", "work", "nowhere", "x"}, -ENOENT, "open", "nowhere"},
		{"target is a file", {good, 2, 0, "up", "work", "low/kept", "x"}, -ENOTDIR, "open", "low/kept"},
		{"target is a symlink", {good, 2, 0, "up", "work", "link", "x"}, -ELOOP, "open", "link"},
		{"work inside upper", {good, 2, 0, "up", "up/in", "at", "x"}, -EINVAL, "", ""},
		{"work on another file system", {good, 2, 0, "up", "other", "at", "x"}, -EINVAL, "", ""},
		{"upper on a read-only file system", {good, 2, 0, "ro/up", "ro/work", "at", "x"}, -EINVAL, "", ""},
		{"the same lower twice", {same, 2, 0, "up", "work", "at", "x"}, -ELOOP, "", ""},
		{"no lower", {good, 0, 0, "up", "work", "at", "x"}, -EINVAL, "overlay", "at"},
		{"501 lowers", {five_hundred_one, 501, 0, "up", "work", "at", "x"}, -EINVAL, "overlay", "at"},
		{"one lower alone", {good, 1, 0, NULL, NULL, "at", "x"}, -EINVAL, "overlay", "at"},
		{"upper without work", {good, 2, 0, "up", NULL, "at", "x"}, -EINVAL, "overlay", "at"},
		{"work without upper", {good, 2, 0, NULL, "work", "at", "x"}, -EINVAL, "overlay", "at"},
		{"unknown flag", {good, 2, 0x100, "up", "work", "at", "x"}, -EINVAL, "overlay", "at"},
		{"userxattr with redirect",
		 {good, 2, MICA_MOUNT_USERXATTR | MICA_MOUNT_REDIRECT, "up", "work", "at", "x"},
		 -EINVAL,
		 "overlay",
		 "at"},
		{"metacopy without redirect",
		 {good, 2, MICA_MOUNT_METACOPY, "up", "work", "at", "x"},
		 -EINVAL,
		 "overlay",
		 "at"},
		{"volatile without upper",
		 {good, 2, MICA_MOUNT_VOLATILE, NULL, NULL, "at", "x"},
		 -EINVAL,
		 "overlay",
		 "at"},
	};
	struct mica_error err;

	(void)unused;
	(void)way;
	make_layers("/tmp/failing");
	NEED(symlink("at", "link"));
	NEED(mkdir("up/in", 0755));
	NEED(mkdir("other", 0755));
	NEED(mount("other", "other", "tmpfs", 0, NULL));
	NEED(mkdir("ro", 0755));
	NEED(mount("ro", "ro", "tmpfs", 0, NULL));
	NEED(mkdir("ro/up", 0755));
	NEED(mkdir("ro/work", 0755));
	NEED(mount(NULL, "ro", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct failing *f = &table[i];
		int fds = count_fds();
		int64_t mounts = mica_mounts(NULL, 0, NULL);

		errint_t code = mica_overlay_mount(&f->o, &err);
		ok_code(code, f->code, &err, "refused: %s", f->name);
		ok(err.code == code && err.step[0] && (!*f->step || !strcmp(err.step, f->step)) &&
			   (!*f->path || !strcmp(err.path, f->path)),
		   "%s: names %s at %s (%s)", f->name, err.step, err.path, err.note);
		ok(mica_mounts(NULL, 0, NULL) == mounts && count_fds() == fds, "%s: leaves nothing", f->name);
	}
}

/* The optional fields of the last line of mountinfo for target. */
static bool is_shared(const char *target)
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	char line[4096], found[4096] = "", field[4096];
	char *dash;

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "%*s %*s %*s %*s %4095s", field) == 1 && !strcmp(field, target))
			strcpy(found, line);
	if (in)
		fclose(in);
	dash = strstr(found, " - ");
	if (dash)
		*dash = '\0';
	return strstr(found, "shared:") || strstr(found, "master:");
}

static void private_in_shared(int way, const char *unused)
{
	const char *lowers[] = {"low", "low2"};
	struct mica_overlay o = {lowers, 2, 0, "up", "work", "at", "x"};
	struct mica_error err;

	(void)unused;
	NEED(mount(NULL, "/tmp", NULL, MS_SHARED, NULL));
	make_layers("/tmp/shared");
	ok(is_shared("/tmp"), "the ground is shared");
	ok_code(mount_way(way, &o, &err), 0, &err, "%s: mount on shared ground", way_name[way]);
	ok(find_mount("/tmp/shared/at", buf, sizeof(buf)) && !is_shared("/tmp/shared/at"), "%s: overlay is private",
	   way_name[way]);
	NEED(mkdir("bound", 0755));
	ok_code(way ? mica_bind_by_mount2("low", "bound", 0, &err) : mica_bind_by_tree("low", "bound", 0, &err), 0,
		&err, "%s: bind on shared ground", way_name[way]);
	ok(find_mount("/tmp/shared/bound", buf, sizeof(buf)) && !is_shared("/tmp/shared/bound"), "%s: bind is private",
	   way_name[way]);
}

static errint_t bind_way(int way, const char *source, const char *target, uint32_t flags, struct mica_error *err)
{
	mica_error_clear(err);
	return way ? mica_bind_by_mount2(source, target, flags, err) : mica_bind_by_tree(source, target, flags, err);
}

static void bind(int way, const char *unused)
{
	struct mica_error err;
	struct statvfs st;
	uint32_t all = MICA_MOUNT_RDONLY | MICA_MOUNT_NODEV | MICA_MOUNT_NOEXEC;

	(void)unused;
	make_layers("/tmp/bind");
	NEED(mkdir("low/sub", 0755));
	NEED(mount("sub", "low/sub", "tmpfs", MS_NOSUID | MS_NOATIME, NULL));
	put_file("low/sub/f", "sub");
	ok_code(bind_way(way, "low", "at", all, &err), 0, &err, "%s: bind a folder", way_name[way]);
	const struct mica_mount *m = find_mount("/tmp/bind/at", buf, sizeof(buf));
	ok(m && m->flags == all, "%s: bind flags", way_name[way]);
	ok(file_is("at/kept", "low") && !exists("at/sub/f"), "%s: not recursive", way_name[way]);
	ok(open("at/kept", O_WRONLY) < 0 && errno == EROFS, "%s: read-only here", way_name[way]);
	put_file("low/kept", "new");
	ok(file_is("at/kept", "new"), "%s: the source stays writable", way_name[way]);
	ok_code(mica_umount("at", 0, 0, &err), 0, &err, "%s: unbind", way_name[way]);
	ok_code(bind_way(way, "low/sub", "at", MICA_MOUNT_NODEV, &err), 0, &err, "%s: bind a mount", way_name[way]);
	NEED(statvfs("at", &st));
	ok((st.f_flag & (ST_NOSUID | ST_NODEV | ST_NOATIME)) == (ST_NOSUID | ST_NODEV | ST_NOATIME),
	   "%s: what the source forbade stays forbidden", way_name[way]);
	ok_code(mica_umount("at", 0, 0, &err), 0, &err, "%s: unbind", way_name[way]);
	ok_code(bind_way(way, "low/kept", "low/gone", 0, &err), 0, &err, "%s: bind a file", way_name[way]);
	ok(file_is("low/gone", "new"), "%s: file over file", way_name[way]);
	ok_code(mica_umount("low/gone", 0, 0, &err), 0, &err, "%s: unbind a file", way_name[way]);
	int64_t mounts = mica_mounts(NULL, 0, NULL);
	ok(bind_way(way, "nowhere", "at", 0, &err) == -ENOENT && err.step[0], "%s: no source", way_name[way]);
	ok(bind_way(way, "low", "low/kept", 0, &err) == -ENOTDIR, "%s: folder on file", way_name[way]);
	ok(mica_bind_mount("low", "at", MICA_MOUNT_VOLATILE, &err) == -EINVAL, "%s: odd flag", way_name[way]);
	ok(mica_mounts(NULL, 0, NULL) == mounts, "%s: failures leave nothing", way_name[way]);
}

static void umounts(int way, const char *unused)
{
	struct mica_error err;
	const char *lowers[] = {"low", "low2"};
	struct mica_overlay o = {lowers, 2, MICA_MOUNT_RDONLY, "up", "work", "at", "x"};

	(void)unused;
	make_layers("/tmp/umounts");
	NEED(symlink("at", "link"));
	ok_code(mica_umount("at", 0, 0, &err), -EINVAL, &err, "not mounted");
	ok_code(mica_umount("nowhere", 0, 0, &err), -ENOENT, &err, "not there");
	ok(!strcmp(err.step, "umount") && !strcmp(err.path, "nowhere"), "the error names it");
	ok_code(mount_way(way, &o, &err), 0, &err, "%s: read-only union", way_name[way]);
	ok(open("at/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS, "%s: refuses writes", way_name[way]);
	ok_code(mica_umount("link", 0, 0, &err), -EINVAL, &err, "a symlink to a mount is not followed");
	ok(exists("at/kept"), "and the mount stands");
	int held = open("at/kept", O_RDONLY | O_CLOEXEC);
	ok_code(mica_umount("at", 0, 0, &err), -EBUSY, &err, "busy while held");
	ok_code(mica_umount("at", 0, 2, &err), -EINVAL, &err, "unknown flag");
	ok_code(mica_umount("at", 0, MICA_UMOUNT_DETACH, &err), 0, &err, "detach");
	ok(!exists("at/kept"), "detached");
	close(held);
}

static void modes(int way, const char *unused)
{
	const char *lowers[] = {"low", "low2"};
	struct mica_overlay o = {lowers, 2, 0, "up", "work", "at", "x"};
	struct mica_error err;

	(void)unused;
	make_layers("/tmp/modes");
	NEED(mkdir("low/dir", 0755));
	put_file("low/dir/f", "f");
	ok_code(mount_way(way, &o, &err), 0, &err, "%s: redirect off", way_name[way]);
	ok(rename("at/dir", "at/moved") < 0 && errno == EXDEV, "%s: a lower directory cannot be renamed",
	   way_name[way]);
	NEED(umount2("at", 0));
	o.flags = MICA_MOUNT_REDIRECT | MICA_MOUNT_METACOPY | MICA_MOUNT_VOLATILE;
	ok_code(mount_way(way, &o, &err), 0, &err, "%s: redirect, metacopy, volatile", way_name[way]);
	ok(!rename("at/dir", "at/moved") && file_is("at/moved/f", "f"), "%s: now it can", way_name[way]);
	NEED(chmod("at/kept", 0600));
	struct stat st;
	NEED(stat("up/kept", &st));
	ok(st.st_size == 3 && !st.st_blocks, "%s: metacopy leaves the data below", way_name[way]);
	NEED(umount2("at", 0));
	ok(exists("work/work/incompat/volatile"), "%s: volatile", way_name[way]);
	struct mica_overlay user = {lowers, 2, MICA_MOUNT_USERXATTR, "up2", "work2", "at", "x"};
	NEED(mkdir("up2", 0755));
	NEED(mkdir("work2", 0755));
	ok_code(mount_way(way, &user, &err), 0, &err, "%s: userxattr", way_name[way]);
	NEED(rename("at/dir", "at/x") < 0 ? 0 : -1);
	NEED(unlink("at/dir/f"));
	NEED(rmdir("at/dir"));
	NEED(mkdir("at/dir", 0755));
	char cmd[256], value[8] = "";
	snprintf(cmd, sizeof(cmd), "up2/dir");
	ok(getxattr(cmd, "user.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y',
	   "%s: opaque is kept in user.overlay", way_name[way]);
}

/* What is mounted at no place shows the layers as any overlay does, and no list of mounts has it. */
static void unseen(void)
{
	const char *lowers[] = {"/tmp/unseen/low", "/tmp/unseen/low2"};
	struct mica_overlay o = {lowers, 2, MICA_MOUNT_RDONLY, NULL, NULL, "shown", NULL};
	struct mica_error err;
	struct mica_identity is;
	int before = count_fds(), tree, file;
	int64_t mounts = mica_mounts(buf, sizeof(buf), &err);
	char text[8] = "";

	make_layers("/tmp/unseen");
	NEED(unlink("low/gone"));
	NEED(mknod("low/gone", S_IFCHR, 0));
	put_file("low2/gone", "hidden");
	NEED(mkdir("low/dir", 0755));
	NEED(mkdir("low2/dir", 0755));
	put_file("low2/dir/old", "hidden");
	NEED(setxattr("low/dir", "trusted.overlay.opaque", "y", 1, 0));
	tree = mica_overlay_open(&o, &is, &err);
	if (!ok_code(tree < 0 ? tree : 0, 0, &err, "unseen: open"))
		return;
	ok(S_ISDIR(is.mode) && is.ino, "unseen: it is a directory");
	ok(mica_mounts(buf, sizeof(buf), &err) == mounts, "unseen: it is in no list of mounts");
	ok_code(mica_below_open(tree, "gone", MICA_OPEN_READ, 0, &err), -ENOENT, &err, "unseen: a whiteout hides");
	ok_code(mica_below_open(tree, "dir/old", MICA_OPEN_READ, 0, &err), -ENOENT, &err, "unseen: opaque hides");
	ok_code(mica_below_open(tree, "new", MICA_OPEN_WRITE | MICA_OPEN_CREATE, 0644, &err), -EROFS, &err,
		"unseen: nothing is made");
	ok_code(mica_below_open(tree, "kept", MICA_OPEN_WRITE, 0, &err), -EROFS, &err, "unseen: nothing is written");
	ok_code(mica_below_remove(tree, "kept", 0, &err), -EROFS, &err, "unseen: nothing is removed");
	file = mica_below_open(tree, "kept", MICA_OPEN_READ, 0, &err);
	mica_close_directory(tree);
	ok(file >= 0 && mica_file_read(file, text, sizeof(text), 0, &err) == 3 && !strcmp(text, "low"),
	   "unseen: an open file outlives it");
	mica_close_directory(file);
	o.lower_count = 1;
	ok_code(mica_overlay_open(&o, &is, &err), -EINVAL, &err, "unseen: one layer is too few");
	lowers[1] = "/tmp/unseen/absent";
	o.lower_count = 2;
	ok_code(mica_overlay_open(&o, &is, &err), -ENOENT, &err, "unseen: a layer is missing");
	ok(count_fds() == before, "unseen: no descriptor is left");
}

int main(void)
{
	enter_sandbox();
	for (int way = 0; way < WAYS; way++) {
		in_sandbox(plain_way, way, NULL);
		in_sandbox(many_short, way, NULL);
		in_sandbox(too_long_for_a_page, way, NULL);
		in_sandbox(private_in_shared, way, NULL);
		in_sandbox(bind, way, NULL);
		in_sandbox(umounts, way, NULL);
		in_sandbox(modes, way, NULL);
	}
	odd_paths();
	in_sandbox(many_long, 0, NULL);
	in_sandbox(failing, 0, NULL);
	unseen();
	return done();
}
