/*
 * mica.h - the C core of Mica: trees, diffs, layers, manifests and mounts.
 *
 * This page is the whole public interface and its contract. Functions take paths and return bytes. No
 * function keeps global state, except that mica_tsc_khz uses a clock value that was read when the library
 * was loaded. Every function may be called from any thread, and two calls never disturb each other
 * unless they write to the same folder.
 *
 * Errors.  A function returns errint_t: 0, or -errno. Global errno means nothing after a call. After
 * a failure *err says which step failed, at which path, and, if the number alone would not help
 * a person, why. err may be NULL.
 *
 * Names.  Paths and names are bytes, never decoded: any byte but '/' and NUL. A folder handed in by
 * its path is opened once; from there on everything goes through directory descriptors, so no
 * symbolic link inside a tree is ever followed and paths longer than PATH_MAX work.
 */
#ifndef MICA_H
#define MICA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library hides everything else. */
#pragma GCC visibility push(default)

/* Raised whenever a name, a layout or a meaning on this page changes; the caller checks it once. */
#define MICA_ABI 10
uint32_t mica_abi(void);

/* 0, or a negative errno value. */
typedef int errint_t;

struct mica_error {
	int32_t code;	   /* what was returned: -errno, or 0 if nothing failed */
	uint32_t path_len; /* bytes used in path */
	char step[32];	   /* what was being done, a word: "open", "compare", "fsconfig" */
	char path[4096];   /* to what: bytes; relative to the current folder if that is known. A
			      longer one keeps its end and starts with "..." */
	char note[512];	   /* why, for people, UTF-8; "" if strerror(-code) is enough */
};

/*
 * A running call, seen from another thread. Zeroed by the caller, shared by address. The core reads
 * cancel and threads and adds to the counters; a cancelled call returns -ECANCELED soon (within
 * 100 ms of storage that answers) and leaves nothing half-visible: see each function. job may be NULL.
 */
struct mica_job {
	uint32_t cancel;  /* in: set to non-zero to stop the call */
	uint32_t threads; /* in: 0 = as many as are useful (the online processors, at most 8) */
	uint64_t entries; /* out: names looked at or made so far */
	uint64_t bytes;	  /* out: bytes of content compared, copied or hashed so far */
	/* out, of mica_capture: the number of files and directories with flags that the layer lacks, and these flags,
	 * as in FS_IOC_GETFLAGS */
	uint64_t unkept;
	uint32_t unkept_flags;
	uint32_t reserved;
};

/*
 * A tree to look at: one plain folder, or a stack of layers as overlayfs would merge it.
 *
 * MICA_TREE_PLAIN    layers[0] (count is 1) as it lies there. Mount points below it are entered.
 * MICA_TREE_OVERLAY  layers[0] is the topmost. Whiteouts (character device 0:0; zero-size file with
 *     the whiteout xattr in a directory marked opaque=x), opaque directories, redirect and metacopy are
 *     obeyed in every layer; overlay's own xattrs are hidden and escaped ones
 *     (trusted.overlay.overlay.*) shown unescaped. Only the namespace of the mount counts: trusted.overlay.*, or
 *     user.overlay.* with MICA_TREE_USERXATTR; the other is user data. If overlayfs could mean something that
 *     we do not know, that is -EOPNOTSUPP with a note, never a guess: an unknown overlay xattr, an
 *     inode shared through index=on, a mount point inside a layer.
 *
 * MICA_TREE_LAYER    layers[0] (count is 1) as the plain folder that an exact copy of it would be: MICA_LAYER_EXACT
 *     below says what a copy leaves out. What cannot be copied exactly is -EOPNOTSUPP.
 *
 * An empty tree is MICA_TREE_PLAIN with count 0.
 */
enum mica_tree_kind { MICA_TREE_PLAIN = 0, MICA_TREE_OVERLAY = 1, MICA_TREE_LAYER = 2 };
#define MICA_TREE_USERXATTR 1u

struct mica_tree {
	const char *const *layers; /* paths, topmost first; borrowed during the call only */
	uint32_t count;
	uint32_t kind;	/* enum mica_tree_kind */
	uint32_t flags; /* MICA_TREE_* */
	uint32_t reserved;
};

