#!/usr/bin/env bats
#
# chat-client --tls: whom it trusts, what it remembers, and what becomes of
# connections that break.  The certificates are made here; the server is
# chat-session behind a TLS proxy (hitch), openssl s_server, or a script.

bats_require_minimum_version 1.5.0
load helpers
load screens

# A certificate $1.pem (with its key) for the names $2, signed by the CA, with
# more arguments for the signing.
certificate() {
	local name=$1 names=$2
	shift 2
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -keyout "$name.key" -out "$name.csr" -subj "/CN=$name"
	echo "subjectAltName=$names" >"$name.ext"
	openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key \
	    -extfile "$name.ext" -out "$name.crt" "$@"
	cat "$name.key" "$name.crt" >"$name.pem"
}

# One that nobody but itself has signed.
self_signed() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout "$1.key" -out "$1.crt" -days 2 -subj "/CN=$1" \
	    -addext subjectAltName=DNS:localhost,IP:127.0.0.1
	cat "$1.key" "$1.crt" >"$1.pem"
}

make_certificates() {
	cd "$BATS_FILE_TMPDIR" || return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout ca.key -out ca.crt -days 2 -subj '/CN=Test CA'
	certificate good DNS:localhost,IP:127.0.0.1 -days 2
	certificate other DNS:other.example,IP:192.0.2.1 -days 2
	certificate expired DNS:localhost,IP:127.0.0.1 -days 2
	"$ROOT/tests/dated-cert" 20200101000000Z 20200102000000Z expired.csr \
	    expired.crt -cert ca.crt -keyfile ca.key -extfile expired.ext
	cat expired.key expired.crt >expired.pem
	self_signed self
	self_signed changed
}

setup_file() {
	make_certificates >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- ||
	    { cat "$BATS_FILE_TMPDIR/log"; return 1; }
}

setup() {
	screens_setup
	unset SSL_CERT_FILE SSL_CERT_DIR
	CERTS=$BATS_FILE_TMPDIR
	FRONT='' TLS_PORT=''
}

teardown() {
	front_stop
	screens_teardown
}

# --- servers ---------------------------------------------------------------

front_is_up() {
	grep -q 'Process 0 online' "$T/log/front" || process_gone "$FRONT"
}

front_try() {
	local user=()
	[[ $(id -u) != 0 ]] || user=(--user=nobody)
	: >"$T/log/front"
	hitch "${user[@]}" --backend="[127.0.0.1]:$PORT" \
	    --frontend="[127.0.0.1]:$TLS_PORT" --workers=1 --ocsp-dir= \
	    --daemon=off "$CERTS/$1.pem" </dev/null >>"$T/log/front" 2>&1 3>&- &
	FRONT=$!
	wait_for front_is_up && ! process_gone "$FRONT"
}

# TLS with certificate $1 on $TLS_PORT, before the listener on $PORT.
front_start() {
	local tries
	if [[ -n $TLS_PORT ]]; then
		front_try "$1"
		return
	fi
	for tries in 1 2 3 4 5; do
		TLS_PORT=$("$B/tests/chat-talk" --port)
		front_try "$1" && return
	done
	fail "no TLS proxy in $tries tries"
}

front_stop() {
	[[ -n $FRONT ]] || return 0
	kill -TERM "$FRONT" 2>/dev/null || :
	wait "$FRONT" 2>/dev/null || :
	FRONT=
}

# All of it at once, so that nothing can be said any more.
front_kill() {
	local pids
	pids=$(pgrep -P "$FRONT")
	# shellcheck disable=SC2086 # a list
	kill -KILL "$FRONT" $pids
	wait "$FRONT" 2>/dev/null || :
	FRONT=
}

server_is_up() {
	grep -q ACCEPT "$T/log/s_server" || process_gone "$FRONT"
}

