/*
 * mica-outward - is between a machine and passt, which begins the machine's connections in this host's network.
 *
 *   mica-outward --pid FILE --machine PID --machine-file FILE --socket SOCKET --card MAC -- PASST ARGUMENT...
 *
 * PASST is started with these arguments and --fd. QEMU with the process id PID (see mica-forward) connects to SOCKET as
 * a netdev of the type stream, and no other process may. MAC is the address of the guest's card. Some packets of the
 * machine do not reach passt: those to this host's loopback, those to its own addresses except answers, multicast and
 * broadcast, and all that are not IPv4.
 *
 * Ends when all of this is done: then the status is 0, and another process, confined and in a session of its own, does
 * the work; its id is in FILE of --pid. Otherwise a line on stderr says why, the status is 1 (2: the command line is
 * wrong), and nothing is left. That process and passt end when QEMU ends, or when one of them ends.
 */
#include "network/outward.h"

#include "background.h"
#include "listen.h"

#include <getopt.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A number for a protocol that nobody else uses. */
#define LOCAL_USE 0x88b5

enum source { MACHINE, OUT, OWN, PROCESS };

static const char usage[] =
	"usage: mica-outward --pid FILE --machine PID --machine-file FILE --socket SOCKET --card MAC "
	"-- PASST ARGUMENT...\n";

struct outward {
	struct machine process;
	struct end listening, machine, out, own_end, process_end;
	struct own own;
	struct heard heard;
	struct frames frames;
	struct ether_addr card;
	int epoll;
};

struct arguments {
	struct start start;
	const char *socket;
	char **program;
};

static errint_t take_option(struct outward *outward, struct arguments *args, int option)
{
	switch (option) {
	case 's':
		args->socket = optarg;
		return 0;
	case 'c':
		return ether_aton_r(optarg, &outward->card) ? 0 : -EINVAL;
	default:
		return start_option(&args->start, &outward->process, option);
	}
}

static errint_t parse(struct outward *outward, struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{"pid", required_argument, NULL, 'p'},		{"machine", required_argument, NULL, 'm'},
		{"machine-file", required_argument, NULL, 'f'}, {"socket", required_argument, NULL, 's'},
		{"card", required_argument, NULL, 'c'},		{0},
	};
	errint_t failed = 0;

	for (int option; !failed && (option = getopt_long(argc, argv, "+", options, NULL)) != -1;)
		failed = take_option(outward, args, option);
	args->program = argv + optind;
	return failed || !args->start.pid || !args->socket || !outward->process.pid || !outward->process.file ||
			       !*args->program || **args->program != '/'
		       ? -EINVAL
		       : 0;
}

/* Any user may connect, because QEMU has its own; no other user can reach the folder. */
static errint_t listen_for_machine(struct outward *outward, const char *path, struct mica_error *err)
{
	mode_t mask = umask(0111);
	errint_t failed = mica_listen(path, 1, &outward->listening.fd, err);

	umask(mask);
	return failed;
}

static errint_t open_loop(struct outward *outward, struct mica_error *err)
{
	outward->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (outward->epoll < 0)
		return mica_fail(err, -errno, "open", "the loop");
	outward->own_end.fd = outward->own.netlink;
	outward->own.heard = &outward->heard;
	outward->out.tells = heard_take;
	outward->out.whom = &outward->heard;
	outward->process_end.fd = outward->process.process;
	end_watch(&outward->own_end, outward->epoll, EPOLLIN, OWN);
	end_watch(&outward->process_end, outward->epoll, EPOLLIN, PROCESS);
	end_watch(&outward->listening, outward->epoll, EPOLLIN, MACHINE);
	end_watch(&outward->out, outward->epoll, EPOLLRDHUP, OUT); /* passt does not begin */
	return 0;
}

