/*
 * relay-sandbox.c - once everything is open, nothing else of the host is needed: an empty root, no
 * new privileges, few capabilities, and the system calls a relay makes. Root only: others have
 * nothing to give away but the system calls.
 */
#include "relay.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/*
 * SYS_ADMIN: the kernel passes files through for nobody else. DAC_OVERRIDE: to open any file of the layers. CHOWN,
 * FOWNER and FSETID: to give one of the upper whatever owner, mode and times the kernel allows its caller to.
 */
#define KEPT                                                                                                           \
	(1ull << CAP_SYS_ADMIN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_CHOWN | 1ull << CAP_FOWNER | 1ull << CAP_FSETID)

/* Our own copy of the mounts would hold the union's mount point after its unmount, so all of it goes. */
static errint_t empty_root(struct mica_error *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return mica_fail(err, -errno, "unshare the mounts", "/");
	if (mount("empty", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0,mode=555") < 0)
		return mica_fail(err, -errno, "mount an empty root", "/proc");
	if (chdir("/proc") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0 ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return mica_fail(err, -errno, "enter an empty root", "/proc");
	return 0;
}

static errint_t keep_capabilities(struct mica_error *err)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)KEPT, .permitted = (uint32_t)KEPT},
		{.effective = (uint32_t)(KEPT >> 32), .permitted = (uint32_t)(KEPT >> 32)},
	};

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, data) < 0)
		return mica_fail(err, -errno, "drop capabilities", "");
	return 0;
}

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
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define NAMESPACES                                                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define THREAD (CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* Calls that are allowed where (argument & mask) == value: a thread and no process, no memory with instructions in it,
 * and of the controls those of /dev/fuse. */
static const struct conditional {
	uint32_t call;
	uint8_t argument;
	uint32_t mask, value;
} conditional[] = {
	{__NR_clone, 0, THREAD | NAMESPACES, THREAD},
	{__NR_mmap, 2, PROT_EXEC, 0},
	{__NR_mprotect, 2, PROT_EXEC, 0},
	{__NR_ioctl, 1, 0xff00, FUSE_DEV_IOC_MAGIC << 8},
};
#define INSTRUCTIONS (4 + 2 + COUNT(conditional) * 6 + COUNT(allowed) * 2 + 1)

struct filter {
	struct sock_filter code[INSTRUCTIONS];
	unsigned short length;
};

static void put(struct filter *f, uint16_t code, uint32_t k)
{
	f->code[f->length++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Goes on with the next instruction if what was loaded is k, else that many further. */
static void put_if(struct filter *f, uint32_t k, uint8_t further)
{
	f->code[f->length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, further);
}

/* The lower half of an argument: both machines have it first, and no flag of these calls is in the other. */
static void put_conditional(struct filter *f, const struct conditional *c)
{
	put_if(f, c->call, 5);
	put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args) + c->argument * 8u);
	put(f, BPF_ALU | BPF_AND | BPF_K, c->mask);
	put_if(f, c->value, 1);
	put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
}

/*
 * Others fail with EPERM rather than kill: a C library that tries a new call falls back to the old one. From clone3,
 * whose flags are in memory, it does so for ENOSYS only.
 */
static errint_t only_known_calls(struct mica_error *err)
{
	struct filter f = {.length = 0};

	put(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f.code[f.length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	put(&f, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	put(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	put_if(&f, __NR_clone3, 1);
	put(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	for (unsigned i = 0; i < COUNT(conditional); i++)
		put_conditional(&f, &conditional[i]);
	for (unsigned i = 0; i < COUNT(allowed); i++) {
		put_if(&f, allowed[i], 1);
		put(&f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	put(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct sock_fprog program = {f.length, f.code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return mica_fail(err, -errno, "filter system calls", "");
	return 0;
}

errint_t relay_sandbox(struct relay *r, struct mica_error *err)
{
	errint_t code = 0;

	if (!getuid() && ((code = empty_root(err)) < 0 || (code = keep_capabilities(err)) < 0))
		return code;
	/* There the calls that take no O_PATH descriptor find by name what we hold. */
	if (fchdir(r->proc) < 0)
		return mica_fail(err, -errno, "enter", "/proc/self/fd");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return mica_fail(err, -errno, "forgo new privileges", "");
	prctl(PR_SET_DUMPABLE, 0);
	/* The sanitizers' own calls are many. */
	return SANITIZED ? 0 : only_known_calls(err);
}
