#include "stat.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

int stat_known(int fd, const char *name, struct stat *st)
{
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC | (*name ? 0 : AT_EMPTY_PATH);
	struct statx x;

	if (statx(fd, name, flags, STATX_BASIC_STATS, &x) < 0)
		return -1;
	*st = (struct stat){
		.st_dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor),
		.st_ino = x.stx_ino,
		.st_mode = x.stx_mode,
		.st_nlink = x.stx_nlink,
		.st_uid = x.stx_uid,
		.st_gid = x.stx_gid,
		.st_size = (off_t)x.stx_size,
		.st_blocks = (blkcnt_t)x.stx_blocks,
		.st_blksize = (blksize_t)x.stx_blksize,
		.st_atim = {x.stx_atime.tv_sec, x.stx_atime.tv_nsec},
		.st_mtim = {x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec},
		.st_ctim = {x.stx_ctime.tv_sec, x.stx_ctime.tv_nsec},
	};
	return 0;
}
