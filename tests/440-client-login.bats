#!/usr/bin/env bats
#
# chat-client and accounts: passwords, registering, and the token it keeps.
# The server is a script that knows one user; what it was told is in `said'.

# shellcheck disable=SC2016,SC2028 # much is text for the server's script

bats_require_minimum_version 1.5.0
load helpers
load screens

SECRET='hölzern "Käse\9'

setup() {
	screens_setup
	umask 077
	TOKENS=$XDG_STATE_HOME/chat/tokens
	# What the server believes; a test changes it.
	echo "$SECRET" >"$T/password"
	: >"$T/said"
	: >"$T/odd"
	server
}

# One user, alice, whose password is in `password' and whose token is in
# `token'.  `invite' is the invitation that registering takes, `odd' code that
# runs before a command is answered.
server() {
	cat >"$T/server" <<-'END'
		#!/bin/bash
		error() {
			echo "{\"event\":\"ERROR\",\"code\":\"$1\",\"message\":\"${2:-no}\",\"ref\":\"$ref\"}"
		}
		connected() {
			echo "{\"event\":\"CONNECTED\",\"session\":1,\"username\":\"alice\",\"last_id\":5,\"oldest_id\":1$1}"
		}
		id=5
		while IFS= read -r line; do
			echo "$line" >>said
			member() { jq -r ".$1 // empty" <<<"$line"; }
			ref=$(member ref)
			source ./odd
			case $(member command) in
			CONNECT)
				if [ -n "$(member token)" ]; then
					if [ "$(member token)" = "$(cat token 2>/dev/null)" ]; then
						connected
					else
						error AUTH_FAILED "wrong username, password or token"
					fi
				elif [ ! -e password ]; then
					connected ',"resume":"00ff"'
				elif [ -z "$(member password)" ]; then
					error AUTH_REQUIRED "the name is registered"
				elif [ "$(member password)" = "$(cat password)" ]; then
					connected
				else
					error AUTH_FAILED "wrong username, password or token"
				fi
				;;
			REGISTER)
				if [ -e invite ] && [ "$(member invite)" != "$(cat invite)" ]; then
					error BAD_INVITE "an invitation is needed"
				elif [ -e password ]; then
					error USERNAME_TAKEN "it is registered"
				else
					member password >password
					echo "{\"event\":\"REGISTERED\",\"username\":\"alice\",\"ref\":\"$ref\"}"
				fi
				;;
			TOKEN)
				if [ -n "$(member revoke)" ]; then
					rm -f token
					echo "{\"event\":\"TOKEN\",\"revoked\":1,\"ref\":\"$ref\"}"
				else
					tr -dc 0-9a-f </dev/urandom | head -c 64 >token
					echo "{\"event\":\"TOKEN\",\"id\":7,\"token\":\"$(cat token)\",\"expires\":\"2030-01-01T00:00:00.000Z\",\"ref\":\"$ref\"}"
				fi
				;;
			MESSAGE)
				echo "{\"event\":\"ACK\",\"ref\":\"$ref\",\"id\":$((++id)),\"timestamp\":\"2026-11-24T07:00:00.000Z\"}"
				;;
			PING)
				echo "{\"event\":\"PONG\",\"ref\":\"$ref\"}"
				;;
			DISCONNECT)
				echo '{"event":"DISCONNECTED"}'
				exit
				;;
			esac
		done
	END
	chmod +x "$T/server"
	SESSION=$T/server listener_start
}

# Its status must be the first argument.
chat() {
	local status=0 want=$1
	shift
	"$B/bin/chat-client" "$@" "127.0.0.1:$PORT" >out 2>err 3>&- ||
	    status=$?
	[[ $status == "$want" ]] ||
	    { head -c 2000 out err; fail "status $status instead of $want"; }
}

# What the server was told, a command and its members in a line.
heard() {
	jq -c "$1" said
}

commands() {
	jq -r .command said | xargs
}

# The password is nowhere but in what the server was told.
assert_no_secret() {
	not grep -rqF 'Käse' out err "$XDG_STATE_HOME" "$T/log"
}

# When to renew it: two thirds of the time until 2030 after the login just now.
renewal() {
	local at due
	at=$(cut -f 5 "$TOKENS")
	due=$((($(date +%s) + 2 * $(date -d 2030-01-01T00:00:00Z +%s)) / 3))
	((due - 60 < at && at <= due + 1)) || fail "renewed at $at, not $due"
	echo "$at"
}

log_in_once() {
	chat 0 --password-file "$T/password" -u alice </dev/null
	: >said
}

# --- passwords and tokens ----------------------------------------------------

