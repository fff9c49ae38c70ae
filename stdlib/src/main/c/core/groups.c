#include "groups.h"

#include <search.h>

static int compare(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void free_group(void *p)
{
	struct group *group = p;

	for (uint32_t i = 0; i < group->waiting_count; i++)
		free(group->waiting[i]);
	free(group->waiting);
	free(group->path);
	free(group);
}

static struct group *add(struct groups *groups, const struct group *key)
{
	struct group *group = malloc(sizeof(*group));

	if (!group)
		return NULL;
	*group = *key;
	if (!tsearch(group, &groups->tree, compare)) {
		free(group);
		return NULL;
	}
	return group;
}

struct group *groups_see(struct groups *groups, uint64_t dev, uint64_t ino, uint32_t nlink)
{
	struct group key = {.dev = dev, .ino = ino, .left = nlink};
	struct group **found = tfind(&key, &groups->tree, compare);
	struct group *group = found ? *found : add(groups, &key);

	if (group && group->left)
		group->left--;
	return group;
}

void groups_done(struct groups *groups, struct group *group)
{
	if (group->left)
		return;
	tdelete(group, &groups->tree, compare);
	free_group(group);
}

errint_t groups_wait(struct group *group, char *path)
{
	uint32_t count = group->waiting_count;
	bool full = !(count & (count - 1)); /* 0, 1, 2, 4, ...: the room is used up */
	char **waiting = group->waiting;

	if (path && full)
		waiting = reallocarray(waiting, count ? count * 2 : 1, sizeof(*waiting));
	if (!path || !waiting) {
		free(path);
		return -ENOMEM;
	}
	waiting[count] = path;
	group->waiting = waiting;
	group->waiting_count++;
	return 0;
}

void groups_free(struct groups *groups)
{
	tdestroy(groups->tree, free_group);
	groups->tree = NULL;
}
