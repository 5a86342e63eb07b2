#!/usr/bin/env bats
#
# chat-client and the accounts of a real server.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	chat_setup
	export TZ=UTC
	TOKENS=$XDG_STATE_HOME/chat/tokens
	umask 077
	echo 'correct horse' >password
}

@test "a name is registered, logs in by its token, and by password when that is gone" {
	server_start
	chat 0 --register --password-file password -u alice <<<"one"
	chat 0 -u Alice <<<"two"
	[[ ! -s err ]]
	chat 77 --register --password-file password -u alice <<<"no"
	grep -q USERNAME_TAKEN err
	sed -i 's/.....\t[0-9]*$/00000/' "$TOKENS"
	chat 0 --password-file password -u alice <<<"three"
	chat 0 --forget -u alice </dev/null
	[[ ! -s $TOKENS ]]
	chat 77 -u alice <<<"no"
	grep -q AUTH_REQUIRED err
	echo 'wrong horse' >bad
	chat 77 --password-file bad -u alice <<<"no"
	grep -q AUTH_FAILED err
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" one,two,three
}

tokens() {
	db "SELECT group_concat(id) FROM tokens"
}

kept() {
	cut -f 3 "$TOKENS"
}

@test "a token with less than a third of its life left is renewed, the old one revoked" {
	local first
	server_start
	chat 0 --register --password-file password -u alice </dev/null
	first=$(kept)
	assert_eq "$(tokens)" "$first"
	chat 0 -u alice <<<"one"
	assert_eq "$(kept)" "$first"
	# As if its day had come.
	sed -i 's/[0-9]*$/1/' "$TOKENS"
	chat 0 --json -u alice <<<"two"
	[[ ! -s err ]]
	not grep -q TOKEN out
	((first != $(kept)))
	assert_eq "$(tokens)" "$(kept)"
	(($(cut -f 5 "$TOKENS") > $(date +%s) + 3600))
	first=$(kept)
	chat 0 -u alice <<<"three"
	assert_eq "$(kept)" "$first"
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" one,two,three
	# Who forgets it keeps none of the two.
	sed -i 's/[0-9]*$/1/' "$TOKENS"
	chat 0 -u alice <<<"/logout"
	assert_eq "$(tokens)" ""
	[[ ! -s $TOKENS ]]
}

# It looks when something comes, or half a minute later.
is_renewed() {
	say bob 'wake up'
	[[ $(kept) != "$1" && $(tokens) == "$(kept)" ]]
}

@test "a client that runs on renews its token as well" {
	local first pid
	server_start
	client_login bob
	chat 0 --register --password-file password -u alice </dev/null
	first=$(kept)
	sed -i 's/[0-9]*$/'$(($(date +%s) + 2))'/' "$TOKENS"
	"$B/bin/chat-client" --tail -u alice "$HOST:$PORT" >out 2>err 3>&- &
	pid=$!
	wait_for is_renewed "$first"
	kill "$pid"
	wait "$pid" || assert_eq $? 143
	[[ ! -s err ]]
	chat 0 -u alice <<<"still here"
}

# A session that, once there is the fifo ./meet, hears of nobody's wish for a
# token until two have it.
tokens_meet() {
	cat >meeting <<-END
		#!/bin/bash
		while IFS= read -r line; do
			if [[ -p $T/meet && \$line == *'"TOKEN"'* &&
			    \$line != *revoke* ]]; then
				if mkdir "$T/first" 2>/dev/null; then
					read -r _ <"$T/meet"
				elif mkdir "$T/second" 2>/dev/null; then
					echo >"$T/meet"
				fi
			fi
			printf '%s\n' "\$line"
		done | exec "$B/bin/chat-session"
	END
	chmod +x meeting
}

