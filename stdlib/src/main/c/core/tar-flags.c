/*
 * tar-flags.c - the immutable and append-only entries of an exact copy that is read. Nothing comes twice in one, so
 * that a path is still what it was when it was remembered.
 */
#include <fcntl.h>

#include "dir-stack.h"
#include "flags.h"
#include "tar-place.h"

struct tar_flagged {
	char *path;
	uint8_t flags;
};

errint_t tar_place_remember_flags(struct tar_place *place, const char *path, uint8_t flags)
{
	cleanup_free char *copy = NULL;

	if (!flags || !*path || place->own)
		return 0;
	copy = strdup(path);
	if (copy && place->flagged_count == place->flagged_room) {
		size_t room = place->flagged_room ? place->flagged_room * 2 : 16;
		struct tar_flagged *flagged = reallocarray(place->flagged, room, sizeof(*flagged));

		if (flagged) {
			place->flagged = flagged;
			place->flagged_room = room;
		}
	}
	if (!copy || place->flagged_count == place->flagged_room)
		return mica_fail(place->err, -ENOMEM, "read tar", path);
	place->flagged[place->flagged_count++] = (struct tar_flagged){steal_pointer(&copy), flags};
	return 0;
}

errint_t tar_place_protect(struct tar_place *place)
{
	errint_t code = 0;

	for (size_t i = 0; code == 0 && i < place->flagged_count; i++) {
		const struct tar_flagged *flagged = &place->flagged[i];
		const char *slash = strrchr(flagged->path, '/');
		cleanup_fd int dir = -1;

		code = open_below(place->root, flagged->path, slash ? (size_t)(slash - flagged->path) : 0, O_PATH,
				  &dir);
		if (code < 0)
			return mica_fail(place->err, code, "open", flagged->path);
		code = flags_protect(dir, slash ? slash + 1 : flagged->path, flagged->flags, flagged->path, place->err);
	}
	return code;
}

void tar_place_forget_flags(struct tar_place *place)
{
	for (size_t i = 0; i < place->flagged_count; i++)
		free(place->flagged[i].path);
	free(place->flagged);
}
