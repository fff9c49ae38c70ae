/* freeze.c - a directory whose entries stay as they are. */
#include <fcntl.h>
#include <linux/fs.h>

#include "flags.h"

errint_t mica_freeze(const char *dir, uint32_t frozen, struct mica_error *err)
{
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int flags, wanted;
	errint_t code;

	mica_error_clear(err);
	if (fd < 0)
		return mica_fail(err, -errno, "open", dir);
	code = flags_get(fd, &flags);
	if (code == -EOPNOTSUPP && !frozen)
		return 0;
	if (code)
		return mica_fail_note(err, code, "freeze", dir, "the file system has no immutable flag");
	wanted = frozen ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	if (wanted == flags)
		return 0;
	code = flags_set(fd, wanted);
	return code < 0 ? mica_fail(err, code, frozen ? "freeze" : "unfreeze", dir) : 0;
}
