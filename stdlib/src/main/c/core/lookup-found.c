/* lookup-found.c - what becomes of a lookup by what it has found in one layer. */
#include "lookup.h"

#include <stdio.h>

/* ovl_check_redirect: prelen bytes of path lie before this component, post is what comes after it. */
static errint_t follow_redirect(struct search *s, const struct ventry *entry, size_t prelen, const char *post)
{
	cleanup_free char *value = NULL, *path = NULL;
	errint_t ret = overlay_xattrs_redirect(entry, &value, s->err);

	if (ret)
		return ret;
	if (*value == '/') {
		s->stop = false; /* an opaque ancestor does not stop an absolute redirect */
		prelen = 0;
	}
	if (asprintf(&path, "%.*s%s%s", (int)prelen, s->path, value, post) < 0) {
		path = NULL;
		return layer_dir_fail(s->err, -ENOMEM, "look up", entry->layer_dir, entry->name, NULL);
	}
	free(s->redirected);
	s->path = s->redirected = steal_pointer(&path);
	return 0;
}

static errint_t add_part(struct search *s, struct layer_dir *base, struct ventry *found)
{
	struct ventry *out = s->out;
	struct layer_dir *layer_dir;
	errint_t ret;

	if (!out->dir) {
		out->dir = malloc(sizeof(*out->dir) + s->dir->view->count * sizeof(struct vpart));
		if (!out->dir)
			return layer_dir_fail(s->err, -ENOMEM, "look up", base, found->name, NULL);
		*out->dir = (struct vdir){.view = s->dir->view, .refs = 1};
	}
	ret = found->fd >= 0 ? ventry_list_xattrs(found, s->err) : 0; /* a parked directory may lose its fd */
	if (ret)
		return ret;
	ret = layer_dir_child(base, found->name, strlen(found->name), found->ino, &layer_dir);
	if (ret)
		return layer_dir_fail(s->err, ret, "look up", base, found->name, NULL);
	if (found->fd >= 0)
		layer_dir_adopt(s->dir->view->layer_dirs, layer_dir, steal_fd(&found->fd));
	out->dir->parts[out->dir->count++] = (struct vpart){layer_dir, s->layer};
	return 0;
}

static errint_t set_data(struct search *s, struct layer_dir *base, const struct ventry *found)
{
	struct ventry *out = s->out;

	if (out->data_dir)
		layer_dir_unref(out->view->layer_dirs, out->data_dir);
	free(out->data_name);
	out->data_dir = layer_dir_ref(base);
	out->data_name = strdup(found->name);
	out->data_ino = found->ino;
	out->data_dev = found->dev;
	out->data_blocks = found->blocks;
	return out->data_name ? 0 : layer_dir_fail(s->err, -ENOMEM, "look up", base, found->name, NULL);
}

/* The last component was found in a layer. It is the entry, or a lower part of the directory, or has the bytes. */
static errint_t take(struct search *s, struct layer_dir *base, struct ventry *found, uint32_t overlay_xattrs)
{
	errint_t ret = 0;

	if (found == s->out)
		found->layer = s->layer;
	if (found == s->out && !s->layer)
		ret = overlay_xattrs_protattr(found, overlay_xattrs, s->err);
	if (ret)
		return ret;
	if (found->type == 'd')
		return add_part(s, base, found);
	if (found == s->out) {
		found->metacopy = s->metacopy;
		return 0;
	}
	return set_data(s, base, found);
}

errint_t lookup_pass(struct search *s, struct ventry *found, uint32_t overlay_xattrs, size_t prelen, const char *post)
{
	bool opaque;
	errint_t ret = overlay_xattrs_opaque(found, overlay_xattrs, &opaque, s->err);

	if (!ret && opaque)
		s->stop = true;
	else if (!ret && overlay_xattrs & OVERLAY_XATTR_REDIRECT)
		ret = follow_redirect(s, found, prelen, post);
	return ret;
}

errint_t lookup_last(struct search *s, struct layer_dir *base, struct ventry *found, uint32_t overlay_xattrs,
		     size_t prelen)
{
	errint_t ret;

	if ((s->metacopy && found->type != 'f') || (s->is_dir && found->type != 'd')) {
		s->stop = true;
		found->type = 0;
		return 0;
	}
	if (found->type == 'd') {
		s->is_dir = true;
		ret = take(s, base, found, overlay_xattrs);
		return ret ? ret : lookup_pass(s, found, overlay_xattrs, prelen, "");
	}
	s->metacopy = found->type == 'f' && overlay_xattrs & OVERLAY_XATTR_METACOPY;
	s->stop = !s->metacopy;
	ret = take(s, base, found, overlay_xattrs);
	if (!ret && s->metacopy && overlay_xattrs & OVERLAY_XATTR_REDIRECT)
		ret = follow_redirect(s, found, prelen, "");
	return ret;
}
