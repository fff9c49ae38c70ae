#include "upper.h"

#include <sys/stat.h>

static errint_t fail(const struct upper *upper, errint_t code, const char *step, const char *name, const char *note)
{
	cleanup_free char *path = dir_stack_join(upper->at, name);

	return mica_fail_note(upper->err, code, step, path && *path ? path : *name ? name : ".", "%s", note);
}

errint_t upper_xattrs(const struct upper *upper, int dirfd, const char *name, const char *shown,
		      struct xattr_names *names, uint32_t *overlay_xattrs)
{
	const uint32_t refers = OVERLAY_XATTR_REDIRECT | OVERLAY_XATTR_METACOPY | OVERLAY_XATTR_NLINK;
	const char *unknown = NULL;
	errint_t code = xattr_list(dirfd, name, names);

	if (code < 0)
		return fail(upper, code, "read attributes", shown, "");
	*overlay_xattrs = overlay_xattrs_of(names, upper->space, &unknown);
	if (*overlay_xattrs & OVERLAY_XATTR_UNKNOWN)
		return fail(upper, -EOPNOTSUPP, upper->step, shown, unknown);
	if (*overlay_xattrs & refers)
		return fail(upper, -EOPNOTSUPP, upper->step, shown,
			    "the layer refers to what is below it (redirect, metacopy or index): capture it first");
	return 0;
}

errint_t upper_opaque(const struct upper *upper, int dirfd, const char *shown, uint32_t overlay_xattrs, char *letter)
{
	cleanup_free char *bytes = NULL;
	char attr[40];
	size_t len;
	errint_t code;

	*letter = 0;
	if (!(overlay_xattrs & OVERLAY_XATTR_OPAQUE))
		return 0;
	strcpy(stpcpy(attr, xattr_prefix(upper->space)), "opaque");
	code = xattr_get(dirfd, "", attr, (void **)&bytes, &len);
	if (code == 0 && len == 1)
		*letter = *bytes;
	return code < 0 ? fail(upper, code, "read attributes", shown, attr) : 0;
}

int upper_is_whiteout(const struct upper *upper, int dirfd, const char *name, const struct statx *stx, char opaque)
{
	cleanup_xattr_names struct xattr_names names = {0};
	errint_t code;

	if (S_ISCHR(stx->stx_mode))
		return stx->stx_rdev_major == 0 && stx->stx_rdev_minor == 0;
	if (opaque != 'x' || !S_ISREG(stx->stx_mode) || stx->stx_size)
		return 0;
	code = xattr_list(dirfd, name, &names);
	if (code < 0)
		return fail(upper, code, "read attributes", name, "");
	return (overlay_xattrs_of(&names, upper->space, NULL) & OVERLAY_XATTR_WHITEOUT) != 0;
}
