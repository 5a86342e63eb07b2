/*
 * Unit tests of the store and power cuts.
 *
 * At a chosen operation on the disk the power is cut (store-disk.h says what
 * then remains), and the next boot has another id.  A judge opens the store on
 * what remains and says what is wrong with it.
 *
 * A run is random but always the same for a seed: one thread does everything,
 * and others commit while one is in its sync or in the first pass of a
 * checkpoint.  A failure names its seed; CHAT_TEST_SEED=N begins with that one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store-test.h"

#include "store-between.h"
#include "store-disk.h"

#define WRITERS	 3
#define STORES	 (WRITERS + 1) /* the last one is the housekeeper's */
#define SAID_MAX 4096
#define BODY_MAX 6000
#ifdef __SANITIZE_ADDRESS__
#define MACHINES 5 /* each takes a dozen times as long */
#else
#define MACHINES 24
#endif
#define BOOTS	  6  /* of one machine, each ended by a cut */
#define STEPS_MAX 40 /* in one boot */

/* ---- when it is cut ---- */

enum instant { OPENING, COMMIT, SYNC, FIRST_PASS, LAST_PASS, IDLE, INSTANTS };

/* At most so many operations on the disk of its kind before the cut. */
static const unsigned ops_max[INSTANTS] = { 12, 100, 50, 50, 12, 1 };

static enum instant doing, aim; /* IDLE: in no operation */
static unsigned ops_left, cuts[INSTANTS];
static struct store *stores[STORES];
static int64_t shown; /* up to here people may have seen messages */
static bool nested;   /* somebody commits while another does something */

static void speak_meanwhile(void);

static bool
lock_is_held(void)
{
	struct shared_lock *l = &stores[0]->shared->write;

	if (!shared_trylock(l))
		return true;
	shared_unlock(l);
	return false;
}

static enum instant
instant_now(void)
{
	if (doing == COMMIT && !lock_is_held())
		return SYNC;
	if (doing == FIRST_PASS && lock_is_held())
		return LAST_PASS;
	return doing;
}

/* The next operation on the disk.  False: there is no power. */
static bool
tick(void)
{
	enum instant now;

	if (!recording)
		return !off;
	now = instant_now();
	if (doing != OPENING && store_position(stores[0]) > shown)
		shown = store_position(stores[0]);
	if (now != aim || --ops_left > 0) {
		if ((now == SYNC || now == FIRST_PASS) && chance(4) == 0)
			speak_meanwhile();
		return !off;
	}
	cuts[now]++;
	power_cut();
	return false;
}

/* ---- the machine ---- */

static unsigned boot; /* this one's number */

/* In place of the one in shared.c for the store (see Makefile's parts). */
void __wrap_shared_boot_id(char id[SHARED_BOOT_MAX]);
void
__wrap_shared_boot_id(char id[SHARED_BOOT_MAX])
{
	memset(id, 0, SHARED_BOOT_MAX);
	snprintf(id, SHARED_BOOT_MAX, "boot %u", boot);
}

/* ---- what is said ---- */

static struct said {
	int64_t id;
	int by;		/* which store */
	unsigned len;	/* of the text, which follows from this and the id */
	bool committed; /* the relay may know of it */
	bool lasts;	/* it was acknowledged, or seen after a cut */
	bool there;	/* in what remained of the last cut */
} said[SAID_MAX];
static unsigned nsaid;
static int64_t given; /* the highest id that anybody may know */
static struct store_session people[WRITERS];

static const char *
text_of(unsigned n, unsigned len)
{
	static char text[BODY_MAX + 1];

	memset(text, 'a' + (int)(n % 26), len);
	text[snprintf(text, 16, "%08u", n)] = ' ';
	text[len] = '\0';
	return text;
}

static bool
say_one(int by)
{
	struct said *m = &said[nsaid];
	struct store_send in = { .body_len = 20 + chance(80) };
	struct store_sent out;

	assert_true(nsaid < SAID_MAX);
	if (chance(10) == 0)
		in.body_len = BODY_MAX / 2 + chance(BODY_MAX / 2);
	in.body = text_of(nsaid, (unsigned)in.body_len);
	if (store_message_send(stores[by], &people[by], &in, &out) != STORE_OK)
		return false;
	*m = (struct said){
		.id = out.id, .by = by, .len = (unsigned)in.body_len
	};
	if (out.id > given)
		given = out.id;
	nsaid++;
	return true;
}

/* Up to three messages; committed, not synced.  False: the power went. */
static bool
speak(int by)
{
	unsigned first, n = 1 + chance(3);

	if (store_begin(stores[by]) != STORE_OK)
		return false;
	first = nsaid;
	while (n > 0 && say_one(by))
		n--;
	if (n > 0) {
		store_rollback(stores[by]);
		return false;
	}
	if (store_commit(stores[by], false) != STORE_OK)
		return false;
	/* The lock was held: what was said since is its own. */
	for (; first < nsaid; first++)
		said[first].committed = true;
	return true;
}

