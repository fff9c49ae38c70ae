/*
 * overlay-mount.c - mounts an overlay: by the new mount API if the kernel's overlay supports it, otherwise by mount(2).
 *
 * Which of the two works is found by trying, not by the version. Before 5.2 there is no fsopen. Before 6.5 overlay is
 * called through a shim that takes any option without a check and packs all of them into one page. Before 6.8 there is
 * no "lowerdir+". Only "lowerdir+" takes layers one by one, so there is no page to overflow and nothing to escape.
 */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#define FSCONFIG_TEXT_MAX 255 /* the kernel's limit for a string value */
#define OVERLAY_FLAGS 0xffu

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static errint_t check_overlay(const struct mica_overlay *o, struct mica_error *err)
{
	const char *why = NULL;

	if (o->flags & ~OVERLAY_FLAGS)
		why = "unknown flags";
	else if (o->lower_count < 1)
		why = "at least one lower is needed";
	else if (o->lower_count > MICA_MOST_LOWERS)
		why = "at most " TEXT(MICA_MOST_LOWERS) " lowers can be stacked";
	else if (!o->upper && o->lower_count < 2)
		why = "without an upper at least two lowers are needed";
	else if (!o->upper != !o->work)
		why = "upper and work go together";
	else if (!o->upper && o->flags & MICA_MOUNT_VOLATILE)
		why = "volatile needs an upper";
	else if (o->flags & MICA_MOUNT_USERXATTR && o->flags & (MICA_MOUNT_REDIRECT | MICA_MOUNT_METACOPY))
		why = "userxattr excludes redirect and metacopy";
	else if (o->upper && o->flags & MICA_MOUNT_METACOPY && !(o->flags & MICA_MOUNT_REDIRECT))
		why = "metacopy needs redirect";
	return why ? mica_fail_note(err, -EINVAL, "overlay", o->target ? o->target : "", "%s", why) : 0;
}

/*
 * Every feature is given explicitly, so that neither the kernel's nor the module's default decides. "follow" makes no
 * redirects but obeys those in a layer, as Mica's trees do. With userxattr, redirects are neither made nor obeyed.
 */
struct option {
	const char *key;
	const char *value; /* NULL: a flag */
};
#define MAX_OPTIONS 8

static size_t list_options(const struct mica_overlay *o, struct option *list)
{
	size_t n = 0;

	if (o->flags & MICA_MOUNT_USERXATTR) {
		list[n++] = (struct option){"userxattr", NULL};
		list[n++] = (struct option){"redirect_dir", "nofollow"};
	} else {
		list[n++] = (struct option){"redirect_dir", o->flags & MICA_MOUNT_REDIRECT ? "on" : "follow"};
	}
	list[n++] = (struct option){"metacopy", o->flags & MICA_MOUNT_METACOPY ? "on" : "off"};
	list[n++] = (struct option){"index", o->flags & MOUNT_EXCLUSIVE ? "on" : "off"};
	list[n++] = (struct option){"nfs_export", "off"};
	list[n++] = (struct option){"xino", "auto"};
	if (o->flags & MICA_MOUNT_VOLATILE)
		list[n++] = (struct option){"volatile", NULL};
	return n;
}

/* The new mount API. */

static errint_t fail_logged(int fs_fd, errint_t code, const char *step, const char *path, struct mica_error *err)
{
	char note[sizeof(err->note)] = "";

	mica_read_fs_log(fs_fd, note, sizeof(note));
	return mica_fail_note(err, code, step, path, "%s", note);
}

static bool is_unknown_key(int fs_fd)
{
	char note[256] = "";

	mica_read_fs_log(fs_fd, note, sizeof(note));
	return strstr(note, "Unknown parameter") != NULL;
}

static char *escape(const char *path)
{
	char *out = malloc(2 * strlen(path) + 1), *p = out;

	for (; out && *path; path++) {
		if (strchr("\\:,", *path))
			*p++ = '\\';
		*p++ = *path;
	}
	if (out)
		*p = '\0';
	return out;
}

/*
 * A layer is given as its descriptor if the kernel takes that (6.13). Otherwise it is given as its path, or, if the
 * path is too long for a value, as the descriptor's name. lowerdir+ takes a path as it is; the other two unescape it.
 */
