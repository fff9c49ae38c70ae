/*
 * lookup.c - finds out what a name in a directory of a view is, as the kernel's ovl_lookup does, step by step. If a
 * comment names an ovl_ function, the code does what that function does.
 */
#include "lookup.h"

#include <fcntl.h>
#include <stdio.h>

static void ventry_init(struct ventry *entry, const struct view *view)
{
	ventry_none(entry);
	entry->view = view;
}

static bool is_device_whiteout(const struct ventry *entry)
{
	return entry->type == 'c' && entry->rdev == 0;
}

/*
 * With index=on, one inode of the upper can be several names of the lower, and only some of these names are in the
 * upper's folders. A file with one name in the lower may have overlay.nlink too (nfs_export=on).
 */
static errint_t check_index(struct search *s, uint32_t part, const struct ventry *entry)
{
	struct ventry lower;

	ventry_init(&lower, s->dir->view);
	for (uint32_t i = part + 1; i < s->dir->count; i++) {
		errint_t ret = ventry_stat(s->dir->parts[i].layer_dir, entry->name, &lower, s->err);

		if (ret)
			return ret;
		if (lower.type == 'f' && lower.nlink == 1)
			return 0;
		if (lower.type)
			break;
	}
	return layer_dir_fail(
		s->err, -EOPNOTSUPP, "look up", entry->layer_dir, entry->name,
		"a hard link of a union mounted with index=on (xattr overlay.nlink); such an upper cannot be "
		"read without its work folder");
}

/* Looks at one name of one real directory; found->type is 0 if the layer has nothing that counts there. */
static errint_t look(struct search *s, struct layer_dir *base, const char *name, struct ventry *found,
		     uint32_t *overlay_xattrs)
{
	errint_t ret = ventry_stat(base, name, found, s->err);

	*overlay_xattrs = 0;
	if (ret || !found->type || !s->dir->view->overlay)
		return ret;
	if (!is_device_whiteout(found)) {
		ret = overlay_xattrs_read(found, overlay_xattrs, s->err);
		if (ret || !(*overlay_xattrs & OVERLAY_XATTR_WHITEOUT) || found->type != 'f' || found->size)
			return ret;
	}
	s->stop = true;
	found->type = 0;
	return 0;
}

/* Frees what a second look at the same name would overwrite. The result is put into s->out or spare. */
static struct ventry *target(struct search *s, struct ventry *spare)
{
	if (s->out->type)
		return spare;
	ventry_free(s->out);
	return s->out;
}

/* If the entry is not of the expected type, ventry_stat handles it. -ENOENT: there is nothing. */
static errint_t open_as(const struct search *s, const struct layer_dir *base, int *fd)
{
	struct layer_dirs *layer_dirs = s->dir->view->layer_dirs;
	errint_t ret = 0;

	if (s->as == DT_DIR && layer_dirs_have_room(layer_dirs))
		ret = layer_dir_openat(layer_dirs, base->fd, s->path, O_RDONLY | O_DIRECTORY, fd);
	else if (s->as == DT_REG)
		ret = layer_dir_openat(layer_dirs, base->fd, s->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, fd);
	return ret == -ENOENT ? ret : 0;
}

static errint_t look_for_name(struct search *s, struct layer_dir *base, uint32_t part)
{
	struct ventry spare cleanup_ventry;
	struct ventry *found;
	uint32_t overlay_xattrs;
	errint_t ret;

	ventry_init(&spare, s->dir->view);
	found = target(s, &spare);
	if (open_as(s, base, &found->fd))
		return 0;
	ret = look(s, base, s->path, found, &overlay_xattrs);
	if (ret || !found->type)
		return ret;
	if (overlay_xattrs & OVERLAY_XATTR_NLINK && found->type != 'd') {
		ret = check_index(s, part, found);
		if (ret)
			return ret;
	}
	return lookup_last(s, base, found, overlay_xattrs, 0);
}

/* One component of an absolute redirect; *base is the directory it leads to, or NULL. */
static errint_t step_down(struct search *s, struct layer_dir **base, const char *name, size_t prelen, const char *post)
{
	struct ventry found cleanup_ventry;
	struct layer_dir *next = NULL;
	uint32_t overlay_xattrs;
	int fd;
	errint_t ret = layer_dir_pin(s->dir->view->layer_dirs, *base, &fd);

	ventry_init(&found, s->dir->view);
	if (ret)
		return layer_dir_fail(s->err, ret, "open", *base, "", NULL);
	ret = look(s, *base, name, &found, &overlay_xattrs);
	if (!ret && found.type && !*post)
		ret = lookup_last(s, *base, &found, overlay_xattrs, prelen);
	else if (!ret && found.type && found.type != 'd')
		s->stop = true;
	else if (!ret && found.type) {
		ret = layer_dir_child(*base, name, strlen(name), found.ino, &next);
		if (!ret)
			ret = lookup_pass(s, &found, overlay_xattrs, prelen, post);
	}
	layer_dir_unpin(s->dir->view->layer_dirs, *base);
	layer_dir_unref(s->dir->view->layer_dirs, *base);
	*base = next;
	return ret;
}

