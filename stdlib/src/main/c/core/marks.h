/*
 * marks.h - what overlay's own attributes on an entry of a layer say, read as the kernel reads them. Where a comment
 * names an ovl_ function, that is the one that decides. Private to core/.
 */
#ifndef MICA_MARKS_H
#define MICA_MARKS_H

#include "view.h"

/* MARK_* of the entry, whose xattrs are listed then. One that we do not know is a failure. */
errint_t marks_read(struct ventry *entry, uint32_t *marks, struct mica_error *err);
/* Whether a directory that has these marks is opaque. */
errint_t marks_opaque(const struct ventry *entry, uint32_t marks, bool *opaque, struct mica_error *err);
/* Of an entry with MARK_REDIRECT: a name, or an absolute path; to be freed. */
errint_t marks_redirect(const struct ventry *entry, char **to, struct mica_error *err);

/* ovl_check_protattr: adds what the topmost layer says of an entry to its flags. */
errint_t marks_protattr(struct ventry *entry, uint32_t marks, struct mica_error *err);

#endif
