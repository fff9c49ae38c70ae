/* mica-tar.h - the part of mica.h on layers as tars, and layers that a guest sends. */
#ifndef MICA_PART_TAR_H
#define MICA_PART_TAR_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * Layers as tar, in the form of OCI images (image-spec, layer.md).
 *
 * Such a tar has files, directories, symbolic links, fifos and devices, and hard links among them. Each entry has its
 *     mode, its owner, its modification time in nanoseconds, and its extended attributes as SCHILY.xattr.*. ACLs and
 *     capabilities are among these; overlay's own attributes are left out, and escaped ones are unescaped. A deleted
 *     entry is ".wh.NAME", and ".wh..wh..opq" marks an opaque directory. There is a remark on each path at which a tar
 *     cannot hold something, or at which the reader has added something.
 *
 * The same layer gives the same bytes on every machine. The order is depth first, with names by their bytes. The root
 *     "./" comes first, and in a directory its opaque marker, then its whiteouts, then everything else; the first path
 *     of a hard-linked file is the file. There is a pax header only if the old fields are not enough (nearly always,
 *     for the nanoseconds), with its records in a fixed order. There is no user's name, no time of day, no number of an
 *     inode or of its device. The compressed bytes also depend on the version of zlib or libzstd, but not on the number
 *     of threads.
 */
#define MICA_TAR_PLAIN 0u
#define MICA_TAR_GZIP 1u /* level 6; several threads compress pieces, and any gunzip can read the result */
#define MICA_TAR_ZSTD 2u /* level 3, as one frame */

struct mica_tar {
	uint8_t diff_id[32];  /* SHA-256 of the uncompressed tar, as the config of an image lists it */
	uint8_t digest[32];   /* SHA-256 of the bytes as they were written or read, as the manifest lists it */
	uint64_t bytes;	      /* bytes of the uncompressed tar */
	uint64_t packed;      /* bytes as they were written or read */
	uint64_t entries;     /* the number of entries in the tar, whiteouts and hard links among them */
	uint32_t compression; /* MICA_TAR_* */
	uint32_t reserved;
};

/* Remarks on what is lost when a tar is written: */
#define MICA_REMARK_SOCKET 1u /* a socket is left out */
#define MICA_REMARK_NAME 2u   /* an entry whose name begins with ".wh." is left out, with all below it */
#define MICA_REMARK_HOLES 3u  /* the holes of a file are written as zeros */
#define MICA_REMARK_FLAGS 4u  /* the flags immutable and append-only (detail: "i", "a", "ai") are left out */
#define MICA_REMARK_XATTR                                                                                              \
	5u /* an attribute (detail: its name) is left out: in writing, because its name has "=" in it; in reading,     \
	      because the file system cannot hold it, or the caller may not set it */
#define MICA_REMARK_EMPTY 6u /* an attribute (detail: its name) without a value is written; many readers drop it */
/* Remarks on what is added or lost when a tar is read: */
#define MICA_REMARK_PARENT 7u /* a directory without an entry of its own is made with mode 0755, owner 0:0, time 0 */
#define MICA_REMARK_ROOT 8u   /* the root is opaque, which no overlay obeys: leave out the layers below this one */
#define MICA_REMARK_DEVICE 9u /* a device that the caller may not make is left out (MICA_OWN) */
#define MICA_REMARK_AUFS 10u  /* an entry ".wh..wh.*", which belongs to AUFS, is left out, with all below it */
#define MICA_REMARK_KEY 11u   /* a pax record (detail: its key) that Mica does not support is left out */

/* One remark; the next one starts record_len bytes later, a multiple of 8. text is the path and the detail, each with a
 * NUL. */
struct mica_remark {
	uint32_t record_len;
	uint32_t what; /* MICA_REMARK_* */
	uint32_t path_len;
	uint32_t detail_len;
	uint8_t text[];
};

/* The remarks of a call. The caller must zero the struct first, and call mica_remarks_free in the end, even after a
 * failure. */
struct mica_remarks {
	uint8_t *records;
	uint64_t len;	/* bytes used in records */
	uint64_t count; /* the number of remarks */
	uint64_t room;	/* bytes allocated */
};
void mica_remarks_free(struct mica_remarks *remarks);

