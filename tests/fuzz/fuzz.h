/*
 * What the fuzz targets share.  Each file here is one target: libFuzzer calls
 * it with bytes it made up (make fuzz), replay.c with the seeds kept in
 * seeds/TARGET (make check).  A target checks what must hold for any bytes, and
 * ends the process when it does not.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(holds) \
	do { \
		if (!(holds)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", \
			    __FILE__, __LINE__, #holds); \
			abort(); \
		} \
	} while (0)

/* The names are libFuzzer's; both return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
