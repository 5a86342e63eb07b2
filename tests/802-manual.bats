#!/usr/bin/env bats
#
# The manual pages are well-formed and say what the programs do: keys with
# their defaults and ranges, limits, exit statuses, events of the log.

load helpers

MANUAL=$ROOT/chat-session/chat-session.8
CONF=$ROOT/docs/chat.conf.5

@test "all manual pages are well-formed" {
	pages=("$ROOT"/chat-*/*.[1-8] "$ROOT"/contrib/*/*.[1-8]
	    "$ROOT"/docs/*.[1-8] "$ROOT"/tests/load/*.[1-8])
	for page in "${pages[@]}"; do
		[[ -e $page ]]
	done
	# Other manuals may not be installed here.
	mandoc -Tlint -Wstyle "${pages[@]}" >lint 2>/dev/null || :
	if grep -v 'referenced manual not found' lint; then
		fail "mandoc has something to say"
	fi
}

# "KEY default" and "KEY default; range" from --help.
keys_of_help() {
	"$B/bin/chat-session" --help | sed -n '
		s/^  \(CHAT_[A-Z_]*\) .* \[\(.*\)\]$/\1 \2/p
		s/^  \(CHAT_[A-Z_]*\) .* \[\(.*\)\] (\(.*\))$/\1 \2; \3/p'
}

keys_of_manual() {
	sed -n '/^\.It Ev CHAT_CONFIG/d
		s/^\.It Ev \(CHAT_[A-Z_]*\) Pq \(Pa \)\{0,1\}\(.*\)$/\1 \3/p' \
	    "$CONF" | sed '/[A-Za-z],/s/, / /g'
}

@test "the manual has each key with its default and range" {
	keys_of_help >help
	(($(wc -l <help) >= 8))
	assert_eq "$(keys_of_manual)" "$(cat help)" keys
}

@test "the sample configuration shows each key with its default" {
	keys_of_help | sed 's/^\([A-Z_]*\) \([^;]*\).*/#\1=\2/' | sort >help
	assert_eq "$(grep -o '^#CHAT_[A-Z_]*=.*' "$ROOT/contrib/chat.conf" |
	    sort)" "$(cat help)" keys
}

# "NAME VALUE" of each limit; the shell evaluates what C would.
limits_of_source() {
	sed -n 's/^#define \([A-Z_]*\)[ 	]*\([0-9(][^/]*\).*/\1 \2/p' \
	    "$ROOT/lib/limit.h" | while read -r name value; do
		echo "$name $((${value//LL/}))"
	done
}

# "NAME VALUE" where a list of limits begins with the value.
limits_of_manuals() {
	awk '/^\.It Dv [A-Z_]*$/ {
			name = $3
			getline
			if ($1 ~ /^[0-9]+$/) print name, $1
		}' "$ROOT"/chat-*/*.8 "$ROOT"/contrib/*/*.8
}

@test "the manuals have each limit, and no other value for it" {
	limits_of_source | sort >source
	(($(wc -l <source) > 40))
	limits_of_manuals | sort -u >manual
	(($(wc -l <manual) > 25))
	assert_eq "$(comm -13 source manual)" "" "limits that are none or not so"
	while read -r name _; do
		grep -qw "$name" "$ROOT"/chat-*/*.8 "$ROOT"/contrib/*/*.8 ||
		    fail "no manual page has $name"
	done <source
}

@test "each exit status of the manual happens" {
	mkdir -p "$T/run/sessions"
	expect_status 0 "$B/bin/chat-session" --version
	expect_status 0 "$B/bin/chat-session" </dev/null
	expect_status 64 "$B/bin/chat-session" --no-such-option
	expect_status 64 "$B/bin/chat-session" argument
	CHAT_LOG_LEVEL=LOUD expect_status 78 "$B/bin/chat-session" </dev/null
	need_strace
	expect_status 71 strace -qq -o trace \
	    -e inject=ppoll,ppoll_time64:error=ENOMEM \
	    "$B/bin/chat-session" </dev/null
	# (77 is shown in 100-transports, 65 and 69 in 335-upgrade-refused.)
	assert_eq "$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It //p' \
	    "$MANUAL" | tr '\n' ' ')" "0 64 65 69 71 77 78 " "statuses in the manual"
}

expect_status() {
	local wanted=$1 status=0
	shift
	"$@" >"$T/log/status" 2>&1 3>&- || status=$?
	assert_eq "$status" "$wanted" "exit status of $*"
}

# The last string in each call of log_event() that is one word; reasons of
# an end; and codes that end a session, which are logged in lower case.
events_of_source() {
	{
		grep -Pzoh 'log_event\(LEVEL_[A-Z]+,\s*"\K[a-z_]+' \
		    "$ROOT"/chat-session/*.c
		grep -Pzoh 'session_end\(s, "\K[a-z_]+' "$ROOT"/chat-session/*.c
		grep -Pzoh 'session_end_error\(s, "\K[A-Z_]+' \
		    "$ROOT"/chat-session/*.c | tr '[:upper:]' '[:lower:]'
	} | tr '\0' '\n' | sort -u
}

@test "the manual has each event of the log, and no others" {
	[[ $(events_of_source) == *connected*disconnected*timeout* ]]
	assert_eq "$(sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE ALSO/s/^\.It Cm //p' \
	    "$MANUAL" | sort -u)" "$(events_of_source)" "events of the log"
}

# "PROGRAM EVENT" of each event that the manuals have.
events_of_manuals() {
	local program
	for program in chat-session chat-notify contrib/chat-metrics; do
		sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE ALSO/s/^\.It Cm //p' \
		    "$ROOT/$program/${program##*/}.8" | sed "s,^,${program##*/} ,"
	done
}

@test "each event has an id of its own, and the catalog explains it" {
	events_of_manuals | sort >manual
	(($(wc -l <manual) > 40))
	sed -n 's/^\t{ \([A-Z]*\), "\([a-z_]*\)", *"\?\([0-9a-f]*\)"\? },$/\1 \2 \3/p' \
	    "$ROOT/lib/log-id.c" | sed 's/^NOTIFY/chat-notify/; s/^METRICS/chat-metrics/
	    s/^SESSION/chat-session/' | sort >ids
	assert_eq "$(cut -d' ' -f1,2 ids)" "$(cat manual)" "events with an id"
	assert_eq "$(awk '{ print $3 }' ids | sort | uniq -d)" "" "same ids"
	assert_eq "$(awk '/^-- / { id = $2 } /^Defined-By: / { print $2, id }' \
	    "$ROOT/units/chat.catalog" | sort)" \
	    "$(awk '{ print $1, $3 }' ids | sort)" "ids of the catalog"
	# What happened, and what to do.
	assert_eq "$(grep -c '^Subject: .' "$ROOT/units/chat.catalog")" \
	    "$(wc -l <ids)" subjects
	assert_eq "$(grep -c '^To do: .' "$ROOT/units/chat.catalog")" \
	    "$(wc -l <ids)" advice
}

@test "chat-client's manual has the keys, commands and settings of its tables" {
	cp "$ROOT/chat-client/chat-client.1" page
	"$ROOT/tests/manual" "$B/client-sections" page keys commands settings
	(($(grep -c '^\.It' page) > 80))
	diff -u "$ROOT/chat-client/chat-client.1" page ||
	    fail 'run "make manual"'
	# What may be left out may be so alone.
	mandoc -T ascii page | sed 's/.\x08//g' >text
	grep -Fq '/history [NAME] [N]' text
}
