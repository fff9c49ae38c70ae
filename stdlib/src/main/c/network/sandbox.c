/*
 * sandbox.c - somebody who has taken over one of these programs may only read and write what it has open, and accept
 * connections at its listening sockets. A program that has only the machine's network may begin connections there.
 */
#include "network/network.h"

#include "confine.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const uint32_t allowed[] = {
	__NR_accept4,	 __NR_recvfrom,	    __NR_sendto,	  __NR_shutdown,      __NR_setsockopt, __NR_getsockopt,
	__NR_read,	 __NR_write,	    __NR_close,		  __NR_dup3,	      __NR_epoll_ctl,  __NR_epoll_pwait,
	__NR_munmap,	 __NR_mremap,	    __NR_madvise,	  __NR_brk,	      __NR_futex,      __NR_exit,
	__NR_exit_group, __NR_rt_sigreturn, __NR_restart_syscall, __NR_clock_gettime,
#ifdef __NR_epoll_wait
	__NR_epoll_wait,
#endif
};

static const struct confine_call conditional[] = {
	{__NR_mmap, 2, PROT_EXEC, 0},
	{__NR_mprotect, 2, PROT_EXEC, 0},
	{__NR_socket, 0, UINT32_MAX, AF_INET},
	{__NR_connect, 0, 0, 0},
};
#define CONDITIONAL (sizeof(conditional) / sizeof(*conditional))

/* So many calls at the end are for programs that begin connections. */
#define BEGINNING 2

errint_t network_confine(bool connects, struct mica_error *err)
{
	const struct confine_calls calls = {
		conditional,
		CONDITIONAL - (connects ? 0 : BEGINNING),
		allowed,
		sizeof(allowed) / sizeof(*allowed),
	};
	errint_t code = 0;

	if (!geteuid() && ((code = confine_root(err)) || (code = confine_capabilities(0, err))))
		return code;
	if (!geteuid())
		prctl(PR_SET_DUMPABLE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return mica_fail(err, -errno, "forgo new privileges", "");
	return confine_calls(&calls, err);
}
