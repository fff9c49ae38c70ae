/* hash.h - the digest of one file's content. Private to core/. */
#ifndef MICA_HASH_H
#define MICA_HASH_H

#include "hasher.h"
#include "pace.h"

/*
 * Part of the manifest's encoding (manifest.c): SHA-256, or XXH64, over the content's blocks of 64 KiB, the last one as
 * long as it is, that have a byte other than zero; each as its number from 0, a little-endian u64, and its bytes. So
 * zeros count the same whether they are stored or a hole, and holes cost nothing to hash, however large. With the size,
 * which the digest leaves out, it tells all of the content.
 *
 * Writes hash_bytes to digest. Keeps pace as its second reader; NULL: there is no first. -EBUSY: fd has another size
 * than size.
 */
errint_t hash_content(int fd, uint64_t size, enum hash hash, struct pace *pace, struct mica_job *job, uint8_t *digest);

#endif
