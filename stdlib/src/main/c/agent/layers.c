/*
 * layers.c - the layers of unions, which are folders of shares and of disks, and which unions use them. A layer is
 * written SHARE/path, or @DISK/path.
 */
#include "container.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

#define DISKS_FROM_SHARES ".." DISKS "/"

/* The folder must exist below its share or disk, without a symbolic link on the way: otherwise the maker of a layer
 * could choose another folder. path is the layer as it was written, and root is where the share or disk is mounted. */
static errint_t check_layer(const char *path, const char *root, const struct mounted *mounted, struct mica_error *err)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	bool disk = *path == '@';
	const char *written = path + disk, *folder = disk ? DISKS : SHARES;
	size_t len = strcspn(written, "/");
	const char *below = written[len] && written[len + 1] ? written + len + 1 : ".";
	char name[LINE_MAX_NAME + 1];
	cleanup_fd int top = -1, fd = -1;

	snprintf(name, sizeof(name), "%.*s", (int)len, written);
	if (!line_is_name(written, len) || !mounted_at(mounted, folder, name))
		return mica_fail_note(err, -ENOENT, "find layer", path, "no %s of that name is mounted",
				      disk ? "disk" : "share");
	top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top >= 0)
		fd = (int)syscall(SYS_openat2, top, below, &how, sizeof(how));
	return fd < 0 ? mica_fail_at(err, -errno, "open", folder, written) : 0;
}

errint_t layer_read(const char *item, size_t len, const struct mounted *mounted, char **out, struct mica_error *err)
{
	size_t room = len + sizeof(DISKS_FROM_SHARES);
	cleanup_free char *written = malloc(len + 1), *path = malloc(room);
	char root[sizeof(DISKS_FROM_SHARES) + LINE_MAX_NAME];
	errint_t code = written && path ? line_decode(item, len, written, len + 1) : -ENOMEM;
	bool disk = !code && *written == '@';
	const char *prefix = disk ? DISKS_FROM_SHARES : "";

	if (code)
		return mica_fail(err, code, "read layer", item);
	snprintf(path, room, "%s%s", prefix, written + disk);
	snprintf(root, sizeof(root), "%s%.*s", prefix, (int)strcspn(written + disk, "/"), written + disk);
	code = check_layer(written, root, mounted, err);
	if (!code)
		*out = steal_pointer(&path);
	return code;
}

static bool is_below(const char *item, size_t len, const char *which)
{
	size_t name = strlen(which);

	return len >= name && !strncmp(item, which, name) && (len == name || item[name] == '/');
}

/* Whether the request that made the union names the share or the disk. */
static bool uses(const char *union_name, const char *which)
{
	static char text[LINE_MAX_BYTES];
	struct request note;
	const char *at, *item;
	size_t len;

	if (!note_read("union", union_name, text, sizeof(text)) || note_parse(text, &note))
		return false;
	for (uint32_t i = 0; i < note.count; i++)
		for (at = note.fields[i].value; line_next_item(&at, &item, &len);)
			if (is_below(item, len, which))
				return true;
	return false;
}

errint_t layer_check_unused(const char *which, const char *path, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount = NULL;
	errint_t code = mounted_read(&mounted, err);

	while (!code && (mount = mounted_next(&mounted, UNIONS, mount)))
		if (uses(mounted_name(mount), which))
			code = mica_fail_note(err, -EBUSY, "unmount", path, "union %s uses it: unmount that first",
					      mounted_name(mount));
	return code;
}
