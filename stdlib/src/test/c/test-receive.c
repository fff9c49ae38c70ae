/*
 * The host's end of a capture, with a guest that is a process of ours: there is a layer exactly if the guest says the
 * check of what it has sent, and all of the protocol before it.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "listen.h"
#include "stream/frame.h"
#include "trees.h"

static const uint8_t token[STREAM_TOKEN] = "the session's 16";
static struct mica_error err;
static struct mica_totals totals;
static char check[2 * MICA_CHECK + 1];

struct guest {
	const char *name;
	const char *words; /* at its end; */
	int digits;	   /* as many of the check, */
	const char *after; /* and this */
	int status;	   /* -1: it goes away instead of telling any */
	bool half;	   /* of the layer is all it sends */
	errint_t code;	   /* what becomes of it */
	const char *because;
};

static void put(int fd, const void *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(1);
}

static void frame(int fd, char type, const void *payload, size_t len)
{
	uint8_t header[STREAM_HEADER];

	stream_header(header, type, (uint32_t)len);
	put(fd, header, sizeof(header));
	put(fd, payload, len);
}

static void send_layer(int fd, bool half)
{
	static uint8_t bytes[4000];
	int tar = open("tar", O_RDONLY | O_CLOEXEC);
	off_t end = lseek(tar, 0, SEEK_END) / (half ? 2 : 1);

	for (off_t at = 0; at < end;) {
		size_t len = end - at < (off_t)sizeof(bytes) ? (size_t)(end - at) : sizeof(bytes);

		if (pread(tar, bytes, len, at) != (ssize_t)len)
			_exit(1);
		frame(fd, 'O', bytes, len);
		at += (off_t)len;
	}
}

__attribute__((noreturn)) static void be_guest(const struct guest *guest, int listener)
{
	uint8_t greeting[STREAM_GREETING];
	char words[256], status[32];
	int fd = accept(listener, NULL, NULL);

	stream_greeting(greeting, token);
	put(fd, greeting, sizeof(greeting));
	if (recv(fd, greeting, sizeof(greeting), MSG_WAITALL) != sizeof(greeting))
		_exit(1);
	send_layer(fd, guest->half);
	snprintf(words, sizeof(words), "%s%.*s%s", guest->words, guest->digits, check, guest->after);
	frame(fd, 'E', words, strlen(words));
	snprintf(status, sizeof(status), "status=%d", guest->status);
	if (guest->status >= 0)
		frame(fd, 'X', status, strlen(status));
	_exit(0);
}

static pid_t start(const struct guest *guest)
{
	pid_t pid;
	int ready[2], listener;

	unlink("port");
	NEED(pipe(ready));
	NEED(pid = fork());
	if (pid) {
		close(ready[1]);
		if (read(ready[0], &listener, sizeof(listener)) != sizeof(listener))
			bail("the guest does not listen");
		close(ready[0]);
		return pid;
	}
	if (mica_listen("port", 1, &listener, NULL) < 0 ||
	    write(ready[1], &listener, sizeof(listener)) != sizeof(listener))
		_exit(1);
	be_guest(guest, listener);
}

static void try_guest(const struct guest *guest)
{
	const struct mica_tar_limits limits = {0};
	struct mica_totals got = {0};
	pid_t pid = start(guest);
	errint_t code = mica_receive_layer("port", pid, token, "dest", &limits, 0, &got, NULL, &err);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok_code(code, guest->code, &err, "%s", guest->name);
	if (code < 0 && guest->because) {
		if (!ok(strstr(err.note, guest->because), "%s: says why", guest->name))
			printf("# %s\n", err.note);
		ok(!exists("dest"), "%s: there is no layer", guest->name);
		return;
	}
	ok(file_is("dest/dir/file", "text") && got.entries == totals.entries && got.bytes == totals.bytes,
	   "%s: there is a layer, of %llu entries", guest->name, (unsigned long long)got.entries);
	mica_discard("dest", NULL, &err);
}

static void make_layer(void)
{
	const char *layer = "layer";
	struct mica_tree tree = {.layers = &layer, .count = 1, .kind = MICA_TREE_LAYER};
	uint8_t bytes[MICA_CHECK];
	struct mica_tar tar;

	NEED(mkdir("layer", 0755));
	NEED(mkdir("layer/dir", 0755));
	put_file("layer/dir/file", "text");
	NEED(link("layer/dir/file", "layer/second"));
	NEED(mknod("layer/gone", S_IFCHR, 0));
	NEED(mica_tar_write("layer", "tar", -1, MICA_TAR_PLAIN, MICA_LAYER_EXACT, &tar, NULL, NULL, &err));
	NEED(mica_check(&tree, bytes, &totals, NULL, &err));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(check + 2 * i, 3, "%02x", bytes[i]);
}

int main(void)
{
	static const struct guest guests[] = {
		{"the check of what was sent", "check=", 2 * MICA_CHECK, " entries=5 bytes=4\n", 0, false, 0, NULL},
		{"that of another layer", "check=0000000000000000", 0, " \n", 0, false, -EBADMSG,
		 "not what the guest has"},
		{"something else in it", "check=", 2 * MICA_CHECK - 1, "! \n", 0, false, -EBADMSG, "tells no check"},
		{"too short a one", "check=", 2 * MICA_CHECK - 1, " \n", 0, false, -EBADMSG, "tells no check"},
		{"too long a one", "check=0", 2 * MICA_CHECK, " \n", 0, false, -EBADMSG, "tells no check"},
		{"what an older guest says", "digest=", 32, " \n", 0, false, -EBADMSG, "tells no check"},
		{"none", "", 0, "", 0, false, -EBADMSG, "tells no check"},
		{"a guest that fails", "open upper: no such disk\n", 0, "", 1, false, -EREMOTEIO,
		 "open upper: no such disk"},
		{"one that goes away", "check=", 2 * MICA_CHECK, " \n", -1, false, -EPIPE, "went away"},
		{"one that goes away in the midst", "", 0, "", -1, true, -EPIPE, "went away"},
	};

	enter_sandbox();
	make_layer();
	for (size_t i = 0; i < sizeof(guests) / sizeof(*guests); i++)
		try_guest(&guests[i]);
	return done();
}
