/*
 * frame.h - what goes over the wire between the relay on the host and the export in the guest;
 * docs/export-protocol.md in C. Both ends are little-endian machines of one Mica build.
 */
#ifndef MICA_FRAME_H
#define MICA_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FRAME_VERSION 3u
#define FRAME_MAGIC "\0mica-export-\x96\r\n"
#define FRAME_MAGIC_LEN 16

/* The largest data of one FUSE message, as told to the kernel; room for its headers and a tail besides. */
#define FRAME_MAX_WRITE (1u << 20)
#define FRAME_MAX (FRAME_MAX_WRITE + 16384u)

enum frame_kind {
	FRAME_HELLO = 1, /* struct frame_hello; each way once, first */
	FRAME_FUSE = 2,	 /* one FUSE message; from the guest it may have a tail */
	FRAME_PING = 3,	 /* host to guest: nothing follows */
	FRAME_PONG = 4,	 /* the answer, at once, whatever else is going on */
};

/* Begins every frame. The tail, if any, is its last bytes. */
struct frame {
	uint32_t size; /* bytes, this header included */
	uint16_t kind;
	uint16_t tail; /* bytes of the tail: 0, or a struct frame_backing with its path */
};

/* The two ends find each other by it: what stood in the pipe before the magic is of an older session. */
struct frame_hello {
	char magic[FRAME_MAGIC_LEN];
	uint32_t version;
	uint32_t reserved;
	uint8_t nonce[16]; /* chosen by the host, sent back by the guest */
};

/*
 * "From here on the data of this node, and its attributes if that is in the upper, are those of that file"; with the
 * answer to MKDIR, "its attributes are those of that directory".
 */
struct frame_backing {
	uint64_t node;
	uint64_t inode; /* of the file in its layer */
	uint64_t shown; /* st_ino for the host */
	uint32_t layer; /* 0 is the upper, then the lowers in their order */
	uint32_t reserved;
	char path[]; /* in the layer; not empty, no NUL, no leading slash */
};

/* How long the host's kernel may keep names and attributes: who changes them tells it, or is it. */
#define FRAME_VALID_SECONDS 86400u

/* Among the flags of SETXATTR, which is of the short form: with the ACL the set-group-id bit goes. */
#define FRAME_KILL_SGID (1u << 30)

/* The offset of a listing's last entry: that nothing comes after it, the relay knows without asking. */
#define FRAME_LISTING_END INT64_MAX

#define FRAME_MAX_TAIL (sizeof(struct frame_backing) + 4096u)

_Static_assert(sizeof(struct frame) == 8 && sizeof(struct frame_hello) == 40 && sizeof(struct frame_backing) == 32,
	       "the wire has no padding");
_Static_assert(sizeof(FRAME_MAGIC) - 1 == FRAME_MAGIC_LEN, "the magic fills its field");

#endif
