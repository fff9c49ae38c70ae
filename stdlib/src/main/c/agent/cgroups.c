/* cgroups.c - makes the tree of cgroups in which containers run. */
#include "container.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

static errint_t enable(const char *controller, struct mica_error *err)
{
	cleanup_fd int fd = open(CGROUPS "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	char word[64];
	int len = snprintf(word, sizeof(word), "+%s", controller);

	return fd < 0 || write(fd, word, (size_t)len) < 0 ? mica_fail(err, -errno, "enable controller", controller) : 0;
}

static errint_t enable_all(struct mica_error *err)
{
	FILE *list = fopen(CGROUPS "/cgroup.controllers", "re");
	char controller[48];
	errint_t code = list ? 0 : mica_fail(err, -errno, "open", CGROUPS "/cgroup.controllers");

	while (!code && fscanf(list, "%47s", controller) == 1)
		code = enable(controller, err);
	if (list)
		fclose(list);
	return code;
}

errint_t cgroups_open(struct mica_error *err)
{
	errint_t code;

	if (mount("cgroup2", CGROUPS, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return mica_fail(err, -errno, "mount", CGROUPS);
	code = enable_all(err);
	if (!code && (mkdir("/dev/pts", 0755) < 0 && errno != EEXIST))
		code = mica_fail(err, -errno, "mkdir", "/dev/pts");
	if (!code && mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666") < 0)
		code = mica_fail(err, -errno, "mount", "/dev/pts");
	return code;
}

void cgroups_end(int64_t until_ms)
{
	cleanup_fd int all = open(CONTAINERS_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mica_error err = {0};

	if (all >= 0 && cgroup_kill(all, until_ms, &err))
		say("end the containers: %s: %s %s", err.path, strerror(-err.code), err.note);
}
