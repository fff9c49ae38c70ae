#include "view.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The initial user namespace has this inode number in every kernel (PROC_USER_INIT_INO). */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDu

/* Without this capability trusted.* is not refused but invisible, and a whole upper would be read wrongly. */
static bool may_read_trusted(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	struct stat st;

	if (syscall(SYS_capget, &header, data) || !(data[0].effective & 1u << CAP_SYS_ADMIN))
		return false;
	return stat("/proc/self/ns/user", &st) || st.st_ino == INITIAL_USER_NAMESPACE;
}

static struct layer_dir *same_root(const struct view *twin, const struct layer_dir *layer_dir)
{
	for (uint32_t i = 0; twin && twin->overlay && i < twin->count; i++)
		if (twin->roots[i]->ino == layer_dir->ino && twin->roots[i]->dev == layer_dir->dev)
			return twin->roots[i];
	return NULL;
}

static errint_t open_roots(struct view *view, const struct mica_tree *tree, const struct view *twin,
			   struct mica_error *err)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		struct layer_dir *layer_dir, *shared;
		errint_t ret = layer_dir_root(tree->layers[i], &layer_dir);

		if (ret)
			return mica_fail(err, ret, "open", tree->layers[i]);
		shared = view->overlay ? same_root(twin, layer_dir) : NULL;
		if (shared) {
			layer_dir_unref(view->layer_dirs, layer_dir);
			layer_dir = layer_dir_ref(shared);
		}
		view->roots[view->count++] = layer_dir;
	}
	return 0;
}

static errint_t check_tree(const struct mica_tree *tree, struct mica_error *err)
{
	if (tree->kind > MICA_TREE_LAYER || tree->flags & ~MICA_TREE_USERXATTR || tree->reserved)
		return mica_fail_note(err, -EINVAL, "open", "",
				      "kind %u, flags %#x: not a tree that this version knows", tree->kind,
				      tree->flags);
	if (tree->kind != MICA_TREE_OVERLAY && tree->count > 1)
		return mica_fail_note(err, -EINVAL, "open", tree->layers[1], "a plain tree is one folder, not %u",
				      tree->count);
	if (tree->kind == MICA_TREE_OVERLAY && tree->count == 0)
		return mica_fail_note(err, -EINVAL, "open", "", "an overlay tree needs a layer");
	if (tree->kind != MICA_TREE_PLAIN && tree->count && !(tree->flags & MICA_TREE_USERXATTR) && !may_read_trusted())
		return mica_fail_note(err, -EPERM, "open", tree->layers[0],
				      "trusted.overlay.* cannot be read without CAP_SYS_ADMIN; run as root, or use a "
				      "union that keeps its xattrs in user.overlay.*");
	return 0;
}

errint_t view_open(struct layer_dirs *layer_dirs, const struct mica_tree *tree, const struct view *twin,
		   struct view *out, struct mica_error *err)
{
	errint_t ret = check_tree(tree, err);

	*out = (struct view){.layer_dirs = layer_dirs, .overlay = tree->kind == MICA_TREE_OVERLAY};
	if (ret || !tree->count)
		return ret;
	if (out->overlay)
		out->space = tree->flags & MICA_TREE_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
	if (tree->kind == MICA_TREE_LAYER)
		out->exact = tree->flags & MICA_TREE_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
	out->roots = calloc(tree->count, sizeof(struct layer_dir *));
	if (!out->roots)
		return mica_fail(err, -ENOMEM, "open", tree->layers[0]);
	ret = open_roots(out, tree, twin, err);
	if (ret)
		view_close(out);
	return ret;
}

void view_close(struct view *view)
{
	for (uint32_t i = 0; i < view->count; i++)
		layer_dir_unref(view->layer_dirs, view->roots[i]);
	free(view->roots);
	*view = (struct view){0};
}

errint_t view_root(const struct view *view, struct vdir **out)
{
	*out = NULL;
	if (!view->count)
		return 0;
	*out = malloc(sizeof(**out) + view->count * sizeof(struct vpart));
	if (!*out)
		return -ENOMEM;
	**out = (struct vdir){.view = view, .refs = 1, .count = view->count};
	for (uint32_t i = 0; i < view->count; i++)
		(*out)->parts[i] = (struct vpart){layer_dir_ref(view->roots[i]), i};
	return 0;
}

struct vdir *vdir_ref(struct vdir *dir)
{
	if (dir)
		__atomic_fetch_add(&dir->refs, 1, __ATOMIC_RELAXED);
	return dir;
}

void vdir_unref(struct vdir *dir)
{
	if (!dir || __atomic_sub_fetch(&dir->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (uint32_t i = 0; i < dir->count; i++)
		layer_dir_unref(dir->view->layer_dirs, dir->parts[i].layer_dir);
	free(dir);
}

errint_t vdir_pin(struct vdir *dir, struct mica_error *err)
{
	for (uint32_t i = 0; dir && i < dir->count; i++) {
		struct layer_dir *layer_dir = dir->parts[i].layer_dir;
		int fd;
		errint_t ret = layer_dir_pin(dir->view->layer_dirs, layer_dir, &fd);

		if (!ret)
			continue;
		while (i--)
			layer_dir_unpin(dir->view->layer_dirs, dir->parts[i].layer_dir);
		return layer_dir_fail(err, ret, "open", layer_dir, "",
				      ret == -ESTALE ? "the directory was moved or replaced while it was looked at"
						     : NULL);
	}
	return 0;
}

void vdir_unpin(struct vdir *dir)
{
	for (uint32_t i = 0; dir && i < dir->count; i++)
		layer_dir_unpin(dir->view->layer_dirs, dir->parts[i].layer_dir);
}

void vdir_leave(struct vdir *dir)
{
	for (uint32_t i = 0; dir && i < dir->count; i++)
		layer_dir_leave(dir->view->layer_dirs, dir->parts[i].layer_dir);
}

errint_t vdir_list(struct vdir *dir, uint32_t parts, struct names *names, struct mica_error *err)
{
	errint_t ret = 0;

	names->count = names->used = 0;
	for (uint32_t i = 0; !ret && i < parts; i++) {
		ret = layer_dir_rewind(dir->parts[i].layer_dir);
		if (!ret)
			ret = names_append(dir->parts[i].layer_dir->fd, names);
		if (ret)
			return layer_dir_fail(err, ret, "list", dir->parts[i].layer_dir, "", NULL);
	}
	ret = names_finish(names);
	return ret ? layer_dir_fail(err, ret, "list", dir->parts[0].layer_dir, "", NULL) : 0;
}
