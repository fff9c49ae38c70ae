/*
 * frame.h - the frames between the relay on the host and the export in the guest: docs/export-protocol.md in C. Both
 * ends are little-endian machines with the same build of Mica.
 */
#ifndef MICA_FRAME_H
#define MICA_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FRAME_VERSION 3u
#define FRAME_MAGIC "\0mica-export-\x96\r\n"
#define FRAME_MAGIC_LEN 16

/* The most data of one FUSE message, as the kernel is told; and the largest frame, without a tail. */
#define FRAME_MAX_WRITE (1u << 20)
#define FRAME_MAX (FRAME_MAX_WRITE + 16384u)

enum frame_kind {
	FRAME_HELLO = 1, /* struct frame_hello; the first frame in each direction, sent once */
	FRAME_FUSE = 2,	 /* one FUSE message; from the guest it may have a tail */
	FRAME_PING = 3,	 /* from the host; it has no content */
	FRAME_PONG = 4,	 /* the answer of the guest, which does not wait for other answers; it has no content */
};

/* Begins every frame. The tail, if any, is its last bytes. */
struct frame {
	uint32_t size; /* bytes, this header included */
	uint16_t kind;
	uint16_t tail; /* bytes of the tail: 0, or a struct frame_backing with its path */
};

/* Begins a session. Bytes before the magic belong to an older session. */
struct frame_hello {
	char magic[FRAME_MAGIC_LEN];
	uint32_t version;
	uint32_t reserved;
	uint8_t nonce[16]; /* chosen by the host, sent back by the guest */
};

/*
 * Says that from now on the data of a node are those of a file in a layer, and its attributes too if that is the upper.
 * In the answer to MKDIR it says that the attributes of the new directory are those of a directory in the upper.
 */
struct frame_backing {
	uint64_t node;
	uint64_t inode; /* of the file in its layer */
	uint64_t shown; /* st_ino for the host */
	uint32_t layer; /* 0 is the upper, then the lowers in their order */
	uint32_t reserved;
	char path[]; /* in the layer; not empty, no NUL, no leading slash */
};

/* How long the host's kernel may keep names and attributes. It makes all changes itself, or is told of them. */
#define FRAME_VALID_SECONDS 86400u

/* A flag of SETXATTR, in its short form: the set-group-id bit must be removed when the ACL is set. */
#define FRAME_KILL_SGID (1u << 30)

/* The offset of the last entry of a listing. The relay answers a READDIR at this offset without asking the guest. */
#define FRAME_LISTING_END INT64_MAX

#define FRAME_MAX_TAIL (sizeof(struct frame_backing) + 4096u)

_Static_assert(sizeof(struct frame) == 8 && sizeof(struct frame_hello) == 40 && sizeof(struct frame_backing) == 32,
	       "the wire has no padding");
_Static_assert(sizeof(FRAME_MAGIC) - 1 == FRAME_MAGIC_LEN, "the magic fills its field");

#endif
