#include "flags.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define PROTECTS (FS_IMMUTABLE_FL | FS_APPEND_FL)

uint8_t flags_of(const struct statx *stx)
{
	return (stx->stx_attributes & STATX_ATTR_IMMUTABLE ? FLAG_IMMUTABLE : 0) |
	       (stx->stx_attributes & STATX_ATTR_APPEND ? FLAG_APPEND : 0);
}

uint8_t flags_of_text(const char *value)
{
	return (strchr(value, 'i') ? FLAG_IMMUTABLE : 0) | (strchr(value, 'a') ? FLAG_APPEND : 0);
}

errint_t flags_get(int fd, int *raw)
{
	if (!ioctl(fd, FS_IOC_GETFLAGS, raw))
		return 0;
	return errno == ENOTTY || errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

errint_t flags_set(int fd, int raw)
{
	if (!ioctl(fd, FS_IOC_SETFLAGS, &raw))
		return 0;
	return errno == ENOTTY || errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

int flags_lost(int from, int to)
{
	/* Which files are stored in extents is the file system's own affair. */
	const int users = FS_FL_USER_MODIFIABLE & ~(PROTECTS | FS_EXTENT_FL);
	int had, has;

	if (flags_get(from, &had) || !(had & users) || flags_get(to, &has))
		return 0;
	return had & users & ~has;
}

static int open_entry(int dir, const char *name)
{
	return openat(dir, *name ? name : ".", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static const char *why_not(errint_t code)
{
	switch (code) {
	case -EOPNOTSUPP:
		return "the file system there has no immutable and no append-only flag";
	case -EPERM:
		return "only a caller with CAP_LINUX_IMMUTABLE may change what is immutable or append-only";
	default:
		return "";
	}
}

static int raw_of(uint8_t flags)
{
	return (flags & FLAG_IMMUTABLE ? FS_IMMUTABLE_FL : 0) | (flags & FLAG_APPEND ? FS_APPEND_FL : 0);
}

/* Those that flags names: set, or cleared. -EOPNOTSUPP: the file system has none. */
static errint_t change(int dir, const char *name, uint8_t flags, bool on, const char *path, struct mica_error *err)
{
	int raw, named = raw_of(flags);
	cleanup_fd int fd = open_entry(dir, name);
	errint_t code;

	if (fd < 0)
		return mica_fail(err, -errno, "open", path);
	code = flags_get(fd, &raw);
	if (code == 0 && (raw & named) != (on ? named : 0))
		code = flags_set(fd, on ? raw | named : raw & ~named);
	return code < 0 ? mica_fail_note(err, code, on ? "set flags" : "take flags away", path, "%s", why_not(code))
			: 0;
}

errint_t flags_protect(int dir, const char *name, uint8_t flags, const char *path, struct mica_error *err)
{
	return change(dir, name, flags, true, path, err);
}

errint_t flags_unprotect(int dir, const char *name, uint8_t flags, const char *path, struct mica_error *err)
{
	errint_t code = change(dir, name, flags, false, path, err);

	return code == -EOPNOTSUPP ? 0 : code;
}

bool flags_release(int dir, const char *name, int *fd, int *raw)
{
	*fd = open_entry(dir, name);
	if (*fd >= 0 && !flags_get(*fd, raw) && *raw & PROTECTS && !flags_set(*fd, *raw & ~PROTECTS))
		return true;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return false;
}
