/* entry.c - the entry for a name, as replies contain it. */
#include "ops.h"

#include <sys/stat.h>

bool make_entry(struct export *ex, struct node *parent, const char *name, const struct stat *st, int layer,
		struct fuse_entry_param *entry)
{
	struct node *node = node_enter(ex->nodes, parent, name, st, layer, false);

	if (!node)
		return false;
	*entry = (struct fuse_entry_param){
		.ino = node->id,
		.attr = *st,
		.attr_timeout = VALID_SECONDS,
		.entry_timeout = VALID_SECONDS,
	};
	entry->attr.st_ino = node->shown_ino;
	return true;
}

void reply_entry(fuse_req_t req, struct held *parent, const char *name, const struct stat *st, int layer)
{
	struct export *ex = export_of(req);
	struct fuse_entry_param entry;

	if (!make_entry(ex, parent->node, name, st, layer, &entry)) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	if (layer == LAYER_UPPER && S_ISDIR(st->st_mode)) /* it was just made */
		tell_made(ex, parent->node, name, &entry);
	if (fuse_reply_entry(req, &entry) < 0)
		node_forget(ex->nodes, entry.ino, 1);
}