/* ovl_lookup_layer for "/a/b/c". s->path may change meanwhile, but only before the part that is still to be walked. */
static errint_t look_for_path(struct search *s, struct layer_dir *root)
{
	struct layer_dir *base = layer_dir_ref(root);
	size_t rem = strlen(s->path) - 1;
	errint_t ret = 0;

	while (!ret && base) {
		const char *at = s->path + strlen(s->path) - rem;
		size_t len = strcspn(at, "/");
		cleanup_free char *name = strndup(at, len), *post = strdup(at + len);

		if (!name || !post)
			ret = layer_dir_fail(s->err, -ENOMEM, "look up", base, "", NULL);
		else
			ret = step_down(s, &base, name, strlen(s->path) - rem, post);
		if (rem <= len)
			break;
		rem -= len + 1;
	}
	if (base)
		layer_dir_unref(s->dir->view->layer_dirs, base);
	return ret;
}

/* Looks in the layers of the directory from `part` on; after an absolute redirect, in the roots of all layers below. */
static errint_t search_parts(struct search *s, uint32_t part, uint32_t end)
{
	const struct view *view = s->dir->view;
	errint_t ret = 0;

	for (; !ret && !s->stop && !s->from_root && part < end; part++) {
		struct layer_dir *layer_dir = s->dir->parts[part].layer_dir;

		s->layer = s->dir->parts[part].layer;
		ret = look_for_name(s, layer_dir, part);
		s->from_root = *s->path == '/';
	}
	if (!s->from_root || end < s->dir->count)
		return ret;
	while (!ret && !s->stop && ++s->layer < view->count)
		ret = look_for_path(s, view->roots[s->layer]);
	return ret;
}

static errint_t finish(struct search *s, errint_t ret)
{
	struct ventry *out = s->out;

	free(s->redirected);
	if (!ret && s->metacopy)
		ret = layer_dir_fail(s->err, -EIO, "look up", out->layer_dir, out->name,
				     "a metacopy file without its data below: a layer is missing or was changed");
	if (ret || !out->type) {
		ventry_free(out);
		out->type = 0;
	}
	return ret;
}

/* In an overlay a file's bytes may be elsewhere, and most files of an upper differ in their attributes already. */
static unsigned char opened_first(const struct vdir *dir, unsigned char as)
{
	return as == DT_DIR || (as == DT_REG && !dir->view->overlay) ? as : DT_UNKNOWN;
}

errint_t vdir_lookup(struct vdir *dir, const char *name, struct ventry *out, struct mica_error *err)
{
	return vdir_lookup_as(dir, name, DT_UNKNOWN, out, err);
}

errint_t vdir_lookup_as(struct vdir *dir, const char *name, unsigned char as, struct ventry *out,
			struct mica_error *err)
{
	struct search s = {.dir = dir, .out = out, .err = err, .path = name, .as = opened_first(dir, as)};

	ventry_init(out, dir->view);
	return finish(&s, search_parts(&s, 0, dir->count));
}

/* Adds the parts of the lower directory, which is already known, below those of this one. */
static errint_t append_below(struct search *s, const struct ventry *below)
{
	uint32_t shift = s->dir->view->count - below->view->count;

	if (below->type != 'd')
		return 0;
	for (uint32_t i = 0; i < below->dir->count; i++) {
		const struct vpart *part = &below->dir->parts[i];

		s->out->dir->parts[s->out->dir->count++] =
			(struct vpart){layer_dir_ref(part->layer_dir), part->layer + shift};
	}
	return 0;
}

errint_t vdir_lookup_over(struct vdir *dir, uint32_t extra, const struct ventry *below, const char *name,
			  unsigned char as, struct ventry *out, struct mica_error *err)
{
	struct search s = {.dir = dir, .out = out, .err = err, .path = name, .as = opened_first(dir, as)};
	errint_t ret;

	ventry_init(out, dir->view);
	ret = search_parts(&s, 0, extra);
	if (!ret && !s.stop && s.is_dir && !s.redirected)
		ret = append_below(&s, below);
	else if (!ret && !s.stop)
		ret = search_parts(&s, extra, dir->count);
	return finish(&s, ret);
}

static bool is_root(const struct vdir *dir)
{
	return dir->parts[0].layer_dir == dir->view->roots[dir->parts[0].layer];
}

errint_t vdir_self(struct vdir *dir, struct ventry *out, struct mica_error *err)
{
	uint32_t overlay_xattrs;
	errint_t ret;

	ventry_init(out, dir->view);
	ret = ventry_stat(dir->parts[0].layer_dir, "", out, err);
	/* The directory is open but not there: it was removed meanwhile, on a file system that looks names up. */
	if (!ret && !out->type)
		ret = layer_dir_fail(err, -ENOENT, "stat", dir->parts[0].layer_dir, "", NULL);
	if (ret)
		return ret;
	out->layer = dir->parts[0].layer;
	out->dir = vdir_ref(dir);
	ret = dir->view->overlay ? overlay_xattrs_read(out, &overlay_xattrs, err) : 0;
	if (is_root(dir))
		out->flags = 0;
	else if (!ret && dir->view->overlay && !out->layer)
		ret = overlay_xattrs_protattr(out, overlay_xattrs, err);
	if (ret)
		ventry_free(out);
	return ret;
}
