#include "meta.h"

#include <fcntl.h>
#include <sys/stat.h>

struct meta meta_of(const struct statx *stx)
{
	return (struct meta){.mode = stx->stx_mode,
			     .uid = stx->stx_uid,
			     .gid = stx->stx_gid,
			     .mtime = stx->stx_mtime.tv_sec,
			     .mtime_nsec = stx->stx_mtime.tv_nsec};
}

static bool itself(const struct meta_target *target)
{
	return !*target->name;
}

static errint_t set_owner(const struct meta_target *target, const struct meta *meta)
{
	int how = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;

	return fchownat(target->dirfd, target->name, meta->uid, meta->gid, how) < 0 ? -errno : 0;
}

static errint_t set_mode(const struct meta_target *target, const struct meta *meta)
{
	mode_t mode = meta->mode & 07777;

	if (S_ISLNK(meta->mode)) /* a symlink has no mode */
		return 0;
	if (itself(target))
		return fchmod(target->dirfd, mode) < 0 ? -errno : 0;
	return fchmodat(target->dirfd, target->name, mode, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* File systems cut a time that does not fit, without an error. */
static errint_t check_time(const struct meta_target *target, const struct meta *meta)
{
	struct statx now;

	if (meta->mtime >= 0 && meta->mtime <= INT32_MAX)
		return 0;
	if (statx(target->dirfd, target->name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_MTIME, &now) < 0)
		return -errno;
	return now.stx_mtime.tv_sec == meta->mtime ? 0 : -EOVERFLOW;
}

errint_t meta_set_times(const struct meta_target *target, const struct meta *meta, struct mica_error *err)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {meta->mtime, meta->mtime_nsec}};
	int done = itself(target) ? futimens(target->dirfd, times)
				  : utimensat(target->dirfd, target->name, times, AT_SYMLINK_NOFOLLOW);
	errint_t code = done < 0 ? -errno : check_time(target, meta);

	if (code == -EOVERFLOW)
		return mica_fail_note(err, code, "set times", target->path,
				      "the file system cannot hold the modification time %lld", (long long)meta->mtime);
	return code < 0 ? mica_fail(err, code, "set times", target->path) : 0;
}

static errint_t fail_attr(const struct meta_target *target, errint_t code, const char *step, const char *attr,
			  struct mica_error *err)
{
	const char *why = code == -EOPNOTSUPP ? "the file system there does not hold" : "the attribute is";

	return mica_fail_note(err, code, step, target->path, "%s %s", why, attr);
}

/* Whether an attribute of the target belongs to the overlay there and not to the tree. */
static bool overlays_own(const char *attr, enum xattr_space space)
{
	size_t len = strlen(xattr_prefix(space));

	return len && !strncmp(attr, xattr_prefix(space), len) && strncmp(attr + len, "overlay.", 8) != 0;
}

static bool wanted(const char *attr, const struct xattr_view *xattrs, enum xattr_space space)
{
	char stored[XATTR_STORED_MAX];

	for (size_t i = 0; i < xattrs->count; i++)
		if (!strcmp(xattr_escape(xattrs->list[i].name, space, stored), attr))
			return true;
	return false;
}

static errint_t remove_others(const struct meta_target *target, const struct xattr_view *xattrs, struct mica_error *err)
{
	cleanup_xattr_names struct xattr_names now = {0};
	errint_t code = xattr_list(target->dirfd, target->name, &now);

	if (code < 0)
		return mica_fail(err, code, "list attributes", target->path);
	for (const char *attr = now.list; attr < now.list + now.len; attr += strlen(attr) + 1) {
		if (overlays_own(attr, target->space) || wanted(attr, xattrs, target->space))
			continue;
		code = xattr_remove(target->dirfd, target->name, attr);
		if (code < 0 && code != -ENODATA)
			return fail_attr(target, code, "remove attribute", attr, err);
	}
	return 0;
}

static errint_t set_attributes(const struct meta_target *target, const struct xattr_view *xattrs,
			       struct mica_error *err)
{
	errint_t code = remove_others(target, xattrs, err);

	for (size_t i = 0; code == 0 && i < xattrs->count; i++) {
		const struct xattr *x = &xattrs->list[i];
		char buf[XATTR_STORED_MAX];
		const char *stored = xattr_escape(x->name, target->space, buf);

		code = xattr_set(target->dirfd, target->name, stored, x->value, x->len);
		if (code == -EPERM && target->own)
			code = 0;
		if (code < 0)
			return fail_attr(target, code, "set attribute", stored, err);
	}
	return code;
}

errint_t meta_set(const struct meta_target *target, const struct meta *meta, const struct xattr_view *xattrs,
		  struct mica_error *err)
{
	struct meta given = *meta;
	errint_t code = set_owner(target, meta);

	if (code == -EPERM && target->own) { /* the owner is another one, so the program would run as somebody else */
		given.mode &= ~(uint32_t)(S_ISUID | S_ISGID);
		code = 0;
	}
	if (code == -EPERM)
		return mica_fail_note(err, code, "set owner", target->path, "only root may make it %u:%u's", meta->uid,
				      meta->gid);
	if (code < 0)
		return mica_fail(err, code, "set owner", target->path);
	code = set_attributes(target, xattrs, err);
	if (code < 0)
		return code;
	code = set_mode(target, &given);
	if (code < 0)
		return mica_fail(err, code, "set mode", target->path);
	return meta_set_times(target, meta, err);
}

errint_t meta_disinherit(int dirfd, const char *path, struct mica_error *err)
{
	static const char *const acls[] = {"system.posix_acl_default", "system.posix_acl_access"};

	for (size_t i = 0; i < 2; i++) {
		errint_t code = xattr_remove(dirfd, "", acls[i]);

		if (code < 0 && code != -ENODATA && code != -EOPNOTSUPP)
			return mica_fail(err, code, "remove inherited ACL", path);
	}
	return 0;
}