static errint_t set_layer(int fs_fd, const char *key, const char *path, uint32_t *flags, struct mica_error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	const struct fd_path by_fd = mica_fd_path(fd);
	char refused[256] = "";

	if (fd < 0)
		return mica_fail(err, -errno, "open", path);
	*flags |= mica_forbidden(fd);
	if (!fsconfig(fs_fd, FSCONFIG_SET_FD, key, NULL, fd))
		return 0;
	if (errno != EINVAL && errno != EBADF)
		return fail_logged(fs_fd, -errno, key, path, err);
	mica_read_fs_log(fs_fd, refused, sizeof(refused)); /* the path's attempt has its own */
	text = strcmp(key, "lowerdir+") ? escape(path) : strdup(path);
	if (!text)
		return mica_fail(err, -ENOMEM, key, path);
	if (fsconfig(fs_fd, FSCONFIG_SET_STRING, key, strlen(text) > FSCONFIG_TEXT_MAX ? by_fd.text : text, 0) < 0)
		return fail_logged(fs_fd, -errno, key, path, err);
	return 0;
}

static errint_t set_options(int fs_fd, const struct mica_overlay *o, struct mica_error *err)
{
	struct option list[MAX_OPTIONS];
	size_t count = list_options(o, list);

	if (fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", o->source ? o->source : "overlay", 0) < 0)
		return fail_logged(fs_fd, -errno, "source", o->source, err);
	for (size_t i = 0; i < count; i++) {
		unsigned how = list[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
		if (fsconfig(fs_fd, how, list[i].key, list[i].value, 0) < 0)
			return fail_logged(fs_fd, -errno, list[i].key, o->target, err);
	}
	return 0;
}

static errint_t set_layers(int fs_fd, const struct mica_overlay *o, uint32_t *flags, struct mica_error *err)
{
	errint_t code = 0;

	for (uint32_t i = 0; !code && i < o->lower_count; i++)
		code = set_layer(fs_fd, "lowerdir+", o->lowers[i], flags, err);
	if (!code && o->upper)
		code = set_layer(fs_fd, "upperdir", o->upper, flags, err);
	if (!code && o->upper)
		code = set_layer(fs_fd, "workdir", o->work, flags, err);
	return code;
}

static bool takes_layers_singly(int fs_fd)
{
	if (!fsconfig(fs_fd, FSCONFIG_SET_FLAG, "unsupported", NULL, 0))
		return false;
	is_unknown_key(fs_fd);
	fsconfig(fs_fd, FSCONFIG_SET_FLAG, "lowerdir+", NULL, 0);
	return !is_unknown_key(fs_fd);
}

/* If overlay finds that the layers do not fit together, it says why only in the kernel's log. */
static errint_t create(int fs_fd, const struct mica_overlay *o, struct mica_error *err)
{
	cleanup_fd int log_fd = mica_open_kernel_log();
	char note[sizeof(err->note)] = "";
	errint_t code;

	if (!fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return 0;
	code = -errno;
	mica_read_fs_log(fs_fd, note, sizeof(note));
	mica_read_kernel_log(log_fd, "overlayfs: ", note, sizeof(note));
	return mica_fail_note(err, code, "create overlay", o->target, "%s", note);
}

int mica_overlay_detached(const struct mica_overlay *o, struct mica_error *err)
{
	cleanup_fd int fs_fd = fsopen("overlay", FSOPEN_CLOEXEC);
	uint32_t flags = o->flags;
	cleanup_fd int mount_fd = -1;
	errint_t code;

	if (fs_fd < 0)
		return errno == ENOSYS ? -ENOSYS : mica_fail(err, -errno, "fsopen", o->target);
	if (!takes_layers_singly(fs_fd))
		return -ENOSYS;
	code = set_options(fs_fd, o, err);
	if (!code)
		code = set_layers(fs_fd, o, &flags, err);
	if (!code)
		code = create(fs_fd, o, err);
	if (code)
		return code;
	mount_fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, mica_mount_attributes(flags));
	if (mount_fd < 0)
		return fail_logged(fs_fd, -errno, "fsmount", o->target, err);
	code = mica_restore_root_flags(mount_fd, o, err);
	return code ? code : steal_fd(&mount_fd);
}

/* mount(2). */

/* Adds the flags by which the mounts of the layers forbid something. */
static errint_t forbidden_by_layers(const struct mica_overlay *o, uint32_t *flags, struct mica_error *err)
{
	for (uint32_t i = 0; i < o->lower_count + !!o->upper; i++) {
		const char *path = i < o->lower_count ? o->lowers[i] : o->upper;
		cleanup_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return mica_fail(err, -errno, "open", path);
		*flags |= mica_forbidden(fd);
	}
	return 0;
}

static errint_t put_layers(FILE *out, const struct mica_overlay *o)
{
	const char *keys[] = {",upperdir=", ",workdir="}, *paths[] = {o->upper, o->work};

	for (uint32_t i = 0; i < o->lower_count; i++) {
		cleanup_free char *text = escape(o->lowers[i]);
		if (!text)
			return -ENOMEM;
		fprintf(out, "%s%s", i ? ":" : "lowerdir=", text);
	}
	for (int i = 0; o->upper && i < 2; i++) {
		cleanup_free char *text = escape(paths[i]);
		if (!text)
			return -ENOMEM;
		fprintf(out, "%s%s", keys[i], text);
	}
	return 0;
}

errint_t mica_overlay_options(const struct mica_overlay *o, char **options, struct mica_error *err)
{
	struct option list[MAX_OPTIONS];
	size_t count = list_options(o, list), len = 0, page = (size_t)sysconf(_SC_PAGESIZE);
	cleanup_free char *text = NULL;
	FILE *out = open_memstream(&text, &len);
	errint_t code;

	if (!out)
		return mica_fail(err, -errno, "options", o->target);
	code = put_layers(out, o);
	for (size_t i = 0; i < count; i++)
		fprintf(out, ",%s%s%s", list[i].key, list[i].value ? "=" : "", list[i].value ? list[i].value : "");
	if (fclose(out) == EOF && !code)
		code = -errno;
	if (code)
		return mica_fail(err, code, "options", o->target);
	if (len >= page)
		return mica_fail_note(err, -E2BIG, "options", o->target,
				      "the paths of %u lowers take %zu bytes and this kernel's mount(2) takes %zu: "
				      "use shorter paths or fewer layers",
				      o->lower_count, len, page - 1);
	*options = steal_pointer(&text);
	return 0;
}

int mica_overlay_by_mount2(const struct mica_overlay *o, struct mica_error *err)
{
	cleanup_fd int target_fd = mica_open_target(o->target, true, err);
	cleanup_fd int mount_fd = -1, log_fd = -1;
	cleanup_free char *options = NULL;
	char note[sizeof(err->note)] = "";
	const char *source = o->source ? o->source : "overlay";
	uint32_t flags = o->flags;
	errint_t code = target_fd < 0 ? target_fd : mica_overlay_options(o, &options, err);

	if (!code)
		code = forbidden_by_layers(o, &flags, err);
	if (code)
		return code;
	log_fd = mica_open_kernel_log();
	if (mount(source, mica_fd_path(target_fd).text, "overlay", mica_mount_flags(flags), options) < 0) {
		code = -errno;
		mica_read_kernel_log(log_fd, "overlayfs: ", note, sizeof(note));
		return mica_fail_note(err, code, "mount", o->target, "%s", note);
	}
	mount_fd = open(o->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (mount_fd >= 0 && !mount(NULL, mica_fd_path(mount_fd).text, NULL, MS_PRIVATE, NULL))
		return steal_fd(&mount_fd);
	code = -errno;
	umount2(o->target, MNT_DETACH | UMOUNT_NOFOLLOW);
	return mica_fail(err, code, "make private", o->target);
}

errint_t mica_overlay_mount(const struct mica_overlay *overlay, struct mica_error *err)
{
	cleanup_fd int target_fd = -1;
	cleanup_fd int mount_fd = -1;
	errint_t code;

	mica_error_clear(err);
	code = check_overlay(overlay, err);
	if (code)
		return code;
	target_fd = mica_open_target(overlay->target, true, err);
	if (target_fd < 0)
		return target_fd;
	mount_fd = mica_overlay_detached(overlay, err);
	if (mount_fd >= 0)
		return mica_attach(mount_fd, target_fd, overlay->target, err);
	if (mount_fd != -ENOSYS)
		return mount_fd;
	mount_fd = mica_overlay_by_mount2(overlay, err);
	return mount_fd < 0 ? mount_fd : 0;
}

int mica_overlay_open(const struct mica_overlay *overlay, struct mica_identity *is, struct mica_error *err)
{
	cleanup_fd int mount_fd = -1;
	errint_t code;

	mica_error_clear(err);
	code = check_overlay(overlay, err);
	if (code)
		return code;
	mount_fd = mica_overlay_detached(overlay, err);
	if (mount_fd == -ENOSYS)
		return mica_fail_note(err, -EOPNOTSUPP, "mount", overlay->target,
				      "this kernel cannot mount layers where nobody sees it; Linux 6.8 can");
	if (mount_fd < 0)
		return mount_fd;
	code = mica_identify(mount_fd, is);
	return code ? mica_fail(err, code, "stat", overlay->target) : steal_fd(&mount_fd);
}
