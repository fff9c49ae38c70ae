/*
 * container-host.h - the host of an agent with containers, all on this host: a root of its own with the stand-in for
 * the runtime (container-runtime.h), ports that are sockets, and a session over one of them.
 */
#ifndef MICA_CONTAINER_HOST_H
#define MICA_CONTAINER_HOST_H

#include "agent-host.h"
#include "container-runtime.h"

#include "stream/frame.h"

#define TOKEN "000102030405060708090a0b0c0d0e0f"

static struct host host;
static int listening[3];

/* Instead of those of port.c: the agent connects to the test. */
int port_open(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/ports/%s", name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return steal_fd(&fd);
}

int port_wait(const char *name, int64_t until_ms)
{
	(void)until_ms;
	return port_open(name);
}

struct session {
	int fd;
	size_t len, out_len, error_len;
	uint64_t allowed;
	char end[64]; /* the last frame's text */
	uint8_t got[1 << 18], out[4 << 20];
	char error[64];
};

static struct session session;

static inline void make_root(void)
{
	static const char *const folders[] = {"root",		"root/proc",	      "root/dev",
					      "root/run",	"root/shares",	      "root/unions",
					      "root/disks",	"root/ports",	      "root/tmp",
					      "root/usr",	"root/usr/bin",	      "root/usr/lib",
					      "root/lib",	"root/lib64",	      "root/sys",
					      "root/sys/fs",	"root/sys/fs/cgroup", "root/sys/fs/cgroup/containers",
					      "root/unions/web"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		NEED(mkdir(folders[i], 0755));
	NEED(mount("proc", "root/proc", "proc", 0, NULL));
	NEED(mount("/dev", "root/dev", NULL, MS_BIND | MS_REC, NULL));
	NEED(mount("/usr/lib", "root/usr/lib", NULL, MS_BIND, NULL));
	NEED(mount("/lib", "root/lib", NULL, MS_BIND, NULL));
	if (exists("/lib64"))
		NEED(mount("/lib64", "root/lib64", NULL, MS_BIND, NULL));
	NEED(mica_copy_data("/proc/self/exe", "root/usr/bin/program", NULL));
	NEED(chmod("root/usr/bin/program", 0755));
	NEED(chroot("root"));
	NEED(chdir("/"));
	NEED(mount("web", "/unions/web", "tmpfs", 0, NULL));
}

static inline void listen_ports(void)
{
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		snprintf(address.sun_path, sizeof(address.sun_path), "/ports/p%d", i);
		listening[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		NEED(bind(listening[i], (struct sockaddr *)&address, sizeof(address)));
		NEED(listen(listening[i], 4));
	}
}

static inline void ask(const char *request, const char *pattern, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text), "1 %s\n", request);
	host_send(&host, text);
	host_hears(&host, pattern, name);
}

static inline void configure(const char *file, const char *does)
{
	char request[256];

	snprintf(request, sizeof(request), "1 file name=web file=%s at=0 data=%s\n", file, does);
	host_send(&host, request);
	if (strcmp(host_hear(&host), "1 ok"))
		bail("file");
}

static inline void put_frame(struct session *s, char type, const void *payload, uint32_t len)
{
	uint8_t bytes[STREAM_HEADER + STREAM_PAYLOAD];

	stream_header(bytes, type, len);
	memcpy(bytes + STREAM_HEADER, payload, len);
	/* The session may be over, for what came before. */
	if (write(s->fd, bytes, STREAM_HEADER + len) != (ssize_t)(STREAM_HEADER + len) && errno != EPIPE)
		bail("write a frame");
}

static inline void put_hello(struct session *s)
{
	uint8_t token[STREAM_TOKEN];

	if (!stream_token(TOKEN, token))
		bail("read the token");
	put_frame(s, 'H', token, STREAM_TOKEN);
}

static inline void take(struct session *s, char type, const uint8_t *payload, uint32_t len)
{
	if (type == 'O') {
		if (s->out_len + len > sizeof(s->out))
			s->out_len = 0;
		memcpy(s->out + s->out_len, payload, len);
		s->out_len += len;
	} else if (type == 'E') {
		s->error_len += (size_t)snprintf(s->error + s->error_len, sizeof(s->error) - s->error_len, "%.*s",
						 (int)len, (const char *)payload);
	} else if (type == 'W') {
		s->allowed += stream_read_number(payload);
	} else if (type == 'X') {
		snprintf(s->end, sizeof(s->end), "%.*s", (int)len, (const char *)payload);
	}
}

/* Frames that have come. False at the end of the session. */
static inline bool hear(struct session *s)
{
	struct pollfd readable = {.fd = s->fd, .events = POLLIN};
	ssize_t len = poll(&readable, 1, HEAR_MS) > 0 ? read(s->fd, s->got + s->len, sizeof(s->got) - s->len) : -1;
	size_t at = 0;

	if (len < 0 && errno != ECONNRESET)
		bail("the stream is silent");
	len = len < 0 ? 0 : len;
	s->len += (size_t)len;
	while (s->len - at >= STREAM_HEADER && s->len - at >= STREAM_HEADER + stream_read_number(s->got + at + 4)) {
		uint32_t size = stream_read_number(s->got + at + 4);
		take(s, (char)s->got[at], s->got + at + STREAM_HEADER, size);
		at += STREAM_HEADER + size;
	}
	s->len -= at;
	memmove(s->got, s->got + at, s->len);
	return len > 0;
}

static inline void hear_end(struct session *s)
{
	while (hear(s))
		;
	close(s->fd);
}

/* Asks for it, and is the host at the port; the answer is not read. */
static inline void begin(const char *verb, int port, const char *more)
{
	char request[256];

	session.len = session.out_len = session.error_len = 0;
	session.allowed = 0;
	session.end[0] = session.error[0] = '\0';
	snprintf(request, sizeof(request), "1 %s name=web port=p%d token=" TOKEN "%s\n", verb, port, more);
	host_send(&host, request);
	session.fd = accept4(listening[port], NULL, NULL, SOCK_CLOEXEC);
	NEED(session.fd);
}

static inline void start(const char *does, const char *more)
{
	configure("config.json", does);
	begin("run", 0, more);
	put_hello(&session);
	host_hears(&host, "1 ok pid=[1-9]*", does);
}

static inline void start_agent(void)
{
	enter_sandbox();
	make_root();
	listen_ports();
	signal(SIGPIPE, SIG_IGN);
	host_start(&host);
	host.passes_late = true;
}

static inline int end_agent(void)
{
	ask("poweroff", "1 ok", "the end");
	ok(!host_wait(&host, NULL), "is clean");
	return done();
}

#endif
