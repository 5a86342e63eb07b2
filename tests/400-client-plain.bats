#!/usr/bin/env bats
#
# chat-client in plain mode, with a real server: what it sends, what it
# prints, and its exit statuses.

load helpers

bats_require_minimum_version 1.5.0

setup() {
	chat_setup
	export TZ=UTC
	STATUS=
}

# Run the client on the lines of stdin; its output is in out and err.
chat() {
	STATUS=0
	"$B/bin/chat-client" "$@" "127.0.0.1:$PORT" >out 2>err 3>&- ||
	    STATUS=$?
}

# Start one in the background, fed through descriptor $IN.
chat_start() {
	mkfifo in
	# (The shell has SIGINT ignored in the background, whoever runs the tests
	# perhaps SIGHUP.)
	env --default-signal=HUP,INT "$B/bin/chat-client" "$@" "127.0.0.1:$PORT" <in >out 2>err 3>&- &
	CHAT=$!
	exec {IN}>in
}

# Ask it to leave: other processes may hold the end of the fifo open, too.
chat_quit() {
	echo /quit >&"$IN"
	exec {IN}>&-
	chat_end
}

# Wait for its end.
chat_end() {
	wait_for process_gone "$CHAT"
	STATUS=0
	wait "$CHAT" || STATUS=$?
}

# End one with --tail.
chat_interrupt() {
	kill -INT "$CHAT"
	chat_end
	assert_status 130
	exec {IN}>&-
}

assert_status() {
	[[ $STATUS == "$1" ]] ||
	    { cat out err; fail "status $STATUS instead of $1"; }
}

# The lines of out without date and time.
said() {
	sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} //' out
}

