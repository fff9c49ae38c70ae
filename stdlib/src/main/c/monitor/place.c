#include "monitor/place.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

/*
 * To be flushed as well, so not O_PATH. Root opens it as a mount of its own: nothing is above it then, wherever a name
 * with dots would lead. For others there is landlock.
 */
static int open_directory(const char *path)
{
	cleanup_fd int alone = geteuid() ? -1 : open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return alone < 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			 : openat(alone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

errint_t place_open(struct place *place, const char *path, struct mica_error *err)
{
	cleanup_free char *for_dir = strdup(path), *for_name = strdup(path);

	if (!for_dir || !for_name)
		return mica_fail(err, -ENOMEM, "open the directory of", path);
	if ((size_t)snprintf(place->name, sizeof(place->name), "%s", basename(for_name)) >= sizeof(place->name))
		return mica_fail(err, -ENAMETOOLONG, "open the directory of", path);
	place->dir = open_directory(dirname(for_dir));
	return place->dir < 0 ? mica_fail(err, -errno, "open the directory of", path) : 0;
}

errint_t place_claim(struct place *place, struct mica_error *err)
{
	struct stat st;

	if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mica_fail(err, -errno, "look at", place->name);
	place->device = st.st_dev;
	place->inode = st.st_ino;
	place->ours = true;
	return 0;
}

void place_remove(struct place *place)
{
	struct stat st;

	if (place->ours && fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == place->device && st.st_ino == place->inode)
		unlinkat(place->dir, place->name, 0);
	place->ours = false;
}
