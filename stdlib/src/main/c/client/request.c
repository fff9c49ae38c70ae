/* request.c - the request: facts, folder, streams, words and variables, each text with a zero byte at its end. */
#include "client/client.h"

/* As many as Linux would give a program. */
#define LONGEST (4u << 20)

extern char **environ;

static void write_text(FILE *to, const char *text)
{
	fwrite(text, 1, strlen(text) + 1, to);
}

static void write_list(FILE *to, char **texts)
{
	size_t count = 0;

	while (texts[count])
		count++;
	fprintf(to, "%zu", count);
	fputc(0, to);
	for (size_t i = 0; i < count; i++)
		write_text(to, texts[i]);
}

/* A digit for each of the standard streams: 1 if it is a terminal. Then that one's size and type. */
static void write_terminal(FILE *to)
{
	const char *type = getenv("TERM");
	unsigned rows, columns;

	terminal_size(&rows, &columns);
	fprintf(to, "%d%d%d %u %u %s", isatty(0), isatty(1), isatty(2), rows, columns, type ? type : "");
	fputc(0, to);
}

static errint_t write_request(FILE *to, const char *lib, char **words)
{
	cleanup_free char *folder = getcwd(NULL, 0);

	if (!folder || *folder != '/') /* "(unreachable)" where it lies above the root */
		return folder ? -ENOENT : -errno;
	errint_t code = facts_write(to, lib);
	if (code)
		return code;
	fputc(0, to);
	write_text(to, folder);
	write_terminal(to);
	write_list(to, words);
	write_list(to, environ);
	return 0;
}

errint_t request_make(struct request *request, const char *lib, char **words)
{
	FILE *to = open_memstream(&request->bytes, &request->size);

	if (!to)
		return -errno;
	errint_t code = write_request(to, lib, words);
	if (fclose(to) && !code)
		code = -ENOMEM;
	return code ? code : request->size > LONGEST ? -E2BIG : 0;
}
