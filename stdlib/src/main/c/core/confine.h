/* confine.h - takes rights away from a program that has opened all that it needs. Private to Mica's programs. */
#ifndef MICA_CONFINE_H
#define MICA_CONFINE_H

#include "base.h"

#include <linux/audit.h>

/* The name of this machine's architecture in a filter of system calls. */
#if defined(__x86_64__)
#define CONFINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCH AUDIT_ARCH_AARCH64
#endif

/* Enters a new mount namespace whose root is an empty, read-only folder, which also becomes the current folder. Only
 * root can do that. */
errint_t confine_root(struct mica_error *err);

/* Keeps the capabilities in kept (bits 1 << CAP_...), and drops all others for ever, also for programs that are run. */
errint_t confine_capabilities(uint64_t kept, struct mica_error *err);

/*
 * From now on this process can only access files as these rules allow it below folders that are open (bits of
 * landlock(7), of its first version and TRUNCATE). The process must not be able to get new privileges
 * (PR_SET_NO_NEW_PRIVS). On a kernel without landlock it returns 0 and does nothing: it is one protection among others.
 */
struct confine_rule {
	int dir;
	uint64_t access;
};
errint_t confine_files(const struct confine_rule *rules, size_t count, struct mica_error *err);

/* The system calls that are allowed if (argument & mask) == value, and those that are always allowed. */
struct confine_calls {
	const struct confine_call {
		uint32_t call;
		uint8_t argument;
		uint32_t mask, value;
	} * conditional;
	size_t conditional_count;
	const uint32_t *allowed;
	size_t allowed_count;
};

/* From now on all other system calls fail with EPERM (clone3 with ENOSYS). The process must not be able to get new
 * privileges (PR_SET_NO_NEW_PRIVS). Under a sanitizer every call stays allowed. */
errint_t confine_calls(const struct confine_calls *calls, struct mica_error *err);

#endif
