/*
 * What tells whether there is still the same in a file's place: neither another
 * file, nor this one changed.
 */
#ifndef FILE_ID_H
#define FILE_ID_H

#include <sys/types.h>

#include <stdbool.h>
#include <time.h>

struct file_id {
	dev_t device;
	ino_t inode;
	struct timespec changed;
};

/* Of the file that path leads to; all 0 while there is none. */
struct file_id file_id(const char *path);
bool file_id_equal(struct file_id, struct file_id);

#endif
