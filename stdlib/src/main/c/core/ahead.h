/* ahead.h - a large file that will be flushed in the end goes to the disk while it is written. Private to core/. */
#ifndef MICA_AHEAD_H
#define MICA_AHEAD_H

#include <fcntl.h>

#include "base.h"

enum { AHEAD = 8 << 20 };

/*
 * The file's bytes from *begun on, up to at, are begun to be written once they are enough; *begun is moved. Whether
 * they come to be there, fsync tells: a file system that cannot begin is only slower in the end.
 */
static inline void write_ahead(int fd, uint64_t *begun, uint64_t at)
{
	if (at - *begun < AHEAD)
		return;
	sync_file_range(fd, (off_t)*begun, (off_t)(at - *begun), SYNC_FILE_RANGE_WRITE);
	*begun = at;
}

#endif
