/*
 * manifest-encode.h - encodes an entry of a tree in the bytes whose hash is a manifest. Private to core/.
 *
 * Encoding, version 2. It is the digest of a commit: a change of any byte of it needs a new version.
 * The digest is SHA-256 over the line "mica manifest 2\n" and one record per entry. The root comes first. The order is
 * depth first: names are ordered by their bytes, and a directory comes before what is in it. Numbers are little-endian,
 * and "bytes" is a u32 length and as many bytes.
 *
 *   u32 depth (root 0) · bytes name (root "") · u8 type, one of f d l p s b c h
 *   type h, a further name of an inode that had a record before: u64 ordinal of that record (root 0), and nothing else
 *   other types: u32 mode & 07777 · u32 uid · u32 gid · i64 mtime seconds · u32 mtime nanoseconds
 *     u32 count of extended attributes, by name: bytes name · bytes value. An entry that is immutable or append-only
 *     has one attribute more, before the others: "flags" with the value "i", "a" or "ai". No file system has an
 *     attribute of that name, so the encoding of trees without these flags has not changed
 *     l: bytes target · b, c: u32 major, u32 minor · f: u64 size, 32 bytes digest of the content (hash.h)
 *
 * A check is XXH64 over the same records, with another first line, and with the 8 bytes of XXH64 for each content. It
 * is never kept, so it has no version. An empty tree has no record.
 */
#ifndef MICA_MANIFEST_ENCODE_H
#define MICA_MANIFEST_ENCODE_H

#include "view.h"

#define MANIFEST_TEXT_OF(number) #number
#define MANIFEST_LINE_OF(number) "mica manifest " MANIFEST_TEXT_OF(number) "\n"
#define MANIFEST_LINE MANIFEST_LINE_OF(MICA_MANIFEST_VERSION)
#define CHECK_LINE "mica check\n"

/* A buffer that grows as needed, and is used for one record after another. The owner zeroes it first, and frees bytes
 * in the end. */
struct encoding {
	uint8_t *bytes;
	size_t len, room;
	bool short_of_memory; /* there was no memory, so the record is not complete */
};

/* Replaces the buffer's record by one of a further name of the inode that has the record `ordinal`. */
void encode_link(struct encoding *e, size_t depth, const char *name, uint64_t ordinal);
/* Replaces the buffer's record by that of an entry, without the digest of a file's content, which comes last. */
errint_t encode_entry(struct encoding *e, size_t depth, const char *name, struct ventry *entry, struct mica_error *err);

#endif
