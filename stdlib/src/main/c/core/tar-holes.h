/* tar-holes.h - where a file that is written to an exact tar has bytes. Private to core/. */
#ifndef MICA_TAR_HOLES_H
#define MICA_TAR_HOLES_H

#include "tar-encode.h"
#include "tar-pax.h"

/* The pieces of the first size bytes that are no holes. One that is all bytes has no map: *sparse is false. path is for
 * the error. */
errint_t tar_holes_find(int fd, uint64_t size, const char *path, struct tar_map *map, bool *sparse,
			struct mica_error *err);

/* The map as it stands before the content (GNU's form 1.0), in whole blocks; and how many bytes the pieces have. */
errint_t tar_holes_text(const struct tar_map *map, struct tar_bytes *text, uint64_t *bytes);

#endif
