#!/usr/bin/env bats
#
# docs/API.md is true: every example in it is run against the server, and it
# names exactly the commands, events and error codes that the programs have.

load helpers

API=$ROOT/docs/API.md

setup() {
	chat_setup
	mkdir "$T/examples"
	# An example is a file: its configuration, then its lines with their
	# numbers in front.
	awk -v dir="$T/examples" '
		/^```chat( |$)/ {
			out = sprintf("%s/%03d", dir, ++n)
			print substr($0, 9) >out
			next
		}
		/^```/ { out = "" }
		out != "" { print NR " " $0 >out }' "$API"
}

# What may differ is only compared by its form: times, secrets and tokens.
FORM='walk(if type == "string" then
	gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"; "TIME")
	else . end)
	| if (.retry_after | type) == "number" and .retry_after > 0
	then .retry_after = "SECONDS" else . end
	| if (.resume | type) == "string" and (.resume | test("^[0-9a-f]{32}$"))
	then .resume = "SECRET" else . end
	| if (.token | type) == "string" and (.token | test("^[0-9a-f]{64}$"))
	then .token = "TOKEN" else . end'

# One action of an example: NAME, who acts (C or S), and what.
example_step() {
	local name=$1 who=$2 what=$3 secret
	if [[ $who == C && -z ${OPEN[$name]:-} ]]; then
		client_open "$name" "$ADDRESS" || return
		OPEN[$name]=1
	fi
	for secret in "${!SECRETS[@]}"; do
		what=${what//$secret/${SECRETS[$secret]}}
	done
	case $who$what in
	'C(connects)') ;;
	'C(closes)')
		client_close "$name" || return
		unset "OPEN[$name]"
		;;
	'C(sends '*)
		what=${what#(sends }
		printf '%*s' "${what%% *}" '' | tr ' ' x | client_raw "$name"
		;;
	'S(closes)')
		client_closed "$name" && client_silent "$name" || return
		unset "OPEN[$name]"
		;;
	'S(gets SIGTERM)')
		kill -TERM "$(session_pid "$name")"
		;;
	[CS]\(*)
		fail "nobody knows what '$what' is"
		;;
	C*)
		client_send "$name" "$what"
		;;
	S*)
		client_next "$name" "($FORM) == ($what | $FORM)" || return
		secret=$(jq -r '.resume // .token // empty' <<<"$what")
		[[ -z $secret ]] || SECRETS[$secret]=$(client_get '.resume // .token')
		;;
	esac
}

# A closed connection has no line left that the example does not show.
client_silent() {
	assert_eq "${CLIENT_KEPT[$1]}" "" "what $1 got in the end" || return
	if client_fetch "$1" 0; then
		fail "$1 got as well: $FETCHED"
	fi
}

