/* The agent protocol: any bytes as a line; who holds the port's other end writes them. */
#include "agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every shape of keys that a verb can have. */
const struct verb agent_verbs[] = {
	{"a", "", 0, NULL, NULL, NULL, NULL},
	{"hello", "version! time! seed", 0, NULL, NULL, NULL, NULL},
	{"union", "name! lower! upper work", 1, "union", NULL, NULL, NULL},
	{"file", "name! file! at! data!", 1, "container", NULL, NULL, NULL},
	{"run", "name! port! token! tty", 1, "container", NULL, NULL, NULL},
	{0},
};

static void need(bool held)
{
	if (!held)
		abort();
}

/* What is taken apart and put together again is the same. */
static void check_field(const struct field *field)
{
	static struct answer answer;
	static char value[LINE_MAX_BYTES], again[LINE_MAX_BYTES];
	struct request request;
	errint_t code = line_decode(field->value, strlen(field->value), value, sizeof(value));

	need(!code || code == -EINVAL);
	need(line_decode_bytes(field->value, strlen(field->value), again) <= strlen(field->value));
	if (code)
		return;
	answer_begin(&answer, "1", "ok");
	answer_put(&answer, field->key, value);
	answer_end(&answer, "1");
	need(answer.text[answer.len - 1] == '\n' && answer.text[answer.len] == '\0');
	answer.text[--answer.len] = '\0';
	need(!line_parse(answer.text, answer.len, &request, NULL));
	if (strcmp(request.verb, "ok"))
		return; /* it did not fit */
	need(request.count == 1 && !strcmp(request.fields[0].key, field->key));
	const char *encoded = request.fields[0].value;
	need(!line_decode(encoded, strlen(encoded), again, sizeof(again)) && !strcmp(value, again));
}

static void check_readers(const struct request *request)
{
	struct mica_error err = {0};
	const char *name, *at, *item;
	uint64_t number;
	size_t len;

	for (uint32_t i = 0; i < request->count; i++) {
		check_field(&request->fields[i]);
		err.code = 0;
		if (!line_number(request, request->fields[i].key, 3, 1000, &number, &err))
			need(number >= 3 && number <= 1000);
		err.code = 0;
		if (!line_name(request, request->fields[i].key, &name, &err))
			need(!strchr(name, '/') && !strchr(name, '%') && *name != '.');
		for (at = request->fields[i].value; line_next_item(&at, &item, &len);)
			need(!memchr(item, ',', len));
	}
}

static void check_answer(const struct request *request, const struct mica_error *err)
{
	static struct answer answer;

	answer_fail(&answer, request->id, err);
	answer_end(&answer, request->id);
	need(answer.len < sizeof(answer.text) && strchr(answer.text, '\n') == answer.text + answer.len - 1);
	for (size_t i = 0; i + 1 < answer.len; i++)
		need(answer.text[i] >= ' ' && answer.text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request;
	struct mica_error err = {0};
	size_t len = size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES - 1;
	char *text = malloc(len + 1); /* of the exact size, so that a step past its end is seen */
	errint_t code;

	need(text);
	memcpy(text, data, len);
	text[len] = '\0';
	code = line_parse(text, len, &request, &err);
	need(!code || code == -ENOMSG || (code == -EBADMSG && err.code == code && err.note[0]));
	if (!code)
		check_readers(&request);
	if (!code && !verb_find(&request, &err))
		need(err.code < 0 && err.note[0]);
	if (err.code)
		check_answer(&request, &err);
	free(text);
	return 0;
}
