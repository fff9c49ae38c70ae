/*
 * exports.c - serving a union to the host: a process each, so that its death is its own.
 */
#include "agent.h"
#include "export-budget.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#define TERM_MS 1000

static int export_port = -1;
static struct export_budget *budget;

void exports_open(void)
{
	budget = budget_new();
	if (!budget)
		say("count files: %m");
}

void exports_changed(int more)
{
	budget_share(budget, more);
}

struct export_budget *exports_budget(void)
{
	return budget;
}

static int serve(const struct request *request)
{
	struct mica_error err = {0};

	union_serve(line_value(request, "name"), export_port, &err);
	say("export %s: %s: %s: %s %s", line_value(request, "name"), err.step, err.path, strerror(-err.code), err.note);
	return 1;
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
		budget_lower(budget, (uint32_t)files);
	if (calls_exporter(name, &now))
		return !strcmp(now, port) ? 0
					  : mica_fail_note(err, -EEXIST, "export", name, "it is served over %s", now);
	export_port = port_wait(port, calls_until());
	if (export_port < 0)
		return mica_fail_note(err, export_port, "open port", port, "no such port was plugged in time: %s",
				      strerror(-export_port));
	calls_stay(serve);
	return 0;
}

/* Asked first, so that it can end what it is at. */
errint_t export_end(const struct request *request, struct answer *answer, struct mica_error *err)
{
	const char *name;
	errint_t code = line_name(request, "name", &name, err);
	pid_t pid = code ? 0 : calls_exporter(name, NULL);
	cleanup_fd int process = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct pollfd ended = {.fd = process, .events = POLLIN};

	(void)answer;
	if (!pid || (process < 0 && errno == ESRCH))
		return code;
	if (process < 0)
		return mica_fail(err, -errno, "unexport", name);
	syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0);
	if (poll(&ended, 1, TERM_MS) > 0)
		return 0;
	syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
	while (now_ms() < calls_until())
		if (poll(&ended, 1, (int)(calls_until() - now_ms())) > 0)
			return 0;
	return mica_fail_note(err, -ETIMEDOUT, "unexport", name, "process %d does not end", pid);
}
