/* mica-mount.h - the part of mica.h on mounts, and what a file system can do. */
#ifndef MICA_PART_MOUNT_H
#define MICA_PART_MOUNT_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * Mounts.  They use the new mount API (fsopen, fsconfig, fsmount, move_mount), or mount(2) if the kernel lacks
 * it. Every mount gets private propagation. A failed mount leaves nothing behind, and note has the kernel's own message
 * if there is one. An overlay is nosuid, nodev or noexec if the mount of any of its layers is, so that a union does not
 * allow what the mount of a folder forbids. An overlay's root is immutable or append-only if the root of its upper was
 * made so in an earlier overlay (only on kernels that have fsopen and take layers one by one).
 */
#define MICA_MOUNT_RDONLY 0x01u
#define MICA_MOUNT_NODEV 0x02u
#define MICA_MOUNT_NOSUID 0x04u
#define MICA_MOUNT_NOEXEC 0x08u
#define MICA_MOUNT_USERXATTR 0x10u /* overlay keeps its xattrs in user.overlay.* */
#define MICA_MOUNT_VOLATILE 0x20u  /* overlay never syncs; only for unions that are thrown away */
#define MICA_MOUNT_REDIRECT 0x40u  /* redirect_dir=on; off unless given, whatever the kernel's default is */
#define MICA_MOUNT_METACOPY 0x80u  /* metacopy=on; off unless given, whatever the kernel's default is */

/* The most lowers that can be stacked, which is the kernel's own limit (OVL_MAX_STACK). */
#define MICA_MOST_LOWERS 500

struct mica_overlay {
	const char *const *lowers; /* topmost first; at most MICA_MOST_LOWERS */
	uint32_t lower_count;
	uint32_t flags;	    /* MICA_MOUNT_* */
	const char *upper;  /* NULL: read-only union of at least two lowers */
	const char *work;   /* an empty directory on upper's file system; NULL with upper */
	const char *target; /* a directory */
	const char *source; /* the name shown in the first column of mount(8) */
};
errint_t mica_overlay_mount(const struct mica_overlay *overlay, struct mica_error *err);

/*
 * Mounts the overlay at no path: no list of mounts has it, and only this process reaches it. Returns a descriptor of
 * its root, for mica_below_open for example, and fills in its identity; target is only for messages. When the caller
 * closes the descriptor (mica_close_directory), the mount goes, too; its files that are open can still be read.
 * -EOPNOTSUPP: this kernel cannot do it (it needs fsopen, and an overlay that takes layers one by one, Linux 6.8).
 */
int mica_overlay_open(const struct mica_overlay *overlay, struct mica_identity *is, struct mica_error *err);

/* Bind-mounts source at target, without the mounts below it. flags: MICA_MOUNT_RDONLY, NODEV, NOSUID and NOEXEC. */
errint_t mica_bind_mount(const char *source, const char *target, uint32_t flags, struct mica_error *err);

/*
 * Unmounts the mount with that id (from mica_mounts; 0: any) at target, whose last component is not followed if it is a
 * symlink. -ESTALE: another mount is there by now, and stays. -EINVAL: nothing is mounted there. -EBUSY: the mount is
 * in use, and MICA_UMOUNT_DETACH was not given.
 */
#define MICA_UMOUNT_DETACH 1u
errint_t mica_umount(const char *target, uint32_t id, uint32_t flags, struct mica_error *err);

/*
 * Rotation: the upper of a mounted overlay becomes a layer to which nobody writes any more, and the overlay goes on
 * over it with a fresh upper. At no moment does target show what lies below the mounts: it shows the old union, and
 * then the new one. In between, for some milliseconds, writing to both fails (EROFS).
 *
 * The union is rotated only if the super block that wrote to the layer is gone. So another mount of it prevents the
 * rotation: one in another mount namespace, a bind mount, or one that was detached or lazily unmounted. Entries that
 * were immutable or append-only in the union then have their own flags, as mica_protect_layer gives them.
 *
 * Returns 0 if the union is rotated: layer is the old upper, upper is a new directory like it, and work belongs to the
 * mount. Returns MICA_HELD if it is not, and everything is as it was: something uses the union or writes to it, or this
 * kernel cannot do it (it needs move_mount beneath, Linux 6.5, and overlayfs's in-use marks). But a mount outside of
 * target that was noticed only late can no longer be written to. Returns -errno if the union is not rotated because
 * something failed; *err says what is not as it was, if anything.
 */
