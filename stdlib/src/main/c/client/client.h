/*
 * client.h - the parts of mica-client, which has the server of a state directory run a command of Mica; the program's
 * end of docs/attach-protocol.md.
 *
 * Until the server was told to begin, nothing has happened that the caller would notice, and every failure means that
 * the command is to run in a process of its own.
 */
#ifndef MICA_CLIENT_CLIENT_H
#define MICA_CLIENT_CLIENT_H

#include "base.h"

#include <stdio.h>

/* What is sent to the server first; bytes must be freed. */
struct request {
	char *bytes;
	size_t size;
};

/* The lowest file descriptor of a connection to the server of this process's state directory; -errno if there is none
 * that this process may trust: its folder and the server must be those of the same user. */
int place_connect(void);

/* Writes what the server must have in common with this process, as text. lib is the folder of the program's libraries.
 */
errint_t facts_write(FILE *to, const char *lib);

/* Makes the request to run the words behind `mica`. -E2BIG: it would be too long. */
errint_t request_make(struct request *request, const char *lib, char **words);

/* Whether the three standard streams are open. Otherwise a descriptor of ours could be taken for one of them. */
bool streams_are_open(void);

/* The size of the terminal of standard output or standard error; 0 by 0 if neither is one. */
void terminal_size(unsigned *rows, unsigned *columns);
/* Has the terminal of standard input give each byte as it is typed, or be as it was. Does nothing without one. */
void terminal_raw(bool raw);
/* Somebody else has had the terminal: it is made raw again, if it was. */
void terminal_again(void);

/*
 * Asks the server at the descriptor, which does not block, to run the request. If it has accepted, runs it to its end
 * and puts the exit status into *status. Returns -ECONNREFUSED if it does not accept, -ETIMEDOUT if it does not answer.
 */
errint_t session_run(int server, const struct request *request, int *status);

#endif
