/*
 * export-driver - the guest's half of a union folder on this machine: serves a folder over a unix socket.
 *
 *   export-driver [-n] [-f DESCRIPTORS] [-c NODES] SOCKET ROOT UPPER [LOWER]...
 *
 * Says "listening", and serves one host after another until it is killed. -n: never tells where data lie. UPPER may be
 * "-": there is none.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "export/export.h"

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct export_spec spec = {0};
	struct mica_error err;

	for (int option; (option = getopt(argc, argv, "nf:c:")) != -1;) {
		if (option == 'n')
			spec.no_backing = true;
		else if (option == 'f')
			spec.fd_limit = (unsigned)atoi(optarg);
		else if (option == 'c')
			spec.node_limit = (unsigned)atoi(optarg);
		else
			return 2;
	}
	if (argc - optind < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	int listening = listen_at(argv[optind]);
	if (listening < 0) {
		perror(argv[optind]);
		return 1;
	}
	spec.root = argv[optind + 1];
	if (!strcmp(argv[optind + 2], "-"))
		argv[optind + 2] = NULL;
	spec.layers = (const char *const *)argv + optind + 2;
	spec.layer_count = (unsigned)(argc - optind - 2);
	puts("listening");
	fflush(stdout);
	for (;;) {
		spec.port = accept(listening, NULL, NULL);
		if (spec.port < 0)
			return 1;
		if (export_serve(&spec, &err) < 0)
			fprintf(stderr, "export-driver: %s: %s: %s: %s\n", err.step, err.path, strerror(-err.code),
				err.note);
		close(spec.port);
	}
}
