/*
 * flags.h - the inode flags that protect an entry: immutable and append-only. Private to core/.
 *
 * In a file system they are flags of the inode. On an overlay's upper they are overlay.protattr, since overlayfs itself
 * must be able to work there; a lower's own flags count as they are, its protattr does not.
 */
#ifndef MICA_FLAGS_H
#define MICA_FLAGS_H

#include "base.h"

enum { FLAG_IMMUTABLE = 1, FLAG_APPEND = 2 };

struct statx;
uint8_t flags_of(const struct statx *stx);
/* Those that the value of overlay.protattr names. */
uint8_t flags_of_text(const char *value);

/* The inode's flags as ioctl_iflags(2) has them. -EOPNOTSUPP: the file system has none. */
errint_t flags_get(int fd, int *raw);
errint_t flags_set(int fd, int raw);

/*
 * Of the flags of the open file from that a user may set, those that the open file to lacks; immutable and append-only
 * left out. 0 where one of the two cannot be asked: nothing is known to be lost.
 */
int flags_lost(int from, int to);

/* Gives name in the directory dir, a file or directory that is not followed, what flags says besides what it has. */
errint_t flags_protect(int dir, const char *name, uint8_t flags, const char *path, struct mica_error *err);

/* Takes them away from it again. A file system without flags has none to take. */
errint_t flags_unprotect(int dir, const char *name, uint8_t flags, const char *path, struct mica_error *err);

/*
 * Takes both away from name in the directory dir ("" is dir itself) and leaves it open in *fd, its flags before in
 * *raw. 0: it had neither, or may not be changed.
 */
bool flags_release(int dir, const char *name, int *fd, int *raw);

#endif
