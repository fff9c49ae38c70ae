/*
 * tar-extract.h - puts the entries of a tar into a layer folder, in any order. Private to core/.
 *
 * Each entry is put into a directory that was made here, by its descriptor; no link on the way to it is followed.
 */
#ifndef MICA_TAR_EXTRACT_H
#define MICA_TAR_EXTRACT_H

#include "tar-member.h"
#include "tar-tree.h"

struct tar_extract {
	int root;
	struct tar_tree tree;
	/* The directory that was opened last, and its descriptor. */
	int fd;
	struct tar_node *at;
	/* The directory that was found last, and its path, because the next one is most likely near it. */
	struct tar_node *near;
	char *near_path;
	size_t near_len, near_room;
	enum xattr_space space;
	bool own; /* MICA_OWN */
	/* MICA_LAYER_EXACT: no entry may come twice, and space is XATTR_PLAIN; guarded is the space of overlay's own
	 * attributes that are checked. */
	bool exact;
	enum xattr_space guarded;
	struct tar_flagged *flagged; /* entries that get their flags at the end */
	size_t flagged_count, flagged_room;
	uint64_t entries, most; /* how many were made, and how many may be; 0: any number */
	struct mica_remarks *remarks;
	struct mica_job *job;
	struct mica_error *err;
};

/* Begins to extract into the open directory root, which is borrowed. The struct must be zeroed before, except for the
 * fields that the caller sets: space, own, exact, guarded, most, remarks, job and err. The caller must call
 * tar_extract_end, even after a failure. */
errint_t tar_extract_start(struct tar_extract *extract, int root);

/* tar-directory.c: finds the directory that path lies in, and makes it if it is missing. *name is the last name of
 * path, borrowed from it; "" for the root itself. */
errint_t tar_extract_parent(struct tar_extract *extract, const char *path, struct tar_node **parent, const char **name);

errint_t tar_extract_directory(struct tar_extract *extract, struct tar_node *parent, const char *name,
			       struct tar_member *member);
/* Makes a new file; the caller must fill and close *fd. When it is filled, tar_extract_filled sets its attributes. */
errint_t tar_extract_file(struct tar_extract *extract, struct tar_node *parent, const char *name, int *fd);
errint_t tar_extract_filled(struct tar_extract *extract, struct tar_member *member, int fd);
/* Makes a symbolic link, a fifo or a device; in an exact copy also a socket. */
errint_t tar_extract_node(struct tar_extract *extract, struct tar_node *parent, const char *name,
			  struct tar_member *member);
errint_t tar_extract_whiteout(struct tar_extract *extract, struct tar_node *parent, const char *name);
errint_t tar_extract_opaque(struct tar_extract *extract, struct tar_node *parent);

void tar_extract_end(struct tar_extract *extract);

/* tar-link.c: makes a hard link. */
errint_t tar_extract_link(struct tar_extract *extract, struct tar_node *parent, const char *name,
			  const struct tar_member *member);

/* tar-flags.c: entries of an exact copy become immutable or append-only last. The first function remembers the flags of
 * an entry, the second sets all of them, and the third frees what is remembered. */
errint_t tar_extract_remember_flags(struct tar_extract *extract, const char *path, uint8_t flags);
errint_t tar_extract_protect(struct tar_extract *extract);
void tar_extract_forget_flags(struct tar_extract *extract);

/* tar-finish.c: sets the attributes of all directories. No entry may come after this. */
errint_t tar_extract_finish(struct tar_extract *extract);

/* Finds out which attributes can be set on name in dirfd (as in xattr.h), by setting them. The others are removed from
 * xattrs, and there is a remark on each. */
errint_t tar_extract_try_xattrs(struct tar_extract *extract, int dirfd, const char *name, const char *path,
				struct xattr_view *xattrs);

/* The metadata of a directory that has no entry of its own. */
extern const struct meta tar_without_entry;

/* These are for the files named above. Both fail with the path of name in dir; tar_extract_refuse with -EBADMSG. */
errint_t tar_extract_fail(struct tar_extract *extract, errint_t code, const char *step, const struct tar_node *dir,
			  const char *name, const char *note);
errint_t tar_extract_refuse(struct tar_extract *extract, const struct tar_node *dir, const char *name,
			    const char *note);
/* Counts an entry. -E2BIG: there are more than are allowed. */
errint_t tar_extract_count(struct tar_extract *extract, const struct tar_node *dir, const char *name);
/* Gets the descriptor of a directory, which is borrowed, and valid until the next call. */
errint_t tar_extract_open(struct tar_extract *extract, struct tar_node *dir, int *fd);
/* Calls how to make an entry, in place of what an earlier entry has made at the name. how returns 0, or -1 and
 * errno. */
errint_t tar_extract_make(struct tar_extract *extract, struct tar_node *dir, const char *name,
			  int (*how)(int fd, const char *name, const void *arg), const void *arg);

#endif
