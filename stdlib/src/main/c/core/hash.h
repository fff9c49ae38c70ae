/* hash.h - the digest of one file's content. Private to core/. */
#ifndef MICA_HASH_H
#define MICA_HASH_H

#include "hasher.h"
#include "pace.h"

/*
 * This is a part of the manifest's encoding (manifest-encode.h): SHA-256 or XXH64 over the blocks of 64 KiB of the
 * content, the last of which may be shorter. Blocks of zeros are left out. Each other block is hashed as its number
 * from 0, a little-endian u64, and its bytes. So stored zeros and holes give the same digest, and holes of any size
 * take no time. The size is not in the digest; both together identify the content.
 *
 * Writes hash_bytes(hash) bytes to digest. It is the second reader of pace; NULL: there is no first one. -EBUSY: the
 * file has another size than size.
 */
errint_t hash_content(int fd, uint64_t size, enum hash hash, struct pace *pace, struct mica_job *job, uint8_t *digest);

#endif