static errint_t start(struct outward *outward, struct arguments *args, struct mica_error *err)
{
	errint_t failed;

	if ((failed = mica_go_background(&args->start.waiting, err)) ||
	    (failed = machine_find(&outward->process, err)) || (failed = own_open(&outward->own, err)) ||
	    (failed = frames_open(&outward->frames, err)) ||
	    (failed = passt_start(args->program, &outward->out.fd, err)) ||
	    (failed = listen_for_machine(outward, args->socket, err)) || (failed = open_loop(outward, err)) ||
	    (failed = start_write_pid(&args->start, err)))
		return failed;
	failed = network_confine(false, err);
	return failed ? failed : start_ready(&args->start, err);
}

/*
 * passt learns the card's address from the first frame of the card, and until then nobody gets what it sends. So it
 * gets a frame that says nothing else. There is room for it. If passt is gone, an event will say so soon.
 */
static void introduce(struct outward *outward)
{
	struct {
		uint32_t size;
		struct ether_header head;
		uint8_t nothing[ETH_ZLEN - ETHER_HDR_LEN];
	} frame = {.size = htonl(ETH_ZLEN), .head.ether_type = htons(LOCAL_USE)};

	memset(frame.head.ether_dhost, 0xff, sizeof(frame.head.ether_dhost));
	memcpy(frame.head.ether_shost, &outward->card, sizeof(frame.head.ether_shost));
	if (send(outward->out.fd, &frame, sizeof(frame), MSG_NOSIGNAL) < 0)
		outward->out.ended = true;
}

/* Returns false if another process has connected, which gets nothing, or if it is not known which one. */
static bool accept_machine(struct outward *outward)
{
	cleanup_fd int fd = accept4(outward->listening.fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred is = {0};
	socklen_t size = sizeof(is);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &is, &size) || is.pid != outward->process.pid)
		return false;
	end_close(&outward->listening);
	outward->machine.fd = steal_fd(&fd);
	introduce(outward);
	return true;
}

static void watch_both(struct outward *outward)
{
	bool waits = frames_wait(&outward->frames);

	end_watch(&outward->machine, outward->epoll, (waits ? 0u : EPOLLIN) | (outward->machine.size ? EPOLLOUT : 0u),
		  MACHINE);
	end_watch(&outward->out, outward->epoll, (outward->machine.size ? 0u : EPOLLIN) | (waits ? EPOLLOUT : 0u), OUT);
}

/* Returns false when one side has ended. */
static bool carry(struct outward *outward)
{
	if (frames_carry(&outward->frames, &outward->own, &outward->machine, &outward->out) ||
	    end_carry(&outward->out, &outward->machine) || outward->machine.ended || outward->out.ended)
		return false;
	watch_both(outward);
	return true;
}

static bool on_event(struct outward *outward, enum source source)
{
	if (source == PROCESS)
		return false;
	if (source == OWN)
		return own_update(&outward->own) == 0;
	if (outward->machine.fd < 0 && source == OUT)
		return false;
	if (outward->machine.fd < 0 && !accept_machine(outward))
		return true;
	return carry(outward);
}

static void run(struct outward *outward)
{
	struct epoll_event events[4];

	for (;;) {
		int count = epoll_wait(outward->epoll, events, 4, -1);

		for (int i = 0; i < count; i++)
			if (!on_event(outward, (enum source)events[i].data.u32))
				return;
	}
}

int main(int argc, char **argv)
{
	static struct outward outward = {
		.process = {.process = -1},
		.listening = {.fd = -1},
		.machine = {.fd = -1},
		.out = {.fd = -1},
		.own = {.netlink = -1},
		.epoll = -1,
	};
	struct arguments args = {0};
	struct mica_error err = {0};

	if (start_begin(&args.start) || parse(&outward, &args, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (start(&outward, &args, &err)) {
		if (outward.listening.fd >= 0)
			unlink(args.socket);
		return start_failed("mica-outward", &err);
	}
	run(&outward);
	_exit(0);
}