/*
 * Diff: what turns tree a into tree b, in order, as a stream.
 *
 * Order     Depth first, names by their bytes, a directory before what is in it, its contents
 *           before its next sibling (so '/' sorts lowest). The root is the path ".".
 * added     A line for the entry, and one for every entry below it.
 * deleted   One line; what was below is implied.
 * modified  what says how: MICA_TYPE stands alone (file to directory, symlink to file, ...): if the
 *           old one was a directory its contents are implied, if the new one is its contents follow
 *           as added. Otherwise any of:
 *             CONTENT  a file's bytes, a symlink's target, a device's number
 *             MODE     the permission bits with setuid, setgid, sticky
 *             OWNER    uid or gid
 *             TIMES    the modification time, nanoseconds. For a directory only if no name in it
 *                      came or went, because otherwise that is the reason
 *             XATTR    any extended attribute that the caller may read, ACLs and capabilities
 *                      among them, overlay's own excepted
 *             LINK     the entry is in no other way changed, but the set of unchanged files it is
 *                      hard-linked with is. Reported at the later path of a group in plain trees,
 *                      at the path that was copied up in an overlay
 *             FLAGS    whether it is immutable or append-only (chattr +i, +a); not for the root, whose flags
 *                      belong to the place where the tree lies
 * no line   A directory that was only copied up; a file that was only copied up, or rewritten with
 *           the same bytes and metadata; access and change times, block allocation, holes; and the other flags
 *           of chattr(1), which say how a file system stores an inode.
 *
 * Equality of files.  Same inode on both sides (or the same data inode behind a metacopy): equal
 * content. Sizes differ: different. Same size and same mtime with non-zero nanoseconds: equal, unless
 * MICA_DIFF_EXACT. Otherwise the bytes are compared, up to the first difference; extents that both files share
 * and holes that both have are not read.
 *
 * Overlay stacks.  If b is a stack that ends with exactly the stack a, only b's extra layers are
 * walked: the upper is the list of changes. The lines are the same in any case. Such a
 * diff is always exact, and so is any in which a or b is an overlay.
 *
 * Memory    is bounded by the widest directory and the hard links in flight, not by the trees.
 *           Depth is unbounded.
 * Live trees  An entry that vanishes while it is looked at counts as absent. A directory that is moved
 *           away under the walk is -ESTALE.
 */
enum mica_kind { MICA_ADDED = 1, MICA_MODIFIED = 2, MICA_DELETED = 3 };
#define MICA_CONTENT 0x01u
#define MICA_MODE 0x02u
#define MICA_OWNER 0x04u
#define MICA_TIMES 0x08u
#define MICA_XATTR 0x10u
#define MICA_TYPE 0x20u
#define MICA_LINK 0x40u
#define MICA_FLAGS 0x80u

#define MICA_DIFF_EXACT 1u

/* One change as mica_diff_read packs it; the next one starts at record_len, a multiple of 8. */
struct mica_change {
	uint32_t record_len;
	uint32_t path_len;
	uint32_t what;	/* MICA_CONTENT | ...; 0 unless modified */
	uint8_t kind;	/* enum mica_kind */
	uint8_t type_a; /* 'f' 'd' 'l' 'p' 's' 'b' 'c', or 0: absent */
	uint8_t type_b; /* likewise */
	uint8_t reserved;
	uint64_t size_a; /* bytes; 0 unless a regular file or symlink */
	uint64_t size_b;
	uint32_t mode_a; /* permission bits with setuid, setgid, sticky; 0 where absent */
	uint32_t mode_b;
	int64_t mtime_a; /* modification time, seconds since 1970; 0 where absent */
	int64_t mtime_b;
	uint32_t mtime_nsec_a;
	uint32_t mtime_nsec_b;
	uint8_t path[]; /* path_len bytes, no NUL */
};

struct mica_diff;

/* Opens both trees and starts looking. job, if any, must outlive the diff; a and b need not. */
errint_t mica_diff_open(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b, uint32_t flags,
			struct mica_job *job, struct mica_error *err);

/*
 * Fills buf (8-byte aligned) with whole records. Returns the bytes used, 0 at the end, -errno on failure; -EMSGSIZE
 * when not even one record fits (nothing is lost: call again with more, a record is at most the path plus 80 bytes).
 * After a failure every further call returns it again.
 */
