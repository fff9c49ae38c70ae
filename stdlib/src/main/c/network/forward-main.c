/*
 * mica-forward - carries connections to ports of this host into the network of a machine, which is not the host's.
 *
 *   mica-forward --pid FILE --machine PID --machine-file FILE --tcp ADDRESS:PORT=INNER...
 *
 * PID is QEMU's process, and FILE of --machine-file is the file with its id, which QEMU's environment names as well: so
 * no other process with that id is mistaken for it. A program that connects to PORT of ADDRESS, of this host, is
 * connected to INNER of 127.0.0.1 in QEMU's network namespace, where QEMU waits for that. If one side ends its output,
 * or the connection is cut off, that is passed on.
 *
 * Ends when all of this is done: then the status is 0, and another process, confined and in a session of its own, does
 * the work; its id is in FILE of --pid. Otherwise a line on stderr says why, the status is 1 (2: the command line is
 * wrong), and nothing is left. That process ends when QEMU does.
 */
#include "network/forward.h"

#include "background.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
	"usage: mica-forward --pid FILE --machine PID --machine-file FILE --tcp ADDRESS:PORT=INNER...\n";

struct arguments {
	struct start start;
	const char *ports[MAX_PORTS];
	unsigned port_count;
};

static errint_t take_option(struct forward *forward, struct arguments *args, int option)
{
	if (option != 't')
		return start_option(&args->start, &forward->machine, option);
	if (args->port_count == MAX_PORTS)
		return -EINVAL;
	args->ports[args->port_count++] = optarg;
	return 0;
}

static errint_t parse(struct forward *forward, struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{"pid", required_argument, NULL, 'p'},
		{"machine", required_argument, NULL, 'm'},
		{"machine-file", required_argument, NULL, 'f'},
		{"tcp", required_argument, NULL, 't'},
		{0},
	};
	errint_t failed = 0;

	for (int option; !failed && (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		failed = take_option(forward, args, option);
	return failed || optind < argc || !args->start.pid || !forward->machine.pid || !forward->machine.file ||
			       !args->port_count
		       ? -EINVAL
		       : 0;
}

static errint_t open_ports(struct forward *forward, const struct arguments *args, struct mica_error *err)
{
	errint_t failed = 0;

	for (unsigned i = 0; !failed && i < args->port_count; i++)
		failed = port_open(forward, args->ports[i], err);
	return failed;
}

/* The host's sockets come first: after this there is only the machine's network. */
static errint_t start(struct forward *forward, struct arguments *args, struct mica_error *err)
{
	errint_t failed;

	if ((failed = mica_go_background(&args->start.waiting, err)) ||
	    (failed = machine_find(&forward->machine, err)) || (failed = open_ports(forward, args, err)) ||
	    (failed = machine_join(&forward->machine, err)) || (failed = forward_open(forward, err)) ||
	    (failed = start_write_pid(&args->start, err)))
		return failed;
	failed = network_confine(true, err);
	return failed ? failed : start_ready(&args->start, err);
}

int main(int argc, char **argv)
{
	static struct forward forward = {.machine = {.process = -1}, .epoll = -1};
	struct arguments args = {0};
	struct mica_error err = {0};

	if (start_begin(&args.start) || parse(&forward, &args, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (start(&forward, &args, &err))
		return start_failed("mica-forward", &err);
	forward_run(&forward);
	/* The leak sanitizer would use files and calls that are not allowed any more. */
	_exit(0);
}
