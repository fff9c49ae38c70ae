/*
 * protect-watch.h - what a walk for immutable and append-only entries of an overlay's upper passed by, because it
 * became so, or was moved, meanwhile. Private to core/.
 */
#ifndef MICA_PROTECT_WATCH_H
#define MICA_PROTECT_WATCH_H

#include "base.h"

/* events -1: nobody watches. */
struct protect_watch {
	int events, root;
};
#define PROTECT_WATCH_NONE ((struct protect_watch){-1, -1})

/*
 * Watches the file system of the open directory root, which is borrowed and must be a real descriptor, not O_PATH.
 * False: it cannot be watched (no CAP_SYS_ADMIN; a file system without handles or, as a subvolume of btrfs, without an
 * identity of its own; a kernel before 5.17).
 */
bool protect_watch_begin(struct protect_watch *w, int root);

/*
 * Whether an entry that has overlay.protattr may have been passed by since protect_watch_begin: it got the attribute,
 * or its directory was moved, anywhere on the file system; or that cannot be known. flags: as for mica_protect_layer.
 */
bool protect_watch_saw(const struct protect_watch *w, uint32_t flags);

void protect_watch_end(struct protect_watch *w);

#endif
