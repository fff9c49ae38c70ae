/*
 * rotate-recover.c - finishes or undoes a rotation whose process was killed at any step.
 *
 * A step leaves up to three mounts over each other at the path, and only one of them may stay. All of them show the
 * same tree. So those above the lowest are unmounted, and an empty folder is never seen. The lowest one decides what is
 * done:
 *
 *   the old union, or another mount of it    the layer becomes its upper again
 *   the new one, and the layer is there      as the rotation itself would decide: the last step is done, or all undone
 *   the new one, and it is not               it was being taken back: that is done to its end
 *   one made again over the upper            it was taken back already
 */
#include "rotate.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* A mount with its texts. */
struct seen {
	uint32_t id, parent;
	const char *target, *source, *type, *options;
};

static struct seen seen_of(const struct mica_mount *m)
{
	struct seen s = {.id = m->id, .parent = m->parent, .target = (const char *)m->text};

	s.source = s.target + m->target_len + 1;
	s.type = s.source + m->source_len + 1;
	s.options = s.type + m->type_len + 1;
	return s;
}

static bool find(const char *records, int64_t used, uint32_t id, struct seen *found)
{
	for (int64_t at = 0; at < used; at += ((const struct mica_mount *)(records + at))->record_len) {
		*found = seen_of((const struct mica_mount *)(records + at));
		if (found->id == id)
			return true;
	}
	return false;
}

static int64_t read_mounts(char **records, struct mica_error *err)
{
	int64_t room = 65536, used;

	for (;;) {
		char *more = realloc(*records, (size_t)room);

		if (!more)
			return mica_fail(err, -ENOMEM, "read", "/proc/self/mountinfo");
		*records = more;
		used = mica_mounts(more, (size_t)room, err);
		if (used <= room)
			return used;
		room = used * 2;
	}
}

static errint_t top_id(const struct mica_rotation *r, uint32_t *id, struct mica_error *err)
{
	cleanup_fd int at = open(r->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx stx;

	if (at < 0 || statx(at, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return mica_fail(err, -errno, "open", r->target);
	*id = (uint32_t)stx.stx_mnt_id;
	return 0;
}

static bool is_ours(const struct mica_rotation *r, const struct seen *mount)
{
	return !strcmp(mount->type, "overlay") && !strcmp(mount->source, r->source);
}

/* Whether the overlay with these options has path among its lowers. */
static bool has_lower(const char *options, const char *path)
{
	const size_t len = strlen(path);

	for (const char *at = options; (at = strstr(at, path)); at += len) {
		bool begins = at > options && strchr("=:", at[-1]), ends = !at[len] || strchr(",:", at[len]);
		const char *key = at;

		while (key > options && key[-1] != ',')
			key--;
		if (begins && ends && !strncmp(key, "lowerdir", strlen("lowerdir")))
			return true;
	}
	return false;
}

/* Unmounts our mounts above our lowest one; *is_new: that one has the layer as a lower. */
static errint_t reduce(struct turn *t, bool *is_new)
{
	const struct mica_rotation *r = t->r;

	for (;;) {
		cleanup_free char *records = NULL;
		int64_t used = read_mounts(&records, t->err);
		struct seen top, below;
		errint_t code = used < 0 ? (errint_t)used : top_id(r, &t->new_id, t->err);

		if (code)
			return code;
		if (!find(records, used, t->new_id, &top) || !is_ours(r, &top))
			return mica_fail_note(t->err, -EINVAL, "recover", r->target, "the union is not mounted there");
		if (!find(records, used, top.parent, &below) || strcmp(below.target, top.target) ||
		    !is_ours(r, &below)) {
			*is_new = has_lower(top.options, r->layer);
			return 0;
		}
		code = mica_umount(r->target, top.id, MICA_UMOUNT_DETACH, t->err);
		if (code)
			return code;
	}
}

static int decide(struct turn *t, const struct turn_names *n, bool is_new)
{
	struct stat st;
	bool has_layer = !fstatat(n->layer_dir, n->layer, &st, AT_SYMLINK_NOFOLLOW);
	errint_t code;

	if (is_new && has_layer)
		return turn_decide(t, n);
	code = is_new ? turn_make_again(t, n, t->err) : turn_layer_to_upper(t, n, t->err);
	if (!code)
		code = mica_make_writable(t->r->target, t->err);
	return code ? code : MICA_HELD;
}

int mica_rotate_recover(const struct mica_rotation *r, struct mica_error *err)
{
	struct turn_names n = TURN_NAMES_NONE;
	struct turn t = {.r = r, .err = err, .has_protected = true, .trial = TRIAL_NONE, .watch = PROTECT_WATCH_NONE};
	bool is_new = false;
	int ended;

	mica_error_clear(err);
	ended = turn_open_names(r, &n, err);
	if (!ended)
		ended = reduce(&t, &is_new);
	if (!ended)
		ended = decide(&t, &n, is_new);
	mica_trial_end(&t.trial);
	turn_close_names(&n);
	return ended;
}
