#!/usr/bin/env bats
# HISTORY: pages of a conversation, both ways, with their bounds.

load helpers

# Fill the log: alice says 1 to N.
fill() {
	seq -f '{"command":"MESSAGE","to":"all","message":"%.0f"}' "$1" |
	    client_raw alice
	client_barrier alice
}

page() {
	client_send "$1" "{\"command\":\"HISTORY\",\"ref\":\"page\"${2:+,$2}}"
	client_expect "$1" '.event == "HISTORY" and .ref == "page"'
}

texts() {
	client_get '[.messages[].message] | join(" ")'
}

@test "a page holds the newest messages, ascending, with all their members" {
	server_start
	client_login alice
	fill 10
	page alice '"limit":3'
	assert_eq "$(texts)" '8 9 10'
	assert_eq "$(client_get '.with, .more, (.messages[0] | keys | join(" "))' | paste -sd ' ')" \
	    'all true from id message timestamp to'
	assert_eq "$(client_get '.messages[0] | .from, .to' | paste -sd ' ')" 'alice all'
	page alice '"limit":10'
	assert_eq "$(client_get .more)" false
	page alice '"limit":11'
	assert_eq "$(client_get '.more, (.messages | length)' | paste -sd ' ')" 'false 10'
}

@test "an empty log is an empty page" {
	server_start
	client_login alice
	page alice '"limit":5'
	assert_eq "$(client_get '[.messages, .more] | @json')" '[[],false]'
}

@test "without a limit a page comes all the same" {
	server_start
	client_login alice
	fill 5
	page alice
	assert_eq "$(texts)" '1 2 3 4 5'
}

@test "before and after name the neighbours, and more says if there are others" {
	server_start
	client_login alice
	fill 9
	page alice '"limit":9'
	mapfile -t ids < <(client_get '.messages[].id')
	page alice "\"limit\":2,\"before\":${ids[4]}"
	assert_eq "$(texts) $(client_get .more)" '3 4 true'
	page alice "\"limit\":4,\"before\":${ids[4]}"
	assert_eq "$(texts) $(client_get .more)" '1 2 3 4 false'
	page alice "\"limit\":2,\"after\":${ids[4]}"
	assert_eq "$(texts) $(client_get .more)" '6 7 true'
	page alice "\"limit\":4,\"after\":${ids[4]}"
	assert_eq "$(texts) $(client_get .more)" '6 7 8 9 false'
	page alice "\"limit\":9,\"after\":${ids[2]},\"before\":${ids[6]}"
	assert_eq "$(texts) $(client_get .more)" '4 5 6 false'
	page alice "\"limit\":2,\"after\":0"
	assert_eq "$(texts) $(client_get .more)" '1 2 true'
	page alice "\"limit\":2,\"before\":${ids[0]}"
	assert_eq "$(client_get '[.messages, .more] | @json')" '[[],false]'
	page alice "\"limit\":2,\"after\":${ids[8]}"
	assert_eq "$(client_get '[.messages, .more] | @json')" '[[],false]'
}

@test "paging backwards and forwards meets every message once" {
	server_start
	client_login alice
	fill 50
	for way in before after; do
		: >ids
		from=
		[[ $way == before ]] || from=',"after":0'
		for ((n = 0; n < 20; n++)); do
			page alice "\"limit\":7$from"
			client_get '.messages[].id' >>ids
			[[ $(client_get .more) == true ]] || break
			if [[ $way == before ]]; then
				from=",\"before\":$(client_get '.messages[0].id')"
			else
				from=",\"after\":$(client_get '.messages[-1].id')"
			fi
		done
		assert_eq "$(sort -nu ids | wc -l) $(wc -l <ids)" '50 50' "$way"
	done
}

@test "a page holds at most 1000 messages" {
	server_start
	client_login alice
	fill 1005
	page alice '"limit":5000'
	assert_eq "$(client_get '[(.messages | length), .more, .messages[0].message,
	    .messages[-1].message] | @json')" '[1000,true,"6","1005"]'
	page alice '"limit":1000,"after":0'
	assert_eq "$(client_get '[(.messages | length), .more, .messages[0].message,
	    .messages[-1].message] | @json')" '[1000,true,"1","1000"]'
}

