/* ahead.h - begins to write a large file to the disk before it is flushed in the end. Private to core/. */
#ifndef MICA_AHEAD_H
#define MICA_AHEAD_H

#include <fcntl.h>

#include "base.h"

enum { AHEAD = 8 << 20 };

/*
 * If the bytes from *begun to at are at least AHEAD, has the kernel begin to write them to the disk, and sets *begun to
 * at. It reports no failure: fsync does that in the end, and a file system that cannot begin early is only slower.
 */
static inline void write_ahead(int fd, uint64_t *begun, uint64_t at)
{
	if (at - *begun < AHEAD)
		return;
	sync_file_range(fd, (off_t)*begun, (off_t)(at - *begun), SYNC_FILE_RANGE_WRITE);
	*begun = at;
}

#endif
