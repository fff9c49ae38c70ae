#include <fcntl.h>
#include <sys/stat.h>

#include "content.h"
#include "copy.h"
#include "dir-stack.h"

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

static int open_regular(const char *path, int how, struct stat *st, struct mica_error *err)
{
	int fd = open(path, how | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd < 0 || fstat(fd, st) < 0) {
		errint_t code = mica_fail(err, -errno, "open", path);

		if (fd >= 0)
			close(fd);
		return code;
	}
	if (S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return mica_fail_note(err, -EINVAL, "open", path, "it is not a regular file");
}

errint_t mica_copy_data(const char *from, const char *to, struct mica_error *err)
{
	cleanup_fd int in = -1, out = -1;
	struct stat in_st, out_st;

	mica_error_clear(err);
	if ((in = open_regular(from, O_RDONLY, &in_st, err)) < 0)
		return in;
	if ((out = open_regular(to, O_WRONLY | O_CREAT, &out_st, err)) < 0)
		return out;
	return content_copy(in, out, (uint64_t)in_st.st_size, 0, to, NULL, err);
}
