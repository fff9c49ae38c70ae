/* lookup.h - the state of a lookup, which goes as the kernel's ovl_lookup does. Private to core/. */
#ifndef MICA_LOOKUP_H
#define MICA_LOOKUP_H

#include "overlay-xattrs.h"

/* As in struct ovl_lookup_data. */
struct search {
	struct vdir *dir;
	struct ventry *out;
	struct mica_error *err;
	const char *path; /* what is looked up in the next layer: a name, or "/a/b" from the layer's root */
	char *redirected; /* owns path once a redirect has changed it */
	uint32_t layer;
	unsigned char as; /* DT_DIR or DT_REG: the entry is opened first, and then looked at */
	bool stop;
	bool is_dir;
	bool metacopy; /* the bytes of the last file found are in a layer below */
	bool from_root;
};

/* Does what ovl_lookup_single does for a component that is not the last: it only finds out whether and how to go on.
 * prelen bytes of the path lie before this component, and post is the rest after it. */
errint_t lookup_pass(struct search *s, struct ventry *found, uint32_t overlay_xattrs, size_t prelen, const char *post);

/* Does what ovl_lookup_single does for the last component. */
errint_t lookup_last(struct search *s, struct layer_dir *base, struct ventry *found, uint32_t overlay_xattrs,
		     size_t prelen);

#endif
