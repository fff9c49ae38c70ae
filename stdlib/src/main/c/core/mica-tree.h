/* mica-tree.h - the part of mica.h on trees, and on their diffs, manifests and checks. */
#ifndef MICA_PART_TREE_H
#define MICA_PART_TREE_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * A tree to look at: one plain folder, or a stack of layers as overlayfs would merge it.
 *
 * MICA_TREE_PLAIN    The tree is the folder layers[0] as it is (count is 1). Mount points below it are entered.
 * MICA_TREE_OVERLAY  The tree is the merged stack, of which layers[0] is the topmost. Whiteouts (character device 0:0;
 *     zero-size file with the whiteout xattr in a directory marked opaque=x), opaque directories, redirect and metacopy
 *     are obeyed in every layer. Overlay's own xattrs are hidden, and escaped ones (trusted.overlay.overlay.*) are
 * shown unescaped. Only one namespace counts: trusted.overlay.*, or user.overlay.* with MICA_TREE_USERXATTR; the other
 * is user data. If overlayfs could mean something that is not known here, the call fails with -EOPNOTSUPP and a note,
 *     and never guesses: this is so for an unknown overlay xattr, an inode shared through index=on, and a mount point
 *     inside a layer.
 *
 * MICA_TREE_LAYER    The tree is the plain folder that an exact copy of layers[0] would be (count is 1).
 *     MICA_LAYER_EXACT says what a copy leaves out. -EOPNOTSUPP: an entry cannot be copied exactly.
 *
 * An empty tree is MICA_TREE_PLAIN with count 0.
 */
enum mica_tree_kind { MICA_TREE_PLAIN = 0, MICA_TREE_OVERLAY = 1, MICA_TREE_LAYER = 2 };
#define MICA_TREE_USERXATTR 1u

struct mica_tree {
	const char *const *layers; /* paths, topmost first; borrowed only during the call */
	uint32_t count;
	uint32_t kind;	/* enum mica_tree_kind */
	uint32_t flags; /* MICA_TREE_* */
	uint32_t reserved;
};

/*
 * A diff is a stream of the changes (lines) that turn tree a into tree b.
 *
 * Order     The lines come depth first. Names are ordered by their bytes, and a directory comes before
 *           its contents, which come before its next sibling (so '/' sorts lowest). The root is the path ".".
 * added     There is a line for the entry, and one for every entry below it.
 * deleted   There is one line; the entries that were below it have none.
 * modified  The field what says how. MICA_TYPE stands alone (file to directory, symlink to file, ...): if
 *           the old entry was a directory its contents have no lines, and if the new one is a directory its
 *           contents follow as added. Otherwise what is any of:
 *             CONTENT  a file's bytes, a symlink's target, a device's number
 *             MODE     the permission bits with setuid, setgid, sticky
 *             OWNER    uid or gid
 *             TIMES    the modification time in nanoseconds. For a directory only if no name in it was
 *                      added or deleted, because that would be the reason
 *             XATTR    any extended attribute that the caller may read, ACLs and capabilities
 *                      among them, overlay's own excepted
 *             LINK     the set of unchanged files that the entry is hard-linked with has changed, and the
 *                      entry has not changed in another way. The line is at the later path of a group in
 *                      plain trees, and at the path that was copied up in an overlay
 *             FLAGS    whether it is immutable or append-only (chattr +i, +a); not for the root, whose flags
 *                      belong to the place where the tree lies
 * no line   There is no line for a directory that was only copied up; for a file that was only copied up, or
 *           rewritten with the same bytes and metadata; for access and change times, block allocation and
 *           holes; and for the other flags of chattr(1), which say how a file system stores an inode.
 *
 * Equality of files.  Two files have equal content if they are the same inode (or the same data inode behind a
 * metacopy), and different content if their sizes differ. If they have the same size and the same mtime with non-zero
 * nanoseconds, they count as equal, unless MICA_DIFF_EXACT is given. Otherwise the bytes are compared, up to the first
 * difference; extents that both files share and holes that both have are not read.
 *
 * Overlay stacks.  If b is a stack that ends with exactly the stack a, only b's extra layers are
 * walked: the upper is the list of changes. The lines are the same in any case. Such a
 * diff is always exact, and so is any in which a or b is an overlay.
 *
 * Memory    The memory that is used is bounded by the widest directory and by the hard links whose other
 *           names were not seen yet, not by the size of the trees. The depth is not bounded.
 * Live trees  An entry that is removed while it is looked at counts as absent. If a directory is moved away
 *           while it is walked, the diff fails with -ESTALE.
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

/* One change as mica_diff_read packs it; the next one starts record_len bytes later, a multiple of 8. */
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

/* Opens both trees and starts the diff in *out, which the caller must close. job must stay until then, unless it is
 * NULL; a and b need not. */
errint_t mica_diff_open(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b, uint32_t flags,
			struct mica_job *job, struct mica_error *err);

/*
 * Fills buf (8-byte aligned) with whole records. Returns the number of bytes used, 0 at the end, or -errno. -EMSGSIZE:
 * not even one record fits; nothing is lost, and the caller can call again with a larger buffer (a record has at most
 * 80 bytes more than its path). After any other failure every further call returns the same failure.
 */
int64_t mica_diff_read(struct mica_diff *diff, void *buf, size_t len, struct mica_error *err);

/* Stops the diff if it still runs, and frees it. NULL is accepted. */
void mica_diff_close(struct mica_diff *diff);

/*
 * A manifest is one SHA-256 over the content and metadata of a whole tree: for each entry its path, type, mode, uid,
 * gid, size, mtime (nanoseconds), device number, symlink target, xattrs, flags immutable and append-only, content
 * digest and hard-link group. Access and change times, holes, inode numbers, st_dev and directory sizes do not count.
 * Two trees have the same digest exactly if an exact diff of them has no line and their directories' times are equal,
 * too. The encoding is in core/manifest-encode.h. It has a version: it is the digest of a commit, so it must not change
 * by accident. Holes are not read, so the time for a file depends on the bytes that it stores, not on its size.
 */
#define MICA_MANIFEST_VERSION 2
struct mica_totals {
	uint64_t entries; /* the number of entries, the root among them */
	uint64_t bytes;	  /* the bytes of all regular files; a file with several names counts once */
};
errint_t mica_manifest(const struct mica_tree *tree, uint8_t digest[32], struct mica_totals *totals,
		       struct mica_job *job, struct mica_error *err);

/*
 * A check is a hash over the same facts by a function that is many times as fast (XXH64). Two trees have the same check
 * exactly if they have the same manifest, unless somebody has made them in order to deceive it. A check is for
 * comparing at once, and must not be kept, because another version of Mica may compute another one.
 */
#define MICA_CHECK 8
errint_t mica_check(const struct mica_tree *tree, uint8_t check[MICA_CHECK], struct mica_totals *totals,
		    struct mica_job *job, struct mica_error *err);

#endif
