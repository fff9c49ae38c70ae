/* layer-flags.c - the flags of inodes (chattr) in a layer that is written. */
#include "layer-flags.h"

#include <fcntl.h>

struct flagged {
	char *path;
	uint8_t flags;
};

/* Takes ownership of path. */
static errint_t remember(struct layer *layer, char *path, uint8_t flags)
{
	if (path && layer->flagged_count == layer->flagged_room) {
		size_t room = layer->flagged_room ? layer->flagged_room * 2 : 16;
		struct flagged *flagged = reallocarray(layer->flagged, room, sizeof(*flagged));

		if (flagged) {
			layer->flagged = flagged;
			layer->flagged_room = room;
		}
	}
	if (!path || layer->flagged_count == layer->flagged_room) {
		free(path);
		return -ENOMEM;
	}
	layer->flagged[layer->flagged_count++] = (struct flagged){path, flags};
	return 0;
}

errint_t layer_remember_flags(struct layer *layer, const char *name, const struct ventry *entry)
{
	if (!entry->flags || layer->how.flags & MICA_OWN)
		return 0;
	return remember(layer, dir_stack_join(&layer->stack, name), entry->flags);
}

static errint_t protect(struct layer *layer, const struct flagged *flagged)
{
	const char *slash = strrchr(flagged->path, '/');
	cleanup_fd int dir = -1;
	errint_t code = open_below(layer->stack.levels[0].fd, flagged->path,
				   slash ? (size_t)(slash - flagged->path) : 0, O_PATH, &dir);

	if (code < 0)
		return mica_fail(layer->err, code, "open", flagged->path);
	return flags_protect(dir, slash ? slash + 1 : flagged->path, flagged->flags, flagged->path, layer->err);
}

void layer_tell_lost(struct layer *layer, int from, int to)
{
	int lost = layer->how.job ? flags_lost(from, to) : 0;

	if (!lost)
		return;
	__atomic_fetch_or(&layer->how.job->unkept_flags, (uint32_t)lost, __ATOMIC_RELAXED);
	__atomic_fetch_add(&layer->how.job->unkept, 1, __ATOMIC_RELAXED);
}

errint_t layer_set_flags(struct layer *layer)
{
	errint_t code = 0;

	for (size_t i = 0; code == 0 && i < layer->flagged_count; i++)
		code = protect(layer, &layer->flagged[i]);
	return code;
}

void layer_forget_flags(struct layer *layer)
{
	for (size_t i = 0; i < layer->flagged_count; i++)
		free(layer->flagged[i].path);
	free(layer->flagged);
}

void layer_tell_lost_of_directory(struct layer *layer, const struct ventry *entry, int to)
{
	const char *name = entry->layer_dir && *entry->name ? entry->name : ".";
	cleanup_fd int from =
		entry->layer_dir ? openat(entry->layer_dir->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				 : -1;

	if (from >= 0)
		layer_tell_lost(layer, from, to);
}
