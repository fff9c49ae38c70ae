/*
 * mica.h - the C core of Mica: trees, diffs, layers, manifests and mounts.
 *
 * This page and its parts, the headers that it includes, are the whole public interface and its contract. Functions
 * take paths and return bytes. No function keeps global state, except that mica_tsc_khz uses a clock value that was
 * read when the library was loaded. Every function may be called from any thread, and two calls never disturb each
 * other unless they write to the same folder.
 *
 * Errors.  A function that returns errint_t returns 0 or -errno. Global errno means nothing after a call.
 * After a failure *err says which step failed, at which path, and why if the number alone would not help
 * a person. err may be NULL.
 *
 * Names.  Paths and names are bytes, which are never decoded: a name has any bytes except '/' and NUL. A
 * folder that is given by its path is opened once. From then on everything goes through directory
 * descriptors, so no symbolic link inside a tree is ever followed, and paths longer than PATH_MAX work.
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
 * Starts program with one argument and does not wait for it. The program has a session of its own, an empty
 * environment, the current folder "/", none of the caller's descriptors, and its standard streams on /dev/null. It goes
 * on when the caller ends.
 */
errint_t mica_start_apart(const char *program, const char *argument, struct mica_error *err);

/*
 * Sends message in one datagram to the socket of a service manager, as sd_notify(3) does. address is an absolute path,
 * or '@' and a name in the abstract namespace. If the manager takes nothing, this waits for some seconds at most.
 */
errint_t mica_notify(const char *address, const char *message, struct mica_error *err);

/* Looks up the home directory of a user of this host by name, and writes it to home as a string with a NUL, of at most
 * len bytes. -ENOENT: there is no such user, or it cannot be looked up now. -ENAMETOOLONG: len is too
 * small. */
errint_t mica_home(const char *user, char *home, size_t len, struct mica_error *err);

/*
 * Returns the rate of this host's time stamp counter in kHz, which is exact to some millionths, or 0 if the processor
 * has no such counter. The rate is measured against CLOCK_MONOTONIC_RAW since the library was loaded; the call waits
 * until 20 ms have passed since then. An emulated processor uses the host's counter. So a guest that gets the rate need
 * not measure it, which goes wrong on a busy host.
 */
uint32_t mica_tsc_khz(void);

/*
 * The SHA-256 of bytes that come in parts. mica_sha256_new returns NULL if there is no memory. mica_sha256_end writes
 * the digest, unless digest is NULL, and frees sha. Calls with the same struct must not run at the same time.
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
