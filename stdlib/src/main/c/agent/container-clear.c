/* container-clear.c - removes what is left of a container in the runtime and in the kernel. */
#include "child.h"
#include "container.h"
#include "crun.h"

#include <stdio.h>

errint_t container_clear(const char *name, struct mica_error *err)
{
	char path[sizeof(CONTAINERS_CGROUP) + 1 + LINE_MAX_NAME];
	cleanup_fd int cgroup = cgroup_open(name);
	errint_t code = cgroup < 0 ? 0 : cgroup_kill(cgroup, child_until(), err);

	if (!code)
		code = crun_delete(name, err);
	snprintf(path, sizeof(path), CONTAINERS_CGROUP "/%s", name);
	if (!code && rmdir(path) < 0 && errno != ENOENT)
		code = mica_fail(err, -errno, "remove the cgroup", path);
	return code;
}
