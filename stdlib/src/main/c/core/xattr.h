/*
 * xattr.h - extended attributes of a name in a directory, seen as a tree shows them: raw, or through
 * overlayfs, which hides its own and unescapes what a nested overlay escaped. Private to core/.
 *
 * dirfd and name: name is one component and never followed; "" means dirfd itself (which must then be
 * a real descriptor, not O_PATH).
 */
#ifndef MICA_XATTR_H
#define MICA_XATTR_H

#include "base.h"

/* Whose overlay.* attributes belong to the overlay: nobody's in a plain tree. */
enum xattr_space { XATTR_PLAIN = 0, XATTR_TRUSTED, XATTR_USER };

/* Which of overlay's own attributes an entry has. */
#define OVERLAY_XATTR_OPAQUE 0x01u	/* overlay.opaque is there; its value must be read: 'y' or 'x' */
#define OVERLAY_XATTR_REDIRECT 0x02u	/* overlay.redirect */
#define OVERLAY_XATTR_METACOPY 0x04u	/* overlay.metacopy: the data is in a lower layer */
#define OVERLAY_XATTR_WHITEOUT 0x08u	/* overlay.whiteout: a whiteout if a zero-size regular file */
#define OVERLAY_XATTR_NLINK 0x10u	/* overlay.nlink: an index=on hard link */
#define OVERLAY_XATTR_BOOKKEEPING 0x20u /* origin, impure, upper, uuid, whiteouts: no meaning for the tree */
#define OVERLAY_XATTR_UNKNOWN 0x40u	/* an overlay attribute that we do not know */
#define OVERLAY_XATTR_PROTATTR 0x80u	/* overlay.protattr: flags.h */

/* The raw names, each ended by NUL, as listxattr gives them. Zeroed before first use; freed once. */
struct xattr_names {
	char *list; /* fixed or heap */
	size_t len;
	char *heap;
	char fixed[1024];
};
errint_t xattr_list(int dirfd, const char *name, struct xattr_names *names);
void xattr_names_free(struct xattr_names *names);

/* OVERLAY_XATTR_* of a list of names. *unknown (may be NULL) gets the first of overlay's that we do not know. */
uint32_t overlay_xattrs_of(const struct xattr_names *names, enum xattr_space space, const char **unknown);

/* "trusted.overlay." or "user.overlay."; "" for XATTR_PLAIN. */
const char *xattr_prefix(enum xattr_space space);

/* The value, or -ENODATA. *value is to be freed and ends with a NUL that *len does not count. */
errint_t xattr_get(int dirfd, const char *name, const char *attr, void **value, size_t *len);
errint_t xattr_set(int dirfd, const char *name, const char *attr, const void *value, size_t len);
errint_t xattr_remove(int dirfd, const char *name, const char *attr);

/* What a tree shows: shown names sorted by bytes, with values. What may not be read is left out. */
struct xattr {
	char *name; /* as shown (unescaped); name and value are in one allocation */
	void *value;
	size_t len;
};
struct xattr_view {
	struct xattr *list;
	size_t count;
};
errint_t xattr_read(int dirfd, const char *name, enum xattr_space space, struct xattr_view *view);
errint_t xattr_read_listed(int dirfd, const char *name, enum xattr_space space, const struct xattr_names *names,
			   struct xattr_view *view);
bool xattr_view_equal(const struct xattr_view *a, const struct xattr_view *b);
void xattr_view_free(struct xattr_view *view);

/*
 * The name to store so that an overlay of that space shows attr: trusted.overlay.x becomes
 * trusted.overlay.overlay.x. Writes into buf (XATTR_STORED_MAX) and returns it, or attr itself.
 */
#define XATTR_STORED_MAX 272
const char *xattr_escape(const char *attr, enum xattr_space space, char *buf);

static inline void cleanup_xattr_names_p(struct xattr_names *names)
{
	xattr_names_free(names);
}
static inline void cleanup_xattr_view_p(struct xattr_view *view)
{
	xattr_view_free(view);
}
#define cleanup_xattr_names __attribute__((cleanup(cleanup_xattr_names_p)))
#define cleanup_xattr_view __attribute__((cleanup(cleanup_xattr_view_p)))

#endif
