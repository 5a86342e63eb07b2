/*
 * Feeds the judge what a faulty server would do, one fault in each case, and
 * expects exactly this fault to be found; correct streams must stay clean.
 */
#include <sys/types.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "body.h"
#include "judge.h"
#include "judge-test.h"
#include "wire.h"

#define CLIENTS 4
#define ALL	JUDGE_ALL

static void
start(struct judge *j)
{
	uint32_t i;

	for (i = 0; i < CLIENTS; i++)
		judge_connected(j, i, 0, 100);
}

static void
hears(struct judge *j, uint32_t client, int64_t id, uint32_t message,
    uint32_t from, uint32_t to)
{
	struct judge_heard h = { id, message, from, to, true };

	judge_received(j, client, &h);
}

/* Message 0 from client 0 to all, ACKed with 101 and received by 1 and 2. */
static void
nearly(struct judge *j)
{
	start(j);
	judge_sent(j, 0, ALL);
	judge_acked(j, 0, 101);
	hears(j, 1, 101, 0, 0, ALL);
	hears(j, 2, 101, 0, 0, ALL);
}

static void
whole(struct judge *j)
{
	nearly(j);
	hears(j, 3, 101, 0, 0, ALL);
}

/* Message 1 from 1 to 2, alone. */
static void
secret(struct judge *j)
{
	whole(j);
	judge_sent(j, 1, 2);
	judge_acked(j, 1, 102);
	hears(j, 2, 102, 1, 1, 2);
}

static void
before_ack(struct judge *j)
{
	start(j);
	judge_sent(j, 0, ALL);
	hears(j, 2, 101, 0, 0, ALL);
	hears(j, 1, 101, 0, 0, ALL);
	judge_acked(j, 0, 101);
	hears(j, 3, 101, 0, 0, ALL);
}

static void
reconnected(struct judge *j)
{
	whole(j);
	judge_connected(j, 0, 100, 101);
	hears(j, 0, 101, 0, 0, ALL);
	judge_acked(j, 0, 101);
}

static void
doubled(struct judge *j)
{
	whole(j);
	hears(j, 1, 101, 0, 0, ALL);
}

static void
doubled_by_reconnect(struct judge *j)
{
	whole(j);
	judge_connected(j, 2, 101, 101);
	hears(j, 2, 101, 0, 0, ALL);
}

static void
doubled_under_two_ids(struct judge *j)
{
	whole(j);
	hears(j, 2, 102, 0, 0, ALL);
}

static void
doubled_echo(struct judge *j)
{
	reconnected(j);
	hears(j, 0, 101, 0, 0, ALL);
}

static void
disorder(struct judge *j)
{
	nearly(j);
	judge_sent(j, 1, ALL);
	judge_acked(j, 1, 102);
	hears(j, 0, 102, 1, 1, ALL);
	hears(j, 2, 102, 1, 1, ALL);
	hears(j, 3, 102, 1, 1, ALL);
	hears(j, 3, 101, 0, 0, ALL);
}

static void
disorder_over_reconnect(struct judge *j)
{
	nearly(j);
	judge_sent(j, 1, 3);
	judge_acked(j, 1, 102);
	hears(j, 3, 102, 1, 1, 3);
	judge_connected(j, 3, 102, 102);
	hears(j, 3, 101, 0, 0, ALL);
}

static void
below_start(struct judge *j)
{
	start(j);
	judge_sent(j, 0, 1);
	judge_acked(j, 0, 99);
	hears(j, 1, 99, 0, 0, 1);
}

static void
foreign(struct judge *j)
{
	secret(j);
	hears(j, 3, 102, 1, 1, 2);
}

static void
ghost(struct judge *j)
{
	whole(j);
	hears(j, 1, 102, 7, 0, ALL);
}

static void
ghost_text(struct judge *j)
{
	whole(j);
	hears(j, 1, 102, JUDGE_UNKNOWN, 0, ALL);
}

static void
ghost_ack(struct judge *j)
{
	whole(j);
	judge_acked(j, 1, 102);
}

