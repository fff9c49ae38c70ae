/* exchange.c - two names for each other, at once and to stay. */
#include <fcntl.h>
#include <stdio.h>

#include "base.h"
#include "dir-stack.h"

/* The one that is not there, not on this file system, or mounted on; the kernel says only that it is one of the two. */
static const char *note_of(errint_t code)
{
	switch (code) {
	case -EXDEV:
		return "the two names are not in one mounted file system";
	case -EBUSY:
		return "one of the two is a mount point";
	case -EINVAL:
		return "one of the two lies in the other, or the file system cannot exchange names";
	default:
		return "";
	}
}

errint_t mica_exchange(const char *a, const char *b, struct mica_error *err)
{
	cleanup_fd int parent_a = -1, parent_b = -1;
	cleanup_free char *name_a = NULL, *name_b = NULL;
	errint_t code;

	mica_error_clear(err);
	code = open_parent(a, &parent_a, &name_a, err);
	if (!code)
		code = open_parent(b, &parent_b, &name_b, err);
	if (code)
		return code;
	if (renameat2(parent_a, name_a, parent_b, name_b, RENAME_EXCHANGE) < 0)
		return mica_fail_note(err, -errno, "exchange", a, "%s", note_of(-errno));
	if (fsync(parent_a) < 0)
		return mica_fail(err, -errno, "sync", a);
	return fsync(parent_b) < 0 ? mica_fail(err, -errno, "sync", b) : 0;
}
