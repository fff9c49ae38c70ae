/*
 * files.h - serves the files of a container to the host: docs/files-protocol.md.
 */
#ifndef MICA_AGENT_FILES_H
#define MICA_AGENT_FILES_H

#include "base.h"

/* How many files can be open. The host chooses the number of each file. */
#define FILES_MOST 320
/* The most bytes of a file that one request or reply can have. */
#define FILES_DATA (256 * 1024)
/* The most bytes of a request, without its length, which precedes it. */
#define FILES_REQUEST (FILES_DATA + 16 * 1024)
/* The most bytes of a reply, with its length. */
#define FILES_REPLY (FILES_DATA + 1024)

struct files {
	int root;	      /* the root of the container; borrowed. No path leads out of it */
	int open[FILES_MOST]; /* the open files by their numbers; -1: none. files_end closes them */
};
void files_begin(struct files *files, int root);
void files_end(const struct files *files);

/* Answers one request of len bytes, without its length. Puts the reply, which begins with its length, into reply, and
 * returns how many bytes those are together. */
size_t files_answer(struct files *files, const uint8_t *request, size_t len, uint8_t reply[static FILES_REPLY]);

#endif