static void
damaged(struct judge *j)
{
	struct judge_heard h = { 101, 0, 0, ALL, false };

	nearly(j);
	judge_received(j, 3, &h);
}

static void
wrong_from(struct judge *j)
{
	nearly(j);
	hears(j, 3, 101, 0, 2, ALL);
}

static void
wrong_to(struct judge *j)
{
	nearly(j);
	hears(j, 3, 101, 0, 0, 3);
}

static void
echo(struct judge *j)
{
	whole(j);
	hears(j, 0, 101, 0, 0, ALL);
}

static void
unacked(struct judge *j)
{
	whole(j);
	judge_sent(j, 2, ALL);
}

static void
id_reused(struct judge *j)
{
	whole(j);
	judge_sent(j, 2, 3);
	judge_acked(j, 1, 101);
	hears(j, 3, 102, 1, 2, 3);
}

static void
id_changed(struct judge *j)
{
	whole(j);
	judge_acked(j, 0, 102);
}

static void
id_differs(struct judge *j)
{
	nearly(j);
	hears(j, 3, 102, 0, 0, ALL);
}

static void
overtaken(struct judge *j)
{
	start(j);
	judge_sent(j, 0, 1);
	judge_sent(j, 0, 1);
	judge_acked(j, 0, 102);
	judge_acked(j, 1, 101);
	hears(j, 1, 101, 1, 0, 1);
	hears(j, 1, 102, 0, 0, 1);
}

static const struct {
	const char *name;
	void (*feed)(struct judge *);
	enum judge_kind kind; /* JUDGE_KINDS: nothing is wrong */
} cases[] = {
	{ "all received is clean", whole, JUDGE_KINDS },
	{ "a private message is clean", secret, JUDGE_KINDS },
	{ "delivery before the ACK is clean", before_ack, JUDGE_KINDS },
	{ "an echo after a reconnect is clean", reconnected, JUDGE_KINDS },
	{ "a lost message", nearly, JUDGE_LOST },
	{ "a message without an ACK", unacked, JUDGE_UNACKED },
	{ "a doubled message", doubled, JUDGE_DOUBLED },
	{ "a reconnect that doubles", doubled_by_reconnect, JUDGE_DOUBLED },
	{ "a resend stored twice", doubled_under_two_ids, JUDGE_DOUBLED },
	{ "a doubled echo", doubled_echo, JUDGE_DOUBLED },
	{ "descending ids", disorder, JUDGE_DISORDER },
	{ "descending ids over a reconnect", disorder_over_reconnect,
	    JUDGE_DISORDER },
	{ "an id from before the start", below_start, JUDGE_DISORDER },
	{ "another's private message", foreign, JUDGE_FOREIGN },
	{ "a message nobody sent", ghost, JUDGE_GHOST },
	{ "a text nobody sent", ghost_text, JUDGE_GHOST },
	{ "an ACK for nothing", ghost_ack, JUDGE_GHOST },
	{ "a changed text", damaged, JUDGE_DAMAGED },
	{ "a wrong sender", wrong_from, JUDGE_WRONG },
	{ "a wrong recipient", wrong_to, JUDGE_WRONG },
	{ "an echo on the same connection", echo, JUDGE_ECHO },
	{ "two messages with one id", id_reused, JUDGE_ID_REUSED },
	{ "a resend with another id", id_changed, JUDGE_ID_CHANGED },
	{ "two recipients, two ids", id_differs, JUDGE_ID_CHANGED },
	{ "a sender's messages out of order", overtaken, JUDGE_OVERTAKEN },
};
#define NCASES (sizeof(cases) / sizeof(cases[0]))

