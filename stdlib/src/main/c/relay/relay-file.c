/*
 * relay-file.c - the files whose data lie here.
 *
 * A file of a lower layer cannot change, so the kernel caches it, also from one open to the next.
 * A file of the upper is passed through: the kernel itself reads and writes the file of the upper, and
 * what anybody else writes to it is seen at once. The kernel does not mix the two for one node. So a
 * file that was copied up while a reader still had it open stays cached, with its new data, until
 * everybody has closed it. Without passthrough all files are cached, and we read and write.
 *
 * The attributes of a file of the upper are also read from that file: the guest need not be asked.
 */
#include "relay-files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The data of an open file are elsewhere now: the descriptor keeps its number, because other threads use it. */
static void switch_data(struct relay *r, struct file *f)
{
	int fd;

	if (f->fd < 0)
		return;
	fd = file_reopen(r, f->path_fd, f->layer ? O_RDONLY : O_RDWR);
	if (fd >= 0) {
		f->writable = !f->layer;
		dup3(fd, f->fd, O_CLOEXEC);
		close(fd);
	}
}

static bool same_backing(const struct file *f, const struct frame_backing *b)
{
	return f->path_fd >= 0 && f->layer == b->layer && f->inode == b->inode && f->shown == b->shown;
}

void file_back(struct relay *r, const struct backing *backing)
{
	const struct frame_backing *b = &backing->is;
	struct files *all = r->files;

	pthread_mutex_lock(&all->lock);
	struct file *f = files_find(all, b->node);
	bool known = f && same_backing(f, b);
	pthread_mutex_unlock(&all->lock);
	if (known)
		return;
	cleanup_fd int fd = backing_find(r, backing, S_IFREG);
	if (fd < 0)
		return;
	pthread_mutex_lock(&all->lock);
	f = files_find_or_make(all, b->node);
	/* If the kernel uses the other file, or we use its attributes, a guest that names a new one lies. */
	if (f && !f->passing && !f->pins && !same_backing(f, b)) {
		file_close_fd(&f->path_fd);
		f->path_fd = steal_fd(&fd);
		f->layer = b->layer;
		f->inode = b->inode;
		f->shown = b->shown;
		switch_data(r, f);
	}
	pthread_mutex_unlock(&all->lock);
}

/* Set-id bits must be removed when a file is written to. With passthrough nobody would do that. */
static bool may_pass(struct relay *r, struct file *f)
{
	struct stat st;

	return r->passthrough && !f->layer && f->path_fd >= 0 && !f->cached && !fstat(f->path_fd, &st) &&
	       !(st.st_mode & (S_ISUID | S_ISGID));
}

static bool backing_open(struct relay *r, struct file *f)
{
	struct fuse_backing_map map = {.fd = f->path_fd};
	int id = ioctl(r->dev, FUSE_DEV_IOC_BACKING_OPEN, &map);

	if (id > 0) {
		f->backing_id = (uint32_t)id;
		return true;
	}
	/* This fails if the upper lies on a stacked file system, or if we are not root. Then it always will. */
	if (r->passthrough)
		relay_log(r, "the kernel does not pass through (%s): data are relayed", strerror(errno));
	r->passthrough = false;
	return false;
}

static void count_open(struct relay *r, struct file *f, uint32_t flags, struct fuse_open_out *out)
{
	if (!file_in_use(f))
		files_idle_remove(r->files, f);
	*out = (struct fuse_open_out){0};
	if (f->passing || (may_pass(r, f) && backing_open(r, f))) {
		f->passing++;
		out->fh = FH_PASSING;
		out->open_flags = FOPEN_PASSTHROUGH;
		open_out_set_backing(out, f->backing_id);
	} else {
		f->cached++;
		out->fh = FH_CACHED;
		out->open_flags = f->path_fd >= 0 && f->layer ? FOPEN_KEEP_CACHE : 0;
	}
	/* A file that was only read has nothing to flush. */
	if ((flags & O_ACCMODE) == O_RDONLY)
		out->open_flags |= FOPEN_NOFLUSH;
}

int file_open(struct relay *r, uint64_t node, uint32_t flags, struct fuse_open_out *out)
{
	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find_or_make(r->files, node);

	if (f)
		count_open(r, f, flags, out);
	pthread_mutex_unlock(&r->files->lock);
	return f ? 0 : ENOMEM;
}

/* The file of the node, if we answer for its attributes. */
static struct file *find_upper(struct relay *r, uint64_t node)
{
	struct file *f = r->attributes ? files_find(r->files, node) : NULL;

	return f && f->path_fd >= 0 && !f->layer ? f : NULL;
}

