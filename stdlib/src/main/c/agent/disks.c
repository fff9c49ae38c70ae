/*
 * disks.c - the disks of the guest: ext4 file systems on virtio-blk, found by the serial number that the host gave
 * them.
 */
#include "child.h"
#include "container.h"
#include "hold.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define BLOCKS "/sys/block"
#define MAX_SERIAL 20 /* the size of the device's field */
#define SNAPSHOT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
/*
 * How much of a snapshot is read at a time, in sectors of 512 bytes: 1 MiB. The host reads whole clusters of 64 KiB. So
 * it may read the clusters at both ends of a request again for the requests before and after it.
 */
#define SNAPSHOT_READAHEAD 2048UL

#define UNMOUNT_MS 20000
#define UNMOUNT_PAUSE_NS 10000000L

struct disk {
	const char *name, *serial;
	bool snapshot; /* an image of a disk at one moment: read-only, and its empty journal is not loaded */
	char path[sizeof(DISKS) + 1 + LINE_MAX_NAME];
};

static errint_t read_name(const struct request *request, struct disk *disk, struct mica_error *err)
{
	errint_t code = line_name(request, "name", &disk->name, err);

	if (!code)
		snprintf(disk->path, sizeof(disk->path), DISKS "/%s", disk->name);
	return code;
}

static errint_t read_disk(const struct request *request, struct disk *disk, struct mica_error *err)
{
	errint_t code = read_name(request, disk, err);

	if (!code)
		code = line_name(request, "serial", &disk->serial, err);
	if (!code && strlen(disk->serial) > MAX_SERIAL)
		code = mica_fail_note(err, -EINVAL, "serial", disk->serial, "a serial number has at most %d bytes",
				      MAX_SERIAL);
	return code;
}

static errint_t check_make(const char *list, struct mica_error *err)
{
	const char *item;
	size_t len;

	while (line_next_item(&list, &item, &len))
		if (!line_is_name(item, len))
			return mica_fail_note(err, -EINVAL, "make", item, "a list of names is needed");
	return 0;
}

static bool has_serial(int blocks, const char *block, const char *serial)
{
	char path[280], got[MAX_SERIAL + 1];
	cleanup_fd int fd = -1;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/serial", block);
	fd = openat(blocks, path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, got, sizeof(got));
	if (len > 0 && got[len - 1] == '\n')
		len--;
	return len >= 0 && (size_t)len == strlen(serial) && !memcmp(got, serial, (size_t)len);
}

/* The path of the device, such as /dev/vda; false if there is none. */
static bool find_block(const char *serial, char path[static 280])
{
	DIR *dir = opendir(BLOCKS);
	const struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && has_serial(dirfd(dir), entry->d_name, serial)) {
			snprintf(path, 280, "/dev/%s", entry->d_name);
			found = true;
		}
	if (dir)
		closedir(dir);
	return found;
}

