# shellcheck shell=bash
#
# The clients that tests drive line by line: a part of helpers.bash, which
# explains the functions and loads this file.  Each client is a chat-talk of
# its own; commands go to it through one fifo, answers come from another.

# load is a function: without -g these would be its own.
declare -gA CLIENT_PID CLIENT_CTL CLIENT_REP CLIENT_KEPT CLIENT_SESSION

# One line that the client's driver answers, into REPLY.
client_answer() {
	local part name=$1 end
	REPLY=
	now_ms
	end=$((NOW + ${2:-$DEADLINE} * 1000 + 2000))
	until IFS= read -rt 0.5 -u "${CLIENT_REP[$name]}" part; do
		REPLY+=$part
		now_ms
		((NOW < end)) || { fail "driver of $name is silent"; return; }
		kill -0 "${CLIENT_PID[$name]}" 2>/dev/null ||
		    { fail "driver of $name ended:" "$(cat "$T/log/talk")"; return; }
	done
	REPLY+=$part
}

client_ask() {
	local name=$1
	shift
	[[ -n ${CLIENT_CTL[$name]:-} ]] || { fail "no client $name"; return; }
	printf '%s\n' "$*" >&"${CLIENT_CTL[$name]}"
	client_answer "$name" "${ANSWER_WITHIN:-$DEADLINE}"
}

