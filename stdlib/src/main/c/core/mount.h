/*
 * mount.h - what the files about mounts share, and what their tests reach. Private to core/.
 */
#ifndef MICA_MOUNT_H
#define MICA_MOUNT_H

#include "base.h"

/* "/proc/self/fd/N": a descriptor where only a path will do. */
struct fd_path {
	char text[32];
};
struct fd_path mica_fd_path(int fd);

/* MICA_MOUNT_RDONLY ... NOEXEC as MOUNT_ATTR_* and as MS_*. */
unsigned mica_mount_attributes(uint32_t flags);
unsigned long mica_mount_flags(uint32_t flags);

/* target as a mount point: O_PATH, its last component no symlink; a directory if must_be_dir. */
int mica_open_target(const char *target, bool must_be_dir, struct mica_error *err);

/* Puts a detached mount at target_fd, private; on failure nothing is mounted there. */
errint_t mica_attach(int mount_fd, int target_fd, const char *target, struct mica_error *err);

/*
 * The overlay as a detached mount (its descriptor), by the new mount API; overlay->target is not looked
 * at. -ENOSYS with err untouched where this kernel's overlay cannot be set up so.
 */
int mica_overlay_detached(const struct mica_overlay *overlay, struct mica_error *err);

/* Beside MICA_MOUNT_*: overlayfs is to refuse a layer that is another overlay's upper. Not for callers from outside. */
#define MOUNT_EXCLUSIVE 0x100u

/* What the mount that fd lies on forbids, as MICA_MOUNT_NODEV | NOSUID | NOEXEC. */
uint32_t mica_forbidden(int fd);

/* The id of the mount whose root name in parent is; -EINVAL if nothing is mounted there. */
errint_t mica_mounted_id(int parent, const char *name, uint32_t *id);

/* Has the overlay mounted at target refuse to be written (or be written again), whoever has a mount of it. -EBUSY: a
 * file of it is open for writing. */
errint_t mica_set_super(const char *target, bool writable, struct mica_error *err);

/*
 * mica_in_use without finding out first whether it tells: for who has seen it tell. Between begin, which may have
 * failed, and end as often as wanted, of any directories. What is in trial then stays there; another may begin with it.
 */
struct mark_trial {
	int dir; /* -1: not open */
	char up[64], work[64], at[64];
};
#define TRIAL_NONE ((struct mark_trial){.dir = -1})
errint_t mica_trial_begin(struct mark_trial *t, const char *path, struct mica_error *err);
int mica_trial_marked(const struct mark_trial *t, const char *dir, struct mica_error *err);
void mica_trial_end(struct mark_trial *t);

/* Puts a detached mount beneath the one at target, private: -EINVAL where the kernel cannot. */
errint_t mica_attach_beneath(int mount_fd, const char *target, struct mica_error *err);

/* The same by mount(2), at overlay->target, private. The descriptor is the mount's root. */
int mica_overlay_by_mount2(const struct mica_overlay *overlay, struct mica_error *err);

/* The option string for mount(2), to be freed; -E2BIG where it does not fit the one page that mount(2) takes. */
errint_t mica_overlay_options(const struct mica_overlay *overlay, char **options, struct mica_error *err);

/* mica_bind_mount's two ways; the first gives -ENOSYS with err untouched where the kernel lacks it. */
errint_t mica_bind_by_tree(const char *source, const char *target, uint32_t flags, struct mica_error *err);
errint_t mica_bind_by_mount2(const char *source, const char *target, uint32_t flags, struct mica_error *err);

/* Append what was logged to note (a string); the kernel's log from where it stood at mica_open_kernel_log,
 * which gives -1 where it may not be read. */
void mica_read_fs_log(int fs_fd, char *note, size_t room);
int mica_open_kernel_log(void);
void mica_read_kernel_log(int log_fd, const char *prefix, char *note, size_t room);

/* Before anybody sees it: gives the root of a new overlay, mounted nowhere yet, the flags that the upper keeps of it.
 */
errint_t mica_restore_root_flags(int mount_fd, const struct mica_overlay *overlay, struct mica_error *err);

/* mica_probe for the MICA_CAN_* in wanted only: over a slow share each costs. */
errint_t mica_probe_for(const char *dir, uint32_t wanted, uint32_t *can, struct mica_error *err);

/*
 * The text of /proc/self/mountinfo as mica_mounts packs it. Returns the bytes used, or the bytes needed if
 * that is more than room (then buf is unspecified), or -EBADMSG for a line that is none.
 */
int64_t mica_mountinfo_parse(const char *text, size_t len, void *buf, size_t room, struct mica_error *err);

#endif
