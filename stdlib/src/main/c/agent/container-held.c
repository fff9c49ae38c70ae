/*
 * container-held.c - whether a container holds a mount of the guest's. A container's mounts are copies in a mount
 * namespace of its own: to the kernel what the guest unmounts is in nobody's way, and the host would take away what the
 * container uses.
 */
#include "container.h"

#include <stdio.h>

/* In a line of mountinfo the third word is the file system's number. */
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
