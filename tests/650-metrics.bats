#!/usr/bin/env bats
#
# chat-metrics: what it tells, in which form, and to whom.

bats_require_minimum_version 1.5.0
load helpers
load metrics

# What a strict reader asks of either format ($1: prometheus, openmetrics).
check_format() {
	awk -v open="$([[ $1 != openmetrics ]] || echo 1)" '
	function bad(why) { print FILENAME ":" FNR ": " why ": " $0; wrong = 1; exit 1 }
	function family_end() {
		if (type == "histogram" && !(inf != "" && count == inf && sum))
			bad("a histogram before is not whole")
		if (name != "" && !samples) bad("a family before has no sample")
	}
	ended { bad("after the end") }
	/^# EOF$/ && open { family_end(); ended = 1; next }
	/^# HELP [a-z_]+ [A-Z].*\.$/ {
		family_end()
		name = $3; type = ""; samples = 0; inf = last = ""; sum = 0
		if (seen[name]++) bad("family twice")
		if (name !~ /^chat_/) bad("not ours")
		next
	}
	/^# TYPE / {
		if ($3 != name || type != "") bad("not of this family")
		type = $4
		if (type !~ (open ? "^(gauge|counter|histogram|info)$" : "^(gauge|counter|histogram)$"))
			bad("no such type")
		if (open && name ~ /_(total|info|bucket|count|sum)$/) bad("reserved name")
		if (!open && (type == "counter") != (name ~ /_total$/)) bad("_total")
		next
	}
	/^# UNIT / {
		if (!open || $3 != name || name !~ ("_" $4 "$")) bad("unit")
		next
	}
	/^#/ { bad("no such comment") }
	!/^[a-z_]+(\{[a-z]+="[A-Za-z0-9_.+]+"\})? [0-9]+(\.[0-9]+)?$/ { bad("no sample") }
	{
		if (series[$1]++) bad("series twice")
		base = $1; sub(/\{.*/, "", base)
		rest = substr(base, length(name) + 1)
		if (substr(base, 1, length(name)) != name) bad("of another family")
		if (type == "") bad("without a type")
		wanted = type == "histogram" ? "^_(bucket|sum|count)$" : \
		    !open || type == "gauge" ? "^$" : \
		    type == "counter" ? "^_total$" : "^_info$"
		if (rest !~ wanted) bad("suffix")
		samples++
		if (rest == "_bucket") {
			le = $1; sub(/.*le="/, "", le); sub(/".*/, "", le)
			if (inf != "" || (last != "" && le != "+Inf" && le + 0 <= last + 0))
				bad("order of buckets")
			if (last != "" && $2 + 0 < n) bad("buckets decrease")
			last = le; n = $2 + 0
			if (le == "+Inf") inf = $2
		} else if (rest == "_sum") sum = 1
		else if (rest == "_count") count = $2
	}
	END {
		if (wrong) exit 1
		if (open && !ended) { print "no end"; exit 1 }
		family_end()
	}' "$2"
}

@test "both formats are as their readers want them, with and without a server" {
	"$B/bin/chat-metrics" >none
	check_format prometheus none
	assert_eq "$(awk '$1 ~ /^chat_build/ { print $1 }' none)" \
	    "chat_build_info{version=\"$("$B/bin/chat-metrics" --version |
	    cut -d' ' -f2)\"}"
	server_start
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.event == "MESSAGE"'
	wait_for is chat_users 2
	"$B/bin/chat-metrics" >prometheus
	"$B/bin/chat-metrics" --openmetrics >openmetrics
	check_format prometheus prometheus
	check_format openmetrics openmetrics
	(($(grep -c '^# TYPE' prometheus) >= 28))
	# They differ in nothing else.
	assert_eq "$(grep -v '^#' openmetrics | cut -d' ' -f1)" \
	    "$(grep -v '^#' prometheus | cut -d' ' -f1)" samples
	# And the check would see what is wrong.
	sed 's/^\(chat_logins_total\) .*/&\n&/' prometheus >wrong
	run -1 check_format prometheus wrong
	sed '/^chat_commit_seconds_count/s/ .*/ 99/' prometheus >wrong
	run -1 check_format prometheus wrong
	grep -v '^# EOF' openmetrics >wrong
	run -1 check_format openmetrics wrong
}

