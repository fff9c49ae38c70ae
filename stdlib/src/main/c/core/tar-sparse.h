/* tar-sparse.h - where the pieces of GNU's sparse files lie, where no pax record says it. Private to core/. */
#ifndef MICA_TAR_SPARSE_H
#define MICA_TAR_SPARSE_H

#include "tar-format.h"
#include "tar-in.h"
#include "tar-pax.h"

/* The old form: in the header, and in blocks behind it. *size: the file's. */
errint_t tar_sparse_old(struct tar_in *in, const struct tar_header *header, struct tar_map *map, uint64_t *size,
			const char **why);
/* 1.0: in front of the content, of which it is a part: *stored gets less. */
errint_t tar_sparse_new(struct tar_in *in, struct tar_map *map, uint64_t *stored, const char **why);
/* In order, within size, and as many bytes as are stored. */
errint_t tar_sparse_check(const struct tar_map *map, uint64_t size, uint64_t stored, const char **why);

#endif
