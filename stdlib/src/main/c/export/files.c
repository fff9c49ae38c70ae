/*
 * files.c - regular files. The answer to an open tells the host where the data lie, and the host reads
 * and writes them there itself; no handle is kept. If the host cannot do that, the requests for data
 * come here, and each of them opens the file again, through its node.
 */
#include "ops.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Called before and after a change of the data: set-id bits are removed if the request says so. Returns 0 or an errno.
 */
static int change_begin(struct held *h)
{
	int failed = setid_known(h);

	if (request_kills_setid)
		setid_drop(true);
	return failed;
}

/* Returns the value of errno. */
static int change_end(void)
{
	int failed = errno;

	if (request_kills_setid)
		setid_drop(false);
	return failed;
}

/* Opens the node itself, even if its name has changed. */
static int reopen(struct held *h, int flags)
{
	int fd = h->fd < 0 ? h->fd : open(fd_path(h->fd).text, flags | O_CLOEXEC | O_NOCTTY);

	return fd == -1 ? -errno : fd;
}

#define NOT_FOR_US (O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_DIRECT | O_ASYNC)

/* For writing, the file is opened once: that copies it up, and truncates it if the caller asked for that. */
static int open_for_write(struct export *ex, struct held *h, int flags)
{
	int failed = copy_up_setid(h);

	if (failed)
		return failed;
	failed = change_begin(h);
	int fd = failed ? -failed : reopen(h, flags & ~NOT_FOR_US);
	change_end();
	if (fd < 0)
		return -fd;
	close(fd);
	copied_up(ex, h);
	return 0;
}

static void op_open(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	struct export *ex = export_of(req);
	HELD h = hold(req, id);
	int failed = h.fd < 0 ? -h.fd : 0;

	if (!failed && ((fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC))
		failed = open_for_write(ex, &h, fi->flags);
	if (failed) {
		fuse_reply_err(req, failed);
		return;
	}
	fi->fh = 0;
	tell_backing(ex, h.node);
	fuse_reply_open(req, fi);
}

static void reply_created(fuse_req_t req, struct held *dir, const char *name, const struct stat *st, int fd,
			  struct fuse_file_info *fi)
{
	struct export *ex = export_of(req);
	struct fuse_entry_param entry;
	char path[PATH_MAX];

	if (!make_entry(ex, dir->node, name, st, LAYER_UPPER, &entry)) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	/* A program that makes a file usually changes its attributes soon, so the descriptor is kept. */
	struct node *made = node_get(ex->nodes, entry.ino);
	node_lend_fd(ex->nodes, made, fd);
	node_put(ex->nodes, made);
	/* A new file comes from no lower, so the union shows the number that it has in the upper. */
	if (!ex->spec->no_backing && !node_path_at(ex->nodes, dir->node, name, path))
		tail_set(entry.ino, entry.attr.st_ino, LAYER_UPPER, st->st_ino, path);
	if (fuse_reply_create(req, &entry, fi) < 0)
		node_forget(ex->nodes, entry.ino, 1);
}

/*
 * A new file is made and looked at, but not opened: an open would cost requests to the share for the open, for the
 * permission and for the close, and the data go another way. The host has looked for the name before. If the file
 * exists all the same, because of a race, it is opened.
 */
static int make_file(int dir, const char *name, mode_t mode, int flags)
{
	if (!mknodat(dir, name, S_IFREG | (mode & 07777), 0))
		return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (errno != EEXIST || flags & O_EXCL)
		return -1;
	return openat(dir, name, (flags & ~(O_APPEND | O_DIRECT | O_ASYNC)) | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	HELD dir = hold(req, parent);
	cleanup_fd int fd = -1;
	struct stat st;

	if (dir.fd >= 0) {
		caller_begin(req);
		fd = make_file(dir.fd, name, mode, fi->flags);
		int failed = errno_of(fd);
		caller_end();
		errno = failed;
	}
	if (dir.fd < 0 || fd < 0 || stat_known(fd, "", &st) < 0) {
		fuse_reply_err(req, dir.fd < 0 ? -dir.fd : errno);
		return;
	}
	fi->fh = 0;
	reply_created(req, &dir, name, &st, fd, fi);
}

static void op_release(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	(void)id;
	(void)fi;
	fuse_reply_err(req, 0);
}

static void op_read(fuse_req_t req, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	cleanup_free char *data = malloc(size + !size);
	cleanup_fd int fd = data ? reopen(&h, O_RDONLY) : -ENOMEM;
	ssize_t got = fd < 0 ? -1 : pread(fd, data, size, offset);

	(void)fi;
	if (got < 0)
		fuse_reply_err(req, fd < 0 ? -fd : errno);
	else
		fuse_reply_buf(req, data, (size_t)got);
}

static void op_write(fuse_req_t req, fuse_ino_t id, const char *data, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	cleanup_fd int fd = reopen(&h, O_WRONLY);
	int failed = fd < 0 ? -fd : change_begin(&h);

	(void)fi;
	ssize_t put = failed ? -1 : pwrite(fd, data, size, offset);
	int why = change_end();
	if (put < 0)
		fuse_reply_err(req, failed ? failed : why);
	else
		fuse_reply_write(req, (size_t)put);
}

static void op_fsync(fuse_req_t req, fuse_ino_t id, int data_only, struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	cleanup_fd int fd = reopen(&h, O_RDONLY);

	(void)fi;
	fuse_reply_err(req, fd < 0 ? -fd : errno_of((data_only ? fdatasync : fsync)(fd)));
}

static void op_fallocate(fuse_req_t req, fuse_ino_t id, int mode, off_t offset, off_t length, struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	cleanup_fd int fd = reopen(&h, O_WRONLY);

	int failed = fd < 0 ? -fd : change_begin(&h);

	(void)fi;
	if (!failed)
		failed = errno_of(fallocate(fd, mode, offset, length));
	change_end();
	fuse_reply_err(req, failed);
}

static void op_lseek(fuse_req_t req, fuse_ino_t id, off_t offset, int whence, struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	cleanup_fd int fd = reopen(&h, O_RDONLY);
	off_t at = fd < 0 ? -1 : lseek(fd, offset, whence);

	(void)fi;
	if (at < 0)
		fuse_reply_err(req, fd < 0 ? -fd : errno);
	else
		fuse_reply_lseek(req, at);
}

static void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_at, struct fuse_file_info *from_fi,
			       fuse_ino_t to, off_t to_at, struct fuse_file_info *to_fi, size_t len, int flags)
{
	HELD in = hold(req, from);
	HELD out = hold(req, to);
	cleanup_fd int in_fd = reopen(&in, O_RDONLY);
	cleanup_fd int out_fd = reopen(&out, O_WRONLY);

	(void)from_fi;
	(void)to_fi;
	if (in_fd < 0 || out_fd < 0) {
		fuse_reply_err(req, in_fd < 0 ? -in_fd : -out_fd);
		return;
	}
	int failed = change_begin(&out);
	ssize_t done = failed ? -1 : copy_file_range(in_fd, &from_at, out_fd, &to_at, len, (unsigned)flags);
	int why = change_end();
	if (done < 0)
		fuse_reply_err(req, failed ? failed : why);
	else
		fuse_reply_write(req, (size_t)done);
}

void ops_files(struct fuse_lowlevel_ops *ops)
{
	ops->open = op_open;
	ops->create = op_create;
	ops->release = op_release;
	ops->read = op_read;
	ops->write = op_write;
	ops->fsync = op_fsync;
	ops->fallocate = op_fallocate;
	ops->lseek = op_lseek;
	ops->copy_file_range = op_copy_file_range;
}
