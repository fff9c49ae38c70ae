/* mica-file.h - the part of mica.h on open directories, and files below them. */
#ifndef MICA_PART_FILE_H
#define MICA_PART_FILE_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * The identity of a directory, which does not depend on its path and name. Within one boot, a directory is the same one
 * exactly if all fields are equal; after a reboot some file systems have another dev.
 */
struct mica_identity {
	uint64_t dev; /* as makedev */
	uint64_t ino;
	int64_t born; /* seconds since 1970; 0 if the file system does not know it */
	uint32_t born_nsec;
	uint32_t type;	      /* of the file system: statfs's f_type */
	uint32_t uid;	      /* the owner; not part of the identity */
	uint32_t mode;	      /* with the file type; not part of the identity */
	uint32_t handle_type; /* name_to_handle_at's, which has the inode's generation */
	uint32_t handle_len;  /* 0: the file system has no handles */
	uint8_t handle[128];
};

/*
 * Opens the directory path (O_PATH), without following a symlink as its last component, and fills in its identity.
 * Links of /proc are not followed (-ELOOP), but path may begin with "/proc/self/fd/N/". Returns a descriptor that the
 * caller must close. What is done through "/proc/self/fd/N" from then on is done to that directory, whatever happens to
 * path.
 */
int mica_open_directory(const char *path, struct mica_identity *is, struct mica_error *err);

/* Closes a descriptor of mica_open_directory or mica_below_open. */
void mica_close_directory(int fd);

/*
 * Files below a directory that is open, by a path of one name or several: for somebody who may use that directory and
 * nothing else. dir is a descriptor, of mica_open_directory for example, and is borrowed; path is relative.
 *
 * Nothing leads out of dir, whoever changes what at the same time. A symlink on the way is followed if it stays inside.
 * One that leads out is -EXDEV, with the step "follow": it has ".." too often, or is absolute, wherever it leads. Links
 * of /proc are not followed (-ELOOP). Mount points are entered. The last name is followed only by mica_below_open, and
 * not even there if MICA_OPEN_NOFOLLOW is given. The other functions change the directory that it lies in, as that was
 * found below dir; for them it may not be "." or ".." (-EINVAL).
 */
#define MICA_OPEN_READ 0x01u
#define MICA_OPEN_WRITE 0x02u
#define MICA_OPEN_APPEND 0x04u	  /* each write goes to the end, wherever it was meant to go */
#define MICA_OPEN_CREATE 0x08u	  /* a file that is not there is made, with mode (and the process's umask) */
#define MICA_OPEN_EXCLUSIVE 0x10u /* with CREATE: one that is there, as a symlink too, is -EEXIST */
#define MICA_OPEN_TRUNCATE 0x20u
#define MICA_OPEN_NOFOLLOW 0x40u /* with ENTRY: a symlink as the last name is opened itself */
#define MICA_OPEN_ENTRY 0x80u	 /* anything, for what does not need its bytes (O_PATH) */
#define MICA_OPEN_LIST 0x100u	 /* a directory, for mica_file_list */
/* A file with a set-user-ID or set-group-ID bit is not opened for writing: -EPERM. Its bit would outlive the change. */
#define MICA_OPEN_NO_SET_ID 0x200u

/*
 * Opens what path names, and returns a descriptor, which the caller must close. Without ENTRY and LIST it must be a
 * regular file: a device, fifo or socket is -EINVAL and is not touched at all, a directory -EISDIR. A symlink that
 * leads to nothing is not created through: -EEXIST.
 */
int mica_below_open(int dir, const char *path, uint32_t how, uint32_t mode, struct mica_error *err);

/* Makes a directory, with mode (and the process's umask). */
errint_t mica_below_make_directory(int dir, const char *path, uint32_t mode, struct mica_error *err);

/* Makes a symlink. Its text may be anything, since nobody here follows it out. */
errint_t mica_below_make_link(int dir, const char *path, const char *text, struct mica_error *err);

/* Makes path in dir another name of from_path in from_dir. */
errint_t mica_below_link(int from_dir, const char *from_path, int dir, const char *path, struct mica_error *err);

/* Renames; what has the new name already is replaced only if replace is not 0, else it is -EEXIST. */
errint_t mica_below_rename(int from_dir, const char *from_path, int dir, const char *path, uint32_t replace,
			   struct mica_error *err);

/* Removes one name: an empty directory if directory is not 0, else anything but a directory. */
errint_t mica_below_remove(int dir, const char *path, uint32_t directory, struct mica_error *err);

/* What a file is. */
struct mica_stat {
	uint64_t size;
	int64_t atime, mtime; /* seconds since 1970 */
	uint32_t mode;	      /* with the file type */
	uint32_t uid, gid;
	uint32_t nlink;
};

/* What is to be changed: */
#define MICA_SET_SIZE 1u /* of a regular file */
#define MICA_SET_OWNER 2u
#define MICA_SET_MODE 4u /* not of a symlink */
#define MICA_SET_TIMES 8u
/* Bits that set a user or group ID: they may not be given to a file, and a file that has them not be resized (-EPERM).
 */
#define MICA_SET_NO_SET_ID 16u
struct mica_set {
	uint64_t size;
	int64_t atime, mtime;
	uint32_t what; /* MICA_SET_* */
	uint32_t uid, gid, mode;
};

/* The space of a file system, in blocks of block bytes, and its names; as statvfs. */
struct mica_space {
	uint64_t block, blocks, free, available;
	uint64_t files, files_free;
	uint64_t id;
	uint64_t flags;
	uint64_t name_max;
};

/*
 * What can be done with a descriptor of mica_below_open, however it was opened. *err names no path. _set
 * changes one thing after the other, in the order of the bits, and stops at the first that fails.
 */
errint_t mica_file_stat(int fd, struct mica_stat *is, struct mica_error *err);
errint_t mica_file_set(int fd, const struct mica_set *set, struct mica_error *err);
errint_t mica_file_space(int fd, struct mica_space *space, struct mica_error *err);
/* The text of a symlink; returns its length, at most len, without a NUL. */
int64_t mica_file_link(int fd, char *text, size_t len, struct mica_error *err);

/* Returns the bytes read: 0 at the end of the file, otherwise less than len only there. */
int64_t mica_file_read(int fd, void *bytes, size_t len, uint64_t at, struct mica_error *err);
/* Writes all. */
errint_t mica_file_write(int fd, const void *bytes, size_t len, uint64_t at, struct mica_error *err);
errint_t mica_file_sync(int fd, struct mica_error *err);
/* Copies at most len bytes from one file to another, in the kernel if it can. Returns the bytes copied, 0 at the end.
 */
int64_t mica_file_copy(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t len, struct mica_error *err);

/*
 * The next names of a directory that is open with LIST, without "." and "..", as packed records: returns the bytes used
 * of buf (8-byte aligned, at least MICA_LIST_ROOM), 0 at the end. What vanishes meanwhile is left out.
 */
#define MICA_LIST_ROOM 65536u
struct mica_name {
	struct mica_stat is; /* of a symlink itself */
	uint32_t record_len; /* multiple of 8 */
	uint32_t name_len;
	uint8_t name[]; /* name_len bytes, no NUL */
};
int64_t mica_file_list(int fd, void *buf, size_t len, struct mica_error *err);

/* Flushes the directory dir itself (fsync): after a power cut, what was made, renamed or removed in it is still so. */
errint_t mica_sync_directory(const char *dir, struct mica_error *err);

/* Flushes the file system that path lies on (syncfs). */
errint_t mica_sync(const char *path, struct mica_error *err);

#endif
