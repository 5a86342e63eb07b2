#!/usr/bin/env bats
#
# chat-client against servers that are broken or mean: it shows nothing
# unsafe, ends with the right status, and takes no more memory than it says.

load helpers

bats_require_minimum_version 1.5.0

CONNECTED='{"event":"CONNECTED","session":1,"username":"alice","last_id":5,"oldest_id":1,"resume":"00","limits":{"message_max_size":4096,"line_max_size":33792}}'

setup() {
	chat_setup
	export TZ=UTC
}

# A server that runs the given script for each connection, after it has read
# the client's CONNECT into $HELLO.
evil() {
	cat >"$T/evil" <<-'END'
		#!/bin/bash
		next() {
			IFS= read -r line
			ref=${line#*'"ref":"'}
			ref=${ref%%'"'*}
		}
		ack() {
			next
			echo "{\"event\":\"ACK\",\"ref\":\"$ref\",\"id\":$1}"
		}
		pong() {
			next
			echo "{\"event\":\"PONG\",\"ref\":\"$ref\"}"
		}
		bye() {
			next
			echo '{"event":"DISCONNECTED"}'
		}
		IFS= read -r HELLO
	END
	printf '%s\n' "CONNECTED='$CONNECTED'" "$1" >>"$T/evil"
	chmod +x "$T/evil"
	listener_stop
	PORT=
	SESSION=$T/evil listener_start
}

# No byte that a terminal obeys, no character that reorders or hides.
assert_safe() {
	if LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$@"; then
		fail "control characters"
	fi
	if LC_ALL=C.UTF-8 grep -qP \
	    '[\x{80}-\x{9f}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{e0000}-\x{e0fff}]' \
	    "$@"; then
		fail "invisible characters"
	fi
	iconv -f UTF-8 -t UTF-8 "$@" >/dev/null
}

@test "nothing unsafe is printed, whatever member it is in" {
	local bad='\u001b[2J\u0007\u009b31m\u202e\u200b\u007f\udb40\udc61'
	# It reads all it is sent, or closing could destroy what it said.
	evil "bad='$bad'"'
		echo "$CONNECTED"
		next
		echo "{\"event\":\"MESSAGE\",\"id\":6,\"from\":\"$bad\",\"to\":\"$bad\",\"message\":\"$bad\",\"timestamp\":\"$bad\"}"
		printf "{\"event\":\"MESSAGE\",\"id\":7,\"from\":\"\\x9b\",\"to\":\"all\",\"message\":\"\\xc2\\x9b\\xff\\xe2\\x80\\xae\"}\n"
		echo "{\"event\":\"JOINED\",\"username\":\"$bad\"}"
		echo "{\"event\":\"USERS\",\"users\":[{\"username\":\"$bad\"}]}"
		echo "{\"event\":\"HISTORY\",\"messages\":[{\"id\":1,\"from\":\"$bad\",\"to\":\"all\",\"message\":\"$bad\"}]}"
		echo "{\"event\":\"ERROR\",\"code\":\"$bad\",\"message\":\"$bad\"}"
		echo "{\"event\":\"ERROR\",\"code\":\"SHUTDOWN\",\"message\":\"$bad\"}"'
	chat 69 --plain -u alice </dev/null
	assert_safe out err
	assert_eq "$(grep -c '' out)" 5
	chat 69 --json -u alice </dev/null
	assert_safe out err
	assert_eq "$(jq -r .event out | xargs)" \
	    "CONNECTED MESSAGE MESSAGE JOINED USERS HISTORY ERROR ERROR"
}

@test "a refusal is told safely" {
	evil 'printf "{\"event\":\"ERROR\",\"code\":\"\\\\u001bX\",\"message\":\"\\\\u001b]0;x\\\\u0007\"}\n"; read'
	chat 77 -u alice </dev/null
	assert_safe err
	grep -q 'login refused: ' err
}

@test "lines that are no events are passed over" {
	evil 'printf "\n \n[]\nnull\n{}\n{\"event\":5}\n{\"event\":\"MESSAGE\"}\n"
		printf "HTTP/1.1 400 Bad Request\r\n{\"event\":\"NEW\"}\n"
		printf "{\"event\":\"CONNECTED\"}\n"
		printf "%0100000d\n" 0
		printf "%s" "{\"event\":\"PONG\",\"x\":"
		head -c 100000 /dev/zero | tr "\\0" "["
		echo
		echo "$CONNECTED"
		echo "{\"event\":\"MESSAGE\",\"id\":6,\"from\":\"bob\",\"to\":\"all\",\"message\":\"real\"}"
		ack 7
		pong
		bye'
	chat 0 -u alice <<<"mine"
	assert_eq "$(sed 's/^[^<]*//' out)" $'<bob> real\n<alice> mine'
}

@test "history without an end is printed when it is too much to hold" {
	evil 'echo "$CONNECTED"
		text=$(head -c 8000000 /dev/zero | tr "\\0" x)
		for ((i = 999; i > 0; i--)); do
			next
			case $line in
			*PING*) echo "{\"event\":\"PONG\",\"ref\":\"$ref\"}" ;;
			*HISTORY*) echo "{\"event\":\"HISTORY\",\"ref\":\"$ref\",\"more\":true,\"messages\":[{\"id\":$i,\"from\":\"bob\",\"to\":\"all\",\"message\":\"$text\"}]}" ;;
			*) exit ;;
			esac
		done'
	if ! grep -q __asan_init "$B/bin/chat-client"; then
		ulimit -v 1000000
	fi
	"$B/bin/chat-client" --json --history 1000 --timeout "$DEADLINE" \
	    -u alice "127.0.0.1:$PORT" \
	    </dev/null 2>err 3>&- | wc -c >size || :
	grep -q 'too much history' err
	(($(<size) > 128 * 1024 * 1024 && $(<size) < 150 * 1024 * 1024)) ||
	    fail "$(<size) bytes"
}

