/* place.c - finds the server of a state directory, and makes sure whose it is. */
#include "client/client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Java names the same in state/Location.java. NULL: no variable names one. */
static char *home_of_environment(void)
{
	const char *named = getenv("MICA_HOME"), *state = getenv("XDG_STATE_HOME"), *user = getenv("HOME");
	char *home = NULL;

	if (named && *named)
		return strdup(named);
	if (geteuid() == 0)
		return strdup("/var/lib/mica");
	if (state && *state == '/')
		return asprintf(&home, "%s/mica", state) < 0 ? NULL : home;
	if (user && *user == '/')
		return asprintf(&home, "%s/.local/state/mica", user) < 0 ? NULL : home;
	return NULL;
}

/* A folder that nobody else may enter. */
static int open_own(int at, const char *name)
{
	cleanup_fd int fd = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	return st.st_uid != geteuid() || st.st_mode & 077 ? -EPERM : steal_fd(&fd);
}

static bool is_own(int server)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

/* By the folder's descriptor: the path may have any length, and lead elsewhere by now. */
static int connect_in(int folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (server < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", folder);
	if (connect(server, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return is_own(server) ? steal_fd(&server) : -EPERM;
}

int place_connect(void)
{
	cleanup_free char *home = home_of_environment();

	if (!home)
		return -ENOENT;
	cleanup_fd int state = open_own(AT_FDCWD, home);
	if (state < 0)
		return state;
	cleanup_fd int folder = open_own(state, "server");
	return folder < 0 ? folder : connect_in(folder);
}