int64_t mica_diff_read(struct mica_diff *diff, void *buf, size_t len, struct mica_error *err);

/* Stops whatever still runs and frees everything. NULL is fine. */
void mica_diff_close(struct mica_diff *diff);

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
 * Layers as tar, in the form of OCI images (image-spec, layer.md).
 *
 * What they hold  Files, directories, symbolic links, fifos, devices, hard links among them; mode, owner, modification
 *     time in nanoseconds, extended attributes as SCHILY.xattr.*, ACLs and capabilities among them, overlay's own
 *     left out and escaped ones unescaped; what was deleted as ".wh.NAME", opaque directories by ".wh..wh..opq".
 *     There is a remark, with the name, on what a tar cannot hold and on what a reader has added itself.
 *
 * The same layer gives the same bytes on every machine. The order is depth first, with names by their bytes. The root
 *     "./" comes first, and in a directory its opaque marker, then its whiteouts, then everything else; the first path
 *     of a hard-linked file is the file. There is a pax header only if the old fields are not enough (nearly always,
 *     for the nanoseconds), with its records in a fixed order. There is no user's name, no time of day, no number of an
 *     inode or of its device. The compressed bytes also depend on the version of zlib or libzstd, but not on the number
 *     of threads.
 */
#define MICA_TAR_PLAIN 0u
#define MICA_TAR_GZIP 1u /* level 6; in pieces that are compressed at the same time, which any gunzip can read */
#define MICA_TAR_ZSTD 2u /* level 3, one frame */

struct mica_tar {
	uint8_t diff_id[32];  /* SHA-256 of the tar, uncompressed: what an image's config lists */
	uint8_t digest[32];   /* SHA-256 of the bytes as they are written or were read: what its manifest lists */
	uint64_t bytes;	      /* of the tar */
	uint64_t packed;      /* as written or read */
	uint64_t entries;     /* in the tar, whiteouts and hard links among them */
	uint32_t compression; /* MICA_TAR_* */
	uint32_t reserved;
};

/* Written, but not all of it: */
#define MICA_REMARK_SOCKET 1u /* a socket: left out */
#define MICA_REMARK_NAME 2u   /* a name that begins with ".wh.": left out, with all below it */
#define MICA_REMARK_HOLES 3u  /* a file with holes: they are written as zeros */
#define MICA_REMARK_FLAGS 4u  /* immutable or append-only (detail: "i", "a", "ai"): the flags are left out */
#define MICA_REMARK_XATTR                                                                                              \
	5u		     /* an attribute (detail: its name): a name with "=" in it is left out in writing; read,   \
				it is what the file system or the caller's rights do not let be given */
#define MICA_REMARK_EMPTY 6u /* an attribute (detail: its name) without a value: written, but many readers drop it */
/* Read, but: */
#define MICA_REMARK_PARENT 7u /* a directory that has no entry of its own: made 0755, 0:0, of time 0 */
#define MICA_REMARK_ROOT 8u   /* the root is opaque, which no overlay obeys: leave out what is below the layer */
#define MICA_REMARK_DEVICE 9u /* a device that the caller may not make (MICA_OWN): left out */
#define MICA_REMARK_AUFS 10u  /* ".wh..wh.*", AUFS's own: left out, with all below it */
#define MICA_REMARK_KEY 11u   /* a pax record (detail: its key) that Mica does not support: left out */

/* One remark; the next one starts at record_len, a multiple of 8. text: the path, a NUL, the detail, a NUL. */
struct mica_remark {
	uint32_t record_len;
	uint32_t what; /* MICA_REMARK_* */
	uint32_t path_len;
	uint32_t detail_len;
	uint8_t text[];
};

/* Zeroed by the caller. mica_remarks_free frees what a call put into it, also after a failure. */
struct mica_remarks {
	uint8_t *records;
	uint64_t len; /* bytes of records */
	uint64_t count;
	uint64_t room;
};
void mica_remarks_free(struct mica_remarks *remarks);

/*
 * Writes the layer, a folder that nobody changes meanwhile, as a tar to the new file to, mode 0644, which is removed
 * again on failure; or, if to is NULL, to the descriptor fd. flags: MICA_LAYER_USERXATTR (the form of the layer)
 * and MICA_SYNC (the file is on disk). A layer that refers to what is below it (redirect, metacopy, index), or has an
 * unknown overlay attribute, or a mount point, is -EOPNOTSUPP. remarks may be NULL.
 */