@test "random bytes do no harm" {
	evil 'head -c 3000000 /dev/urandom; echo'
	chat 69 -u alice </dev/null
	evil 'echo "$CONNECTED"; head -c 3000000 /dev/urandom; echo'
	chat 69 -u alice </dev/null
	assert_safe out err
}

@test "a line without an end has status 76 and takes bounded memory" {
	evil 'exec head -c 100000000 /dev/zero'
	if ! grep -q __asan_init "$B/bin/chat-client"; then
		ulimit -v 200000
	fi
	chat 76 -u alice </dev/null
	grep -q 'too long' err
}

@test "a server that says nothing is left after --timeout with status 75" {
	evil 'cat >/dev/null'
	chat 75 --timeout 1 -u alice <<<"hello"
	grep -q 'no answer to the login' err
}

@test "a message that is never confirmed has status 75" {
	evil 'echo "$CONNECTED"; while read -r line; do :; done'
	chat 75 --timeout 3 -u alice <<<"hello"
	grep -q 'messages that were not confirmed, .*: 1' err
	[[ ! -s out ]]
}

@test "a farewell before all is confirmed, or sent, has status 75" {
	evil 'echo "$CONNECTED"
		next
		echo "{\"event\":\"DISCONNECTED\"}"'
	chat 75 -u alice <<<"never heard of"
	grep -q 'not confirmed, and may be stored or not: 1' err
	mkfifo endless
	exec {IN}<>endless
	echo one >&"$IN"
	chat 75 --send -u alice <endless
	exec {IN}>&-
	grep -q 'input was not sent to its end' err
}

@test "a farewell without an answer has status 69" {
	evil 'echo "$CONNECTED"; pong; read -r line'
	chat 69 -u alice </dev/null
}

@test "a connection closed before the login has status 69" {
	evil 'exit'
	chat 69 -u alice </dev/null
	grep -q 'connection lost' err
}

@test "messages that come twice are printed once" {
	evil 'echo "$CONNECTED"
		for id in 6 7 6 7 8; do
			echo "{\"event\":\"MESSAGE\",\"id\":$id,\"from\":\"bob\",\"to\":\"all\",\"message\":\"m$id\"}"
		done
		pong; bye'
	chat 0 -u alice </dev/null
	assert_eq "$(grep -o 'm[0-9]*$' out | xargs)" "m6 m7 m8"
}

@test "an ACK after a later message is no resend" {
	evil 'echo "$CONNECTED"
		next
		echo "{\"event\":\"MESSAGE\",\"id\":9,\"from\":\"bob\",\"to\":\"all\",\"message\":\"later\"}"
		echo "{\"event\":\"ACK\",\"ref\":\"$ref\",\"id\":8}"
		pong; bye'
	chat 0 -u alice <<<"mine"
	assert_eq "$(sed 's/^[^<]*//' out)" $'<bob> later\n<alice> mine'
}

