#include "place.h"
#include "way.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Of a way that is opened again at most so many stay open: a walk coming up from far below needs them next. */
#define NEAR 16
/* More would save little: and whenever the table of open files grows, a process that has threads waits for
 * milliseconds (the kernel's synchronize_rcu). */
#define MOST_OPEN 128
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

errint_t places_init(struct places *places)
{
	struct rlimit limit;
	size_t quarter = 64;

	*places = (struct places){0};
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		quarter = limit.rlim_cur / 4;
	places->cap = quarter < 16 ? 16 : quarter > MOST_OPEN ? MOST_OPEN : quarter;
	return -pthread_mutex_init(&places->lock, NULL);
}

void places_free(struct places *places)
{
	pthread_mutex_destroy(&places->lock);
}

static errint_t new_place(const char *name, size_t len, struct place **out)
{
	struct place *place = calloc(1, sizeof(*place) + len + 1);

	if (!place)
		return -ENOMEM;
	memcpy(place->name, name, len);
	place->refs = 1;
	place->fd = -1;
	*out = place;
	return 0;
}

errint_t place_root(const char *path, struct place **out)
{
	cleanup_fd int fd = open(path, DIR_FLAGS);
	struct stat st;
	errint_t ret;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	ret = new_place("", 0, out);
	if (ret)
		return ret;
	(*out)->fd = steal_fd(&fd);
	(*out)->ino = st.st_ino;
	(*out)->dev = st.st_dev;
	return 0;
}

errint_t place_child(struct place *parent, const char *name, size_t len, uint64_t ino, struct place **out)
{
	errint_t ret = new_place(name, len, out);

	if (ret)
		return ret;
	(*out)->parent = place_ref(parent);
	(*out)->ino = ino;
	return 0;
}

struct place *place_ref(struct place *place)
{
	__atomic_fetch_add(&place->refs, 1, __ATOMIC_RELAXED);
	return place;
}

/* The parked ones are a list by age; the lock is held in all of these. */
static void park(struct places *places, struct place *place)
{
	place->newer = NULL;
	place->older = places->newest;
	*(places->newest ? &places->newest->newer : &places->oldest) = place;
	places->newest = place;
	__atomic_fetch_add(&places->open, 1, __ATOMIC_RELAXED);
}

static void unpark(struct places *places, struct place *place)
{
	*(place->newer ? &place->newer->older : &places->newest) = place->older;
	*(place->older ? &place->older->newer : &places->oldest) = place->newer;
	__atomic_fetch_sub(&places->open, 1, __ATOMIC_RELAXED);
}

static void close_oldest(struct places *places)
{
	struct place *place = places->oldest;

	unpark(places, place);
	close(place->fd);
	place->fd = -1;
}

bool places_make_room(struct places *places)
{
	bool made;

	pthread_mutex_lock(&places->lock);
	made = places->oldest;
	if (made)
		close_oldest(places);
	pthread_mutex_unlock(&places->lock);
	return made;
}

