/*
 * xattr.h - the extended attributes of a name in a directory, as a tree shows them: raw, or as overlayfs
 * shows them, which hides its own and unescapes those that a nested overlay has escaped. Private to core/.
 *
 * An entry is addressed by dirfd and name. name is one component, and is never followed; "" means dirfd
 * itself, which must then be a real descriptor, not O_PATH.
 */
#ifndef MICA_XATTR_H
#define MICA_XATTR_H

#include "base.h"

/* The space whose overlay.* attributes belong to the overlay; in a plain tree there is none. */
enum xattr_space { XATTR_PLAIN = 0, XATTR_TRUSTED, XATTR_USER };

/* Which of overlay's own attributes an entry has. */
#define OVERLAY_XATTR_OPAQUE 0x01u	/* overlay.opaque is there; its value must be read: 'y' or 'x' */
#define OVERLAY_XATTR_REDIRECT 0x02u	/* overlay.redirect */
#define OVERLAY_XATTR_METACOPY 0x04u	/* overlay.metacopy: the data is in a lower layer */
#define OVERLAY_XATTR_WHITEOUT 0x08u	/* overlay.whiteout: a whiteout if a zero-size regular file */
#define OVERLAY_XATTR_NLINK 0x10u	/* overlay.nlink: an index=on hard link */
#define OVERLAY_XATTR_BOOKKEEPING 0x20u /* origin, impure, upper, uuid, whiteouts: no meaning for the tree */
#define OVERLAY_XATTR_UNKNOWN 0x40u	/* an overlay attribute that is not known */
#define OVERLAY_XATTR_PROTATTR 0x80u	/* overlay.protattr: see flags.h */

/* The raw names, each with a NUL, as listxattr(2) gives them. The struct must be zeroed before its first use, and freed
 * once. */
struct xattr_names {
	char *list; /* points to fixed or heap */
	size_t len;
	char *heap;
	char fixed[1024];
};
errint_t xattr_list(int dirfd, const char *name, struct xattr_names *names);
void xattr_names_free(struct xattr_names *names);

/* Returns the OVERLAY_XATTR_* of a list of names. *unknown gets the first overlay attribute that is not known, borrowed
 * from names; unknown may be NULL. */
uint32_t overlay_xattrs_of(const struct xattr_names *names, enum xattr_space space, const char **unknown);

/* "trusted.overlay." or "user.overlay."; "" for XATTR_PLAIN. */
const char *xattr_prefix(enum xattr_space space);

/* Gets the value, which has a NUL at its end that *len does not count. The caller must free *value. -ENODATA: there is
 * no such attribute. */
errint_t xattr_get(int dirfd, const char *name, const char *attr, void **value, size_t *len);
errint_t xattr_set(int dirfd, const char *name, const char *attr, const void *value, size_t len);
errint_t xattr_remove(int dirfd, const char *name, const char *attr);

/* The attributes that a tree shows, sorted by the bytes of their names. Those that the caller may not read are left
 * out. */
struct xattr {
	char *name; /* as shown (unescaped); in the same allocation as value */
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
 * Returns the name that must be stored so that an overlay of that space shows attr: trusted.overlay.x becomes
 * trusted.overlay.overlay.x. It is buf, which has XATTR_STORED_MAX bytes, or attr itself.
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
