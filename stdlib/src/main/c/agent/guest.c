/*
 * guest.c - the verbs for the guest as a whole.
 */
#include "agent.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/random.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#define NANOS 1000000000ull

/* The build id, which the linker computed from the contents of the binary. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *answer)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *at = (const char *)(info->dlpi_addr + segment->p_vaddr), *end = at + segment->p_memsz;
		while (segment->p_type == PT_NOTE && (size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const void *)at;
			const uint8_t *id = (const uint8_t *)(at + sizeof(*note) + ((note->n_namesz + 3) & ~3u));
			char text[129] = "";
			at = (const char *)id + ((note->n_descsz + 3) & ~3u);
			if (note->n_type != NT_GNU_BUILD_ID || note->n_descsz > 64)
				continue;
			for (uint32_t b = 0; b < note->n_descsz; b++)
				snprintf(text + 2 * b, 3, "%02x", id[b]);
			answer_put(answer, "agent", text);
			return 1;
		}
	}
	return 0;
}

static errint_t set_clock(uint64_t nanos, struct mica_error *err)
{
	const struct timespec time = {(time_t)(nanos / NANOS), (long)(nanos % NANOS)};

	return clock_settime(CLOCK_REALTIME, &time) < 0 ? mica_fail(err, -errno, "set clock", "") : 0;
}

/* Counted as full entropy, because the guest trusts the host anyway. Reseeded at once, because a guest that was
 * restored from a saved one must not repeat its random numbers. */
static errint_t add_seed(const char *hex, struct mica_error *err)
{
	union {
		struct rand_pool_info info;
		char room[sizeof(struct rand_pool_info) + 512];
	} seed;
	size_t len = strlen(hex) / 2;
	cleanup_fd int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);

	if (!len || len > 512 || strlen(hex) % 2 || strspn(hex, "0123456789abcdefABCDEF") != 2 * len)
		return mica_fail_note(err, -EINVAL, "seed", "",
				      "1 to 512 bytes as pairs of hexadecimal digits are needed");
	for (size_t i = 0; i < len; i++)
		sscanf(hex + 2 * i, "%2hhx", (unsigned char *)seed.info.buf + i);
	seed.info.entropy_count = (int)len * 8;
	seed.info.buf_size = (int)len;
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &seed) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0)
		return mica_fail(err, -errno, "seed", "/dev/urandom");
	explicit_bzero(&seed, sizeof(seed));
	return 0;
}

static void put_uptime(struct answer *answer)
{
	answer_put_number(answer, "uptime", (uint64_t)clock_ns(CLOCK_BOOTTIME));
}

errint_t guest_hello(const struct request *request, struct answer *answer, struct mica_error *err)
{
	const char *seed = line_value(request, "seed");
	uint64_t version, nanos;
	struct utsname name;
	errint_t code = line_number(request, "version", 0, UINT32_MAX, &version, err);

	if (!code && version != AGENT_VERSION)
		return mica_fail_note(err, -EPROTONOSUPPORT, "hello", "", "this agent speaks version %d",
				      AGENT_VERSION);
	if (!code)
		code = line_number(request, "time", 0, INT64_MAX, &nanos, err);
	if (!code && seed)
		code = add_seed(seed, err);
	if (!code)
		code = set_clock(nanos, err);
	if (code)
		return code;
	uname(&name);
	answer_put_number(answer, "version", AGENT_VERSION);
	dl_iterate_phdr(find_build_id, answer);
	answer_put(answer, "kernel", name.release);
	put_uptime(answer);
	return 0;
}

/* The value of a line "KEY:   N kB" of /proc/meminfo, in bytes. */
static uint64_t memory(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static ssize_t read_file(const char *path, char *text, size_t room)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, room - 1);

	text[len < 0 ? 0 : len] = '\0';
	return len;
}

