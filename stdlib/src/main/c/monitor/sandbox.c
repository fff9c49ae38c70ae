/*
 * sandbox.c - what a guest or a client that has taken over the monitor can still do on this host: use what is open, and
 * files in the folders that are open, by their names. A monitor of root also has an empty root, and no capability.
 */
#include "monitor/monitor.h"

#include "confine.h"

#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const uint32_t allowed[] = {
	__NR_read,	   __NR_write,		 __NR_pread64,
	__NR_pwrite64,	   __NR_recvfrom,	 __NR_sendto,
	__NR_sendmsg,	   __NR_accept4,	 __NR_epoll_ctl,
	__NR_epoll_pwait,  __NR_close,		 __NR_dup3,
	__NR_fstat,	   __NR_newfstatat,	 __NR_fsync,
	__NR_ftruncate,	   __NR_waitid,		 __NR_clock_gettime,
	__NR_munmap,	   __NR_mremap,		 __NR_madvise,
	__NR_brk,	   __NR_futex,		 __NR_getrandom,
	__NR_exit,	   __NR_exit_group,	 __NR_rt_sigprocmask,
	__NR_rt_sigreturn, __NR_restart_syscall,
#ifdef __NR_epoll_wait
	__NR_epoll_wait,
#endif
};

/* A descriptor of a folder is never negative, but AT_FDCWD is. */
#define NEGATIVE 0x80000000u

static const struct confine_call conditional[] = {
	{__NR_mmap, 2, PROT_EXEC, 0},	  {__NR_mprotect, 2, PROT_EXEC, 0},
	{__NR_openat, 0, NEGATIVE, 0},	  {__NR_unlinkat, 0, NEGATIVE, 0},
#ifdef __NR_renameat
	{__NR_renameat, 0, NEGATIVE, 0},
#endif
	{__NR_renameat2, 0, NEGATIVE, 0},
};

static const struct confine_calls calls = {
	conditional,
	sizeof(conditional) / sizeof(*conditional),
	allowed,
	sizeof(allowed) / sizeof(*allowed),
};

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14)
#endif
#define REMOVE LANDLOCK_ACCESS_FS_REMOVE_FILE
#define RENAME (REMOVE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define WRITE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

errint_t monitor_confine(const struct monitor *m, struct mica_error *err)
{
	const struct confine_rule rules[] = {
		{m->log_file.dir, RENAME | WRITE},
		{m->exit_file.dir, RENAME},
		{m->attach.dir, REMOVE},
		{m->pid.dir, REMOVE},
	};
	errint_t code = 0;

	if (!geteuid() && ((code = confine_root(err)) < 0 || (code = confine_capabilities(0, err)) < 0))
		return code;
	/* Only for root: a monitor of another user could not be found any more. It is found by its environment, which
	 * only root could read then. */
	if (!geteuid())
		prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/") < 0)
		return mica_fail(err, -errno, "enter", "/");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return mica_fail(err, -errno, "forgo new privileges", "");
	code = confine_files(rules, sizeof(rules) / sizeof(*rules), err);
	return code ? code : confine_calls(&calls, err);
}