static errint_t read_far_ahead(const char *block, struct mica_error *err)
{
	cleanup_fd int fd = open(block, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return mica_fail(err, -errno, "open", block);
	return ioctl(fd, BLKRASET, SNAPSHOT_READAHEAD) < 0 ? mica_fail(err, -errno, "set how far to read ahead", block)
							   : 0;
}

static errint_t mount_block(const struct disk *disk, struct mica_error *err)
{
	char block[280];
	errint_t code;

	if (!find_block(disk->serial, block)) {
		code = devices_find(err);
		if (code)
			return code;
		if (!find_block(disk->serial, block))
			return mica_fail_note(err, -ENODEV, "mount", disk->path,
					      "no disk of serial number %s is plugged", disk->serial);
	}
	code = disk->snapshot ? read_far_ahead(block, err) : 0;
	if (code)
		return code;
	if (mount(block, disk->path, "ext4", disk->snapshot ? SNAPSHOT_FLAGS : 0, disk->snapshot ? "noload" : NULL) < 0)
		return mica_fail_note(err, -errno, "mount", disk->path, "ext4 of disk %s: %s", disk->serial,
				      strerror(errno));
	return 0;
}

static errint_t mount_new(const struct disk *disk, const char *note, struct mica_error *err)
{
	errint_t code = note_write("disk", disk->name, note, err);

	if (!code && mkdir(disk->path, 0755) < 0 && errno != EEXIST)
		code = mica_fail(err, -errno, "mkdir", disk->path);
	if (!code)
		code = mount_block(disk, err);
	if (!code)
		return 0;
	rmdir(disk->path);
	note_remove("disk", disk->name);
	return code;
}

static errint_t mount_or_find(const struct disk *disk, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	char note[64], had[64];
	errint_t code = mounted_read(&mounted, err);

	if (code)
		return code;
	snprintf(note, sizeof(note), "serial=%s%s", disk->serial, disk->snapshot ? " snapshot=1" : "");
	if (!mounted_at(&mounted, DISKS, disk->name))
		return mount_new(disk, note, err);
	if (note_read("disk", disk->name, had, sizeof(had)) && !strcmp(note, had))
		return 0;
	return mica_fail_note(err, -EEXIST, "mount", disk->path, "another disk is there: %s", had);
}

static errint_t make_folders(const struct disk *disk, const char *list, struct mica_error *err)
{
	cleanup_fd int root = open(disk->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[LINE_MAX_NAME + 1];
	const char *item;
	size_t len;

	if (root < 0)
		return mica_fail(err, -errno, "open", disk->path);
	while (line_next_item(&list, &item, &len)) {
		snprintf(name, sizeof(name), "%.*s", (int)len, item);
		if (mkdirat(root, name, DISK_FOLDER_MODE) < 0 && errno != EEXIST)
			return mica_fail_at(err, -errno, "mkdir", disk->path, name);
	}
	return 0;
}

errint_t disk_mount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct disk disk = {0};
	const char *make = line_value(request, "make");
	errint_t code = read_disk(request, &disk, err);

	(void)answer;
	if (!code)
		code = check_make(make, err);
	if (!code)
		code = modules_wait(err);
	if (!code)
		code = mount_or_find(&disk, err);
	return code || !make ? code : make_folders(&disk, make, err);
}

errint_t disk_mount_snapshot(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct disk disk = {.snapshot = true};
	errint_t code = read_disk(request, &disk, err);

	(void)answer;
	if (!code)
		code = modules_wait(err);
	return code ? code : mount_or_find(&disk, err);
}

/*
 * Whoever read a snapshot for a host that went away is being killed, and may still wait for the disk: nothing tells
 * when the last of them has closed its files, so it is tried until then.
 */
static errint_t unmount_unused(const char *path, struct mica_error *err)
{
	const struct timespec pause = {.tv_nsec = UNMOUNT_PAUSE_NS};
	const int64_t most = now_ms() + UNMOUNT_MS;
	errint_t code;

	do {
		mica_error_clear(err);
		code = mica_umount(path, 0, 0, err);
	} while (code == -EBUSY && now_ms() < most && now_ms() < child_until() && !nanosleep(&pause, NULL));
	return code;
}

errint_t disk_unmount(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount;
	struct disk disk = {0};
	char layer[1 + LINE_MAX_NAME + 1];
	const char *device = line_value(request, "device");
	errint_t code = read_name(request, &disk, err);

	(void)answer;
	if (!code && device)
		code = device_check(device, err);
	if (!code)
		code = hold_check_disk(disk.name, NULL, err);
	if (!code)
		snprintf(layer, sizeof(layer), "@%s", disk.name);
	if (!code)
		code = layer_check_unused(layer, disk.path, err);
	if (!code)
		code = mounted_read(&mounted, err);
	mount = code ? NULL : mounted_at(&mounted, DISKS, disk.name);
	if (mount)
		code = held_check(mount, disk.path, err);
	if (!code && mount)
		code = unmount_unused(disk.path, err);
	if (code)
		return code;
	rmdir(disk.path);
	note_remove("disk", disk.name);
	return device ? device_remove(device, err) : 0;
}
