/* mica-tree.h - the part of mica.h on trees: their diffs, manifests and checks. */
#ifndef MICA_PART_TREE_H
#define MICA_PART_TREE_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

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

#endif
