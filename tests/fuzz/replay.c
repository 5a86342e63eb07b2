/*
 * Runs a fuzz target with the files of one directory instead of libFuzzer, so
 * that any compiler will do:
 *
 *	build/tests/fuzz/TARGET DIRECTORY
 *
 * Prints how many there were.  An empty directory is a failure, as is a file
 * that cannot be read; the target itself aborts when something does not hold.
 */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"

/* Who needs none has none. */
#pragma weak LLVMFuzzerInitialize

static void
replay(const char *dir, const char *name)
{
	struct buf all = { 0 };
	char path[4096], *exact;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "re")) == NULL)
		err(1, "%s", path);
	while ((n = fread(buf_room(&all, 4096), 1, 4096, f)) > 0)
		buf_added(&all, n);
	if (ferror(f))
		err(1, "%s", path);
	fclose(f);
	/* As long as it is, so that a sanitizer sees a byte more being read. */
	n = buf_len(&all);
	if ((exact = malloc(n > 0 ? n : 1)) == NULL)
		err(1, "%s", path);
	memcpy(exact, buf_room(&all, 0) - n, n);
	/* Known should it not come back. */
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, n);
	free(exact);
	buf_free(&all);
}

int
main(int argc, char **argv)
{
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	if (argc != 2)
		errx(64, "usage: %s DIRECTORY", argv[0]);
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	if ((dir = opendir(argv[1])) == NULL)
		err(1, "%s", argv[1]);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			replay(argv[1], entry->d_name);
			count++;
		}
	closedir(dir);
	printf("%u\n", count);
	return count > 0 ? 0 : 1;
}
