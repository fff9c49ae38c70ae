#include "overlay-xattrs.h"

#include <stdio.h>

static errint_t refuse_unknown(const struct ventry *entry, const char *attr, struct mica_error *err)
{
	char note[320];

	snprintf(note, sizeof(note), "it has the xattr %s, whose meaning to overlayfs is not known here", attr);
	return layer_dir_fail(err, -EOPNOTSUPP, "look up", entry->layer_dir, entry->name, note);
}

errint_t overlay_xattrs_read(struct ventry *entry, uint32_t *overlay_xattrs, struct mica_error *err)
{
	const char *unknown = NULL;
	errint_t ret = ventry_list_xattrs(entry, err);

	*overlay_xattrs = 0;
	if (ret || !entry->xattrs.len)
		return ret;
	*overlay_xattrs = overlay_xattrs_of(&entry->xattrs, entry->view->space, &unknown);
	return *overlay_xattrs & OVERLAY_XATTR_UNKNOWN ? refuse_unknown(entry, unknown, err) : 0;
}

static errint_t read_value(const struct ventry *entry, const char *name, char **value, struct mica_error *err)
{
	char attr[64];
	size_t len;
	errint_t ret;

	snprintf(attr, sizeof(attr), "%s%s", xattr_prefix(entry->view->space), name);
	ret = xattr_get(entry->layer_dir->fd, entry->name, attr, (void **)value, &len);
	return ret ? layer_dir_fail(err, ret, "read xattr", entry->layer_dir, entry->name, attr) : 0;
}

/* ovl_get_opaquedir_val: one letter counts, anything else means nothing. */
errint_t overlay_xattrs_opaque(const struct ventry *entry, uint32_t overlay_xattrs, bool *opaque,
			       struct mica_error *err)
{
	cleanup_free char *value = NULL;
	errint_t ret;

	*opaque = false;
	if (!(overlay_xattrs & OVERLAY_XATTR_OPAQUE))
		return 0;
	ret = read_value(entry, "opaque", &value, err);
	*opaque = !ret && !strcmp(value, "y");
	return ret;
}

errint_t overlay_xattrs_protattr(struct ventry *entry, uint32_t overlay_xattrs, struct mica_error *err)
{
	cleanup_free char *value = NULL;
	errint_t ret;

	if (!(overlay_xattrs & OVERLAY_XATTR_PROTATTR))
		return 0;
	ret = read_value(entry, "protattr", &value, err);
	if (!ret)
		entry->flags |= flags_of_text(value);
	return ret;
}

/*
 * ovl_get_redirect_xattr: either a single name, or an absolute path without empty components; and as in
 * the kernel's lookup_one no component leads up.
 */
static bool is_valid_redirect(const char *value)
{
	size_t len;

	if (*value != '/' && strchr(value, '/'))
		return false;
	for (const char *s = value + (*value == '/');; s += len + 1) {
		len = strcspn(s, "/");
		if (!len || (*s == '.' && (len == 1 || (len == 2 && s[1] == '.'))))
			return false;
		if (!s[len])
			return true;
	}
}

errint_t overlay_xattrs_redirect(const struct ventry *entry, char **to, struct mica_error *err)
{
	errint_t ret = read_value(entry, "redirect", to, err);

	if (ret || is_valid_redirect(*to))
		return ret;
	return layer_dir_fail(err, -EINVAL, "look up", entry->layer_dir, entry->name,
			      "its overlay.redirect is neither a name nor an absolute path");
}
