#!/usr/bin/env bats
#
# chat-client and accounts: passwords, and the token it keeps.

# shellcheck disable=SC2016,SC2028 # much is text for the server's script

bats_require_minimum_version 1.5.0
load helpers
load screens
load login

# When to renew it: two thirds of the time until 2030 after the login just now.
renewal() {
	local at due
	at=$(cut -f 5 "$TOKENS")
	due=$((($(date +%s) + 2 * $(date -d 2030-01-01T00:00:00Z +%s)) / 3))
	((due - 60 < at && at <= due + 1)) || fail "renewed at $at, not $due"
	echo "$at"
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

@test "a server that wants a password again and again gets it once" {
	echo '[[ $(member command) != CONNECT ]] || { error AUTH_REQUIRED; exit; }' \
	    >odd
	chat 77 --password-file password -u alice <<<"hello"
	grep -q 'login refused: AUTH_REQUIRED' err
	assert_eq "$(commands)" CONNECT
}

@test "the password of the name of -u is no other name's" {
	screen_open a 80 24 -u alice --password-file "$T/password" \
	    "127.0.0.1:$PORT"
	sees a 'online +alice at'
	type_line a '/nick bob'
	sees a 'AUTH_REQUIRED'
	sees a 'Password'
	assert_eq "$(heard 'select(.username == "bob") | [.password, .token]')" \
	    '[null,null]'
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

@test "a password that came through a pipe is not waited for again" {
	echo '[[ $(member message) != lose ]] || { echo x >token; exit; }' >odd
	mkfifo pipe
	cat password >pipe 3>&- &
	chat 77 --reconnect --password-file pipe -u alice <<<"lose"
	assert_eq "$(commands)" "CONNECT TOKEN MESSAGE CONNECT"
	wait "$!"
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

@test "where the place cannot be locked, why not is said" {
	need_strace
	status=0
	strace -f -qq -o trace -e trace=flock -e inject=flock:error=ENOLCK \
	    "$B/bin/chat-client" --timeout "$DEADLINE" --password-file password \
	    -u alice "$HOST:$PORT" <<<"hello" >out 2>err 3>&- || status=$?
	grep -q INJECTED trace
	assert_eq "$status" 0 status
	grep -q 'the password will be needed again: .*No locks available' err
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

# meanwhile TEXT: alice's token is due, and while the server makes a new one
# another client leaves TEXT as the file.
meanwhile() {
	: >odd
	rm -f "$TOKENS"
	log_in_once
	sed -i 's/[0-9]*$/1/' "$TOKENS"
	echo -n "$1" >other
	echo '[[ $(member command) != TOKEN || -n $(member revoke) ]] ||
		cp other '"$TOKENS" >odd
	chat 0 -u alice <<<"hello"
	[[ ! -s err ]]
	cmp other "$TOKENS"
	assert_eq "$(heard 'select(.command == "TOKEN").revoke' | xargs)" \
	    'null 7 7' 'what was revoked'
}

@test "what another client has renewed or forgotten meanwhile is left so" {
	meanwhile "127.0.0.1:$PORT	alice	9	00ff	0
"
	meanwhile ''
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
