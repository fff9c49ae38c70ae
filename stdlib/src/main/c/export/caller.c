/*
 * caller.c - a file that a request makes belongs to its caller. The host's kernel has checked all
 * permissions (default_permissions) with the caller's groups, which we do not know. So the thread
 * takes on only the caller's identity, and keeps its capabilities.
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
	/* Each thread has its own umask, and keeps its capabilities when its fsuid changes. */
	unshare(CLONE_FS);
	prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
	now_uid = geteuid();
	now_gid = getegid();
	umask(0);
}

/* The functions of the C library would change all threads; the system calls change only one. */
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
