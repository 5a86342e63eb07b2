/*
 * The limits of the system that are no configuration keys, by name.  Each is in
 * a manual.  (A number that means something in one file alone stands there.)
 * Sizes are in bytes, times in milliseconds.
 */
#ifndef LIMIT_H
#define LIMIT_H

/* Protocol. */
#define USERNAME_MAX   32	     /* bytes of a user name */
#define REF_MAX	       64	     /* bytes of a client's ref */
#define JSON_DEPTH_MAX 16	     /* nesting of a command */
#define RESUME_LEN     32	     /* hexadecimal digits of a resume secret */
#define TIMESTAMP_LEN  24	     /* 2026-11-23T04:38:09.123Z */
#define TIMESTAMP_MAX  64	     /* bytes of a client's own timestamp */
#define HISTORY_MAX    1000	     /* messages in one HISTORY event */
#define HISTORY_BYTES  (1024 * 1024) /* bytes of one HISTORY event */
#define USERS_AWAY_MAX 10000	     /* of those who are away, in one USERS */
#define LINE_FACTOR    8	     /* a line: this many times a message's */
#define LINE_EXTRA     1024	     /* size, and this much for the rest */

/* Accounts.  (bcrypt's own: more than 72 bytes it would cut.) */
#define PASSWORD_MIN	  8   /* bytes of a password */
#define PASSWORD_MAX	  72  /* bytes of a password */
#define PASSWORD_HASH_MAX 128 /* bytes of a stored hash and its NUL */
#define PASSWORD_COST_MIN 4   /* 2^this many steps to hash one */
#define PASSWORD_COST_MAX 16
#define TOKENS_MAX	  32   /* tokens of a user: the oldest gives way */
#define TOKEN_LEN	  64   /* hexadecimal digits of a token: 256 bits */
#define HASH_SLOTS_MAX	  32   /* passwords hashed at a time, at most */
#define HASH_WAIT	  8000 /* for one's turn to hash, then UNAVAILABLE */
#define HASH_STEP	  50   /* between looks at all slots meanwhile */
#define HASH_NICE	  10   /* of the thread that hashes (setpriority(2)) */
#define SESSIONS_LOOKED	  16   /* of a user's, at login: whether they live */

/* A session's buffers. */
#define INPUT_CHUNK    (64 * 1024)  /* read from the client at a time */
#define OUTPUT_HIGH    (256 * 1024) /* above: nothing is taken for the client */
#define BATCH_MESSAGES 256	    /* messages in one transaction */
#define CATCHUP_ROWS   256	    /* rows read from the store at a time */
#define CATCHUP_SPAN   65536	    /* ids looked at, at a time */

/* What a session's process may use. */
#define SESSION_MEMORY (128 * 1024 * 1024) /* bytes of data (RLIMIT_DATA) */
#define SESSION_FILES  64		   /* descriptors */

/* A session's waits. */
#define REGISTER_RETRY 50   /* when the relay's queue is full */
#define ALONE_INTERVAL 1000 /* between looks at the store without relay */
#define DELIVER_DENSE  5    /* between datagrams: then all are taken at once */
#define DRAIN_WAIT     1000 /* reading on after the last event */
#define FLUSH_WAIT     5000 /* for a client that takes none of its last events */
#ifndef TEST_RESTS	    /* (tests want that sooner) */
#define REST_AFTER 1000	    /* idle: spare memory is given back */
#define STORE_REST 30000    /* without use: the database is closed */
#else
#define REST_AFTER TEST_RESTS
#define STORE_REST TEST_RESTS
#endif
#define UPGRADE_TEST_WAIT 10000 /* for a new program to test itself */
#define LISTEN_SOCKETS	  16	/* that --listen takes over */
#define LISTEN_BACKLOG	  4096	/* connections that wait to be taken */
#define LISTEN_FACTOR	  2	/* times CHAT_MAX_CONNECTIONS, then they wait */
#define LISTEN_PAUSE	  100 /* when a process or a descriptor is not to be had */
#define RECONNECT_AFTER	  2 /* seconds, what SHUTDOWN tells a client */

/* The header that a proxy sends first. */
#define PROXY_LINE_MAX	 107  /* bytes of a line of version 1 */
#define PROXY_HEADER_MAX 4096 /* bytes of a header of version 2 */
#define PROXY_WAIT	 5000 /* for the whole header */

/* Datagrams between sessions and relay. */
#define DGRAM_MAX	(64 * 1024)  /* a whole datagram */
#define RELAY_SNDBUF	(128 * 1024) /* unread by one session, for the kernel */
#define SESSION_SNDBUF	(256 * 1024) /* unread by the relay, for one session */
#define RELAY_GATHER	1	     /* pause between two batches when busy */
#define PRESENCE_GATHER 100   /* the same, between JOINED and LEFT alone */
#define RELAY_HOLE_WAIT 5     /* for a publication that is out of order */
#define RELAY_ASIDE_MAX 256   /* publications waiting for an earlier one */
#define RELAY_TICK	1000  /* the relay looks at the store's position */
#define COUNT_VALID	35000 /* what the relay says of now, for metrics */
#define RELAY_SILENT	10000 /* a session looks whether the store is ahead */
#define RELAY_IDLE_EXIT 60000 /* without sessions, under systemd */
#define RELAY_DRAIN_MAX 256   /* datagrams taken before relaying */