/* Up the chain in a loop: a tree may be deeper than the stack. */
void place_unref(struct places *places, struct place *place)
{
	while (place && __atomic_sub_fetch(&place->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		struct place *parent = place->parent;

		pthread_mutex_lock(&places->lock);
		if (place->fd >= 0 && parent)
			unpark(places, place);
		pthread_mutex_unlock(&places->lock);
		if (place->fd >= 0)
			close(place->fd);
		free(place);
		place = parent;
	}
}

errint_t place_openat(struct places *places, int dirfd, const char *name, int flags, int *fd)
{
	int noatime = __atomic_load_n(&places->atime, __ATOMIC_RELAXED) ? 0 : O_NOATIME;

	for (;;) {
		*fd = openat(dirfd, name, flags | noatime | O_NOFOLLOW | O_CLOEXEC);
		if (*fd >= 0)
			return 0;
		if (errno == EPERM && noatime) { /* not the owner's: then it is not ours to spare */
			__atomic_store_n(&places->atime, true, __ATOMIC_RELAXED);
			noatime = 0;
		} else if (errno == EINTR) {
			continue;
		} else if ((errno != EMFILE && errno != ENFILE) || !places_make_room(places)) {
			return -errno;
		}
	}
}

static void pin_open(struct places *places, struct place *place)
{
	if (place->pins++ == 0 && place->parent)
		unpark(places, place);
}

static void unpin(struct places *places, struct place *place, bool keep)
{
	int fd = -1;

	pthread_mutex_lock(&places->lock);
	if (--place->pins == 0 && place->parent) {
		if (keep) {
			park(places, place);
			if (places->open > places->cap)
				close_oldest(places);
		} else {
			fd = steal_fd(&place->fd);
		}
	}
	pthread_mutex_unlock(&places->lock);
	if (fd >= 0)
		close(fd);
}

void place_unpin(struct places *places, struct place *place)
{
	unpin(places, place, true);
}

void place_leave(struct places *places, struct place *place)
{
	unpin(places, place, false);
}

bool places_have_room(const struct places *places)
{
	return __atomic_load_n(&places->open, __ATOMIC_RELAXED) < places->cap / 2;
}

static void set_open(struct place *place, int fd)
{
	place->fd = fd;
	__atomic_store_n(&place->listed, false, __ATOMIC_RELAXED);
	__atomic_store_n(&place->was_open, true, __ATOMIC_RELAXED);
}

void place_adopt(struct places *places, struct place *place, int fd)
{
	pthread_mutex_lock(&places->lock);
	set_open(place, fd);
	park(places, place);
	pthread_mutex_unlock(&places->lock);
}

errint_t place_rewind(struct place *place)
{
	return __atomic_exchange_n(&place->listed, true, __ATOMIC_RELAXED) && lseek(place->fd, 0, SEEK_SET) < 0 ? -errno
														: 0;
}

/* A directory that is opened again must be the one it was. */
static errint_t check_same(const struct place *place, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return place->ino && st.st_ino != place->ino ? -ESTALE : 0;
}

/* What was open before and is not there now was moved away. */
static errint_t check_opened(const struct place *place, errint_t ret, int *fd)
{
	/* Somebody else may be opening it right now; then either answer is right. */
	if (!__atomic_load_n(&place->was_open, __ATOMIC_RELAXED))
		return ret;
	if (ret == -ENOENT || ret == -ENOTDIR || ret == -ELOOP)
		return -ESTALE;
	if (!ret)
		ret = check_same(place, *fd);
	if (ret && *fd >= 0)
		close(*fd);
	return ret;
}

/* Pins place with fd. Whoever comes second closes his own descriptor. */
static void install(struct places *places, struct place *place, int fd)
{
	pthread_mutex_lock(&places->lock);
	if (place->fd < 0) {
		set_open(place, fd);
		place->pins = 1;
	} else {
		pin_open(places, place);
		close(fd);
	}
	pthread_mutex_unlock(&places->lock);
}

/* The parent is pinned. */
static errint_t open_pinned(struct places *places, struct place *place)
{
	int fd = -1;
	errint_t ret = place_openat(places, place->parent->fd, place->name, O_RDONLY | O_DIRECTORY, &fd);

	ret = check_opened(place, ret, &fd);
	if (!ret)
		install(places, place, fd);
	return ret;
}

/* The names of way[0..count), joined; NULL: no memory. */
static char *join_names(struct place *const *way, size_t count)
{
	size_t room = 0;
	char *path, *end;

	for (size_t i = 0; i < count; i++)
		room += strlen(way[i]->name) + 1;
	path = end = malloc(room);
	for (size_t i = 0; path && i < count; i++) {
		if (i)
			*end++ = '/';
		end = stpcpy(end, way[i]->name);
	}
	return path;
}

/* From `at` (pinned) to way[count - 1], many names at a time, without opening what lies between. */
static errint_t jump(struct places *places, const struct place *at, struct place *const *way, size_t count)
{
	cleanup_free char *path = join_names(way, count);
	struct place *place = way[count - 1];
	errint_t ret;
	int fd = -1;

	if (!path)
		return -ENOMEM;
	do
		ret = open_below(at->fd, path, strlen(path), O_RDONLY, &fd);
	while ((ret == -EMFILE || ret == -ENFILE) && places_make_room(places));
	ret = check_opened(place, ret, &fd);
	if (!ret)
		install(places, place, fd);
	return ret;
}

/* The nearest open one from place upwards, pinned; *hops gets how far up that is. */
static struct place *pin_nearest(struct places *places, struct place *place, size_t *hops)
{
	pthread_mutex_lock(&places->lock);
	for (*hops = 0; place->fd < 0; place = place->parent)
		++*hops;
	pin_open(places, place);
	pthread_mutex_unlock(&places->lock);
	return place;
}

/* Opens from `at` (pinned) down to place, `hops` below; the last few of the way stay open as long as there is room. */
static errint_t open_down(struct places *places, struct place *at, struct place *place, size_t hops)
{
	cleanup_free struct place **way = calloc(hops, sizeof(*way));
	/* Two trees come up side by side and must not push each other out. */
	size_t i = 0, near = places->cap / 4 < NEAR ? places->cap / 4 : NEAR;
	errint_t ret = way ? 0 : -ENOMEM;

	for (size_t up = 0; !ret && up < hops; up++, place = place->parent)
		way[hops - 1 - up] = place;
	while (!ret && i < hops) {
		size_t far = hops - i > near ? hops - near : 0;

		ret = far ? jump(places, at, way + i, far - i) : open_pinned(places, way[i]);
		if (ret)
			break;
		i = far ? far : i + 1;
		place_unpin(places, at);
		at = way[i - 1];
	}
	if (ret)
		place_unpin(places, at);
	return ret;
}

errint_t place_pin(struct places *places, struct place *place, int *fd)
{
	size_t hops;
	struct place *at = pin_nearest(places, place, &hops);
	errint_t ret = hops ? open_down(places, at, place, hops) : 0;

	*fd = ret ? -1 : place->fd;
	return ret;
}

errint_t place_fail(struct mica_error *err, errint_t code, const char *step, const struct place *place,
		    const char *name, const char *note)
{
	char path[4600]; /* more than err holds, so that it is err that marks the cut */
	size_t at = sizeof(path) - 1, len = strlen(name);

	if (!err || err->code)
		return code;
	path[at] = '\0';
	while (place && at > len) {
		at -= len;
		memcpy(path + at, name, len);
		if (len && at && place->parent)
			path[--at] = '/';
		name = place->name;
		len = strlen(name);
		place = place->parent;
	}
	return mica_fail_note(err, code, step, path[at] ? path + at : ".", "%s", note ? note : "");
}
