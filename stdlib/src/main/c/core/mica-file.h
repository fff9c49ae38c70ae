/* mica-file.h - the part of mica.h on open directories, and files below them. */
#ifndef MICA_PART_FILE_H
#define MICA_PART_FILE_H
#ifndef MICA_H
#error "include mica.h, of which this is a part"
#endif

/*
 * The identity of a directory, which does not depend on its path and name. Within one boot, two directories are the
 * same one exactly if all fields of their identities are equal. After a reboot some file systems have another dev.
 */
struct mica_identity {
	uint64_t dev; /* as makedev */
	uint64_t ino;
	int64_t born; /* when it was made, in seconds since 1970; 0 if the file system does not know it */
	uint32_t born_nsec;
	uint32_t type;	      /* the type of the file system, as f_type of statfs(2) */
	uint32_t uid;	      /* the owner; not part of the identity */
	uint32_t mode;	      /* with the file type; not part of the identity */
	uint32_t handle_type; /* as in name_to_handle_at(2); the handle has the inode's generation */
	uint32_t handle_len;  /* bytes of handle; 0: the file system has no handles */
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
 * Files below an open directory, found by a path of one or several names. These functions are for callers that may use
 * that directory and nothing else. dir is a borrowed descriptor, for example from mica_open_directory; path is
 * relative.
 *
 * No path leads out of dir, whatever others change at the same time. A symlink on the way is followed if it stays below
 * dir. If it leads out, or is absolute, the function fails with -EXDEV and the step "follow". Links of /proc are not
 * followed (-ELOOP). Mount points are entered. Only mica_below_open follows the last name, and only without
 * MICA_OPEN_NOFOLLOW. The other functions change the directory that the last name lies in; for them the last name may
 * not be "." or ".." (-EINVAL).
 */
#define MICA_OPEN_READ 0x01u
#define MICA_OPEN_WRITE 0x02u
#define MICA_OPEN_APPEND 0x04u	  /* each write goes to the end of the file, whatever its offset */
#define MICA_OPEN_CREATE 0x08u	  /* a file that does not exist is made, with mode (and the process's umask) */
#define MICA_OPEN_EXCLUSIVE 0x10u /* with CREATE: if the name exists, also as a symlink, it fails with -EEXIST */
#define MICA_OPEN_TRUNCATE 0x20u
#define MICA_OPEN_NOFOLLOW 0x40u /* with ENTRY: a symlink as the last name is opened itself */
#define MICA_OPEN_ENTRY 0x80u	 /* opens an entry of any type with O_PATH, for calls that do not need its bytes */
#define MICA_OPEN_LIST 0x100u	 /* opens a directory, for mica_file_list */
/* A file with a set-user-ID or set-group-ID bit is not opened for writing (-EPERM), because it would keep the bit. */
#define MICA_OPEN_NO_SET_ID 0x200u

/*
 * Opens the entry at path. Returns a descriptor, which the caller must close (mica_close_directory), or -errno. Without
 * ENTRY and LIST the entry must be a regular file: for a device, fifo or socket it fails with -EINVAL and does not open
 * it, and for a directory with -EISDIR. CREATE makes no file through a symlink that leads to nothing (-EEXIST).
 */
int mica_below_open(int dir, const char *path, uint32_t how, uint32_t mode, struct mica_error *err);

/* Makes a directory, with mode (and the process's umask). */
errint_t mica_below_make_directory(int dir, const char *path, uint32_t mode, struct mica_error *err);

/* Makes a symlink with any text, which may also lead out of dir. */
errint_t mica_below_make_link(int dir, const char *path, const char *text, struct mica_error *err);

/* Makes path in dir another name (a hard link) of from_path in from_dir. */
errint_t mica_below_link(int from_dir, const char *from_path, int dir, const char *path, struct mica_error *err);

/* Renames from_path to path. If path exists already, it is replaced if replace is not 0; otherwise this fails with
 * -EEXIST. */
errint_t mica_below_rename(int from_dir, const char *from_path, int dir, const char *path, uint32_t replace,
			   struct mica_error *err);

/* Removes one name: an empty directory if directory is not 0, otherwise an entry of any other type. */
errint_t mica_below_remove(int dir, const char *path, uint32_t directory, struct mica_error *err);

/* The attributes of a file. */
struct mica_stat {
	uint64_t size;
	int64_t atime, mtime; /* seconds since 1970 */
	uint32_t mode;	      /* with the file type */
	uint32_t uid, gid;
	uint32_t nlink;
};

/* What mica_file_set must change: */
#define MICA_SET_SIZE 1u /* only of a regular file */
#define MICA_SET_OWNER 2u
#define MICA_SET_MODE 4u /* not of a symlink */
#define MICA_SET_TIMES 8u
/* Only a directory may be given a set-user-ID or set-group-ID bit, and a file with such a bit may not be resized
 * (-EPERM). */
#define MICA_SET_NO_SET_ID 16u
struct mica_set {
	uint64_t size;
	int64_t atime, mtime;
	uint32_t what; /* MICA_SET_* */
	uint32_t uid, gid, mode;
};

/* The space of a file system in blocks of block bytes, and its number of files, as statvfs(3) gives them. */
struct mica_space {
	uint64_t block, blocks, free, available;
	uint64_t files, files_free;
	uint64_t id;
	uint64_t flags;
	uint64_t name_max;
};

/*
 * These functions take a descriptor of mica_below_open with any flags. *err has no path after a failure. mica_file_set
 * makes the changes in the order of the bits, and stops at the first that fails.
 */
errint_t mica_file_stat(int fd, struct mica_stat *is, struct mica_error *err);
errint_t mica_file_set(int fd, const struct mica_set *set, struct mica_error *err);
errint_t mica_file_space(int fd, struct mica_space *space, struct mica_error *err);
/* Reads the text of a symlink. Returns its length, at most len, or -errno; there is no NUL at its end. */
int64_t mica_file_link(int fd, char *text, size_t len, struct mica_error *err);

/* Reads len bytes from offset at on. Returns the number of bytes, which is less than len only at the end of the file,
 * or -errno. */
int64_t mica_file_read(int fd, void *bytes, size_t len, uint64_t at, struct mica_error *err);
/* Writes all len bytes to offset at. */
errint_t mica_file_write(int fd, const void *bytes, size_t len, uint64_t at, struct mica_error *err);
errint_t mica_file_sync(int fd, struct mica_error *err);
/* Copies at most len bytes from one file to another, in the kernel if that is possible. Returns the number of bytes,
 * which is 0 at the end of from, or -errno. */
int64_t mica_file_copy(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t len, struct mica_error *err);

/*
 * Fills buf, which must be 8-byte aligned and have at least MICA_LIST_ROOM bytes, with records of the next names of a
 * directory that was opened with LIST, without "." and "..". Returns the number of bytes used, 0 at the end, or -errno.
 * Entries that are removed meanwhile are left out.
 */
#define MICA_LIST_ROOM 65536u
struct mica_name {
	struct mica_stat is; /* a symlink is not followed */
	uint32_t record_len; /* multiple of 8 */
	uint32_t name_len;
	uint8_t name[]; /* name_len bytes, no NUL */
};
int64_t mica_file_list(int fd, void *buf, size_t len, struct mica_error *err);

/* Flushes the directory dir itself (fsync), so that the names that were made, renamed or removed in it stay so after a
 * power cut. */
errint_t mica_sync_directory(const char *dir, struct mica_error *err);

/* Flushes the file system that path lies on (syncfs). */
errint_t mica_sync(const char *path, struct mica_error *err);

#endif
