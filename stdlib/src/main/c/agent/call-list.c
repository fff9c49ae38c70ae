/* call-list.c - the list of the calls that wait, run or are stuck. */
#include "call.h"

#include <stddef.h>
#include <stdio.h>

static const char *const state_names[] = {"free", "waiting", "running", "killed", "stuck", "serving", "abandoned"};

static const struct call *next_serving(const char *verb, const struct call *at)
{
	for (const struct call *call = at ? at + 1 : calls; call < calls + MAX_CALLS; call++)
		if (call->state == SERVING && !strcmp(call->verb->name, verb))
			return call;
	return NULL;
}

pid_t calls_exporter(const char *name, const char **port)
{
	const struct call *call = NULL;

	while ((call = next_serving("export-fuse", call)))
		if (!strcmp(call_name(call), name)) {
			if (port)
				*port = line_value(&call->request, "port");
			return call->pid;
		}
	return 0;
}

const struct request *calls_next_serving(const char *verb, const struct request *at)
{
	const struct call *call = at ? (const void *)((const char *)at - offsetof(struct call, request)) : NULL;

	call = next_serving(verb, call);
	return call ? &call->request : NULL;
}

static void put(struct answer *answer, uint32_t number, const char *key, const char *value)
{
	char name[48];

	snprintf(name, sizeof(name), "%u.%s", number, key);
	answer_put(answer, name, value);
}

void calls_list(struct answer *answer, uint32_t *number)
{
	char ms[24];

	for (const struct call *call = calls; call < calls + MAX_CALLS; call++) {
		/* The call that asks for the list is left out. */
		if (call->state == FREE || call->state == SERVING || call->pid == getpid() ||
		    !strcmp(call->verb->name, "list"))
			continue;
		put(answer, ++*number, "kind", "call");
		put(answer, *number, "id", call->request.id);
		put(answer, *number, "verb", call->verb->name);
		put(answer, *number, "name", call_name(call));
		put(answer, *number, "state", state_names[call->state]);
		snprintf(ms, sizeof(ms), "%lld", (long long)(now_ms() - call->began));
		put(answer, *number, "ms", ms);
	}
}
