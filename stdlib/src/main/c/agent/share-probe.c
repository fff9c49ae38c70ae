/*
 * share-probe.c - finds out what a share can do, by trying it in a scratch directory. docs/agent-protocol.md explains
 * the keys.
 */
#include "agent.h"
#include "mount.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#define NOTHING "0"

static const struct ability {
	const char *key;
	uint32_t bits; /* the core's bits; 0: it is tried here */
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

errint_t probe_check(const char *list, struct mica_error *err)
{
	const char *item;
	size_t len;

	if (!list || !strcmp(list, NOTHING))
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

struct probe_dir {
	char path[sizeof(SHARES) + 1 + LINE_MAX_NAME + sizeof("/work")];
};

/* Finds a directory of the share in which names can be made. If the share has an upper, the host makes its top
 * immutable; then only the work directory can be used. */
static struct probe_dir find_probe_dir(const char *share)
{
	struct probe_dir in;
	char path[sizeof(in.path) + 32];
	bool frozen;

	snprintf(path, sizeof(path), "%s/.mica-probe-XXXXXX", share);
	frozen = !mkdtemp(path) && errno == EPERM;
	if (!frozen)
		rmdir(path);
	snprintf(in.path, sizeof(in.path), "%s%s", share, frozen ? "/work" : "");
	return in;
}

/* The two abilities that the core does not test. */
static errint_t probe_renames(const struct probe_dir *in, struct answer *answer, struct mica_error *err)
{
	char path[sizeof(in->path) + 32];
	cleanup_fd int dir = -1;
	errint_t code;

	snprintf(path, sizeof(path), "%s/.mica-probe-XXXXXX", in->path);
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

static errint_t probe_writable(const char *share, const char *asked, struct answer *answer, struct mica_error *err)
{
	const struct probe_dir in = find_probe_dir(share);
	uint32_t wanted = 0, can;
	errint_t code;

	for (size_t i = 0; i < ABILITIES; i++)
		wanted |= is_asked(asked, abilities[i].key) ? abilities[i].bits : 0;
	code = mica_probe_for(in.path, wanted, &can, err);
	for (size_t i = 0; !code && i < ABILITIES; i++)
		if (wanted & abilities[i].bits)
			answer_put_number(answer, abilities[i].key, (can & abilities[i].bits) == abilities[i].bits);
	if (code || (!is_asked(asked, "exchange") && !is_asked(asked, "noreplace")))
		return code;
	return probe_renames(&in, answer, err);
}

static bool answers_xattr(const char *path, const char *name)
{
	return getxattr(path, name, NULL, 0) >= 0 || errno == ENODATA;
}

errint_t probe_share(const char *share, bool read_only, const char *asked, struct answer *answer,
		     struct mica_error *err)
{
	struct statfs fs;

	if (asked && !strcmp(asked, NOTHING))
		return 0;
	if (statfs(share, &fs) < 0)
		return mica_fail(err, -errno, "statfs", share);
	answer_put_number(answer, "maxname", (uint64_t)fs.f_namelen);
	if (!read_only)
		return probe_writable(share, asked, answer, err);
	answer_put_number(answer, "xattr", answers_xattr(share, "user.mica-probe"));
	answer_put_number(answer, "acl", answers_xattr(share, "system.posix_acl_access"));
	return 0;
}