/*
 * Writes the layer, a folder that must not change meanwhile, as a tar to the new file to, with mode 0644; the file is
 * removed again on failure. If to is NULL, the tar goes to the descriptor fd, which is borrowed. flags:
 * MICA_LAYER_USERXATTR (the form of the layer), MICA_LAYER_EXACT, and MICA_SYNC (the file is on disk when the call
 * returns). -EOPNOTSUPP: the layer refers to what is below it (redirect, metacopy, index), or has an unknown overlay
 * attribute or a mount point. remarks may be NULL.
 */
errint_t mica_tar_write(const char *layer, const char *to, int fd, uint32_t compression, uint32_t flags,
			struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
			struct mica_error *err);

/*
 * The same for a single entry of the folder dir, which is not a layer: name is a file, or a directory with all below
 * it, and has that name in the tar. Names that begin with ".wh." have no special meaning. -EOPNOTSUPP: something is
 * mounted on a directory. A mounted file is written.
 */
errint_t mica_tar_write_entry(const char *dir, const char *name, const char *to, int fd, struct mica_tar *tar,
			      struct mica_remarks *remarks, struct mica_job *job, struct mica_error *err);

/* The tar is not a layer: names that begin with ".wh." have no special meaning, and nothing is deleted or opaque. */
#define MICA_TAR_NAMES 64u

/* The limits for a tar that is read; 0: no limit. */
struct mica_tar_limits {
	uint64_t bytes;	  /* the most bytes of the uncompressed tar, and of one file */
	uint64_t entries; /* the most entries; directories without an entry of their own count, too */
	uint32_t path;	  /* the most bytes of a path, or of the target of a link */
	uint32_t depth;	  /* the most names in a path */
};

/*
 * Makes the folder dest, which must not exist, the layer that is in the tar in the file from. If from is NULL, the tar
 * is read from the descriptor fd, which is borrowed, from its current offset to its end. The tar is plain, or
 * compressed by gzip or zstd, in any number of members. On failure dest is removed again. flags: MICA_LAYER_USERXATTR,
 * MICA_SYNC, MICA_OWN, MICA_TAR_NAMES and MICA_LAYER_EXACT. A layer that mica_tar_write has written is read as the same
 * layer, except for what the remarks say.
 *
 * The tar is not trusted. Nothing outside of dest is reached: no symbolic link is ever followed, and an absolute name
 * is taken from the root (as all common readers do). These are refused (-EBADMSG, note says why): a name with ".."; an
 * entry below something that is not a directory; a hard link to something that is not in this tar before it, to a
 * directory or to a deleted entry; ".wh." without a name after it, or with "." or ".."; a device 0:0; a tar that is cut
 * off, or followed by anything but zeros. If several entries have one name, the last counts, whatever its type. A
 * directory that is both deleted and present is opaque; any other entry that is both is present. Old tars, GNU's long
 * names and sparse files, and pax are understood. A global pax header counts for owner and time; there are remarks on
 * its other values. The memory that is used grows with the directories and deleted names, not with the files.
 *
 * With MICA_LAYER_EXACT these are refused, too (-EBADMSG): a name that comes twice; an entry in a directory that has
 * not come before it; an attribute of overlay's own other than opaque, whiteout and escaped ones (redirect and metacopy
 * lead out of the layer); compression; and everything that the writer leaves out. The call also fails if an attribute
 * cannot be set.
 */
errint_t mica_tar_read(const char *from, int fd, const char *dest, const struct mica_tar_limits *limits, uint32_t flags,
		       struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
		       struct mica_error *err);

/*
 * Makes the folder dest, which must not exist, the layer that a guest sends as an exact tar in a session of the stream
 * protocol (docs/stream-protocol.md). It connects to the unix socket at the path socket, which may have any length, and
 * at which the process peer must listen; token is that of the session. At the end the guest sends the check of the
 * layer. On failure dest is removed again. -EBADMSG: the tar is refused, the guest sends no check, or dest has another
 * one. -EREMOTEIO: the guest has failed, and note says why. -EPIPE: the guest has disconnected. -EPROTO: the guest
 * breaks the protocol. -ETIMEDOUT: the guest does not begin within 60 s. flags: MICA_SYNC. The tar is trusted no more
 * than in mica_tar_read, and limits are the same. *totals gets the totals of dest.
 */
errint_t mica_receive_layer(const char *socket, int32_t peer, const uint8_t token[16], const char *dest,
			    const struct mica_tar_limits *limits, uint32_t flags, struct mica_totals *totals,
			    struct mica_job *job, struct mica_error *err);

#endif
