/* home.c - where a user's home directory is, by whatever this host asks for its users. */
#include <pwd.h>

#include "base.h"

errint_t mica_home(const char *user, char *home, size_t len, struct mica_error *err)
{
	struct passwd entry, *found = NULL;
	cleanup_free char *buf = NULL;
	int error = ERANGE;

	mica_error_clear(err);
	for (size_t room = 4096; error == ERANGE && room <= 1 << 20; room *= 4) {
		free(buf);
		buf = malloc(room);
		if (!buf)
			return mica_fail(err, -ENOMEM, "look up user", user);
		error = getpwnam_r(user, &entry, buf, room, &found);
	}
	if (!found)
		return mica_fail(err, -ENOENT, "look up user", user);
	if (strlen(entry.pw_dir) >= len)
		return mica_fail(err, -ENAMETOOLONG, "look up user", user);
	strcpy(home, entry.pw_dir);
	return 0;
}
