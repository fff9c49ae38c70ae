/* The agent protocol's lines: every shape of request from a table, numbers, names, lists, answers. */
#include "tap.h"

#include "line.h"

static const struct {
	const char *text;
	const char
		*want; /* "ID VERB KEY=VALUE ..." as taken apart, or "!ID STEP" with a refusal; "": nothing to answer */
} requests[] = {
	{"", ""},
	{"   ", ""},
	{"\r", ""},
	{"1 hello", "1 hello"},
	{"1 hello\r", "1 hello"},
	{"  1   hello  a=b  ", "1 hello a=b"},
	{"c-1.x_Y hello a= b=c d=%20%3D%25", "c-1.x_Y hello a= b=c d=%20%3D%25"},
	{"12345678901234567890123456789012 v", "12345678901234567890123456789012 v"},
	{"123456789012345678901234567890123 v", "!- parse"},
	{"1", "!1 parse"},
	{"* v", "!- parse"},
	{".1 v", "!- parse"},
	{"1 v a", "!1 parse"},
	{"1 v =b", "!1 parse"},
	{"1 v a=b=c", "!1 parse"},
	{"1 v a=1 a=2", "!1 parse"},
	{"1 v a=%", "!1 parse"},
	{"1 v a=%2", "!1 parse"},
	{"1 v a=%2G", "!1 parse"},
	{"1 v a=%2 b=%20", "!1 parse"},
	{"1 v a_b=1", "!1 parse"},
	{"1 v \ta=1", "!- parse"},
	{"1 v a=\xc3\xa4", "!- parse"},
	{"1 v a=\x7f", "!- parse"},
	{"1 v a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=1 k=1 l=1 m=1 n=1 o=1 p=1",
	 "1 v a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=1 k=1 l=1 m=1 n=1 o=1 p=1"},
	{"1 v a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=1 k=1 l=1 m=1 n=1 o=1 p=1 q=1", "!1 parse"},
};

static void try_request(const char *line, const char *want)
{
	size_t len = strlen(line), used = 0;
	char *text = strdup(line), got[512] = "";
	struct request request;
	struct mica_error err = {0};
	errint_t code = text ? line_parse(text, len, &request, &err) : -ENOMEM;

	if (!code) {
		used = (size_t)snprintf(got, sizeof(got), "%s %s", request.id, request.verb);
		for (uint32_t i = 0; i < request.count; i++)
			used += (size_t)snprintf(got + used, sizeof(got) - used, " %s=%s", request.fields[i].key,
						 request.fields[i].value);
	} else if (code == -EBADMSG) {
		snprintf(got, sizeof(got), "!%s %s%s", request.id, err.step, err.note[0] ? "" : " without a note");
	}
	if (!ok((!code || code == -EBADMSG || code == -ENOMSG) && !strcmp(got, want), "request: \"%s\"", want))
		printf("# got \"%s\" (%d)\n", got, code);
	free(text);
}

static const struct {
	const char *value;
	errint_t code;
	const char *want;
} decoded[] = {
	{"", 0, ""},
	{"plain", 0, "plain"},
	{"%41%62%2c", 0, "Ab,"},
	{"a%20b%3D%25%FF", 0, "a b=%\xff"},
	{"12345678901234567890", -ENAMETOOLONG, ""},
	{"1234567890123456789", 0, "1234567890123456789"},
	{"%00", -EINVAL, ""},
	{"a%00b", -EINVAL, ""},
};

static void try_decoding(void)
{
	for (size_t i = 0; i < sizeof(decoded) / sizeof(*decoded); i++) {
		char out[20];
		errint_t code = line_decode(decoded[i].value, strlen(decoded[i].value), out, sizeof(out));
		ok(code == decoded[i].code && (code || !strcmp(out, decoded[i].want)), "decode: %s", decoded[i].value);
	}
}

static const struct {
	const char *value;
	uint64_t want; /* UINT64_MAX: refused; from 5 to UINT64_MAX - 1 is asked for */
} numbers[] = {
	{"5", 5},
	{"0005", 5},
	{"4", UINT64_MAX},
	{"", UINT64_MAX},
	{"-5", UINT64_MAX},
	{"+5", UINT64_MAX},
	{"5 ", UINT64_MAX},
	{"0x10", UINT64_MAX},
	{"18446744073709551614", UINT64_MAX - 1},
	{"18446744073709551615", UINT64_MAX},
	{"18446744073709551616", UINT64_MAX},
	{"99999999999999999999999", UINT64_MAX},
};