# openssl's own server, which says what is in the file `says' to whoever gets
# through the handshake.  Further arguments are its options.
s_server() {
	local tries hold
	[[ -e says ]] || echo '{"event":"ERROR","code":"BLOCKED"}' >says
	rm -f hold
	mkfifo hold
	# Its input never ends, which would end the connection.
	exec {hold}<>hold
	cat says >&"$hold"
	for tries in 1 2 3 4 5; do
		TLS_PORT=$("$B/tests/chat-talk" --port)
		: >"$T/log/s_server"
		openssl s_server -accept "127.0.0.1:$TLS_PORT" "$@" \
		    <&"$hold" >>"$T/log/s_server" 2>&1 3>&- {hold}<&- &
		FRONT=$!
		wait_for server_is_up
		process_gone "$FRONT" || break
	done
	exec {hold}<&-
	process_gone "$FRONT" || return 0
	fail "no s_server in $tries tries"
}

# A server that runs the script for each connection, on $TLS_PORT.
raw_server() {
	printf '#!/bin/bash\n%s\n' "$1" >raw
	chmod +x raw
	listener_stop
	PORT=
	SESSION=$T/raw listener_start
	TLS_PORT=$PORT
}

# --- clients ---------------------------------------------------------------

# Its status must be the first argument.
chat() {
	chat_client "$1" --tls "${@:2}"
}

# Start one in the background, fed through descriptor $IN.
chat_start() {
	mkfifo in
	"$B/bin/chat-client" --tls "$@" <in >out 2>err 3>&- &
	CHAT=$!
	exec {IN}>in
}

chat_quit() {
	local status=0
	echo /quit >&"$IN"
	exec {IN}>&-
	wait_for process_gone "$CHAT"
	wait "$CHAT" || status=$?
	assert_eq "$status" 0 "exit status"
}

fingerprint() {
	openssl x509 -in "$CERTS/$1.crt" -noout -fingerprint -sha256 |
	    cut -d = -f 2
}

said() {
	sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} //' out
}

nothing_was_said() {
	[[ ! -e heard ]] || fail "the server heard: $(head -c 200 heard)"
}

remembered() {
	cat "$XDG_STATE_HOME/chat/known_servers"
}

# --- whom it trusts ----------------------------------------------------------

@test "a server that a known authority vouches for is talked to, by name and by address" {
	server_start
	front_start good
	chat 0 --tls-ca "$CERTS/ca.crt" -u alice "localhost:$TLS_PORT" <<<"hello"
	assert_eq "$(said)" "<alice> hello"
	[[ ! -s err ]]
	chat 0 --tls-ca "$CERTS/ca.crt" -u alice "127.0.0.1:$TLS_PORT" <<<"again"
	assert_eq "$(said)" "<alice> again"
	[[ ! -e $XDG_STATE_HOME/chat ]] || fail "nothing was to be remembered"
}

@test "the system's authorities are those that count without --tls-ca" {
	server_start
	front_start good
	SSL_CERT_FILE=$CERTS/ca.crt chat 0 -u alice "localhost:$TLS_PORT" \
	    <<<"hello"
	chat 78 -u alice "localhost:$TLS_PORT" <<<"hello"
	grep -q 'unable to get local issuer' err
}

@test "many and long lines go through TLS unchanged, both ways" {
	server_start
	front_start good
	seq 1 2000 >lines
	head -c 3000 /dev/zero | tr '\0' x >>lines
	echo >>lines
	chat 0 --tls-ca "$CERTS/ca.crt" -u alice --send "localhost:$TLS_PORT" \
	    <lines
	[[ ! -s out && ! -s err ]]
	db "SELECT body FROM messages ORDER BY id" | cmp - lines
	chat 0 --tls-ca "$CERTS/ca.crt" -u bob --history 1000 --plain \
	    "localhost:$TLS_PORT" </dev/null
	said | sed 's/^<alice> //' | cmp - <(tail -n 1000 lines)
}

