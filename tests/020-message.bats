#!/usr/bin/env bats
# MESSAGE: to all and in private, its answers and its errors.

load helpers

message() {
	echo "{\"command\":\"MESSAGE\",\"to\":\"$1\",\"message\":\"$2\"${3:+,\"ref\":\"$3\"}}"
}

@test "a message to all reaches everybody else, once, with all its members" {
	server_start
	client_login alice
	client_login bob
	client_login carol
	client_send alice "$(message all 'hello you' m1)"
	client_expect alice '.event == "ACK" and .ref == "m1" and (.id | type == "number")
	    and (.timestamp | test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z$"))
	    and (has("repaired") | not)'
	ack=$LINE
	for who in bob carol; do
		client_expect "$who" '.event == "MESSAGE"'
		assert_eq "$(jq -cS . <<<"$LINE")" "$(jq -cS '{event: "MESSAGE",
		    from: "alice", to: "all", message: "hello you", id, timestamp}' \
		    <<<"$ack")"
	done
	say alice end
	client_expect bob '.message == "end"'
	client_none bob '.event == "MESSAGE"'
}

@test "the sender does not get its own message on the connection that sent it" {
	server_start
	client_login alice
	client_login bob
	say alice one
	say bob two
	client_expect alice '.event == "MESSAGE" and .message == "two"'
	client_none alice '.event == "MESSAGE"'
}

@test "a private message is seen by its recipient and nobody else" {
	server_start
	for who in alice bob carol; do
		client_login "$who"
	done
	say alice secret bob
	client_expect bob '.event == "MESSAGE" and .from == "alice" and .to == "bob"
	    and .message == "secret"'
	# Whatever carol will ever get of it has come before this.
	say alice end
	client_expect carol '.message == "end"'
	client_none carol 'tostring | contains("secret")'
	not grep -q secret "$(client_record carol)"
	client_send carol '{"command":"HISTORY","limit":100,"ref":"all"}'
	client_expect carol '.event == "HISTORY"'
	for with in alice bob carol; do
		client_send carol "{\"command\":\"HISTORY\",\"with\":\"$with\",\"limit\":100,\"ref\":\"$with\"}"
		client_expect carol ".ref == \"$with\" and (.messages | length == 0)"
	done
	not grep -q secret "$(client_record carol)"
}

@test "a message to oneself is stored and acknowledged" {
	server_start
	client_login alice
	say alice note alice
	client_send alice '{"command":"HISTORY","with":"alice","limit":5}'
	client_expect alice '.event == "HISTORY" and (.messages | length == 1) and
	    .messages[0].message == "note" and .messages[0].to == "alice"'
}

@test "a recipient is found in any case and named as it is spelt" {
	server_start
	client_login alice
	client_open bob
	client_send bob '{"command":"CONNECT","username":"BoB"}'
	client_expect bob '.event == "CONNECTED" and .username == "BoB"'
	client_send alice "$(message bOb hi 1)"
	client_expect alice '.event == "ACK"'
	client_expect bob '.event == "MESSAGE" and .to == "BoB" and .message == "hi"'
}

@test "all is a recipient in lower case; other spellings are no user" {
	server_start
	client_login alice
	client_send alice "$(message ALL hi 1)"
	client_expect alice '.ref == "1" and (.event == "ACK" or .code == "BAD_REQUEST"
	    or .code == "NO_SUCH_USER")'
}

@test "to a name that is neither online nor registered: NO_SUCH_USER" {
	server_start
	client_login alice
	client_send alice "$(message nobody hi 1)"
	client_error alice NO_SUCH_USER '.ref == "1"'
	client_login bob
	client_send bob '{"command":"DISCONNECT"}'
	client_closed bob
	client_expect alice '.event == "LEFT"'
	client_send alice "$(message bob hi 2)"
	client_error alice NO_SUCH_USER '.ref == "2"'
	assert_eq "$(db 'select count(*) from messages')" 0
}

