/*
 * Writes and reads the state of state.h: one table of fields, for both ways.
 * It knows the members of struct session, and nothing of what they mean.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "state.h"

#define NAME_MAX_LEN 32 /* bytes of a field's name */
#define DIGITS_MAX   20 /* of a number, with its sign */
#define BUFFER_MAX   (4 * 1024 * 1024)

enum kind {
	FLAG,	/* bool */
	PHASE,	/* enum session_state that can be gone on with */
	FD,	/* int, -1: none */
	COUNT,	/* int, not negative */
	NUMBER, /* int64_t */
	TEXT,	/* with its NUL in an array of size bytes */
	BYTES,	/* size of them */
	BUFFER	/* struct buf */
};

/* A name in the format is that of the member, and may outlive it. */
#define FIELD(kind, member) \
	{ \
#member, kind, offsetof(struct session, member), \
		    sizeof(((struct session *)NULL)->member) \
	}

static const struct field {
	const char *name;
	enum kind kind;
	size_t offset, size;
} fields[] = {
	FIELD(TEXT, upgrade.program),
	FIELD(COUNT, upgrade.count),
	FIELD(PHASE, state),
	FIELD(NUMBER, started),
	FIELD(FLAG, trouble),
	FIELD(NUMBER, messages),
	FIELD(NUMBER, slowest),
	FIELD(FD, client.in),
	FIELD(FD, client.out),
	FIELD(FLAG, client.is_socket),
	FIELD(FLAG, client.eof),
	FIELD(FLAG, client.lost),
	FIELD(TEXT, client.peer),
	FIELD(BYTES, client.address.bytes),
	FIELD(FLAG, client.has_address),
	FIELD(BUFFER, client.lines.in),
	FIELD(BUFFER, client.output),
	FIELD(FLAG, client.secret),
	FIELD(NUMBER, client.heard),
	FIELD(FLAG, client.pinged),
	FIELD(FD, delivery.fd),
	FIELD(FD, delivery.relay_pidfd),
	FIELD(TEXT, delivery.name),
	FIELD(FLAG, delivery.welcomed),
	FIELD(FLAG, delivery.missed),
	FIELD(TEXT, delivery.replaced),
	FIELD(NUMBER, delivery.view.user_id),
	FIELD(NUMBER, delivery.view.session_id),
	FIELD(NUMBER, delivery.view.position),
	FIELD(NUMBER, delivery.view.public_from),
	FIELD(NUMBER, delivery.view.private_from),
	FIELD(NUMBER, delivery.needed),
	FIELD(FLAG, delivery.users_due),
	FIELD(FLAG, delivery.stalled),
	FIELD(NUMBER, delivery.next_look),
	FIELD(FLAG, admission.asked),
	FIELD(FLAG, admission.failed),
	FIELD(FLAG, admission.answered),
	FIELD(FLAG, admission.nearly_full),
	FIELD(NUMBER, admission.again),
	FIELD(NUMBER, admission.until),
	FIELD(NUMBER, admission.hold),
	FIELD(NUMBER, admission.held),
	FIELD(COUNT, admission.tries),
	FIELD(BYTES, admission.key),
	FIELD(BYTES, admission.print),
	FIELD(NUMBER, rate.level),
	FIELD(NUMBER, rate.at),
	FIELD(FLAG, rate.waiting),
	FIELD(NUMBER, rate.flooded),
	FIELD(NUMBER, me.id),
	FIELD(NUMBER, me.user_id),
	FIELD(TEXT, me.username),
	FIELD(TEXT, me.password),
	FIELD(NUMBER, me.private_from),
	FIELD(TEXT, resume),
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

/* ---- writing ---- */

static void
put(struct buf *out, const char *name, const void *value, size_t len)
{
	buf_add_str(out, name);
	buf_add(out, " ", 1);
	buf_add_int(out, (int64_t)len);
	buf_add(out, " ", 1);
	buf_add(out, value, len);
	buf_add(out, "\n", 1);
}

static void
put_number(struct buf *out, const char *name, int64_t value)
{
	char digits[DIGITS_MAX + 1];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)value);

	put(out, name, digits, (size_t)n);
}

static void
field_write(const struct field *f, const char *at, struct buf *out)
{
	struct buf b;
	int64_t number = 0;
	int i;

	switch (f->kind) {
	case TEXT:
		put(out, f->name, at, strlen(at));
		return;
	case BYTES:
		put(out, f->name, at, f->size);
		return;
	case BUFFER:
		memcpy(&b, at, sizeof(b));
		put(out, f->name, buf_head(&b), buf_len(&b));
		return;
	case FLAG:
		number = *(const bool *)at;
		break;
	case PHASE:
	case FD:
	case COUNT:
		memcpy(&i, at, sizeof(i));
		number = i;
		break;
	case NUMBER:
		memcpy(&number, at, sizeof(number));
		break;
	}
	put_number(out, f->name, number);
}

bool
state_write(const struct session *s, struct buf *out)
{
	size_t i;

	if (buf_len(&s->client.lines.in) > BUFFER_MAX ||
	    buf_len(&s->client.output) > BUFFER_MAX)
		return false;
	put_number(out, "version", STATE_VERSION);
	for (i = 0; i < NFIELDS; i++)
		field_write(
		    &fields[i], (const char *)s + fields[i].offset, out);
	return true;
}

/* ---- reading ---- */

/* One field as it stands in the data. */
struct item {
	char name[NAME_MAX_LEN + 1];
	const char *value;
	size_t len;
};

