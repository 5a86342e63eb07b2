/*
 * Kernel memory of the server's ends of TCP connections.
 */
#ifndef SOCKMEM_H
#define SOCKMEM_H

#include <sys/socket.h>

/*
 * KiB held by the buffers of all established TCP sockets whose own port is
 * that of the address (sock_diag(7), what `ss -tm` shows); -1: not known.
 */
double sockmem_kb(const struct sockaddr_storage *);

#endif
