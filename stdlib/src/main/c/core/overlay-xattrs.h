/*
 * overlay-xattrs.h - what overlay's own attributes on an entry of a layer say, read as the kernel reads them. Where
 * a comment names an ovl_ function of the kernel, that function decides. Private to core/.
 */
#ifndef MICA_OVERLAY_XATTRS_H
#define MICA_OVERLAY_XATTRS_H

#include "view.h"

/* OVERLAY_XATTR_* of the entry; its xattrs are listed afterwards. An overlay attribute that we do not know is a
 * failure. */
errint_t overlay_xattrs_read(struct ventry *entry, uint32_t *overlay_xattrs, struct mica_error *err);
/* Whether a directory that has these overlay attributes is opaque. */
errint_t overlay_xattrs_opaque(const struct ventry *entry, uint32_t overlay_xattrs, bool *opaque,
			       struct mica_error *err);
/* Where an entry with OVERLAY_XATTR_REDIRECT leads: a name, or an absolute path; to be freed. */
errint_t overlay_xattrs_redirect(const struct ventry *entry, char **to, struct mica_error *err);

/* ovl_check_protattr: adds to the entry's flags what overlay.protattr of the topmost layer says. */
errint_t overlay_xattrs_protattr(struct ventry *entry, uint32_t overlay_xattrs, struct mica_error *err);

#endif