errint_t guest_stats(const struct request *request, struct answer *answer, struct mica_error *err)
{
	char text[8192];
	struct sysinfo info;
	struct timespec clock;

	(void)request;
	if (read_file("/proc/meminfo", text, sizeof(text)) < 0)
		return mica_fail(err, -errno, "read", "/proc/meminfo");
	put_uptime(answer);
	answer_put_number(answer, "processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	clock_gettime(CLOCK_REALTIME, &clock);
	answer_put_number(answer, "time", (uint64_t)clock.tv_sec * NANOS + (uint64_t)clock.tv_nsec);
	answer_put_number(answer, "memory", memory(text, "MemTotal:"));
	answer_put_number(answer, "free", memory(text, "MemFree:"));
	answer_put_number(answer, "available", memory(text, "MemAvailable:"));
	answer_put_number(answer, "cached", memory(text, "Cached:"));
	answer_put_number(answer, "slab", memory(text, "Slab:"));
	if (!sysinfo(&info)) {
		answer_put_f(answer, "load", "%.2f", (double)info.loads[0] / (1 << SI_LOAD_SHIFT));
		answer_put_number(answer, "processes", info.procs);
	}
	if (read_file("/proc/sys/fs/file-nr", text, sizeof(text)) > 0)
		answer_put_number(answer, "files", strtoull(text, NULL, 10));
	answer_put_number(answer, "shares", mounted_count(SHARES));
	answer_put_number(answer, "unions", mounted_count(UNIONS));
	return 0;
}

static void put(struct answer *answer, uint32_t number, const char *key, const char *value)
{
	char name[48];

	snprintf(name, sizeof(name), "%u.%s", number, key);
	answer_put(answer, name, value);
}

/* A note consists of encoded fields already. */
static void put_note(struct answer *answer, uint32_t number, const char *kind, const char *name)
{
	static char text[LINE_MAX_BYTES];
	struct request note;
	char key[64];

	if (!note_read(kind, name, text, sizeof(text)) || note_parse(text, &note))
		return;
	for (uint32_t i = 0; i < note.count; i++) {
		snprintf(key, sizeof(key), "%u.%s", number, note.fields[i].key);
		answer_put_encoded(answer, key, note.fields[i].value);
	}
}

static void list_folder(const struct mounted *mounted, const char *folder, const char *kind, struct answer *answer,
			uint32_t *number)
{
	const struct mica_mount *mount = NULL;
	const char *port;

	while ((mount = mounted_next(mounted, folder, mount))) {
		const char *name = mounted_name(mount);
		put(answer, ++*number, "kind", kind);
		put(answer, *number, "name", name);
		put_note(answer, *number, kind, name);
		if (!strcmp(folder, UNIONS) && calls_exporter(name, &port))
			put(answer, *number, "port", port);
	}
}

errint_t guest_list(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	uint32_t number = 0;
	errint_t code = mounted_read(&mounted, err);

	(void)request;
	if (code)
		return code;
	list_folder(&mounted, SHARES, "share", answer, &number);
	list_folder(&mounted, DISKS, "disk", answer, &number);
	list_folder(&mounted, UNIONS, "union", answer, &number);
	containers_list(answer, &number);
	calls_list(answer, &number);
	return 0;
}

errint_t guest_await_modules(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer;
	return modules_wait(err);
}

errint_t guest_idle(const struct request *request, struct answer *answer, struct mica_error *err)
{
	uint64_t seconds;
	errint_t code = line_number(request, "seconds", 0, UINT32_MAX, &seconds, err);

	(void)answer;
	if (!code)
		power_off_when_idle((uint32_t)seconds);
	return code;
}

errint_t guest_power_off(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer, (void)err;
	power_off();
	return 0;
}

errint_t guest_sync(const struct request *request, struct answer *answer, struct mica_error *err)
{
	const char *name;
	char path[sizeof(UNIONS) + 1 + LINE_MAX_NAME];
	cleanup_mounted struct mounted mounted = {0};
	errint_t code;

	(void)answer;
	if (!line_value(request, "name")) {
		sync();
		return 0;
	}
	code = line_name(request, "name", &name, err);
	if (!code)
		code = mounted_read(&mounted, err);
	if (code)
		return code;
	snprintf(path, sizeof(path), UNIONS "/%s", name);
	if (!mounted_at(&mounted, UNIONS, name))
		return mica_fail_note(err, -ENOENT, "sync", path, "there is no such union");
	return mica_sync(path, err);
}
