# shellcheck shell=bash
#
# Tests of chat-admin; loaded after helpers.  chat-admin never opens a database
# as root, so where the tests run as root the server runs as another user,
# OWNER, and chat-admin is called by root as an operator would.
#
#   admin ARG...            run it; stdout and stderr as they are
#   as_owner COMMAND...     run something as the database's owner
#   as_other COMMAND...     as a third user (root only)
#   in_terminal INPUT COMMAND...   with a terminal, in which INPUT is typed
#   asked_in_terminal [PROMPT ANSWER]... -- COMMAND...
#                           the same, each ANSWER once the PROMPT is shown
#   printable               does stdin hold printable ASCII and newlines only?
#   shown_safely            ... nothing that a terminal would obey?

OWNER=65534 OTHER=65533

admin_setup() {
	chat_setup
	BIN=$B/bin
	[[ $(id -u) == 0 ]] || return 0
	# What is above $T and ours may be closed to others.
	local dir=$T
	while [[ $dir != / ]]; do
		chmod go+x "$dir"
		dir=${dir%/*} dir=${dir:-/}
	done
	chmod 777 "$T/san"
	chown "$OWNER:$OWNER" "$T/data" "$T/run"
	if ! as_owner test -x "$BIN/chat-session"; then
		mkdir "$T/bin"
		cp "$BIN"/chat-session "$BIN"/chat-notify "$BIN"/chat-admin "$T/bin"
		BIN=$T/bin
	fi
	local program
	for program in chat-session chat-notify; do
		printf '#!/bin/sh\nexec setpriv --reuid %d --regid %d %s %s "$@"\n' \
		    "$OWNER" "$OWNER" --clear-groups "$BIN/$program" \
		    >"$T/$program"
		chmod 755 "$T/$program"
	done
	# For helpers.bash.
	# shellcheck disable=SC2034
	SESSION=$T/chat-session RELAY=$T/chat-notify
}

as_user() {
	setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
}

as_owner() {
	if [[ $(id -u) == 0 ]]; then
		as_user "$OWNER" "$@"
	else
		"$@"
	fi
}

as_other() {
	need_root 'to be somebody else'
	as_user "$OTHER" "$@"
}

admin() {
	"$BIN/chat-admin" "$@" 3>&-
}

# A database before anybody has connected.
store_make() {
	notify_start
	wait_for test -s "$CHAT_DB"
}

# Change the database behind everybody's back.
db_write() {
	as_owner sqlite3 -cmd '.timeout 5000' -cmd 'PRAGMA wal_autocheckpoint=0' \
	    -cmd '.dbconfig no_ckpt_on_close on' "$CHAT_DB" "$1" >"$T/log/db_write"
}

in_terminal() {
	local input=$1
	shift
	printf '%s' "$input" | SHELL=/bin/bash timeout "$DEADLINE" \
	    script -qefc "$(printf '%q ' "$@")" /dev/null 3>&-
}

# [PROMPT ANSWER]... -- COMMAND...: each ANSWER is typed when the PROMPT is
# shown; what is shown goes to ./shown.
asked_in_terminal() {
	local -a typed=()
	local fd pid i
	while [[ $1 != -- ]]; do
		typed+=("$1")
		shift
	done
	shift
	rm -f "$T/typed"
	mkfifo "$T/typed"
	# What an earlier one has shown is no question of this one.
	: >"$T/shown"
	SHELL=/bin/bash timeout "$DEADLINE" script -qefc "$(printf '%q ' "$@")" \
	    /dev/null <"$T/typed" >"$T/shown" 2>&1 3>&- &
	pid=$!
	exec {fd}>"$T/typed"
	for ((i = 0; i < ${#typed[@]}; i += 2)); do
		wait_for grep -q "${typed[i]}" "$T/shown"
		printf '%s\n' "${typed[i + 1]}" >&"$fd"
	done
	wait_for process_gone "$pid"
	exec {fd}>&-
	wait "$pid"
}

printable() {
	! LC_ALL=C grep -qP '[^\x20-\x7e]'
}

# Controls, DEL, C1, and what reorders text; newlines are there.
shown_safely() {
	! LC_ALL=C.UTF-8 grep -qP \
	    '[\x00-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]'
}
