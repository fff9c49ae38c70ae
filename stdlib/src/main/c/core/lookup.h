/* lookup.h - a lookup under way, as the kernel's ovl_lookup does it. Private to core/. */
#ifndef MICA_LOOKUP_H
#define MICA_LOOKUP_H

#include "overlay-xattrs.h"

/* As in struct ovl_lookup_data. */
struct search {
	struct vdir *dir;
	struct ventry *out;
	struct mica_error *err;
	const char *path; /* looked for in the next layer: a name, or "/a/b" from the layer's root */
	char *redirected; /* owns path once a redirect changed it */
	uint32_t layer;
	unsigned char as; /* DT_DIR, DT_REG: open it first, and then look at it */
	bool stop;
	bool is_dir;
	bool metacopy; /* the bytes of the last file found are in a layer below */
	bool from_root;
};

/* ovl_lookup_single for a component that is not the last: finds out only whether and how to go on. prelen bytes of the
 * path lie before this component, and post is what comes after it. */
errint_t lookup_pass(struct search *s, struct ventry *found, uint32_t overlay_xattrs, size_t prelen, const char *post);

/* ovl_lookup_single for the last component, likewise. */
errint_t lookup_last(struct search *s, struct layer_dir *base, struct ventry *found, uint32_t overlay_xattrs,
		     size_t prelen);

#endif
