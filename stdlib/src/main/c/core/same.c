#include "same.h"

/* Nearly every entry has no attribute on either side; then this is one call for each. */
static errint_t compare_xattrs(struct ventry *a, struct ventry *b, bool *equal, struct mica_error *err)
{
	struct xattr_view va cleanup_xattr_view = {0}, vb cleanup_xattr_view = {0};
	errint_t ret = ventry_list_xattrs(a, err);

	if (!ret)
		ret = ventry_list_xattrs(b, err);
	*equal = true;
	if (ret || (!a->xattrs.len && !b->xattrs.len))
		return ret;
	ret = ventry_xattrs(a, &va, err);
	if (!ret)
		ret = ventry_xattrs(b, &vb, err);
	if (!ret)
		*equal = xattr_view_equal(&va, &vb);
	return ret;
}

static errint_t compare_links(const struct ventry *a, const struct ventry *b, bool *equal, struct mica_error *err)
{
	cleanup_free char *ta = NULL, *tb = NULL;
	errint_t ret = ventry_readlink(a, &ta, err);

	if (!ret)
		ret = ventry_readlink(b, &tb, err);
	*equal = !ret && !strcmp(ta, tb);
	return ret;
}

static bool same_data_inode(const struct ventry *a, const struct ventry *b)
{
	uint64_t ino_a = a->data_dir ? a->data_ino : a->ino, ino_b = b->data_dir ? b->data_ino : b->ino;
	uint64_t dev_a = a->data_dir ? a->data_dev : a->dev, dev_b = b->data_dir ? b->data_dev : b->dev;

	return ino_a == ino_b && dev_a == dev_b;
}

static bool same_times(const struct ventry *a, const struct ventry *b)
{
	return a->mtime == b->mtime && a->mtime_nsec == b->mtime_nsec;
}

static errint_t compare_files(const struct same *same, const struct ventry *a, const struct ventry *b, bool *equal,
			      struct mica_error *err)
{
	*equal = a->size == b->size;
	if (!*equal || !a->size || same_data_inode(a, b))
		return 0;
	if (!same->exact && same_times(a, b) && a->mtime_nsec)
		return 0;
	return same_bytes(same, a, b, equal, err);
}

static errint_t compare_content(const struct same *same, const struct ventry *a, const struct ventry *b, bool *equal,
				struct mica_error *err)
{
	*equal = true;
	switch (a->type) {
	case 'f':
		return compare_files(same, a, b, equal, err);
	case 'l':
		return same_inode(a, b) ? 0 : compare_links(a, b, equal, err);
	case 'b':
	case 'c':
		*equal = a->rdev == b->rdev;
		return 0;
	default:
		return 0;
	}
}

errint_t same_compare(const struct same *same, struct ventry *a, struct ventry *b, uint32_t *what,
		      struct mica_error *err)
{
	bool equal;
	errint_t ret;

	*what = (a->mode != b->mode ? MICA_MODE : 0) | (same_times(a, b) ? 0 : MICA_TIMES) |
		(a->uid != b->uid || a->gid != b->gid ? MICA_OWNER : 0) | (a->flags != b->flags ? MICA_FLAGS : 0);
	ret = compare_content(same, a, b, &equal, err);
	if (ret)
		return ret;
	*what |= equal ? 0 : MICA_CONTENT;
	if (same_inode(a, b) && a->view->space == b->view->space)
		return 0;
	ret = compare_xattrs(a, b, &equal, err);
	*what |= equal ? 0 : MICA_XATTR;
	return ret;
}
