#include "dir-stack.h"
#include "layer-dir.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* When a deep directory is opened again, at most so many of its ancestors stay open, because a walk that comes up from
 * there needs them next. */
#define NEAR 16
/* More would save little. And whenever the table of open files grows, a process with threads waits for milliseconds
 * (the kernel's synchronize_rcu). */
#define MOST_OPEN 128
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

errint_t layer_dirs_init(struct layer_dirs *dirs)
{
	struct rlimit limit;
	size_t quarter = 64;

	*dirs = (struct layer_dirs){0};
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		quarter = limit.rlim_cur / 4;
	dirs->cap = quarter < 16 ? 16 : quarter > MOST_OPEN ? MOST_OPEN : quarter;
	return -pthread_mutex_init(&dirs->lock, NULL);
}

void layer_dirs_free(struct layer_dirs *dirs)
{
	pthread_mutex_destroy(&dirs->lock);
}

static errint_t new_layer_dir(const char *name, size_t len, struct layer_dir **out)
{
	struct layer_dir *dir = calloc(1, sizeof(*dir) + len + 1);

	if (!dir)
		return -ENOMEM;
	memcpy(dir->name, name, len);
	dir->refs = 1;
	dir->fd = -1;
	*out = dir;
	return 0;
}

errint_t layer_dir_root(const char *path, struct layer_dir **out)
{
	cleanup_fd int fd = open(path, DIR_FLAGS);
	struct stat st;
	errint_t ret;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	ret = new_layer_dir("", 0, out);
	if (ret)
		return ret;
	(*out)->fd = steal_fd(&fd);
	(*out)->ino = st.st_ino;
	(*out)->dev = st.st_dev;
	return 0;
}

errint_t layer_dir_child(struct layer_dir *parent, const char *name, size_t len, uint64_t ino, struct layer_dir **out)
{
	errint_t ret = new_layer_dir(name, len, out);

	if (ret)
		return ret;
	(*out)->parent = layer_dir_ref(parent);
	(*out)->ino = ino;
	return 0;
}

struct layer_dir *layer_dir_ref(struct layer_dir *dir)
{
	__atomic_fetch_add(&dir->refs, 1, __ATOMIC_RELAXED);
	return dir;
}

/* The parked directories are a list that is ordered by age. All these functions are called with the lock held. */
static void park(struct layer_dirs *dirs, struct layer_dir *dir)
{
	dir->newer = NULL;
	dir->older = dirs->newest;
	*(dirs->newest ? &dirs->newest->newer : &dirs->oldest) = dir;
	dirs->newest = dir;
	__atomic_fetch_add(&dirs->open, 1, __ATOMIC_RELAXED);
}

static void unpark(struct layer_dirs *dirs, struct layer_dir *dir)
{
	*(dir->newer ? &dir->newer->older : &dirs->newest) = dir->older;
	*(dir->older ? &dir->older->newer : &dirs->oldest) = dir->newer;
	__atomic_fetch_sub(&dirs->open, 1, __ATOMIC_RELAXED);
}

static void close_oldest(struct layer_dirs *dirs)
{
	struct layer_dir *dir = dirs->oldest;

	unpark(dirs, dir);
	close(dir->fd);
	dir->fd = -1;
}

bool layer_dirs_make_room(struct layer_dirs *dirs)
{
	bool made;

	pthread_mutex_lock(&dirs->lock);
	made = dirs->oldest;
	if (made)
		close_oldest(dirs);
	pthread_mutex_unlock(&dirs->lock);
	return made;
}

