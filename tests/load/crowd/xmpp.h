/*
 * XMPP (RFC 6120) and its group chat (XEP-0045), as far as logging in with SASL
 * PLAIN, talking in one room and asking for its archive (XEP-0313, in pages as
 * XEP-0059 has them) go.  Whoever says something gets a copy of it, which
 * acknowledges it.  What the functions do is said in dialect.h.
 */
#ifndef XMPP_H
#define XMPP_H

#include "conn.h"
#include "wire.h"

void xmpp_greet(struct buf *out, const char *name, bool room);
void xmpp_message(struct buf *out, const char *text, size_t n, uint32_t number);
void xmpp_history(struct buf *out, size_t n, struct slice before);
/*
 * A stanza, or the beginning or end of the stream.  An empty one: nothing that
 * this program is ever sent.
 */
char *xmpp_next(struct conn *, size_t *n);
bool
xmpp_read(struct wire *, char *stanza, size_t n, struct buf *out, bool room);

#endif
