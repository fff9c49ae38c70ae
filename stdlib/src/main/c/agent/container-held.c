/*
 * container-held.c - whether a container uses a mount of the guest. The mounts of a container are copies in its own
 * mount namespace. So the kernel would let the guest unmount its own copy, and the host would then remove what the
 * container still uses.
 */
#include "container.h"

#include <stdio.h>

/* The third word of a line of mountinfo is the device number of the file system. */
static bool has_mounted(pid_t pid, uint32_t major, uint32_t minor)
{
	char path[64], number[32];
	char line[8192];
	bool found = false;
	FILE *list;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	snprintf(number, sizeof(number), "%u:%u", major, minor);
	list = fopen(path, "re");
	while (list && !found && fgets(line, sizeof(line), list)) {
		char has[32] = "";
		found = sscanf(line, "%*u %*u %31s", has) == 1 && !strcmp(has, number);
	}
	if (list)
		fclose(list);
	return found;
}

errint_t held_check(const struct mica_mount *mount, const char *path, struct mica_error *err)
{
	struct container_facts facts;
	DIR *dir = NULL;
	const char *name;
	errint_t code = 0;

	while ((name = container_next(&dir)))
		if (!code && !container_facts(name, &facts, NULL) && facts.running && facts.pid > 0 &&
		    has_mounted(facts.pid, mount->dev_major, mount->dev_minor))
			code = mica_fail_note(err, -EBUSY, "unmount", path,
					      "container %s runs and uses it: end that first", name);
	return code;
}
