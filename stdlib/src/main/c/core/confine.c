#include "confine.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Our own copy of the mounts would keep a folder in use after its unmount, so all of them are unmounted here. */
errint_t confine_root(struct mica_error *err)
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

errint_t confine_capabilities(uint64_t kept, struct mica_error *err)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
		{.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
	};

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, data) < 0)
		return mica_fail(err, -errno, "drop capabilities", "");
	return 0;
}

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14)
#endif

/* Everything that a kernel of that version can forbid, as far as we know it. */
static uint64_t forbidden(long version)
{
	uint64_t all = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;

	if (version >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	return version >= 3 ? all | LANDLOCK_ACCESS_FS_TRUNCATE : all;
}

errint_t confine_files(const struct confine_rule *rules, size_t count, struct mica_error *err)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr set = {.handled_access_fs = forbidden(version)};
	cleanup_fd int ruleset = -1;

	if (version < 0)
		return 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, sizeof(set), 0);
	if (ruleset < 0)
		return mica_fail(err, -errno, "confine to folders", "");
	for (size_t i = 0; i < count; i++) {
		struct landlock_path_beneath_attr rule = {
			.allowed_access = rules[i].access & set.handled_access_fs,
			.parent_fd = rules[i].dir,
		};

		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
			return mica_fail(err, -errno, "confine to folders", "");
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return mica_fail(err, -errno, "confine to folders", "");
	return 0;
}

struct filter {
	struct sock_filter *code;
	unsigned short length;
};

static void put(struct filter *f, uint16_t code, uint32_t k)
{
	f->code[f->length++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Goes on with the next instruction if the loaded value is k; otherwise it skips that many. */
static void put_if(struct filter *f, uint32_t k, uint8_t further)
{
	f->code[f->length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, further);
}

/* Loads the lower half of an argument. It comes first on both machines, and no flag of these calls is in the other. */
static void put_conditional(struct filter *f, const struct confine_call *c)
{
	put_if(f, c->call, 5);
	put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args) + c->argument * 8u);
	put(f, BPF_ALU | BPF_AND | BPF_K, c->mask);
	put_if(f, c->value, 1);
	put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
}

/*
 * Other calls fail with EPERM and do not kill the process, because a C library that tries a new call falls back to the
 * old one. After clone3, whose flags are in memory, it does so only for ENOSYS.
 */
errint_t confine_calls(const struct confine_calls *calls, struct mica_error *err)
{
	size_t room = 4 + 2 + calls->conditional_count * 6 + calls->allowed_count * 2 + 1;
	cleanup_free struct sock_filter *code = calloc(room, sizeof(*code));
	struct filter f = {.code = code};

	/* The sanitizers make many calls of their own. */
	if (SANITIZED)
		return 0;
	if (!code)
		return mica_fail(err, -ENOMEM, "filter system calls", "");
	put(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f.code[f.length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONFINE_ARCH, 1, 0);
	put(&f, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	put(&f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	put_if(&f, __NR_clone3, 1);
	put(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < calls->conditional_count; i++)
		put_conditional(&f, &calls->conditional[i]);
	for (size_t i = 0; i < calls->allowed_count; i++) {
		put_if(&f, calls->allowed[i], 1);
		put(&f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	put(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct sock_fprog program = {f.length, f.code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return mica_fail(err, -errno, "filter system calls", "");
	return 0;
}
