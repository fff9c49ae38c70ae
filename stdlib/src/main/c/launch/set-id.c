/*
 * set-id.c - prevents that a file server sets the set-user-id or set-group-id bit. It is root here and does what root
 * of a guest asks: a program with such a bit would run as root for every user of this host. There is no capability for
 * setting that bit on one's own files, so the calls that could set it are filtered.
 */
#include "launch.h"

#include "confine.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#define MAKES (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define ALWAYS 0xff
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The position of the mode among the arguments, and the flags without which it means nothing. mkdir(2) ignores these
 * bits. */
static const struct giving {
	uint32_t call;
	uint8_t mode, flags;
} giving[] = {
	{__NR_fchmod, 1, ALWAYS}, {__NR_fchmodat, 2, ALWAYS}, {__NR_fchmodat2, 2, ALWAYS}, {__NR_mknodat, 2, ALWAYS},
	{__NR_openat, 3, 2},
#ifdef __NR_chmod
	{__NR_chmod, 1, ALWAYS},  {__NR_mknod, 1, ALWAYS},    {__NR_creat, 1, ALWAYS},	   {__NR_open, 2, 1},
#endif
};

/* The modes of these calls are in memory, where a filter cannot see them. A program uses the other calls if these do
 * not exist. */
static const uint32_t hidden[] = {__NR_openat2, __NR_io_uring_setup};

struct code {
	struct sock_filter filter[8 + COUNT(giving) * 8 + COUNT(hidden) * 2];
	unsigned short length;
};

static void put(struct code *c, uint16_t code, uint32_t k)
{
	c->filter[c->length++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Goes on with the next instruction if the test is true; otherwise it skips that many. */
static void put_if(struct code *c, uint16_t test, uint32_t k, uint8_t further)
{
	c->filter[c->length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, k, 0, further);
}

/* Loads the lower half, which comes first on both machines. */
static void load(struct code *c, uint8_t argument)
{
	put(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args) + argument * 8u);
}

static void put_giving(struct code *c, const struct giving *way)
{
	bool always = way->flags == ALWAYS;

	put_if(c, BPF_JEQ, way->call, always ? 4 : 6);
	if (!always) {
		load(c, way->flags);
		put_if(c, BPF_JSET, MAKES, 3);
	}
	load(c, way->mode);
	put_if(c, BPF_JSET, S_ISUID | S_ISGID, 1);
	put(c, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	put(c, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

errint_t set_id_forbid(struct mica_error *err)
{
	struct code c = {.length = 0};

	put(&c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	c.filter[c.length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONFINE_ARCH, 1, 0);
	put(&c, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	put(&c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
#ifdef __X32_SYSCALL_BIT
	put_if(&c, BPF_JGE, __X32_SYSCALL_BIT, 1);
	put(&c, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < COUNT(hidden); i++) {
		put_if(&c, BPF_JEQ, hidden[i], 1);
		put(&c, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	for (size_t i = 0; i < COUNT(giving); i++)
		put_giving(&c, &giving[i]);
	put(&c, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {c.length, c.filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return mica_fail(err, -errno, "filter", "system calls");
	return 0;
}
