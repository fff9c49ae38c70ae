/*
 * unions.c - mounts overlays over shares by the core, as on a host.
 */
#include "container.h"
#include "export/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct union_folder {
	const char *name;
	char path[sizeof(UNIONS) + 1 + LINE_MAX_NAME];
	uint32_t count;
	char *lowers[MICA_MOST_LOWERS], *upper, *work; /* relative to SHARES: options have one page */
};

static void cleanup_union_p(struct union_folder *u)
{
	for (uint32_t i = 0; i < u->count; i++)
		free(u->lowers[i]);
	free(u->upper);
	free(u->work);
}
#define cleanup_union __attribute__((cleanup(cleanup_union_p)))

static errint_t read_lowers(const char *list, const struct mounted *mounted, struct union_folder *u,
			    struct mica_error *err)
{
	const char *item;
	size_t len;
	errint_t code = 0;

	while (!code && line_next_item(&list, &item, &len)) {
		if (u->count == MICA_MOST_LOWERS)
			return mica_fail_note(err, -E2BIG, "lower", u->name, "at most %d layers can be stacked",
					      MICA_MOST_LOWERS);
		code = layer_read(item, len, mounted, &u->lowers[u->count], err);
		u->count += !code;
	}
	return code;
}

/* The skeleton is below all layers, so that it hides nothing of them. */
static errint_t add_skeleton(struct union_folder *u, struct mica_error *err)
{
	if (u->count == MICA_MOST_LOWERS)
		return mica_fail_note(err, -E2BIG, "lower", u->name,
				      "at most %d layers can be stacked, a skeleton included", MICA_MOST_LOWERS);
	if (asprintf(&u->lowers[u->count], ".." SKELETONS "/%s", u->name) < 0)
		return mica_fail(err, -ENOMEM, "lower", u->name);
	u->count++;
	return 0;
}

static errint_t read_layers(const struct request *request, const struct mounted *mounted, struct union_folder *u,
			    struct mica_error *err)
{
	const char *upper = line_value(request, "upper"), *work = line_value(request, "work");
	errint_t code = read_lowers(line_value(request, "lower"), mounted, u, err);

	if (!code && line_value(request, "skeleton"))
		code = add_skeleton(u, err);
	if (!code && upper)
		code = layer_read(upper, strlen(upper), mounted, &u->upper, err);
	if (!code && work)
		code = layer_read(work, strlen(work), mounted, &u->work, err);
	return code;
}

static errint_t read_name(const struct request *request, struct union_folder *u, struct mica_error *err)
{
	errint_t code = line_name(request, "name", &u->name, err);

	if (!code)
		snprintf(u->path, sizeof(u->path), UNIONS "/%s", u->name);
	return code;
}

/* The file beside an upper which shows that the upper was set up. In the upper it would be part of the container's
 * root. */
static char *marker_of(const char *upper)
{
	const char *name = strrchr(upper, '/') + 1;
	char *path;

	return asprintf(&path, "%.*s.%s.made", (int)(name - upper), upper, name) < 0 ? NULL : path;
}