@test "a password logs in once, and then there is a token, which nobody else can read" {
	chat 0 --password-file password --json -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT TOKEN MESSAGE PING DISCONNECT"
	assert_eq "$(heard 'select(.command == "CONNECT").password')" \
	    "$(jq -R . password)"
	# Not even the token is printed.
	assert_eq "$(jq -r .event out | xargs)" "CONNECTED ACK DISCONNECTED"
	assert_no_secret
	assert_eq "$(cat "$TOKENS")" \
	    "127.0.0.1:$PORT	alice	7	$(cat token)	$(renewal)"
	assert_eq "$(stat -c %a "$TOKENS" "${TOKENS%/*}" | xargs)" "600 700"
	: >said
	# In any case, for names are the same in any.
	chat 0 -u ALICE <<<"again"
	assert_eq "$(commands)" "CONNECT MESSAGE PING DISCONNECT"
	assert_eq "$(heard 'select(.command == "CONNECT") | [.token, .password]')" \
	    "[\"$(cat token)\",null]"
	[[ ! -s err ]]
}

@test "a name without an account needs none of this" {
	rm password
	chat 0 -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT MESSAGE PING DISCONNECT"
	assert_eq "$(heard 'select(.command == "CONNECT") | has("password") or has("token")')" false
	[[ ! -e $XDG_STATE_HOME ]] || fail "something was remembered"
}

@test "the password comes from standard input or a descriptor, and what follows is said" {
	printf '%s\nhello\n' "$SECRET" >input
	chat 0 --password-file - -u alice <input
	assert_eq "$(heard 'select(.command == "MESSAGE").message')" '"hello"'
	rm "$TOKENS"
	: >said
	chat 0 --password-fd 9 -u alice <<<"hello" 9<password
	assert_eq "$(commands)" "CONNECT TOKEN MESSAGE PING DISCONNECT"
	# With a token, the line is no message either.
	: >said
	chat 0 --password-file - -u alice <input
	assert_eq "$(heard 'select(.command == "MESSAGE").message')" '"hello"'
	assert_eq "$(heard 'select(.command == "CONNECT").password')" null
}

@test "a password that cannot be read says so" {
	chat 66 --password-file nowhere -u alice </dev/null
	grep -q -- '--password-file: nowhere: No such file' err
	: >empty
	chat 66 --password-file empty -u alice </dev/null
	grep -q 'its first line is empty' err
	chat 66 --password-fd 77 -u alice </dev/null
	head -c 2000 /dev/zero | tr '\0' x >long
	chat 66 --password-file long -u alice </dev/null
	grep -q 'too long' err
	printf '\xff\n' >bad
	chat 66 --password-file bad -u alice </dev/null
	chat 64 --password-file password --password-fd 3 -u alice </dev/null
	chat 64 --invite password -u alice </dev/null
	chat 64 --json --password-file password </dev/null
	[[ ! -s said ]]
}

@test "without a terminal nothing is asked, and the option is named" {
	chat 77 -u alice <<<"hello"
	grep -q -- '--password-file' err
	grep -q 'AUTH_REQUIRED' err
	assert_eq "$(commands)" CONNECT
	: >said
	chat 77 --register -u alice <<<"hello"
	grep -q -- '--password-file' err
	[[ ! -s said ]]
}

@test "a wrong password from a file is tried once" {
	echo wrong >mine
	chat 77 --password-file mine -u alice <<<"hello"
	grep -q 'login refused: AUTH_FAILED' err
	assert_eq "$(commands)" CONNECT
	[[ ! -e $TOKENS ]]
}

@test "a token that is refused is forgotten, and the password takes its place" {
	log_in_once
	echo other >token
	chat 77 -u alice <<<"hello"
	grep -q -- '--password-file' err
	[[ ! -s $TOKENS ]]
	chat 0 --password-file password -u alice <<<"hello"
	log_in_once
	echo other >token
	chat 0 --password-file password -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT CONNECT TOKEN MESSAGE PING DISCONNECT"
	assert_eq "$(cut -f 4 "$TOKENS")" "$(cat token)"
}

@test "after a lost connection the token is used, with what was missed" {
	echo '[[ $(member message) != lose ]] || exit' >odd
	printf 'lose\n' >input
	chat 69 --password-file password -u alice <input
	: >said
	# The second time it comes through.
	echo '[[ $(member message) != lose || -e lost ]] || { touch lost; exit; }' \
	    >odd
	chat 0 --reconnect -u alice <input
	assert_eq "$(commands)" \
	    "CONNECT MESSAGE CONNECT MESSAGE PING DISCONNECT"
	assert_eq "$(heard 'select(.command == "CONNECT") | [.token, .since]' |
	    tail -n 1)" "[\"$(cat token)\",5]"
}

@test "a token that is revoked while one is away is replaced by the password of the file" {
	echo '[[ $(member message) != lose || -e lost ]] || { touch lost; echo x >token; exit; }' \
	    >odd
	chat 0 --reconnect --password-file password -u alice <<<"lose"
	assert_eq "$(commands)" \
	    "CONNECT TOKEN MESSAGE CONNECT CONNECT TOKEN MESSAGE PING DISCONNECT"
	assert_eq "$(cut -f 4 "$TOKENS")" "$(cat token)"
}

@test "a newer token that another client has kept is tried before the password" {
	log_in_once
	sed -i 's/\t[0-9a-f]*\t[0-9]*$/\t0000/' "$TOKENS"
	# The other one is faster than the refusal.
	cat >odd <<-END
		[ "\$(member token)" != 0000 ] || {
			printf '127.0.0.1:%s\talice\t8\t%s\n' $PORT "\$(cat token)" >$TOKENS
		}
	END
	chat 0 -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT CONNECT MESSAGE PING DISCONNECT"
}

@test "a token is bound to its server, and one from TLS is never said without" {
	log_in_once
	printf 'tls:127.0.0.1:%s\talice\t1\tffff\n127.0.0.1:1\talice\t1\teeee\n' \
	    "$PORT" >"$TOKENS"
	chat 77 -u alice </dev/null
	assert_eq "$(heard '[.command, .token]')" '["CONNECT",null]'
}

@test "a token that is none, or a server without tokens, does no harm" {
	echo '[[ $(member command) != TOKEN ]] || { echo "{\"event\":\"TOKEN\",\"ref\":\"$ref\",\"id\":1,\"token\":\"a\nb\tc\"}"; continue; }' >odd
	chat 0 --password-file password -u alice <<<"hello"
	grep -q 'the server gives no token' err
	[[ ! -e $TOKENS ]]
	echo '[[ $(member command) != TOKEN ]] || { error UNKNOWN_COMMAND; continue; }' >odd
	chat 0 --password-file password -u alice <<<"hello"
	grep -q 'gives no token (UNKNOWN_COMMAND)' err
	[[ ! -e $TOKENS ]]
}

@test "tokens that others can read are not used, and that is said" {
	log_in_once
	chmod 644 "$TOKENS"
	chat 77 -u alice </dev/null
	grep -q 'tokens: .*closed to others' err
	assert_eq "$(heard 'has("token")')" false
}

@test "a place that cannot be written is said, and the rest works" {
	export XDG_STATE_HOME=$T/password
	chat 0 --password-file password -u alice <<<"hello"
	grep -q 'the password will be needed again: ' err
}

@test "a token that is due but not renewed serves on, and nothing is said" {
	log_in_once
	sed -i 's/[0-9]*$/1/' "$TOKENS"
	cp "$TOKENS" before
	echo '[[ $(member command) != TOKEN ]] || { error RATE_LIMITED; continue; }' >odd
	chat 0 -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT TOKEN MESSAGE PING DISCONNECT"
	cmp before "$TOKENS"
	[[ ! -s err ]]
	# What cannot be kept does not cost the one that is.
	: >odd
	: >said
	echo '[[ $(member command) != TOKEN ]] || { rm -f '"$TOKENS"'; mkdir '"$TOKENS"'; }' >odd
	chat 0 -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT TOKEN MESSAGE PING DISCONNECT"
	grep -q 'the password will be needed again' err
}

@test "a token without the time to renew it, or with an odd one, serves on" {
	local odd
	for odd in '' '	' '	-5' '	x' '	99999999999999999999'; do
		rm -f "$TOKENS"
		log_in_once
		printf '127.0.0.1:%s\talice\t7\t%s%s\n' "$PORT" "$(cat token)" \
		    "$odd" >"$TOKENS"
		chat 0 -u alice <<<"hello"
		assert_eq "$(commands)" "CONNECT MESSAGE PING DISCONNECT"
		[[ ! -s err ]]
		assert_eq "$(heard 'select(.command == "CONNECT").token')" \
		    "\"$(cat token)\""
	done
}

# --- forgetting --------------------------------------------------------------

@test "--forget revokes the token by its id and forgets it" {
	log_in_once
	chat 0 --forget -u alice </dev/null
	assert_eq "$(heard 'select(.command == "TOKEN").revoke')" 7
	[[ ! -s $TOKENS && ! -e token && ! -s out && ! -s err ]]
	: >said
	chat 0 --forget -u alice </dev/null
	grep -q 'no token is kept' err
	[[ ! -s said ]]
}

@test "--forget of a token that the server takes no more forgets it too" {
	log_in_once
	rm token
	chat 0 --forget -u alice </dev/null
	[[ ! -s $TOKENS ]]
	grep -q 'took the token no more' err
}

@test "a token that cannot be revoked stays, and that is said" {
	log_in_once
	echo '[[ $(member command) != TOKEN ]] || { error UNAVAILABLE; continue; }' >odd
	chat 1 --forget -u alice </dev/null
	grep -q 'could not be revoked, and stays in .*tokens: UNAVAILABLE' err
	grep -q alice "$TOKENS"
	chat 1 -u alice <<<"/logout"
	listener_stop
	chat 68 --forget -u alice </dev/null
	grep -q alice "$TOKENS"
}

@test "/logout leaves and takes the token along" {
	log_in_once
	chat 0 -u alice < <(printf 'one\n/logout\ntwo\n')
	assert_eq "$(commands)" "CONNECT MESSAGE TOKEN PING DISCONNECT"
	[[ ! -s $TOKENS && ! -e token ]]
}

@test "/logout before the token has come revokes it all the same" {
	chat 0 --password-file password -u alice <<<"/logout"
	assert_eq "$(heard 'select(.command == "TOKEN").revoke' | xargs)" \
	    "null 7"
	[[ ! -s $TOKENS && ! -e token ]]
}

# --- registering -------------------------------------------------------------

@test "--register registers, logs in and gets a token" {
	mv password mine
	chat 0 --register --password-file mine -u alice <<<"hello"
	assert_eq "$(commands)" "REGISTER CONNECT TOKEN MESSAGE PING DISCONNECT"
	assert_eq "$(heard 'select(.command == "REGISTER") | [.username, .password, .invite]')" \
	    "[\"alice\",$(jq -R . mine),null]"
	assert_no_secret
	: >said
	chat 77 --register --password-file mine -u alice <<<"hello"
	grep -q 'login refused: USERNAME_TAKEN' err
	assert_eq "$(commands)" REGISTER
}

@test "an invitation comes from a file; a wrong one and none are said" {
	mv password mine
	echo 'inv-1' >invite
	echo 'inv-2' >wrong
	chat 77 --register --password-file mine -u alice <<<"hello"
	grep -q -- '--invite' err
	grep -q 'BAD_INVITE' err
	chat 77 --register --invite wrong --password-file mine -u alice <<<"hello"
	chat 0 --register --invite invite --password-file mine -u alice <<<"hello"
	assert_eq "$(heard 'select(.command == "REGISTER").invite' | xargs)" \
	    "null inv-2 inv-1"
}

# --- refusals ----------------------------------------------------------------

@test "what is refused for good ends with status 77, what is not with 75" {
	local code
	for code in BLOCKED REGISTRATION_CLOSED USERNAME_TAKEN AUTH_FAILED; do
		echo "error $code reason; exit" >odd
		chat 77 --reconnect --password-file password -u alice </dev/null 2>&1
		grep -q "login refused: $code: reason" err
	done
	for code in SERVER_FULL RATE_LIMITED UNAVAILABLE SHUTDOWN; do
		echo "error $code reason; exit" >odd
		chat 75 --password-file password -u alice </dev/null
		grep -q "login refused: $code: reason" err
	done
}

@test "with --reconnect, a server that is full is tried again with the password" {
	echo '[[ -e full ]] || { touch full; error SERVER_FULL; exit; }' >odd
	chat 0 --reconnect --password-file password -u alice <<<"hello"
	assert_eq "$(commands)" "CONNECT CONNECT TOKEN MESSAGE PING DISCONNECT"
	assert_eq "$(heard 'select(.command == "CONNECT").password' | uniq | wc -l)" 1
	grep -q 'will come back: SERVER_FULL' err
}

@test "the wait that a busy server asks for is kept" {
	echo '{ echo "{\"event\":\"ERROR\",\"code\":\"RATE_LIMITED\",\"retry_after\":3600}"; exit; }' >odd
	mkfifo never
	exec {HOLD}<>never
	"$B/bin/chat-client" --reconnect -u alice "127.0.0.1:$PORT" \
	    <&"$HOLD" >out 2>err 3>&- &
	wait_for grep -q 'will come back: RATE_LIMITED' err
	kill -TERM $!
	wait $! || assert_eq $? 143
	assert_eq "$(commands)" CONNECT
}

# --- questions ---------------------------------------------------------------

@test "on a terminal the password is asked for, and not shown" {
	echo hello >input
	terminal_open a input -u alice "127.0.0.1:$PORT"
	sees a "Password of alice at 127.0.0.1:$PORT:"
	type_line a wrong
	sees a 'AUTH_FAILED'
	wait_for screen_count a 'Password of' 2
	type_line a "$SECRET"
	sees a 'status=0'
	not screen_has a 'wrong$'
	not screen_has a 'Käse'
	assert_eq "$(commands)" \
	    "CONNECT CONNECT CONNECT TOKEN MESSAGE PING DISCONNECT"
	# The terminal shows what is typed again.
	grep -q alice "$TOKENS"
	type_text a visible
	sees a visible
}

screen_count() {
	(($(screen "$1" | grep -c -- "$2") >= $3))
}

@test "three wrong passwords are enough, and an interrupt ends the question" {
	local i
	: >input
	terminal_open a input -u alice "127.0.0.1:$PORT"
	for i in 1 2 3; do
		wait_for screen_count a 'Password of' "$i"
		type_line a "wrong$i"
	done
	sees a 'status=77'
	assert_eq "$(commands)" "CONNECT CONNECT CONNECT CONNECT"
	terminal_open b input -u alice "127.0.0.1:$PORT"
	sees b 'Password of'
	press b C-c
	sees b 'status=130'
	type_text b visible
	sees b visible
}

@test "--register asks twice for a password, and for an invitation" {
	mv password mine
	echo 'inv-1' >invite
	: >input
	terminal_open a input --register -u alice "127.0.0.1:$PORT"
	sees a 'New password of alice'
	type_line a "one password"
	sees a 'Once more'
	type_line a "another password"
	sees a 'two different ones'
	wait_for screen_count a 'New password of' 2
	type_line a "$SECRET"
	wait_for screen_count a 'Once more' 2
	type_line a "$SECRET"
	sees a 'BAD_INVITE'
	sees a 'Invitation:'
	type_line a inv-1
	sees a 'status=0'
	assert_eq "$(commands)" "REGISTER REGISTER CONNECT TOKEN PING DISCONNECT"
	cmp mine password
	not screen_has a 'Käse'
}

# --- the screen --------------------------------------------------------------

@test "the form asks for the password, shows stars, and opens the talk" {
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'Password'
	type_text a "x"
	sees a 'Password +\*$'
	press a BSpace
	type_text a "wrong"
	sees a 'Password +\*{5}$'
	press a Enter
	sees a 'AUTH_FAILED'
	sees a 'Password *$'
	type_line a "$SECRET"
	sees a 'online +alice at'
	not screen_has a 'Käse'
	# Nor can it be brought back into the line.
	press a Up
	press a C-y
	type_text a end
	sees a '^> end$'
	press a C-u
	type_line a /logout
	sees a 'status=0'
	assert_eq "$(commands | sed 's/USERS //')" \
	    "CONNECT CONNECT CONNECT TOKEN TOKEN DISCONNECT"
	[[ ! -s $TOKENS && ! -e token ]]
	assert_eq "$(grep -c . "$T/log/screen.a" || :)" 0
}

@test "the form goes back to the name, which another user has" {
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'Password'
	type_text a secret
	press a C-c
	misses a 'Password'
	sees a 'Ctrl-C leaves'
	press a C-c
	sees a 'status=0'
	assert_eq "$(commands)" CONNECT
}

@test "on the screen a revoked token brings the form back, and the talk after it" {
	log_in_once
	echo '[[ $(member message) != lose || -e lost ]] || { touch lost; echo x >token; exit; }' \
	    >odd
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'online +alice at'
	type_line a lose
	sees a 'Password'
	sees a 'AUTH_FAILED'
	type_line a "$SECRET"
	sees a '[0-9]{2}:[0-9]{2} <alice> lose'
	sees a 'online'
	assert_eq "$(cut -f 4 "$TOKENS")" "$(cat token)"
}

@test "the screen registers, with an invitation" {
	mv password mine
	echo 'inv-1' >invite
	screen_open a 80 24 --register -u alice "127.0.0.1:$PORT"
	sees a 'Choose a password'
	type_line a "$SECRET"
	sees a 'Again'
	type_line a other
	sees a 'two different ones'
	sees a 'Choose a password'
	type_line a "$SECRET"
	sees a 'Again'
	type_line a "$SECRET"
	sees a 'BAD_INVITE'
	sees a 'Invite'
	type_line a 'inv-1'
	sees a 'online +alice at'
	cmp mine password
	not screen_has a 'Käse'
}