static bool
run_case(size_t i)
{
	struct judge *j = judge_new(CLIENTS, true, true);
	uint64_t wanted = cases[i].kind == JUDGE_KINDS ? 0 : 1;
	bool ok;

	cases[i].feed(j);
	judge_finish(j);
	ok = judge_count(j, JUDGE_KINDS) == wanted &&
	    judge_count(j, cases[i].kind) == wanted;
	/* What is found lost at the end was counted as missing before. */
	if (judge_missing(j) != judge_count(j, JUDGE_LOST) ||
	    judge_unacked(j) != judge_count(j, JUDGE_UNACKED))
		ok = false;
	printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1, cases[i].name);
	if (!ok)
		judge_print(j, stdout);
	judge_free(j);
	return ok;
}

/* Every change of one byte in a text is seen. */
static bool
body_case(void)
{
	char text[200];
	size_t i;

	body_write(text, 0xabcdef01, 77, sizeof(text), true);
	if (body_number(text, sizeof(text), 0xabcdef01) != 77 ||
	    body_number(text, sizeof(text), 0xabcdef02) != BODY_UNKNOWN ||
	    body_number(text, 5, 0xabcdef01) != BODY_UNKNOWN ||
	    !body_is_intact(text, sizeof(text), 0xabcdef01, 77, 200, true) ||
	    body_is_intact(text, 199, 0xabcdef01, 77, 200, true))
		return false;
	for (i = 0; i < sizeof(text); i++) {
		text[i] ^= 1;
		if (body_is_intact(text, 200, 0xabcdef01, 77, 200, true))
			return false;
		text[i] ^= 1;
	}
	return true;
}

/* Both readers of events see the same, and refuse what is no event. */
/* Any byte anywhere in a string: those that end it or need an escape. */
static bool
string_case(void)
{
	char line[] = "{\"event\":\"abcdefghijklmnopqrstuvwxyz\"}";
	const size_t first = strlen("{\"event\":\""), n = sizeof(line) - 1;
	struct wire ev;
	size_t at;
	int byte;

	for (at = first; at < n - 2; at++) {
		const char was = line[at];

		for (byte = 0; byte < 256; byte++) {
			line[at] = (char)byte;
			if (wire_scan(&ev, line, n) ==
			    (byte < ' ' || byte == '"' || byte == '\\')) {
				printf("# byte %d at %zu\n", byte, at - first);
				return false;
			}
		}
		line[at] = was;
	}
	return true;
}

static bool
wire_case(void)
{
	static const char line[] =
	    "{\"event\":\"MESSAGE\",\"id\":907,\"from\":"
	    "\"bob\",\"to\":\"all\",\"message\":\"hi {there}\",\"x\":true}";
	static const char *const bad[] = { "", "{}", "[]", "7", "{\"event\":1}",
		"{\"event\":\"ACK\"", "{\"event\":\"ACK\"}}",
		"{\"event\":\"ACK\",}", "{\"event\":\"\x01\"}" };
	struct wire a, b;
	bool ok;
	size_t i;

	ok = wire_scan(&a, line, strlen(line)) &&
	    wire_parse(&b, line, strlen(line)) && a.kind == WIRE_MESSAGE &&
	    b.kind == WIRE_MESSAGE && a.id == 907 && b.id == 907 &&
	    slice_is(a.message, "hi {there}") &&
	    slice_is(b.message, "hi {there}") && slice_is(a.from, "bob") &&
	    slice_is(b.from, "bob");
	wire_free(&b);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (wire_scan(&a, bad[i], strlen(bad[i])) ||
		    wire_parse(&b, bad[i], strlen(bad[i]))) {
			printf("# taken for an event: %s\n", bad[i]);
			ok = false;
		}
	return ok;
}

int
judge_test(void)
{
	bool body = body_case(), wire = wire_case() && string_case();
	int wrong = !body + !wire;
	size_t i;

	printf("1..%zu\n", NCASES + 2);
	for (i = 0; i < NCASES; i++)
		wrong += !run_case(i);
	printf("%s %zu - a changed byte is seen\n", body ? "ok" : "not ok",
	    NCASES + 1);
	printf("%s %zu - both ways to read an event agree\n",
	    wire ? "ok" : "not ok", NCASES + 2);
	return wrong;
}