static errint_t mark_made(const char *marker, struct mica_error *err)
{
	cleanup_fd int fd = open(marker, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 || fsync(fd) < 0 ? mica_fail(err, -errno, "mark", marker) : 0;
}

/* A folder that mount-disk has just made gets the metadata of the topmost lower. The root of the union has the mode of
 * the upper, and with the mode of a new folder only root could look up names there. Later it is left as the container
 * has changed it. */
static errint_t set_up_upper(const struct union_folder *u, struct mica_error *err)
{
	struct stat st;
	errint_t code;

	if (stat(u->upper, &st) < 0)
		return mica_fail(err, -errno, "stat", u->upper);
	if ((st.st_mode & 07777) != DISK_FOLDER_MODE || st.st_uid || st.st_gid || !u->count)
		return 0;
	code = mica_make_directory_like(u->lowers[0], u->upper, err);
	if (code != -ENOTEMPTY)
		return code;
	mica_error_clear(err);
	return 0;
}

static errint_t make_upper(const struct union_folder *u, struct mica_error *err)
{
	cleanup_free char *marker = marker_of(u->upper);
	errint_t code;

	if (!marker)
		return mica_fail(err, -ENOMEM, "mark", u->upper);
	if (access(marker, F_OK) == 0)
		return 0;
	code = set_up_upper(u, err);
	return code ? code : mark_made(marker, err);
}

static errint_t mount_layers(const struct union_folder *u, struct mica_error *err)
{
	const struct mica_overlay overlay = {
		.lowers = (const char *const *)u->lowers,
		.lower_count = u->count,
		.upper = u->upper,
		.work = u->work,
		.target = u->path,
		.source = u->name,
	};

	if (mkdir(u->path, 0755) < 0 && errno != EEXIST)
		return mica_fail(err, -errno, "mkdir", u->path);
	return mica_overlay_mount(&overlay, err);
}

/* Where a link of a layer leads is known only when the union is mounted. */
static errint_t fit_skeleton(const struct union_folder *u, const char *skeleton, struct mica_error *err)
{
	bool more;
	errint_t code = mount_points_check(u->name, u->path, skeleton, &more, err);

	if (!code && !more)
		return 0;
	mica_umount(u->path, 0, 0, NULL);
	return code ? code : mount_layers(u, err);
}

static errint_t mount_new(const struct request *request, const struct mounted *mounted, const char *note,
			  struct union_folder *u, struct mica_error *err)
{
	const char *upper = line_value(request, "upper");
	const char *skeleton = line_value(request, "skeleton");
	errint_t code = read_layers(request, mounted, u, err);

	if (!code && upper && *upper == '@')
		code = make_upper(u, err);
	if (!code && skeleton)
		code = skeleton_make(u->name, skeleton, err);
	if (!code)
		code = note_write("union", u->name, note, err);
	if (code)
		return code;
	code = mount_layers(u, err);
	if (!code && skeleton)
		code = fit_skeleton(u, skeleton, err);
	if (code) {
		rmdir(u->path);
		note_remove("union", u->name);
		skeleton_remove(u->name, NULL);
	}
	return code;
}

static size_t put_field(char *note, size_t used, const struct request *request, const char *key)
{
	const char *value = line_value(request, key);

	return value ? used + (size_t)sprintf(note + used, "%s%s=%s", used ? " " : "", key, value) : used;
}

errint_t union_mount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	static const char *const keys[] = {"lower", "upper", "work", "skeleton"};
	static char note[LINE_MAX_BYTES], had[LINE_MAX_BYTES]; /* it was part of a line, so it fits */
	cleanup_mounted struct mounted mounted = {0};
	cleanup_union struct union_folder u = {0};
	errint_t code = read_name(request, &u, err);

	(void)answer;
	if (!code)
		code = mounted_read(&mounted, err);
	if (!code && chdir(SHARES) < 0)
		code = mica_fail(err, -errno, "chdir", SHARES);
	if (!code)
		code = modules_wait(err);
	if (code)
		return code;
	for (size_t i = 0, used = 0; i < sizeof(keys) / sizeof(*keys); i++)
		used = put_field(note, used, request, keys[i]);
	if (!mounted_at(&mounted, UNIONS, u.name))
		return mount_new(request, &mounted, note, &u, err);
	if (note_read("union", u.name, had, sizeof(had)) && !strcmp(note, had))
		return 0;
	return mica_fail_note(err, -EEXIST, "union", u.path, "another union is there: %s", had);
}

/* A union that is served is in use. */
errint_t union_unmount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount;
	struct union_folder u = {0};
	bool lost = false;
	errint_t code = read_name(request, &u, err);

	if (!code)
		code = line_flag(request, "lost", &lost, err);
	if (!code && !lost)
		code = export_end(request, answer, err);
	if (!code)
		code = mounted_read(&mounted, err);
	mount = code ? NULL : mounted_at(&mounted, UNIONS, u.name);
	if (mount && !lost)
		code = held_check(mount, u.path, err);
	if (!code && mount)
		code = lost ? mount_abandon(UNIONS, u.name, err) : mica_umount(u.path, 0, 0, err);
	if (code)
		return code;
	rmdir(u.path);
	note_remove("union", u.name);
	return skeleton_remove(u.name, err);
}

static errint_t read_noted(const char *name, struct union_folder *u, struct mica_error *err)
{
	static char note[LINE_MAX_BYTES];
	cleanup_mounted struct mounted mounted = {0};
	struct request request = {0};
	errint_t code;

	snprintf(u->path, sizeof(u->path), UNIONS "/%s", name);
	u->name = name;
	if (!note_read("union", name, note, sizeof(note)) || note_parse(note, &request))
		return mica_fail_note(err, -ENOENT, "export", name, "its layers were not noted");
	if (chdir(SHARES) < 0)
		return mica_fail(err, -errno, "chdir", SHARES);
	code = mounted_read(&mounted, err);
	if (!code)
		code = read_layers(&request, &mounted, u, err);
	return code;
}

errint_t union_serve(const char *name, int port, struct mica_error *err)
{
	cleanup_union struct union_folder u = {0};
	const char *layers[MICA_MOST_LOWERS + 1];
	errint_t code = read_noted(name, &u, err);

	if (code)
		return code;
	layers[0] = u.upper;
	memcpy(layers + 1, u.lowers, u.count * sizeof(*layers));
	const struct export_spec spec = {
		.root = u.path, .layers = layers, .layer_count = u.count + 1, .port = port, .budget = served_budget()};

	while (!code)
		code = export_serve(&spec, err);
	return code;
}
