/*
 * files.h - the files of a container for the host, by descriptors of ours: docs/files-protocol.md.
 */
#ifndef MICA_AGENT_FILES_H
#define MICA_AGENT_FILES_H

#include "base.h"

/* So many can be open. The host chooses which number is which file. */
#define FILES_MOST 320
/* Of a file, in one request or reply. */
#define FILES_DATA (256 * 1024)
/* Without its length, which is in front of it. */
#define FILES_REQUEST (FILES_DATA + 16 * 1024)
/* With its length. */
#define FILES_REPLY (FILES_DATA + 1024)

struct files {
	int root; /* borrowed: nothing leads out of it */
	int open[FILES_MOST];
};
void files_begin(struct files *files, int root);
void files_end(const struct files *files);

/* Answers one request. Returns the length of the reply, with its own length in front. */
size_t files_answer(struct files *files, const uint8_t *request, size_t len, uint8_t reply[static FILES_REPLY]);

#endif
