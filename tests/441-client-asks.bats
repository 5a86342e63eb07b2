#!/usr/bin/env bats
#
# chat-client and accounts: registering, refusals, and what it asks a person.

# shellcheck disable=SC2016,SC2028 # much is text for the server's script

bats_require_minimum_version 1.5.0
load helpers
load screens
load login

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

@test "another size of the terminal leaves a question open" {
	local pid
	echo hello >input
	terminal_open a input -u alice "127.0.0.1:$PORT"
	sees a 'Password of alice'
	pid=$(client_of a)
	kill -WINCH "$pid"
	wait_for grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$pid/status"
	type_line a "$SECRET"
	sees a 'status=0'
}

@test "a question that was stopped is asked again, and shows no more than before" {
	echo hello >input
	shell_open a 100 30
	type_line a "'$B/bin/chat-client' -u alice 127.0.0.1:$PORT <input; echo status=\$?"
	sees a 'Password of alice'
	type_text a begun
	press a C-z
	sees a '[Ss]topped'
	type_line a fg
	wait_for screen_count a 'Password of alice' 2
	type_line a "$SECRET"
	sees a 'status=148'
	wait_for asked_for_all
	not screen_has a 'Käse'
	not screen_has a 'begun'
}

asked_for_all() {
	[[ $(commands) == "CONNECT CONNECT TOKEN MESSAGE PING DISCONNECT" ]]
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

@test "a password can be pasted, whatever letters it has" {
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'Password'
	tmux_do set-buffer -- "$SECRET"
	tmux_do paste-buffer -p -t a
	press a Enter
	sees a 'online +alice at'
}

@test "a login that gets no answer is given up for the name, without a word" {
	echo '[[ -z $(member password) ]] || exec cat >/dev/null' >odd
	screen_open a 80 24 -u alice "127.0.0.1:$PORT"
	sees a 'Password'
	type_line a secret
	sees a 'logging in'
	press a C-c
	sees a 'Ctrl-C leaves'
	screen_lacks a 'farewell'
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