@test "connections, messages and deliveries are counted" {
	server_start
	client_login alice
	client_login bob
	say alice one
	say alice two
	client_expect bob '.message == "two"'
	client_send alice '{"command":"HISTORY"}'
	client_expect alice '.event == "HISTORY"'
	wait_for is chat_sessions 2
	is chat_connections 2
	is chat_relay_up 1
	is chat_logins_total 2
	is chat_messages_stored_total 2
	is 'chat_messages_delivered_total{by="relay"}' 2
	is chat_commit_seconds_count 2
	is chat_history_query_seconds_count 1
	wait_for is chat_delivery_seconds_count "$(value chat_delivery_seconds_count)"
	# No message was older than ten seconds, none from the future.
	assert_eq "$(value 'chat_delivery_seconds_bucket{le="10.0"}')" \
	    "$(value chat_delivery_seconds_count)"
	(($(value chat_delivery_seconds_count) >= 1))
	(($(value 'chat_session_pss_bytes{stat="max"}') > 50000))
	(($(value chat_relay_pss_bytes) > 50000))
	is chat_database_bytes "$(stat -c %s "$CHAT_DB")"
	(($(value chat_disk_free_bytes) > 0))

	# One whom it was not relayed to reads it.
	client_open carol
	client_send carol '{"command":"CONNECT","username":"carol","since":0}'
	client_expect carol '.message == "two"'
	is 'chat_messages_delivered_total{by="store"}' 2
	(($(value chat_catch_ups_total) >= 1))
	(($(value chat_catch_up_query_seconds_count) >= 1))

	client_send alice '{"command":"DISCONNECT"}'
	client_closed alice
	client_close bob
	wait_for is chat_connections 1
	is 'chat_connections_ended_total{outcome="disconnected"}' 1
	is 'chat_connections_ended_total{outcome="closed"}' 1
	client_send carol "$(printf '%0100000d' 0)"
	client_error carol LINE_TOO_LONG
	is 'chat_connections_ended_total{outcome="line_too_long"}' 1
	is 'chat_errors_total{code="LINE_TOO_LONG"}' 1
}

@test "counters outlive every process, whatever kills it" {
	server_start
	client_login alice
	client_login bob
	say alice one
	client_expect bob '.message == "one"'
	session_kill alice
	wait_for is 'chat_connections_ended_total{outcome="died"}' 1
	client_close bob
	server_stop
	is chat_relay_up 0
	wait_for is chat_connections 0
	run -1 value chat_users
	server_start
	client_open alice
	client_login alice
	say alice two
	is chat_messages_stored_total 2
	is chat_logins_total 3
	is 'chat_messages_delivered_total{by="relay"}' 1
}

@test "errors, failed logins and waits for the rate limit are counted" {
	local i
	export CHAT_RATE=1 CHAT_BURST=2
	server_start
	client_open alice
	client_send alice '{"command":"CONNECT","username":"alice","token":"no"}'
	client_error alice AUTH_FAILED
	is chat_login_failures_total 1
	is 'chat_errors_total{code="AUTH_FAILED"}' 1
	# (At once, or a slow machine has enough for each when it comes.)
	for i in 1 2 3 4; do
		echo '{"command":"PINGPONG"}'
	done | client_raw alice
	for i in 1 2 3 4; do
		client_error alice UNKNOWN_COMMAND
	done
	is 'chat_errors_total{code="UNKNOWN_COMMAND"}' 4
	(($(value chat_rate_limit_waits_total) >= 1))
	is chat_connections 1
}

