/*
 * mount.h - what the files about mounts share, and what their tests need. Private to core/ and Mica's programs.
 */
#ifndef MICA_MOUNT_H
#define MICA_MOUNT_H

#include "base.h"

/* The path "/proc/self/fd/N" of a descriptor, for calls that only take a path. */
struct fd_path {
	char text[32];
};
struct fd_path mica_fd_path(int fd);

/* Convert MICA_MOUNT_RDONLY, NODEV, NOSUID and NOEXEC to MOUNT_ATTR_* and to MS_*. */
unsigned mica_mount_attributes(uint32_t flags);
unsigned long mica_mount_flags(uint32_t flags);

/* Opens target as a mount point, with O_PATH. Its last component may not be a symlink (-ELOOP), and must be a directory
 * if must_be_dir is set (-ENOTDIR). Returns a descriptor, which the caller must close, or -errno. */
int mica_open_target(const char *target, bool must_be_dir, struct mica_error *err);

/* Attaches a detached mount at target_fd, and makes it private. On failure nothing is mounted there. */
errint_t mica_attach(int mount_fd, int target_fd, const char *target, struct mica_error *err);

/*
 * Makes the overlay as a detached mount by the new mount API; overlay->target is only for errors. Returns its
 * descriptor, which the caller must close, or -errno. -ENOSYS: this kernel's overlay cannot be set up in this way; err
 * is then not changed.
 */
int mica_overlay_detached(const struct mica_overlay *overlay, struct mica_error *err);

/* A flag in addition to MICA_MOUNT_*, only for the core itself: overlayfs must refuse a layer that is the upper of
 * another overlay. */
#define MOUNT_EXCLUSIVE 0x100u

/* What the mount of the file that fd has open forbids, as MICA_MOUNT_NODEV | NOSUID | NOEXEC. */
uint32_t mica_forbidden(int fd);

/* Gets the id of the mount whose root is name in parent. -EINVAL: nothing is mounted there. */
errint_t mica_mounted_id(int parent, const char *name, uint32_t *id);

/* Makes the super block of the overlay mounted at target read-only or writable, for all mounts of it. -EBUSY: a file of
 * it is open for writing. */
errint_t mica_set_super(const char *target, bool writable, struct mica_error *err);

/*
 * These do what mica_in_use does, without first finding out whether this kernel and file system show it. Between
 * mica_trial_begin and mica_trial_end, mica_trial_marked may be called for any number of directories; it returns 1 if
 * the directory is in use, 0 if not, or -errno. The caller must call mica_trial_end, even if begin has failed. The
 * contents of the folder path stay there, and another trial may begin with them.
 */
struct mark_trial {
	int dir; /* -1: not open */
	char up[64], work[64], at[64];
};
#define TRIAL_NONE ((struct mark_trial){.dir = -1})
errint_t mica_trial_begin(struct mark_trial *t, const char *path, struct mica_error *err);
int mica_trial_marked(const struct mark_trial *t, const char *dir, struct mica_error *err);
void mica_trial_end(struct mark_trial *t);

/* Attaches a detached mount beneath the one at target, and makes it private. -EINVAL: the kernel cannot do it. */
errint_t mica_attach_beneath(int mount_fd, const char *target, struct mica_error *err);

/* Mounts the overlay at overlay->target by mount(2), and makes it private. Returns a descriptor of its root, which the
 * caller must close, or -errno. */
int mica_overlay_by_mount2(const struct mica_overlay *overlay, struct mica_error *err);

/* Makes the option string for mount(2), which the caller must free. -E2BIG: it does not fit into the one page that
 * mount(2) takes. */
errint_t mica_overlay_options(const struct mica_overlay *overlay, char **options, struct mica_error *err);

/* The two ways of mica_bind_mount. The first returns -ENOSYS, and does not change err, if the kernel lacks it. */
errint_t mica_bind_by_tree(const char *source, const char *target, uint32_t flags, struct mica_error *err);
errint_t mica_bind_by_mount2(const char *source, const char *target, uint32_t flags, struct mica_error *err);

/* The readers append what was logged to note, which is a string of at most room bytes. mica_open_kernel_log returns a
 * descriptor, which the caller must close, or -1 if the kernel's log may not be read. mica_read_kernel_log reads the
 * log's lines since then that begin with prefix. */
void mica_read_fs_log(int fs_fd, char *note, size_t room);
int mica_open_kernel_log(void);
void mica_read_kernel_log(int log_fd, const char *prefix, char *note, size_t room);

/* Gives the root of a new overlay, which is not attached yet, the flags that its upper has noted for it. */
errint_t mica_restore_root_flags(int mount_fd, const struct mica_overlay *overlay, struct mica_error *err);

/* Does what mica_probe does, but only for the MICA_CAN_* in wanted, because each trial takes time over a slow share. */
errint_t mica_probe_for(const char *dir, uint32_t wanted, uint32_t *can, struct mica_error *err);

/*
 * Packs the text of /proc/self/mountinfo as mica_mounts does. Returns the number of bytes used, or the number needed if
 * that is more than room (then buf is unspecified), or -errno. -EBADMSG: a line is not valid.
 */
int64_t mica_mountinfo_parse(const char *text, size_t len, void *buf, size_t room, struct mica_error *err);

#endif
