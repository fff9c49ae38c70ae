/* names.c - the requests that find, make, rename and remove names. */
#include "ops.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	HELD dir = hold(req, parent);
	struct stat st;

	if (dir.fd < 0)
		fuse_reply_err(req, -dir.fd);
	else if (!REFRESHED(dir.all, stat_known(dir.fd, name, &st)))
		reply_entry(req, &dir, name, &st, LAYER_UNKNOWN);
	else if (errno == ENOENT) /* the host may remember that the name is missing */
		fuse_reply_entry(req, &(struct fuse_entry_param){.entry_timeout = VALID_SECONDS});
	else
		fuse_reply_err(req, errno);
}

static void op_forget(fuse_req_t req, fuse_ino_t id, uint64_t lookups)
{
	node_forget(export_of(req)->nodes, id, lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *list)
{
	for (size_t i = 0; i < count; i++)
		node_forget(export_of(req)->nodes, list[i].ino, list[i].nlookup);
	fuse_reply_none(req);
}

/* Answers a request that makes a name: with the entry of what was made, or with the error. */
static void reply_made(fuse_req_t req, struct held *dir, const char *name, int failed)
{
	struct stat st;

	if (!failed && stat_known(dir->fd, name, &st) < 0)
		failed = errno;
	if (failed)
		fuse_reply_err(req, failed);
	else
		reply_entry(req, dir, name, &st, LAYER_UPPER);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	HELD dir = hold(req, parent);
	int failed = dir.fd < 0 ? -dir.fd : 0;

	if (!failed) {
		caller_begin(req);
		failed = errno_of(mknodat(dir.fd, name, mode, rdev));
		caller_end();
	}
	reply_made(req, &dir, name, failed);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	HELD dir = hold(req, parent);
	int failed = dir.fd < 0 ? -dir.fd : 0;

	if (!failed) {
		caller_begin(req);
		failed = errno_of(mkdirat(dir.fd, name, mode));
		caller_end();
	}
	reply_made(req, &dir, name, failed);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	HELD dir = hold(req, parent);
	int failed = dir.fd < 0 ? -dir.fd : 0;

	if (!failed) {
		caller_begin(req);
		failed = errno_of(symlinkat(target, dir.fd, name));
		caller_end();
	}
	reply_made(req, &dir, name, failed);
}

/*
 * The new name is the same file. But until overlayfs looks the name up again, it shows a link to a copied file with
 * another number.
 */
static int stat_linked(struct held *file, struct held *dir, const char *name, struct stat *st)
{
	struct stat shown;

	if (stat_known(file->fd, "", st) < 0 || stat_known(dir->fd, name, &shown) < 0)
		return -1;
	if (shown.st_dev != st->st_dev || shown.st_ino != st->st_ino)
		nodes_refresh(file->all);
	return 0;
}

static void op_link(fuse_req_t req, fuse_ino_t id, fuse_ino_t parent, const char *name)
{
	HELD file = hold(req, id);
	HELD dir = hold(req, parent);
	int failed = file.fd < 0 ? -file.fd : dir.fd < 0 ? -dir.fd : copy_up_setid(&file);
	struct stat st;

	if (!failed)
		failed = errno_of(REFRESHED(dir.all, linkat(file.fd, "", dir.fd, name, AT_EMPTY_PATH)));
	/* Before looking at the new name, because that must find the same node. */
	if (!failed)
		copied_up(export_of(req), &file);
	if (!failed && stat_linked(&file, &dir, name, &st) < 0)
		failed = errno;
	if (failed)
		fuse_reply_err(req, failed);
	else
		reply_entry(req, &dir, name, &st, LAYER_UPPER);
}

/* The node at a name that is about to change. It needs a descriptor, because its dentry will not lead to it any more.
 */
static struct held hold_at(struct held *dir, const char *name)
{
	struct held h = {dir->all, node_at(dir->all, dir->node, name), -1};

	if (h.node)
		h.fd = node_fd(h.all, h.node);
	return h;
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
	HELD dir = hold(req, parent);

	if (dir.fd < 0) {
		fuse_reply_err(req, -dir.fd);
		return;
	}
	HELD victim = hold_at(&dir, name);
	int failed = errno_of(REFRESHED(dir.all, unlinkat(dir.fd, name, flags)));

	if (!failed && victim.node)
		node_unnamed(victim.all, victim.node, dir.node, name);
	fuse_reply_err(req, failed);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, 0);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, AT_REMOVEDIR);
}

static void renamed(struct export *ex, struct held *from, struct held *to, struct held *from_dir, const char *from_name,
		    struct held *to_dir, const char *to_name, unsigned flags)
{
	/* A rename of one name of a file onto another of it does nothing. */
	if (from->node && to->node && from->node == to->node)
		return;
	if (to->node)
		node_unnamed(to->all, to->node, to_dir->node, to_name);
	if (from->node)
		node_moved(from->all, from->node, from_dir->node, from_name, to_dir->node, to_name);
	if (to->node && flags & RENAME_EXCHANGE) {
		node_moved(to->all, to->node, to_dir->node, to_name, from_dir->node, from_name);
		if (to->fd >= 0)
			copied_up(ex, to);
	}
	if (from->node && from->fd >= 0)
		copied_up(ex, from);
}

/* Both are names of one file: by POSIX, rename does nothing then, and both names must stay known. */
static bool same_file(int a, const char *a_name, int b, const char *b_name)
{
	struct stat x, y;

	return !fstatat(a, a_name, &x, AT_SYMLINK_NOFOLLOW) && !fstatat(b, b_name, &y, AT_SYMLINK_NOFOLLOW) &&
	       x.st_nlink > 1 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
		      unsigned flags)
{
	HELD dir = hold(req, parent);
	HELD new_dir = hold(req, new_parent);

	if (dir.fd < 0 || new_dir.fd < 0) {
		fuse_reply_err(req, dir.fd < 0 ? -dir.fd : -new_dir.fd);
		return;
	}
	HELD from = hold_at(&dir, name);
	HELD to = hold_at(&new_dir, new_name);
	/* Renames that overlayfs refuses must not copy anything up. */
	int failed = flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) ? EINVAL : copy_up_setid(&from);

	if (!failed && flags & RENAME_EXCHANGE)
		failed = copy_up_setid(&to);
	if (!failed)
		failed = errno_of(REFRESHED(dir.all, renameat2(dir.fd, name, new_dir.fd, new_name, flags)));

	if (!failed && !same_file(dir.fd, name, new_dir.fd, new_name))
		renamed(export_of(req), &from, &to, &dir, name, &new_dir, new_name, flags);
	fuse_reply_err(req, failed);
}

static void op_readlink(fuse_req_t req, fuse_ino_t id)
{
	HELD link = hold(req, id);
	char target[PATH_MAX + 1];
	ssize_t len = link.fd < 0 ? -1 : readlinkat(link.fd, "", target, sizeof(target) - 1);

	if (len < 0) {
		fuse_reply_err(req, link.fd < 0 ? -link.fd : errno);
		return;
	}
	target[len] = 0;
	fuse_reply_readlink(req, target);
}

void ops_names(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = op_lookup;
	ops->forget = op_forget;
	ops->forget_multi = op_forget_multi;
	ops->mknod = op_mknod;
	ops->mkdir = op_mkdir;
	ops->symlink = op_symlink;
	ops->link = op_link;
	ops->unlink = op_unlink;
	ops->rmdir = op_rmdir;
	ops->rename = op_rename;
	ops->readlink = op_readlink;
}
