/*
 * exports.c - begins to serve a union to the host. Each union has its own process, so that if one dies, the others go
 * on.
 */
#include "child.h"
#include "export/budget.h"

#include <stdio.h>

static int export_port = -1;
static int serve(const struct request *request)
{
	struct mica_error err = {0};

	union_serve(line_value(request, "name"), export_port, &err);
	say("export %s: %s: %s: %s %s", line_value(request, "name"), err.step, err.path, strerror(-err.code), err.note);
	return 1;
}

void export_ended(const struct request *request, const char *how, struct answer *event)
{
	say("the export of %s %s", line_value(request, "name"), how);
	answer_begin(event, "*", "unexported");
	answer_put(event, "id", request->id);
	answer_put(event, "verb", request->verb);
	answer_put(event, "name", line_value(request, "name"));
	answer_put(event, "note", how);
	answer_end(event, "*");
}

errint_t export_begin(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	const char *name, *port, *now = NULL;
	uint64_t files = 0;
	errint_t code = line_name(request, "name", &name, err);

	(void)answer;
	if (!code)
		code = line_name(request, "port", &port, err);
	if (!code && line_value(request, "files"))
		code = line_number(request, "files", 1, UINT32_MAX, &files, err);
	if (!code)
		code = mounted_read(&mounted, err);
	if (code)
		return code;
	if (!mounted_at(&mounted, UNIONS, name))
		return mica_fail_note(err, -ENOENT, "export", name, "there is no such union");
	if (files)
		budget_lower(served_budget(), (uint32_t)files);
	if (calls_exporter(name, &now))
		return !strcmp(now, port) ? 0
					  : mica_fail_note(err, -EEXIST, "export", name, "it is served over %s", now);
	export_port = port_wait(port, child_until());
	if (export_port < 0)
		return mica_fail_note(err, export_port, "open port", port, "no such port was plugged in time: %s",
				      strerror(-export_port));
	child_stay(serve);
	return 0;
}
