/*
 * MQTT 3.1.1 with QoS 1, as far as logging in and talking in one room go: each
 * message is acknowledged on its way in, and by everybody who gets it.  What
 * the functions do is said in dialect.h.
 */
#ifndef MQTT_H
#define MQTT_H

#include "conn.h"
#include "wire.h"

void mqtt_greet(struct buf *out, const char *name, bool room);
void mqtt_message(struct buf *out, const char *text, size_t n, uint32_t number);
/*
 * A packet without its length: the first byte, and what comes after the
 * length.  An empty one: no packet that this program is ever sent.
 */
char *mqtt_next(struct conn *, size_t *n);
bool
mqtt_read(struct wire *, char *packet, size_t n, struct buf *out, bool room);

#endif
