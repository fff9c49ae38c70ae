/* What the relay reads from the guest: any bytes, while requests of every kind wait. */
#include "relay.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t opcodes[] = {
	FUSE_LOOKUP, FUSE_GETATTR, FUSE_SETATTR,	 FUSE_READLINK, FUSE_OPEN,	FUSE_READ,    FUSE_WRITE,
	FUSE_STATFS, FUSE_FSYNC,   FUSE_SETXATTR,	 FUSE_GETXATTR, FUSE_LISTXATTR, FUSE_OPENDIR, FUSE_READDIRPLUS,
	FUSE_CREATE, FUSE_LSEEK,   FUSE_COPY_FILE_RANGE, FUSE_UNLINK,	FUSE_MKDIR,	FUSE_LINK,
};
#define COUNT (sizeof(opcodes) / sizeof(*opcodes))

/* What such a request changes, of which nobody waits for the answer any more. */
static struct changed *changed_late(uint32_t opcode)
{
	static const char body[256];
	const struct fuse_in_header head = {.opcode = opcode, .nodeid = 1};

	return changed_by(&head, body, sizeof(body));
}

/* Numbers begin anew with each input, so that inputs can guess them: 2 * 4096 * n + 2 * slot. */
static void ask(struct relay *r, bool abandoned)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		const struct request q = {
			.unique = 2 * i + 2,
			.node = i + 1,
			.opcode = opcodes[i],
			.room = 64,
			.flags = 64,
			.abandoned = abandoned,
			.changed = abandoned ? changed_late(opcodes[i]) : NULL,
		};

		if (!pending_add(r, &q))
			abort();
	}
}

static void open_layers(struct relay *r)
{
	static int upper = -1, lower = -1;
	char path[] = "/tmp/fuzz-relay-XXXXXX";

	if (upper < 0) {
		if (!mkdtemp(path) || (upper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 || rmdir(path) < 0)
			abort();
		lower = open("/usr/include", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	r->layers[0] = upper;
	r->layers[1] = lower;
	r->layer_count = 2;
}

static void check_all_answered(struct relay *r)
{
	struct request request;

	relay_die(r, "the end of the input");
	if (!r->dead || pending_take_any(r, &request) || pending_add(r, &request))
		abort();
}

/* As it comes from a socket: in pieces, each fed as far as it goes. */
static void feed(struct relay *r, const uint8_t *data, size_t size)
{
	char *exact = malloc(size + !size);
	size_t at = 0;

	for (size_t have = 0; have < size; have = have + 97 < size ? have + 97 : size) {
		memcpy(exact, data + at, have - at);
		ssize_t done = wire_feed(r, exact, have - at);
		if (done < 0)
			break;
		if ((size_t)done > have - at)
			abort();
		at += (size_t)done;
	}
	free(exact);
	exact = malloc(size - at + (size == at));
	memcpy(exact, data + at, size - at);
	wire_feed(r, exact, size - at);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int nowhere = -1;
	struct relay r = {
		.name = "fuzz", .sock = -1, .pings = 2, .passthrough = true, .attributes = true, .died = relay_bury};

	if (nowhere < 0)
		nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	r.dev = r.log = nowhere;
	r.proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pthread_mutex_init(&r.send_lock, NULL);
	pthread_mutex_init(&r.why_lock, NULL);
	r.pending = pending_new();
	r.files = files_new();
	r.made = made_new();
	r.notices = notices_new();
	open_layers(&r);
	ask(&r, false);
	ask(&r, true);
	feed(&r, data, size);
	check_all_answered(&r);
	files_free(&r);
	made_free(&r);
	free(r.pending);
	notices_free(&r);
	close(r.proc);
	return 0;
}
