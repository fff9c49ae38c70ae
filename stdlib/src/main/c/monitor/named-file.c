#include "monitor/named-file.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

/*
 * It is flushed as well, so it is not O_PATH. Root opens it as a private mount: then nothing is above it, even for a
 * name with dots. For other users, landlock does this.
 */
static int open_directory(const char *path)
{
	cleanup_fd int alone = geteuid() ? -1 : open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return alone < 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			 : openat(alone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

errint_t named_file_open(struct named_file *file, const char *path, struct mica_error *err)
{
	cleanup_free char *for_dir = strdup(path), *for_name = strdup(path);

	if (!for_dir || !for_name)
		return mica_fail(err, -ENOMEM, "open the directory of", path);
	if ((size_t)snprintf(file->name, sizeof(file->name), "%s", basename(for_name)) >= sizeof(file->name))
		return mica_fail(err, -ENAMETOOLONG, "open the directory of", path);
	file->dir = open_directory(dirname(for_dir));
	return file->dir < 0 ? mica_fail(err, -errno, "open the directory of", path) : 0;
}

errint_t named_file_claim(struct named_file *file, struct mica_error *err)
{
	struct stat st;

	if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mica_fail(err, -errno, "look at", file->name);
	file->device = st.st_dev;
	file->inode = st.st_ino;
	file->ours = true;
	return 0;
}

void named_file_remove(struct named_file *file)
{
	struct stat st;

	if (file->ours && fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == file->device &&
	    st.st_ino == file->inode)
		unlinkat(file->dir, file->name, 0);
	file->ours = false;
}
