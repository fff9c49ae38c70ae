/*
 * tar-flags.c - the immutable and append-only entries of an exact copy that is read. Nothing comes twice in one, so
 * that a path is still what it was when it was remembered.
 */
#include <fcntl.h>

#include "dir-stack.h"
#include "flags.h"
#include "tar-extract.h"

struct tar_flagged {
	char *path;
	uint8_t flags;
};

errint_t tar_extract_remember_flags(struct tar_extract *extract, const char *path, uint8_t flags)
{
	cleanup_free char *copy = NULL;

	if (!flags || !*path || extract->own)
		return 0;
	copy = strdup(path);
	if (copy && extract->flagged_count == extract->flagged_room) {
		size_t room = extract->flagged_room ? extract->flagged_room * 2 : 16;
		struct tar_flagged *flagged = reallocarray(extract->flagged, room, sizeof(*flagged));

		if (flagged) {
			extract->flagged = flagged;
			extract->flagged_room = room;
		}
	}
	if (!copy || extract->flagged_count == extract->flagged_room)
		return mica_fail(extract->err, -ENOMEM, "read tar", path);
	extract->flagged[extract->flagged_count++] = (struct tar_flagged){steal_pointer(&copy), flags};
	return 0;
}

errint_t tar_extract_protect(struct tar_extract *extract)
{
	errint_t code = 0;

	for (size_t i = 0; code == 0 && i < extract->flagged_count; i++) {
		const struct tar_flagged *flagged = &extract->flagged[i];
		const char *slash = strrchr(flagged->path, '/');
		cleanup_fd int dir = -1;

		code = open_below(extract->root, flagged->path, slash ? (size_t)(slash - flagged->path) : 0, O_PATH,
				  &dir);
		if (code < 0)
			return mica_fail(extract->err, code, "open", flagged->path);
		code = flags_protect(dir, slash ? slash + 1 : flagged->path, flagged->flags, flagged->path,
				     extract->err);
	}
	return code;
}

void tar_extract_forget_flags(struct tar_extract *extract)
{
	for (size_t i = 0; i < extract->flagged_count; i++)
		free(extract->flagged[i].path);
	free(extract->flagged);
}