errint_t mica_tar_write(const char *layer, const char *to, int fd, uint32_t compression, uint32_t flags,
			struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
			struct mica_error *err);

/*
 * The same for a single entry of the folder dir, which is not a layer: name is a file, or a directory with all below
 * it, and has that name in the tar. Names that begin with ".wh." have no special meaning. A directory on which
 * something is mounted is -EOPNOTSUPP; a mounted file is written.
 */
errint_t mica_tar_write_entry(const char *dir, const char *name, const char *to, int fd, struct mica_tar *tar,
			      struct mica_remarks *remarks, struct mica_job *job, struct mica_error *err);

/* It is not a layer: names that begin with ".wh." have no special meaning, and nothing is deleted or opaque. */
#define MICA_TAR_NAMES 64u

/* The limits for what is read; 0: no limit. */
struct mica_tar_limits {
	uint64_t bytes;	  /* of the tar, uncompressed, and of one file */
	uint64_t entries; /* directories that have none of their own count too */
	uint32_t path;	  /* bytes of a path, or of the target of a link */
	uint32_t depth;	  /* names of a path */
};

/*
 * Makes the folder dest (which must not exist) the layer that is in the tar in the file from. If from is NULL, the tar
 * is read from the descriptor fd, from its current offset to its end. It is plain, or compressed by gzip or zstd, in
 * any number of members. On failure dest is removed again. flags: MICA_LAYER_USERXATTR, MICA_SYNC, MICA_OWN and
 * MICA_TAR_NAMES. If a tar of mica_tar_write is read, the layer is the same, except what the remarks say.
 *
 * The tar is not trusted. Nothing outside of dest is reached: no symbolic link is ever followed, and an absolute name
 * is taken from the root (as all common readers do). Refused (-EBADMSG, note says why) are: a name with ".."; an entry
 * below something that is not a directory; a hard link to something that is not in this tar before it, to a directory
 * or to what was deleted; ".wh." without a name after it, or with "." or ".."; a device 0:0; a tar that is cut off, or
 * followed by anything but zeros. If several entries have one name, the last counts, of whatever type. A directory that
 * is both deleted and present is opaque; anything else that is both is present. Old tars, GNU's long names and sparse
 * files, and pax are understood. A global pax header counts for owner and time; there are remarks on its other values.
 * Memory grows with the directories and deleted names, not with the files.
 *
 * With MICA_LAYER_EXACT these are refused, too (-EBADMSG): a name that comes twice; an entry in a directory that has
 * not come before it; an attribute of overlay's own other than opaque, whiteout and escaped ones (redirect and metacopy
 * lead out of the layer); compression; and what the writer leaves out. An attribute that cannot be given is a failure.
 */
