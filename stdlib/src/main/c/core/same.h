/*
 * same.h - whether two entries are the same, and in what they differ. Private to core/.
 */
#ifndef MICA_SAME_H
#define MICA_SAME_H

#include "same-bytes.h"

/*
 * MICA_CONTENT | MODE | OWNER | TIMES | XATTR of two entries of one type; for directories without
 * what is in them. Both parents are pinned. -ENOENT or -ESTALE: one of them went away meanwhile.
 */
errint_t same_compare(const struct same *same, struct ventry *a, struct ventry *b, uint32_t *what,
		      struct mica_error *err);

static inline bool same_inode(const struct ventry *a, const struct ventry *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

#endif
