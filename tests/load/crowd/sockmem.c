/*
 * Asks the kernel over netlink for the buffers of TCP sockets.
 */
#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "sockmem.h"

static double
socket_bytes(const struct nlmsghdr *head)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(head);
	const struct rtattr *a = (const struct rtattr *)(msg + 1);
	const uint32_t *mem;
	int left = (int)(head->nlmsg_len - NLMSG_LENGTH(sizeof(*msg)));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type != INET_DIAG_SKMEMINFO)
			continue;
		mem = RTA_DATA(a);
		return (double)mem[SK_MEMINFO_RMEM_ALLOC] +
		    mem[SK_MEMINFO_WMEM_ALLOC] + mem[SK_MEMINFO_FWD_ALLOC] +
		    mem[SK_MEMINFO_OPTMEM];
	}
	return 0;
}

static double
sum_answers(int fd)
{
	static _Alignas(struct nlmsghdr) char answer[32768];
	const struct nlmsghdr *head;
	double sum = 0;
	ssize_t got;
	int n;

	for (;;) {
		got = recv(fd, answer, sizeof(answer), 0);
		if (got <= 0)
			return -1;
		n = (int)got;
		for (head = (const void *)answer; NLMSG_OK(head, (unsigned)n);
		     head = NLMSG_NEXT(head, n)) {
			if (head->nlmsg_type == NLMSG_DONE)
				return sum / 1024;
			if (head->nlmsg_type == NLMSG_ERROR)
				return -1;
			sum += socket_bytes(head);
		}
	}
}

double
sockmem_kb(const struct sockaddr_storage *addr)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 req;
	} ask;
	double sum = -1;
	int fd;

	memset(&ask, 0, sizeof(ask));
	ask.head.nlmsg_len = sizeof(ask);
	ask.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ask.req.sdiag_family = (uint8_t)addr->ss_family;
	ask.req.sdiag_protocol = IPPROTO_TCP;
	ask.req.idiag_states = 1 << TCP_ESTABLISHED;
	ask.req.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
	/* sin_port and sin6_port are at the same place. */
	ask.req.id.idiag_sport =
	    ((const struct sockaddr_in *)(const void *)addr)->sin_port;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd == -1)
		return -1;
	if (send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask))
		sum = sum_answers(fd);
	close(fd);
	return sum;
}
