/*
 * shares.c - folders of the host, by virtiofs. All of it runs in children: a file server that is gone answers nothing.
 */
#include "agent.h"
#include "mount.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#define MAX_TAG 36

struct share {
	const char *name, *tag, *probe; /* what is to be tried: a list, "0": nothing, NULL: all */
	bool read_only;
	char path[sizeof(SHARES) + 1 + LINE_MAX_NAME];
};

static const struct ability {
	const char *key;
	uint32_t bits; /* of the core; 0: tried here */
} abilities[] = {
	{"xattr", MICA_CAN_USER_XATTR},
	{"trusted", MICA_CAN_TRUSTED_XATTR},
	{"whiteout", MICA_CAN_WHITEOUT | MICA_CAN_RENAME_WHITEOUT},
	{"link", MICA_CAN_HARDLINK},
	{"tmpfile", MICA_CAN_TMPFILE},
	{"acl", MICA_CAN_ACL},
	{"times", MICA_CAN_NANOSECONDS},
	{"case", MICA_CAN_CASE},
	{"exchange", 0},
	{"noreplace", 0},
};

#define ABILITIES (sizeof(abilities) / sizeof(*abilities))

static bool is_asked(const char *list, const char *key)
{
	const char *item;
	size_t len;

	if (!list)
		return true;
	while (line_next_item(&list, &item, &len))
		if (len == strlen(key) && !strncmp(item, key, len))
			return true;
	return false;
}

static errint_t check_probe(const char *list, struct mica_error *err)
{
	const char *item;
	size_t len;

	if (!list || !strcmp(list, "0"))
		return 0;
	while (line_next_item(&list, &item, &len)) {
		size_t i = 0;

		while (i < ABILITIES && (len != strlen(abilities[i].key) || strncmp(item, abilities[i].key, len)))
			i++;
		if (i == ABILITIES)
			return mica_fail_note(err, -EINVAL, "probe", item, "a share has no ability of that name");
	}
	return 0;
}

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
		code = check_probe(share->probe, err);
	return code;
}

/* The kernel says EINVAL while no device of that tag is there, and tells when a driver takes one up. */
static errint_t mount_when_plugged(const struct share *share, struct mica_error *err)
{
	cleanup_fd int events = uevent_open();
	unsigned long flags = MS_NOSUID | MS_NODEV | (share->read_only ? MS_RDONLY : 0);

	if (events < 0)
		return mica_fail(err, events, "listen for devices", "");
	do {
		if (!mount(share->tag, share->path, "virtiofs", flags, NULL))
			return 0;
		if (errno != EINVAL)
			return mica_fail_note(err, -errno, "mount", share->path, "virtiofs %s: %s", share->tag,
					      strerror(errno));
	} while (uevent_wait(events, "virtio", calls_until()));
	return mica_fail_note(err, -ENODEV, "mount", share->path, "no share of tag %s was plugged in time", share->tag);
}