bool file_opens_here(struct relay *r, uint64_t node, uint32_t flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY;

	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find(r->files, node);
	bool here = f && f->path_fd >= 0 && !(writes && f->layer) && !(flags & O_TRUNC && !find_upper(r, node));
	pthread_mutex_unlock(&r->files->lock);
	return here;
}

int file_empty(struct relay *r, uint64_t node, const struct fuse_open_in *in)
{
	bool drop = in->open_flags & FUSE_OPEN_KILL_SUIDGID;
	int path_fd = file_pin(r, node);

	if (path_fd < 0)
		return FILE_ELSEWHERE;
	if (drop)
		setid_drop(true);
	int fd = file_reopen(r, path_fd, (int)(in->flags & (O_ACCMODE | O_TRUNC)));
	if (drop)
		setid_drop(false);
	file_unpin(r, node);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

/* Called when a user of the file has left. */
static void unused(struct relay *r, struct file *f)
{
	if (file_in_use(f))
		return;
	files_idle_add(r->files, f);
	if (f->path_fd < 0)
		files_destroy(r->files, f);
}

static void closed(struct relay *r, struct file *f)
{
	if (f->backing_id && !f->passing) {
		ioctl(r->dev, FUSE_DEV_IOC_BACKING_CLOSE, &f->backing_id);
		f->backing_id = 0;
	}
	if (file_is_open(f))
		return;
	file_close_fd(&f->fd);
	f->writable = false;
	unused(r, f);
}

void file_close(struct relay *r, uint64_t node, uint64_t handle)
{
	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find(r->files, node);
	unsigned *count = !f ? NULL : handle == FH_PASSING ? &f->passing : &f->cached;

	if (count && *count) {
		--*count;
		closed(r, f);
	}
	pthread_mutex_unlock(&r->files->lock);
}

void file_refresh(struct relay *r, uint64_t node)
{
	struct {
		struct fuse_out_header head;
		struct fuse_notify_inval_inode_out inode;
	} notice = {{sizeof(notice), FUSE_NOTIFY_INVAL_INODE, 0}, {node, -1, 0}};
	struct stat st;
	bool changed = false;

	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find(r->files, node);
	if (f && f->passing && !fstat(f->path_fd, &st)) {
		changed = memcmp(&f->changed, &st.st_ctim, sizeof(st.st_ctim)) != 0;
		f->changed = st.st_ctim;
	}
	pthread_mutex_unlock(&r->files->lock);
	/* Attributes only: that takes no lock that could be held by somebody who waits for us. */
	if (changed && write(r->dev, &notice, sizeof(notice)) < 0 && errno != ENOENT)
		relay_log(r, "refresh attributes: %s", strerror(errno));
}

void file_forget(struct relay *r, uint64_t node)
{
	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find(r->files, node);

	if (f && !file_in_use(f))
		files_destroy(r->files, f);
	pthread_mutex_unlock(&r->files->lock);
}

bool file_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr)
{
	struct stat st;

	pthread_mutex_lock(&r->files->lock);
	struct file *f = find_upper(r, node);
	uint64_t shown = f ? f->shown : 0;
	bool here = f && !fstat(f->path_fd, &st);
	pthread_mutex_unlock(&r->files->lock);
	if (here)
		*attr = attributes_shown(&st, shown);
	return here;
}

int file_pin(struct relay *r, uint64_t node)
{
	pthread_mutex_lock(&r->files->lock);
	struct file *f = find_upper(r, node);

	if (f && !file_in_use(f))
		files_idle_remove(r->files, f);
	if (f)
		f->pins++;
	int fd = f ? f->path_fd : -1;
	pthread_mutex_unlock(&r->files->lock);
	return fd;
}

void file_unpin(struct relay *r, uint64_t node)
{
	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find(r->files, node);

	f->pins--;
	unused(r, f);
	pthread_mutex_unlock(&r->files->lock);
}

/* The first reader or writer opens the file. The first writer after readers opens it again, under the same number. */
static int data_fd(struct relay *r, struct file *f, bool write)
{
	int fd;

	if (f->fd >= 0 && (f->writable || !write))
		return f->fd;
	if (write && f->layer)
		return -EBADF;
	fd = file_reopen(r, f->path_fd, write ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	f->writable = write;
	if (f->fd < 0)
		return f->fd = fd;
	dup3(fd, f->fd, O_CLOEXEC);
	close(fd);
	return f->fd;
}

int file_fd(struct relay *r, uint64_t node, bool write)
{
	pthread_mutex_lock(&r->files->lock);
	struct file *f = files_find(r->files, node);
	int fd = f && f->path_fd >= 0 && file_is_open(f) ? data_fd(r, f, write) : FILE_ELSEWHERE;

	pthread_mutex_unlock(&r->files->lock);
	return fd;
}