# Refused with the reason $2, and before a byte was said.
assert_refused() {
	local certificate=$1 reason=$2
	echo nothing >says
	s_server -cert "$CERTS/$certificate.crt" -key "$CERTS/$certificate.key"
	chat 78 --tls-ca "${3:-$CERTS/ca.crt}" -u alice "localhost:$TLS_PORT" \
	    <<<"secret"
	grep -q "not trusted: .*$reason" err
	grep -q "SHA-256 fingerprint is $(fingerprint "$certificate")" err
	grep -q -- "--tls-fingerprint $(fingerprint "$certificate")" err
	front_stop
	not grep -q alice "$T/log/s_server"
	not grep -q secret "$T/log/s_server"
	[[ ! -s out ]]
}

@test "a certificate for another name is refused" {
	assert_refused other "ostname mismatch"
}

@test "a certificate for another address is refused" {
	s_server -cert "$CERTS/other.crt" -key "$CERTS/other.key"
	chat 78 --tls-ca "$CERTS/ca.crt" -u alice "127.0.0.1:$TLS_PORT" \
	    <<<"hello"
	grep -q "not trusted: IP address mismatch" err
}

@test "an expired certificate is refused" {
	assert_refused expired "expired"
}

@test "a self-signed certificate is refused, and its fingerprint is told" {
	assert_refused self "self.signed"
}

@test "a certificate of an authority that is not in --tls-ca is refused" {
	assert_refused good "unable to get local issuer" "$CERTS/self.crt"
}

@test "the name that is asked for is sent to the server (SNI)" {
	s_server -cert "$CERTS/other.crt" -key "$CERTS/other.key" \
	    -cert2 "$CERTS/good.crt" -key2 "$CERTS/good.key" \
	    -servername localhost
	chat 77 --tls-ca "$CERTS/ca.crt" -u alice "localhost:$TLS_PORT" \
	    <<<"hello"
	grep -q BLOCKED err
}

@test "TLS 1.2 is spoken, TLS 1.1 is not" {
	s_server -cert "$CERTS/good.crt" -key "$CERTS/good.key" -tls1_2
	chat 77 --tls-ca "$CERTS/ca.crt" -u alice "localhost:$TLS_PORT" \
	    <<<"hello"
	front_stop
	s_server -cert "$CERTS/good.crt" -key "$CERTS/good.key" -tls1_1 \
	    -cipher ALL:@SECLEVEL=0
	chat 68 --tls-ca "$CERTS/ca.crt" -u alice "localhost:$TLS_PORT" \
	    <<<"hello"
	grep -q 'could not connect to .*: TLS: .*protocol version' err
}

