/* mica-layer.h - the part of mica.h on layers: how they are made, copied, applied and removed. */
#ifndef MICA_PART_LAYER_H
#define MICA_PART_LAYER_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * Layers.  A layer is a folder in the form of an overlay upper: changed entries, the directories that lead
 * to them with b's metadata, whiteouts as character devices 0:0, opaque directories. Nothing else: no
 * redirect, no metacopy, no origin. Usable as an overlay lower at once, by Mica's trees and by the
 * kernel. What is immutable or append-only has these flags itself: as a lower nothing else counts.
 */

/* Fail if a reflink is refused, instead of copying the data: */
#define MICA_REFLINK_ONLY 1u
/* Overlay xattrs are written as user.overlay.*, whiteouts as zero-size files with the whiteout xattr (for callers who
 * may not make devices). */
#define MICA_LAYER_USERXATTR 2u
/* The target's file system is flushed before the call returns. */
#define MICA_SYNC 4u
/* A file that changes while it is copied does not give -EBUSY after three attempts, but is copied as it was found. */
#define MICA_COPY_UNSTABLE 8u
/* Owners and attributes that the caller may not give are left out and do not give -EPERM. What is made then belongs to
 * the caller and has no setuid and setgid bits, as with cp -a. The flags immutable and append-only are left out, too,
 * because one will work with such a copy. */
#define MICA_OWN 16u
/*
 * For mica_tar_write and mica_tar_read: the tar is not that of an image but an exact copy of the folder, which only
 * mica_tar_read with this flag can read. Nothing is translated and there are no remarks: devices 0:0, overlay's
 * attributes as they are stored, sockets, names that begin with ".wh.", holes, flags, all attributes. What overlayfs
 * wrote for itself about inodes of this machine is left out, because it means nothing elsewhere (overlay.origin,
 * impure, upper, uuid, whiteouts). overlay.protattr, which counts for an upper only, becomes the entry's own flags: so
 * what is read is the layer that mica_protect_layer would make of the upper. The tar is never compressed, and has no
 * digest, because a manifest says more.
 */
#define MICA_LAYER_EXACT 32u

/*
 * Makes the folder dest (which must not exist) the layer that turns a into b. Bytes are reflinked if the
 * file system can do that, otherwise copied in the kernel, and otherwise with read and write. Holes are kept, and so
 * are hard links among what is captured, and sockets (as nodes). On failure dest is removed again. A dest inside one
 * of the folders that are walked is -EINVAL, and nothing is made. (Only their paths are compared; bind mounts of what
 * is inside them are not noticed.) What takes long ends soon after a cancel; removing what was made takes time in
 * addition. With an empty a this is a faithful copy of b as one folder.
 */
errint_t mica_capture(const struct mica_tree *a, const struct mica_tree *b, const char *dest, uint32_t flags,
		      struct mica_job *job, struct mica_error *err);

/*
 * Makes dest, which must not exist, a faithful copy of the single file from (of any type but a directory, which is
 * -EISDIR; a symbolic link is not followed), with all that mica_capture keeps. On failure dest is removed again.
 * flags: MICA_REFLINK_ONLY, MICA_COPY_UNSTABLE and MICA_OWN.
 */
errint_t mica_copy(const char *from, const char *dest, uint32_t flags, struct mica_job *job, struct mica_error *err);

/*
 * Copies the bytes of the regular file from over those of the regular file to, which is made (mode 0600) if it does not
 * exist; symbolic links are followed, /proc's too. Holes of from are not copied, and to keeps what it has there: so it
 * should be a new file, or one that reads as zeros. In the end to is as large as from. Attributes are not copied; not
 * atomic.
 */
errint_t mica_copy_data(const char *from, const char *to, struct mica_error *err);

/*
 * Applies a layer to the plain folder target, in place: afterwards target is equal to what an overlay of
 * layer over target showed before. MICA_TREE_USERXATTR is taken from layer->flags; layer->count
 * must be 1. Flags of the entries are left out, and what is immutable or append-only in target is -EPERM. A target that
 * is the layer or lies in it is -EINVAL, and nothing is changed. Not atomic: after a failure target is between the two
 * states, and *err says where.
 */
errint_t mica_apply(const struct mica_tree *layer, const char *target, uint32_t flags, struct mica_job *job,
		    struct mica_error *err);

/*
 * Prepares an overlay's upper, which nobody uses now, for its use as a lower, so that it shows the same:
 * overlay.protattr of an entry counts for an upper only, so it becomes the entry's own flags (FS_IOC_SETFLAGS; -EPERM
 * without CAP_LINUX_IMMUTABLE, -EOPNOTSUPP). The root is left out. flags: MICA_LAYER_USERXATTR. May be called again;
 * *count (may be NULL) gets the number of entries that have flags.
 */
errint_t mica_protect_layer(const char *layer, uint32_t flags, uint64_t *count, struct mica_job *job,
			    struct mica_error *err);

/*
 * Undoes that, so that the layer can be an upper again: overlayfs itself must be able to write there, and
 * overlay.protattr still says what is protected. May be called again.
 */
errint_t mica_unprotect_layer(const char *layer, uint32_t flags, struct mica_job *job, struct mica_error *err);

/* Removes path and everything below it, with any names and at any depth; enters no mount. Absent: 0. What is immutable
 * or append-only is -EPERM. */
errint_t mica_remove(const char *path, struct mica_job *job, struct mica_error *err);

/* The same, also for what is immutable or append-only if the caller may change that: for what Mica made itself. Other
 * names of such a file stay as they are. */
errint_t mica_discard(const char *path, struct mica_job *job, struct mica_error *err);

/* Makes the directory path (or takes it if it exists and is empty) with model's mode, owner, times and
 * xattrs, except for overlay's own xattrs and what the caller may not give (MICA_OWN). All of that is on disk
 * when it returns. */
errint_t mica_make_directory_like(const char *model, const char *path, struct mica_error *err);

/* Makes a fresh upper in the same way, for an overlay whose upper has become layer. It also gets
 * the immutable and append-only flags of the overlay's root. flags: MICA_MOUNT_USERXATTR or 0. */
errint_t mica_make_upper(const char *layer, const char *upper, uint32_t flags, struct mica_error *err);

/* Sets the modification time of path, also before 1970; a symbolic link is not followed. -EOVERFLOW: the file system
 * cannot hold it. */
errint_t mica_set_mtime(const char *path, int64_t seconds, uint32_t nanoseconds, struct mica_error *err);

/* Exchanges two names of any type, in one step: after a power cut it is done completely or not at all. Neither name is
 * followed. Both must exist, in one mounted file system; -EBUSY if one is a mount point. */
errint_t mica_exchange(const char *a, const char *b, struct mica_error *err);

/* Sets (frozen 1) or clears (0) the immutable flag of the directory dir, which is not followed if it is a symbolic
 * link. While the flag is set, nobody can add, remove, rename or replace an entry of dir; the contents of its entries
 * can still be changed. -EOPNOTSUPP: the file system has no such flag (clearing it there is 0). -EPERM: the caller
 * lacks CAP_LINUX_IMMUTABLE. If it is so already: 0. */
errint_t mica_freeze(const char *dir, uint32_t frozen, struct mica_error *err);

#endif
