/*
 * mica.h - the C core of Mica: trees, diffs, layers, manifests and mounts.
 *
 * This page is the whole public interface and its contract. Everything is path in, bytes out. No
 * function keeps global state, but mica_tsc_khz reads a clock that was taken when the library was
 * loaded. Every function may be called from any thread, and two calls never disturb each other
 * unless they write the same folder.
 *
 * Errors.  A function returns errint_t: 0, or -errno. Global errno means nothing after a call. With
 * a failure *err says which step failed, at which path, and, where the number alone would not help
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

/* The library is built with everything else hidden. */
#pragma GCC visibility push(default)

/* Raised whenever a name, a layout or a meaning on this page changes; the caller checks it once. */
#define MICA_ABI 9
uint32_t mica_abi(void);

/* 0, or a negative errno value. */
typedef int errint_t;

struct mica_error {
	int32_t code;	   /* what was returned: -errno, 0 when nothing failed */
	uint32_t path_len; /* bytes used in path */
	char step[32];	   /* what was being done, a word: "open", "compare", "fsconfig" */
	char path[4096];   /* to what: bytes; relative to the folder at hand where that is known. A
			      longer one keeps its end and starts with "..." */
	char note[512];	   /* why, for people, UTF-8; "" where strerror(-code) says it all */
};

/*
 * A running call, seen from another thread. Zeroed by the caller, shared by address. The core reads
 * cancel and threads and adds to the counters; a cancelled call returns -ECANCELED soon (within
 * 100 ms of storage that answers) and leaves nothing half-visible: see each function. job may be NULL.
 */
