/* A rotation keeps what is immutable or append-only so, from the first moment in which the new union can be written. */
#include "rotations.h"

#include <linux/fs.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static bool is_immutable(const char *path)
{
	struct statx stx;

	NEED(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx));
	return stx.stx_attributes & STATX_ATTR_IMMUTABLE;
}

/* False: it cannot be changed just now. */
static bool change_immutable(const char *path, bool on)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), raw;
	bool done;

	NEED(fd);
	NEED(ioctl(fd, FS_IOC_GETFLAGS, &raw));
	raw = on ? raw | FS_IMMUTABLE_FL : raw & ~FS_IMMUTABLE_FL;
	done = !ioctl(fd, FS_IOC_SETFLAGS, &raw);
	close(fd);
	return done;
}

static void set_immutable(const char *path, bool on)
{
	if (!change_immutable(path, on))
		bail(path);
}

/* overlayfs itself forgets them with each mount. */
static void root_flags(void)
{
	struct mica_overlay o = {(const char *const[]){"store/layer", "low"}, 2, 0, "up", "work2", "at", "mica:test"};

	make_union();
	set_immutable("at", true);
	ok_code(rotate_to("store/layer", 0), 0, &err, "a union whose root is immutable is rotated");
	ok(is_immutable("at") && open("at/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EPERM,
	   "its root still is");
	NEED(umount2("at", 0));
	NEED(mkdir("work2", 0755));
	ok_code(mica_overlay_mount(&o, &err), 0, &err, "it is mounted again");
	ok(is_immutable("at"), "and its root still is");
	set_immutable("at", false);
	put_file("at/new", "new");
	ok(file_is("up/new", "new"), "until that is taken back");
	forget_union();
	NEED(mica_remove("work2", NULL, &err));
}

static void make_protected(void)
{
	make_union();
	put_file("at/fixed", "1");
	set_immutable("at/fixed", true);
	ok(is_immutable("at/fixed") && !is_immutable("up/fixed"), "an upper says it in its own way");
}

/* From the first moment on in which the new union can be written. */
static void stays_protected(void)
{
	make_protected();
	ok_code(rotate_to("store/layer", 0), 0, &err, "a union with an immutable file");
	int fd = open("at/fixed", O_WRONLY | O_CLOEXEC);
	ok(fd < 0 && errno == EPERM && is_immutable("at/fixed"), "nobody can write it");
	if (fd >= 0)
		close(fd);
	ok(is_immutable("store/layer/fixed"), "the layer has the flag itself");
	set_immutable("at/fixed", false);
	put_file("at/fixed", "2");
	ok(file_is("at/fixed", "2") && file_is("store/layer/fixed", "1"), "who takes it away writes a copy");
	NEED(mica_discard("store/layer", NULL, &err));
	forget_union();
}

/* The new union is mounted already when it is seen that somebody holds the old one. */
static void stays_protected_where_it_is_held(void)
{
	int tree;

	make_protected();
	NEED(tree = open_tree(AT_FDCWD, "at", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	ok_code(rotate_to("store/layer", 0), MICA_HELD, &err, "one that is held");
	close(tree);
	ok(is_immutable("at/fixed") && !is_immutable("up/fixed"), "its upper is one again");
	set_immutable("at/fixed", false);
	put_file("at/fixed", "2");
	ok(file_is("up/fixed", "2"), "and can be written to");
	forget_union();
}

/* At any moment of a rotation a file becomes immutable; from then on it is tried to write it. */
struct guard {
	atomic_int made, turn; /* turn: twice the number of the rotation under way, one more once it has ended */
	atomic_uint written;
};
enum { GUARDED = 60, LATEST = 60000 };

static void protect_at_a_moment(struct guard *g, unsigned seed)
{
	char path[32];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int turn = 1; turn <= GUARDED; turn++) {
		snprintf(path, sizeof(path), "at/fixed-%d", turn);
		put_file(path, "");
		g->made = turn;
		while (g->turn < 2 * turn)
			sched_yield();
		for (unsigned i = (unsigned)rand_r(&seed) % LATEST; i > 0; i--)
			getppid();
		bool fixed = change_immutable(path, true); /* or the union is read-only just now */
		while (g->turn == 2 * turn)
			if (fixed && (fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0) {
				g->written++;
				close(fd);
			}
	}
	_exit(0);
}

static void becomes_protected_meanwhile(void)
{
	struct guard *g = mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seed = (unsigned)time(NULL);
	char layers[GUARDED + 1][32];
	int rotated = 0;

	make_union();
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		protect_at_a_moment(g, seed);
	for (int n = 1; n <= GUARDED; n++) {
		while (g->made < n && waitpid(child, NULL, WNOHANG) == 0)
			sched_yield();
		g->turn = 2 * n;
		rotated += rotate_number(n, layers, (uint32_t)rotated) == 0;
		g->turn = 2 * n + 1;
	}
	while (wait(NULL) > 0)
		;
	printf("# seed %u: %d of %d rotated\n", seed, rotated, GUARDED);
	ok(g->made == GUARDED && rotated >= GUARDED / 4, "a union in which something becomes immutable is rotated");
	ok(!g->written, "and nobody can write it from then on (%u did)", g->written);
	for (int n = 0; n < rotated; n++)
		NEED(mica_discard(layers[n], NULL, &err));
	for (int n = 1; n <= GUARDED; n++) {
		char path[32];
		snprintf(path, sizeof(path), "at/fixed-%d", n);
		if (exists(path))
			set_immutable(path, false);
	}
	forget_union();
	munmap(g, sizeof(*g));
}

int main(void)
{
	enter_sandbox();
	root_flags();
	stays_protected();
	stays_protected_where_it_is_held();
	becomes_protected_meanwhile();
	return done();
}
