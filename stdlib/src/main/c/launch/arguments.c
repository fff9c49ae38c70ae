/* arguments.c - what the command line of mica-launch asks for. Files are opened and sockets made at once, in the mount
 * namespace of whoever has started us. */
#include "launch.h"
#include "listen.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/mount.h>

const char arguments_usage[] =
	"usage: mica-launch --pid FILE [--log FILE] [--listen SOCKET]... [--read FILE]... [--append FILE]...\n"
	"                   [--write FILE]... [--see NAME=PATH]... [--folder DIR [--read-only] [--no-set-id] | --layer "
	"DIR...]\n"
	"                   [--user ID --directory DIR [--kvm]] -- PROGRAM ARGUMENT...\n";

static errint_t misuse(struct request *request, struct mica_error *err)
{
	request->misused = true;
	return mica_fail(err, -EINVAL, "read", "the command line");
}

static errint_t add_descriptor(struct request *request, int fd, const char *path, struct mica_error *err)
{
	if (fd < 0)
		return mica_fail(err, -errno, "open", path);
	if (request->descriptor_count == MAX_DESCRIPTORS) {
		close(fd);
		return misuse(request, err);
	}
	request->descriptors[request->descriptor_count++] = fd;
	return 0;
}

static errint_t add_socket(struct request *request, const char *path, struct mica_error *err)
{
	int fd = -1;
	errint_t failed = mica_listen(path, 1, &fd, err);

	if (failed)
		return failed;
	if (request->listened_count < MAX_DESCRIPTORS)
		request->listened[request->listened_count++] = path;
	return add_descriptor(request, fd, path, err);
}

static errint_t add_seen(struct request *request, char *words, struct mica_error *err)
{
	char *equals = strchr(words, '=');

	if (!equals || equals == words || *words == '/' || request->seen_count == MAX_SEEN)
		return misuse(request, err);
	*equals = 0;
	request->seen[request->seen_count++] = (struct seen){words, equals + 1};
	return 0;
}

/* Done now, while we are in the mount namespace to which a descriptor of another process belongs. */
static errint_t take_mount(int *fd, struct mica_error *err)
{
	*fd = open_tree(AT_FDCWD, optarg, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	return *fd < 0 ? mica_fail(err, -errno, "copy the mount of", optarg) : 0;
}

static errint_t take_folder(struct request *request, struct mica_error *err)
{
	return request->folder_fd >= 0 || request->layer_count ? misuse(request, err)
							       : take_mount(&request->folder_fd, err);
}

static errint_t take_layer(struct request *request, struct mica_error *err)
{
	if (request->folder_fd >= 0 || request->layer_count == MAX_LAYERS)
		return misuse(request, err);
	return take_mount(&request->layers[request->layer_count++], err);
}

static errint_t take_option(struct request *request, int option, struct mica_error *err)
{
	switch (option) {
	case 'f':
		return take_folder(request, err);
	case 'y':
		return take_layer(request, err);
	case 'o':
		request->read_only = true;
		return 0;
	case 'n':
		request->no_set_id = true;
		return 0;
	case 'p':
		request->pid = optarg;
		return 0;
	case 'g':
		request->log = optarg;
		return 0;
	case 'd':
		request->directory = optarg;
		return 0;
	case 'k':
		request->kvm = true;
		return 0;
	case 'u':
		request->user = (uid_t)strtoul(optarg, NULL, 10);
		return request->user ? 0 : misuse(request, err);
	case 's':
		return add_seen(request, optarg, err);
	case 'l':
		return add_socket(request, optarg, err);
	case 'r':
		return add_descriptor(request, open(optarg, O_RDONLY | O_CLOEXEC), optarg, err);
	case 'w':
		return add_descriptor(request, open(optarg, O_RDWR | O_NOFOLLOW | O_CLOEXEC), optarg, err);
	case 'a':
		return add_descriptor(request, open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), optarg,
				      err);
	default:
		return misuse(request, err);
	}
}

errint_t arguments_read(int argc, char **argv, struct request *request, struct mica_error *err)
{
	static const struct option options[] = {
		{"folder", required_argument, NULL, 'f'},
		{"layer", required_argument, NULL, 'y'},
		{"read-only", no_argument, NULL, 'o'},
		{"pid", required_argument, NULL, 'p'},
		{"log", required_argument, NULL, 'g'},
		{"directory", required_argument, NULL, 'd'},
		{"user", required_argument, NULL, 'u'},
		{"see", required_argument, NULL, 's'},
		{"no-set-id", no_argument, NULL, 'n'},
		{"kvm", no_argument, NULL, 'k'},
		{"listen", required_argument, NULL, 'l'},
		{"read", required_argument, NULL, 'r'},
		{"append", required_argument, NULL, 'a'},
		{"write", required_argument, NULL, 'w'},
		{0},
	};
	errint_t failed = 0;

	for (int option; !failed && (option = getopt_long(argc, argv, "+", options, NULL)) != -1;)
		failed = take_option(request, option, err);
	request->program = argv + optind;
	if (!failed && (!request->pid || !*request->program || !request->user != !request->directory))
		failed = misuse(request, err);
	return failed;
}
