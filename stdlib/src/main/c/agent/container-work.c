/* container-work.c - starts work of the agent's own on a container, whose streams go over a port. */
#include "child.h"
#include "container.h"
#include "supervise.h"

#include <stdio.h>

static struct stream stream;
static char note[2 * LINE_MAX_NAME + 2];

static int serve(const struct request *request)
{
	struct stream_end end;

	(void)request;
	stream_serve(&stream, &end);
	note_remove("process", note);
	stream_finish(&stream, &end);
	return 0;
}

errint_t container_work(const struct request *request, int (*work)(const struct request *request),
			struct answer *answer, struct mica_error *err)
{
	struct container_facts facts;
	const char *name, *id, *port;
	char text[LINE_MAX_NAME + 32];
	errint_t code = line_name(request, "name", &name, err);

	if (!code)
		code = line_name(request, "id", &id, err);
	if (!code)
		code = line_name(request, "port", &port, err);
	if (!code)
		code = container_facts(name, &facts, err);
	if (!code && (!facts.known || !facts.running || facts.pid <= 1))
		code = mica_fail_note(err, -ESRCH, request->verb, name, "no container of that name runs");
	if (!code)
		code = supervise_work(&stream, work, request, port, line_value(request, "token"), err);
	if (code)
		return code;
	snprintf(note, sizeof(note), "%s,%s", name, id);
	snprintf(text, sizeof(text), "pid=%d port=%s", stream.pid, port);
	code = note_write("process", note, text, err);
	answer_put_number(answer, "pid", (uint64_t)stream.pid);
	child_stay(serve);
	return code;
}
