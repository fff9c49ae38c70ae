/* A rotation: nothing written is lost or hidden, nobody writes a layer afterwards, and what is held is left as it was.
 */
#include "rotations.h"

#include <dirent.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

static int mounts_at(const char *target)
{
	char *line = NULL, want[300];
	size_t room = 0;
	int n = 0;
	FILE *in = fopen("/proc/self/mountinfo", "re");

	snprintf(want, sizeof(want), " /tmp/%s ", target);
	while (in && getline(&line, &room, in) > 0)
		n += strstr(line, want) != NULL;
	if (in)
		fclose(in);
	free(line);
	return n;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n == 2;
}

static void idle(const char *what, uint32_t flags)
{
	make_union();
	ok_code(rotate_to("store/layer", flags), 0, &err, "an idle union is rotated, %s", what);
	ok(file_is("store/layer/one", "1") && is_empty("up"), "its upper is the layer, and it has a fresh one");
	ok(file_is("at/one", "1") && file_is("at/old", "low"), "it shows what it did");
	put_file("at/two", "2");
	ok(file_is("up/two", "2") && !exists("store/layer/two"), "and is written to its fresh upper");
	ok(mounts_at("at") == 1, "one mount is there");
	forget_union();
}

/* Who holds the union, how he is let go, and whether he was seen beforehand. */
static int held = -1;

