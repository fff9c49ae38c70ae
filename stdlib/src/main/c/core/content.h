/* content.h - copies the bytes of one regular file into another. Private to core/. */
#ifndef MICA_CONTENT_H
#define MICA_CONTENT_H

#include "base.h"

/*
 * Fills the empty file to with the first size bytes of from: by a reflink if the file system can do that, otherwise
 * copied in the kernel, otherwise with read and write. Holes stay holes. If from is shorter, so is to. flags:
 * MICA_REFLINK_ONLY. path is for the error.
 */
errint_t content_copy(int from, int to, uint64_t size, uint32_t flags, const char *path, struct mica_job *job,
		      struct mica_error *err);

#endif