@test "after a lost connection it proves who it is, and resends with the same ref" {
	evil 'echo "$HELLO" >>'"$T"'/hello
		echo "$CONNECTED"
		next
		echo "$line" >>'"$T"'/said
		[ $(wc -l <'"$T"'/said) -gt 1 ] || exit
		# It was stored, and comes back before its ACK.
		echo "{\"event\":\"MESSAGE\",\"id\":6,\"from\":\"alice\",\"to\":\"all\",\"message\":\"mine\"}"
		echo "{\"event\":\"ACK\",\"ref\":\"$ref\",\"id\":6}"
		pong; bye'
	chat 0 --reconnect -u alice <<<"mine"
	assert_eq "$(sed 's/^[^<]*//' out)" "<alice> mine"
	assert_eq "$(jq -c '[.resume, .since]' hello | xargs)" \
	    "[null,null] [00,5]"
	assert_eq "$(jq -r .ref said | uniq | wc -l)" 1
	assert_eq "$(wc -l <said)" 2
}

@test "a name that is refused after a lost connection ends it" {
	evil 'echo x >>'"$T"'/count
		[ $(wc -l <'"$T"'/count) -gt 1 ] || { echo "$CONNECTED"; exit; }
		echo "{\"event\":\"ERROR\",\"code\":\"USERNAME_TAKEN\",\"message\":\"no\"}"
		read'
	chat 77 --reconnect --tail -u alice
	assert_eq "$(wc -l <count)" 2
}

@test "who was replaced does not come back" {
	evil 'echo x >>'"$T"'/count
		echo "$CONNECTED"
		echo "{\"event\":\"ERROR\",\"code\":\"REPLACED\",\"message\":\"elsewhere\"}"'
	chat 69 --reconnect --tail -u alice
	assert_eq "$(wc -l <count)" 1
	grep -q 'REPLACED: elsewhere' err
}

@test "a server that is busy gets the message again later" {
	evil 'echo "$CONNECTED"
		for ((id = 6; id < 9; )); do
			next
			case $line in
			*PING*)
				echo "{\"event\":\"PONG\",\"ref\":\"$ref\"}"
				continue
				;;
			esac
			echo "$line" >>'"$T"'/said
			if ((id++ == 6)); then
				echo "{\"event\":\"ERROR\",\"code\":\"RATE_LIMITED\",\"retry_after\":1,\"ref\":\"$ref\"}"
			else
				echo "{\"event\":\"ACK\",\"ref\":\"$ref\",\"id\":$id}"
			fi
		done
		bye'
	chat 0 -u alice < <(printf 'one\ntwo\n')
	assert_eq "$(sed 's/^[^<]*//' out | sort)" $'<alice> one\n<alice> two'
	assert_eq "$(jq -r .message said | xargs)" "one two one"
	assert_eq "$(jq -r .ref said | sort -u | wc -l)" 2
}

@test "a PING is answered and not printed" {
	evil 'echo "{\"event\":\"PING\"}"
		next
		echo "$line" >'"$T"'/answer
		echo "$CONNECTED"
		pong; bye'
	chat 0 --json -u alice </dev/null
	assert_eq "$(jq -r .event out | xargs)" "CONNECTED DISCONNECTED"
	json_holds '.command == "PING"' answer
}

# Nothing was read from the connection since the last look.
reads_nothing() {
	local before=$QUEUED
	QUEUED=$(awk -v port="$(printf ':%04X' "$PORT")" '
		$2 ~ port "$" && $4 == "01" { print $5 }' /proc/net/tcp)
	[[ $QUEUED == "$before" && -n $QUEUED && $QUEUED != 00000000:* ]]
}

@test "a slow reader of its output stops it reading, not its signals" {
	local pid status=0 QUEUED=
	evil 'echo "$CONNECTED"
		for ((i = 6; i < 200000; i++)); do
			echo "{\"event\":\"MESSAGE\",\"id\":$i,\"from\":\"bob\",\"to\":\"all\",\"message\":\"a message of some length that fills it\"}"
		done
		read'
	mkfifo slow
	"$B/bin/chat-client" --tail -u alice "127.0.0.1:$PORT" >slow 2>err 3>&- &
	pid=$!
	exec {OUT}<slow
	read -r -u "$OUT"
	wait_for reads_nothing
	kill -TERM "$pid"
	wait "$pid" || status=$?
	assert_eq "$status" 143
	exec {OUT}<&-
}
