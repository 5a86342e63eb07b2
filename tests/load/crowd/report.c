/*
 * Prints results.  A histogram has a line for each span of time, with its
 * number, its share, and a bar for the eye.
 */
#include <inttypes.h>
#include <stdio.h>

#include "history.h"
#include "report.h"
#include "sockmem.h"

#define BAR  40
#define SLOW 1000 /* ms: no server is, unless it was told to be */

static void
print_histogram(const struct hist *h, const char *name)
{
	static const double steps[] = { 1, 2, 5 };
	static const char bar[BAR + 1] =
	    "########################################";
	uint64_t below = 0, upto, n;
	double ms, share;
	int i;

	hist_print(h, name);
	for (i = 0; below < h->n && i < 24; i++) {
		ms = steps[i % 3];
		for (n = 0; n < (uint64_t)(i / 3); n++)
			ms *= 10;
		ms /= 100; /* from 0.01 ms */
		upto = i == 23 ? h->n : hist_below(h, ms);
		n = upto - below;
		below = upto;
		if (n == 0)
			continue;
		share = (double)n / (double)h->n;
		printf("%s_below_%g_ms=%" PRIu64 "  %5.1f %%  %.*s\n", name, ms,
		    n, 100 * share, (int)(share * BAR + 0.5), bar);
	}
}

/* Whoever may say little only waits, and is not told. */
static void
hint_slow(const struct hist *h)
{
	if (crowd.dialect->ack == ACK_ID && hist_ms(h, 0.5) >= SLOW)
		fputs("chat-load: half of all waited for more than a second: "
		      "is CHAT_RATE=0 set on the server?\n",
		    stderr);
}

void
report_cpu(double deliveries, double logins)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < crowd.filter.nnames; i++) {
		printf("cpu_%s_s=%.3f\n", crowd.filter.names[i], proc_cpu(i));
		if (logins > 0)
			printf("cpu_%s_ms_per_login=%.3f\n",
			    crowd.filter.names[i], 1e3 * proc_cpu(i) / logins);
		sum += proc_cpu(i);
	}
	if (crowd.filter.nnames == 0)
		return;
	printf("server_cpu_s=%.3f\n", sum);
	if (deliveries > 0)
		printf("cpu_s_per_million_deliveries=%.3f\n",
		    sum / deliveries * 1e6);
}

/* At least a nanosecond, so that nothing is divided by 0. */
static double
seconds_until(uint64_t end, uint64_t start)
{
	return (double)(end > start ? end - start : 1) / (double)SECOND;
}

void
report_talk(size_t senders, size_t receivers)
{
	double deliveries = (double)judge_delivered(crowd.judge);

	printf("senders=%zu\nreceivers=%zu\nsize=%zu\nmessages=%" PRIu64 "\n",
	    senders, receivers, crowd.size, talk.acked);
	printf("messages_per_s=%.0f\n",
	    (double)talk.acked / seconds_until(talk.last_ack, talk.start));
	printf("deliveries=%.0f\ndeliveries_per_s=%.0f\n", deliveries,
	    deliveries / seconds_until(talk.last_delivery, talk.start));
	print_histogram(&talk.ack, "ack");
	print_histogram(&talk.delivery, "delivery");
	report_cpu(deliveries, 0);
	hint_slow(&talk.ack);
}

void
report_logins(double seconds)
{
	printf("connections=%zu\nconcurrency=%zu\nconnects_per_s=%.1f\n",
	    crowd.ready, crowd.concurrency, (double)crowd.ready / seconds);
	printf("events=%" PRIu64 "\n", crowd.lines);
	print_histogram(&crowd.login, "login");
}

void
report_history(void)
{
	printf("fetches=%" PRIu64 "\nmessages_per_fetch=%zu\n"
	       "pages_per_fetch=%zu\n",
	    history.answer.n, history.messages, history.pages);
	print_histogram(&history.answer, "page");
	hint_slow(&history.answer);
}

/* One program's share in KiB per connection. */
static void
print_memory(size_t name, double buffers)
{
	struct proc_memory m;
	double n = (double)crowd.clients, kernel;
	const char *program = crowd.filter.names[name];

	proc_memory(&crowd.filter, name, &m);
	printf("%s_processes=%u\n", program, m.processes);
	printf("%s_pss_kb=%.1f\n", program, m.pss / n);
	printf("%s_private_dirty_kb=%.1f\n", program, m.private_dirty / n);
	printf("%s_page_tables_kb=%.1f\n", program, m.page_tables / n);
	printf("%s_stacks_kb=%.1f\n", program, m.stacks / n);
	kernel = (m.page_tables + m.stacks) / n + buffers;
	printf("%s_kernel_kb=%.1f\n", program, kernel);
	printf("%s_total_kb=%.1f\n", program, m.pss / n + kernel);
}

double
report_pss(void)
{
	struct proc_memory m;
	double sum = 0;
	size_t i;

	for (i = 0; i < crowd.filter.nnames; i++) {
		proc_memory(&crowd.filter, i, &m);
		sum += m.pss;
	}
	return sum;
}

void
report_memory(double kernel, double pss)
{
	double buffers = sockmem_kb(&crowd.target.addr) / (double)crowd.clients;
	size_t i;

	printf("server_growth_kb=%.2f\n",
	    (report_pss() - pss) / (double)crowd.clients);
	if (buffers >= 0)
		printf("socket_buffers_kb=%.1f\n", buffers);
	/* The buffers are those of the first program, which holds them. */
	for (i = 0; i < crowd.filter.nnames; i++)
		print_memory(i, i == 0 && buffers > 0 ? buffers : 0);
	printf("machine_kernel_kb=%.1f\n",
	    (proc_kernel_memory() - kernel) / (double)crowd.clients);
}

bool
report_verdict(void)
{
	bool kept =
	    crowd.judge == NULL || judge_count(crowd.judge, JUDGE_KINDS) == 0;
	int kind;

	for (kind = 0; crowd.judge != NULL && kind < JUDGE_KINDS; kind++)
		printf("%s=%" PRIu64 "\n", judge_name(kind),
		    judge_count(crowd.judge, kind));
	if (crowd.judge != NULL)
		judge_print(crowd.judge, stderr);
	printf("errors=%" PRIu64 "\nrefused=%" PRIu64 "\n", crowd.errors,
	    crowd.refused);
	return kept && crowd.errors == 0 && crowd.refused == 0 &&
	    crowd.ready == crowd.clients;
}
