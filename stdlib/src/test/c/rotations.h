/* rotations.h - a union to be rotated, and its rotation as the caller asks for it. For test-rotate*.c. */
#ifndef MICA_ROTATIONS_H
#define MICA_ROTATIONS_H

#include "tap.h"

#include "mount.h"

static struct mica_error err;
static const char *const lowers[] = {"low"};

static inline uint32_t id_at(const char *name)
{
	uint32_t id = 0;

	return mica_mounted_id(AT_FDCWD, name, &id) ? 0 : id;
}

static inline void make_union(void)
{
	struct mica_overlay o = {lowers, 1, 0, "up", "work0", "at", "mica:test"};

	for (const char *const *name = (const char *const[]){"low", "up", "work0", "at", "store", "trial", NULL}; *name;
	     name++)
		NEED(mkdir(*name, 0755));
	put_file("low/old", "low");
	if (mica_overlay_mount(&o, &err))
		bail("mount");
	put_file("at/one", "1");
}

static inline void forget_union(void)
{
	struct mica_error none;

	while (!umount2("at", MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	for (const char *const *name =
		     (const char *const[]){"low", "up", "work0", "work1", "at", "store", "trial", NULL};
	     *name; name++)
		if (mica_remove(*name, NULL, &none))
			bail(none.path);
}

/* The overlay at "at" goes on over its own upper, which becomes r->layer. What mica_rotate says. */
static inline int rotate(struct mica_rotation r)
{
	int result;

	r.id = id_at("at");
	r.target = "at";
	r.upper = "up";
	r.trial = "trial";
	r.source = "mica:test";
	mkdir(r.work, 0700);
	r.upper_fd = open("up", O_PATH | O_DIRECTORY | O_CLOEXEC);
	NEED(r.upper_fd);
	result = mica_rotate(&r, &err);
	close(r.upper_fd);
	return result;
}

static inline int rotate_to(const char *layer, uint32_t flags)
{
	return rotate((struct mica_rotation){
		.lowers = lowers, .lower_count = 1, .layer = layer, .work = "work1", .flags = flags});
}

/*
 * As the caller does between two: the work directory and what is tried with are new, the layer is the topmost lower.
 * layers has the count that were made so far, the lowest first, and gets the name of this one.
 */
static inline int rotate_number(int n, char layers[][32], uint32_t count)
{
	const char *all[200];
	char work[32];

	for (uint32_t i = 0; i < count; i++)
		all[i] = layers[count - 1 - i];
	all[count] = "low";
	snprintf(work, sizeof(work), "work0/%d", n);
	NEED(mica_remove("trial", NULL, &err));
	NEED(mkdir("trial", 0700));
	snprintf(layers[count], sizeof(layers[count]), "store/%u", count);
	return rotate((struct mica_rotation){.lowers = all,
					     .lower_count = count + 1,
					     .layer = layers[count],
					     .work = work,
					     .flags = MICA_ROTATE_DRAIN});
}

#endif
