/*
 * view.h - a tree as its users see it: one plain folder, or layers merged as overlayfs merges them.
 * Private to core/.
 *
 * This is the kernel's ovl_lookup (fs/overlayfs/namei.c) over directory descriptors: whiteouts, opaque
 * directories, relative and absolute redirects, metacopy. A plain tree is a view with one raw layer.
 */
#ifndef MICA_VIEW_H
#define MICA_VIEW_H

#include "base.h"
#include "flags.h"
#include "layer-dir.h"
#include "names.h"
#include "xattr.h"

/* An opened mica_tree. Several views share one struct layer_dirs, and the root of a layer that both have. */
struct view {
	struct layer_dirs *layer_dirs;
	struct layer_dir **roots; /* topmost first */
	uint32_t count;
	bool overlay;
	enum xattr_space space;
	enum xattr_space exact; /* MICA_TREE_LAYER: the space whose attributes an exact copy does not all have */
};
/* Opens a tree. twin may be NULL, or another view: layers that are the same folders are then shared with it. */
errint_t view_open(struct layer_dirs *layer_dirs, const struct mica_tree *tree, const struct view *twin,
		   struct view *out, struct mica_error *err);
void view_close(struct view *view);

/* A directory of a view: where it lies in each layer that has it, topmost first. Reference-counted. */
struct vpart {
	struct layer_dir *layer_dir;
	uint32_t layer; /* index in view->roots */
};
struct vdir {
	const struct view *view;
	uint32_t refs;
	uint32_t count;
	struct vpart parts[];
};
/* Gets the root directory, or NULL for an empty tree. The caller must call vdir_unref. */
errint_t view_root(const struct view *view, struct vdir **out);
struct vdir *vdir_ref(struct vdir *dir);
void vdir_unref(struct vdir *dir);

/* Between these calls the directory's descriptors are open. The functions below need it pinned. NULL is accepted. */
errint_t vdir_pin(struct vdir *dir, struct mica_error *err);
void vdir_unpin(struct vdir *dir);
/* Unpins a directory that is not expected to be pinned again: its descriptors are closed at once. */
void vdir_leave(struct vdir *dir);

/*
 * Gets the merged names of the first `parts` layers of dir. Names that a whiteout hides are among them, too: only
 * vdir_lookup finds out that such an entry is absent. For plain trees the names are exact.
 */
errint_t vdir_list(struct vdir *dir, uint32_t parts, struct names *names, struct mica_error *err);

/*
 * The entry at a name, from which every comparison or copy starts. While its directory is pinned,
 * (layer_dir->fd, name) addresses the topmost inode for any *at call.
 */
struct ventry {
	char type; /* 'f' 'd' 'l' 'p' 's' 'b' 'c'; 0: absent (or whited out) */
	bool metacopy;
	bool listed;   /* xattrs holds the raw names */
	uint8_t flags; /* FLAG_*; none for the root of a tree, because its flags belong to the place where it lies */
	const struct view *view;
	uint32_t mode, uid, gid, nlink, mtime_nsec;
	int64_t mtime;
	uint64_t size, blocks, ino, dev, rdev;
	int fd;			     /* the topmost inode, if it was opened to look at it, or -1; owned */
	uint32_t layer;		     /* of the topmost inode, whose metadata this is */
	struct layer_dir *layer_dir; /* the directory of that inode: one of dir's parts */
	const char *name;	     /* its name there (as given to vdir_lookup); "" for a directory's own entry */
	struct vdir *dir;	     /* type 'd': the directory, not pinned; owned */
	/* Where the bytes are if they are not at layer_dir/name: */
	struct layer_dir *data_dir; /* owned; metacopy only */
	char *data_name;
	uint64_t data_ino, data_dev, data_blocks;
	struct xattr_names xattrs;
};

/* Looks up name in dir, which must be pinned; name must outlive the entry. If it is absent, returns 0 and the type is
 * 0. out is set in any case, and the caller must call ventry_free. */
errint_t vdir_lookup(struct vdir *dir, const char *name, struct ventry *out, struct mica_error *err);
/*
 * The same for a name that is known as a DT_DIR or DT_REG and will be opened soon: it is opened first and looked at by
 * its descriptor, which takes less time. With DT_UNKNOWN, or if it has another type by now, it is looked at by its
 * name.
 */
errint_t vdir_lookup_as(struct vdir *dir, const char *name, unsigned char as, struct ventry *out,
			struct mica_error *err);
/*
 * The same if dir's parts from `extra` on are those of another directory, in which name was already
 * looked up with the result `below`.
 */
errint_t vdir_lookup_over(struct vdir *dir, uint32_t extra, const struct ventry *below, const char *name,
			  unsigned char as, struct ventry *out, struct mica_error *err);
/* Gets the entry of the pinned directory itself, whose name is "". */
errint_t vdir_self(struct vdir *dir, struct ventry *out, struct mica_error *err);
/*
 * Looks at a name in a directory of one layer, by entry->fd if that is open, and otherwise by the name. The caller has
 * made the entry absent, and has set its view. It stays absent if there is nothing.
 */
errint_t ventry_stat(struct layer_dir *layer_dir, const char *name, struct ventry *entry, struct mica_error *err);
void ventry_free(struct ventry *entry);
/* Makes an absent entry, for which ventry_free may be called. */
static inline void ventry_none(struct ventry *entry)
{
	entry->type = 0;
	entry->fd = -1;
	entry->metacopy = entry->listed = false;
	entry->view = NULL;
	entry->dir = NULL;
	entry->data_dir = NULL;
	entry->data_name = NULL;
}

/*
 * Get the entry's content and attributes, as its view shows them. The directory that it was found in must be pinned.
 * The caller must close *fd, which is at the start of the bytes and has O_NONBLOCK, which files ignore, and must free
 * *target and *out.
 */
errint_t ventry_open(const struct ventry *entry, int *fd, struct mica_error *err);
errint_t ventry_readlink(const struct ventry *entry, char **target, struct mica_error *err);
errint_t ventry_xattrs(struct ventry *entry, struct xattr_view *out, struct mica_error *err);
/* Lists the raw names in entry->xattrs, unless that was done before. */
errint_t ventry_list_xattrs(struct ventry *entry, struct mica_error *err);

static inline void cleanup_ventry_p(struct ventry *entry)
{
	ventry_free(entry);
}
#define cleanup_ventry __attribute__((cleanup(cleanup_ventry_p)))

#endif