errint_t mica_tar_read(const char *from, int fd, const char *dest, const struct mica_tar_limits *limits, uint32_t flags,
		       struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
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

/*
 * The identity of a directory, which does not depend on its path and name. Within one boot, a directory is the same one
 * exactly if all fields are equal; after a reboot some file systems have another dev.
 */
struct mica_identity {
	uint64_t dev; /* as makedev */
	uint64_t ino;
	int64_t born; /* seconds since 1970; 0 if the file system does not know it */
	uint32_t born_nsec;
	uint32_t type;	      /* of the file system: statfs's f_type */
	uint32_t uid;	      /* the owner; not part of the identity */
	uint32_t mode;	      /* with the file type; not part of the identity */
	uint32_t handle_type; /* name_to_handle_at's, which has the inode's generation */
	uint32_t handle_len;  /* 0: the file system has no handles */
	uint8_t handle[128];
};

/*
 * Opens the directory path (O_PATH), without following a symlink as its last component, and fills in its identity.
 * Links of /proc are not followed (-ELOOP), but path may begin with "/proc/self/fd/N/". Returns a descriptor that the
 * caller must close. What is done through "/proc/self/fd/N" from then on is done to that directory, whatever happens to
 * path.
 */
int mica_open_directory(const char *path, struct mica_identity *is, struct mica_error *err);

/* Closes a descriptor of mica_open_directory or mica_below_open. */
void mica_close_directory(int fd);

/*
 * Files below a directory that is open, by a path of one name or several: for somebody who may use that directory and
 * nothing else. dir is a descriptor, of mica_open_directory for example, and is borrowed; path is relative.
 *
 * Nothing leads out of dir, whoever changes what at the same time. A symlink on the way is followed if it stays inside.
 * One that leads out is -EXDEV, with the step "follow": it has ".." too often, or is absolute, wherever it leads. Links
 * of /proc are not followed (-ELOOP). Mount points are entered. The last name is followed only by mica_below_open, and
 * not even there if MICA_OPEN_NOFOLLOW is given. The other functions change the directory that it lies in, as that was
 * found below dir; for them it may not be "." or ".." (-EINVAL).
 */
#define MICA_OPEN_READ 0x01u
#define MICA_OPEN_WRITE 0x02u
#define MICA_OPEN_APPEND 0x04u	  /* each write goes to the end, wherever it was meant to go */
#define MICA_OPEN_CREATE 0x08u	  /* a file that is not there is made, with mode (and the process's umask) */
#define MICA_OPEN_EXCLUSIVE 0x10u /* with CREATE: one that is there, as a symlink too, is -EEXIST */
#define MICA_OPEN_TRUNCATE 0x20u
#define MICA_OPEN_NOFOLLOW 0x40u /* with ENTRY: a symlink as the last name is opened itself */
#define MICA_OPEN_ENTRY 0x80u	 /* anything, for what does not need its bytes (O_PATH) */
#define MICA_OPEN_LIST 0x100u	 /* a directory, for mica_file_list */
/* A file with a set-user-ID or set-group-ID bit is not opened for writing: -EPERM. Its bit would outlive the change. */
#define MICA_OPEN_NO_SET_ID 0x200u

/*
 * Opens what path names, and returns a descriptor, which the caller must close. Without ENTRY and LIST it must be a
 * regular file: a device, fifo or socket is -EINVAL and is not touched at all, a directory -EISDIR. A symlink that
 * leads to nothing is not created through: -EEXIST.
 */
int mica_below_open(int dir, const char *path, uint32_t how, uint32_t mode, struct mica_error *err);

/* Makes a directory, with mode (and the process's umask). */
errint_t mica_below_make_directory(int dir, const char *path, uint32_t mode, struct mica_error *err);

/* Makes a symlink. Its text may be anything, since nobody here follows it out. */
errint_t mica_below_make_link(int dir, const char *path, const char *text, struct mica_error *err);

/* Makes path in dir another name of from_path in from_dir. */
errint_t mica_below_link(int from_dir, const char *from_path, int dir, const char *path, struct mica_error *err);

/* Renames; what has the new name already is replaced only if replace is not 0, else it is -EEXIST. */
errint_t mica_below_rename(int from_dir, const char *from_path, int dir, const char *path, uint32_t replace,
			   struct mica_error *err);

/* Removes one name: an empty directory if directory is not 0, else anything but a directory. */
errint_t mica_below_remove(int dir, const char *path, uint32_t directory, struct mica_error *err);

/* What a file is. */
struct mica_stat {
	uint64_t size;
	int64_t atime, mtime; /* seconds since 1970 */
	uint32_t mode;	      /* with the file type */
	uint32_t uid, gid;
	uint32_t nlink;
};

/* What is to be changed: */
#define MICA_SET_SIZE 1u /* of a regular file */
#define MICA_SET_OWNER 2u
#define MICA_SET_MODE 4u /* not of a symlink */
#define MICA_SET_TIMES 8u
/* Bits that set a user or group ID: they may not be given to a file, and a file that has them not be resized (-EPERM).
 */
#define MICA_SET_NO_SET_ID 16u
struct mica_set {
	uint64_t size;
	int64_t atime, mtime;
	uint32_t what; /* MICA_SET_* */
	uint32_t uid, gid, mode;
};

/* The space of a file system, in blocks of block bytes, and its names; as statvfs. */
struct mica_space {
	uint64_t block, blocks, free, available;
	uint64_t files, files_free;
	uint64_t id;
	uint64_t flags;
	uint64_t name_max;
};

/*
 * What can be done with a descriptor of mica_below_open, however it was opened. *err names no path. _set
 * changes one thing after the other, in the order of the bits, and stops at the first that fails.
 */
errint_t mica_file_stat(int fd, struct mica_stat *is, struct mica_error *err);
errint_t mica_file_set(int fd, const struct mica_set *set, struct mica_error *err);
errint_t mica_file_space(int fd, struct mica_space *space, struct mica_error *err);
/* The text of a symlink; returns its length, at most len, without a NUL. */
int64_t mica_file_link(int fd, char *text, size_t len, struct mica_error *err);

/* Returns the bytes read: 0 at the end of the file, otherwise less than len only there. */
int64_t mica_file_read(int fd, void *bytes, size_t len, uint64_t at, struct mica_error *err);
/* Writes all. */
errint_t mica_file_write(int fd, const void *bytes, size_t len, uint64_t at, struct mica_error *err);
errint_t mica_file_sync(int fd, struct mica_error *err);
/* Copies at most len bytes from one file to another, in the kernel if it can. Returns the bytes copied, 0 at the end.
 */
int64_t mica_file_copy(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t len, struct mica_error *err);

/*
 * The next names of a directory that is open with LIST, without "." and "..", as packed records: returns the bytes used
 * of buf (8-byte aligned, at least MICA_LIST_ROOM), 0 at the end. What vanishes meanwhile is left out.
 */
#define MICA_LIST_ROOM 65536u
struct mica_name {
	struct mica_stat is; /* of a symlink itself */
	uint32_t record_len; /* multiple of 8 */
	uint32_t name_len;
	uint8_t name[]; /* name_len bytes, no NUL */
};
int64_t mica_file_list(int fd, void *buf, size_t len, struct mica_error *err);

/* Flushes the directory dir itself (fsync): after a power cut, what was made, renamed or removed in it is still so. */
errint_t mica_sync_directory(const char *dir, struct mica_error *err);

/* Flushes the file system that path lies on (syncfs). */
errint_t mica_sync(const char *path, struct mica_error *err);

/*
 * Manifest: one SHA-256 over a whole tree, content and metadata: per entry its path, type, mode, uid,
 * gid, size, mtime (nanoseconds), device number, symlink target, xattrs, content digest and hard-link group. Not:
 * access and change time, holes, inode numbers, st_dev, directory sizes. Two trees have the same
 * digest exactly if an exact diff of them has no line and their directories' times agree too. The encoding is in
 * core/manifest-encode.h and versioned: it is the digest of a commit and must not drift.
 * Holes are not read: a file costs what it stores, not its size.
 */
#define MICA_MANIFEST_VERSION 2
struct mica_totals {
	uint64_t entries; /* root included */
	uint64_t bytes;	  /* of regular files, each hard-linked one once */
};
errint_t mica_manifest(const struct mica_tree *tree, uint8_t digest[32], struct mica_totals *totals,
		       struct mica_job *job, struct mica_error *err);

/*
 * Check: the same over the same facts, by a function that is many times as fast (XXH64). Unless somebody has made trees
 * in order to deceive it, two trees have the same check exactly if they have the same manifest. It is for comparing at
 * once, and must not be kept, because another version of Mica may compute another one.
 */
#define MICA_CHECK 8
errint_t mica_check(const struct mica_tree *tree, uint8_t check[MICA_CHECK], struct mica_totals *totals,
		    struct mica_job *job, struct mica_error *err);

/*
 * Makes the folder dest (which must not exist) the layer that a guest sends as the exact tar of a session of the stream
 * protocol (docs/stream-protocol.md). It connects to the unix socket at path socket, of any length, at which the
 * process peer must listen; token is that of the session. At its end the guest says the layer's check. Without it, or
 * if dest has another one, there is no dest: -EBADMSG. A guest that fails says why (-EREMOTEIO), one that goes away is
 * -EPIPE, and one that does not begin within 60 s is -ETIMEDOUT. flags: MICA_SYNC. Hostile input is limited as for
 * mica_tar_read. totals are those of dest.
 */
errint_t mica_receive_layer(const char *socket, int32_t peer, const uint8_t token[16], const char *dest,
			    const struct mica_tar_limits *limits, uint32_t flags, struct mica_totals *totals,
			    struct mica_job *job, struct mica_error *err);

/*
 * Mounts.  They use the new mount API (fsopen, fsconfig, fsmount, move_mount), or mount(2) if the kernel lacks
 * it. What is mounted has private propagation. A failed mount leaves nothing behind; note contains the
 * kernel's own message if there is one. An overlay is nosuid, nodev and noexec if the mount of any of its layers is:
 * a union does not allow what the mount of a folder forbids. An overlay's root is immutable or append-only if
 * the root of its upper was made so in an earlier overlay (on kernels that have fsopen, and take layers one by one).
 */
#define MICA_MOUNT_RDONLY 0x01u
#define MICA_MOUNT_NODEV 0x02u
#define MICA_MOUNT_NOSUID 0x04u
#define MICA_MOUNT_NOEXEC 0x08u
#define MICA_MOUNT_USERXATTR 0x10u /* overlay keeps its xattrs in user.overlay.* */
#define MICA_MOUNT_VOLATILE 0x20u  /* overlay never syncs: throw-away unions only */
#define MICA_MOUNT_REDIRECT 0x40u  /* redirect_dir=on; off unless given, whatever the kernel's default is */
#define MICA_MOUNT_METACOPY 0x80u  /* metacopy=on; off unless given, whatever the kernel's default is */

/* So many lowers can be stacked: the kernel's own limit (OVL_MAX_STACK). */
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

/* Mounts source also at target, without the mounts below it; flags: RDONLY NODEV NOSUID NOEXEC. */
errint_t mica_bind_mount(const char *source, const char *target, uint32_t flags, struct mica_error *err);

/*
 * Unmounts the mount with that id (from mica_mounts; 0: any) at target, whose last component is not followed if it is a
 * symlink. If another mount is there by now, it is not touched: -ESTALE. If nothing is mounted there: -EINVAL. -EBUSY
 * while anything uses it, unless MICA_UMOUNT_DETACH is given.
 */
#define MICA_UMOUNT_DETACH 1u
errint_t mica_umount(const char *target, uint32_t id, uint32_t flags, struct mica_error *err);

/*
 * Rotation: the upper of a mounted overlay becomes a layer to which nobody writes any more, and the overlay goes on
 * over it with a fresh upper. At no moment does target show what lies below the mounts: it shows the old union, and
 * then the new one. In between, for some milliseconds, writing to both fails (EROFS).
 *
 * The function returns only when the super block that wrote to the layer is gone, even if others had a mount of it:
 * another mount namespace, a bind mount, a detached or a lazily unmounted one. What was immutable or append-only in the
 * union has its own flags by then, as mica_protect_layer gives them. Returns
 *   0                 rotated: layer is what upper was, upper is a new directory like it, work belongs to the mount
 *   MICA_HELD         not rotated, and everything is as it was: something uses the union or writes to it, or this
 * kernel cannot do it (it needs move_mount beneath, Linux 6.5, and overlayfs's in-use marks). A mount outside of target
 * that was not seen is from then on a view that cannot be written to. -errno            not rotated; *err says what is
 * not as it was, if anything.
 */
#define MICA_HELD 1
struct mica_rotation {
	const char *const *lowers; /* that it has now, topmost first; at most 499 */
	uint32_t lower_count;
	uint32_t id;	    /* of the mount at target */
	const char *target; /* where it is mounted; the last component is the mount point's own name */
	const char *upper;  /* its upper, which upper_fd has open: something else at that path is -ESTALE */
	const char *layer;  /* the path that upper gets; must not exist; on upper's file system */
	const char *work;   /* an empty directory on that file system, not the current work directory */
	const char *trial;  /* an empty directory there that nobody else can enter; the caller empties it afterwards */
	const char *source; /* as in mica_overlay */
	int32_t upper_fd;
	uint32_t flags; /* as in mica_overlay; and: */
};
/* New writers that come by the path are refused (EROFS, for at most 10 ms) until earlier ones have closed their files:
 * for a union to which somebody always writes, but nobody for long. */
#define MICA_ROTATE_DRAIN 0x1000u
int mica_rotate(const struct mica_rotation *rotation, struct mica_error *err);

/*
 * Ends a rotation whose process was killed at any step, if the union is still mounted (by this or an earlier mount:
 * id and upper_fd are ignored, and layer is a real path). 0: it is rotated; MICA_HELD: it is not, and everything is as
 * it was. It may be cut short itself, and called again. Nothing is mounted at target: -EINVAL.
 */
int mica_rotate_recover(const struct mica_rotation *rotation, struct mica_error *err);

/*
 * Whether an overlay somewhere, mounted or kept in any way, has the directory dir as its upper: 1 or 0. It is found out
 * by the refusal of overlayfs. trial is an empty directory on the same file system that nobody else can enter; it is
 * emptied again. -EOPNOTSUPP: this kernel or file system does not show it.
 */
int mica_in_use(const char *dir, const char *trial, struct mica_error *err);

/* Makes the overlay that is mounted at target writable again, both mount and super block; if it is writable: 0. */
errint_t mica_make_writable(const char *target, struct mica_error *err);

/*
 * The mounts of this process's namespace, as packed records like mica_change; strings are bytes, unescaped,
 * each followed by a NUL, in the order: target, source, type, options of the super block, root (what of its file
 * system is mounted: a path from that one's own root).
 * Returns the bytes used, or the bytes needed if that is more than len (then buf is unspecified), or -errno.
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
 * What the folder dir can do, found out by trying it in a scratch directory that is made and removed inside dir
 * (never by checking versions). A bit is set if it worked. What a killed probe left there is removed first.
 */
#define MICA_CAN_TRUSTED_XATTR 0x001u
#define MICA_CAN_USER_XATTR 0x002u
#define MICA_CAN_WHITEOUT 0x004u /* mknod of a 0:0 device */
#define MICA_CAN_RENAME_WHITEOUT 0x008u
#define MICA_CAN_TMPFILE 0x010u
#define MICA_CAN_REFLINK 0x020u
#define MICA_CAN_HARDLINK 0x040u
#define MICA_CAN_NANOSECONDS 0x080u
#define MICA_CAN_CASE 0x100u	     /* names that differ in case only are two names */
#define MICA_CAN_OVERLAY 0x200u	     /* a kernel overlay with its upper here mounted, copied up, and whited out */
#define MICA_CAN_OVERLAY_USER 0x400u /* the same with userxattr */
#define MICA_CAN_ACL 0x800u
errint_t mica_probe(const char *dir, uint32_t *can, struct mica_error *err);

/*
 * Makes an empty directory with a random name in dir that nobody else can enter, opens it (O_RDONLY) and fills in its
 * identity. Returns a descriptor. The caller must close it (mica_close_directory) and remove the directory. If the
 * caller is killed, a later probe or scratch directory in dir removes what it contains, also what is mounted at "at".
 */
int mica_open_scratch(const char *dir, struct mica_identity *is, struct mica_error *err);

/* Removes from dir such directories, and those of mica_probe, that processes of this user left when they were killed;
 * what cannot be removed stays. No such dir: 0. */
errint_t mica_clean_scratch(const char *dir, struct mica_error *err);

/*
 * Starts program with one argument and does not wait for it. It has a session of its own, an empty environment, the
 * current folder "/", none of our descriptors, and its standard streams on /dev/null. It outlives us.
 */
errint_t mica_start_apart(const char *program, const char *argument, struct mica_error *err);

/* The home directory of a user of this host, given by name, as a string of less than len bytes. -ENOENT: there is no
 * such user, or it cannot be looked up now. */
errint_t mica_home(const char *user, char *home, size_t len, struct mica_error *err);

/*
 * The rate of this host's time stamp counter in kHz, to some millionths, measured against CLOCK_MONOTONIC_RAW since the
 * library was loaded; waits until 20 ms have passed since then. 0: the processor has no such counter. An emulated
 * processor uses the host's counter, so a guest that gets the rate need not measure it, which goes wrong on a busy
 * host.
 */
uint32_t mica_tsc_khz(void);

/*
 * SHA-256 of bytes that come one after the other. _new returns NULL if there is no memory; _end writes the digest,
 * unless that is NULL, and frees. Calls with the same struct must not run at the same time.
 */
struct mica_sha256;
struct mica_sha256 *mica_sha256_new(void);
void mica_sha256_add(struct mica_sha256 *sha, const void *bytes, size_t len);
void mica_sha256_end(struct mica_sha256 *sha, uint8_t digest[32]);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