# What stands before a user's sessions there: without it they end.
before_sessions_of() {
	local pid
	for pid in $(db "SELECT pid FROM sessions s JOIN users u
	    ON u.id = s.user_id WHERE u.username = '$1' AND ended_at IS NULL"); do
		child_of "$(($(ps -o ppid= -p "$pid")))" | grep -vx "$pid"
	done
}

# tail_start NAME: as alice, into the file NAME
tail_start() {
	"$B/bin/chat-client" --tail -u alice "$HOST:$PORT" >"$1" 2>"$1.err" 3>&- &
	TAILS+=($!)
}

heard_by_both() {
	say bob "$1"
	grep -q "$1" one && grep -q "$1" two
}

@test "two who renew the same token at once are left with the same new one" {
	local first TAILS=() pid
	tokens_meet
	notify_start
	SESSION=$T/meeting listener_start
	client_login bob
	chat 0 --register --password-file password -u alice </dev/null
	mkfifo meet
	first=$(kept)
	sed -i 's/[0-9]*$/1/' "$TOKENS"
	tail_start one
	tail_start two
	wait_for is_renewed "$first"
	[[ -d second ]]
	wait_for heard_by_both now
	before_sessions_of alice >pids
	assert_eq "$(wc -l <pids)" 2 sessions
	xargs kill -KILL <pids
	wait_for heard_by_both again
	not log_has AUTH_FAILED
	kill "${TAILS[@]}"
	for pid in "${TAILS[@]}"; do
		wait "$pid" || assert_eq $? 143
	done
	chat 0 -u alice <<<"/logout"
	assert_eq "$(tokens)" ""
	[[ ! -s $TOKENS ]]
}

@test "what was said to a registered name waits; a new holder of one gets none" {
	server_start
	chat 0 --register --password-file password -u alice </dev/null
	client_login bob
	say bob 'for alice' alice
	client_login carl
	say bob 'for carl' carl
	client_close carl
	wait_for is_away carl
	chat 0 --register --password-file password -u carl </dev/null
	chat 0 -u carl --history 9 --with bob </dev/null
	assert_eq "$(cat out)" ""
	# alice has not been here since, and gets it now and later.
	chat 0 -u alice --with bob </dev/null
	grep -q '<bob -> alice> for alice$' out
	chat 0 -u alice --history 9 --with bob </dev/null
	grep -q '<bob -> alice> for alice$' out
}

is_away() {
	[[ $(db "SELECT count(*) FROM sessions s JOIN users u
	    ON u.id = s.user_id WHERE u.username = '$1' AND
	    ended_at IS NULL") == 0 ]]
}

# On an address that is not this machine's alone.
elsewhere() {
	ip address add 192.0.2.1/32 dev lo
	HOST=192.0.2.1
	PORT=5555
	export CHAT_TRUSTED=192.0.2.1
	notify_start
	listener_start "$HOST:$PORT"
	listener_start "127.0.0.1:$PORT"
	chat 78 --register --password-file password -u alice </dev/null
	grep -q 'not sent to another machine without TLS' err
	grep -q 'use --tls, or --insecure' err
	assert_eq "$(db "SELECT count(*) FROM users")" 0
	chat 0 --insecure --register --password-file password -u alice \
	    <<<"one"
	# Now there is a token, which is kept back as well.
	chat 78 -u alice </dev/null
	[[ -s $XDG_STATE_HOME/chat/tokens ]]
	chat 0 --insecure -u alice <<<"two"
	chat 0 --insecure --forget -u alice </dev/null
	chat 77 -u alice </dev/null
	grep -q 'AUTH_REQUIRED' err
	grep -q 'use --tls, or --insecure' err
	# Who has no account has nothing to hide.
	chat 0 -u bob <<<"three"
	HOST=localhost
	chat 0 --password-file password -u alice <<<"four"
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" \
	    one,two,three,four
}

@test "passwords and tokens go to another machine with TLS only, or --insecure" {
	in_space --net elsewhere
}

@test "a password's file that others can read is refused" {
	server_start
	chmod 640 password
	chat 66 --register --password-file password -u alice </dev/null
	grep -q 'password: it is open to others than you: chmod 600 it' err
	cp password code
	chmod 640 code
	chmod 600 password
	chat 66 --register --password-file password --invite code -u alice \
	    </dev/null
	grep -q 'invite: code: it is open' err
	chat 0 --register --password-file <(cat password) -u alice </dev/null
}

@test "a file of another user's is for that user to protect" {
	need_root 'to give a file away'
	server_start
	chown nobody password
	chmod 644 password
	chat 0 --register --password-file password -u alice </dev/null
}