/* A loop, not a recursion: a tree may be deeper than the thread's stack. */
void layer_dir_unref(struct layer_dirs *dirs, struct layer_dir *dir)
{
	while (dir && __atomic_sub_fetch(&dir->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		struct layer_dir *parent = dir->parent;

		pthread_mutex_lock(&dirs->lock);
		if (dir->fd >= 0 && parent)
			unpark(dirs, dir);
		pthread_mutex_unlock(&dirs->lock);
		if (dir->fd >= 0)
			close(dir->fd);
		free(dir);
		dir = parent;
	}
}

errint_t layer_dir_openat(struct layer_dirs *dirs, int dirfd, const char *name, int flags, int *fd)
{
	int noatime = __atomic_load_n(&dirs->atime, __ATOMIC_RELAXED) ? 0 : O_NOATIME;

	for (;;) {
		*fd = openat(dirfd, name, flags | noatime | O_NOFOLLOW | O_CLOEXEC);
		if (*fd >= 0)
			return 0;
		if (errno == EPERM && noatime) { /* only the owner may ask for O_NOATIME */
			__atomic_store_n(&dirs->atime, true, __ATOMIC_RELAXED);
			noatime = 0;
		} else if (errno == EINTR) {
			continue;
		} else if ((errno != EMFILE && errno != ENFILE) || !layer_dirs_make_room(dirs)) {
			return -errno;
		}
	}
}

static void pin_open(struct layer_dirs *dirs, struct layer_dir *dir)
{
	if (dir->pins++ == 0 && dir->parent)
		unpark(dirs, dir);
}

static void unpin(struct layer_dirs *dirs, struct layer_dir *dir, bool keep)
{
	int fd = -1;

	pthread_mutex_lock(&dirs->lock);
	if (--dir->pins == 0 && dir->parent) {
		if (keep) {
			park(dirs, dir);
			if (dirs->open > dirs->cap)
				close_oldest(dirs);
		} else {
			fd = steal_fd(&dir->fd);
		}
	}
	pthread_mutex_unlock(&dirs->lock);
	if (fd >= 0)
		close(fd);
}

void layer_dir_unpin(struct layer_dirs *dirs, struct layer_dir *dir)
{
	unpin(dirs, dir, true);
}

void layer_dir_leave(struct layer_dirs *dirs, struct layer_dir *dir)
{
	unpin(dirs, dir, false);
}

bool layer_dirs_have_room(const struct layer_dirs *dirs)
{
	return __atomic_load_n(&dirs->open, __ATOMIC_RELAXED) < dirs->cap / 2;
}

static void set_open(struct layer_dir *dir, int fd)
{
	dir->fd = fd;
	__atomic_store_n(&dir->listed, false, __ATOMIC_RELAXED);
	__atomic_store_n(&dir->was_open, true, __ATOMIC_RELAXED);
}

void layer_dir_adopt(struct layer_dirs *dirs, struct layer_dir *dir, int fd)
{
	pthread_mutex_lock(&dirs->lock);
	set_open(dir, fd);
	park(dirs, dir);
	pthread_mutex_unlock(&dirs->lock);
}

errint_t layer_dir_rewind(struct layer_dir *dir)
{
	return __atomic_exchange_n(&dir->listed, true, __ATOMIC_RELAXED) && lseek(dir->fd, 0, SEEK_SET) < 0 ? -errno
													    : 0;
}

/* A directory that is opened again must be the one it was. */
static errint_t check_same(const struct layer_dir *dir, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return dir->ino && st.st_ino != dir->ino ? -ESTALE : 0;
}

/* If a directory was open before and is not there now, it was moved away. */
static errint_t check_opened(const struct layer_dir *dir, errint_t ret, int *fd)
{
	/* Another thread may be opening it right now; then either answer is right. */
	if (!__atomic_load_n(&dir->was_open, __ATOMIC_RELAXED))
		return ret;
	if (ret == -ENOENT || ret == -ENOTDIR || ret == -ELOOP)
		return -ESTALE;
	if (!ret)
		ret = check_same(dir, *fd);
	if (ret && *fd >= 0)
		close(*fd);
	return ret;
}

/* Pins dir with fd. If another thread has opened dir meanwhile, fd is closed. */
static void install(struct layer_dirs *dirs, struct layer_dir *dir, int fd)
{
	pthread_mutex_lock(&dirs->lock);
	if (dir->fd < 0) {
		set_open(dir, fd);
		dir->pins = 1;
	} else {
		pin_open(dirs, dir);
		close(fd);
	}
	pthread_mutex_unlock(&dirs->lock);
}

/* The parent is pinned. */
static errint_t open_pinned(struct layer_dirs *dirs, struct layer_dir *dir)
{
	int fd = -1;
	errint_t ret = layer_dir_openat(dirs, dir->parent->fd, dir->name, O_RDONLY | O_DIRECTORY, &fd);

	ret = check_opened(dir, ret, &fd);
	if (!ret)
		install(dirs, dir, fd);
	return ret;
}

/* The names of chain[0..count), joined by slashes; NULL: no memory. */
static char *join_names(struct layer_dir *const *chain, size_t count)
{
	size_t room = 0;
	char *path, *end;

	for (size_t i = 0; i < count; i++)
		room += strlen(chain[i]->name) + 1;
	path = end = malloc(room);
	for (size_t i = 0; path && i < count; i++) {
		if (i)
			*end++ = '/';
		end = stpcpy(end, chain[i]->name);
	}
	return path;
}

/* Opens chain[count - 1] from `at` (pinned), many names at a time, without opening the directories in between. */
static errint_t jump(struct layer_dirs *dirs, const struct layer_dir *at, struct layer_dir *const *chain, size_t count)
{
	cleanup_free char *path = join_names(chain, count);
	struct layer_dir *dir = chain[count - 1];
	errint_t ret;
	int fd = -1;

	if (!path)
		return -ENOMEM;
	do
		ret = open_below(at->fd, path, strlen(path), O_RDONLY, &fd);
	while ((ret == -EMFILE || ret == -ENFILE) && layer_dirs_make_room(dirs));
	ret = check_opened(dir, ret, &fd);
	if (!ret)
		install(dirs, dir, fd);
	return ret;
}

/* Pins and returns the nearest open directory from dir upwards; *hops gets the number of levels up to it. */
static struct layer_dir *pin_nearest(struct layer_dirs *dirs, struct layer_dir *dir, size_t *hops)
{
	pthread_mutex_lock(&dirs->lock);
	for (*hops = 0; dir->fd < 0; dir = dir->parent)
		++*hops;
	pin_open(dirs, dir);
	pthread_mutex_unlock(&dirs->lock);
	return dir;
}

/* Opens dir, which is `hops` below `at` (pinned). The last few directories above it stay open while there is room. */
static errint_t open_down(struct layer_dirs *dirs, struct layer_dir *at, struct layer_dir *dir, size_t hops)
{
	cleanup_free struct layer_dir **chain = calloc(hops, sizeof(*chain));
	/* Two trees are walked side by side and must not close each other's directories. */
	size_t i = 0, near = dirs->cap / 4 < NEAR ? dirs->cap / 4 : NEAR;
	errint_t ret = chain ? 0 : -ENOMEM;

	for (size_t up = 0; !ret && up < hops; up++, dir = dir->parent)
		chain[hops - 1 - up] = dir;
	while (!ret && i < hops) {
		size_t far = hops - i > near ? hops - near : 0;

		ret = far ? jump(dirs, at, chain + i, far - i) : open_pinned(dirs, chain[i]);
		if (ret)
			break;
		i = far ? far : i + 1;
		layer_dir_unpin(dirs, at);
		at = chain[i - 1];
	}
	if (ret)
		layer_dir_unpin(dirs, at);
	return ret;
}

errint_t layer_dir_pin(struct layer_dirs *dirs, struct layer_dir *dir, int *fd)
{
	size_t hops;
	struct layer_dir *at = pin_nearest(dirs, dir, &hops);
	errint_t ret = hops ? open_down(dirs, at, dir, hops) : 0;

	*fd = ret ? -1 : dir->fd;
	return ret;
}

errint_t layer_dir_fail(struct mica_error *err, errint_t code, const char *step, const struct layer_dir *dir,
			const char *name, const char *note)
{
	char path[4600]; /* longer than err can hold, so that err marks where it was cut */
	size_t at = sizeof(path) - 1, len = strlen(name);

	if (!err || err->code)
		return code;
	path[at] = '\0';
	while (dir && at > len) {
		at -= len;
		memcpy(path + at, name, len);
		if (len && at && dir->parent)
			path[--at] = '/';
		name = dir->name;
		len = strlen(name);
		dir = dir->parent;
	}
	return mica_fail_note(err, code, step, path[at] ? path + at : ".", "%s", note ? note : "");
}
