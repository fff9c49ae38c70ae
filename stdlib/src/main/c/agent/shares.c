/*
 * shares.c - folders of the host, by virtiofs. All of it runs in children: a file server that is gone answers nothing.
 */
#include "agent.h"

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

/* 0, or an errno value. */
static int mount_tag(const struct share *share)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | (share->read_only ? MS_RDONLY : 0);

	return mount(share->tag, share->path, "virtiofs", flags, NULL) < 0 ? errno : 0;
}

/* For the kernel EINVAL is also that it knows of no device with that tag: nothing tells it what was plugged. */
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

static bool is_below(const char *item, size_t len, const char *share)
{
	size_t name = strlen(share);

	return len >= name && !strncmp(item, share, name) && (len == name || item[name] == '/');
}

/* Whether what was asked of a union names the share. */
static bool uses(const char *union_name, const char *share)
{
	static char text[LINE_MAX_BYTES];
	struct request note;
	const char *at, *item;
	size_t len;

	if (!note_read("union", union_name, text, sizeof(text)) || note_parse(text, &note))
		return false;
	for (uint32_t i = 0; i < note.count; i++)
		for (at = note.fields[i].value; line_next_item(&at, &item, &len);)
			if (is_below(item, len, share))
				return true;
	return false;
}

static errint_t check_unused(const struct share *share, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount = NULL;
	errint_t code = mounted_read(&mounted, err);

	while (!code && (mount = mounted_next(&mounted, UNIONS, mount)))
		if (uses(mounted_name(mount), share->name))
			code = mica_fail_note(err, -EBUSY, "unmount", share->path,
					      "union %s uses it: unmount that first", mounted_name(mount));
	return code;
}

errint_t share_unmount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
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
		code = check_unused(&share, err);
	if (!code)
		code = mounted_read(&mounted, err);
	if (!code && mounted_at(&mounted, SHARES, share.name))
		code = lost ? mount_abandon(SHARES, share.name, err) : mica_umount(share.path, 0, 0, err);
	if (code)
		return code;
	rmdir(share.path);
	note_remove("share", share.name);
	return device ? device_remove(device, err) : 0;
}