/* The ACKs of all that this one has said. */
static void
acknowledge(int by)
{
	unsigned upto = nsaid, i;

	if (stores[by]->options.full && store_sync(stores[by]) != STORE_OK)
		return;
	for (i = 0; i < upto; i++)
		if (said[i].by == by && said[i].committed)
			said[i].lasts = true;
}

/* Another one's commit in the middle of something that holds no lock. */
static void
speak_meanwhile(void)
{
	enum instant before = doing;

	if (nested)
		return;
	nested = true;
	doing = COMMIT;
	speak((int)chance(WRITERS - 1) + 1);
	doing = before;
	nested = false;
}

/* ---- one boot ---- */

static unsigned checkpoints, in_part, grouped;

static void
checkpoint(void)
{
	struct store *reader = NULL;
	struct store_checkpoint c;

	doing = FIRST_PASS;
	if (chance(4) == 0) {
		reader = stores[chance(WRITERS)];
		sqlite3_exec(reader->db, "BEGIN; SELECT count(*) FROM sessions",
		    NULL, NULL, NULL);
	}
	/* The last pass then empties the file as well. */
	wal_pretends = chance(3) == 0 ? WAL_TRUNCATE + 1 : 0;
	if (store_checkpoint(stores[WRITERS], &c) == STORE_OK) {
		checkpoints++;
		in_part += !c.done;
	}
	wal_pretends = 0;
	if (reader != NULL)
		sqlite3_exec(reader->db, "COMMIT", NULL, NULL, NULL);
}

static void
step(void)
{
	unsigned before;
	int i;

	if (chance(8) == 0) {
		checkpoint();
		return;
	}
	doing = COMMIT;
	if (chance(3) > 0) {
		/* The first: the others may speak while it syncs. */
		if (speak(0))
			acknowledge(0);
		return;
	}
	/* Several, and then the ACKs of all in any order. */
	for (i = 0; i < WRITERS; i++)
		if (!speak(i))
			return;
	before = syncs;
	for (i = WRITERS; i-- > 0;)
		acknowledge(i);
	grouped += syncs == before + 1;
}

static bool
boot_open(bool full)
{
	static const char *const names[] = { "alice", "bob", "carol" };
	char error[512];
	unsigned j;
	int i;

	doing = OPENING;
	for (i = 0; i < STORES; i++) {
		if ((stores[i] = try_open(full, error)) == NULL) {
			if (!off)
				fail_msg("boot %u: %s", boot, error);
			return false;
		}
		/* Opened, so all that is there can be seen from now on. */
		for (j = 0; i == 0 && j < nsaid; j++)
			said[j].lasts |= said[j].there;
	}
	doing = COMMIT;
	for (i = 0; i < WRITERS; i++)
		if (login(stores[i], names[i], names[i], NULL, names[i],
			&people[i]) != STORE_OK)
			return false;
	return true;
}

static void
boot_close(void)
{
	int i;

	for (i = 0; i < STORES; i++) {
		store_close(stores[i]);
		stores[i] = NULL;
	}
}

static void
boot_run(bool full)
{
	unsigned steps = 5 + chance(STEPS_MAX);

	files_restore();
	aim = chance(INSTANTS);
	ops_left = 1 + chance(ops_max[aim]);
	recording = true;
	if (boot_open(full))
		while (!off && steps-- > 0)
			step();
	if (!off) {
		cuts[IDLE]++;
		power_cut();
	}
	boot_close();
}

/* ---- the judge ---- */

static char verdict[256];

static const char *
is_wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(verdict, sizeof(verdict), format, args);
	va_end(args);
	return verdict;
}

