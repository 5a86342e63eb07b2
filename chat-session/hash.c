/*
 * Hashing passwords, which is slow by intent: in a thread of low priority, and
 * only some of all sessions at a time.  This session waits for it; nobody else
 * does.
 */
#include <sys/resource.h>

#include <pthread.h>
#include <string.h>

#include "password.h"
#include "request.h"
#include "session.h"

#define STACK (256 * 1024) /* crypt_r(3) needs 32 KiB of it */

struct job {
	const char *password, *hash; /* hash NULL: nobody's */
	int cost;		     /* of a new hash */
	int wrong_cost; /* so long takes a wrong password, whosever it is */
	bool check, make;
	bool right, made;
	char out[PASSWORD_HASH_MAX];
};

static void *
job_run(void *arg)
{
	struct job *job = arg;

	/* Of this thread alone; fails only for one of lower priority. */
	setpriority(PRIO_PROCESS, 0, HASH_NICE);
	if (job->check) {
		job->right =
		    password_check(job->password, job->hash, job->wrong_cost);
		job->make =
		    job->right && password_is_outdated(job->hash, job->cost);
	}
	if (job->make)
		job->made = password_hash(job->password, job->cost, job->out);
	return NULL;
}

/* False when no thread could be made, which is logged. */
static bool
job_thread(struct job *job)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	error = pthread_create(&thread, &attr, job_run, job);
	pthread_attr_destroy(&attr);
	if (error == 0)
		error = pthread_join(thread, NULL);
	if (error != 0)
		log_event(LEVEL_ERROR, "hash", "%s", strerror(error));
	return error == 0;
}

/* False when it was answered with UNAVAILABLE. */
static bool
job_do(struct session *s, const struct request *r, struct job *job)
{
	struct store *store = session_store(s);
	int64_t began = monotonic_ms();
	bool done = false;

	if (store == NULL) {
		session_unavailable(s, r->ref);
		return false;
	}
	job->cost = (int)s->config.bcrypt_cost;
	if (store_hash_begin(store)) {
		done = job_thread(job);
		store_hash_end(store);
	}
	/* Who registers must have the time to connect as well. */
	s->admission.held += monotonic_ms() - began;
	if (!done)
		session_error(s, r, "UNAVAILABLE",
		    "too many passwords are being checked just now: try again");
	return done;
}

bool
hash_make(struct session *s, const struct request *r, const char *password,
    char out[PASSWORD_HASH_MAX])
{
	struct job job = { .password = password, .make = true };

	if (!job_do(s, r, &job))
		return false;
	if (!job.made) {
		log_event(LEVEL_ERROR, "hash", "libcrypt makes no bcrypt");
		session_end_error(s, "INTERNAL",
		    "the server cannot hash passwords; its log says why");
		return false;
	}
	memcpy(out, job.out, sizeof(job.out));
	return true;
}

/* There may be hashes from before CHAT_BCRYPT_COST was lowered. */
static bool
wrong_cost_find(struct session *s, const struct request *r, int *cost)
{
	struct store *store = session_store(s);

	if (store == NULL || store_password_cost(store, cost) != STORE_OK) {
		session_store_failed(s);
		session_unavailable(s, r->ref);
		return false;
	}
	if (*cost < s->config.bcrypt_cost)
		*cost = (int)s->config.bcrypt_cost;
	return true;
}

bool
hash_check(struct session *s, const struct request *r, const char *password,
    const char *hash, struct hash_answer *answer)
{
	struct job job = { .password = password, .hash = hash, .check = true };

	if (!wrong_cost_find(s, r, &job.wrong_cost) || !job_do(s, r, &job))
		return false;
	answer->right = job.right;
	answer->renewed = job.made;
	memcpy(answer->hash, job.out, sizeof(job.out));
	return true;
}