static void hold_by_reading(void)
{
	held = open("at/one", O_RDONLY | O_CLOEXEC);
}
static void hold_by_writing(void)
{
	held = open("at/one", O_WRONLY | O_APPEND | O_CLOEXEC);
}
static void hold_by_folder(void)
{
	held = open("at", O_PATH | O_CLOEXEC);
}
static void hold_by_tree(void)
{
	held = open_tree(AT_FDCWD, "at", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}
static void hold_by_bind(void)
{
	mkdir("other", 0755);
	NEED(mount("at", "other", NULL, MS_BIND, NULL));
	held = -1;
}
static void hold_by_file_mount(void)
{
	put_file("file", "");
	NEED(mount("at/one", "file", NULL, MS_BIND, NULL));
	held = -1;
}
static void hold_by_namespace(void)
{
	int ours = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	NEED(ours);
	NEED(unshare(CLONE_NEWNS));
	held = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	NEED(setns(ours, CLONE_NEWNS));
	NEED(chdir("/tmp"));
	close(ours);
}

static const struct holder {
	const char *what;
	void (*hold)(void);
	bool seen; /* then it is as if nobody had asked */
} holders[] = {
	{"an open file", hold_by_reading, true},
	{"a file open for writing", hold_by_writing, true},
	{"an open folder", hold_by_folder, true},
	{"a detached mount", hold_by_tree, false},
	{"a bind mount", hold_by_bind, false},
	{"a mount of one file", hold_by_file_mount, false},
	{"an unseen namespace", hold_by_namespace, false},
};

static void let_holder_go(void)
{
	if (held >= 0)
		close(held);
	umount2("other", MNT_DETACH);
	umount2("file", MNT_DETACH);
	rmdir("other");
	unlink("file");
}

static void one_holder(const struct holder *h, uint32_t flags)
{
	make_union();
	h->hold();
	uint32_t before = id_at("at");
	ok_code(rotate_to("store/layer", flags), MICA_HELD, &err, "%s: not rotated", h->what);
	ok(!exists("store/layer") && file_is("up/one", "1"), "%s: the upper is where it was", h->what);
	ok(!h->seen || id_at("at") == before, "%s: the mount is the one it was", h->what);
	ok(mounts_at("at") == 1, "%s: one mount is there", h->what);
	put_file("at/two", "2");
	ok(file_is("up/two", "2") && file_is("at/one", "1"), "%s: the union is written as before", h->what);
	let_holder_go();
	if (h->seen) {
		struct mica_error none;
		mica_remove("work1", NULL, &none);
		ok_code(rotate_to("store/layer", flags), 0, &err, "%s: rotated once he is gone", h->what);
	}
	forget_union();
}

/* What the union's path leads to must be the upper that it was made with. */
static void another_upper(void)
{
	make_union();
	int real = open("up", O_PATH | O_DIRECTORY | O_CLOEXEC);
	NEED(rename("up", "moved"));
	NEED(mkdir("up", 0755));
	put_file("up/precious", "kept");
	struct mica_rotation r = {lowers,  1,	    id_at("at"), "at", "up", "store/layer",
				  "work1", "trial", "mica:test", real, 0};
	mkdir("work1", 0700);
	int got = mica_rotate(&r, &err);
	ok(got == MICA_HELD || got == -ESTALE, "something else at the upper's path is not taken");
	ok(file_is("up/precious", "kept") && !exists("store/layer"), "and stays where it is");
	put_file("at/two", "2");
	ok(file_is("moved/two", "2"), "the union goes on");
	close(real);
	NEED(rename("up", "aside"));
	NEED(rename("moved", "up"));
	mica_remove("aside", NULL, &err);
	forget_union();
}

/* What a layer's mount forbids. */
static void strictest(void)
{
	const char *const stick[] = {"stick", "low2"};
	struct mica_overlay o = {stick, 2, 0, "up", "work0", "at", "mica:test"};
	struct mica_error none;

	for (const char *const *name = (const char *const[]){"stick", "low2", "up", "work0", "at", NULL}; *name; name++)
		NEED(mkdir(*name, 0755));
	NEED(mount("stick", "stick", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
	ok_code(mica_overlay_mount(&o, &err), 0, &err, "a lower that is nosuid,nodev");
	int at = open("at", O_PATH | O_CLOEXEC);
	ok((mica_forbidden(at) & (MICA_MOUNT_NOSUID | MICA_MOUNT_NODEV)) == (MICA_MOUNT_NOSUID | MICA_MOUNT_NODEV),
	   "has a union that is so, too");
	close(at);
	umount2("at", MNT_DETACH);
	ok_code(mica_overlay_mount(&(struct mica_overlay){stick, 2, 0, NULL, NULL, "at", "mica:test"}, &err), 0, &err,
		"also without an upper");
	at = open("at", O_PATH | O_CLOEXEC);
	ok((mica_forbidden(at) & MICA_MOUNT_NOSUID) != 0, "that is so, too");
	close(at);
	umount2("at", MNT_DETACH);
	umount2("stick", MNT_DETACH);
	for (const char *const *name = (const char *const[]){"stick", "low2", "up", "work0", "at", NULL}; *name; name++)
		mica_remove(*name, NULL, &none);
}

/* Writers by path, all the time: each write that was acknowledged is in the union afterwards. */
/* Each writer goes round its files, so that an upper does not grow for ever where it is rotated seldom. */
enum { WRITERS = 4, ROTATIONS = 120, FILES = 1000 };

struct board {
	atomic_bool stop;
	atomic_uint acked[WRITERS], refused[WRITERS], missing[WRITERS], other[WRITERS];
};

static void write_all_the_time(struct board *b, int me)
{
	char path[64], text[32];
	struct stat st;

	for (unsigned i = 0; !b->stop; i = b->acked[me]) {
		snprintf(path, sizeof(path), "at/w%d-%u", me, i % FILES);
		int len = snprintf(text, sizeof(text), "%u", i);
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd >= 0 && write(fd, text, (size_t)len) == len && !fsync(fd))
			b->acked[me] = i + 1;
		else if (errno == EROFS)
			b->refused[me]++;
		else
			b->other[me]++;
		if (fd >= 0)
			close(fd);
		/* What was always there is always seen. */
		if (stat("at/old", &st))
			b->missing[me]++;
	}
	_exit(0);
}

static bool is_whole(const struct board *b)
{
	char path[64], text[32];
	bool whole = true;

	for (int w = 0; w < WRITERS; w++)
		for (unsigned i = b->acked[w] < FILES ? 0 : b->acked[w] - FILES; i < b->acked[w]; i++) {
			snprintf(path, sizeof(path), "at/w%d-%u", w, i % FILES);
			snprintf(text, sizeof(text), "%u", i);
			if (!file_is(path, text))
				whole = ok(false, "%s was acknowledged and is not there", path);
		}
	return whole;
}

static void hammered(void)
{
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static char layers[ROTATIONS + 1][32];
	unsigned refused = 0, acked = 0, missing = 0, other = 0;
	int rotated = 0, failed = 0;

	make_union();
	fflush(stdout);
	for (int w = 0; w < WRITERS; w++)
		if (!fork())
			write_all_the_time(b, w);
	for (int n = 1; n <= ROTATIONS; n++) {
		int got = rotate_number(n, layers, (uint32_t)rotated);

		rotated += got == 0;
		failed += got < 0 && ok_code(got, 0, &err, "a rotation under load");
	}
	b->stop = true;
	while (wait(NULL) > 0)
		;
	for (int w = 0; w < WRITERS; w++)
		acked += b->acked[w], refused += b->refused[w], missing += b->missing[w], other += b->other[w];
	printf("# %d of %d rotated; %u writes acknowledged, %u refused as read-only\n", rotated, ROTATIONS, acked,
	       refused);
	ok(rotated >= ROTATIONS / 10, "the union is rotated under load");
	ok(is_whole(b), "every acknowledged write is there");
	ok(!missing && !other && !failed, "nothing was ever missing or failed otherwise (%u, %u)", missing, other);
	ok(mounts_at("at") == 1, "one mount is there");
	forget_union();
	munmap(b, sizeof(*b));
}

static void in_use(void)
{
	make_union();
	ok_code(mica_in_use("up", "trial", &err), 1, &err, "a mounted upper is in use");
	int fd = open("at/one", O_WRONLY | O_CLOEXEC);
	umount2("at", MNT_DETACH);
	ok_code(mica_in_use("up", "trial", &err), 1, &err, "so it is lazily unmounted, while a file is open");
	close(fd);
	ok_code(mica_in_use("up", "trial", &err), 0, &err, "and no more once that is closed");
	ok(is_empty("trial"), "nothing is left of asking");
	forget_union();
}

int main(void)
{
	enter_sandbox();
	strictest();
	in_use();
	idle("nobody there", 0);
	idle("drained", MICA_ROTATE_DRAIN);
	for (size_t i = 0; i < sizeof(holders) / sizeof(*holders); i++) {
		one_holder(&holders[i], 0);
		one_holder(&holders[i], MICA_ROTATE_DRAIN);
	}
	/* As under systemd, where what is mounted shows up in other namespaces, too. */
	NEED(mount(NULL, "/tmp", NULL, MS_SHARED, NULL));
	idle("on a shared mount", 0);
	one_holder(&holders[2], 0);
	NEED(mount(NULL, "/tmp", NULL, MS_PRIVATE, NULL));
	another_upper();
	hammered();
	return done();
}