@test "--tls-fingerprint trusts that certificate, however it is written, and no other" {
	local sha
	sha=$(fingerprint self)
	server_start
	front_start self
	chat 0 --tls-fingerprint "$sha" -u alice "localhost:$TLS_PORT" <<<"one"
	sha=${sha//:/}
	chat 0 --tls-fingerprint "sha256:${sha,,}" -u alice \
	    "localhost:$TLS_PORT" <<<"two"
	chat 78 --tls-fingerprint "$(fingerprint changed)" -u alice \
	    "localhost:$TLS_PORT" <<<"three"
	grep -q 'not the one that was given' err
	grep -q "$(fingerprint self)" err
	# Not even one that an authority vouches for.
	SSL_CERT_FILE=$CERTS/self.crt chat 78 \
	    --tls-fingerprint "$(fingerprint changed)" -u alice \
	    "localhost:$TLS_PORT" <<<"four"
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" one,two
	[[ ! -e $XDG_STATE_HOME/chat ]] || fail "nothing was to be remembered"
}

@test "the default port with --tls is 5556" {
	local sha
	need_strace
	sha=$(fingerprint self)
	"$B/bin/chat-client" --help | grep -q 'port is 5556'
	# Whoever listens there is not this server.
	strace -f -qq -e trace=connect -o trace "$B/bin/chat-client" --tls \
	    --tls-fingerprint "$sha" -u alice 127.0.0.1 </dev/null \
	    >out 2>err 3>&- || :
	grep -q 'htons(5556)' trace
}

@test "options that make no sense say so" {
	chat 64 -u alice unix:/run/x </dev/null
	grep -q 'not for a UNIX socket' err
	chat 64 --tls-fingerprint 00ff -u alice localhost </dev/null
	grep -q '64 hexadecimal' err
	chat 64 --tls-fingerprint "$(fingerprint self)" --tls-ca x -u alice \
	    localhost </dev/null
	chat 66 --tls-ca nowhere -u alice localhost </dev/null
	grep -q 'tls-ca: nowhere: No such file or directory' err
	: >empty
	chat 66 --tls-ca empty -u alice localhost </dev/null
	run -64 "$B/bin/chat-client" --tls-ca "$CERTS/ca.crt" -u alice localhost
}

# --- what it remembers -------------------------------------------------------

@test "a person who agrees to a fingerprint is asked once" {
	local file=$XDG_STATE_HOME/chat/known_servers
	server_start
	front_start self
	echo first >input
	terminal_open a input --tls -u alice "LocalHost:$TLS_PORT"
	sees a 'not trusted: self.signed certificate'
	sees a "$(fingerprint self | cut -c1-40)"
	sees a 'Trust it from now on \(yes or no\)\?'
	[[ ! -e $file ]] || fail "remembered before it was agreed to"
	type_line a yes
	sees a '<alice> first'
	sees a 'status=0'
	assert_eq "$(remembered)" \
	    "localhost:$TLS_PORT	$(fingerprint self)"
	assert_eq "$(stat -c %a "$file" "${file%/*}" | xargs)" "600 700"
	# Without a terminal, too.
	chat 0 -u alice "localhost:$TLS_PORT" <<<"second"
	[[ ! -s err ]]
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" \
	    first,second
}

@test "a person who does not agree is not connected, and nothing is remembered" {
	s_server -cert "$CERTS/self.crt" -key "$CERTS/self.key"
	echo secret >input
	terminal_open a input --tls -u alice "localhost:$TLS_PORT"
	sees a 'Trust it'
	type_line a y
	sees a 'status=78'
	terminal_open b input --tls -u alice "localhost:$TLS_PORT"
	sees b 'Trust it'
	press b C-c
	sees b 'status=130'
	[[ ! -e $XDG_STATE_HOME/chat ]] || fail "something was remembered"
	not grep -q 'alice\|secret' "$T/log/s_server"
}

@test "a certificate that has changed is shouted about and refused, and how to go on is said" {
	local file=$XDG_STATE_HOME/chat/known_servers
	mkdir -p "$XDG_STATE_HOME/chat"
	server_start
	front_start changed
	(umask 077
	printf 'localhost:%s\t%s\n' 1 x "$TLS_PORT" "$(fingerprint self)" >"$file")
	cp "$file" before
	chat 78 -u alice "localhost:$TLS_PORT" <<<"secret"
	grep -q "THE CERTIFICATE OF localhost:$TLS_PORT HAS CHANGED!" err
	grep -q "It was $(fingerprint self)" err
	grep -q "and is  $(fingerprint changed)" err
	grep -q "remove the line of localhost:$TLS_PORT from $file" err
	cmp before "$file"
	# A person is told the same, and not asked.
	: >input
	terminal_open a input --tls -u alice "localhost:$TLS_PORT"
	sees a 'HAS CHANGED'
	sees a 'status=78'
	not screen_has a 'Trust it'
	# The line is removed, as was said.
	sed -i "/^localhost:$TLS_PORT/d" "$file"
	terminal_open b input --tls -u alice "localhost:$TLS_PORT"
	sees b 'Trust it'
	type_line b yes
	sees b 'status=0'
	assert_eq "$(wc -l <"$file")" 2
}

@test "known servers that others can change are not believed" {
	s_server -cert "$CERTS/self.crt" -key "$CERTS/self.key"
	mkdir -p "$XDG_STATE_HOME/chat"
	printf 'localhost:%s\t%s\n' "$TLS_PORT" "$(fingerprint self)" \
	    >"$XDG_STATE_HOME/chat/known_servers"
	chmod 622 "$XDG_STATE_HOME/chat/known_servers"
	chat 66 -u alice "localhost:$TLS_PORT" <<<"secret"
	grep -q 'known_servers: .*closed to others' err
	not grep -q 'alice\|secret' "$T/log/s_server"
}

# (The form breaks it anywhere.)
file_is_refused() {
	screen "$1" | tr -d ' \n' | grep -q 'known_servers:.*closedtoothers'
}

@test "the form says so as well, and goes on without" {
	mkdir -p "$XDG_STATE_HOME/chat"
	: >"$XDG_STATE_HOME/chat/known_servers"
	chmod 622 "$XDG_STATE_HOME/chat/known_servers"
	server_start
	screen_open a 100 30 "127.0.0.1:$PORT"
	sees a 'Enter connects'
	type_text a alice
	press a BTab Space Enter
	wait_for file_is_refused a
	# Nothing was said to the server, until that is what is wanted.
	press a Space Enter
	sees a 'online +alice at'
}

fingerprint_is_shown() {
	screen "$1" | tr -d '\n' | grep -qF "$(fingerprint self)"
}

@test "the screen asks in its form, and shouts there" {
	server_start
	front_start self
	screen_open a 100 30 --tls -u alice "localhost:$TLS_PORT"
	sees a 'Server +localhost:[0-9]+ with TLS'
	sees a 'not trusted:'
	sees a 'self-signed certificate'
	sees a 'Trust it\?'
	sees a 'Only "yes" trusts it'
	# All of the fingerprint, or none of it.
	tmux_do resize-window -t a -x 40 -y 10
	wait_for fingerprint_is_shown a
	tmux_do resize-window -t a -x 20 -y 5
	sees a '^Terminal too small:'
	misses a 'certificate'
	# Nor can it be agreed to there.
	type_text a yes
	sees a 'Trust it\? yes$'
	press a Enter
	misses a 'Trust it\? yes'
	sees a '^Terminal too small:'
	[[ ! -e $XDG_STATE_HOME/chat/known_servers ]] || fail "blindly trusted"
	tmux_do resize-window -t a -x 100 -y 30
	sees a 'Only "yes" trusts it'
	type_line a no
	sees a 'Not connected'
	press a Enter
	sees a 'Trust it\?'
	type_line a yes
	sees a 'online +alice at'
	type_line a hello
	sees a '[0-9]{2}:[0-9]{2} <alice> hello'
	# It comes back by itself, but not to another one.
	front_stop
	sees a 'again in'
	front_start changed
	sees a 'THE CERTIFICATE OF localhost'
	sees a 'CHANGED!'
	sees a 'remove the line'
	assert_eq "$(remembered | wc -l)" 1
}

# --- connections that break --------------------------------------------------

@test "a server without TLS is found out, and hears no JSON" {
	server_start
	TLS_PORT=$PORT
	chat 68 --timeout 2 -u alice "localhost:$TLS_PORT" <<<"secret"
	grep -q 'without TLS\|not speak TLS' err
	raw_server 'IFS= read -rn 1 x; echo "{\"event\":\"ERROR\",\"code\":\"BAD_JSON\"}"; cat >"'"$T"'/heard"; : >"'"$T"'/ended"'
	chat 68 -u alice "localhost:$TLS_PORT" <<<"secret"
	grep -q 'the server does not speak TLS on this port' err
	wait_for test -e ended
	not grep -q 'secret\|CONNECT' heard
}

@test "who comes without TLS where it is wanted is told what may be wrong" {
	local what='without an answer; does this port want TLS?'
	server_start
	front_start good
	chat_client 69 -u alice --send "127.0.0.1:$TLS_PORT" <<<"hello"
	grep -Fq "$what" err
	screen_open alice 80 24 -u alice "127.0.0.1:$TLS_PORT"
	sees alice 'port want TLS'
	# Where there is no port, that cannot be.
	raw_server 'read -r; exit'
	SESSION=$T/raw listener_start "$T/mute.sock"
	chat_client 69 -u alice --send "unix:$T/mute.sock" <<<"hello"
	not grep -Fq "$what" err
	# Nor where something was said.
	raw_server 'read -r; printf "{}"; exit'
	chat_client 69 -u alice --send "127.0.0.1:$TLS_PORT" <<<"hello"
	not grep -Fq "$what" err
}

@test "a handshake that is cut in the middle is said to be" {
	# A record that says it has 122 bytes, and then the end.
	raw_server 'head -c 100 >/dev/null; printf "\x16\x03\x03\x00\x7a\x02\x00"; exit'
	chat 68 -u alice "localhost:$TLS_PORT" <<<"hello"
	grep -Eq 'closed the connection during the TLS handshake|reset by peer' err
	raw_server 'exit'
	chat 68 -u alice "localhost:$TLS_PORT" <<<"hello"
}

@test "a handshake that gets no answer, or one byte at a time, ends in time" {
	raw_server 'cat >/dev/null'
	chat 68 --timeout 1 -u alice "localhost:$TLS_PORT" <<<"hello"
	grep -q 'no answer to the TLS handshake in time' err
	mkfifo never
	raw_server 'printf "\x16\x03\x03\x3f\xff"
		exec 3<>"'"$T"'/never"
		while printf "\x02" 2>/dev/null; do read -rt 0.05 -u 3 x; done'
	chat 68 --timeout 1 -u alice "localhost:$TLS_PORT" <<<"hello"
	grep -q 'no answer to the TLS handshake in time' err
}

@test "rubbish instead of a handshake does no harm" {
	raw_server 'printf "\x16\x03\x03\x10\x00"; head -c 100000 /dev/urandom; cat >/dev/null'
	chat 68 --timeout 5 -u alice "localhost:$TLS_PORT" <<<"hello"
	raw_server 'head -c 100000 /dev/zero; cat >/dev/null'
	chat 68 --timeout 5 -u alice "localhost:$TLS_PORT" <<<"hello"
}

@test "an end without close_notify is a lost connection, and one comes back" {
	server_start
	front_start good
	chat_start --tls-ca "$CERTS/ca.crt" --reconnect -u alice \
	    "localhost:$TLS_PORT"
	echo one >&"$IN"
	wait_for grep -q '<alice> one' out
	front_kill
	wait_for grep -q 'connection lost, will come back: .*cut off' err
	echo two >&"$IN"
	front_start good
	wait_for grep -q 'connected again' err
	wait_for grep -q '<alice> two' out
	chat_quit
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" one,two
}

@test "an end without close_notify, and without --reconnect, has status 69" {
	server_start
	front_start good
	chat_start --tls-ca "$CERTS/ca.crt" -u alice "localhost:$TLS_PORT"
	client_login bob
	wait_for db_has_two
	front_kill
	wait_for process_gone "$CHAT"
	status=0
	wait "$CHAT" || status=$?
	exec {IN}>&-
	assert_eq "$status" 69
	grep -q 'connection lost: the connection was cut off' err
}

db_has_two() {
	[[ $(db "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 2 ]]
}

@test "a certificate that changes while one is away is not fallen for" {
	server_start
	front_start good
	chat_start --tls-ca "$CERTS/ca.crt" --reconnect --tail -u alice \
	    "localhost:$TLS_PORT"
	client_login bob
	wait_for db_has_two
	# It has its row before it knows that it is in.
	say bob hello
	wait_for grep -q hello out
	front_stop
	front_start self
	wait_for process_gone "$CHAT"
	status=0
	wait "$CHAT" || status=$?
	exec {IN}>&-
	assert_eq "$status" 78
	grep -q 'not trusted' err
}
