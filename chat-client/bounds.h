/*
 * The client's own limits and waits, by name.  Those that the protocol gives
 * are in lib/limit.h.  Sizes are in bytes, times in milliseconds.
 */
#ifndef BOUNDS_H
#define BOUNDS_H

/* What a server can make the client hold. */
#define SERVER_LINE_MAX	  (8 * 1024 * 1024)   /* one line from the server */
#define HISTORY_HELD_MAX  (128 * 1024 * 1024) /* until it is printed */
#define SHOWN_TEXT_MAX	  (64 * 1024)	      /* of one message on the screen */
#define SHOWN_ERROR_MAX	  512		      /* of an error's text */
#define SHOWN_TROUBLE_MAX 3072		      /* of what the form has to say */
#define COMBINING_MAX	  4		      /* marks on one character */
#define LOG_ENTRIES_MAX	  100000	      /* messages kept for scrolling */
#define LOG_BYTES_MAX	  (64 * 1024 * 1024)  /* and their memory */
#define TALKS_MAX	  200		      /* conversations */
#define PEOPLE_MAX	  10000		      /* users in the users pane */
#define COMERS_MAX	  1000 /* users in one line of who came */
#define COMERS_SHOWN_MAX  10   /* of them by name, who joined, who left ... */
#define SPEAKERS_MAX	  1000 /* messages that tell who spoke last */
#define FIND_MAX	  100  /* names that are offered to go to */
#define SEEN_RANGES_MAX	  4096 /* runs of message ids kept apart */
#define RESUME_MAX	  256  /* a resume secret */
#define TOKEN_TEXT_MAX	  256  /* a token */

/* What a user or a script can make it hold. */
#define INPUT_LINE_MAX	 (1024 * 1024) /* one line on standard input */
#define OUTBOX_MAX	 256	       /* messages waiting for their ACK */
#define EDIT_MAX	 (64 * 1024)   /* the line being written */
#define EDIT_HISTORY_MAX 500	       /* lines kept to go back to */
#define EDIT_UNDO_MAX	 100	       /* changes that can be undone */
#define EDIT_KILLS_MAX	 16	       /* killed texts that can be yanked */
#define EDIT_SOUGHT_MAX	 63	       /* bytes to search earlier lines for */
#define COMPLETE_MAX	 50	       /* names that a completion offers */
#define PASTE_ROWS_MAX	 10	       /* rows to write in, of half a screen */
#define KEYS_MAX	 256	       /* keys that have an action */
#define FOUND_MAX	 1000	       /* lines that a search shows */
#define OUTPUT_MAX	 (256 * 1024)  /* above: the server is not read */

#define SECRET_MAX    1024 /* a password, an invitation */
#define ASK_TRIES_MAX 3	   /* times a password is asked for */

/* What calls the user. */
#define ALERT_RUNNING_MAX 4   /* commands at once */
#define ALERT_TEXT_MAX	  256 /* bytes of each argument */

/* What it keeps on disk. */
#define STATE_PATH_MAX 1024
#define STATE_FILE_MAX (1024 * 1024) /* of known servers, of tokens */

/* Of a token, that much of whose life is left, another is asked for. */
#define TOKEN_RENEW_PART  3    /* a third */
#define TOKEN_RENEW_AGAIN 3600 /* seconds; if that brought none */

/* The configuration. */
#define SETTINGS_FILE_MAX  (64 * 1024)
#define SETTINGS_LINE_MAX  1024
#define SETTINGS_WORDS_MAX 64 /* of a command in it */

/* Waits. */
#define TIMEOUT_DEFAULT	    10 /* seconds, for --timeout */
#define TIMEOUT_MAX	    86400
#define ATTEMPT_WAIT	    10000 /* for one address to answer */
#define BACKOFF_FIRST	    1000  /* before the first reconnect */
#define BACKOFF_MAX	    60000
#define RECONNECT_AFTER_MAX 3600  /* seconds a SHUTDOWN can make us wait */
#define RETRY_AFTER_MAX	    3600  /* seconds a RATE_LIMITED can */
#define RETRY_AFTER	    1000  /* after UNAVAILABLE */
#define PULSE_EVERY	    30000 /* the server is asked whether it is there */
#define PULSE_DEAD	    30000 /* silent for so long after that: it is not */
#define LAG_SHOWN	    500	  /* an answer that takes longer is told */
#define ALERT_EVERY	    1000  /* between two calls for attention */
#define PRESENCE_MERGE	    600000 /* who comes in it is in one line */
#define SETTLE_WAIT	    5000   /* a login is caught up after this */
#define LEAVE_WAIT	    2000   /* on the screen, for DISCONNECTED */
#define PASTE_WAIT	    3000   /* a paste without an end is over */
#define FRAME_WAIT	    17	   /* between two draws, 60 a second */
#define STUCK_LOOK	    1	   /* seconds: for signals, if it is stuck */
#define HISTORY_FIRST	    200	   /* messages asked for on the screen */
#define HISTORY_PAGE	    200	   /* and when one scrolls back */
#define ESCAPE_WAIT	    50	   /* a lone escape key */
#define STATE_LOCK_WAIT	    5000   /* for another client that writes there */

#endif
