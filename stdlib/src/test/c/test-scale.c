/*
 * Large and deep trees, few descriptors, little memory, a cancelled call, a tree that changes under the walk.
 * MICA_SCALE=1000000 in the environment sets the number of entries of the wide ones (60,000 unless given); a smaller
 * one makes the deep ones less deep, too, whose time grows with the square. Their paths are always longer than
 * PATH_MAX.
 */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "trees.h"

static const char *const deep_a = "deep-a", *const deep_b = "deep-b", *const wide_a = "wide-a",
			 *const wide_b = "wide-b";
static struct mica_error err;
static uint64_t kinds[4];

static void limit_files(rlim_t count)
{
	struct rlimit limit;

	NEED(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = count;
	NEED(setrlimit(RLIMIT_NOFILE, &limit));
}

static int scale(void)
{
	const char *value = getenv("MICA_SCALE");

	return value ? atoi(value) : 60000;
}

static int depth(void)
{
	int wanted = scale() / 6;

	return wanted < 2500 ? 2500 : wanted > 10000 ? 10000 : wanted;
}

static bool is_sanitized(void)
{
	const char *value = getenv("MICA_SANITIZE");

	return value && *value;
}

static void deep(uint32_t threads)
{
	struct mica_tree a = plain_tree(&deep_a), b = plain_tree(&deep_b), none = {0};
	const char *const stack[] = {deep_b, deep_a};
	struct mica_tree over = {.layers = stack, .count = 2, .kind = MICA_TREE_OVERLAY};
	struct mica_tree under = {.layers = stack + 1, .count = 1, .kind = MICA_TREE_OVERLAY};
	struct mica_job job = {.threads = threads};
	const int levels = depth();

	limit_files(64);
	int64_t lines = count_changes(&a, &b, &job, kinds, &err);
	ok_code(lines < 0 ? lines : 0, 0, &err, "%d deep, %u threads, 64 descriptors", levels, threads);
	/* The directories' own times differ, all of them. */
	ok(kinds[MICA_MODIFIED] == (uint64_t)lines && lines == levels + 2, "its changes (%lld)", (long long)lines);
	lines = count_changes(&none, &b, &job, kinds, &err);
	ok(lines == 2 * levels + 2 && kinds[MICA_ADDED] == (uint64_t)lines, "all of it new (%lld)", (long long)lines);
	lines = count_changes(&b, &none, &job, kinds, &err);
	ok(lines == 1 && kinds[MICA_DELETED] == 1, "all of it gone is one line (%lld)", (long long)lines);
	lines = count_changes(&under, &over, &job, kinds, &err);
	ok_code(lines < 0 ? lines : 0, 0, &err, "as layers");
	ok(lines == levels + 2 && kinds[MICA_MODIFIED] == (uint64_t)lines, "its changes (%lld)", (long long)lines);
	limit_files(1024);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* This process's peak in KiB since it was set back. */
static long peak_memory(void)
{
	char line[128];
	long peak = -1;
	FILE *in = fopen("/proc/self/status", "re");

	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, "VmHWM:", 6))
			peak = atol(line + 6);
	if (in)
		fclose(in);
	return peak;
}

/* In a process of its own, whose peak is its own; says it in KiB. */
static long measure(const struct mica_tree *a, const struct mica_tree *b, int64_t want)
{
	int status, pipe_fd[2];
	long peak = 0;
	pid_t pid;

	fflush(stdout);
	NEED(pipe(pipe_fd));
	NEED(pid = fork());
	if (!pid) {
		int reset = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
		if (reset < 0 || write(reset, "5", 1) != 1)
			_exit(3);
		int64_t lines = count_changes(a, b, NULL, kinds, &err);
		if (lines != want)
			printf("# %lld changes, %s %s %s\n", (long long)lines, err.step, err.path, err.note);
		fflush(stdout);
		peak = peak_memory();
		_exit(write(pipe_fd[1], &peak, sizeof(peak)) != sizeof(peak) || lines != want);
	}
	close(pipe_fd[1]);
	if (read(pipe_fd[0], &peak, sizeof(peak)) != sizeof(peak))
		bail("read");
	close(pipe_fd[0]);
	NEED(waitpid(pid, &status, 0));
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "%lld changes", (long long)want);
	return peak;
}