#define MICA_HELD 1
struct mica_rotation {
	const char *const *lowers; /* the lowers that it has now, topmost first; at most 499 */
	uint32_t lower_count;
	uint32_t id;	    /* of the mount at target */
	const char *target; /* where it is mounted; the last component is the mount point's own name */
	const char *upper;  /* its upper, which upper_fd has open; -ESTALE: another directory is at that path */
	const char *layer;  /* the new path of the old upper; it must not exist, and is on upper's file system */
	const char *work;   /* an empty directory on that file system, not the current work directory */
	const char *trial;  /* an empty directory there that nobody else can enter; the caller empties it afterwards */
	const char *source; /* as in mica_overlay */
	int32_t upper_fd;
	uint32_t flags; /* as in mica_overlay, and MICA_ROTATE_DRAIN */
};
/* For at most 10 ms, programs that open a file by the path to write to it get EROFS, until the earlier writers have
 * closed their files. This is for a union to which some program always writes, but none for long. */
#define MICA_ROTATE_DRAIN 0x1000u
int mica_rotate(const struct mica_rotation *rotation, struct mica_error *err);

/*
 * Ends a rotation whose process was killed at any step, if the union is still mounted. id and upper_fd are ignored, and
 * layer is a real path. Returns 0 if the union is rotated, and MICA_HELD if it is not and everything is as it was. This
 * may be killed itself, and called again. -EINVAL: the union is not mounted at target.
 */
int mica_rotate_recover(const struct mica_rotation *rotation, struct mica_error *err);

/*
 * Returns 1 if an overlay that is mounted, or kept in any other way, has the directory dir as its upper, and 0 if none
 * has. That is found out by trying whether overlayfs refuses dir. trial is an empty directory on the same file system
 * that nobody else can enter; it is emptied again. -EOPNOTSUPP: this kernel or file system does not show it.
 */
int mica_in_use(const char *dir, const char *trial, struct mica_error *err);

/* Makes the overlay that is mounted at target writable again, both its mount and its super block. 0 also if it is
 * writable already. */
errint_t mica_make_writable(const char *target, struct mica_error *err);

/*
 * Fills buf with the mounts of this process's namespace, as packed records like mica_change. text has these strings in
 * this order, unescaped and each with a NUL: target, source, type, options of the super block, and root, which is the
 * path of the mounted folder from the root of its file system.
 * Returns the number of bytes used, or the number needed if that is more than len (then buf is unspecified), or -errno.
 */
struct mica_mount {
	uint32_t record_len; /* multiple of 8 */
	uint32_t id;
	uint32_t parent;
	uint32_t target_len, source_len, type_len, options_len, root_len;
	uint32_t flags;		       /* MICA_MOUNT_RDONLY | NODEV | NOSUID | NOEXEC, of the mount itself */
	uint32_t dev_major, dev_minor; /* the file system's number */
	uint8_t text[];
};
int64_t mica_mounts(void *buf, size_t len, struct mica_error *err);

/*
 * Finds out what the folder dir can do. It tries that in a scratch directory that is made and removed inside dir, and
 * never checks versions. A bit of *can is set if the trial worked. A scratch directory that a killed probe has left
 * there is removed first.
 */
#define MICA_CAN_TRUSTED_XATTR 0x001u
#define MICA_CAN_USER_XATTR 0x002u
#define MICA_CAN_WHITEOUT 0x004u /* mknod of a 0:0 device */
#define MICA_CAN_RENAME_WHITEOUT 0x008u
#define MICA_CAN_TMPFILE 0x010u
#define MICA_CAN_REFLINK 0x020u
#define MICA_CAN_HARDLINK 0x040u
#define MICA_CAN_NANOSECONDS 0x080u
#define MICA_CAN_CASE 0x100u	     /* names that only differ in case are two names */
#define MICA_CAN_OVERLAY 0x200u	     /* an overlay with its upper here can be mounted, and copies up and whites out */
#define MICA_CAN_OVERLAY_USER 0x400u /* the same with userxattr */
#define MICA_CAN_ACL 0x800u
errint_t mica_probe(const char *dir, uint32_t *can, struct mica_error *err);

/*
 * Makes a directory with a random name in dir that nobody else can enter and that only has a file "mica", opens it
 * (O_RDONLY) and fills in its identity. Returns a descriptor, or -errno. The caller must close it
 * (mica_close_directory) and remove the directory. If the caller is killed, a later probe or scratch directory in dir
 * removes it with its contents, and first unmounts what is mounted at "at" in it.
 */
int mica_open_scratch(const char *dir, struct mica_identity *is, struct mica_error *err);

/* Removes from dir such directories, and those of mica_probe, that processes of this user left when they were killed.
 * Those that cannot be removed stay. 0 also if dir does not exist. */
errint_t mica_clean_scratch(const char *dir, struct mica_error *err);

#endif
