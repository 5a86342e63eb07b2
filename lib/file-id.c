/*
 * The functions of file-id.h.
 */
#include <sys/stat.h>

#include "file-id.h"

struct file_id
file_id(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (struct file_id){ .inode = 0 };
	return (struct file_id){ st.st_dev, st.st_ino, st.st_ctim };
}

bool
file_id_equal(struct file_id a, struct file_id b)
{
	return a.device == b.device && a.inode == b.inode &&
	    a.changed.tv_sec == b.changed.tv_sec &&
	    a.changed.tv_nsec == b.changed.tv_nsec;
}
