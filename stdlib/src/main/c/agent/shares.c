/*
 * shares.c - mounts folders of the host by virtiofs. All of it runs in children, because a call to a file server that
 * is gone never returns.
 */
#include "container.h"

#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MAX_TAG 36

struct share {
	const char *name, *tag, *probe;
	bool read_only;
	char path[sizeof(SHARES) + 1 + LINE_MAX_NAME];
};

static errint_t read_name(const struct request *request, struct share *share, struct mica_error *err)
{
	errint_t code = line_name(request, "name", &share->name, err);

	if (!code)
		snprintf(share->path, sizeof(share->path), SHARES "/%s", share->name);
	return code;
}

static errint_t read_share(const struct request *request, struct share *share, struct mica_error *err)
{
	errint_t code = read_name(request, share, err);

	share->probe = line_value(request, "probe");
	if (!code)
		code = line_name(request, "tag", &share->tag, err);
	if (!code && strlen(share->tag) > MAX_TAG)
		code = mica_fail_note(err, -EINVAL, "tag", share->tag, "a tag has at most %d bytes", MAX_TAG);
	if (!code)
		code = line_flag(request, "ro", &share->read_only, err);
	if (!code)
		code = probe_check(share->probe, err);
	return code;
}

/* Returns 0 or an errno value. A union forbids what its layers forbid. But the root of a container needs set-id
 * programs, and devices, which its cgroup controls. */
static int mount_tag(const struct share *share)
{
	const unsigned long forbidden = root_has_runtime() ? 0 : MS_NOSUID | MS_NODEV;
	const unsigned long flags = forbidden | (share->read_only ? MS_RDONLY : 0);

	return mount(share->tag, share->path, "virtiofs", flags, NULL) < 0 ? errno : 0;
}

/* The kernel returns EINVAL also if it knows no device with that tag: nothing tells it that one was plugged in. */
static errint_t mount_plugged(const struct share *share, struct mica_error *err)
{
	int failed = mount_tag(share);

	if (failed == EINVAL) {
		errint_t code = devices_find(err);
		if (code)
			return code;
		failed = mount_tag(share);
	}
	if (failed == EINVAL)
		return mica_fail_note(err, -ENODEV, "mount", share->path, "no share of tag %s is plugged", share->tag);
	return !failed ? 0
		       : mica_fail_note(err, -failed, "mount", share->path, "virtiofs %s: %s", share->tag,
					strerror(failed));
}

static errint_t mount_new(const struct share *share, const char *note, struct mica_error *err)
{
	errint_t code = note_write("share", share->name, note, err);

	if (!code && mkdir(share->path, 0755) < 0 && errno != EEXIST)
		code = mica_fail(err, -errno, "mkdir", share->path);
	if (!code)
		code = mount_plugged(share, err);
	if (!code)
		return 0;
	rmdir(share->path);
	note_remove("share", share->name);
	return code;
}

static errint_t mount_or_find(const struct share *share, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	char note[160], had[160];
	errint_t code = mounted_read(&mounted, err);

	if (code)
		return code;
	snprintf(note, sizeof(note), "tag=%s ro=%d", share->tag, share->read_only);
	if (!mounted_at(&mounted, SHARES, share->name))
		return mount_new(share, note, err);
	if (note_read("share", share->name, had, sizeof(had)) && !strcmp(note, had))
		return 0;
	return mica_fail_note(err, -EEXIST, "mount", share->path, "another share is there: %s", had);
}

errint_t share_mount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct share share = {0};
	errint_t code = read_share(request, &share, err);

	if (!code)
		code = modules_wait(err);
	if (!code)
		code = mount_or_find(&share, err);
	return code ? code : probe_share(share.path, share.read_only, share.probe, answer, err);
}

/* Unmounting. */

errint_t share_unmount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount;
	struct share share = {0};
	const char *device = line_value(request, "device");
	bool lost = false;
	errint_t code = read_name(request, &share, err);

	(void)answer;
	if (!code)
		code = line_flag(request, "lost", &lost, err);
	if (!code && device)
		code = device_check(device, err);
	if (!code)
		code = layer_check_unused(share.name, share.path, err);
	if (!code)
		code = mounted_read(&mounted, err);
	mount = code ? NULL : mounted_at(&mounted, SHARES, share.name);
	if (mount && !lost)
		code = held_check(mount, share.path, err);
	if (!code && mount)
		code = lost ? mount_abandon(SHARES, share.name, err) : mica_umount(share.path, 0, 0, err);
	if (code)
		return code;
	rmdir(share.path);
	note_remove("share", share.name);
	return device ? device_remove(device, err) : 0;
}
