/* attributes.c - attributes and extended attributes of nodes, and the attributes of the file system (STATFS). */
#include "ops.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

static void reply_attr(fuse_req_t req, struct held *h, bool known)
{
	struct stat st;

	if (h->fd < 0 || (known ? stat_known(h->fd, "", &st) : fstat(h->fd, &st)) < 0) {
		fuse_reply_err(req, h->fd < 0 ? -h->fd : errno);
		return;
	}
	st.st_ino = node_shown_ino(h->all, h->node);
	fuse_reply_attr(req, &st, VALID_SECONDS);
}

static void op_getattr(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *unused)
{
	(void)unused;
	HELD h = hold(req, id);

	/* The host may have written to the file, so the cached attributes do not count. */
	reply_attr(req, &h, false);
}

static struct timespec time_to_set(int set, int value, int now, struct timespec given)
{
	if (set & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	if (set & value)
		return given;
	return (struct timespec){.tv_nsec = UTIME_OMIT};
}

/* Truncates an open file, which changes its times even if it has that size already. */
static int truncate_open(const char *path, off_t size)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -1 : ftruncate(fd, size);
}

/* Each part is a call of its own. The owner comes first, because changing it removes set-id bits. */
static int set_attributes(int fd, const struct stat *to, int set, bool is_open)
{
	const struct timespec times[2] = {
		time_to_set(set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, to->st_atim),
		time_to_set(set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, to->st_mtim),
	};
	uid_t uid = set & FUSE_SET_ATTR_UID ? to->st_uid : (uid_t)-1;
	gid_t gid = set & FUSE_SET_ATTR_GID ? to->st_gid : (gid_t)-1;
	struct fd_path path = fd_path(fd);

	if (set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return errno;
	if (set & FUSE_SET_ATTR_SIZE && (is_open ? truncate_open : truncate)(path.text, to->st_size) < 0)
		return errno;
	if (set & FUSE_SET_ATTR_MODE && chmod(path.text, to->st_mode & 07777) < 0)
		return errno;
	if ((times[0].tv_nsec != UTIME_OMIT || times[1].tv_nsec != UTIME_OMIT) &&
	    utimensat(fd, "", times, AT_EMPTY_PATH) < 0)
		return errno;
	return 0;
}

#define SETS_SOMETHING                                                                                                 \
	(FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID | FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_ATIME |       \
	 FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW)

/* Whether a change that sets nothing is carried out; the rule is that of take_setid in relay-attributes.c. */
static bool may_take_setid(const struct held *h, uid_t caller)
{
	struct stat st;

	return !fstat(h->fd, &st) && (!(st.st_mode & (S_ISUID | S_ISGID)) || (caller && caller == st.st_uid));
}

static int change(fuse_req_t req, struct held *h, const struct stat *to, int set, bool is_open)
{
	/* A change of owner itself removes the bits that let somebody run something. If the group may not execute the
\t * file, the set-group-id bit stays, as for root. */
	bool drop = set & SETS_SOMETHING ? request_kills_setid && !(set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
					 : fuse_req_ctx(req)->uid != 0;
	int failed = copy_up_setid(h);

	if (!failed && drop)
		failed = setid_known(h);
	if (failed)
		return failed;
	if (drop)
		setid_drop(true);
	if (set & SETS_SOMETHING)
		failed = set_attributes(h->fd, to, set, is_open);
	else
		failed = errno_of(fchownat(h->fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
	if (drop)
		setid_drop(false);
	return failed;
}

static void op_setattr(fuse_req_t req, fuse_ino_t id, struct stat *to, int set, struct fuse_file_info *fi)
{
	HELD h = hold(req, id);
	int failed = h.fd < 0 ? -h.fd : 0;

	if (!failed && (set & SETS_SOMETHING || may_take_setid(&h, fuse_req_ctx(req)->uid)))
		failed = change(req, &h, to, set, fi != NULL);
	if (failed) {
		fuse_reply_err(req, failed);
		return;
	}
	copied_up(export_of(req), &h);
	/* The host's kernel sometimes asks for a change that sets nothing; then there are no new times either. */
	reply_attr(req, &h, set & ~FUSE_SET_ATTR_CTIME);
}

/* Removes the set-group-id bit, as for a caller who owns the file and is not in its group. We are root, and for root
 * overlayfs leaves the bit. */
static int lose_setgid(struct held *h)
{
	struct stat st;

	if (fstat(h->fd, &st) < 0)
		return errno;
	return st.st_mode & S_ISGID ? errno_of(chmod(fd_path(h->fd).text, st.st_mode & 07777 & ~(mode_t)S_ISGID)) : 0;
}

static void op_setxattr(fuse_req_t req, fuse_ino_t id, const char *name, const char *value, size_t size, int flags)
{
	HELD h = hold(req, id);
	int failed = h.fd < 0 ? -h.fd : copy_up_setid(&h);

	if (!failed)
		failed = errno_of(setxattr(fd_path(h.fd).text, name, value, size, flags & ~(int)FRAME_KILL_SGID));
	if (!failed && (unsigned)flags & FRAME_KILL_SGID && !strcmp(name, "system.posix_acl_access"))
		failed = lose_setgid(&h);
	if (!failed)
		copied_up(export_of(req), &h);
	fuse_reply_err(req, failed);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t id, const char *name)
{
	HELD h = hold(req, id);
	int failed = h.fd < 0 ? -h.fd : 0;

	/* To remove an attribute that does not exist copies nothing up; overlayfs gives the error. */
	if (!failed && getxattr(fd_path(h.fd).text, name, NULL, 0) >= 0)
		failed = copy_up_setid(&h);
	if (!failed)
		failed = errno_of(removexattr(fd_path(h.fd).text, name));
	if (!failed)
		copied_up(export_of(req), &h);
	fuse_reply_err(req, failed);
}

/* Answers both ways to read attributes: if size is 0, with the length, otherwise with the bytes. */
static void reply_xattr(fuse_req_t req, ssize_t len, const char *value, size_t size)
{
	if (len < 0)
		fuse_reply_err(req, errno);
	else if (!size)
		fuse_reply_xattr(req, (size_t)len);
	else
		fuse_reply_buf(req, value, (size_t)len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t id, const char *name, size_t size)
{
	HELD h = hold(req, id);
	cleanup_free char *value = malloc(size + 1);
	struct stat st;

	if (h.fd < 0 || !value) {
		fuse_reply_err(req, h.fd < 0 ? -h.fd : ENOMEM);
		return;
	}
	/* A chmod by the host changes the ACL. Asking for the attributes drops the cached ACL. */
	if (!strcmp(name, "system.posix_acl_access") && fstat(h.fd, &st) < 0)
		fuse_reply_err(req, errno);
	else
		reply_xattr(req, getxattr(fd_path(h.fd).text, name, value, size), value, size);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t id, size_t size)
{
	HELD h = hold(req, id);
	cleanup_free char *names = malloc(size + 1);

	if (h.fd < 0 || !names)
		fuse_reply_err(req, h.fd < 0 ? -h.fd : ENOMEM);
	else
		reply_xattr(req, listxattr(fd_path(h.fd).text, names, size), names, size);
}

static void op_statfs(fuse_req_t req, fuse_ino_t id)
{
	HELD h = hold(req, id);
	struct statvfs st;

	if (h.fd < 0 || fstatvfs(h.fd, &st) < 0)
		fuse_reply_err(req, h.fd < 0 ? -h.fd : errno);
	else
		fuse_reply_statfs(req, &st);
}

void ops_attributes(struct fuse_lowlevel_ops *ops)
{
	ops->getattr = op_getattr;
	ops->setattr = op_setattr;
	ops->setxattr = op_setxattr;
	ops->removexattr = op_removexattr;
	ops->getxattr = op_getxattr;
	ops->listxattr = op_listxattr;
	ops->statfs = op_statfs;
}