static errint_t mount_new(const struct share *share, const char *note, struct mica_error *err)
{
	errint_t code = note_write("share", share->name, note, err);

	if (!code && mkdir(share->path, 0755) < 0 && errno != EEXIST)
		code = mica_fail(err, -errno, "mkdir", share->path);
	if (!code)
		code = mount_when_plugged(share, err);
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

/* Probing. */

static bool make_file(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0;
}

static ino_t inode(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_ino;
}

static bool can_exchange(int dir)
{
	ino_t a = inode(dir, "a"), b = inode(dir, "b");

	return !renameat2(dir, "a", dir, "b", RENAME_EXCHANGE) && inode(dir, "a") == b && inode(dir, "b") == a;
}

static bool can_noreplace(int dir)
{
	return renameat2(dir, "a", dir, "b", RENAME_NOREPLACE) < 0 && errno == EEXIST &&
	       !renameat2(dir, "a", dir, "c", RENAME_NOREPLACE) && !inode(dir, "a");
}

struct place {
	char path[sizeof(SHARES) + 1 + LINE_MAX_NAME + sizeof("/work")];
};

/* Where names can be made: the host freezes the top of a share that has an upper, then only below. */
static struct place probe_place(const struct share *share)
{
	struct place place;
	char path[sizeof(place.path) + 32];
	bool frozen;

	snprintf(path, sizeof(path), "%s/.mica-probe-XXXXXX", share->path);
	frozen = !mkdtemp(path) && errno == EPERM;
	if (!frozen)
		rmdir(path);
	snprintf(place.path, sizeof(place.path), "%s%s", share->path, frozen ? "/work" : "");
	return place;
}

/* The two that the core does not ask for. */
static errint_t probe_renames(const struct place *place, struct answer *answer, struct mica_error *err)
{
	char path[sizeof(place->path) + 32];
	cleanup_fd int dir = -1;
	errint_t code;

	snprintf(path, sizeof(path), "%s/.mica-probe-XXXXXX", place->path);
	if (!mkdtemp(path))
		return mica_fail(err, -errno, "probe", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || !make_file(dir, "a") || !make_file(dir, "b"))
		mica_fail(err, -errno, "probe", path);
	else {
		answer_put_number(answer, "exchange", can_exchange(dir));
		answer_put_number(answer, "noreplace", can_noreplace(dir));
	}
	code = mica_remove(path, NULL, err->code ? NULL : err);
	return err->code ? err->code : code;
}

static errint_t probe_writable(const struct share *share, struct answer *answer, struct mica_error *err)
{
	const struct place place = probe_place(share);
	uint32_t wanted = 0, can;
	errint_t code;

	for (size_t i = 0; i < ABILITIES; i++)
		wanted |= is_asked(share->probe, abilities[i].key) ? abilities[i].bits : 0;
	code = mica_probe_for(place.path, wanted, &can, err);
	for (size_t i = 0; !code && i < ABILITIES; i++)
		if (wanted & abilities[i].bits)
			answer_put_number(answer, abilities[i].key, (can & abilities[i].bits) == abilities[i].bits);
	if (code || (!is_asked(share->probe, "exchange") && !is_asked(share->probe, "noreplace")))
		return code;
	return probe_renames(&place, answer, err);
}

static bool answers_xattr(const char *path, const char *name)
{
	return getxattr(path, name, NULL, 0) >= 0 || errno == ENODATA;
}

static errint_t probe(const struct share *share, struct answer *answer, struct mica_error *err)
{
	struct statfs fs;

	if (statfs(share->path, &fs) < 0)
		return mica_fail(err, -errno, "statfs", share->path);
	answer_put_number(answer, "maxname", (uint64_t)fs.f_namelen);
	if (!share->read_only)
		return probe_writable(share, answer, err);
	answer_put_number(answer, "xattr", answers_xattr(share->path, "user.mica-probe"));
	answer_put_number(answer, "acl", answers_xattr(share->path, "system.posix_acl_access"));
	return 0;
}

errint_t share_mount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct share share = {0};
	errint_t code = read_share(request, &share, err);

	if (!code)
		code = modules_wait(err);
	if (!code)
		code = mount_or_find(&share, err);
	return code || (share.probe && !strcmp(share.probe, "0")) ? code : probe(&share, answer, err);
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
	bool lost = false;
	errint_t code = read_name(request, &share, err);

	(void)answer;
	if (!code)
		code = line_flag(request, "lost", &lost, err);
	if (!code)
		code = check_unused(&share, err);
	if (!code)
		code = mounted_read(&mounted, err);
	if (!code && mounted_at(&mounted, SHARES, share.name))
		code = lost ? mount_leave(SHARES, share.name, err) : mica_umount(share.path, 0, err);
	if (code)
		return code;
	rmdir(share.path);
	note_remove("share", share.name);
	return 0;
}
