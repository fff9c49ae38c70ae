/* mica-tar.h - the part of mica.h on layers as tars, and layers that a guest sends. */
#ifndef MICA_PART_TAR_H
#define MICA_PART_TAR_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * Layers as tar, in the form of OCI images (image-spec, layer.md).
 *
 * What they hold  Files, directories, symbolic links, fifos, devices, hard links among them; mode, owner, modification
 *     time in nanoseconds, extended attributes as SCHILY.xattr.*, ACLs and capabilities among them, overlay's own
 *     left out and escaped ones unescaped; what was deleted as ".wh.NAME", opaque directories by ".wh..wh..opq".
 *     There is a remark, with the name, on what a tar cannot hold and on what a reader has added itself.
 *
 * The same layer gives the same bytes on every machine. The order is depth first, with names by their bytes. The root
 *     "./" comes first, and in a directory its opaque marker, then its whiteouts, then everything else; the first path
 *     of a hard-linked file is the file. There is a pax header only if the old fields are not enough (nearly always,
 *     for the nanoseconds), with its records in a fixed order. There is no user's name, no time of day, no number of an
 *     inode or of its device. The compressed bytes also depend on the version of zlib or libzstd, but not on the number
 *     of threads.
 */
#define MICA_TAR_PLAIN 0u
#define MICA_TAR_GZIP 1u /* level 6; in pieces that are compressed at the same time, which any gunzip can read */
#define MICA_TAR_ZSTD 2u /* level 3, one frame */

struct mica_tar {
	uint8_t diff_id[32];  /* SHA-256 of the tar, uncompressed: what an image's config lists */
	uint8_t digest[32];   /* SHA-256 of the bytes as they are written or were read: what its manifest lists */
	uint64_t bytes;	      /* of the tar */
	uint64_t packed;      /* as written or read */
	uint64_t entries;     /* in the tar, whiteouts and hard links among them */
	uint32_t compression; /* MICA_TAR_* */
	uint32_t reserved;
};

/* Written, but not all of it: */
#define MICA_REMARK_SOCKET 1u /* a socket: left out */
#define MICA_REMARK_NAME 2u   /* a name that begins with ".wh.": left out, with all below it */
#define MICA_REMARK_HOLES 3u  /* a file with holes: they are written as zeros */
#define MICA_REMARK_FLAGS 4u  /* immutable or append-only (detail: "i", "a", "ai"): the flags are left out */
#define MICA_REMARK_XATTR                                                                                              \
	5u		     /* an attribute (detail: its name): a name with "=" in it is left out in writing; read,   \
				it is what the file system or the caller's rights do not let be given */
#define MICA_REMARK_EMPTY 6u /* an attribute (detail: its name) without a value: written, but many readers drop it */
/* Read, but: */
#define MICA_REMARK_PARENT 7u /* a directory that has no entry of its own: made 0755, 0:0, of time 0 */
#define MICA_REMARK_ROOT 8u   /* the root is opaque, which no overlay obeys: leave out what is below the layer */
#define MICA_REMARK_DEVICE 9u /* a device that the caller may not make (MICA_OWN): left out */
#define MICA_REMARK_AUFS 10u  /* ".wh..wh.*", AUFS's own: left out, with all below it */
#define MICA_REMARK_KEY 11u   /* a pax record (detail: its key) that Mica does not support: left out */

/* One remark; the next one starts at record_len, a multiple of 8. text: the path, a NUL, the detail, a NUL. */
struct mica_remark {
	uint32_t record_len;
	uint32_t what; /* MICA_REMARK_* */
	uint32_t path_len;
	uint32_t detail_len;
	uint8_t text[];
};

/* Zeroed by the caller. mica_remarks_free frees what a call put into it, also after a failure. */
struct mica_remarks {
	uint8_t *records;
	uint64_t len; /* bytes of records */
	uint64_t count;
	uint64_t room;
};
void mica_remarks_free(struct mica_remarks *remarks);

