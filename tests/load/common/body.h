/*
 * Message texts that say which message they are and betray any change.
 */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_MAX     4096
#define BODY_MIN     18
#define BODY_UNKNOWN UINT32_MAX

/*
 * The text of message `number` of a run: `size` bytes of UTF-8, BODY_MIN to
 * BODY_MAX.  With `rich` there are quotes, backslashes, line ends, tabs and
 * characters of two to four bytes in it.
 */
void
body_write(char *out, uint32_t run, uint32_t number, size_t size, bool rich);
/* The number of the message of this run whose text begins so, or unknown. */
uint32_t body_number(const char *, size_t, uint32_t run);
/* The same for a ref: the text's beginning without its space. */
uint32_t body_ref_number(const char *, size_t, uint32_t run);
/* Whether it is exactly the text that body_write() makes. */
bool body_is_intact(const char *, size_t, uint32_t run, uint32_t number,
    size_t size, bool rich);
/*
 * Whether a client called `from` said another text, or one of another size: the
 * client is a load program's, of whatever run, and body_write() makes no such
 * text for it.  What others say is theirs.
 */
bool
body_is_changed(const char *from, size_t nfrom, const char *text, size_t n);

#endif
