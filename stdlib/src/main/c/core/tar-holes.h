/* tar-holes.h - finds where a file has bytes and not holes, for an exact tar. Private to core/. */
#ifndef MICA_TAR_HOLES_H
#define MICA_TAR_HOLES_H

#include "tar-encode.h"
#include "tar-pax.h"

/* Adds the pieces of the first size bytes that are not holes to map. *sparse is false if there are no holes, so that
 * the tar needs no map. path is for the error. The caller must free map->pieces. */
errint_t tar_holes_find(int fd, uint64_t size, const char *path, struct tar_map *map, bool *sparse,
			struct mica_error *err);

/* Adds the map to text in the form in which it comes before the content (GNU's form 1.0), in whole blocks. *bytes gets
 * the number of bytes of all pieces. */
errint_t tar_holes_text(const struct tar_map *map, struct tar_bytes *text, uint64_t *bytes);

#endif
