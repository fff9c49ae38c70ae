/*
 * client.h - the parts of mica-client, which has the server of a state directory run a command of Mica. This is the
 * program's end of docs/attach-protocol.md.
 *
 * Until the server is told to begin, nothing happens that the user would notice. So after any failure before that, the
 * command can still run in a process of its own.
 */
#ifndef MICA_CLIENT_CLIENT_H
#define MICA_CLIENT_CLIENT_H

#include "base.h"

#include <stdio.h>

/* What is sent to the server first. The caller must free bytes, even if request_make has failed. */
struct request {
	char *bytes;
	size_t size;
};

/* Connects to the server of this process's state directory. Returns a non-blocking descriptor, which the caller must
 * close, or -errno. -EPERM: the folder or the server belongs to another user, or other users may enter the folder. */
int place_connect(void);

/* Writes as text in what this process and the server must be the same. lib is the folder of the program's libraries. */
errint_t facts_write(FILE *to, const char *lib);

/* Makes the request to run a command; words are those after `mica`, ended by NULL. -E2BIG: the request is too long. */
errint_t request_make(struct request *request, const char *lib, char **words);

/* Whether the three standard streams are open. If one is not, the next descriptor that is opened would become it. */
bool streams_are_open(void);

/* Gets the size of the terminal of standard output or standard error; 0 by 0 if neither is a terminal. */
void terminal_size(unsigned *rows, unsigned *columns);
/* Makes the terminal of standard input raw, so that each byte can be read as it is typed, or restores it. Does nothing
 * if standard input is not a terminal. */
void terminal_raw(bool raw);
/* Makes the terminal raw again if it was raw, after another process has used it. */
void terminal_again(void);

/*
 * Asks the server at the non-blocking descriptor to run the request. If the server accepts, carries the streams until
 * the command ends, puts its exit status into *status, and returns 0. -ECONNREFUSED: the server does not accept the
 * request. -ETIMEDOUT: the server does not answer.
 */
errint_t session_run(int server, const struct request *request, int *status);

#endif
