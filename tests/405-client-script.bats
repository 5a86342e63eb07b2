#!/usr/bin/env bats
#
# chat-client in scripts: --send, --tail and --history, from cron, in pipes,
# and with input and output that are not as they should be.

load helpers

bats_require_minimum_version 1.5.0

setup() {
	chat_setup
	export TZ=UTC
}

# Start one in the background, fed through descriptor $IN.
chat_start() {
	mkfifo in
	"$B/bin/chat-client" "$@" "127.0.0.1:$PORT" <in >out 2>err 3>&- &
	CHAT=$!
	exec {IN}>in
}

# Wait for its end, with that status.
chat_end() {
	local status=0
	wait_for process_gone "$CHAT"
	wait "$CHAT" || status=$?
	[[ $status == "$1" ]] ||
	    { head -c 2000 out err; fail "status $status instead of $1"; }
}

chat_close() {
	exec {IN}>&-
}

# The lines of out without date and time.
said() {
	sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} //' out
}

online() {
	[[ $(db "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == "$1" ]]
}

stored() {
	[[ $(db "SELECT count(*) FROM messages") == "$1" ]]
}

bodies() {
	db "SELECT body FROM messages ORDER BY id"
}

kill_session() {
	kill -KILL "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL")"
}

# A server that never answers, with which a second passes.
mute_start() {
	printf '#!/bin/sh\nexec cat >/dev/null\n' >mute
	chmod +x mute
	SESSION=$T/mute listener_start "$T/mute.sock"
}

seconds_pass() {
	run -75 "$B/bin/chat-client" -u x --timeout "$1" "unix:$T/mute.sock" \
	    </dev/null
}

@test "--history prints that and ends, reading no input" {
	server_start
	seq 1 9 | chat 0 -u alice --send
	echo "not to be sent" | chat 0 -u bob --history 2
	assert_eq "$(said)" $'<alice> 8\n<alice> 9'
	echo "not to be sent" | chat 0 -u bob --history 2 --json
	assert_eq "$(jq -r '.event, .messages[].message' out | xargs)" \
	    "HISTORY 8 9"
	stored 9
}

@test "--history of one talk is that talk's" {
	(umask 077 && echo 'correct horse' >password)
	server_start
	chat 0 --register --password-file password -u alice </dev/null
	client_login bob
	printf '/msg bob %s\nto all\n' 1 2 3 | chat 0 -u alice
	chat 0 -u alice --history 2 --with bob </dev/null
	assert_eq "$(said)" $'<alice -> bob> 2\n<alice -> bob> 3'
	chat 0 -u alice --history 10 --with BOB </dev/null
	assert_eq "$(wc -l <out)" 3
}

@test "a history that does not fit in one answer is printed whole, in order" {
	server_start
	seq -f '%04000g' 1 700 >lines
	chat 0 -u alice --send <lines
	chat 0 -u bob --history 600 </dev/null
	said | sed 's/^<alice> //' | cmp - <(tail -n 600 lines)
	chat 0 -u bob --history 1000 --json </dev/null
	(($(wc -l <out) > 1))
	jq -r '.messages[].message' out | cmp - lines
}

@test "a reader that takes its time gets all, whatever --timeout is" {
	server_start
	mute_start
	seq -f '%04000g' 1 300 >lines
	chat 0 -u alice --send <lines
	mkfifo slow
	"$B/bin/chat-client" -u bob --history 300 --timeout 6 \
	    "127.0.0.1:$PORT" >slow 2>err 3>&- </dev/null &
	CHAT=$!
	exec {OUT}<slow
	seconds_pass 7
	sed 's/.*> //' <&"$OUT" | cmp - lines
	exec {OUT}<&-
	chat_end 0
}

@test "a signal lets out what can go out" {
	server_start
	seq 1 500 | chat 0 -u alice --send
	chat_start --tail --history 500 -u bob
	wait_for online 1
	wait_for grep -q '> 500$' out
	kill -TERM "$CHAT"
	chat_end 143
	chat_close
	assert_eq "$(said | sed 's/<alice> //')" "$(seq 1 500)"
}

@test "--tail comes back by itself, and only the talk is on standard output" {
	server_start
	client_login bob
	client_login carl
	chat_start --tail --json --with bob -u alice
	wait_for online 3
	say carl "from carl" alice
	say carl "to all"
	say bob one alice
	wait_for grep -q one out
	kill -KILL "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL
	    AND id = (SELECT max(id) FROM sessions)")"
	wait_for grep -q 'connection lost, will come back' err
	wait_for grep -q 'connected again' err
	say bob two alice
	wait_for grep -q two out
	kill -TERM "$CHAT"
	chat_end 143
	chat_close
	assert_eq "$(jq -r '[.event, .from, .message] | join(" ")' out)" \
	    $'MESSAGE bob one\nMESSAGE bob two'
}

@test "--tail with a history begins with it, and prints what waited once" {
	(umask 077 && echo 'correct horse' >password)
	server_start
	chat 0 --register --password-file password -u alice </dev/null
	client_login bob
	say bob one alice
	say bob two alice
	chat_start --tail --with bob --history 9 -u alice
	wait_for grep -q two out
	say bob three alice
	wait_for grep -q three out
	kill -TERM "$CHAT"
	chat_end 143
	chat_close
	assert_eq "$(said)" "$(printf '<bob -> alice> %s\n' one two three)"
}

@test "--send comes back by itself, and each line is stored once" {
	server_start
	chat_start --send -u alice
	echo one >&"$IN"
	wait_for stored 1
	kill_session
	echo two >&"$IN"
	chat_close
	chat_end 0
	assert_eq "$(bodies)" $'one\ntwo'
	[[ ! -s out ]]
}

@test "--send tells what a server that came back takes no more" {
	server_start
	chat_start --send --timeout 60 -u alice
	echo one >&"$IN"
	wait_for stored 1
	listener_stop
	kill_session 2>/dev/null || :
	wait_for grep -q 'connection lost, will come back' err
	# A line of 8 * 40 + 1024 bytes would end the connection, again and again.
	printf '%02000d\ntwo\n' 0 >&"$IN"
	chat_close
	CHAT_MESSAGE_MAX_SIZE=40 listener_start
	chat_end 1
	grep -q 'TOO_LARGE: the server takes lines of 1344 bytes now: not sent again (to all: 0*' err
	assert_eq "$(bodies)" $'one\ntwo'
}

@test "--send gives up after --timeout, and says what is not confirmed" {
	server_start
	chat_start --send --timeout 3 -u alice
	echo one >&"$IN"
	wait_for stored 1
	listener_stop
	kill_session 2>/dev/null || :
	wait_for grep -q 'connection lost, will come back' err
	# What is written meanwhile is taken.
	printf 'two\nthree\n' >&"$IN"
	chat_close
	chat_end 75
	grep -q 'not everything was answered in time' err
	grep -q 'messages that were not confirmed, .*: 2$' err
}

@test "--send gives up after --timeout, too, on a server that stays full" {
	CHAT_MAX_CONNECTIONS=1 server_start
	client_login bob
	echo one | chat 75 --send --timeout 3 -u alice
	grep -q 'login refused, will come back: SERVER_FULL' err
	grep -q 'the login was not accepted in time' err
	grep -q 'the input was not sent to its end' err
	stored 0
}

@test "several that --send by one name take turns" {
	local i pids=()
	server_start
	client_login bob
	# Held until all the others have been turned away.
	client_login job
	for i in 1 2 3; do
		"$B/bin/chat-client" -u job --send --timeout 60 \
		    "127.0.0.1:$PORT" <<<"$i" 2>"err$i" 3>&- &
		pids+=($!)
	done
	for i in 1 2 3; do
		wait_for grep -q 'will come back: USERNAME_TAKEN' "err$i"
	done
	client_close job
	for i in "${pids[@]}"; do
		wait "$i"
	done
	assert_eq "$(bodies | sort)" $'1\n2\n3'
	for i in 1 2 3; do
		assert_eq "$(tail -n 1 "err$i")" 'chat-client: logged in'
	done
	# Not for longer than one waits for anything.
	echo one | chat 75 --send --timeout 3 -u bob
	grep -q 'the login was not accepted in time' err
	# Others are told at once.
	chat 77 -u bob </dev/null
	stored 3
}

@test "--whole sends all lines as one message" {
	server_start
	printf 'one\n\n/two\n' | chat 0 -u alice --send --whole
	assert_eq "$(db "SELECT count(*), max(body) FROM messages")" \
	    $'1|one\n\n/two'
	printf '%04096d\n' 0 | chat 0 -u alice --send --whole
	printf '%04096dx\n' 0 | chat 1 -u alice --send --whole
	grep -q 'the input is too long for the server, .* 4096 bytes' err
	head -c 3000000 /dev/zero | chat 1 -u alice --send --whole
	grep -q 'the input is too long' err
	chat 0 -u alice --send --whole </dev/null
	stored 2
}

@test "no input is nothing to send, which is no failure" {
	server_start
	chat 0 -u alice --send </dev/null
	printf '\n\n' | chat 0 -u alice --send
	chat 0 -u alice --send <&-
	stored 0
	[[ ! -s out && ! -s err ]]
}

@test "NUL bytes are taken out, and what is not UTF-8 is replaced and told" {
	server_start
	printf 'a\0b\n\0\nc\n' | chat 1 -u alice --send
	grep -q BAD_REQUEST err
	assert_eq "$(bodies)" $'ab\nc'
	printf 'fine: \303\244\nbad: \377\nbad: \303\n' |
	    chat 0 -u alice --send
	assert_eq "$(grep -c 'not UTF-8' err)" 1
	assert_eq "$(bodies | tail -n 3)" $'fine: ä\nbad: �\nbad: �'
}

@test "an input that cannot be read has status 66" {
	server_start
	chat 66 -u alice --send <"$T"
	grep -q 'standard input: Is a directory' err
	chat 66 -u alice --send --whole <"$T"
	stored 0
}

@test "output that is closed has status 74, unless nothing is printed" {
	local status=0
	server_start
	"$B/bin/chat-client" -u alice --send "127.0.0.1:$PORT" <<<"one" \
	    >&- 2>&- 3>&-
	stored 1
	"$B/bin/chat-client" -u bob --history 1 "127.0.0.1:$PORT" </dev/null \
	    >&- 2>err 3>&- || status=$?
	assert_eq "$status" 74
	grep -q 'standard output: Bad file descriptor' err
}

@test "output to a socket that was closed has status 74 at once" {
	server_start
	# shellcheck disable=SC2016 # it is perl's
	run -74 perl -MSocket -e '
		socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
		open(STDOUT, ">&", $a) or die;
		close($a);
		close($b);
		exec(@ARGV)' "$B/bin/chat-client" --tail -u bob \
	    "127.0.0.1:$PORT"
}

# Nothing is in the environment, no descriptor but the three is open.
in_cron() {
	env -i "$@" "$B/bin/chat-client" -u alice --send "127.0.0.1:$PORT" \
	    <<<"$*" >out 2>err 3>&-
	[[ ! -s out && ! -s err ]]
}

@test "it works without a home, a terminal's name, a locale" {
	server_start
	in_cron
	in_cron HOME=/nonexistent
	in_cron HOME= TERM= LANG=nonsense
	in_cron TERM=dumb LC_ALL=C
	stored 3
	LC_ALL=C chat 0 -u bob --history 1 </dev/null
	[[ $(said) == *LC_ALL=C ]]
}

@test "the plain output is what the manual says" {
	server_start
	client_login bob
	say bob 'two\nlines\tand\u001b[31m more'
	say bob '-- carl joined'
	chat 0 -u alice --history 9 </dev/null
	assert_eq "$(sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/DATE/' \
	    out)" \
	    $'DATE <bob> two\n\tlines    and[31m more\nDATE <bob> -- carl joined'
}

@test "bash completes options, and the names and servers that are known" {
	PATH=$B/bin:$PATH
	source "$ROOT/contrib/chat-client/completion.bash"
	mkdir -p "$XDG_STATE_HOME/chat"
	printf 'chat.example:5556\tAB:CD\n[::1]:5555\tEF\n' \
	    >"$XDG_STATE_HOME/chat/known_servers"
	printf '%s\talice\t1\tsecret\t0\n' tls:chat.example:5556 localhost:5555 \
	    >"$XDG_STATE_HOME/chat/tokens"
	# As bash does it: a colon and an equals sign are words of their own.
	completed() {
		COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
		read -ra COMP_WORDS <<<"$(sed -E 's/[:=]/ & /g' <<<"$1")"
		[[ $1 != *' ' ]] || COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_chat_client
		echo "${COMPREPLY[*]}"
	}
	assert_eq "$(completed 'chat-client --tls-')" '--tls-ca --tls-fingerprint'
	assert_eq "$(completed 'chat-client --tai')" --tail
	assert_eq "$(completed 'chat-client -u ')" alice
	assert_eq "$(completed 'chat-client --user=al')" alice
	assert_eq "$(completed 'chat-client --tls ch')" chat.example:5556
	assert_eq "$(completed 'chat-client --tls chat.example:')" 5556
	assert_eq "$(completed 'chat-client local')" localhost:5555
	assert_eq "$(completed 'chat-client --history ')" ''
	assert_eq "$(completed 'chat-client --timeout=')" ''
	: >'a password'
	assert_eq "$(completed 'chat-client --password-file a')" 'a password'
	# Each option is there, by the program's own word.
	diff <("$B/bin/chat-client" --help | grep -Eo -- '--[a-z-]+' | sort -u |
	    comm -12 - <(completed 'chat-client --' | tr ' ' '\n')) \
	    <(completed 'chat-client --' | tr ' ' '\n')
	(($(completed 'chat-client --' | wc -w) >= 20))
}

# A call of the client's that fails, as nothing else makes it.
@test "without a descriptor or a thread to look a name up it says so, status 68" {
	local fault status
	local -A why=([pipe2:error=EMFILE]='Too many open files'
		[clone,clone3:error=EAGAIN]='Resource temporarily unavailable')
	need_strace
	for fault in "${!why[@]}"; do
		status=0
		echo unsent | strace -f -qq -o trace -e trace="${fault%:*}" \
		    -e inject="$fault:when=1" "$B/bin/chat-client" --send \
		    -u alice localhost:1 >out 2>err 3>&- || status=$?
		grep -q INJECTED trace
		assert_eq "$status" 68 status
		assert_eq "$(head -n 1 err)" \
		    "chat-client: could not connect to localhost:1: ${why[$fault]}" 'what it says'
	done
}
