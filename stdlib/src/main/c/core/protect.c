/*
 * protect.c - turns the flags that overlayfs keeps in an attribute of an upper into flags of the layer, and back.
 *
 * The folder is walked as it is; what it means over its lowers does not matter. Of files and directories only the one
 * attribute is read, and no other metadata. Any order will do, so threads share the directories: each has its own list
 * and gives half of it away when another has nothing to do. Directories are kept as paths and are not open, so neither
 * the tree's depth nor its width costs descriptors.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "dir-stack.h"
#include "flags.h"
#include "pool.h"
#include "protect.h"
#include "xattr.h"

enum { MOST_HELPERS = 7, PAYS = 16 };

/* Directories to be walked. */
struct waiting {
	struct waiting *next;
	char path[]; /* relative to the layer */
};
struct list {
	struct waiting *first;
	size_t count;
};

struct walk {
	int root;
	enum protecting how;
	char attr[40];
	struct mica_job *job;
	uint64_t count;
	struct first_failure failure;
	pthread_mutex_t lock;
	pthread_cond_t more; /* signalled when there is something to share, and at the end */
	struct list shared;
	uint32_t helpers, idle; /* idle: threads that have nothing to do, this one included */
	bool started;
	pthread_t id[MOST_HELPERS];
};

static void push(struct list *list, struct waiting *directory)
{
	directory->next = list->first;
	list->first = directory;
	list->count++;
}

static struct waiting *pop(struct list *list)
{
	struct waiting *directory = list->first;

	if (directory) {
		list->first = directory->next;
		list->count--;
	}
	return directory;
}

/* One directory. */

static errint_t protect_entry(struct walk *s, int dir, const char *name, const char *path, struct mica_error *err)
{
	cleanup_free char *value = NULL;
	size_t len;
	errint_t code = xattr_get(dir, name, s->attr, (void **)&value, &len);

	if (code == -ENODATA || code == -EOPNOTSUPP || code == -ENOENT)
		return 0;
	if (code < 0)
		return mica_fail_at(err, code, "read xattr", path, name);
	__atomic_fetch_add(&s->count, 1, __ATOMIC_RELAXED);
	if (s->how == COUNT_PROTECTED)
		return 0;
	return (s->how == PROTECT ? flags_protect : flags_unprotect)(dir, name, flags_of_text(value),
								     *name ? name : path, err);
}

static errint_t add_below(struct list *own, const char *path, const char *name, struct mica_error *err)
{
	size_t above = strlen(path), slash = above > 0;
	struct waiting *below = malloc(sizeof(*below) + above + slash + strlen(name) + 1);

	if (!below)
		return mica_fail(err, -ENOMEM, "walk", name);
	memcpy(below->path, path, above);
	if (slash)
		below->path[above] = '/';
	strcpy(below->path + above + slash, name);
	push(own, below);
	return 0;
}

/* If the file system does not give the type with the name, it is asked for. */
static unsigned char type_of(int dir, const struct dirent64 *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? DT_UNKNOWN : IFTODT(st.st_mode);
}

static errint_t protect_name(struct walk *s, int dir, const struct waiting *at, const struct dirent64 *entry,
			     struct list *own, struct mica_error *err)
{
	const char *name = entry->d_name;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	switch (type_of(dir, entry)) {
	case DT_DIR:
		return add_below(own, at->path, name, err);
	case DT_REG:
		return protect_entry(s, dir, name, at->path, err);
	default:
		return 0;
	}
}

/*
 * While the union can be written to, a directory may be removed, moved or replaced before it is reached. If it is gone,
 * it has nothing any more; if it was moved, the watch reports where to.
 */
static bool is_gone(const struct walk *s, errint_t code)
{
	return s->how == COUNT_PROTECTED && (code == -ENOENT || code == -ENOTDIR || code == -ELOOP);
}

static errint_t protect_names(struct walk *s, int dir, const struct waiting *at, struct list *own,
			      struct mica_error *err)
{
	_Alignas(struct dirent64) char names[16384];
	uint64_t seen = 0;
	ssize_t got;
	errint_t code = 0;

	while (code == 0 && (got = getdents64(dir, names, sizeof(names))) != 0) {
		if (got < 0 && is_gone(s, -errno))
			break;
		if (got < 0)
			return mica_fail(err, -errno, "read directory", at->path);
		for (ssize_t i = 0; code == 0 && i < got; seen++) {
			const struct dirent64 *entry = (const void *)(names + i);

			code = protect_name(s, dir, at, entry, own, err);
			i += entry->d_reclen;
		}
	}
	job_add(s->job, seen, 0);
	return code;
}

/* The flags of the layer's root belong to the place where it lies, so they are not changed. */
static errint_t protect_directory(struct walk *s, const struct waiting *at, struct list *own, struct mica_error *err)
{
	cleanup_fd int dir = -1;
	errint_t code =
		job_cancelled(s->job) ? -ECANCELED : open_below(s->root, at->path, strlen(at->path), O_RDONLY, &dir);

	if (is_gone(s, code))
		return 0;
	if (code < 0)
		return mica_fail(err, code, "open", at->path);
	code = *at->path ? protect_entry(s, dir, "", at->path, err) : 0;
	return code < 0 ? code : protect_names(s, dir, at, own, err);
}

