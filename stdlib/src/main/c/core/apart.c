/*
 * apart.c - starting a program that nobody waits for.
 *
 * By posix_spawn, which copies nothing of a large process, as a JVM is one. The child is ours, so that its end must be
 * asked for: a thread does that. Where we end first, the child is another's.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

#include "pool.h"

static void *await_end(void *arg)
{
	while (waitpid((pid_t)(intptr_t)arg, NULL, 0) < 0 && errno == EINTR)
		continue;
	return NULL;
}

/* Nothing of ours is the child's: no file, no folder, no terminal, no signal that is ignored or held back. */
static errint_t set_apart(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int error = 0;

	sigfillset(&all);
	sigemptyset(&none);
	for (int fd = 0; !error && fd < 3; fd++)
		error = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(files, 3);
	if (!error)
		error = posix_spawn_file_actions_addchdir_np(files, "/");
	if (!error)
		error = posix_spawnattr_setflags(attr,
						 POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!error)
		error = posix_spawnattr_setsigdefault(attr, &all);
	if (!error)
		error = posix_spawnattr_setsigmask(attr, &none);
	return -error;
}

errint_t mica_start_apart(const char *program, const char *argument, struct mica_error *err)
{
	char *const argv[] = {(char *)program, (char *)argument, NULL}, *const environment[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	pid_t child;
	errint_t code;

	mica_error_clear(err);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	code = set_apart(&files, &attr);
	if (!code)
		code = -posix_spawn(&child, program, &files, &attr, argv, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (code < 0)
		return mica_fail(err, code, "start", program);
	/* Without a thread it stays a dead entry in the list of processes until we end: no harm but that. */
	(void)thread_beside(await_end, (void *)(intptr_t)child);
	return 0;
}
