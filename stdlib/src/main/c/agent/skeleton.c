/*
 * skeleton.c - the mount points that the runtime needs in a container's root. They are made in the guest's memory and
 * laid under all layers. So the runtime finds them and makes nothing in the upper, which would become part of a commit.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static errint_t refuse(const char *item, struct mica_error *err)
{
	return mica_fail_note(err, -EINVAL, "skeleton", item,
			      "a list of d:/path and f:/path is needed, of whole paths without \".\" and \"..\"");
}

/* Returns the next name of the path, in place, and moves *at; NULL if it is not a valid name. */
static const char *next_name(char **at)
{
	const char *name = strsep(at, "/");

	return *name && strcmp(name, ".") && strcmp(name, "..") ? name : NULL;
}

/* A directory that exists already is used: everything here was made by us. */
static errint_t go_down(int *dir, const char *name, struct mica_error *err)
{
	cleanup_fd int next = -1;

	if (mkdirat(*dir, name, 0755) < 0 && errno != EEXIST)
		return mica_fail(err, -errno, "mkdir", name);
	next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return mica_fail_note(err, -errno, "skeleton", name,
				      "a directory and a file are asked for at one path");
	close(*dir);
	*dir = steal_fd(&next);
	return 0;
}

static errint_t make_file(int dir, const char *name, struct mica_error *err)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	return fd < 0 ? mica_fail(err, -errno, "create", name) : 0;
}

/* path is absolute; it is changed while it is parsed. */
static errint_t make_path(const char *root, char *path, bool file, struct mica_error *err)
{
	cleanup_fd int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *at = path + 1;
	errint_t code = 0;

	if (dir < 0)
		return mica_fail(err, -errno, "open", root);
	while (!code && at) {
		const char *name = next_name(&at);

		if (!name)
			return refuse(path, err);
		if (!at && file)
			return make_file(dir, name, err);
		code = go_down(&dir, name, err);
	}
	return code;
}

static errint_t make_item(const char *root, const char *item, size_t len, struct mica_error *err)
{
	char path[4096];
	errint_t code = line_decode(item, len, path, sizeof(path));
	bool file = path[0] == 'f';

	if (code || strlen(path) < 4 || (!file && path[0] != 'd') || path[1] != ':' || path[2] != '/')
		return refuse(item, err);
	return make_path(root, path + 2, file, err);
}

errint_t skeleton_add(const char *name, char *path, struct mica_error *err)
{
	char root[sizeof(SKELETONS) + 1 + LINE_MAX_NAME];

	snprintf(root, sizeof(root), SKELETONS "/%s", name);
	return make_path(root, path, true, err);
}

errint_t skeleton_make(const char *name, const char *list, struct mica_error *err)
{
	char root[sizeof(SKELETONS) + 1 + LINE_MAX_NAME];
	const char *item;
	size_t len;
	errint_t code = skeleton_remove(name, err);

	snprintf(root, sizeof(root), SKELETONS "/%s", name);
	if (!code && ((mkdir(SKELETONS, 0755) < 0 && errno != EEXIST) || mkdir(root, 0755) < 0))
		code = mica_fail(err, -errno, "mkdir", root);
	while (!code && line_next_item(&list, &item, &len))
		code = make_item(root, item, len, err);
	return code;
}

errint_t skeleton_remove(const char *name, struct mica_error *err)
{
	char root[sizeof(SKELETONS) + 1 + LINE_MAX_NAME];

	snprintf(root, sizeof(root), SKELETONS "/%s", name);
	return mica_remove(root, NULL, err);
}