client_open() {
	local name=$1 fd
	[[ -z ${CLIENT_PID[$name]:-} ]] || client_drop "$name"
	rm -f "$T/c/$name".*
	mkfifo "$T/c/$name.ctl" "$T/c/$name.rep"
	exec {fd}<>"$T/c/$name.ctl"
	CLIENT_CTL[$name]=$fd
	exec {fd}<>"$T/c/$name.rep"
	CLIENT_REP[$name]=$fd
	CLIENT_KEPT[$name]=
	"$B/tests/chat-talk" "${2:-tcp:127.0.0.1:$PORT}" "$T/c/$name.ctl" \
	    "$T/c/$name.rep" "$T/c/$name.got" </dev/null \
	    >>"$T/log/talk" 2>&1 3>&- &
	CLIENT_PID[$name]=$!
	client_answer "$name" || return
	CLIENT_SESSION[$name]=${REPLY#ok}
	CLIENT_SESSION[$name]=${CLIENT_SESSION[$name]# }
}

# End the driver itself.
client_drop() {
	local fd
	kill -TERM "${CLIENT_PID[$1]}" 2>/dev/null || :
	wait "${CLIENT_PID[$1]}" 2>/dev/null || :
	fd=${CLIENT_CTL[$1]}
	exec {fd}>&-
	fd=${CLIENT_REP[$1]}
	exec {fd}>&-
	unset "CLIENT_PID[$1]" "CLIENT_CTL[$1]" "CLIENT_REP[$1]"
	unset "CLIENT_KEPT[$1]" "CLIENT_SESSION[$1]"
}

client_send() {
	client_ask "$1" send "$2"
}

client_raw() {
	cat >"$T/c/$1.raw"
	client_ask "$1" file "$T/c/$1.raw"
}

client_trickle() {
	cat >"$T/c/$1.raw"
	client_ask "$1" trickle "$T/c/$1.raw"
}

# Fetch lines that came into FETCHED, waiting up to so many ms for the first.
client_fetch() {
	local n line
	FETCHED=
	# The driver waits for so many ms itself.
	ANSWER_WITHIN=$(($2 / 1000 + DEADLINE)) client_ask "$1" lines "$2" ||
	    return
	if [[ $REPLY != 'lines '* ]]; then
		WHY=$REPLY
		return 1
	fi
	for ((n = ${REPLY#lines }; n > 0; n--)); do
		IFS= read -r -u "${CLIENT_REP[$1]}" line
		FETCHED+=$line$'\n'
	done
}

# Index of the first of the LINES for which FILTER is true; nothing if none.
lines_match() {
	[[ -n $1 ]] || return 0
	printf '%s' "$1" | jq -n "[inputs | try (($2) == true) catch false]
	    | index(true) // empty" ||
	    { echo "filter: $2"; printf 'lines: %s' "$1"; return 1; } >&2
}

# Take the line with index $2 of the lines $3 out; the others are kept.
client_take() {
	local -a lines
	local rest=
	mapfile -t lines <<<"${3%$'\n'}"
	LINE=${lines[$2]}
	unset "lines[$2]"
	[[ ${#lines[@]} == 0 ]] || printf -v rest '%s\n' "${lines[@]}"
	CLIENT_KEPT[$1]+=$rest
}

client_missing() {
	echo "$1 did not get: $2 ($WHY); not taken are:"
	printf '%s' "${CLIENT_KEPT[$1]}" | tail -n 20 | cut -c1-400
	return 1
}

client_expect() {
	local name=$1 filter=$2 seconds=${3:-$DEADLINE} end index
	now_ms
	end=$((NOW + seconds * 1000))
	FETCHED=${CLIENT_KEPT[$name]:-}
	CLIENT_KEPT[$name]=
	while :; do
		index=$(lines_match "$FETCHED" "$filter") || return
		if [[ -n $index ]]; then
			client_take "$name" "$index" "$FETCHED"
			return 0
		fi
		CLIENT_KEPT[$name]+=$FETCHED
		now_ms
		client_fetch "$name" $((end > NOW ? end - NOW : 0)) ||
		    { client_missing "$name" "$filter"; return; }
	done
}

client_next() {
	local name=$1 filter=$2 index lines
	if [[ -z ${CLIENT_KEPT[$name]} ]]; then
		client_fetch "$name" $((${3:-$DEADLINE} * 1000)) ||
		    { client_missing "$name" "$filter"; return; }
		CLIENT_KEPT[$name]=$FETCHED
	fi
	lines=${CLIENT_KEPT[$name]}
	index=$(lines_match "${lines%%$'\n'*}"$'\n' "$filter") || return
	[[ $index == 0 ]] ||
	    { WHY='it is not the next'; client_missing "$name" "$filter"; return; }
	LINE=${lines%%$'\n'*}
	CLIENT_KEPT[$name]=${lines#*$'\n'}
}

client_error() {
	client_expect "$1" ".event == \"ERROR\" and .code == \"$2\" and
	    (.message | type) == \"string\" and (${3:-true})"
}

client_get() {
	jq -r "$1" <<<"$LINE"
}

# Everything that the server answered before now is then kept or taken.
client_barrier() {
	local ref=barrier-$RANDOM$RANDOM line=${LINE:-}
	client_send "$1" "{\"command\":\"PING\",\"ref\":\"$ref\"}"
	client_expect "$1" ".event == \"PONG\" and .ref == \"$ref\"" || return
	LINE=$line
}

client_none() {
	local index
	client_barrier "$1" || return
	index=$(lines_match "${CLIENT_KEPT[$1]}" "$2") || return
	[[ -z $index ]] || {
		echo "$1 got what it should not: $2"
		printf '%s' "${CLIENT_KEPT[$1]}" | sed -n "$((index + 1))p"
		return 1
	}
}

client_forget() {
	client_barrier "$1"
	CLIENT_KEPT[$1]=
}

client_count() {
	printf '%s\n' "count $((${3:-$DEADLINE} * 1000)) $2" >&"${CLIENT_CTL[$1]}"
	client_answer "$1" "${3:-$DEADLINE}" || return
	[[ $REPLY == ok ]] ||
	    fail "$1: $REPLY, with $(wc -l <"$T/c/$1.got") of $2 lines"
}

client_record() {
	echo "$T/c/$1.got"
}

received() {
	(($(grep -cF -- "$2" "$T/c/$1.got") >= $3))
}

client_sent() {
	client_ask "$1" sent $((DEADLINE * 1000))
	[[ $REPLY == ok ]] || fail "$1 could not send all: $REPLY"
}

client_stop() {
	client_ask "$1" stop
}

client_go() {
	client_ask "$1" go
}

client_closed() {
	client_ask "$1" end $((${2:-$DEADLINE} * 1000))
	[[ $REPLY == eof ]] || fail "$1 is not closed by the server but: $REPLY"
}

client_close() {
	client_ask "$1" close
}

client_shut() {
	client_ask "$1" shut
}

client_abort() {
	client_ask "$1" abort
}

client_login() {
	[[ -n ${CLIENT_PID[$1]:-} ]] || client_open "$1" || return
	client_send "$1" "{\"command\":\"CONNECT\",\"username\":\"$1\"${2:+,$2}}"
	client_expect "$1" '.event == "CONNECTED"'
}

say() {
	local ref=say-$RANDOM$RANDOM
	client_send "$1" "{\"command\":\"MESSAGE\",\"to\":\"${3:-all}\",\"message\":\"$2\",\"ref\":\"$ref\"${4:+,$4}}"
	client_expect "$1" ".ref == \"$ref\"" || return
	[[ $LINE =~ ^'{"event":"ACK",'.*'"id":'([0-9]+) ]] ||
	    { fail "not an ACK: $LINE"; return; }
	# shellcheck disable=SC2034 # for the caller
	ID=${BASH_REMATCH[1]}
}

# --- chat-client without a terminal ------------------------------------------

# Run it on stdin; what it prints is in out and err.  Its status must be the
# first argument.
chat_client() {
	local status=0 want=$1
	shift
	"$B/bin/chat-client" "$@" >out 2>err 3>&- || status=$?
	[[ $status == "$want" ]] ||
	    { head -c 2000 out err; fail "status $status instead of $want"; }
}

# The same at this test's server, as patient as the test is.
HOST=127.0.0.1
chat() {
	chat_client "$1" --timeout "$DEADLINE" "${@:2}" "$HOST:$PORT"
}
