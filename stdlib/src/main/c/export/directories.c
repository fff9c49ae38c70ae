/* directories.c - listings. Each entry comes with its attributes, so that nobody has to ask for them. */
#include "ops.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LISTING_ROOM 32768

struct listing {
	int fd;
	int lower_fd; /* the only layer with this directory, if it is a lower; -1 otherwise */
	int layer;
	uint64_t changes;     /* the count of changes when that was true */
	off_t next;	      /* the offset of the next entry in the buffer */
	size_t at, end;	      /* positions in the buffer */
	pthread_mutex_t lock; /* the host may read one listing from two threads */
	char buffer[LISTING_ROOM] __attribute__((aligned(8)));
};

/* The entries that the kernel puts into the buffer. */
struct entry64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

static struct listing *listing_of(struct fuse_file_info *fi)
{
	return (struct listing *)(uintptr_t)fi->fh;
}

/*
 * If only one lower has a directory, the union shows exactly the files of that lower. To look at them
 * there saves the requests that overlayfs makes for each file (on virtiofs, each is a round trip).
 */
static void find_lower(struct export *ex, struct node *node, struct listing *l)
{
	char path[PATH_MAX];
	struct stat st;
	int found = -1;
	uint64_t done = ex->done; /* read first: if both counts are equal, no change was under way */

	l->lower_fd = -1;
	l->changes = ex->changes;
	if (l->changes != done || node_path(ex->nodes, node, path) < 0 || !*path)
		return;
	unsigned first = node_below_lower(ex->nodes, node, l->changes) ? LAYER_UPPER + 1 : LAYER_UPPER;
	for (unsigned i = first; i < ex->spec->layer_count; i++)
		if (ex->layers[i] >= 0 && !fstatat(ex->layers[i], path, &st, AT_SYMLINK_NOFOLLOW)) {
			if (found >= 0 || i == LAYER_UPPER)
				return;
			found = (int)i;
		} else if (ex->layers[i] >= 0 && errno != ENOENT && errno != ENOTDIR)
			return; /* the layer may have the directory */
	if (found > LAYER_UPPER)
		l->lower_fd = openat(ex->layers[found], path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->layer = found;
	node_lower(ex->nodes, node, l->changes);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_size == b->st_size &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid && a->st_nlink == b->st_nlink &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The device number that the union shows for all files of a layer. It is read from the first one. */
static uint64_t layer_dev(struct export *ex, struct listing *l, int dir, const char *name, const struct stat *there)
{
	uint64_t dev = ex->layer_devs[l->layer];
	struct stat shown;

	if (dev || stat_known(dir, name, &shown) < 0)
		return dev ? dev : LAYER_DEV_NONE;
	dev = same_file(&shown, there) ? shown.st_dev : LAYER_DEV_NONE;
	return ex->layer_devs[l->layer] = dev;
}

/* Not for directories, for which the union shows its own numbers, and not for whiteouts, which overlayfs handles. */
static bool stat_lower(struct export *ex, struct listing *l, int dir, const char *name, struct stat *st)
{
	if (l->lower_fd < 0 || l->changes != ex->changes || stat_known(l->lower_fd, name, st) < 0 ||
	    S_ISDIR(st->st_mode) || S_ISCHR(st->st_mode))
		return false;
	st->st_dev = layer_dev(ex, l, dir, name, st);
	return st->st_dev != LAYER_DEV_NONE;
}

static void op_opendir(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	struct listing *listing = malloc(sizeof(*listing));
	int fd = h.fd < 0 ? -1 : openat(h.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!listing || fd < 0) {
		fuse_reply_err(req, h.fd < 0 ? -h.fd : fd < 0 ? errno : ENOMEM);
		if (fd >= 0)
			close(fd);
		free(listing);
		return;
	}
	listing->fd = fd;
	find_lower(export_of(req), h.node, listing);
	listing->next = 0;
	listing->at = listing->end = 0;
	pthread_mutex_init(&listing->lock, NULL);
	fi->fh = (uintptr_t)listing;
	fi->cache_readdir = 1;
	fi->keep_cache = 1;
	if (fuse_reply_open(req, fi) < 0) {
		close(fd);
		if (listing->lower_fd >= 0)
			close(listing->lower_fd);
		free(listing);
	}
}

static void op_releasedir(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	struct listing *listing = listing_of(fi);

	(void)id;
	close(listing->fd);
	if (listing->lower_fd >= 0)
		close(listing->lower_fd);
	pthread_mutex_destroy(&listing->lock);
	free(listing);
	fuse_reply_err(req, 0);
}

/* The next entry, not yet taken; NULL at the end, or with *failed. */
static const struct entry64 *entry_next(struct listing *l, int *failed)
{
	if (l->at == l->end) {
		long got = syscall(SYS_getdents64, l->fd, l->buffer, sizeof(l->buffer));
		if (got <= 0) {
			*failed = got < 0 ? errno : 0;
			return NULL;
		}
		l->at = 0;
		l->end = (size_t)got;
	}
	return (const struct entry64 *)(l->buffer + l->at);
}

static int listing_seek(struct listing *l, off_t offset)
{
	if (offset == l->next)
		return 0;
	if (lseek(l->fd, offset, SEEK_SET) < 0)
		return errno;
	l->at = l->end = 0;
	l->next = offset;
	return 0;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Adds one entry with its attributes; 0 bytes used: no room. An entry that has vanished is sent without them. */
static size_t add_plus(fuse_req_t req, struct held *dir, struct listing *l, const struct entry64 *e, char *at,
		       size_t room)
{
	struct export *ex = export_of(req);
	struct fuse_entry_param entry = {.attr = {.st_ino = e->d_ino, .st_mode = (mode_t)e->d_type << 12}};
	struct stat st;
	size_t need = fuse_add_direntry_plus(req, NULL, 0, e->d_name, NULL, 0);

	if (need > room)
		return 0;
	if (!is_dot(e->d_name)) {
		bool lower = stat_lower(ex, l, dir->fd, e->d_name, &st);

		if (lower || !REFRESHED(dir->all, stat_known(dir->fd, e->d_name, &st)))
			make_entry(ex, dir->node, e->d_name, &st, lower ? l->layer : LAYER_UNKNOWN, &entry);
	}
	return fuse_add_direntry_plus(req, at, room, e->d_name, &entry, e->d_off);
}

static size_t add_plain(fuse_req_t req, struct held *dir, struct listing *l, const struct entry64 *e, char *at,
			size_t room)
{
	struct stat st = {.st_ino = e->d_ino, .st_mode = (mode_t)e->d_type << 12};
	size_t need = fuse_add_direntry(req, at, room, e->d_name, &st, e->d_off);

	(void)dir;
	(void)l;
	return need > room ? 0 : need;
}

typedef size_t add_entry(fuse_req_t req, struct held *dir, struct listing *l, const struct entry64 *e, char *at,
			 size_t room);

/* An entry ends with a struct fuse_dirent: its inode number, its offset, two numbers and its name. */
static void mark_last(char *end_of_entry, const char *name)
{
	const int64_t offset = FRAME_LISTING_END;
	size_t size = (24 + strlen(name) + 7) & ~(size_t)7;

	memcpy(end_of_entry - size + 8, &offset, sizeof(offset));
}

static void list(fuse_req_t req, fuse_ino_t id, size_t size, off_t offset, struct listing *l, add_entry *add)
{
	HELD h = hold(req, id);
	cleanup_free char *reply = malloc(size);
	const struct entry64 *e = NULL, *last = NULL;
	size_t used = 0, more;

	if (h.fd < 0 || !reply) {
		fuse_reply_err(req, h.fd < 0 ? -h.fd : ENOMEM);
		return;
	}
	pthread_mutex_lock(&l->lock);
	bool ended = offset == FRAME_LISTING_END;
	int failed = ended ? 0 : listing_seek(l, offset);

	while (!ended && !failed && (e = entry_next(l, &failed)) &&
	       (more = add(req, &h, l, e, reply + used, size - used))) {
		used += more;
		l->at += e->d_reclen;
		l->next = e->d_off;
		last = e;
	}
	if (last && !e && !failed)
		mark_last(reply + used, last->d_name); /* it is still in the buffer, because no entry came after it */
	pthread_mutex_unlock(&l->lock);
	if (failed && !used)
		fuse_reply_err(req, failed);
	else
		fuse_reply_buf(req, reply, used);
}

static void op_readdir(fuse_req_t req, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *fi)
{
	list(req, id, size, offset, listing_of(fi), add_plain);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *fi)
{
	list(req, id, size, offset, listing_of(fi), add_plus);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t id, int data_only, struct fuse_file_info *fi)
{
	(void)id;
	fuse_reply_err(req, errno_of((data_only ? fdatasync : fsync)(listing_of(fi)->fd)));
}

void ops_directories(struct fuse_lowlevel_ops *ops)
{
	ops->opendir = op_opendir;
	ops->releasedir = op_releasedir;
	ops->readdir = op_readdir;
	ops->readdirplus = op_readdirplus;
	ops->fsyncdir = op_fsyncdir;
}
