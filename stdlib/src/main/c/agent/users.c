/*
 * users.c - finds a user of a container by the passwd(5) and group(5) of its root, as the container sees them. The
 * container can write to these files. So no link on the way leads out of the root, only a regular file is opened, and a
 * line that is not well formed is ignored.
 */
#include "agent.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LIST_MAX (4u << 20)
#define WORD_MAX 256
#define GROUPS_MAX 1024

struct person {
	bool listed; /* listed in passwd */
	uint32_t uid, gid;
	char name[WORD_MAX + 1], home[PATH_MAX];
};

struct groups {
	uint32_t count, ids[GROUPS_MAX];
};

/* The text of a file of the root; empty if there is none. */
static char list[LIST_MAX + 1];

/* It is opened with O_PATH first, because opening a device or a fifo can have effects. -ENOENT if there is no file. */
static int open_list(const char *root, const char *name)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	cleanup_fd int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int place = dir < 0 ? -1 : (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	char path[64];
	struct stat st;
	int fd;

	if (place < 0 || fstat(place, &st) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static errint_t read_list(const char *root, const char *name, struct mica_error *err)
{
	cleanup_fd int fd = open_list(root, name);
	size_t size = 0;
	ssize_t got = 0;

	list[0] = '\0';
	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		mica_fail_at(err, fd, "read", root, name);
		if (fd == -EINVAL)
			snprintf(err->note, sizeof(err->note), "it is no regular file");
		return fd;
	}
	while (size < LIST_MAX && (got = read(fd, list + size, LIST_MAX - size)) > 0)
		size += (size_t)got;
	if (got < 0)
		return mica_fail_at(err, -errno, "read", root, name);
	if (size >= LIST_MAX)
		return mica_fail_at(err, -EFBIG, "read", root, name);
	list[size] = '\0';
	for (size_t i = 0; i < size; i++)
		if (!list[i])
			list[i] = '?';
	return 0;
}

static bool read_id(const char *text, uint32_t *id)
{
	uint64_t number = 0;

	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || number > UINT32_MAX)
			return false;
		number = 10 * number + (uint64_t)(*at - '0');
	}
	*id = (uint32_t)number;
	return *text && number < UINT32_MAX; /* the largest number is -1, which is not a user */
}

/* Returns the next line with at least that many fields, which colons separate; NULL at the end. */
static char *next_line(char **at, char **fields, int count)
{
	char *line;

	while ((line = strsep(at, "\n"))) {
		char *rest = line;
		int found = 0;

		while (found < count && (fields[found] = strsep(&rest, ":")))
			found++;
		if (found == count && *line)
			return line;
	}
	return NULL;
}

/* passwd(5): NAME:PASSWORD:UID:GID:ABOUT:HOME:SHELL. A text that is a number is a user's number, not a name. */
static errint_t find_person(const char *root, const char *text, struct person *person, struct mica_error *err)
{
	char *at = list, *fields[6];
	uint32_t uid, gid;
	bool by_number = read_id(text, &person->uid);
	errint_t code = read_list(root, "etc/passwd", err);

	while (!code && !person->listed && next_line(&at, fields, 6)) {
		if (!read_id(fields[2], &uid) || !read_id(fields[3], &gid) || strlen(fields[0]) > WORD_MAX ||
		    strlen(fields[5]) >= PATH_MAX || (by_number ? uid != person->uid : strcmp(fields[0], text)))
			continue;
		person->listed = true;
		person->uid = uid;
		person->gid = gid;
		memcpy(person->name, fields[0], strlen(fields[0]) + 1);
		memcpy(person->home, fields[5], strlen(fields[5]) + 1);
	}
	if (!code && !person->listed && !by_number)
		code = mica_fail_note(err, -ENOENT, "find the user", text, "its /etc/passwd has no user %s", text);
	return code;
}

/* group(5): NAME:PASSWORD:GID:MEMBER,MEMBER */
static errint_t find_group(const char *root, const char *text, uint32_t *gid, struct mica_error *err)
{
	char *at = list, *fields[3];
	errint_t code = read_id(text, gid) ? 0 : read_list(root, "etc/group", err);

	if (code || read_id(text, gid))
		return code;
	while (next_line(&at, fields, 3))
		if (!strcmp(fields[0], text) && read_id(fields[2], gid))
			return 0;
	return mica_fail_note(err, -ENOENT, "find the group", text, "its /etc/group has no group %s", text);
}

static bool has_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (!strcmp(member, name))
			return true;
	return false;
}

/* Finds the groups that the person is a member of, in addition to its own. */
static errint_t find_groups(const char *root, const struct person *person, struct groups *groups,
			    struct mica_error *err)
{
	char *at = list, *fields[4];
	uint32_t gid;
	errint_t code = read_list(root, "etc/group", err);

	while (!code && next_line(&at, fields, 4)) {
		if (!read_id(fields[2], &gid) || gid == person->gid || !has_member(fields[3], person->name))
			continue;
		if (groups->count == GROUPS_MAX)
			return mica_fail_note(err, -E2BIG, "find the groups of", person->name, "it is in more than %d",
					      GROUPS_MAX);
		groups->ids[groups->count++] = gid;
	}
	return code;
}

static void put(struct answer *answer, const struct person *person, const struct groups *groups)
{
	static char text[GROUPS_MAX * 11 + 1];
	size_t len = 0;

	for (uint32_t i = 0; i < groups->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i ? "," : "", groups->ids[i]);
	answer_put_number(answer, "uid", person->uid);
	answer_put_number(answer, "gid", person->gid);
	answer_put_encoded(answer, "groups", text);
	answer_put(answer, "home", *person->home ? person->home : "/");
}

/* USER or USER:GROUP, names or numbers. If a group is given, the user has only that group. */
errint_t user_find(const struct request *request, struct answer *answer, struct mica_error *err)
{
	char root[sizeof(UNIONS) + 1 + LINE_MAX_NAME], text[2 * WORD_MAX + 2], *group;
	const char *name, *value = line_value(request, "user");
	struct person person = {0};
	static struct groups groups;
	errint_t code = line_name(request, "name", &name, err);

	if (!code && (code = line_decode(value, strlen(value), text, sizeof(text))))
		code = mica_fail(err, code, "read the user", value);
	if (code)
		return code;
	snprintf(root, sizeof(root), UNIONS "/%s", name);
	if (access(root, F_OK) < 0)
		return mica_fail(err, -errno, "look into", root);
	group = strchr(text, ':');
	if (group)
		*group++ = '\0';
	if (!*text || (group && !*group))
		return mica_fail_note(err, -EINVAL, "read the user", value, "it is USER or USER:GROUP");
	code = find_person(root, text, &person, err);
	if (!code)
		code = group	       ? find_group(root, group, &person.gid, err)
		       : person.listed ? find_groups(root, &person, &groups, err)
				       : 0;
	if (!code)
		put(answer, &person, &groups);
	return code;
}
