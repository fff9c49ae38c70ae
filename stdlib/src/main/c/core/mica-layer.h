/* mica-layer.h - the part of mica.h on layers: how they are made, copied, applied and removed. */
#ifndef MICA_PART_LAYER_H
#define MICA_PART_LAYER_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * Layers.  A layer is a folder in the form of an overlay upper. It has the changed entries, the directories that lead
 * to them with b's metadata, whiteouts as character devices 0:0, and opaque directories, but no redirect, no metacopy
 * and no origin. So Mica's trees and the kernel can use it as an overlay lower at once. Immutable and append-only
 * entries have these flags themselves, because nothing else has that effect in a lower.
 */

/* If a reflink is refused, the call fails instead of copying the data. */
#define MICA_REFLINK_ONLY 1u
/* Overlay xattrs are written as user.overlay.*, and whiteouts as zero-size files with the whiteout xattr, for callers
 * that may not make devices. */
#define MICA_LAYER_USERXATTR 2u
/* The target's file system is flushed before the call returns. */
#define MICA_SYNC 4u
/* A file is copied once, as it is found, even if it changes meanwhile. Without this flag such a file is copied again,
 * and after three attempts the call fails with -EBUSY. */
#define MICA_COPY_UNSTABLE 8u
/* Owners and attributes that the caller may not set are left out, instead of failing with -EPERM. The entry then
 * belongs to the caller and has no setuid and setgid bits, as with cp -a. The flags immutable and append-only are left
 * out, too, so that such a copy can be changed. */
#define MICA_OWN 16u
/*
 * For mica_tar_write and mica_tar_read: the tar is not that of an image but an exact copy of the folder, which only
 * mica_tar_read with this flag can read. It has everything as it is stored, so nothing is translated and there are no
 * remarks: devices 0:0, overlay's attributes, sockets, names that begin with ".wh.", holes, flags, and all attributes.
 * The attributes in which overlayfs notes inodes of this machine are left out, because they mean nothing elsewhere
 * (overlay.origin, impure, upper, uuid, whiteouts). overlay.protattr, which has an effect only in an upper, becomes the
 * entry's own flags. So the layer that is read is the one that mica_protect_layer would make of the upper. The tar is
 * never compressed, and has no digest, because a manifest says more.
 */
#define MICA_LAYER_EXACT 32u

/*
 * Makes the folder dest, which must not exist, the layer that turns a into b. Bytes are reflinked if the file system
 * can do that, otherwise copied in the kernel, and otherwise with read and write. Holes are kept, and so are hard links
 * among the captured entries, and sockets (as nodes). On failure dest is removed again. If dest lies in one of the
 * folders that are walked, the call fails with -EINVAL and makes nothing. (A folder is not recognised through a bind
 * mount.) After a cancel the copying ends soon, but removing dest takes time in addition. If a is empty, dest is a
 * faithful copy of b as one folder.
 */
errint_t mica_capture(const struct mica_tree *a, const struct mica_tree *b, const char *dest, uint32_t flags,
		      struct mica_job *job, struct mica_error *err);

/*
 * Makes dest, which must not exist, a faithful copy of the single file from, with all that mica_capture keeps. from may
 * have any type except that of a directory (-EISDIR), and is not followed. On failure dest is removed again.
 * flags: MICA_REFLINK_ONLY, MICA_COPY_UNSTABLE and MICA_OWN.
 */
errint_t mica_copy(const char *from, const char *dest, uint32_t flags, struct mica_job *job, struct mica_error *err);

/*
 * Copies the bytes of the regular file from over those of the regular file to, which is made with mode 0600 if it does
 * not exist. Symbolic links are followed, also those of /proc. Holes of from are not copied, and to keeps its bytes
 * there: so it should be a new file, or one that reads as zeros. In the end to is as large as from. Attributes are not
 * copied. The copy is not atomic.
 */
