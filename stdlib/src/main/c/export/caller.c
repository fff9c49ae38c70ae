/*
 * caller.c - what a request makes belongs to its caller. The host's kernel has checked all
 * permissions (default_permissions), with the caller's groups, which we do not know; so only the
 * identity is taken on, and the capabilities stay.
 */
#include "ops.h"

#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

_Thread_local bool request_kills_setid;

static _Thread_local uid_t now_uid;
static _Thread_local gid_t now_gid;

void caller_thread_init(void)
{
	/* The umask is a thread's own, and a change of fsuid leaves the capabilities. */
	unshare(CLONE_FS);
	prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
	now_uid = geteuid();
	now_gid = getegid();
	umask(0);
}

/* The C library would change all threads; the calls themselves change one. */
static void become(uid_t uid, gid_t gid)
{
	if (gid != now_gid)
		syscall(SYS_setfsgid, now_gid = gid);
	if (uid != now_uid)
		syscall(SYS_setfsuid, now_uid = uid);
}

void caller_begin(fuse_req_t req)
{
	const struct fuse_ctx *caller = fuse_req_ctx(req);

	umask(caller->umask);
	become(caller->uid, caller->gid);
}

void caller_end(void)
{
	become(geteuid(), getegid());
	umask(0);
}
