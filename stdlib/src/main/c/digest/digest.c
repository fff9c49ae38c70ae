/*
 * mica-digest - records the digest of each commit that has none yet, in the background.
 *
 *   mica-digest HOME
 *
 * HOME is a state directory of the caller's, with HOME/digests in it. If there is a HOME/commits/ID.json, or a
 * HOME/tars/ID.json (the record of a layer of an image), but no HOME/digests/ID.json, the manifest's digest of the tree
 * HOME/layers/ID is computed and written there, until none is missing. It is started after each publication, and also
 * does the work of an earlier process that was killed. One process works at a time, and others wait for their turn, so
 * that no commit is forgotten that was published meanwhile.
 *
 * It takes no lock of the state directory, so nobody has to wait for it. That is safe for these reasons:
 *   - A record of a digest appears completely or not at all, and never replaces another: it is a file without a name
 *     until it is linked, so a process that is killed leaves nothing behind.
 *   - When a layer is removed, its records are removed first, then its digest, then the layer. So if a record exists
 *     after the tree was read, nothing of the tree was missing; and if one exists after the link, the process that
 *     removes it will find the digest.
 *
 * It runs with a lower priority than others, in a session of its own. Its current folder is HOME. If that folder or the
 * current commit is removed, it ends within a second. Exit status 0, also if some could not be digested: they stay
 * without a record, as "mica commit show" shows, and "mica commit verify" says why. 1: nothing could be done.
 */
#include "base.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

enum { SHORTEST_ID = 4, LONGEST_ID = 64, NICE = 10, IOPRIO_WHO_PROCESS = 1, IOPRIO_IDLE = 3 << 13 };
#define SUFFIX ".json"

/* What the timer checks and cancels. */
static struct mica_job job;
static char record_at_hand[LONGEST_ID + sizeof("commits/" SUFFIX)];

static bool is_there(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The current commit is being removed, so the rest of it need not be read. */
static void look(int signal_number)
{
	int saved = errno;

	(void)signal_number;
	if (!is_there(record_at_hand))
		__atomic_store_n(&job.cancel, 1, __ATOMIC_RELAXED);
	errno = saved;
}

static void look_every_second(void)
{
	const struct itimerval second = {{1, 0}, {1, 0}};
	const struct sigaction action = {.sa_handler = look, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &second, NULL);
}

/* The id in the name of a record; empty if it is not a record of a commit. */
static void id_of(const char *name, char id[LONGEST_ID + 1])
{
	size_t len = strspn(name, "0123456789abcdef");

	id[0] = 0;
	if (len < SHORTEST_ID || len > LONGEST_ID || strcmp(name + len, SUFFIX))
		return;
	memcpy(id, name, len);
	id[len] = 0;
}

/* Makes digests/ID.json with text in it, unless it exists; true if we have made it. */
static bool publish(const char *path, const char *text, size_t len)
{
	cleanup_fd int fd = open("digests", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	cleanup_fd int directory = open("digests", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char nameless[32];

	if (fd < 0 || directory < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) < 0)
		return false;
	snprintf(nameless, sizeof(nameless), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, nameless, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0)
		return false;
	fsync(directory);
	return true;
}

static void write_text(char *text, size_t room, const uint8_t digest[32], const struct mica_totals *totals)
{
	char hex[65];

	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(text, room,
		 "{\n  \"digest\" : \"sha256:%s\",\n  \"manifest\" : %d,\n  \"entries\" : %llu,\n  \"bytes\" : %llu\n}",
		 hex, MICA_MANIFEST_VERSION, (unsigned long long)totals->entries, (unsigned long long)totals->bytes);
}

/* Returns true if it has recorded one more. */
static bool digest_layer(const char *records, const char *id)
{
	char layer[LONGEST_ID + sizeof("layers/")], recorded[sizeof(record_at_hand)], text[256];
	const char *path = layer;
	const struct mica_tree tree = {.layers = &path, .count = 1, .kind = MICA_TREE_PLAIN};
	struct mica_totals totals;
	uint8_t digest[32];

	snprintf(layer, sizeof(layer), "layers/%s", id);
	snprintf(recorded, sizeof(recorded), "digests/%s" SUFFIX, id);
	if (is_there(recorded))
		return false;
	snprintf(record_at_hand, sizeof(record_at_hand), "%s/%s" SUFFIX, records, id);
	job.cancel = 0; /* only now, because the timer may have read half a name */
	look_every_second();
	if (mica_manifest(&tree, digest, &totals, &job, NULL) < 0 || !is_there(record_at_hand))
		return false;
	write_text(text, sizeof(text), digest, &totals);
	if (!publish(recorded, text, strlen(text)))
		return false;
	if (is_there(record_at_hand))
		return true;
	unlink(recorded);
	return false;
}

/* The number of layers that were recorded just now; -1 if the records cannot be read. */
static int pass(const char *records)
{
	DIR *all = opendir(records);
	struct dirent *entry;
	char id[LONGEST_ID + 1];
	int recorded = 0;

	if (!all)
		return -1;
	while ((entry = readdir(all))) {
		id_of(entry->d_name, id);
		if (*id && digest_layer(records, id))
			recorded++;
	}
	closedir(all);
	return recorded;
}

/* Enters the state directory, which must belong to the caller, and waits until no other process works there. */
static errint_t enter(const char *home)
{
	struct stat st;
	int digests;

	if (chdir(home) < 0 || stat(".", &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -EPERM;
	digests = open("digests", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (digests < 0)
		return -errno;
	while (flock(digests, LOCK_EX) < 0) /* released when the process ends */
		if (errno != EINTR)
			return -errno;
	return 0;
}

int main(int argc, char **argv)
{
	errint_t failed;
	int commits, images;

	if (argc != 2) {
		fputs("usage: mica-digest HOME\n", stderr);
		return 2;
	}
	setsid(); /* the terminal's Ctrl-C and hang-up are not for us; fails only if we lead a session already */
	setpriority(PRIO_PROCESS, 0, NICE);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	failed = enter(argv[1]);
	if (failed) {
		fprintf(stderr, "mica-digest: cannot enter %s: %s\n", argv[1], strerror(-failed));
		return 1;
	}
	do {
		commits = pass("commits");
		images = pass("tars"); /* the folder does not exist before the first image */
	} while (commits > 0 || images > 0);
	return commits < 0;
}