/* The whole of some digits, with a sign perhaps. */
static bool
number_read(
    const char *text, size_t len, int64_t min, int64_t max, int64_t *value)
{
	bool negative = len > 0 && *text == '-';
	size_t i = negative ? 1 : 0;
	int64_t n = 0;

	if (i == len || len > DIGITS_MAX)
		return false;
	for (; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(
			n, (negative ? '0' - text[i] : text[i] - '0'), &n))
			return false;
	}
	*value = n;
	return n >= min && n <= max;
}

/* Take the next one off the front.  False: there is none, or not a whole one. */
static bool
item_next(struct item *item, const char **p, const char *end)
{
	const char *space = memchr(*p, ' ', (size_t)(end - *p)), *digits;
	int64_t len;

	if (space == NULL || space - *p > NAME_MAX_LEN)
		return false;
	memcpy(item->name, *p, (size_t)(space - *p));
	item->name[space - *p] = '\0';
	digits = space + 1;
	space = memchr(digits, ' ', (size_t)(end - digits));
	if (space == NULL ||
	    !number_read(
		digits, (size_t)(space - digits), 0, end - space - 2, &len) ||
	    space[1 + len] != '\n')
		return false;
	item->value = space + 1;
	item->len = (size_t)len;
	*p = item->value + len + 1;
	return true;
}

/* The range of what stands as a number. */
static void
range(enum kind kind, int64_t *min, int64_t *max)
{
	*min = kind == FD ? -1 : kind == NUMBER ? INT64_MIN : 0;
	*max = kind == FLAG ? 1
	    : kind == PHASE ? STATE_CONNECTED
	    : kind == FD    ? SESSION_FILES - 1
	    : kind == COUNT ? INT_MAX
			    : INT64_MAX;
}

static bool
field_read(const struct field *f, char *at, const struct item *item)
{
	struct buf b = { 0 };
	int64_t number, min, max;
	int i;

	switch (f->kind) {
	case TEXT:
		if (item->len >= f->size ||
		    memchr(item->value, '\0', item->len) != NULL)
			return false;
		memset(at, 0, f->size);
		memcpy(at, item->value, item->len);
		return true;
	case BYTES:
		if (item->len != f->size)
			return false;
		memcpy(at, item->value, item->len);
		return true;
	case BUFFER:
		if (item->len > BUFFER_MAX)
			return false;
		buf_add(&b, item->value, item->len);
		memcpy(at, &b, sizeof(b));
		return true;
	default:
		break;
	}
	range(f->kind, &min, &max);
	if (!number_read(item->value, item->len, min, max, &number))
		return false;
	i = (int)number;
	if (f->kind == FLAG)
		*(bool *)at = number != 0;
	else if (f->kind == NUMBER)
		memcpy(at, &number, sizeof(number));
	else
		memcpy(at, &i, sizeof(i));
	return true;
}

/* The place of a field that has not come yet, NFIELDS if there is none. */
static size_t
field_find(const char *name, uint64_t seen)
{
	size_t i = 0;

	while (i < NFIELDS && strcmp(fields[i].name, name) != 0)
		i++;
	return i < NFIELDS && (seen & (UINT64_C(1) << i)) == 0 ? i : NFIELDS;
}

/* All fields, each once.  What was allocated for s is the caller's to free. */
static bool
fields_read(
    struct session *s, const char *p, const char *end, char why[STATE_WHY_MAX])
{
	uint64_t seen = 0;
	struct item item;
	size_t i;

	_Static_assert(NFIELDS < 64, "a bit for each");
	while (p < end) {
		if (!item_next(&item, &p, end)) {
			snprintf(why, STATE_WHY_MAX, "it is damaged");
			return false;
		}
		if ((i = field_find(item.name, seen)) == NFIELDS ||
		    !field_read(
			&fields[i], (char *)s + fields[i].offset, &item)) {
			snprintf(why, STATE_WHY_MAX,
			    "its field '%.*s' is unknown, twice there or not"
			    " of its kind",
			    NAME_MAX_LEN, item.name);
			return false;
		}
		seen |= UINT64_C(1) << i;
	}
	for (i = 0; i < NFIELDS && (seen & (UINT64_C(1) << i)) != 0; i++)
		;
	if (i < NFIELDS)
		snprintf(why, STATE_WHY_MAX, "its field '%s' is missing",
		    fields[i].name);
	return i == NFIELDS;
}

bool
state_read(
    struct session *s, const void *data, size_t len, char why[STATE_WHY_MAX])
{
	const char *p = data, *end = p + len;
	struct session fresh = *s;
	struct item item;
	int64_t version;

	if (!item_next(&item, &p, end) || strcmp(item.name, "version") != 0 ||
	    !number_read(item.value, item.len, 0, INT64_MAX, &version)) {
		snprintf(why, STATE_WHY_MAX, "it does not say its version");
		return false;
	}
	if (version != STATE_VERSION) {
		snprintf(why, STATE_WHY_MAX,
		    "it has version %lld, and %d is known", (long long)version,
		    STATE_VERSION);
		return false;
	}
	fresh.client.lines.in = fresh.client.output = (struct buf){ 0 };
	fresh.client.lines.scanned = 0;
	if (!fields_read(&fresh, p, end, why)) {
		buf_free(&fresh.client.lines.in);
		buf_free(&fresh.client.output);
		return false;
	}
	*s = fresh;
	return true;
}