@test "a missing or wrong member of MESSAGE is a BAD_REQUEST that names it" {
	server_start
	client_login alice
	while read -r member line; do
		client_send alice "{\"command\":\"MESSAGE\",$line,\"ref\":\"r\"}"
		client_error alice BAD_REQUEST ".ref == \"r\" and
		    (.message | contains(\"$member\"))"
	done <<-'END'
		to "message":"x"
		to "to":1,"message":"x"
		to "to":null,"message":"x"
		to "to":["all"],"message":"x"
		message "to":"all"
		message "to":"all","message":1
		message "to":"all","message":null
		message "to":"all","message":{"a":1}
		message "to":"all","message":""
		message "to":"all","message":"\u0000\u0007\u007f\u0085\r"
		timestamp "to":"all","message":"x","timestamp":1
	END
	assert_eq "$(db 'select count(*) from messages')" 0
}

@test "a recipient that cannot be a user name is refused" {
	server_start
	client_login alice
	for to in '' 'a b' 'x/../y' abcdefghijklmnopqrstuvwxyz0123456; do
		client_send alice "$(message "$to" hi r)"
		client_expect alice '.event == "ERROR" and .ref == "r" and
		    (.code == "NO_SUCH_USER" or .code == "BAD_REQUEST" or
		     .code == "BAD_USERNAME")'
	done
}

@test "from is set by the server alone" {
	server_start
	client_login alice
	client_login bob
	client_send alice '{"command":"MESSAGE","from":"carol","to":"all","message":"x","id":1,"timestamp":"1970-01-01T00:00:00Z"}'
	client_expect bob '.event == "MESSAGE" and .from == "alice" and
	    (.timestamp | startswith("20"))'
}

@test "a message may be as long as the limit and not one byte more" {
	export CHAT_MESSAGE_MAX_SIZE=100
	server_start
	client_login alice
	assert_eq "$(client_get .limits.message_max_size)" 100
	client_login bob
	full=$(printf 'x%.0s' {1..100})
	client_send alice "$(message all "$full" 1)"
	client_expect alice '.event == "ACK" and .ref == "1"'
	client_expect bob ".message == \"$full\""
	client_send alice "$(message all "x$full" 2)"
	client_error alice TOO_LARGE '.ref == "2" and .limit == 100'
	# The limit counts bytes: 50 characters of two bytes fit, 51 do not.
	wide=$(printf 'é%.0s' {1..50})
	client_send alice "$(message all "$wide" 3)"
	client_expect alice '.event == "ACK" and .ref == "3"'
	client_send alice "$(message all "${wide}é" 4)"
	client_error alice TOO_LARGE '.ref == "4"'
}

@test "the limit counts what is left after decoding and removal" {
	export CHAT_MESSAGE_MAX_SIZE=10
	server_start
	client_login alice
	client_send alice "$(message all '\u0041\u0042\u0043\u0044\u0045\u0046\u0047\u0048\u0049\u004a' 1)"
	client_expect alice '.event == "ACK" and .ref == "1"'
	client_send alice "$(message all '\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008x' 2)"
	client_expect alice '.event == "ACK" and .ref == "2"'
	# Repair makes three bytes of one: four broken bytes are twelve.
	printf '%s\n' "$(message all $'\xff\xff\xff' 3)" | client_raw alice
	client_expect alice '.event == "ACK" and .ref == "3" and .repaired == true'
	printf '%s\n' "$(message all $'\xff\xff\xff\xff' 4)" | client_raw alice
	client_error alice TOO_LARGE '.ref == "4"'
}

@test "the largest message that may be configured passes" {
	export CHAT_MESSAGE_MAX_SIZE=65536
	server_start
	client_login alice
	client_login bob
	head -c 65536 /dev/zero | tr '\0' y >body
	printf '{"command":"MESSAGE","to":"all","message":"%s","ref":"1"}\n' "$(cat body)" |
	    client_raw alice
	client_expect alice '.event == "ACK"'
	client_expect bob '.event == "MESSAGE"'
	client_get .message | tr -d '\n' | cmp - body
}

@test "a message that no datagram can hold still arrives" {
	export CHAT_MESSAGE_MAX_SIZE=65536
	server_start
	client_login alice
	client_login bob
	# A quote takes two bytes in JSON: more than the largest datagram.
	head -c 65536 /dev/zero | tr '\0' '"' | sed 's/"/\\"/g' >escaped
	printf '{"command":"MESSAGE","to":"all","message":"%s","ref":"1"}\n' "$(cat escaped)" |
	    client_raw alice
	client_expect alice '.event == "ACK"'
	client_expect bob '.event == "MESSAGE" and (.message | length == 65536)'
	say alice after
	client_expect bob '.message == "after"'
}

@test "a resend with the same ref is stored once and gets the same id" {
	server_start
	client_login alice
	client_login bob
	client_send alice "$(message all hello m1)"
	client_expect alice '.event == "ACK" and .ref == "m1"'
	first=$LINE
	client_send alice "$(message all hello m1)"
	client_expect alice '.event == "ACK" and .ref == "m1"'
	assert_eq "$(client_get '"\(.id) \(.timestamp)"')" \
	    "$(jq -r '"\(.id) \(.timestamp)"' <<<"$first")"
	say alice end
	client_expect bob '.message == "end"'
	client_expect bob '.message == "hello"'
	client_none bob '.event == "MESSAGE"'
	assert_eq "$(db 'select count(*) from messages')" 2
}

@test "a resend in the same batch is stored once as well" {
	server_start
	client_login alice
	for i in {1..5}; do message all hello same; done | client_raw alice
	client_count alice 6
	assert_eq "$(jq -s '[.[] | select(.event == "ACK") | .id] | [length, (unique | length)]' \
	    -c "$(client_record alice)")" '[5,1]'
	assert_eq "$(db 'select count(*) from messages')" 1
}

@test "the same ref with another text or recipient is a BAD_REQUEST" {
	server_start
	client_login alice
	client_login bob
	client_send alice "$(message all hello m1)"
	client_expect alice '.event == "ACK"'
	client_send alice "$(message all other m1)"
	client_error alice BAD_REQUEST '.ref == "m1" and (.message | contains("ref"))'
	client_send alice "$(message bob hello m1)"
	client_error alice BAD_REQUEST '.ref == "m1" and (.message | contains("ref"))'
	client_send alice "$(message bob hello m2)"
	client_expect alice '.event == "ACK" and .ref == "m2"'
	assert_eq "$(db 'select count(*) from messages')" 2
}

@test "refs belong to their sender" {
	server_start
	client_login alice
	client_login bob
	client_send alice "$(message all from-alice m1)"
	client_expect alice '.event == "ACK" and .ref == "m1"'
	a=$(client_get .id)
	client_send bob "$(message all from-bob m1)"
	client_expect bob '.event == "ACK" and .ref == "m1"'
	[[ $(client_get .id) != "$a" ]]
}

@test "a resend after a reconnect with resume gets the id of the first" {
	server_start
	client_login alice
	resume=$(client_get .resume)
	client_send alice "$(message all hello m1)"
	client_expect alice '.event == "ACK" and .ref == "m1"'
	id=$(client_get .id)
	client_abort alice
	client_open alice
	client_login alice "\"resume\":\"$resume\""
	client_send alice "$(message all hello m1)"
	client_expect alice '.event == "ACK" and .ref == "m1"'
	assert_eq "$(client_get .id)" "$id"
	assert_eq "$(db 'select count(*) from messages')" 1
}

@test "messages without ref are all stored, equal or not" {
	server_start
	client_login alice
	for i in {1..3}; do message all same; done | client_raw alice
	client_count alice 4
	assert_eq "$(db 'select count(*) from messages')" 3
}

@test "errors between messages of one batch keep the others" {
	server_start
	client_login alice
	client_login bob
	{
		message all one 1
		message nobody lost 2
		echo 'not json'
		message all two 3
		message all '' 4
		message all three 5
	} | client_raw alice
	client_expect alice '.ref == "5"'
	jq -r 'select(.event == "ACK" or .event == "ERROR") | .ref // "-", .code // "ACK"' \
	    "$(client_record alice)" | paste -sd ' ' >got
	assert_eq "$(cat got)" '1 ACK 2 NO_SUCH_USER - BAD_JSON 3 ACK 4 BAD_REQUEST 5 ACK'
	for text in one two three; do
		client_expect bob ".event == \"MESSAGE\" and .message == \"$text\""
	done
}

@test "messages of many come to everybody in the order of their ids" {
	server_start
	for who in a b c d; do
		client_login "$who"
	done
	for who in a b c d; do
		for i in {1..50}; do message all "$who-$i"; done | client_raw "$who"
	done
	for who in a b c d; do
		say "$who" end
	done
	for who in a b c d; do
		# Three other "end"s have come: all is there.
		wait_for received "$who" '"message":"end"' 3
		jq -r 'select(.event == "MESSAGE") | .id' "$(client_record "$who")" >ids
		assert_eq "$(wc -l <ids)" 153
		sort -nu ids | cmp - ids
		for other in a b c d; do
			[[ $other != "$who" ]] || continue
			jq -r "select(.event == \"MESSAGE\" and .from == \"$other\") | .message" \
			    "$(client_record "$who")" >texts
			{ seq -f "$other-%g" 50; echo end; } | cmp - texts
		done
	done
}

@test "more messages than one transaction takes are all acknowledged in order" {
	server_start
	client_login alice
	client_login bob
	for i in {1..1000}; do message all "m$i" "$i"; done | client_raw alice
	wait_for -t 60 received alice ACK 1000
	jq -r 'select(.event == "ACK") | .ref' "$(client_record alice)" | cmp - <(seq 1000)
	wait_for -t 60 received bob MESSAGE 1000
	jq -r 'select(.event == "MESSAGE") | .message' "$(client_record bob)" |
	    cmp - <(seq -f m%g 1000)
}