/* Among threads. */

/* Gives away half of the list: the older directories, which have more below them. The lock is held. */
static void share(struct walk *s, struct list *own)
{
	struct waiting **link = &own->first;
	size_t kept = (own->count + 1) / 2;

	for (size_t i = 0; i < kept; i++)
		link = &(*link)->next;
	s->shared = (struct list){*link, own->count - kept};
	*link = NULL;
	own->count = kept;
	pthread_cond_broadcast(&s->more);
}

static void share_if_wanted(struct walk *s, struct list *own)
{
	if (own->count < 2 || !__atomic_load_n(&s->idle, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&s->lock);
	if (s->idle && !s->shared.count)
		share(s, own);
	pthread_mutex_unlock(&s->lock);
}

/* Returns false if no thread has anything to do any more. */
static bool take_shared(struct walk *s, struct list *own)
{
	bool some;

	pthread_mutex_lock(&s->lock);
	__atomic_fetch_add(&s->idle, 1, __ATOMIC_RELAXED); /* atomic, because it is read without the lock, too */
	while (!s->shared.count && s->idle <= s->helpers)
		pthread_cond_wait(&s->more, &s->lock);
	some = s->shared.count > 0;
	if (some) {
		*own = s->shared;
		s->shared = (struct list){0};
		__atomic_fetch_sub(&s->idle, 1, __ATOMIC_RELAXED);
	} else {
		pthread_cond_broadcast(&s->more);
	}
	pthread_mutex_unlock(&s->lock);
	return some;
}

static void *help(void *arg);

static uint32_t helpers_wanted(const struct mica_job *job)
{
	uint32_t asked = job ? __atomic_load_n(&job->threads, __ATOMIC_RELAXED) : 0;
	long count = asked ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 0 : count > MOST_HELPERS ? MOST_HELPERS : (uint32_t)count - 1;
}

/* If a thread cannot be started, there is one fewer. The threads block all signals: these are for the program's own. */
static void start_helpers(struct walk *s)
{
	uint32_t wanted = helpers_wanted(s->job);
	sigset_t all, before;

	s->started = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&s->lock);
	while (s->helpers < wanted && pthread_create(&s->id[s->helpers], NULL, help, s) == 0)
		s->helpers++;
	pthread_mutex_unlock(&s->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* After a failure the remaining directories are only taken and freed, so that all threads end. */
static void work(struct walk *s, struct list *own, bool starts)
{
	struct waiting *directory;

	do {
		while ((directory = pop(own))) {
			struct mica_error err;

			mica_error_clear(&err);
			if (!failure_code(&s->failure) && protect_directory(s, directory, own, &err) < 0)
				failure_note(&s->failure, &err);
			free(directory);
			if (starts && !s->started && own->count >= PAYS)
				start_helpers(s);
			share_if_wanted(s, own);
		}
	} while (take_shared(s, own));
}

static void *help(void *arg)
{
	struct list own = {0};

	work(arg, &own, false);
	return NULL;
}

static errint_t protect_all(struct walk *s, struct mica_error *err)
{
	struct list own = {0};
	errint_t code = add_below(&own, "", "", err);

	if (code < 0)
		return code;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	work(s, &own, true);
	for (uint32_t i = 0; i < s->helpers; i++)
		pthread_join(s->id[i], NULL);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	code = failure_code(&s->failure);
	if (code < 0 && err)
		*err = s->failure.err;
	return code;
}

static void name_attribute(char attr[40], uint32_t flags)
{
	snprintf(attr, 40, "%sprotattr", xattr_prefix(flags & MICA_LAYER_USERXATTR ? XATTR_USER : XATTR_TRUSTED));
}

bool has_protattr(const char *path, uint32_t flags)
{
	char attr[40];

	name_attribute(attr, flags);
	return getxattr(path, attr, NULL, 0) >= 0 || (errno != ENODATA && errno != EOPNOTSUPP);
}

errint_t protect_tree(int root, uint32_t flags, enum protecting how, uint64_t *count, struct mica_job *job,
		      struct mica_error *err)
{
	struct walk s = {.root = root, .how = how, .job = job};
	errint_t code;

	name_attribute(s.attr, flags);
	code = protect_all(&s, err);
	if (count)
		*count = s.count;
	return code;
}

static errint_t protect_path(const char *layer, uint32_t flags, enum protecting how, uint64_t *count,
			     struct mica_job *job, struct mica_error *err)
{
	cleanup_fd int root = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mica_error_clear(err);
	if (root < 0)
		return mica_fail(err, -errno, "open", layer);
	return protect_tree(root, flags, how, count, job, err);
}

errint_t mica_protect_layer(const char *layer, uint32_t flags, uint64_t *count, struct mica_job *job,
			    struct mica_error *err)
{
	return protect_path(layer, flags, PROTECT, count, job, err);
}

errint_t mica_unprotect_layer(const char *layer, uint32_t flags, struct mica_job *job, struct mica_error *err)
{
	return protect_path(layer, flags, UNPROTECT, NULL, job, err);
}
