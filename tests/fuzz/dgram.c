/*
 * The relay's datagrams (lib/dgram and chat-notify/relay.c): bytes from a
 * socket are taken only as their type allows, a publication that is malformed
 * changes nothing, and what is relayed is each message once, in order.
 *
 * The input is a list of steps: a byte says what happens, more bytes with what.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "relay.h"

static int ends[2]; /* of a pair of datagram sockets */

struct input {
	const uint8_t *data;
	size_t left;
};

/* What was relayed so far. */
struct watch {
	int64_t last;
	struct relay_choice choice;
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(dgram_ask_credentials(ends[1]));
	return 0;
}

static unsigned
byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static void
check_choice(const struct relay_batch *b, struct relay_choice *c, int64_t user)
{
	const char *block = buf_head(&b->block);
	unsigned i;

	relay_choose(b, 0, user, 100 + user, c);
	CHECK(c->nparts >= 1 && c->nparts <= 1 + BATCH_LINES);
	CHECK(c->lines <= b->n);
	for (i = 1; i < c->nparts; i++) {
		const char *base = c->parts[i].iov_base;

		CHECK(c->parts[i].iov_len == 0 ||
		    (base >= block &&
			base + c->parts[i].iov_len <=
			    block + buf_len(&b->block)));
	}
}

static void
check_batch(void *arg, const struct relay_batch *b)
{
	struct watch *w = arg;
	bool presence = b->n > 0 && b->entries[0].id == 0;
	unsigned i;

	CHECK(b->n >= 1 && b->n <= BATCH_LINES);
	for (i = 0; i < b->n; i++) {
		const struct relay_entry *e = &b->entries[i];

		CHECK((e->id == 0) == presence);
		CHECK((size_t)e->offset + e->len <= buf_len(&b->block));
		CHECK(presence || e->id > w->last);
		if (!presence)
			w->last = e->id;
	}
	CHECK(b->last >= w->last);
	for (i = 0; i < 4; i++)
		check_choice(b, &w->choice, i);
}

static void
publish(struct relay *r, const struct dgram_head *h, const char *body,
    size_t len, int64_t now)
{
	struct relay before = *r;

	if (relay_publish(r, h, body, len, now)) {
		CHECK(h->prev >= 0 && h->last > h->prev);
		CHECK(len >= h->count * sizeof(struct dgram_entry));
		CHECK(r->position >= before.position);
		CHECK(r->known >= h->last || r->known >= before.known);
	} else {
		CHECK(r->position == before.position);
		CHECK(r->known == before.known);
		CHECK(r->batch.n == before.batch.n);
		CHECK(r->naside == before.naside);
	}
	CHECK(r->naside <= RELAY_ASIDE_MAX);
	CHECK(r->known >= r->position || before.known < before.position);
}

/* Bytes as they come, through a socket. */
static void
raw(struct relay *r, struct input *in, int64_t now)
{
	static const struct dgram_head untouched = { .version = 99 };
	struct dgram_head h = untouched;
	struct dgram_from from;
	struct buf body = { 0 };
	size_t n = byte(in);
	ssize_t len;

	n = n < in->left ? n : in->left;
	CHECK(send(ends[0], in->data, n, MSG_DONTWAIT) == (ssize_t)n);
	len = dgram_receive(ends[1], &h, &body, &from);
	if (len == -2) {
		CHECK(memcmp(&h, &untouched, sizeof(h)) == 0);
		CHECK(buf_len(&body) == 0);
	} else {
		CHECK((size_t)len == n - sizeof(h) && n >= sizeof(h));
		CHECK(buf_len(&body) == (size_t)len);
		CHECK(h.version == DGRAM_VERSION);
		CHECK(from.pid == getpid() && *from.socket == '\0');
		CHECK(h.type != DGRAM_REGISTER ||
		    (len >= 1 && len <= USERNAME_MAX));
		if (h.type == DGRAM_PUBLISH)
			publish(r, &h, buf_head(&body), (size_t)len, now);
	}
	CHECK(dgram_receive(ends[1], &h, &body, &from) == -1);
	CHECK(errno == EAGAIN);
	in->data += n;
	in->left -= n;
	buf_free(&body);
}

/* A publication that is well-formed unless the input says otherwise. */
static void
built(struct relay *r, struct input *in, int64_t now)
{
	struct dgram_head h = { .version = DGRAM_VERSION,
		.type = DGRAM_PUBLISH,
		.prev = byte(in) };
	struct dgram_entry e = { .id = h.prev };
	struct buf body = { 0 };
	unsigned i, how = byte(in);

	h.count = how % 8;
	h.user = how / 8 % 4;
	h.session = 100 + h.user;
	for (i = 0; i < h.count; i++) {
		how = byte(in);
		e.id += 1 + how % 3;
		e.recipient = how / 4 % 4;
		e.len = how == 255 ? 0 : 1 + how;
		buf_add(&body, &e, sizeof(e));
		memset(buf_room(&body, e.len), 'x', e.len);
		buf_added(&body, e.len);
	}
	h.last = h.count > 0 ? e.id : h.prev + 1 + how % 4;
	publish(r, &h, buf_head(&body), buf_len(&body), now);
	buf_free(&body);
}

/*
 * The store is read: some rows from the position on, up to some limit, unless
 * reading fails after them.
 */
static void
stored(struct relay *r, struct input *in, int64_t now)
{
	unsigned how = byte(in), rows;
	struct relay_message m = {
		.user = how / 8 % 4, .session = 100, .line = "line\n", .len = 5
	};

	for (rows = how % 8; rows > 0; rows--) {
		if (r->position < 0 || r->position > 1 << 20)
			break;
		m.id = r->position + 1 + how / 32 % 2;
		relay_stored(r, &m);
	}
	if (how >= 240) {
		relay_skip(r, now);
		return;
	}
	relay_read_done(r, byte(in), now);
	CHECK(r->known >= r->position);
}

static void
step(struct relay *r, struct input *in, int64_t now)
{
	switch (byte(in) % 8) {
	case 0:
		raw(r, in, now);
		break;
	case 1:
	case 2:
		built(r, in, now);
		break;
	case 3:
		stored(r, in, now);
		break;
	case 4:
		relay_flush(r);
		break;
	case 5:
		relay_skip(r, now);
		break;
	case 6:
		relay_known(r, byte(in), now);
		break;
	case 7:
		relay_presence(r, byte(in) % 4, "presence\n", 9);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct watch watch = { .last = -1 };
	static struct relay r;
	int64_t now = 1, wait;

	relay_init(&r, (int64_t)byte(&in) - 1, check_batch, &watch);
	while (in.left > 0) {
		step(&r, &in, now);
		wait = relay_wait(&r, now);
		CHECK(wait >= -1 && wait <= RELAY_HOLE_WAIT * 1000);
		CHECK((wait == -1) == (r.known <= r.position));
		now += 1000;
	}
	relay_flush(&r);
	relay_free(&r);
	return 0;
}
