/*
 * facts.c - what a command may notice of the process that it runs in: if the server's is the same, nobody can tell
 * which of the two has run it. shell/serve/Facts.java writes the same of the server's process.
 */
#include "client/client.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

extern char **environ;

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Other libraries are another version of Mica, also where they have the same names. */
static errint_t write_libraries(FILE *to, const char *lib)
{
	cleanup_fd int folder = open(lib, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	int count = scandir(lib, &entries, NULL, by_name);
	errint_t code = count < 0 || folder < 0 ? -errno : 0;

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		struct stat st;

		if (!code && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
			code = -errno;
		else if (!code && S_ISREG(st.st_mode))
			fprintf(to, "library %s %ju %jd.%09ld %jd\n", name, (uintmax_t)st.st_ino,
				(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (intmax_t)st.st_size);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static errint_t write_namespaces(FILE *to)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[32], is[64] = "";

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		if (readlink(path, is, sizeof(is) - 1) < 0)
			return -errno;
		fprintf(to, "namespace %s\n", is);
	}
	return 0;
}

static errint_t write_root(FILE *to)
{
	struct stat st;

	if (stat("/", &st))
		return -errno;
	fprintf(to, "root %ju %ju\n", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return 0;
}

static bool is_wanted(const char *line)
{
	static const char *const keys[] = {
		"Umask:", "Uid:", "Gid:", "Groups:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			return true;
	return false;
}

/* Whom the kernel takes it for, in the kernel's words. */
static errint_t write_identity(FILE *to)
{
	FILE *status = fopen("/proc/self/status", "re");
	cleanup_free char *line = NULL;
	size_t room = 0;

	if (!status)
		return -errno;
	while (getline(&line, &room, status) > 0)
		if (is_wanted(line))
			fputs(line, to);
	errint_t code = ferror(status) ? -EIO : 0;
	fclose(status);
	return code;
}

/* Where the state is was said by MICA_HOME, and has been found; MICA_IN_PROCESS is between us and the launcher. */
static bool is_setting(const char *variable)
{
	return !strncmp(variable, "MICA_", 5) && strncmp(variable, "MICA_HOME=", 10) != 0 &&
	       strncmp(variable, "MICA_IN_PROCESS=", 16) != 0;
}

/* Variables that have Mica itself work in another way. */
static errint_t write_settings(FILE *to)
{
	size_t count = 0, all = 0;

	while (environ[all])
		all++;
	cleanup_free const char **settings = calloc(all + 1, sizeof(*settings));
	if (!settings)
		return -ENOMEM;
	for (size_t i = 0; i < all; i++)
		if (is_setting(environ[i]))
			settings[count++] = environ[i];
	qsort(settings, count, sizeof(*settings), by_bytes);
	for (size_t i = 0; i < count; i++)
		fprintf(to, "setting %s\n", settings[i]);
	return 0;
}

errint_t facts_write(FILE *to, const char *lib)
{
	errint_t code = write_libraries(to, lib);

	code = code ? code : write_namespaces(to);
	code = code ? code : write_root(to);
	code = code ? code : write_identity(to);
	return code ? code : write_settings(to);
}