static void try_numbers(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct request request = {.count = 1, .fields = {{"n", numbers[i].value}}};
		struct mica_error err = {0};
		uint64_t got = UINT64_MAX;
		errint_t code = line_number(&request, "n", 5, UINT64_MAX - 1, &got, &err);
		ok(got == numbers[i].want && !code == (got != UINT64_MAX) && (!code || err.note[0]), "number: \"%s\"",
		   numbers[i].value);
	}
}

static const struct {
	const char *name;
	bool good;
} names[] = {
	{"a", true},
	{"web-1.2_X", true},
	{"-a", true},
	{"1234567890123456789012345678901234567890123456789012345678901234", true},
	{"12345678901234567890123456789012345678901234567890123456789012345", false},
	{"", false},
	{".", false},
	{"..", false},
	{".a", false},
	{"a/b", false},
	{"a%2Fb", false},
	{"a,b", false},
};

static void try_names(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		ok(line_is_name(names[i].name, strlen(names[i].name)) == names[i].good, "%s: \"%s\"",
		   names[i].good ? "a name" : "no name", names[i].name);
}

static void try_list(const char *list, const char *want)
{
	const char *at = list, *item;
	char got[64] = "";
	size_t len, used = 0;

	while (line_next_item(&at, &item, &len))
		used += (size_t)snprintf(got + used, sizeof(got) - used, "[%.*s]", (int)len, item);
	ok(!strcmp(got, want), "list: %s", want);
}

/* Any byte comes back as it was. */
static void try_all_bytes(void)
{
	static struct answer answer;
	struct request request;
	unsigned char bytes[255], back[256];

	for (int i = 0; i < 255; i++)
		bytes[i] = (unsigned char)(i + 1);
	answer_begin(&answer, "1", "ok");
	answer_put_bytes(&answer, "all", bytes, sizeof(bytes));
	answer_end(&answer, "1");
	answer.text[--answer.len] = '\0';
	errint_t code = line_parse(answer.text, answer.len, &request, NULL);
	const char *value = code ? "" : line_value(&request, "all");
	ok(!code && !line_decode(value, strlen(value), (char *)back, sizeof(back)) && !memcmp(bytes, back, 255),
	   "every byte is encoded and decoded");
}

static void try_answers(void)
{
	static struct answer answer;
	static char big[LINE_MAX_BYTES];
	struct mica_error err = {.code = -ENOENT, .step = "open", .path = "/a b", .note = ""};

	answer_begin(&answer, "7", "ok");
	answer_put(&answer, "name", "a=b c%\n\xff");
	answer_put_number(&answer, "n", UINT64_MAX);
	answer_end(&answer, "7");
	ok(!strcmp(answer.text, "7 ok name=a%3Db%20c%25%0A%FF n=18446744073709551615\n"), "an answer");
	answer_fail(&answer, "7", &err);
	answer_end(&answer, "7");
	ok(!strcmp(answer.text, "7 error errno=ENOENT step=open path=/a%20b note=No%20such%20file%20or%20directory\n"),
	   "a failure");
	memset(big, 'x', sizeof(big));
	answer_begin(&answer, "7", "ok");
	answer_put_bytes(&answer, "big", big, LINE_MAX_BYTES - strlen("7 ok big=") - 2);
	ok(!answer.overflow && (answer_end(&answer, "7"), answer.len == LINE_MAX_BYTES - 1), "the longest answer");
	answer_begin(&answer, "7", "ok");
	answer_put_bytes(&answer, "big", big, LINE_MAX_BYTES - strlen("7 ok big=") - 1);
	answer_end(&answer, "7");
	ok(!strncmp(answer.text, "7 error errno=EMSGSIZE ", 23), "one byte more is a failure, not a cut answer");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		try_request(requests[i].text, requests[i].want);
	try_decoding();
	try_numbers();
	try_names();
	try_list("a", "[a]");
	try_list("a,b/c,%2C", "[a][b/c][%2C]");
	try_list("", "[]");
	try_list(",a,", "[][a][]");
	try_all_bytes();
	try_answers();
	return done();
}
