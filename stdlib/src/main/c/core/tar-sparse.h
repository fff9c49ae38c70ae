/* tar-sparse.h - reads the maps of GNU's sparse files that are not in pax records. Private to core/. */
#ifndef MICA_TAR_SPARSE_H
#define MICA_TAR_SPARSE_H

#include "tar-format.h"
#include "tar-in.h"
#include "tar-pax.h"

/* Reads a map of the old form, which is in the header and in blocks after it. *size gets the size of the file.
 * -EBADMSG: the map is damaged, and *why says that for people. */
errint_t tar_sparse_old(struct tar_in *in, const struct tar_header *header, struct tar_map *map, uint64_t *size,
			const char **why);
/* Reads a map of the form 1.0, which is at the beginning of the content; its length is subtracted from *stored. */
errint_t tar_sparse_new(struct tar_in *in, struct tar_map *map, uint64_t *stored, const char **why);
/* Checks that the pieces are in order, lie within size, and have as many bytes as are stored. -EBADMSG. */
errint_t tar_sparse_check(const struct tar_map *map, uint64_t size, uint64_t stored, const char **why);

#endif
