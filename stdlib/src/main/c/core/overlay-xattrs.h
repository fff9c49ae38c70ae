/*
 * overlay-xattrs.h - what overlay's own attributes of an entry of a layer mean. They are read as the kernel reads them.
 * If a comment names an ovl_ function of the kernel, that function decides. Private to core/.
 */
#ifndef MICA_OVERLAY_XATTRS_H
#define MICA_OVERLAY_XATTRS_H

#include "view.h"

/* Gets OVERLAY_XATTR_* of the entry, and lists its xattrs. -EOPNOTSUPP: it has an unknown overlay attribute. */
errint_t overlay_xattrs_read(struct ventry *entry, uint32_t *overlay_xattrs, struct mica_error *err);
/* Whether a directory that has these overlay attributes is opaque. */
errint_t overlay_xattrs_opaque(const struct ventry *entry, uint32_t overlay_xattrs, bool *opaque,
			       struct mica_error *err);
/* Gets where an entry with OVERLAY_XATTR_REDIRECT leads: a name, or an absolute path. The caller must free *to, even
 * after a failure. -EINVAL: it is neither. */
errint_t overlay_xattrs_redirect(const struct ventry *entry, char **to, struct mica_error *err);

/* As ovl_check_protattr does, adds the flags in overlay.protattr of the topmost layer to the entry's flags. */
errint_t overlay_xattrs_protattr(struct ventry *entry, uint32_t overlay_xattrs, struct mica_error *err);

#endif
