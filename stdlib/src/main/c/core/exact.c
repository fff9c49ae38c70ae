/* exact.c - the one rule for the writer, the reader and the manifest of an exact copy. */
#include "exact.h"

#include "flags.h"

#define LEFT_OUT (OVERLAY_XATTR_BOOKKEEPING | OVERLAY_XATTR_PROTATTR)
#define REFUSED (OVERLAY_XATTR_REDIRECT | OVERLAY_XATTR_METACOPY | OVERLAY_XATTR_NLINK | OVERLAY_XATTR_UNKNOWN)

/* OVERLAY_XATTR_* of this attribute alone; 0: it is none of overlay's own. */
static uint32_t meaning(const char *attr, enum xattr_space space)
{
	struct xattr_names one;

	one.heap = NULL; /* the rest need not be zeroed for every attribute */
	one.list = (char *)attr;
	one.len = strlen(attr) + 1;
	return overlay_xattrs_of(&one, space, NULL);
}

bool exact_has(const char *attr, enum xattr_space space)
{
	return !(meaning(attr, space) & (LEFT_OUT | REFUSED));
}

static errint_t read_flags(int dirfd, const char *name, const char *attr, uint8_t *flags)
{
	cleanup_free char *value = NULL;
	size_t len;
	errint_t code = xattr_get(dirfd, name, attr, (void **)&value, &len);

	if (code == 0)
		*flags |= flags_of_text(value);
	return code;
}

/* Copies what is to be copied to kept, which has room for all of names. */
static errint_t choose(int dirfd, const char *name, enum xattr_space space, const struct xattr_names *names,
		       struct xattr_names *kept, uint8_t *flags, const char **why)
{
	for (size_t at = 0, len; at < names->len; at += len) {
		const char *attr = names->list + at;
		uint32_t means = meaning(attr, space);
		errint_t code = 0;

		len = strlen(attr) + 1;
		*why = attr;
		if (means & REFUSED)
			return -EOPNOTSUPP;
		if (means & OVERLAY_XATTR_PROTATTR)
			code = read_flags(dirfd, name, attr, flags);
		if (code < 0)
			return code;
		if (!(means & LEFT_OUT)) {
			memcpy(kept->list + kept->len, attr, len);
			kept->len += len;
		}
	}
	return 0;
}

errint_t exact_xattrs(int dirfd, const char *name, enum xattr_space space, const struct xattr_names *names,
		      struct xattr_view *xattrs, uint8_t *flags, const char **why)
{
	struct xattr_names kept;
	cleanup_free char *list = names->len ? malloc(names->len) : NULL;
	errint_t code;

	*why = "";
	*xattrs = (struct xattr_view){0};
	if (!names->len)
		return 0;
	if (!list)
		return -ENOMEM;
	kept.heap = NULL;
	kept.list = list;
	kept.len = 0;
	code = choose(dirfd, name, space, names, &kept, flags, why);
	return code < 0 ? code : xattr_read_listed(dirfd, name, XATTR_PLAIN, &kept, xattrs);
}
