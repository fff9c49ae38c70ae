/*
 * mica.h - the C core of Mica: trees, diffs, layers, manifests and mounts.
 *
 * This page and its parts, the headers that it includes, are the whole public interface and its contract. Functions
 * take paths and return bytes. No function keeps global state, except that mica_tsc_khz uses a clock value that was
 * read when the library was loaded. Every function may be called from any thread, and two calls never disturb each
 * other unless they write to the same folder.
 *
 * Errors.  A function returns errint_t: 0, or -errno. Global errno means nothing after a call. After
 * a failure *err says which step failed, at which path, and, if the number alone would not help
 * a person, why. err may be NULL.
 *
 * Names.  Paths and names are bytes, never decoded: any byte but '/' and NUL. A folder handed in by
 * its path is opened once; from there on everything goes through directory descriptors, so no
 * symbolic link inside a tree is ever followed and paths longer than PATH_MAX work.
 */
#ifndef MICA_H
#define MICA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library hides everything else. */
#pragma GCC visibility push(default)

/* Raised whenever a name, a layout or a meaning on these pages changes; the caller checks it once. */
#define MICA_ABI 11
uint32_t mica_abi(void);

#include "mica-call.h"
#include "mica-tree.h"
#include "mica-layer.h"
#include "mica-tar.h"
#include "mica-file.h"
#include "mica-mount.h"

/*
 * Starts program with one argument and does not wait for it. It has a session of its own, an empty environment, the
 * current folder "/", none of our descriptors, and its standard streams on /dev/null. It outlives us.
 */
errint_t mica_start_apart(const char *program, const char *argument, struct mica_error *err);

/*
 * Sends message in one datagram to the socket of a service manager, as sd_notify(3) does. address is an absolute path,
 * or a name in the abstract namespace behind a '@'. Waits some seconds at most for one that takes nothing.
 */
errint_t mica_notify(const char *address, const char *message, struct mica_error *err);

/* The home directory of a user of this host, given by name, as a string of less than len bytes. -ENOENT: there is no
 * such user, or it cannot be looked up now. */
errint_t mica_home(const char *user, char *home, size_t len, struct mica_error *err);

/*
 * The rate of this host's time stamp counter in kHz, to some millionths, measured against CLOCK_MONOTONIC_RAW since the
 * library was loaded; waits until 20 ms have passed since then. 0: the processor has no such counter. An emulated
 * processor uses the host's counter, so a guest that gets the rate need not measure it, which goes wrong on a busy
 * host.
 */
uint32_t mica_tsc_khz(void);

/*
 * SHA-256 of bytes that come one after the other. _new returns NULL if there is no memory; _end writes the digest,
 * unless that is NULL, and frees. Calls with the same struct must not run at the same time.
 */
struct mica_sha256;
struct mica_sha256 *mica_sha256_new(void);
void mica_sha256_add(struct mica_sha256 *sha, const void *bytes, size_t len);
void mica_sha256_end(struct mica_sha256 *sha, uint8_t digest[32]);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