online() {
	[[ $(db "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == "$1" ]]
}

bodies() {
	db "SELECT body FROM messages ORDER BY id"
}

@test "a line is sent, and printed once it is stored" {
	server_start
	chat --plain -u alice <<<"hello"
	assert_status 0
	grep -Eqx '[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} <alice> hello' out
	assert_eq "$(bodies)" hello
	[[ ! -s err ]]
}

@test "without a terminal it is the plain mode" {
	server_start
	CHAT_USER=alice chat <<<"hello"
	assert_status 0
	assert_eq "$(said)" "<alice> hello"
}

@test "at the end of the input it waits until everything is stored, in order" {
	server_start
	seq 1 3000 >lines
	chat -u alice --send <lines
	assert_status 0
	bodies | cmp - lines
	[[ ! -s out && ! -s err ]]
}

@test "a last line without its end is sent, an empty one is not" {
	server_start
	chat -u alice < <(printf 'one\n\ntwo')
	assert_status 0
	assert_eq "$(bodies)" $'one\ntwo'
}

@test "no input at all is the end of it" {
	server_start
	chat -u alice <&-
	assert_status 0
	[[ ! -s out ]]
}

@test "what others say is printed, what is not for us is not" {
	server_start
	chat_start -u alice
	wait_for online 1
	client_login bob
	client_login carl
	say bob "for all"
	say bob "for carl" carl
	say bob "for alice" alice
	wait_for grep -q 'for alice' out
	chat_quit
	assert_status 0
	assert_eq "$(said | grep '^<')" \
	    $'<bob> for all\n<bob -> alice> for alice'
}

@test "who comes and goes is told" {
	server_start
	chat_start -u alice
	# (Its row is there before the relay hears of it.)
	wait_for log_has 'connected user=alice'
	client_login bob
	wait_for grep -qx -- '-- bob joined' out
	client_close bob
	wait_for grep -qx -- '-- bob left' out
	chat_quit
	assert_status 0
}

@test "commands are run in the order of the lines" {
	server_start
	client_login bob
	chat -u alice <<-'END'
		one
		/msg bob in private
		//quit
		/users
		/history 2
		/quit
		never sent
	END
	assert_status 0
	client_expect bob '.to == "bob" and .message == "in private"'
	diff <(said) - <<-'END'
		<alice> one
		<alice -> bob> in private
		<alice> /quit
		-- alice is here
		-- bob is here
		<alice> one
		<alice> /quit
	END
}

@test "/help tells of the commands there are, and the screen's own are refused" {
	server_start
	chat -u alice <<<'/help'
	assert_status 0
	grep -q '/history \[NAME\] \[N\]' err
	not grep -q /whois err
	chat -u alice <<<'/help whois'
	assert_status 0
	grep -q '/whois NAME' err
	not grep -q /history err
	chat -u alice <<-'END'
		/whois alice
		still here
	END
	assert_status 1
	grep -q '/whois is for the screen only' err
	assert_eq "$(said)" '<alice> still here'
	chat -u alice <<-'END'
		/logout
		never sent
	END
	assert_status 0
	grep -q 'there is no token to revoke' err
	assert_eq "$(said)" ''
}

@test "everybody is everybody in any case" {
	server_start
	chat --to ALL -u alice < <(printf 'one\n/msg All two\n/history aLL 2\n')
	assert_status 0
	assert_eq "$(said | sort | uniq -c | tr -s ' ' | xargs -d '\n')" \
	    ' 2 <alice> one  2 <alice> two'
}

@test "with --to lines go to one user" {
	server_start
	client_login bob
	chat -u alice --to bob --send <<<"/not a command"
	assert_status 0
	client_expect bob '.to == "bob" and .message == "/not a command"'
}

@test "--history and --since bring what was said before" {
	server_start
	chat -u alice --send < <(seq 1 9)
	chat -u bob --history 2 </dev/null
	assert_eq "$(said)" $'<alice> 8\n<alice> 9'
	chat_start -u carl --since 6
	wait_for grep -q '> 9$' out
	chat_quit
	assert_eq "$(said)" $'<alice> 7\n<alice> 8\n<alice> 9'
}

@test "history and missed messages that overlap are printed once" {
	server_start
	chat -u alice --send < <(seq 1 9)
	chat_start --tail -u carl --since 5 --history 6
	wait_for grep -q '> 9$' out
	client_login bob
	say bob "the end"
	wait_for grep -q 'the end' out
	chat_interrupt
	assert_eq "$(said | grep '^<')" \
	    "$(printf '<alice> %s\n' 4 5 6 7 8 9; echo '<bob> the end')"
}

@test "--tail prints until interrupted, --with only one talk" {
	server_start
	client_login bob
	client_login carl
	chat_start --tail --with bob -u alice
	wait_for online 3
	say carl "to all"
	say carl "from carl" alice
	say bob "to all too"
	say bob "from bob" alice
	wait_for grep -q 'from bob' out
	chat_interrupt
	assert_eq "$(said)" "<bob -> alice> from bob"
}

@test "--with all is only what is said to everybody, its history too" {
	server_start
	client_login bob
	chat -u alice --send < <(seq 1 5)
	chat_start --tail --with all --history 2 -u alice
	wait_for grep -q '> 5$' out
	say bob "in private" alice
	say bob "to all"
	wait_for grep -q 'to all' out
	chat_interrupt
	assert_eq "$(said)" $'<alice> 4\n<alice> 5\n<bob> to all'
}

@test "what is refused makes the status 1, the rest is sent" {
	server_start
	chat -u alice <<-'END'
		/msg nobody hello
		good
	END
	assert_status 1
	grep -q 'NO_SUCH_USER.*(to nobody: hello)' err
	assert_eq "$(said)" "<alice> good"
	chat -u alice <<<"/nope"
	assert_status 1
	grep -q 'no command /nope' err
}

@test "a text that is too long is refused before it is sent, with its place" {
	server_start
	chat -u alice < <(echo ok; printf '%04097d\n' 0; printf '%050000d\n' 0
	    printf '%04096d\n' 0)
	assert_status 1
	assert_eq "$(grep -c 'line [23] of the input is too long for the' err)" 2
	grep -q 'takes 4096 bytes of text' err
	assert_eq "$(bodies)" $'ok\n'"$(printf '%04096d' 0)"
	not log_has TOO_LARGE
	chat --json -u alice < <(printf '{"command":"PING","x":"%050000d"}\n' 0)
	assert_status 1
	grep -q 'line 1 of the input is too long' err
}

@test "an input line without an end is given up" {
	server_start
	chat -u alice < <(head -c 3000000 /dev/zero | tr '\0' x)
	assert_status 1
	grep -q 'line 1 of the input is too long; nothing' err
	assert_eq "$(bodies)" ""
}

@test "wrong usage has status 64 and says what is wrong" {
	local args
	PORT=1
	for args in --nope "-u a@b" "-u all" "--plain" "--send" "--to a:b" \
	    "--history 0 -u x" "--history 1001 -u x" "--history x -u x" \
	    "--since -1 -u x" "--timeout 0 -u x" "--plain --json -u x" \
	    "--send --tail -u x" "--tail --to bob -u x" "-u x extra" "--json --reconnect" "-u" \
	    "--whole -u x" "--send --history 1 -u x" "--json --with all" \
	    "--tail --with all --since 1 --history 1 -u x" \
	    "--tls --insecure -u x" "--forget --send -u x" \
	    "--forget --json -u x"; do
		# shellcheck disable=SC2086 # words
		chat $args </dev/null
		assert_status 64
		[[ -s err && ! -s out ]]
	done
	run -64 "$B/bin/chat-client" -u x 'no such host'
	run -64 "$B/bin/chat-client" -u x '127.0.0.1:0'
	# On the screen, too.
	run -64 timeout 10 script -qec \
	    "'$B/bin/chat-client' -u x --with all 127.0.0.1:1" /dev/null
	[[ $output == *'--with is for --plain and --json'* ]]
	# Which option it is.
	run -64 "$B/bin/chat-client" --send --nope </dev/null
	[[ $output == *"unrecognized option '--nope'"* ]]
	run -64 "$B/bin/chat-client" --send -xV </dev/null
	[[ $output == *"invalid option -- 'x'"* ]]
	run -64 "$B/bin/chat-client" -u x --send --to </dev/null
	[[ $output == *"option '--to' requires an argument"* ]]
	run -64 "$B/bin/chat-client" -u x --tail=3 </dev/null
	[[ $output == *"option '--tail' doesn't allow an argument"* ]]
	CHAT_USER='no name' run -64 "$B/bin/chat-client" --plain
	run -64 "$B/bin/chat-client" </dev/null
}

@test "--help and --version have status 0" {
	run -0 "$B/bin/chat-client" --help
	[[ $output == usage:* ]]
	run -0 "$B/bin/chat-client" --version
	[[ $output == "chat-client "* ]]
	[[ $("$B/bin/chat-client" --help | wc -L) -le 80 ]]
	# But not if nobody can read it.
	run -74 sh -c '"$0" --help >/dev/full' "$B/bin/chat-client"
	[[ $output == *'standard output: No space left'* ]]
	run -74 sh -c '"$0" --version >&-' "$B/bin/chat-client"
}

@test "no connection has status 68" {
	PORT=$("$B/tests/chat-talk" --port)
	chat -u alice <<<"hello"
	assert_status 68
	grep -q "could not connect to 127.0.0.1:$PORT: Connection refused" err
	run -68 "$B/bin/chat-client" -u alice "unix:$T/nothing" </dev/null
	[[ $output == *"could not connect to unix:$T/nothing: "* ]]
	run -68 "$B/bin/chat-client" -u alice nothing.invalid </dev/null
	[[ $output == *"could not connect to nothing.invalid:5555: "* ]]
	# It is at once, also where a lost one would come back by itself.
	run -68 "$B/bin/chat-client" -u alice --tail "127.0.0.1:$PORT"
	run -68 "$B/bin/chat-client" -u alice --reconnect "127.0.0.1:$PORT" \
	    </dev/null
}

@test "a lost connection has status 69" {
	server_start
	chat_start -u alice
	wait_for online 1
	kill -KILL "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL")"
	chat_end
	assert_status 69
	grep -q 'connection lost' err
	exec {IN}>&-
}

@test "a server that shuts down says so, with status 69" {
	server_start
	chat_start -u alice
	wait_for online 1
	kill -TERM "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL")"
	chat_end
	assert_status 69
	grep -q 'connection lost: SHUTDOWN' err
	exec {IN}>&-
}

@test "a refused login has status 77 and says why" {
	server_start
	client_login alice
	chat -u ALICE <<<"hello"
	assert_status 77
	grep -q 'login refused: USERNAME_TAKEN' err
	assert_eq "$(bodies)" ""
}

@test "output that cannot be written has status 74" {
	server_start
	STATUS=0
	"$B/bin/chat-client" -u alice "127.0.0.1:$PORT" <<<"hello" >/dev/full \
	    2>err 3>&- || STATUS=$?
	assert_eq "$STATUS" 74
	grep -q 'standard output' err
}

@test "a reader that goes away ends it at once" {
	server_start
	chat -u alice --send < <(seq 1 9)
	run bash -c '"$1" --tail -u bob --history 9 "127.0.0.1:$2" 2>/dev/null |
	    head -n 1; exit "${PIPESTATUS[0]}"' - "$B/bin/chat-client" "$PORT"
	assert_eq "$status" 74
	assert_eq "${#lines[@]}" 1
}

@test "signals end it with 128 and their number, and it says goodbye" {
	local signal
	server_start
	client_login bob
	for signal in HUP:129 INT:130 TERM:143; do
		chat_start --tail -u alice
		wait_for online 2
		# It has its row before it knows that it is in.
		say bob "before $signal"
		wait_for grep -q "before $signal" out
		kill -"${signal%:*}" "$CHAT"
		chat_end
		assert_status "${signal#*:}"
		wait_for online 1
		exec {IN}>&-
		rm in
	done
	[[ $(db "SELECT count(*) FROM sessions WHERE reason != 'disconnected'") == 0 ]]
}

@test "a signal that whoever started it has ignored does not end it" {
	server_start
	client_login bob
	env --ignore-signal=HUP,INT,TERM "$B/bin/chat-client" --tail -u alice \
	    "127.0.0.1:$PORT" >out 2>err 3>&- &
	CHAT=$!
	wait_for online 2
	kill -HUP "$CHAT"
	kill -INT "$CHAT"
	kill -TERM "$CHAT"
	say bob 'still there?'
	wait_for grep -q 'still there' out
	kill -KILL "$CHAT"
	chat_end
	assert_status 137
}

@test "with --reconnect it comes back, and everything is stored once" {
	server_start
	chat_start --reconnect -u alice
	echo one >&"$IN"
	wait_for grep -q one out
	kill -KILL "$(db "SELECT pid FROM sessions WHERE ended_at IS NULL")"
	wait_for grep -q 'connection lost, will come back' err
	client_login bob
	say bob "missed"
	echo two >&"$IN"
	chat_quit
	assert_status 0
	grep -q 'connected again' err
	assert_eq "$(said | grep '^<')" $'<alice> one\n<bob> missed\n<alice> two'
	assert_eq "$(bodies)" $'one\nmissed\ntwo'
}

@test "sessions killed again and again lose and double nothing" {
	local i
	server_start
	seq 1 1500 >lines
	chat_start --reconnect --timeout 60 -u alice
	for i in 1 2 3; do
		sed -n "$((i * 500 - 499)),$((i * 500))p" lines >&"$IN"
		wait_for grep -q "> $((i * 500 - 499))\$" out
		kill -KILL "$(db "SELECT pid FROM sessions
		    WHERE ended_at IS NULL")" 2>/dev/null || :
	done
	exec {IN}>&-
	wait_for -t 60 process_gone "$CHAT"
	chat_end
	assert_status 0
	bodies | cmp - lines
	said | sed -n 's/^<alice> //p' | cmp - lines
}

@test "it connects to a UNIX socket and over IPv6" {
	server_start
	listener_start "$T/chat.sock"
	run -0 "$B/bin/chat-client" -u alice "unix:$T/chat.sock" <<<"local"
	[[ $output == *"<alice> local" ]]
	rm chat.sock
	grep -q '^0*1 ' /proc/net/if_inet6 || skip "no IPv6 here"
	listener_start "[::1]:$PORT"
	run -0 "$B/bin/chat-client" -u alice "[::1]:$PORT" <<<"six"
	[[ $output == *"<alice> six" ]]
	run -0 "$B/bin/chat-client" -u alice "localhost:$PORT" <<<"name"
	[[ $output == *"<alice> name" ]]
}

@test "JSON mode prints the server's objects" {
	server_start
	chat --json -u alice <<-'END'
		plain text
		{"command":"PING","ref":"mine"}
		{"command":"MESSAGE","to":"all","message":"raw","ref":"r"}
	END
	assert_status 0
	assert_eq "$(jq -r .event out | xargs)" \
	    "CONNECTED ACK PONG ACK DISCONNECTED"
	assert_eq "$(jq -r 'select(.event == "PONG").ref' out)" mine
	assert_eq "$(jq -r 'select(.ref == "r").event' out)" ACK
	assert_eq "$(bodies)" $'plain text\nraw'
}

@test "JSON mode without a name leaves the login to the input" {
	server_start
	chat --json <<-'END'
		{"command":"CONNECT","username":"carl","ref":"c"}
		{"command":"MESSAGE","to":"all","message":"hi"}
		{"command":"DISCONNECT"}
	END
	assert_status 0
	assert_eq "$(jq -r .event out | xargs)" "CONNECTED ACK DISCONNECTED"
	chat --json <<<'{"command":"MESSAGE","to":"all","message":"hi"}'
	assert_status 1
	assert_eq "$(jq -r .code out | head -n 1)" NOT_CONNECTED
}

@test "an error in JSON mode is printed and makes the status 1" {
	server_start
	chat --json -u alice <<<'{"command":'
	assert_status 1
	assert_eq "$(jq -r 'select(.event == "ERROR").code' out)" BAD_JSON
}

@test "JSON output has unsafe characters escaped and the same meaning" {
	server_start
	chat_start --json -u alice
	wait_for online 1
	client_login bob
	say bob 'a\u202eb\u200bc\u0085d\udb40\udc61'
	wait_for grep -q MESSAGE out
	chat_quit
	grep -q '\\u202e' out
	[[ -z $(LC_ALL=C tr -d '\n -~' <out) ]]
	assert_eq "$(jq -r 'select(.event == "MESSAGE").message' out)" \
	    $'a\u202eb\u200bcd\U000e0061'
}
