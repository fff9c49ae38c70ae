/*
 * same.h - in what two entries differ. Private to core/.
 */
#ifndef MICA_SAME_H
#define MICA_SAME_H

#include "same-bytes.h"

/*
 * Compares two entries of the same type, and sets *what to those of MICA_CONTENT | MODE | OWNER | TIMES | XATTR in
 * which they differ. The contents of directories are not compared. Both parents must be pinned. -ENOENT or -ESTALE: one
 * of the entries is gone.
 */
errint_t same_compare(const struct same *same, struct ventry *a, struct ventry *b, uint32_t *what,
		      struct mica_error *err);

static inline bool same_inode(const struct ventry *a, const struct ventry *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

#endif