static const char *
judge_integrity(struct store *s)
{
	const char *wrong = NULL;
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(
		s->db, "PRAGMA integrity_check", -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW ||
	    strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		wrong = is_wrong("not whole: %s", sqlite3_errmsg(s->db));
	sqlite3_finalize(st);
	return wrong;
}

static const char *
judge_message(struct said *m, sqlite3_stmt *st)
{
	const char *text = text_of((unsigned)(m - said), m->len);
	bool same;

	sqlite3_reset(st);
	sqlite3_bind_int64(st, 1, m->id);
	m->there = sqlite3_step(st) == SQLITE_ROW;
	if (!m->there && !m->lasts && (!m->committed || m->id > shown)) {
		m->committed = false; /* gone for good */
		return NULL;
	}
	if (!m->there)
		return is_wrong("message %lld is lost", (long long)m->id);
	same = sqlite3_column_bytes(st, 0) == (int)m->len &&
	    memcmp(sqlite3_column_text(st, 0), text, m->len) == 0;
	return same ? NULL : is_wrong("%lld is another", (long long)m->id);
}

static const char *
judge_messages(struct store *s)
{
	const char *wrong = NULL;
	sqlite3_stmt *st;
	unsigned i;

	if (sqlite3_prepare_v2(s->db, "SELECT body FROM messages WHERE id = ?",
		-1, &st, NULL) != SQLITE_OK)
		return is_wrong("%s", sqlite3_errmsg(s->db));
	for (i = 0; wrong == NULL && i < nsaid; i++)
		wrong = judge_message(&said[i], st);
	sqlite3_finalize(st);
	return wrong;
}

static const char *
judge_next_id(struct store *s)
{
	struct store_session me;
	struct store_sent sent;

	if (login(s, "dave", "dave", NULL, "dave", &me) != STORE_OK ||
	    send_one(s, &me, NULL, NULL, "next", &sent) != STORE_OK)
		return is_wrong("it takes nothing: %s", store_error(s));
	if (sent.id > given)
		return NULL;
	return is_wrong("id %lld is used again", (long long)sent.id);
}

/* What is wrong with what remained, or NULL.  It stays as it is. */
static const char *
judge(void)
{
	const char *wrong;
	char error[512];
	struct store *s;

	files_restore();
	if ((s = try_open(true, error)) == NULL)
		return is_wrong("%s", error);
	if ((wrong = judge_integrity(s)) == NULL &&
	    (wrong = judge_messages(s)) == NULL)
		wrong = judge_next_id(s);
	store_close(s);
	return wrong;
}

/*
 * A machine whose power is cut BOOTS times.  What is wrong after one of them,
 * or NULL.
 */
static const char *
machine_run(uint64_t number, bool full, bool other_boots)
{
	const char *wrong = NULL;
	unsigned i;

	seed = (number + 1) * 0x9E3779B97F4A7C15ULL;
	nsaid = 0;
	given = shown = 0;
	boot = 0;
	store_close(open_store(full));
	files_keep();
	for (i = 0; wrong == NULL && i < BOOTS; i++) {
		boot += other_boots;
		boot_run(full);
		boot += other_boots;
		wrong = judge();
	}
	files_restore();
	return wrong;
}

/* ---- the tests ---- */

static int
begin(void **state)
{
	recording = off = sync_lies = false;
	return place_make(state);
}

/* The first thing that is wrong on any machine, which has to come. */
static const char *
machines_until_wrong(bool full, bool other_boots)
{
	const char *wrong = NULL;
	unsigned i;

	for (i = 0; wrong == NULL && i < MACHINES; i++)
		wrong = machine_run(i, full, other_boots);
	assert_non_null(wrong);
	return wrong;
}

static void
the_judge_sees_what_normal_durability_loses(void **state)
{
	(void)state;
	assert_non_null(strstr(machines_until_wrong(false, true), "is lost"));
}

static void
the_judge_sees_syncs_that_do_nothing(void **state)
{
	(void)state;
	sync_lies = true;
	machines_until_wrong(true, true);
}

/* Nothing tells the store that the power was cut, and so what it lost. */
static void
the_judge_sees_an_id_that_is_used_again(void **state)
{
	(void)state;
	assert_non_null(
	    strstr(machines_until_wrong(true, false), "used again"));
}

static void
what_was_acknowledged_or_seen_outlives_every_power_cut(void **state)
{
	const char *word = getenv("CHAT_TEST_SEED"), *wrong;
	uint64_t first = word != NULL ? strtoull(word, NULL, 10) : 0, i;
	int kind;

	(void)state;
	memset(cuts, 0, sizeof(cuts));
	torn = checkpoints = in_part = grouped = 0;
	for (i = first; i < first + MACHINES; i++)
		if ((wrong = machine_run(i, true, true)) != NULL)
			fail_msg("CHAT_TEST_SEED=%llu, boot %u: %s",
			    (unsigned long long)i, boot / 2, wrong);
	/* It was cut at each kind of instant, and in the midst of writes. */
	for (kind = 0; kind < INSTANTS; kind++)
		assert_true(cuts[kind] > 0);
	assert_true(torn > 0 && grouped > 0);
	assert_true(in_part > 0 && in_part < checkpoints);
	print_message("cut while opening %u, in a commit %u, in a sync %u,"
		      " in a first pass %u, in a last pass %u, else %u\n"
		      "%u writes torn, %u of %u checkpoints in part, %u syncs"
		      " for several\n",
	    cuts[OPENING], cuts[COMMIT], cuts[SYNC], cuts[FIRST_PASS],
	    cuts[LAST_PASS], cuts[IDLE], torn, in_part, checkpoints, grouped);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_judge_sees_what_normal_durability_loses),
		TEST(the_judge_sees_syncs_that_do_nothing),
		TEST(the_judge_sees_an_id_that_is_used_again),
		TEST(what_was_acknowledged_or_seen_outlives_every_power_cut),
	};

	return cmocka_run_group_tests_name(
	    "store-power", tests, step_between, NULL);
}
