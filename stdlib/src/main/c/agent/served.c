/* served.c - the unions that are served: the descriptors that their processes share, and how to end one of them. */
#include "child.h"
#include "export/budget.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#define TERM_MS 1000

static struct export_budget *budget;

void served_open(void)
{
	budget = budget_new();
	if (!budget)
		say("count files: %m");
}

void served_changed(int more)
{
	budget_share(budget, more);
}

struct export_budget *served_budget(void)
{
	return budget;
}

/* The process is asked to end first, so that it can complete what it does. */
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
	while (now_ms() < child_until())
		if (poll(&ended, 1, (int)(child_until() - now_ms())) > 0)
			return 0;
	return mica_fail_note(err, -ETIMEDOUT, "unexport", name, "process %d does not end", pid);
}