static void memory(const char *name, int dirs, int files)
{
	struct mica_tree a = plain_tree(&wide_a), b = plain_tree(&wide_b);

	make_wide_tree(wide_a, dirs, files, false);
	make_wide_tree(wide_b, dirs, files, true);
	/* Half of the directories lost a file; of the others the time alone is new, and the root's. */
	double began = now();
	long peak = measure(&a, &b, dirs / 2 + (dirs + 1) / 2 + 1);
	printf("# %s: %.2f s\n", name, now() - began);
	ok(is_sanitized() || peak < 64 << 10, "%s: %d entries in less than 64 MiB (%ld KiB)", name, dirs * files, peak);
	NEED(mica_remove(wide_a, NULL, &err));
	NEED(mica_remove(wide_b, NULL, &err));
}

/* By whoever reads it, after the first changes. */
static void cancel(void)
{
	struct mica_tree a = plain_tree(&wide_a), b = plain_tree(&wide_b);
	struct mica_job job = {.threads = 4};
	struct mica_diff *diff = NULL;
	char buf[4096] __attribute__((aligned(8)));
	int64_t used, more = 0;

	make_wide_tree(wide_a, 200, 500, false);
	make_wide_tree(wide_b, 200, 500, true);
	NEED(mica_diff_open(&diff, &a, &b, MICA_DIFF_EXACT, &job, &err));
	ok(mica_diff_read(diff, buf, 256, &err) > 0, "a diff has begun");
	__atomic_store_n(&job.cancel, 1, __ATOMIC_RELAXED);
	/* What did not fit before is still given. */
	while ((used = mica_diff_read(diff, buf, sizeof(buf), &err)) > 0)
		more++;
	ok_code(used, -ECANCELED, &err, "a cancelled diff");
	ok(more <= 1, "it gives no more");
	mica_diff_close(diff);
	ok(job.entries < 100000, "with most of the names unseen (%llu)", (unsigned long long)job.entries);
}

static int stop_moving;

/* Directories come, go, become files and swap places. */
static void *keep_moving(void *arg)
{
	char from[64], to[64];

	(void)arg;
	for (unsigned i = 0; !__atomic_load_n(&stop_moving, __ATOMIC_RELAXED); i++) {
		snprintf(from, sizeof(from), "%s/dir%06u", wide_b, i * 7 % 200);
		snprintf(to, sizeof(to), "%s/dir%06u", wide_b, i * 13 % 200);
		(void)!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
		snprintf(from, sizeof(from), "%s/dir%06u/file%06u", wide_b, i % 200, i % 500);
		if (i % 3)
			unlink(from);
		else
			(void)!mkdir(from, 0755);
	}
	return NULL;
}

static void moving(void)
{
	struct mica_tree a = plain_tree(&wide_a), b = plain_tree(&wide_b);
	pthread_t thread;
	bool well = true;

	if (pthread_create(&thread, NULL, keep_moving, NULL))
		bail("pthread_create");
	for (int i = 0; i < 5; i++) {
		struct mica_job job = {.threads = 4};
		int64_t lines = count_changes(&a, &b, &job, kinds, &err);
		printf("# %lld, %s %s\n", (long long)lines, lines < 0 ? err.step : "lines", lines < 0 ? err.path : "");
		well = well && (lines >= 0 || lines == -ESTALE);
	}
	__atomic_store_n(&stop_moving, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ok(well, "a tree that moves under the walk: an answer, or ESTALE");
}

int main(void)
{
	enter_sandbox();
	/* Before the deep ones, whose memory the allocator keeps. */
	memory("directories of 1,000", scale() / 1000, 1000);
	memory("one directory", 1, scale());
	memory("small directories", scale() / 4, 4);
	make_deep_tree(deep_a, depth(), "a");
	make_deep_tree(deep_b, depth(), "b");
	deep(1);
	deep(8);
	NEED(mica_remove(deep_a, NULL, &err));
	NEED(mica_remove(deep_b, NULL, &err));
	cancel();
	moving();
	return done();
}