example_run() {
	local line number name who rest
	declare -A OPEN=() SECRETS=()
	while read -r number line; do
		name=me
		[[ $line == [CS]:\ * ]] || { name=${line%% *}; line=${line#* }; }
		who=${line%%:*}
		rest=${line#*: }
		[[ $who == [CS] && $rest != "$line" ]] ||
		    { fail "line $number of API.md is neither C: nor S:"; return; }
		example_step "$name" "$who" "$rest" ||
		    { fail "line $number of API.md does not hold"; return; }
	done < <(tail -n +2 "$1")
	for name in "${!OPEN[@]}"; do
		client_none "$name" '. != {event: "PING"}' ||
		    { fail "the example that ends in line $number lacks it"; return; }
	done
	for name in "${!CLIENT_PID[@]}"; do
		client_drop "$name"
	done
}

# Each has a store of its own, and the configuration that it names.
examples_run() {
	local example setting count=0
	for example; do
		rm -rf "$T/run" "$T/data"
		mkdir -p "$T/run/sessions" "$T/data"
		for setting in $(head -n 1 "$example"); do
			export "${setting?}"
		done
		"$RUN" "$example"
		wait_for no_sessions
		for setting in $(head -n 1 "$example"); do
			unset "${setting%%=*}"
		done
		export CHAT_DB=$T/data/chat.db CHAT_RATE=0
		count=$((count + 1))
	done
	((count > 0))
}

several_run() {
	server_start
	example_run "$1"
	server_stop
}

examples_of_several() {
	grep -lE '^[0-9]+ [A-Za-z]+ [CS]: ' "$T"/examples/*
}

@test "each example of one client holds" {
	ADDRESS=exec:$B/bin/chat-session RUN=example_run
	mapfile -t several < <(examples_of_several)
	[[ ${#several[@]} -gt 0 ]]
	rm "${several[@]}"
	examples_run "$T"/examples/*
}

@test "each example of several clients holds" {
	# One after the other, each with a relay and a listener of its own.
	RUN=several_run
	mapfile -t several < <(examples_of_several)
	examples_run "${several[@]}"
}

@test "an example that is wrong is found out" {
	ADDRESS=exec:$B/bin/chat-session
	mkdir "$T/run/sessions"
	printf '\n1 C: {"command":"PING"}\n2 S: {"event":"PONG"}\n' >right
	example_run right
	printf '\n1 C: {"command":"PING"}\n2 S: {"event":"PONG","ref":"1"}\n' >wrong
	run example_run wrong
	((status != 0))
	printf '\n1 C: {"command":"PING"}\n' >less
	run example_run less
	((status != 0))
	printf '\n1 C: {"command":"PING"}\n2 S: {"event":"PING"}\n3 C: (closes)\n' \
	    >middle
	run example_run middle
	((status != 0))
	printf '\n1 C: {"command":"DISCONNECT"}\n2 S: (closes)\n' >last
	run example_run last
	((status != 0))
}

# Every word in capitals that follows one of the calls in the source.
words_after() {
	grep -Pzoh "\\b($1)\\([^;\"]*\"\\K[A-Z_]+(?=\")" "$ROOT"/chat-session/*.c \
	    "$ROOT"/chat-notify/*.c | tr '\0' '\n' | sort -u
}

source_events() {
	{
		words_after 'event_begin|tell_presence|event_presence'
		grep -oh '\\"event\\":\\"[A-Z]*' "$ROOT"/lib/event.c | grep -o '[A-Z]*$'
	} | sort -u
}

source_commands() {
	sed -n 's/^\t{ "\([A-Z]*\)",.*cmd_.*/\1/p' "$ROOT"/chat-session/command.c |
	    sort
}

source_codes() {
	words_after 'session_error|session_error_limit|session_end_error|error_event'
}

# The headings between two main headings; one may name two things.
headings() {
	awk -v from="# $1" '/^# / { here = $0 == from }
		here && sub(/^## /, "") { gsub(/ and /, "\n"); print }' "$API" | sort
}

@test "all commands of the source are described, and no others" {
	assert_eq "$(headings Commands)" "$(source_commands)" "list of commands"
	[[ $(source_commands) == *CONNECT*MESSAGE*PING* ]]
}

@test "all events of the source are described, and no others" {
	assert_eq "$(headings Events)" "$(source_events)" "list of events"
	[[ $(source_events) == *ACK*JOINED*MESSAGE*PONG* ]]
}

@test "all error codes of the source are described, and no others" {
	codes=$(awk '/^# / { here = $0 == "# Error codes" }
		here && match($0, /^\| `[A-Z_]+`/) {
			print substr($0, 4, RLENGTH - 4)
		}' "$API" | sort)
	assert_eq "$codes" "$(source_codes)" "list of error codes"
	[[ $codes == *BAD_JSON*TIMEOUT*UNAVAILABLE* ]]
}

@test "each command, event and error code is in an example" {
	cat "$T"/examples/* >all
	for command in $(source_commands); do
		grep -q "C: {\"command\":\"$command\"" all || fail "$command"
	done
	for event in $(source_events); do
		grep -q "S: {\"event\":\"$event\"" all || fail "$event"
	done
	for code in $(source_codes); do
		grep -q "\"code\":\"$code\"" all || fail "$code"
	done
}
