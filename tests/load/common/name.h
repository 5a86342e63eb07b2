/*
 * User names of the load programs' clients: they tell run and client.
 */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_LEN     24 /* with its NUL; within USERNAME_MAX */
#define NAME_UNKNOWN (UINT32_MAX - 1)

/* A number for names and texts that no other run has. */
uint32_t name_run(void);
void name_write(char out[NAME_LEN], uint32_t run, uint32_t client);
/* The run that has a client of that name; false: none has. */
bool name_run_of(const char *, size_t, uint32_t *run);
/* The client of this run that has the name, or NAME_UNKNOWN. */
uint32_t name_client(const char *, size_t, uint32_t run);

/* n hexadecimal digits; false: they are not. */
bool name_hex(const char *, size_t n, uint32_t *out);

#endif
