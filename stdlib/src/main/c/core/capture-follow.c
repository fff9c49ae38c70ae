#include "capture-follow.h"

static struct pair *ancestor(struct pair *dir, size_t depth)
{
	while (dir->depth > depth)
		dir = dir->parent;
	return dir;
}

/* Whether the current directory is dir or leads to it. A level that was entered as a change gets its mark here. */
static bool leads_to(struct layer *layer, struct pair *dir)
{
	size_t depth = layer->stack.depth - 1;
	struct layer_level *top = layer_top(layer);
	struct pair *there = depth <= dir->depth ? ancestor(dir, depth) : NULL;

	if (!there)
		return false;
	if (!top->mark &&
	    (!depth || (there->parent == top[-1].mark && !strcmp(there->name, dir_stack_name(&layer->stack)))))
		top->mark = pair_ref(there);
	return top->mark == there;
}

void follow_release(struct layer_level *level)
{
	if (level->mark)
		pair_unref(level->mark);
	level->mark = NULL;
}

errint_t follow_leave(struct layer *layer)
{
	follow_release(layer_top(layer));
	return layer_leave(layer);
}

static errint_t enter(struct layer *layer, struct pair *dir)
{
	cleanup_ventry struct ventry entry = {.fd = -1};
	errint_t code = vdir_pin(dir->b, layer->err);

	if (code < 0)
		return code;
	code = vdir_self(dir->b, &entry, layer->err);
	if (code == 0)
		code = layer_enter(layer, dir->name, &entry, false);
	vdir_unpin(dir->b);
	if (code == 0)
		layer_top(layer)->mark = pair_ref(dir);
	return code;
}

errint_t follow(struct layer *layer, struct pair *dir)
{
	errint_t code = 0;

	while (code == 0 && !leads_to(layer, dir))
		code = follow_leave(layer);
	while (code == 0 && layer->stack.depth <= dir->depth)
		code = enter(layer, ancestor(dir, layer->stack.depth));
	return code;
}
