/*
 * Becoming the service's user.  The database belongs to a process that
 * strangers talk to, so root never opens it: who may is the user that it
 * belongs to, and nothing is left of root's power when it is opened.
 */
#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"

#define SERVICE_USER "chat" /* where there is no database yet */

static void
user_name(char out[USERNAME_MAX + 1], uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(out, USERNAME_MAX + 1, "%s", pw->pw_name);
	else
		snprintf(out, USERNAME_MAX + 1, "#%u", (unsigned int)uid);
}

/* Whose the folder is; root's if it cannot be found out. */
static uid_t
folder_owner(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(
		    folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
	return stat(folder, &st) == 0 ? st.st_uid : 0;
}

/*
 * Only a file that the owner of its folder, or root, has put there is taken
 * for the service's: the folder's owner must not choose whom root becomes.
 */
static int
owner_trust(const struct admin *a, const struct stat *st)
{
	const char *db = a->config.db;
	uid_t folder = folder_owner(db);

	if (S_ISLNK(st->st_mode)) {
		out_error("%s is a symbolic link: name the file itself in"
			  " CHAT_DB",
		    db);
		return EX_NOPERM;
	}
	if (st->st_uid == 0) {
		out_error("%s belongs to root, and is not opened as root: give"
			  " it to the user that the service runs as (chown)",
		    db);
		return EX_NOPERM;
	}
	if (folder != 0 && folder != st->st_uid) {
		out_error("%s and its folder belong to different users: give"
			  " both to the user that the service runs as (chown)",
		    db);
		return EX_NOPERM;
	}
	return EX_OK;
}

/* Whose database it is, or will be.  EX_OK, or a status (told). */
static int
owner_find(const struct admin *a, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw;
	struct stat st;

	if (lstat(a->config.db, &st) == -1) {
		if (errno != ENOENT) {
			out_error("%s: %s%s", a->config.db, strerror(errno),
			    errno == EACCES ? ": run chat-admin as root" : "");
			return errno == EACCES ? EX_NOPERM : EX_UNAVAILABLE;
		}
		if ((a->command->flags & ADMIN_MAKES) == 0) {
			out_error("there is no database %s yet: the first"
				  " connection makes it (CHAT_DB names another"
				  " file)",
			    a->config.db);
			return EX_UNAVAILABLE;
		}
		*uid = geteuid();
		*gid = getegid();
		if (*uid != 0)
			return EX_OK;
		if ((pw = getpwnam(SERVICE_USER)) == NULL) {
			out_error("there is neither a database %s nor a user"
				  " " SERVICE_USER
				  " to make it: see chat.sysusers",
			    a->config.db);
			return EX_NOUSER;
		}
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
		return EX_OK;
	}
	*uid = st.st_uid;
	pw = getpwuid(st.st_uid);
	*gid = pw != NULL ? pw->pw_gid : st.st_gid;
	return geteuid() == 0 ? owner_trust(a, &st) : EX_OK;
}

int
become_service_user(struct admin *a)
{
	int status;
	uid_t uid;
	gid_t gid;

	if (getuid() != geteuid()) {
		out_error("it must not be installed setuid: run it as root");
		return EX_NOPERM;
	}
	if ((status = owner_find(a, &uid, &gid)) != EX_OK)
		return status;
	user_name(a->user, uid);
	if (geteuid() == 0) {
		if (setgroups(1, &gid) == -1 ||
		    setresgid(gid, gid, gid) == -1 ||
		    setresuid(uid, uid, uid) == -1 || setuid(0) != -1) {
			out_error(
			    "cannot become %s: %s", a->user, strerror(errno));
			return EX_OSERR;
		}
	} else if (uid != geteuid()) {
		out_error("%s belongs to %s: run chat-admin as root or as %s",
		    a->config.db, a->user, a->user);
		return EX_NOPERM;
	}
	return EX_OK;
}