struct mica_job {
	uint32_t cancel;  /* in: set to non-zero to stop the call */
	uint32_t threads; /* in: 0 = as many as pay (the online processors, at most 8) */
	uint64_t entries; /* out: names looked at or made so far */
	uint64_t bytes;	  /* out: bytes of content compared, copied or hashed so far */
	/* out, of mica_capture: files and directories that had flags which the layer has not, and which, as
	 * FS_IOC_GETFLAGS has them */
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
 *     user.overlay.* with MICA_TREE_USERXATTR; the other is user data. What overlayfs could mean
 *     and we do not know is -EOPNOTSUPP with a note, never a guess: an unknown overlay xattr, an
 *     inode shared through index=on, a mount point inside a layer.
 *
 * MICA_TREE_LAYER    layers[0] (count is 1) as the plain folder that an exact copy of it would be: MICA_LAYER_EXACT
 *     below says what a copy leaves out. What could not be copied so is -EOPNOTSUPP.
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
 *             TIMES    the modification time, nanoseconds. For a directory only when no name in it
 *                      came or went, since otherwise that is why
 *             XATTR    any extended attribute that the caller may read, ACLs and capabilities
 *                      among them, overlay's own excepted
 *             LINK     the entry is in no other way changed, but the set of unchanged files it is
 *                      hard-linked with is. Reported at the later path of a group in plain trees,
 *                      at the path that was copied up in an overlay
 *             FLAGS    whether it is immutable or append-only (chattr +i, +a); not for the root, whose flags are
 *                      those of where the tree lies
 * no line   A directory that was only copied up, a file that was only copied up or rewritten with
 *           the same bytes and metadata, access and change times, block allocation, holes, the other flags of
 *           chattr(1), which say how a file system stores an inode.
 *
 * Equality of files.  Same inode on both sides (or the same data inode behind a metacopy): equal
 * content. Sizes differ: different. Same size and same mtime with non-zero nanoseconds: equal, unless
 * MICA_DIFF_EXACT. Else the bytes are compared, up to the first difference; extents that both files share
 * and holes that both have are not read.
 *
 * Overlay stacks.  Where b is a stack whose tail is exactly the stack a, only b's extra layers are
 * walked: the upper is the change list. Whether or not that applies, the lines are the same. Such a
 * diff is always exact, as is any where a or b is an overlay.
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

/* Data is copied; fail rather than copy where a reflink is refused: */
#define MICA_REFLINK_ONLY 1u
/* Overlay xattrs are written as user.overlay.*, whiteouts as zero-size files with the whiteout xattr (for callers who
 * may not make devices). */
#define MICA_LAYER_USERXATTR 2u
/* The target's file system is flushed before the call returns. */
#define MICA_SYNC 4u
/* A file that changes while it is copied is not -EBUSY after three tries but copied as it was found. */
#define MICA_COPY_UNSTABLE 8u
/* Owners and attributes that the caller may not give are left out rather than -EPERM: what is made stays the caller's,
 * then without setuid and setgid, as with cp -a. So are the flags immutable and append-only: it is a copy to go on
 * with. */
#define MICA_OWN 16u
/*
 * Of mica_tar_write and mica_tar_read: the tar is not an image's but an exact copy of the folder, for nobody but
 * mica_tar_read with this flag. Nothing is translated and nothing remarked: devices 0:0, overlay's attributes as they
 * are stored, sockets, names that begin with ".wh.", holes, flags, all attributes. Left out is what overlayfs wrote
 * down for itself about inodes of the machine at hand and means nothing elsewhere (overlay.origin, impure, upper, uuid,
 * whiteouts), and overlay.protattr, which counts for an upper only, comes as the entry's own flags: so what is read is
 * the layer that mica_protect_layer would make of the upper. Uncompressed only, and no digest is taken: a manifest
 * tells more.
 */
#define MICA_LAYER_EXACT 32u

/*
 * Makes the folder dest (which must not exist) the layer that turns a into b; bytes are reflinked where the
 * file system can, else copied in the kernel, else by hand, holes kept, hard links among what is
 * captured kept. Sockets are kept (as nodes). On failure dest is removed again. A dest inside one of the
 * folders that are walked (as their paths go; bind mounts of what is inside them are not seen) is
 * -EINVAL, and nothing is made. What takes long ends soon after a cancel; removing what was made comes on top.
 * With an empty a this is a faithful copy of b as one folder.
 */
errint_t mica_capture(const struct mica_tree *a, const struct mica_tree *b, const char *dest, uint32_t flags,
		      struct mica_job *job, struct mica_error *err);

/*
 * Makes dest, which must not exist, a faithful copy of the single file from (of any type but a directory, which is
 * -EISDIR; a symbolic link is not followed), with all that mica_capture keeps. On failure dest is removed again.
 * Of the flags MICA_REFLINK_ONLY, MICA_COPY_UNSTABLE and MICA_OWN.
 */
errint_t mica_copy(const char *from, const char *dest, uint32_t flags, struct mica_job *job, struct mica_error *err);

/*
 * Copies the bytes of the regular file from over those of the regular file to, which is made (mode 0600) where it is
 * not there; symbolic links are followed, /proc's too. Holes of from are not copied: to keeps what it has there, so it
 * is a new file, or one that reads as zeros. Ends as large as from. No attributes; not atomic.
 */
errint_t mica_copy_data(const char *from, const char *to, struct mica_error *err);

/*
 * Applies a layer to the plain folder target, in place: afterwards target equals what an overlay of
 * layer over target showed before. Takes MICA_TREE_USERXATTR meaning from layer->flags; layer->count
 * must be 1. Flags of the entries are left out, and what is immutable or append-only in target is -EPERM. A target that
 * is the layer or lies in it is -EINVAL, and nothing is changed. Not atomic: on failure target is between the two, *err
 * says where.
 */
errint_t mica_apply(const struct mica_tree *layer, const char *target, uint32_t flags, struct mica_job *job,
		    struct mica_error *err);

/*
 * Layers as tar, in the form of OCI images (image-spec, layer.md).
 *
 * What they hold  Files, directories, symbolic links, fifos, devices, hard links among them; mode, owner, modification
 *     time in nanoseconds, extended attributes as SCHILY.xattr.*, ACLs and capabilities among them, overlay's own
 *     left out and escaped ones unescaped; what was deleted as ".wh.NAME", opaque directories by ".wh..wh..opq".
 *     What a tar cannot hold, and what a reader made of itself, is remarked by name.
 *
 * The same layer gives the same bytes on every machine: depth first, names by their bytes; the root "./" first, in a
 *     directory its opaque marker, then its whiteouts, then all else; of a hard-linked file the first path is the
 *     file. A pax header only where the old fields do not do (nearly always: for the nanoseconds), with its records
 *     in one order. No user's name, no time of day, no number of an inode or of the device that it lies on. The
 *     compressed bytes depend on zlib's or libzstd's version besides, not on how many threads there are.
 */
#define MICA_TAR_PLAIN 0u
#define MICA_TAR_GZIP 1u /* level 6; in pieces that are compressed at the same time, which any gunzip takes */
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
#define MICA_REMARK_ROOT 8u   /* the root is opaque, which no overlay heeds: what is below is to be left out */
#define MICA_REMARK_DEVICE 9u /* a device that the caller may not make (MICA_OWN): left out */
#define MICA_REMARK_AUFS 10u  /* ".wh..wh.*", AUFS's own: left out, with all below it */
#define MICA_REMARK_KEY 11u   /* a pax record (detail: its key) that says what Mica does not take: left out */

/* One remark; the next one starts at record_len, a multiple of 8. text: the path, a NUL, the detail, a NUL. */
struct mica_remark {
	uint32_t record_len;
	uint32_t what; /* MICA_REMARK_* */
	uint32_t path_len;
	uint32_t detail_len;
	uint8_t text[];
};

/* Zeroed by the caller; what a call put into it is freed by mica_remarks_free, also after a failure. */
struct mica_remarks {
	uint8_t *records;
	uint64_t len; /* bytes of records */
	uint64_t count;
	uint64_t room;
};
void mica_remarks_free(struct mica_remarks *remarks);

/*
 * Writes the layer, a folder that nobody changes meanwhile, as a tar to the new file to, mode 0644, which is removed
 * again on failure; or, if to is NULL, to the descriptor fd. Of the flags MICA_LAYER_USERXATTR (the form of the layer)
 * and MICA_SYNC (the file is on disk). A layer that refers to what is below it (redirect, metacopy, index), or has an
 * overlay attribute that nobody knows, or a mount point, is -EOPNOTSUPP. remarks may be NULL.
 */
errint_t mica_tar_write(const char *layer, const char *to, int fd, uint32_t compression, uint32_t flags,
			struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
			struct mica_error *err);

/*
 * The same of a single entry of the folder dir, which is no layer: name, a file or a directory with all below it, by
 * that name. Each name is only a name, those that begin with ".wh." too. A directory that something is mounted at is
 * -EOPNOTSUPP, a mounted file is written.
 */
errint_t mica_tar_write_entry(const char *dir, const char *name, const char *to, int fd, struct mica_tar *tar,
			      struct mica_remarks *remarks, struct mica_job *job, struct mica_error *err);

/* It is no layer: names that begin with ".wh." are names, and nothing is deleted or opaque. */
#define MICA_TAR_NAMES 64u

/* How large what is read may get; 0: no limit. */
struct mica_tar_limits {
	uint64_t bytes;	  /* of the tar, uncompressed, and of one file */
	uint64_t entries; /* directories that have none of their own count too */
	uint32_t path;	  /* bytes of a path, or of the target of a link */
	uint32_t depth;	  /* names of a path */
};

/*
 * Makes the folder dest (which must not exist) the layer that the tar in the file from says (if from is NULL: in the
 * descriptor fd, from where it stands to its end): plain, by gzip or by zstd, in any number of members. On failure dest
 * is removed again. Of the flags MICA_LAYER_USERXATTR, MICA_SYNC, MICA_OWN and MICA_TAR_NAMES. Read back, a layer that
 * mica_tar_write wrote is the same but for what was remarked.
 *
 * The tar may be anybody's. Nothing outside of dest is reached: no symbolic link is ever followed, an absolute name is
 * taken from the root (as all common readers do), and refused (-EBADMSG, note says why) is a name with ".."; an entry
 * below what is no directory; a hard link to what is not in this tar before it, to a directory or to what was deleted;
 * ".wh." with no name behind it, or "." or ".."; a device 0:0; what is cut off or followed by anything but zeros.
 * Of several entries of one name the last counts, of whatever type. A directory that is deleted and there is opaque;
 * anything else that is both is there. Old tars, GNU's long names and sparse files, and pax are understood; a global
 * pax header counts for owner and time, and what else it says is remarked.
 * Memory grows with the directories and deleted names, not with the files.
 *
 * With MICA_LAYER_EXACT refused are besides (-EBADMSG): a name that comes twice, what lies in a directory that has not
 * come before it, an attribute of overlay's own other than opaque, whiteout and escaped ones (redirect and metacopy
 * lead out of the layer), what is compressed, what the writer leaves out; and an attribute that cannot be given is a
 * failure.
 */
errint_t mica_tar_read(const char *from, int fd, const char *dest, const struct mica_tar_limits *limits, uint32_t flags,
		       struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
		       struct mica_error *err);

/*
 * Makes an overlay's upper, which nobody uses now, show as a lower what it showed as an upper: what overlay.protattr
 * says of an entry, which counts for an upper only, becomes the entry's own flags (FS_IOC_SETFLAGS; -EPERM without
 * CAP_LINUX_IMMUTABLE, -EOPNOTSUPP). The root is left out. Of the flags MICA_LAYER_USERXATTR. May be called again;
 * *count (may be NULL) gets the entries that have flags.
 */
errint_t mica_protect_layer(const char *layer, uint32_t flags, uint64_t *count, struct mica_job *job,
			    struct mica_error *err);

/*
 * Takes that back, so that the layer can be an upper again: overlayfs itself must be able to work there, and
 * overlay.protattr still says what is protected. May be called again.
 */
errint_t mica_unprotect_layer(const char *layer, uint32_t flags, struct mica_job *job, struct mica_error *err);

/* Removes path and everything below it, whatever it is called and however deep; entering no mount. Absent: 0. What is
 * immutable or append-only is -EPERM. */
errint_t mica_remove(const char *path, struct mica_job *job, struct mica_error *err);

/* The same, of what is immutable or append-only too if the caller may change that: for what Mica made itself. Other
 * names of such a file stay as they are. */
errint_t mica_discard(const char *path, struct mica_job *job, struct mica_error *err);

/* Makes the directory path (or takes it if it exists and is empty) with model's mode, owner, times and
 * xattrs, except for overlay's own xattrs and what the caller may not give (MICA_OWN). All of that is on disk
 * when it returns. */
errint_t mica_make_directory_like(const char *model, const char *path, struct mica_error *err);

/* Makes a fresh upper in the same way, for an overlay to go on with over layer, which was its upper. It also gets
 * the immutable and append-only flags of the overlay's root. flags: MICA_MOUNT_USERXATTR or 0. */
errint_t mica_make_upper(const char *layer, const char *upper, uint32_t flags, struct mica_error *err);

/* Sets the modification time of path, also before 1970; a symbolic link is not followed. -EOVERFLOW: the file system
 * cannot hold it. */
errint_t mica_set_mtime(const char *path, int64_t seconds, uint32_t nanoseconds, struct mica_error *err);

/* Gives two names, of whatever kind, each other's place, in one step that a power cut finds done or not done; neither
 * is followed. Both exist, in one mounted file system; -EBUSY if one is a mount point. */
errint_t mica_exchange(const char *a, const char *b, struct mica_error *err);

/* Sets (frozen 1) or clears (0) the immutable flag of the directory dir, which is not followed if a symbolic link:
 * while it is set no entry of it can be added, removed, renamed or replaced by anybody; what lies in its entries is not
 * touched by that. -EOPNOTSUPP: the file system has no such flag (clearing it there is 0). -EPERM: the caller lacks
 * CAP_LINUX_IMMUTABLE. Already so: 0. */
errint_t mica_freeze(const char *dir, uint32_t frozen, struct mica_error *err);

/*
 * What a directory is, wherever it lies and whatever it is called. Within one boot it is this one exactly if all fields
 * agree; after a reboot some file systems have another dev.
 */
struct mica_identity {
	uint64_t dev; /* as makedev */
	uint64_t ino;
	int64_t born; /* seconds since 1970; 0 where the file system does not tell */
	uint32_t born_nsec;
	uint32_t type;	      /* of the file system: statfs's f_type */
	uint32_t uid;	      /* the owner; not part of what it is */
	uint32_t mode;	      /* with the file type; likewise */
	uint32_t handle_type; /* name_to_handle_at's, which has the inode's generation */
	uint32_t handle_len;  /* 0: the file system has no handles */
	uint8_t handle[128];
};

/*
 * Opens the directory path (O_PATH), a symlink as its last component not followed, and says what it is. Returns a
 * descriptor that is the caller's to close; what is done through "/proc/self/fd/N" from then on is done to it, whatever
 * becomes of path.
 */
int mica_open_directory(const char *path, struct mica_identity *is, struct mica_error *err);

/* Closes what mica_open_directory gave. */
void mica_close_directory(int fd);

/* Flushes the directory dir itself (fsync): what was made, renamed or removed in it stays so. */
errint_t mica_sync_directory(const char *dir, struct mica_error *err);

/* Flushes the file system that path lies on (syncfs). */
errint_t mica_sync(const char *path, struct mica_error *err);

/*
 * Manifest: one SHA-256 over a whole tree, content and metadata: per entry its path, type, mode, uid,
 * gid, size, mtime (nanoseconds), device number, symlink target, xattrs, content digest and hard-link group. Not:
 * access and change time, holes, inode numbers, st_dev, directory sizes. Two trees have the same
 * digest exactly if an exact diff of them has no line and their directories' times agree too. The encoding is in
 * core/manifest.c and versioned: it is the digest of a commit and must not drift.
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
 * Check: the same of the same facts, by a function that is many times as fast (XXH64). Two trees that nobody
 * has made for it have the same exactly if they have the same manifest. It is for comparing at once, and not to be
 * kept: another version of Mica may have another.
 */
#define MICA_CHECK 8
errint_t mica_check(const struct mica_tree *tree, uint8_t check[MICA_CHECK], struct mica_totals *totals,
		    struct mica_job *job, struct mica_error *err);

/*
 * Makes the folder dest (which must not exist) the layer that a guest sends as the exact tar of a session of the stream
 * protocol (docs/stream-protocol.md): connects to the unix socket at path socket, of any length, behind which the
 * process peer must listen; token is the session's. What the guest says at its end is the layer's check, and
 * without it, or where dest has another, there is no dest: -EBADMSG. A guest that fails says why (-EREMOTEIO), one that
 * goes away is -EPIPE, one that does not begin within 60 s -ETIMEDOUT. Of the flags MICA_SYNC; hostile input is bounded
 * as for mica_tar_read. totals are those of dest.
 */
errint_t mica_receive_layer(const char *socket, int32_t peer, const uint8_t token[16], const char *dest,
			    const struct mica_tar_limits *limits, uint32_t flags, struct mica_totals *totals,
			    struct mica_job *job, struct mica_error *err);

/*
 * Mounts.  By the new mount API (fsopen, fsconfig, fsmount, move_mount), by mount(2) where the kernel lacks
 * it. What is mounted has private propagation. A failed mount leaves nothing behind; note carries the
 * kernel's own words where it gives any. An overlay is nosuid, nodev and noexec if the mount of any of its layers is:
 * what a folder's mount forbids does not come to life in a union. An overlay's root is immutable or append-only where
 * its upper's was made so in an overlay before (on kernels that have fsopen, and take layers singly).
 */
#define MICA_MOUNT_RDONLY 0x01u
#define MICA_MOUNT_NODEV 0x02u
#define MICA_MOUNT_NOSUID 0x04u
#define MICA_MOUNT_NOEXEC 0x08u
#define MICA_MOUNT_USERXATTR 0x10u /* overlay keeps its xattrs in user.overlay.* */
#define MICA_MOUNT_VOLATILE 0x20u  /* overlay never syncs: throw-away unions only */
#define MICA_MOUNT_REDIRECT 0x40u  /* redirect_dir=on; off unless given, whatever the kernel's default */
#define MICA_MOUNT_METACOPY 0x80u  /* metacopy=on; likewise */

/* As many lowers can be stacked: the kernel's own limit (OVL_MAX_STACK). */
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

/* source again at target, recursively not; flags: RDONLY NODEV NOSUID NOEXEC. */
errint_t mica_bind_mount(const char *source, const char *target, uint32_t flags, struct mica_error *err);

/*
 * Unmounts the mount with that id (as mica_mounts tells it; 0: whichever is there) at target, whose last component is
 * not followed if a symlink: whatever else is there by now is left, -ESTALE; nothing is there: -EINVAL. -EBUSY while
 * anything holds it, unless MICA_UMOUNT_DETACH.
 */
#define MICA_UMOUNT_DETACH 1u
errint_t mica_umount(const char *target, uint32_t id, uint32_t flags, struct mica_error *err);

/*
 * Rotation: an overlay that is mounted goes on over its own upper, which becomes a layer that nobody writes any more,
 * with a fresh upper. There is no instant at which target shows what lies below the mounts: it shows the union as it
 * was, then the union as it is from then on. In between, for some milliseconds, both refuse to be written (EROFS).
 *
 * The layer is only given away once the super block that wrote it is gone, whoever else may have had a mount of it:
 * another mount namespace, a bind mount, a detached or a lazily unmounted one. What was immutable or append-only in the
 * union has its own flags by then, as mica_protect_layer gives them. Returns
 *   0                 rotated: layer is what upper was, upper is a new directory like it, work belongs to the mount
 *   MICA_HELD         not rotated, and everything is as it was: something holds the union or writes it, or this kernel
 *                     cannot do it (it wants move_mount beneath, Linux 6.5, and overlayfs's in-use marks). What held it
 *                     unseen, outside of target, is from then on a view that cannot be written.
 *   -errno            not rotated; *err tells what is not as it was, if anything.
 */
#define MICA_HELD 1
struct mica_rotation {
	const char *const *lowers; /* that it has now, topmost first; at most 499 */
	uint32_t lower_count;
	uint32_t id;	    /* of the mount at target */
	const char *target; /* where it is mounted; the last component is the mount point's own name */
	const char *upper;  /* its upper, which upper_fd has open: something else at that path is -ESTALE */
	const char *layer;  /* what upper is to become; must not exist; on upper's file system */
	const char *work;   /* an empty directory on that file system, not the work directory it has now */
	const char *trial;  /* likewise, one that nobody else can enter; what is in it then is the caller's to remove */
	const char *source; /* as in mica_overlay */
	int32_t upper_fd;
	uint32_t flags; /* likewise; and: */
};
/* Writers that come by the path are refused (EROFS, for at most 10 ms) until those before them have closed: for a union
 * that is always being written by somebody, but by nobody for long. */
#define MICA_ROTATE_DRAIN 0x1000u
int mica_rotate(const struct mica_rotation *rotation, struct mica_error *err);

/*
 * Ends a rotation that was cut short with its process, at whatever step, where the union is still mounted (by this or
 * an earlier mount: r->id and r->upper_fd are not looked at, r->layer is a real path): 0, it is rotated; MICA_HELD, it
 * is not, and is as it was. May be cut short itself and called again. Nothing is mounted at target: -EINVAL.
 */
int mica_rotate_recover(const struct mica_rotation *rotation, struct mica_error *err);

/*
 * Whether an overlay somewhere, mounted or held in any way, has the directory dir as its upper: 1 or 0, found by having
 * overlayfs refuse it. trial is an empty directory on the same file system that nobody else can enter; it is emptied
 * again. -EOPNOTSUPP: this kernel or file system does not tell.
 */
int mica_in_use(const char *dir, const char *trial, struct mica_error *err);

/* Lets the overlay that is mounted at target be written again, mount and super block; one that already can: 0. */
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
 * What the folder dir can do, found by doing it in a scratch directory made and removed inside dir
 * (never by asking for versions). A bit is set where it worked. What a killed probe left there is removed first.
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
 * Makes an empty directory of a random name in dir that nobody else can enter, opens it (O_RDONLY) and says what it is.
 * Returns a descriptor; both that (mica_close_directory) and the directory are the caller's to end. What it holds is
 * removed by a later probe or scratch directory in dir if the caller is killed, what is mounted at "at" in it too.
 */
int mica_open_scratch(const char *dir, struct mica_identity *is, struct mica_error *err);

/* Removes from dir such directories, and those of mica_probe, that processes of this user left when they were killed;
 * what cannot be removed stays. No such dir: 0. */
errint_t mica_clean_scratch(const char *dir, struct mica_error *err);

/*
 * Starts program with one argument and does not wait for it: in a session and with an environment of its own, which is
 * empty, in "/", with nothing of ours open and its standard streams on /dev/null. It outlives us.
 */
errint_t mica_start_apart(const char *program, const char *argument, struct mica_error *err);

/* The home directory of a user of this host, by its name, as a string of less than len bytes. -ENOENT: no such user, or
 * none that can be asked for now. */
errint_t mica_home(const char *user, char *home, size_t len, struct mica_error *err);

/*
 * The rate of this host's time stamp counter in kHz, to some millionths, measured against CLOCK_MONOTONIC_RAW since the
 * library was loaded; waits until 20 ms have passed since. 0: the processor has no such counter. An emulated processor
 * counts with it, so a guest that is told need not find out, which on a busy host goes wrong.
 */
uint32_t mica_tsc_khz(void);

/*
 * SHA-256 of bytes as they come. _new returns NULL where there is no memory; _end writes the digest, unless that is
 * NULL, and frees. Calls with the same one must not run at once.
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
