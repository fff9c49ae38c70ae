/*
 * settle.c - from upper to lower: the flags that overlayfs keeps for an upper become the layer's own.
 *
 * The folder is walked as it lies there: what it means over which lowers does not matter.
 */
#include <stdio.h>

#include "diff.h"

struct settling {
	char attr[40];
	uint64_t count;
	struct mica_error *err;
};

/* dir is pinned. */
static errint_t settle_entry(struct settling *s, int dir, const char *name)
{
	cleanup_free char *value = NULL;
	size_t len;
	errint_t code = xattr_get(dir, name, s->attr, (void **)&value, &len);

	if (code == -ENODATA || code == -EOPNOTSUPP || code == -ENOENT)
		return 0;
	if (code < 0)
		return mica_fail(s->err, code, "read xattr", name);
	s->count++;
	return flags_protect(dir, name, flags_of_text(value), name, s->err);
}

static errint_t settle_item(struct settling *s, const struct diff_item *item)
{
	struct vdir *dir = item->dir->b;
	errint_t code;

	if (!*item->name || (item->type_b != 'f' && item->type_b != 'd'))
		return 0;
	code = vdir_pin(dir, s->err);
	if (code < 0)
		return code;
	code = settle_entry(s, dir->parts[0].layer_dir->fd, item->name);
	vdir_unpin(dir);
	return code;
}

static errint_t settle(struct settling *s, struct mica_diff *diff)
{
	struct diff_item item;
	errint_t code;

	while ((code = diff_next(diff, &item, s->err)) > 0) {
		code = settle_item(s, &item);
		if (code < 0)
			return code;
	}
	return code;
}

errint_t mica_settle(const char *layer, uint32_t flags, uint64_t *count, struct mica_job *job, struct mica_error *err)
{
	struct mica_tree none = {0}, tree = {.layers = &layer, .count = 1, .kind = MICA_TREE_PLAIN};
	struct settling s = {.err = err};
	struct mica_diff *diff;
	errint_t code = mica_diff_open(&diff, &none, &tree, 0, job, err);

	snprintf(s.attr, sizeof(s.attr), "%sprotattr",
		 xattr_prefix(flags & MICA_LAYER_USERXATTR ? XATTR_USER : XATTR_TRUSTED));
	if (code == 0)
		code = settle(&s, diff);
	mica_diff_close(diff);
	if (count)
		*count = s.count;
	return code;
}
