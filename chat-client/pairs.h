/*
 * Text of lines "KEY<tab>VALUE", in which a key comes once.  Lines of any
 * other form are nobody's, and stay.  Pure.
 */
#ifndef PAIRS_H
#define PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* Where the key's value is in the text; NULL: nowhere. */
const char *pairs_find(const struct buf *text, const char *key, size_t *len);

/*
 * Append the lines of `old' but for the key's, and that with its new value, if
 * it is to have one.  Returns whether the key was there.
 */
bool pairs_edit(
    struct buf *out, const struct buf *old, const char *key, const char *value);

#endif