@test "a page holds at most 1 MiB, and paging on meets every message" {
	server_start
	client_login alice
	body=$(printf 'x%.0s' {1..4000})
	for i in {1..400}; do
		echo "{\"command\":\"MESSAGE\",\"to\":\"all\",\"message\":\"$i$body\"}"
	done | client_raw alice
	client_barrier alice
	for way in before after; do
		: >ids
		from=
		[[ $way == before ]] || from=',"after":0'
		for ((n = 0; n < 5; n++)); do
			page alice "\"limit\":1000$from"
			((${#LINE} <= 1048576 + 256)) || fail "a page of ${#LINE} bytes"
			client_get '.messages[].id' >>ids
			[[ $(client_get .more) == true ]] || break
			from=",\"$way\":$(client_get ".messages[$([[ $way == before ]] && echo 0 || echo -1)].id")"
		done
		assert_eq "$n $(sort -nu ids | wc -l) $(wc -l <ids)" '1 400 400' "$way"
	done
}

@test "HISTORY with a user holds both directions and nothing of others" {
	server_start
	for who in alice bob carol; do
		client_login "$who"
	done
	say alice to-bob-1 bob
	say bob to-alice-1 alice
	say carol to-bob bob
	say alice to-carol carol
	say bob public
	say alice to-bob-2 bob
	page alice '"with":"bob","limit":10'
	assert_eq "$(texts)" 'to-bob-1 to-alice-1 to-bob-2'
	assert_eq "$(client_get .with)" bob
	page bob '"with":"ALICE","limit":10'
	assert_eq "$(texts)" 'to-bob-1 to-alice-1 to-bob-2'
	page bob '"with":"carol","limit":10'
	assert_eq "$(texts)" to-bob
	page carol '"limit":10'
	assert_eq "$(texts)" public
	page alice '"with":"all","limit":10'
	assert_eq "$(texts)" public
}

@test "paging through a private conversation keeps the order of both directions" {
	server_start
	client_login alice
	client_login bob
	for i in {1..9}; do
		if ((i % 3)); then say alice "$i" bob; else say bob "$i" alice; fi
	done
	page alice '"with":"bob","limit":4'
	assert_eq "$(texts) $(client_get .more)" '6 7 8 9 true'
	page alice "\"with\":\"bob\",\"limit\":4,\"before\":$(client_get '.messages[0].id')"
	assert_eq "$(texts) $(client_get .more)" '2 3 4 5 true'
	page alice '"with":"bob","limit":4,"after":0'
	assert_eq "$(texts) $(client_get .more)" '1 2 3 4 true'
}

@test "HISTORY with a name that nobody ever had is NO_SUCH_USER" {
	server_start
	client_login alice
	for with in nobody '' 'a b'; do
		client_send alice "{\"command\":\"HISTORY\",\"with\":\"$with\",\"limit\":1,\"ref\":\"1\"}"
		client_error alice NO_SUCH_USER '.ref == "1"'
	done
}

@test "a wrong member of HISTORY is a BAD_REQUEST that names it" {
	server_start
	client_login alice
	while read -r member line; do
		client_send alice "{\"command\":\"HISTORY\",$line,\"ref\":\"r\"}"
		client_error alice BAD_REQUEST ".ref == \"r\" and
		    (.message | contains(\"$member\"))" || fail "$line"
	done <<-'END'
		limit "limit":0
		limit "limit":-5
		limit "limit":"10"
		limit "limit":2.5
		limit "limit":null
		before "limit":1,"before":"1"
		before "limit":1,"before":-1
		after "limit":1,"after":-1
		after "limit":1,"after":[]
		with "limit":1,"with":1
		with "limit":1,"with":["all"]
	END
}

@test "history shows text as it was sent, and the same time as the event" {
	server_start
	client_login alice
	client_login bob
	say alice 'a\"b\\\\c\né😀'
	client_expect bob '.event == "MESSAGE"'
	event=$LINE
	page bob '"limit":1'
	assert_eq "$(client_get '.messages[0] | tojson | fromjson | tojson' | jq -cS .)" \
	    "$(jq -cS 'del(.event)' <<<"$event")"
}
