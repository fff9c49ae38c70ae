#include <fcntl.h>
#include <sys/stat.h>

#include "copy.h"
#include "way.h"

static errint_t check(int dirfd, const char *name, const char *from, struct mica_error *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mica_fail(err, -errno, "stat", from);
	return S_ISDIR(st.st_mode) ? mica_fail(err, -EISDIR, "copy", from) : 0;
}

errint_t mica_copy(const char *from, const char *dest, uint32_t flags, struct mica_job *job, struct mica_error *err)
{
	const uint32_t known = MICA_REFLINK_ONLY | MICA_COPY_UNSTABLE | MICA_OWN;
	cleanup_fd int from_dir = -1, to_dir = -1;
	cleanup_free char *from_name = NULL, *to_name = NULL;
	struct stat st;
	errint_t code;

	mica_error_clear(err);
	if (flags & ~known)
		return mica_fail_note(err, -EINVAL, "copy", from, "unknown flags %#x", flags & ~known);
	code = open_parent(from, &from_dir, &from_name, err);
	if (code == 0)
		code = open_parent(dest, &to_dir, &to_name, err);
	if (code == 0)
		code = check(from_dir, from_name, from, err);
	if (code == 0 && fstatat(to_dir, to_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		code = mica_fail(err, -EEXIST, "create", dest);
	if (code < 0)
		return code;
	code = copy_entry(&(struct copy_source){from_dir, from_name, XATTR_PLAIN, -1},
			  &(struct meta_target){to_dir, to_name, XATTR_PLAIN, dest, flags & MICA_OWN},
			  &(struct copy_how){flags, job}, err);
	if (code < 0 && code != -EEXIST)
		unlinkat(to_dir, to_name, 0);
	return code;
}
