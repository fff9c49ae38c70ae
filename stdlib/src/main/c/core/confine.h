/* confine.h - what a program gives up once it has opened all it needs. Private to Mica's programs. */
#ifndef MICA_CONFINE_H
#define MICA_CONFINE_H

#include "base.h"

#include <linux/audit.h>

/* This machine, as a filter of system calls names it. */
#if defined(__x86_64__)
#define CONFINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCH AUDIT_ARCH_AARCH64
#endif

/* For root: a mount namespace of our own whose root is an empty, read-only folder, and the current one. */
errint_t confine_root(struct mica_error *err);

/* Keeps these capabilities, for ever and whatever is run, and no others. */
errint_t confine_capabilities(uint64_t kept, struct mica_error *err);

/*
 * Of files only what these rules allow below folders that are open (bits of landlock(7), of its first version and
 * TRUNCATE). For a process without new privileges. A kernel that cannot do that does not: it is one wall among others.
 */
struct confine_rule {
	int dir;
	uint64_t access;
};
errint_t confine_files(const struct confine_rule *rules, size_t count, struct mica_error *err);

/* Calls that are allowed where (argument & mask) == value, and those that are allowed; no others. */
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

/* For a process without new privileges (PR_SET_NO_NEW_PRIVS). Under a sanitizer every call is allowed. */
errint_t confine_calls(const struct confine_calls *calls, struct mica_error *err);

#endif