/* Who is let in. */
#define ADMIT_WAIT	  1000 /* for the relay's verdict, then without */
#define ADMIT_RETRY	  250  /* between questions */
#define NEARLY_FULL	  80   /* percent of CHAT_MAX_CONNECTIONS: hurry */
#define NEARLY_FULL_LOGIN 4    /* CHAT_LOGIN_TIMEOUT divided by this, then */
#define FULL_RETRY	  10   /* seconds, what SERVER_FULL tells a client */
#define LOGIN_TRIES_MAX	  10   /* wrong passwords on one connection */
#define LOGIN_DELAY	  500 /* after a first wrong password; then twice that */
#define LOGIN_DELAY_MAX	  8000	/* and so on, at most */
#define LOGIN_FORGET	  60000 /* a source's offences become one less in */
#define LOGIN_REMEMBERED  8	/* of a source's last wrong passwords */
#define SOURCES_MAX	  16384 /* sources that are kept in mind */
#define BLOCKS_MAX	  65536 /* blocks of addresses, and of users */
#define BLOCKS_OWN_MAX	  4096	/* temporary ones that the relay makes */
#define BLOCK_REASON_MAX  120	/* bytes of a block's reason that are told */
#define BLOCK_END_WAIT	  5000	/* for a blocked session to end by itself */
#define FLOOD_TIME	  10000 /* of waiting at the rate limit: an offence */
#define RATE_WAIT_MAX	  2000	/* for one command; then RATE_LIMITED */

/* The store. */
#define LOCK_STOPPED	    5000 /* a lock held for longer: its holder is ended */
#define LOCK_STEP	    500	 /* between looks at who has a lock */
#define LOCK_ASLEEP	    2000 /* no look for so long: it was stopped itself */
#define FILE_LOCK_STEP	    10	 /* between tries to lock the page's file */
#define LOCK_WAIT	    12000 /* for a lock, then UNAVAILABLE */
#define STORE_BUSY	    1000  /* SQLite's own wait, under our lock */
#define QUEUE_PLACES	    1024  /* writers that leave messages to another */
#define QUEUE_MESSAGES	    8	  /* that each may leave */
#define QUEUE_TEXT	    (6 * 1024) /* bytes of them together */
#define QUEUE_WAIT	    100	 /* between looks whether who stores died */
#define CHECKPOINT_INTERVAL 1000 /* at most one checkpoint in this time */
#define CHECKPOINT_PINNED   8000 /* between two while a reader pins the WAL */
#define CHECKPOINT_BYTES    (4 * 1024 * 1024) /* of WAL: checkpoint at once */
#define CHECKPOINT_LAZY	    30000 /* less than that: after this time */
#define CHECKPOINT_READERS  200	  /* wait for readers under the lock */
#define WAL_TRUNCATE	    (64 * 1024 * 1024) /* cut after a checkpoint */
#define WAL_MAX		    (256 * 1024 * 1024) /* above: UNAVAILABLE until read */
#define READER_STOPPED	    5000 /* a reader pinning a large WAL so long is ended */
#define EXPIRE_INTERVAL	    (60 * 60 * 1000) /* expired tokens are removed */
#define EXPIRE_ROWS	    256		     /* of them, in one transaction */
#define ID_MARGIN	    1000    /* ids left out after a power cut */
#define BACKUP_ID_MARGIN    1000000 /* and when a backup is put in place */
#define REF_AGE		    (24 * 60 * 60 * 1000LL) /* a ref is forgotten after */

/* Metrics. */
#define HTTP_HEAD_MAX 8192 /* bytes of a request and its fields */
#define HTTP_WAIT     5000 /* for all of it, and the answer */

/* The operator's tool. */
#define COPY_PAGES	   256 /* of the database, copied at a time */
#define COPY_SYNC	   (4 * 1024 * 1024) /* of a copy, between two syncs */
#define COPY_WAL_MAX	   (128 * 1024 * 1024) /* above: copy and check give up */
#define EXPORT_ROWS	   1000		       /* read at a time */
#define EXPORT_BYTES	   (1024 * 1024)       /* likewise, of messages */
#define RETENTION_DAYS_MAX 36500
#define PRUNE_ROWS	   200 /* looked at in one transaction */
#define PRUNE_PAGES	   100 /* given back in one transaction */
#define PRUNE_PAUSE	   4   /* times as long as each has taken */
#define PRUNE_WAL_MAX	   (96 * 1024 * 1024) /* above: wait for the relay */
#define PRUNE_WAL_WAIT	   30000	      /* so long, then give up */
#define BACKUPS_KEPT_MAX   10000	      /* backup --keep */
#define REASON_MAX	   200		      /* bytes of a reason or a note */
#define INVITE_USES_MAX	   1000000
#define INVITE_DAYS	   7	 /* an invitation is valid, unless told */
#define DURATION_MAX	   3650	 /* days of an expiry, or a block */
#define UPGRADE_AT_ONCE	   16	 /* sessions told to upgrade, unanswered */
#define UPGRADE_WAIT	   15000 /* for the answer of one */
#define END_WAIT	   15000 /* for a session that was told to end */
#define RELAY_WAIT	   5000	 /* for room in the relay's queue */

#endif
