/* terminal.c - the caller's terminal. */
#include "client/client.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

static struct termios users; /* while it is raw */
static bool is_raw;

bool streams_are_open(void)
{
	return fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0;
}

void terminal_size(unsigned *rows, unsigned *columns)
{
	struct winsize size = {0};

	if (ioctl(1, TIOCGWINSZ, &size))
		ioctl(2, TIOCGWINSZ, &size);
	*rows = size.ws_row;
	*columns = size.ws_col;
}

void terminal_again(void)
{
	struct termios bare = users;

	cfmakeraw(&bare);
	if (is_raw)
		tcsetattr(0, TCSADRAIN, &bare);
}

void terminal_raw(bool raw)
{
	if (raw && !is_raw && tcgetattr(0, &users) == 0) {
		is_raw = true;
		terminal_again();
	} else if (!raw && is_raw) {
		is_raw = false;
		tcsetattr(0, TCSADRAIN, &users);
	}
}
