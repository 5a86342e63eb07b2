/*
 * What UTF-8 and JSON are, told a second time and in another way than lib/
 * does, for the fuzz targets to compare with.  Slow and plain on purpose.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character at s and its code; 0 if it is none (RFC 3629). */
size_t model_char(const char *s, size_t n, uint32_t *code);
bool model_is_utf8(const char *s, size_t n);

/*
 * Whether n bytes are one JSON value (RFC 8259) in valid UTF-8 on one line,
 * nested not deeper than max, without a NUL in a member's name.  *object: whether it is an object; *halves:
 * whether a \u escape in it is half a surrogate pair.
 */
bool
model_is_json(const char *s, size_t n, int max, bool *object, bool *halves);

#endif
