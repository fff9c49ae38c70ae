/*
 * tap.h - what the C tests share: TAP lines, and a mount namespace to make a mess in.
 *
 * A test that cannot run here says why and is skipped; with MICA_MUST_WORK=1 in the environment
 * that is a failure, so that a build server cannot pass by skipping.
 */
#ifndef MICA_TAP_H
#define MICA_TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mica.h"

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3))) static inline bool ok(bool good, const char *name, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_run);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	tap_failed += !good;
	return good;
}

/* A call that must give want; what it gave, and the whole error, is shown if not. */
__attribute__((format(printf, 4, 5))) static inline bool ok_code(int64_t got, int64_t want,
								 const struct mica_error *err, const char *name, ...)
{
	char text[512];
	va_list args;

	va_start(args, name);
	vsnprintf(text, sizeof(text), name, args);
	va_end(args);
	if (!ok(got == want, "%s", text))
		printf("# got %lld, want %lld; %s: %s: %s\n", (long long)got, (long long)want, err->step, err->path,
		       err->note);
	return got == want;
}

static inline bool must_work(void)
{
	const char *value = getenv("MICA_MUST_WORK");

	return value && !strcmp(value, "1");
}

static inline void skip(const char *name, const char *why)
{
	if (must_work())
		ok(false, "%s: cannot run here: %s", name, why);
	else
		printf("ok %d # SKIP %s: %s\n", ++tap_run, name, why);
}

static inline int done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed != 0;
}

__attribute__((noreturn)) static inline void skip_all(const char *why)
{
	if (must_work())
		printf("1..1\nnot ok 1 - cannot run here: %s\n", why);
	else
		printf("1..0 # SKIP %s\n", why);
	exit(must_work());
}

/* For what the test needs and does not test. */
__attribute__((noreturn)) static inline void bail(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}
#define NEED(call)                                                                                                     \
	do {                                                                                                           \
		if ((call) < 0)                                                                                        \
			bail(#call);                                                                                   \
	} while (0)

/* A mount namespace of our own with an empty tmpfs as working directory: gone, mounts and all, when we are. */
static inline void enter_sandbox(void)
{
	if (geteuid())
		skip_all("mounting needs root");
	if (unshare(CLONE_NEWNS) < 0)
		skip_all("no mount namespace of its own");
	NEED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	NEED(mount("sandbox", "/tmp", "tmpfs", 0, "mode=1777"));
	NEED(chdir("/tmp"));
}

static inline void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	NEED(fd);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail(path);
	close(fd);
}

static inline bool file_is(const char *path, const char *text)
{
	char got[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);

	if (fd >= 0)
		close(fd);
	return len >= 0 && !strcmp(got, text);
}

static inline bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static inline bool is_whiteout(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISCHR(st.st_mode) && !st.st_rdev;
}

#endif