/*
 * Writes the layer, a folder that nobody changes meanwhile, as a tar to the new file to, mode 0644, which is removed
 * again on failure; or, if to is NULL, to the descriptor fd. flags: MICA_LAYER_USERXATTR (the form of the layer)
 * and MICA_SYNC (the file is on disk). A layer that refers to what is below it (redirect, metacopy, index), or has an
 * unknown overlay attribute, or a mount point, is -EOPNOTSUPP. remarks may be NULL.
 */
errint_t mica_tar_write(const char *layer, const char *to, int fd, uint32_t compression, uint32_t flags,
			struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
			struct mica_error *err);

/*
 * The same for a single entry of the folder dir, which is not a layer: name is a file, or a directory with all below
 * it, and has that name in the tar. Names that begin with ".wh." have no special meaning. A directory on which
 * something is mounted is -EOPNOTSUPP; a mounted file is written.
 */
errint_t mica_tar_write_entry(const char *dir, const char *name, const char *to, int fd, struct mica_tar *tar,
			      struct mica_remarks *remarks, struct mica_job *job, struct mica_error *err);

/* It is not a layer: names that begin with ".wh." have no special meaning, and nothing is deleted or opaque. */
#define MICA_TAR_NAMES 64u

/* The limits for what is read; 0: no limit. */
struct mica_tar_limits {
	uint64_t bytes;	  /* of the tar, uncompressed, and of one file */
	uint64_t entries; /* directories that have none of their own count too */
	uint32_t path;	  /* bytes of a path, or of the target of a link */
	uint32_t depth;	  /* names of a path */
};

/*
 * Makes the folder dest (which must not exist) the layer that is in the tar in the file from. If from is NULL, the tar
 * is read from the descriptor fd, from its current offset to its end. It is plain, or compressed by gzip or zstd, in
 * any number of members. On failure dest is removed again. flags: MICA_LAYER_USERXATTR, MICA_SYNC, MICA_OWN and
 * MICA_TAR_NAMES. If a tar of mica_tar_write is read, the layer is the same, except what the remarks say.
 *
 * The tar is not trusted. Nothing outside of dest is reached: no symbolic link is ever followed, and an absolute name
 * is taken from the root (as all common readers do). Refused (-EBADMSG, note says why) are: a name with ".."; an entry
 * below something that is not a directory; a hard link to something that is not in this tar before it, to a directory
 * or to what was deleted; ".wh." without a name after it, or with "." or ".."; a device 0:0; a tar that is cut off, or
 * followed by anything but zeros. If several entries have one name, the last counts, of whatever type. A directory that
 * is both deleted and present is opaque; anything else that is both is present. Old tars, GNU's long names and sparse
 * files, and pax are understood. A global pax header counts for owner and time; there are remarks on its other values.
 * Memory grows with the directories and deleted names, not with the files.
 *
 * With MICA_LAYER_EXACT these are refused, too (-EBADMSG): a name that comes twice; an entry in a directory that has
 * not come before it; an attribute of overlay's own other than opaque, whiteout and escaped ones (redirect and metacopy
 * lead out of the layer); compression; and what the writer leaves out. An attribute that cannot be given is a failure.
 */
errint_t mica_tar_read(const char *from, int fd, const char *dest, const struct mica_tar_limits *limits, uint32_t flags,
		       struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
		       struct mica_error *err);

/*
 * Makes the folder dest (which must not exist) the layer that a guest sends as the exact tar of a session of the stream
 * protocol (docs/stream-protocol.md). It connects to the unix socket at path socket, of any length, at which the
 * process peer must listen; token is that of the session. At its end the guest says the layer's check. Without it, or
 * if dest has another one, there is no dest: -EBADMSG. A guest that fails says why (-EREMOTEIO), one that goes away is
 * -EPIPE, and one that does not begin within 60 s is -ETIMEDOUT. flags: MICA_SYNC. Hostile input is limited as for
 * mica_tar_read. totals are those of dest.
 */
errint_t mica_receive_layer(const char *socket, int32_t peer, const uint8_t token[16], const char *dest,
			    const struct mica_tar_limits *limits, uint32_t flags, struct mica_totals *totals,
			    struct mica_job *job, struct mica_error *err);

#endif
