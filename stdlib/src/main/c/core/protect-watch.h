/*
 * protect-watch.h - notices entries of an overlay's upper that a walk for immutable and append-only entries has missed,
 * because they became so, or were moved, during the walk. Private to core/.
 */
#ifndef MICA_PROTECT_WATCH_H
#define MICA_PROTECT_WATCH_H

#include "base.h"

/* events is -1 if nothing is watched; root is borrowed. */
struct protect_watch {
	int events, root;
};
#define PROTECT_WATCH_NONE ((struct protect_watch){-1, -1})

/*
 * Watches the file system of the open directory root, which is borrowed until protect_watch_end and must be a real
 * descriptor, not O_PATH. False: it cannot be watched (without CAP_SYS_ADMIN; on a file system without handles or, like
 * a subvolume of btrfs, without an identity of its own; on a kernel before 5.17).
 */
bool protect_watch_begin(struct protect_watch *w, int root);

/*
 * Whether the walk may have missed an entry with overlay.protattr since protect_watch_begin: an entry has got the
 * attribute, or a directory with such an entry was moved, anywhere on the file system; or that cannot be known. flags
 * are as for mica_protect_layer.
 */
bool protect_watch_saw(const struct protect_watch *w, uint32_t flags);

void protect_watch_end(struct protect_watch *w);

#endif
