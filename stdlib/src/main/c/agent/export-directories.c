/* export-directories.c - listings, each entry with its attributes, so that nobody asks for them again. */
#include "export-ops.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LISTING_ROOM 32768

struct listing {
	int fd;
	off_t next;	      /* where the first entry not taken from the buffer begins */
	size_t at, end;	      /* in the buffer */
	pthread_mutex_t lock; /* the host may read one listing from two threads */
	char buffer[LISTING_ROOM] __attribute__((aligned(8)));
};

/* What the kernel fills the buffer with. */
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
	listing->next = 0;
	listing->at = listing->end = 0;
	pthread_mutex_init(&listing->lock, NULL);
	fi->fh = (uintptr_t)listing;
	fi->cache_readdir = 1;
	fi->keep_cache = 1;
	if (fuse_reply_open(req, fi) < 0) {
		close(fd);
		free(listing);
	}
}

static void op_releasedir(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	struct listing *listing = listing_of(fi);

	(void)id;
	close(listing->fd);
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

/* One entry with its attributes; 0 bytes used: no room. One that vanished is sent without them. */
static size_t add_plus(fuse_req_t req, struct held *dir, const struct entry64 *e, char *at, size_t room)
{
	struct export *ex = export_of(req);
	struct fuse_entry_param entry = {.attr = {.st_ino = e->d_ino, .st_mode = (mode_t)e->d_type << 12}};
	struct stat st;
	size_t need = fuse_add_direntry_plus(req, NULL, 0, e->d_name, NULL, 0);

	if (need > room)
		return 0;
	if (!is_dot(e->d_name) && !stat_known(dir->fd, e->d_name, &st))
		make_entry(ex, dir->node, e->d_name, &st, LAYER_UNKNOWN, &entry);
	return fuse_add_direntry_plus(req, at, room, e->d_name, &entry, e->d_off);
}

static size_t add_plain(fuse_req_t req, struct held *dir, const struct entry64 *e, char *at, size_t room)
{
	struct stat st = {.st_ino = e->d_ino, .st_mode = (mode_t)e->d_type << 12};
	size_t need = fuse_add_direntry(req, at, room, e->d_name, &st, e->d_off);

	(void)dir;
	return need > room ? 0 : need;
}

typedef size_t add_entry(fuse_req_t req, struct held *dir, const struct entry64 *e, char *at, size_t room);

static void list(fuse_req_t req, fuse_ino_t id, size_t size, off_t offset, struct listing *l, add_entry *add)
{
	HELD h = hold(req, id);
	cleanup_free char *reply = malloc(size);
	const struct entry64 *e;
	size_t used = 0, more;

	if (h.fd < 0 || !reply) {
		fuse_reply_err(req, h.fd < 0 ? -h.fd : ENOMEM);
		return;
	}
	pthread_mutex_lock(&l->lock);
	int failed = listing_seek(l, offset);

	while (!failed && (e = entry_next(l, &failed)) && (more = add(req, &h, e, reply + used, size - used))) {
		used += more;
		l->at += e->d_reclen;
		l->next = e->d_off;
	}
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
