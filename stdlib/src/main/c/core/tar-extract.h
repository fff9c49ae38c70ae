/*
 * tar-extract.h - a layer folder while the entries of a tar are put into it, in whatever order they come. Private to
 * core/.
 *
 * Each is put into a directory that was made here and is held by its descriptor; nothing on the way to it is followed.
 */
#ifndef MICA_TAR_EXTRACT_H
#define MICA_TAR_EXTRACT_H

#include "tar-member.h"
#include "tar-tree.h"

struct tar_extract {
	int root;
	struct tar_tree tree;
	/* The directory that was used last. */
	int fd;
	struct tar_node *at;
	/* The one that was found last, and its path: the next one is most likely near it. */
	struct tar_node *near;
	char *near_path;
	size_t near_len, near_room;
	enum xattr_space space;
	bool own; /* MICA_OWN */
	/* MICA_LAYER_EXACT: nothing comes twice, and space is none; these are overlay's own that are looked at. */
	bool exact;
	enum xattr_space guarded;
	struct tar_flagged *flagged; /* to be protected when all is there */
	size_t flagged_count, flagged_room;
	uint64_t entries, most; /* made so far, and how many may be; 0: any number */
	struct mica_remarks *remarks;
	struct mica_job *job;
	struct mica_error *err;
};

/* Zeroed before but for what is the user's: space, own, most, remarks, job, err. root is borrowed. */
errint_t tar_extract_start(struct tar_extract *extract, int root);

/* tar-directory.c: the directory that path lies in, made where it is missing, and path's last name ("" for the root
 * itself). */
errint_t tar_extract_parent(struct tar_extract *extract, const char *path, struct tar_node **parent, const char **name);

errint_t tar_extract_directory(struct tar_extract *extract, struct tar_node *parent, const char *name,
			       struct tar_member *member);
/* A new file to be filled; then what it is like. */
errint_t tar_extract_file(struct tar_extract *extract, struct tar_node *parent, const char *name, int *fd);
errint_t tar_extract_filled(struct tar_extract *extract, struct tar_member *member, int fd);
/* A symbolic link, a fifo or a device. */
errint_t tar_extract_node(struct tar_extract *extract, struct tar_node *parent, const char *name,
			  struct tar_member *member);
errint_t tar_extract_whiteout(struct tar_extract *extract, struct tar_node *parent, const char *name);
errint_t tar_extract_opaque(struct tar_extract *extract, struct tar_node *parent);

void tar_extract_end(struct tar_extract *extract);

/* tar-link.c */
errint_t tar_extract_link(struct tar_extract *extract, struct tar_node *parent, const char *name,
			  const struct tar_member *member);

/* tar-flags.c: entries of an exact copy that are immutable or append-only become so last. Remembers one, then does it
 * for all of them, and forgets them. */
errint_t tar_extract_remember_flags(struct tar_extract *extract, const char *path, uint8_t flags);
errint_t tar_extract_protect(struct tar_extract *extract);
void tar_extract_forget_flags(struct tar_extract *extract);

/* tar-finish.c: nothing more comes; the directories get what they are like. */
errint_t tar_extract_finish(struct tar_extract *extract);

/* The attributes that can be given to name in dirfd (as in xattr.h); the others are remarked, and taken out. */
errint_t tar_extract_try_xattrs(struct tar_extract *extract, int dirfd, const char *name, const char *path,
				struct xattr_view *xattrs);

/* What a directory is like that has no entry of its own. */
extern const struct meta tar_without_entry;

/* Shared by these. Failures are told with the path of name in dir. */
errint_t tar_extract_fail(struct tar_extract *extract, errint_t code, const char *step, const struct tar_node *dir,
			  const char *name, const char *note);
errint_t tar_extract_refuse(struct tar_extract *extract, const struct tar_node *dir, const char *name,
			    const char *note);
/* An entry more. */
errint_t tar_extract_count(struct tar_extract *extract, const struct tar_node *dir, const char *name);
/* The descriptor of a directory, borrowed and good until the next call. */
errint_t tar_extract_open(struct tar_extract *extract, struct tar_node *dir, int *fd);
/* Makes something by how (-1 and errno: it failed), in place of what an earlier entry has left at the name. */
errint_t tar_extract_make(struct tar_extract *extract, struct tar_node *dir, const char *name,
			  int (*how)(int fd, const char *name, const void *arg), const void *arg);

#endif
