/*
 * relay-sandbox.c - once everything is open, the relay needs nothing else of the host. It gets an empty
 * root, no new privileges, few capabilities, and only the system calls that it makes. Only root can
 * give up the first three; a relay of another user only gives up system calls.
 */
#include "relay.h"

#include "confine.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/*
 * SYS_ADMIN: without it the kernel passes no files through. DAC_OVERRIDE: to open any file of the layers. CHOWN, FOWNER
 * and FSETID: to give a file of the upper any owner, mode and times that the kernel allows the caller to set.
 */
#define KEPT                                                                                                           \
	(1ull << CAP_SYS_ADMIN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_CHOWN | 1ull << CAP_FOWNER | 1ull << CAP_FSETID)

static const uint32_t allowed[] = {
	__NR_read,
	__NR_write,
	__NR_readv,
	__NR_writev,
	__NR_pread64,
	__NR_pwrite64,
	__NR_sendmsg,
	__NR_sendto,
	__NR_accept4,
	__NR_recvfrom,
	__NR_shutdown,
	__NR_ppoll,
	__NR_openat,
	__NR_openat2,
	__NR_close,
	__NR_dup3,
	__NR_fstat,
	__NR_newfstatat,
	__NR_fchownat,
	__NR_fchmodat,
	__NR_utimensat,
	__NR_truncate,
	__NR_ftruncate,
	__NR_getxattr,
	__NR_lseek,
	__NR_fsync,
	__NR_fdatasync,
	__NR_fallocate,
	__NR_copy_file_range,
	__NR_capget,
	__NR_capset,
	__NR_futex,
	__NR_clock_gettime,
	__NR_clock_nanosleep,
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
	__NR_brk,
	__NR_set_robust_list,
	__NR_rseq,
	__NR_exit,
	__NR_exit_group,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
	__NR_restart_syscall,
	__NR_getpid,
	__NR_gettid,
	__NR_sched_yield,
	__NR_getrandom,
#ifdef __NR_poll
	__NR_poll,
#endif
};

#define NAMESPACES                                                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define THREAD (CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* Calls that are allowed if (argument & mask) == value: clone for threads but not for processes, no executable memory,
 * and only the ioctls of /dev/fuse. */
static const struct confine_call conditional[] = {
	{__NR_clone, 0, THREAD | NAMESPACES, THREAD},
	{__NR_mmap, 2, PROT_EXEC, 0},
	{__NR_mprotect, 2, PROT_EXEC, 0},
	{__NR_ioctl, 1, 0xff00, FUSE_DEV_IOC_MAGIC << 8},
};

static const struct confine_calls calls = {
	conditional,
	sizeof(conditional) / sizeof(*conditional),
	allowed,
	sizeof(allowed) / sizeof(*allowed),
};

errint_t relay_sandbox(struct relay *r, struct mica_error *err)
{
	errint_t code = 0;

	if (!getuid() && ((code = confine_root(err)) < 0 || (code = confine_capabilities(KEPT, err)) < 0))
		return code;
	/* In this folder, calls that do not take an O_PATH descriptor find the file by the descriptor's name. */
	if (fchdir(r->proc) < 0)
		return mica_fail(err, -errno, "enter", "/proc/self/fd");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return mica_fail(err, -errno, "forgo new privileges", "");
	prctl(PR_SET_DUMPABLE, 0);
	return confine_calls(&calls, err);
}
