/*
 * root-flags.c - immutable and append-only of a union's own root.
 *
 * overlayfs keeps them with the upper's root (overlay.protattr), as it does for any directory, but reads them there for
 * every directory except the root (seen on 6.18): whoever mounts the upper again has to say them again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "flags.h"
#include "mount.h"
#include "xattr.h"

struct protattr {
	char name[40];
	char *value; /* NULL: the upper has none */
	size_t len;
};

static void free_protattr(struct protattr *p)
{
	free(p->value);
}

static errint_t read_protattr(int upper, bool user, struct protattr *p)
{
	errint_t code;

	snprintf(p->name, sizeof(p->name), "%sprotattr", xattr_prefix(user ? XATTR_USER : XATTR_TRUSTED));
	code = xattr_get(upper, "", p->name, (void **)&p->value, &p->len);
	return code == -ENODATA || code == -EOPNOTSUPP ? 0 : code;
}

static errint_t set_read_only(int mount_fd, bool read_only)
{
	struct mount_attr attr = {.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0,
				  .attr_clr = read_only ? 0 : MOUNT_ATTR_RDONLY};

	return mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

errint_t mica_restore_root_flags(int mount_fd, const struct mica_overlay *o, struct mica_error *err)
{
	__attribute__((cleanup(free_protattr))) struct protattr p = {.value = NULL};
	cleanup_fd int upper = o->upper ? open(o->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	errint_t code, back;

	if (!o->upper)
		return 0;
	code = upper < 0 ? -errno : read_protattr(upper, o->flags & MICA_MOUNT_USERXATTR, &p);
	if (code)
		return mica_fail(err, code, "read the flags of", o->upper);
	if (!p.value)
		return 0;
	code = set_read_only(mount_fd, false);
	if (!code)
		code = flags_protect(mount_fd, "", flags_of_text(p.value), o->target, err);
	back = o->flags & MICA_MOUNT_RDONLY ? set_read_only(mount_fd, true) : 0;
	if (!code)
		code = back;
	return code ? mica_fail(err, code, "keep the flags of", o->target) : 0;
}

errint_t mica_make_upper(const char *layer, const char *upper, uint32_t flags, struct mica_error *err)
{
	__attribute__((cleanup(free_protattr))) struct protattr p = {.value = NULL};
	cleanup_fd int from = -1, to = -1;
	errint_t code = mica_make_directory_like(layer, upper, err);

	if (code)
		return code;
	from = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || to < 0)
		return mica_fail(err, -errno, "open", from < 0 ? layer : upper);
	code = read_protattr(from, flags & MICA_MOUNT_USERXATTR, &p);
	if (!code && p.value && (fsetxattr(to, p.name, p.value, p.len, 0) < 0 || fsync(to) < 0))
		code = -errno;
	return code ? mica_fail(err, code, "keep the flags of", upper) : 0;
}