errint_t mica_copy_data(const char *from, const char *to, struct mica_error *err);

/*
 * Applies a layer to the plain folder target, in place: afterwards target is equal to what an overlay of layer over
 * target showed before. MICA_TREE_USERXATTR is taken from layer->flags, and layer->count must be 1. Flags of the
 * entries are left out. -EPERM: an entry of target that must be changed is immutable or append-only. -EINVAL: target is
 * the layer or lies in it; nothing is changed. The call is not atomic: after a failure target is between the two
 * states, and *err says where.
 */
errint_t mica_apply(const struct mica_tree *layer, const char *target, uint32_t flags, struct mica_job *job,
		    struct mica_error *err);

/*
 * Prepares an overlay's upper, which must not be in use, for its use as a lower, so that it shows the same there:
 * overlay.protattr of an entry has an effect only in an upper, so the entry gets its own flags (FS_IOC_SETFLAGS).
 * -EPERM: the caller lacks CAP_LINUX_IMMUTABLE. -EOPNOTSUPP: the file system has no flags. The root is left out. flags:
 * MICA_LAYER_USERXATTR. *count gets the number of entries that have flags; count may be NULL. May be called again.
 */
errint_t mica_protect_layer(const char *layer, uint32_t flags, uint64_t *count, struct mica_job *job,
			    struct mica_error *err);

/*
 * Takes these flags away again, so that overlayfs can write to the layer when it is an upper again. overlay.protattr
 * still says which entries are protected. May be called again.
 */
errint_t mica_unprotect_layer(const char *layer, uint32_t flags, struct mica_job *job, struct mica_error *err);

/* Removes path and everything below it, with any names and at any depth. 0 also if it does not exist. -EBUSY: something
 * is mounted there or below; mounts are not entered. -EPERM: an entry is immutable or append-only. */
errint_t mica_remove(const char *path, struct mica_job *job, struct mica_error *err);

/* The same, but also removes entries that are immutable or append-only, if the caller may change that. It is for
 * folders that Mica has made itself. Other names of such a file stay, with its flags. */
errint_t mica_discard(const char *path, struct mica_job *job, struct mica_error *err);

/* Makes the directory path, or takes it if it exists and is empty, and gives it the mode, owner, times and xattrs of
 * model, except for overlay's own xattrs and those that the caller may not set (see MICA_OWN). All of that is on disk
 * when the call returns. */
errint_t mica_make_directory_like(const char *model, const char *path, struct mica_error *err);

/* Makes a fresh upper in the same way, for an overlay whose old upper has become layer. It also notes in the fresh
 * upper whether the overlay's root is immutable or append-only. flags: MICA_MOUNT_USERXATTR or 0. */
errint_t mica_make_upper(const char *layer, const char *upper, uint32_t flags, struct mica_error *err);

/* Sets the modification time of path, which may be before 1970. A symbolic link is not followed. -EOVERFLOW: the file
 * system cannot hold that time. */
errint_t mica_set_mtime(const char *path, int64_t seconds, uint32_t nanoseconds, struct mica_error *err);

/* Exchanges two entries of any type in one step: after a power cut that is done completely or not at all. Neither name
 * is followed. Both must exist in one mounted file system. -EBUSY: one of them is a mount point. */
errint_t mica_exchange(const char *a, const char *b, struct mica_error *err);

/* Sets (frozen 1) or clears (0) the immutable flag of the directory dir, which is not followed if it is a symbolic
 * link. While the flag is set, nobody can add, remove, rename or replace an entry of dir; the contents of its entries
 * can still be changed. Returns 0 also if the flag has that value already, or if it is to be cleared and the file
 * system has no such flag. -EOPNOTSUPP: the file system has no such flag. -EPERM: the caller lacks CAP_LINUX_IMMUTABLE.
 */
errint_t mica_freeze(const char *dir, uint32_t frozen, struct mica_error *err);

#endif