@test "there is a counter for each code of docs/API.md, and for no other" {
	server_start
	value 'chat_errors_total{code="OTHER"}'
	# shellcheck disable=SC2016
	sed -n '/^# Error codes/,/^# [^E]/s/^| `\([A-Z_]*\)` .*/\1/p' \
	    "$ROOT/docs/API.md" | sort >api
	(($(wc -l <api) > 20))
	assert_eq "$(sed -n 's/^chat_errors_total{code="\(.*\)"} .*/\1/p' \
	    "$T/metrics" | grep -vx OTHER | sort)" "$(<api)" codes
	# What ends a session ends it by a word that is counted.
	{
		grep -Pzoh 'session_end\(s, "\K[a-z_]+' "$ROOT"/chat-session/*.c
		grep -Pzoh 'session_end_error\(s, "\K[A-Z_]+' \
		    "$ROOT"/chat-session/*.c | tr '[:upper:]' '[:lower:]'
	} | tr '\0' '\n' | sort -u >ends
	assert_eq "$(sed -n 's/^chat_connections_ended_total{outcome="\(.*\)"} .*/\1/p' \
	    "$T/metrics" | grep -vxE 'other|died' | sort)" "$(<ends)" outcomes
}

@test "a file is replaced as a whole, and left alone when that fails" {
	local status=0
	"$B/bin/chat-metrics" --file chat.prom
	check_format prometheus chat.prom
	assert_eq "$(stat -c %a chat.prom)" 644 mode
	echo old >chat.prom
	"$B/bin/chat-metrics" --file chat.prom
	check_format prometheus chat.prom
	"$B/bin/chat-metrics" --file nowhere/chat.prom 2>why || status=$?
	assert_eq "$status" 73 status
	grep -q 'make a file in the directory of nowhere/chat.prom: No such' why
	# Nor is a directory replaced, and nothing stays beside it.
	mkdir folder
	"$B/bin/chat-metrics" --file folder 2>why || status=$?
	assert_eq "$status" 73 status
	grep -q 'cannot write folder: ' why
	assert_eq "$(ls -d chat.prom* folder*)" $'chat.prom\nfolder' "files"
	"$B/bin/chat-metrics" >/dev/full 2>why || status=$?
	assert_eq "$status" 73 status
}

@test "wrong usage has status 64, a wrong configuration 78" {
	run -64 "$B/bin/chat-metrics" --nothing
	run -64 "$B/bin/chat-metrics" more
	run -64 "$B/bin/chat-metrics" --http --file chat.prom
	CHAT_LOG_LEVEL=LOUD run -78 "$B/bin/chat-metrics"
	[[ $output == *CHAT_LOG_LEVEL* ]]
}

@test "a shared page that was removed is filled in anew" {
	server_start
	client_login alice
	wait_for is chat_sessions 1
	rm "$CHAT_RUNTIME_DIR/shared"
	wait_for is chat_sessions 1
	is chat_relay_up 1
}

@test "alerts and dashboard ask for nothing that is not told" {
	local n
	server_start
	client_login alice
	wait_for is chat_sessions 1
	grep -o '^chat_[a-z_]*' metrics | sort -u >told
	for n in alerts.yml dashboard.json; do
		grep -oE '\bchat_[a-z_]+' "$ROOT/contrib/prometheus/$n" |
		    sort -u >asked
		(($(wc -l <asked) > 10))
		assert_eq "$(comm -13 told asked)" "" "unknown metrics of $n"
	done
	jq -e '.panels | all(.targets | length > 0)' \
	    "$ROOT/contrib/prometheus/dashboard.json" >/dev/null
}

@test "bash completes the options that --help tells, and else files" {
	# shellcheck source=contrib/chat-metrics/completion.bash
	source "$ROOT/contrib/chat-metrics/completion.bash"
	completed() {
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		PATH=$B/bin:$PATH _chat_metrics
		echo "${COMPREPLY[*]}"
	}
	assert_eq "$(completed chat-metrics --)" \
	    '--file --help --http --openmetrics --version'
	assert_eq "$(completed chat-metrics --o)" --openmetrics
	assert_eq "$(completed chat-metrics --openmetrics --f)" --file
	assert_eq "$(completed chat-metrics --file --h)" ''
	assert_eq "$(completed chat-metrics nothing)" ''
	complete -p chat-metrics | grep -q -e '-o default'
	# Each of them is one that the program takes.
	for option in $(completed chat-metrics --); do
		"$B/bin/chat-metrics" "$option" 2>&1 </dev/null |
		    not grep -q unrecognized
	done
}

@test "the manual names each metric, and no other" {
	server_start
	client_login alice
	wait_for is chat_sessions 1
	grep -o '^chat_[a-z_]*' metrics |
	    sed -E 's/_seconds_(bucket|sum|count)$/_seconds/' | sort -u >told
	sed -n '/^\.Sh METRICS/,/^\.Sh ENV/p' \
	    "$ROOT/contrib/chat-metrics/chat-metrics.8" | grep '^\.It' |
	    grep -o 'chat_[a-z_]*' | sort -u >manual
	assert_eq "$(cat manual)" "$(cat told)" metrics
}

# --- HTTP --------------------------------------------------------------------

# The answer to what standard input has, which is all sent at once.
ask() {
	local fd
	exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
	# (It may have had enough before.)
	{ cat >&"$fd"; } 2>/dev/null || :
	cat <&"$fd" >"$T/answer" || :
	exec {fd}>&-
}

# answers STATUS FORMAT [ARGUMENT...]: as printf makes it of these.
answers() {
	local wanted=$1
	shift
	# shellcheck disable=SC2059 # requests are formats
	printf "$@" | ask
	assert_eq "$(head -n 1 "$T/answer" | tr -d '\r')" "HTTP/1.1 $wanted" \
	    "status for $1"
	grep -qx $'Connection: close\r' "$T/answer"
	assert_eq "$(sed '1,/^\r$/d' "$T/answer" | wc -c)" \
	    "${BODY-$(sed -n 's/^Content-Length: \([0-9]*\)\r$/\1/p' "$T/answer")}" \
	    "length of the body"
}

@test "a scrape gets the format that it accepts" {
	server_start
	client_login alice
	scrapes_start
	answers '200 OK' 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
	grep -q $'^Content-Type: text/plain; version=0.0.4; charset=utf-8\r$' answer
	sed '1,/^\r$/d' answer >text
	check_format prometheus text
	grep -qx 'chat_connections 1' text
	answers '200 OK' 'GET /metrics HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n' \
	    'accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.3'
	grep -q $'^Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r$' answer
	sed '1,/^\r$/d' answer >text
	check_format openmetrics text
	answers '200 OK' 'GET /metrics?x=1 HTTP/1.0\r\n\r\n'
	BODY=0 answers '200 OK' 'HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
	grep -Eq $'^Content-Length: [1-9][0-9]{3,}\r$' answer
}

@test "whatever else comes gets the status that fits, and no more" {
	local host='Host: x\r\n\r\n'
	scrapes_start
	answers '404 Not Found' "GET / HTTP/1.1\r\n$host"
	answers '404 Not Found' "GET /metricsx HTTP/1.1\r\n$host"
	answers '404 Not Found' "GET /metrics/../metrics HTTP/1.1\r\n$host"
	answers '405 Method Not Allowed' "POST /metrics HTTP/1.1\r\n$host%s" \
	    "chat_connections 9"
	grep -qx $'Allow: GET, HEAD\r' answer
	answers '400 Bad Request' "get\r\n$host"
	answers '400 Bad Request' "GET /metrics\r\n$host"
	answers '400 Bad Request' "GET  /metrics HTTP/1.1\r\n$host"
	answers '400 Bad Request' "GET /metrics HTTP/1.1 x\r\n$host"
	answers '400 Bad Request' "GET http://x/metrics HTTP/1.1\r\n$host"
	answers '400 Bad Request' "GET /metrics\033[31m HTTP/1.1\r\n$host"
	answers '400 Bad Request' "GET /metrics\\0 HTTP/1.1\r\n$host"
	answers '400 Bad Request' 'GET /metrics HTTP/1.1\r\n\r\n'
	answers '400 Bad Request' "GET /metrics HTTP/1.1\r\nHost: x\r\n$host"
	answers '400 Bad Request' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
	answers '505 HTTP Version Not Supported' "GET /metrics HTTP/3.0\r\n$host"
	answers '400 Bad Request' '\x16\x03\x01\x02\0\x01\0\x01\xfc'
	# Just what is allowed, and a byte more.
	answers '200 OK' 'GET /metrics HTTP/1.1\r\nHost: x\r\nX: %08153d\r\n\r\n' 0
	answers '431 Request Header Fields Too Large' \
	    'GET /metrics HTTP/1.1\r\nHost: x\r\nX: %08154d\r\n\r\n' 0
	answers '414 URI Too Long' 'GET /%09000d' 0
	answers '431 Request Header Fields Too Large' 'GET / HTTP/1.1\r\n%0100000d' 0
	head -c 100000 /dev/urandom | ask
	# Who is gone before the answer harms nobody.
	: | { exec 9<>"/dev/tcp/127.0.0.1/$PORT"; printf 'GET /metr' >&9; exec 9>&-; }
	answers '200 OK' "GET /metrics HTTP/1.1\r\n$host"
}

# Bytes that come too slowly, until the other side has had enough.
trickle() {
	local fd i got=
	exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
	for ((i = 0; i < 100; i++)); do
		{ printf 'GET /metrics HTTP/1.1\r\nX: ' >&"$fd"; } 2>/dev/null ||
		    break
		IFS= read -r -t 0.1 -u "$fd" REPLY && break
		got+=$REPLY
	done
	exec {fd}>&-
	printf '%s\n' "$got$REPLY" >"$T/trickled"
}

@test "a request that is not there after HTTP_WAIT is answered and ended" {
	local begin took slow
	scrapes_start
	now_ms
	begin=$NOW
	trickle 3>&- &
	slow=$!
	answers '408 Request Timeout' 'GET /metrics HTTP/1.1\r\n'
	now_ms
	took=$((NOW - begin))
	((took >= 5000 && took < 30000)) || fail "after $took ms"
	wait "$slow"
	assert_eq "$(tr -d '\r' <trickled)" 'HTTP/1.1 408 Request Timeout'
}

@test "a session has the page of counts mapped once, for its store too" {
	local pid
	server_start
	client_login alice
	pid=$(session_pid alice)
	[[ -r /proc/$pid/maps ]] || skip 'only root looks into a session'
	assert_eq "$(grep -c "$CHAT_RUNTIME_DIR/shared" "/proc/$pid/maps")" 1
}
