#!/usr/bin/env bats
# What is JSON, what is text, and what becomes of text that is neither.

load helpers

# Much is said before CONNECT here, on whatever machine.
setup() {
	chat_setup
	export CHAT_LOGIN_TIMEOUT=120
}

# A message to all with TEXT as it is between the quotes, printf-escaped.
text() {
	# shellcheck disable=SC2059 # the text has escapes on purpose
	printf "{\"command\":\"MESSAGE\",\"to\":\"all\",\"ref\":\"$1\",\"message\":\"$2\"}\n"
}

@test "what is not one JSON object on a line is BAD_JSON, and the connection stays" {
	# Forty answers may take a loaded machine longer than a login may.
	export CHAT_LOGIN_TIMEOUT=300
	client_open alice "exec:$B/bin/chat-session"
	while IFS= read -r line; do
		client_send alice "$line"
		client_error alice BAD_JSON 'has("ref") | not' ||
		    fail "taken as JSON: $line"
	done <<-'END'
		hello
		{
		}
		[]
		[{"command":"PING"}]
		"PING"
		1
		null
		true
		{"command":"PING"}x
		{"command":"PING"}{"command":"PING"}
		{"command":"PING"},
		{"command":"PING",}
		{,"command":"PING"}
		{"command" "PING"}
		{"command":}
		{command:"PING"}
		{'command':'PING'}
		{"command":'PING'}
		{"command":"PING","x":NaN}
		{"command":"PING","x":nan}
		{"command":"PING","x":Infinity}
		{"command":"PING","x":-Infinity}
		{"command":"PING","x":undefined}
		{"command":"PING","x":nul}
		{"command":"PING","x":TRUE}
		{"command":"PING","x":01}
		{"command":"PING","x":-01}
		{"command":"PING","x":+1}
		{"command":"PING","x":.5}
		{"command":"PING","x":1.}
		{"command":"PING","x":1e}
		{"command":"PING","x":-}
		{"command":"PING","x":0x10}
		{"command":"PING","x":[1,]}
		{"command":"PING","x":[,1]}
		{"command":"PING","x":"\x41"}
		{"command":"PING","x":"\u12"}
		{"command":"PING","x":"\uzzzz"}
		{"command":"PING","x":"open}
		{"command":"PING"} // comment
		/* comment */ {"command":"PING"}
		{"command":/* comment */"PING"}
	END
	client_send alice '{"command":"PING","ref":"ok"}'
	client_next alice '.ref == "ok"'
}

@test "raw control characters and NUL bytes are BAD_JSON" {
	client_open alice "exec:$B/bin/chat-session"
	for byte in 00 01 08 09 0b 0c 1f; do
		printf '%b\n' "{\"command\":\"PING\",\"ref\":\"a\\x${byte}b\"}" |
		    client_raw alice
		client_error alice BAD_JSON || fail "byte $byte is taken"
	done
	printf '{"command":\0"PING"}\n' | client_raw alice
	client_error alice BAD_JSON
	printf '\0\n' | client_raw alice
	client_error alice BAD_JSON
	printf '{"command":"PING"}\0\n' | client_raw alice
	client_error alice BAD_JSON
	printf '{"command":"PING"}\0{\n' | client_raw alice
	client_error alice BAD_JSON
	client_none alice true
}

@test "unusual but valid JSON is taken" {
	client_open alice "exec:$B/bin/chat-session"
	n=0
	while IFS= read -r line; do
		((++n))
		client_send alice "${line/REF/$n}"
		client_expect alice ".event == \"PONG\" and .ref == \"$n\"" ||
		    fail "not taken: $line"
	done <<-'END'
		{ "command" : "PING" , "ref" : "REF" }
		 	{"command":"PING","ref":"REF"} 	
		{"\u0063ommand":"\u0050ING","ref":"REF"}
		{"command":"PING","ref":"REF","x":-0,"y":1E+2,"z":1.5e-3}
		{"command":"PING","ref":"REF","":null,"x":{},"y":[],"z":"\/\b\f"}
		{"command":"PING","ref":"REF","x":"\ud83d\ude00"}
	END
}

@test "nesting up to 16 is taken, deeper is BAD_JSON" {
	client_open alice "exec:$B/bin/chat-session"
	open=$(printf '[%.0s' {1..15}) close=$(printf ']%.0s' {1..15})
	client_send alice "{\"command\":\"PING\",\"x\":$open$close}"
	client_next alice '.event == "PONG"'
	client_send alice "{\"command\":\"PING\",\"x\":[$open$close]}"
	client_error alice BAD_JSON
	open=${open//[/\{\"a\":} close=${close//]/\}}
	client_send alice "{\"command\":\"PING\",\"x\":${open}1$close}"
	client_next alice '.event == "PONG"'
	client_send alice "{\"command\":\"PING\",\"x\":[${open}1$close]}"
	client_error alice BAD_JSON
}

@test "thousands of levels do no harm" {
	client_open alice "exec:$B/bin/chat-session"
	for c in '[' '{"a":'; do
		printf '{"command":"PING","x":%s}\n' "$(yes "$c" | head -n 5000 | tr -d '\n')" |
		    client_raw alice
		client_error alice BAD_JSON
	done
	client_none alice true
}

@test "huge numbers where nobody looks are ignored" {
	client_open alice "exec:$B/bin/chat-session"
	digits=$(printf '9%.0s' {1..1000})
	for x in 1e999 -1e999 1e-999 "$digits" "-$digits" "0.$digits" 18446744073709551616; do
		client_send alice "{\"command\":\"PING\",\"ref\":\"a\",\"x\":$x}"
		client_next alice '.event == "PONG" and .ref == "a"'
	done
}

@test "huge numbers where a small one belongs are a BAD_REQUEST that names it" {
	server_start
	client_open alice
	for x in 1e3 1e999 1.0 -9223372036854775809; do
		for member in since history; do
			client_send alice "{\"command\":\"CONNECT\",\"username\":\"a\",\"$member\":$x}"
			client_error alice BAD_REQUEST ".message | contains(\"$member\")" ||
			    fail "$member of $x is taken"
		done
	done
	client_login alice
	for x in 1e3 1e999 1.0 -1; do
		for member in limit before after; do
			case $member in limit) more= ;; *) more='"limit":1,' ;; esac
			client_send alice "{\"command\":\"HISTORY\",$more\"$member\":$x}"
			client_error alice BAD_REQUEST ".message | contains(\"$member\")" ||
			    fail "$member of $x is taken"
		done
	done
}

@test "of members with the same name the last counts" {
	client_open alice "exec:$B/bin/chat-session"
	client_send alice '{"command":"FLY","command":"PING","ref":"a","ref":"b"}'
	client_next alice '.event == "PONG" and .ref == "b"'
}

@test "text of any language passes unchanged" {
	server_start
	client_login alice
	client_login bob
	for body in 'Grüße' '你好，世界' 'שלום' 'e\u0301' '😀👨‍👩‍👧' '\ud83d\ude00' \
	    'a\"b\\\\c\/d' '\u202eabc' '&<>%s%n'; do
		printf '{"command":"MESSAGE","to":"all","message":"%s"}\n' "$body" |
		    client_raw alice
		client_expect alice '.event == "ACK" and (has("repaired") | not)'
		client_expect bob '.event == "MESSAGE"'
		assert_eq "$(client_get .message)" "$(jq -r . <<<"\"$body\"")"
	done
}

@test "text that is not UTF-8 is repaired, and the ACK says so" {
	server_start
	client_login alice
	client_login bob
	n=0
	while read -r in out; do
		((++n))
		text "$n" "$in" | client_raw alice
		client_expect alice ".event == \"ACK\" and .ref == \"$n\" and .repaired == true"
		client_expect bob ".event == \"MESSAGE\" and .message == \"$out\"" ||
		    fail "$in"
	done <<-'END'
		a\xffz a�z
		a\x80z a�z
		a\xc3 a�
		a\xe2\x82z a�z
		a\xf0\x9f\x98z a�z
		\xc0\xaf ��
		\xed\xa0\x80 ���
		\xf4\x90\x80\x80 ����
		ok\xc3\xa9\xff oké�
	END
}

@test "a lone surrogate is repaired, a pair is a character" {
	server_start
	client_login alice
	client_login bob
	n=0
	while read -r in out; do
		client_send alice "{\"command\":\"MESSAGE\",\"to\":\"all\",\"ref\":\"$((++n))\",\"message\":\"$in\"}"
		client_expect alice ".event == \"ACK\" and .ref == \"$n\" and .repaired == true" ||
		    fail "$in"
		client_expect bob ".event == \"MESSAGE\" and .message == \"$out\"" || fail "$in"
	done <<-'END'
		a\ud800z a�z
		a\udc00z a�z
		a\ud800\ud800z a��z
		a\udc00\ud800z a��z
		a\ud83dx a�x
		a\ud83d\u0041 a�A
	END
	client_send alice '{"command":"MESSAGE","to":"all","ref":"pair","message":"\ud83d\ude00"}'
	client_expect alice '.ref == "pair" and (has("repaired") | not)'
	client_expect bob '.message == "😀"'
}

@test "a message without anything to repair is not called repaired" {
	server_start
	client_login alice
	text 1 '\xef\xbf\xbd' | client_raw alice
	client_expect alice '.event == "ACK" and (has("repaired") | not)'
}

@test "controls but newline and tab are taken out of a message" {
	server_start
	client_login alice
	client_login bob
	client_send alice '{"command":"MESSAGE","to":"all","message":"a\u0000b\u0007c\u001b[31md\re\u007ff\u0085g\u009fh\ni\tj\b\f"}'
	client_expect alice '.event == "ACK"'
	client_expect bob '.event == "MESSAGE"'
	assert_eq "$(client_get '.message | @json')" '"abc[31mdefgh\ni\tj"'
	# DEL and C1 may stand in JSON as they are.
	text 2 'a\x7fb\xc2\x85c\xc2\xa0d' | client_raw alice
	client_expect bob '.event == "MESSAGE" and .message == "abc\u00a0d"'
}

@test "a user name or a recipient that is not UTF-8 finds nobody" {
	server_start
	client_open alice
	printf '{"command":"CONNECT","username":"al\xffce"}\n' | client_raw alice
	client_error alice BAD_USERNAME
	client_login alice
	printf '{"command":"MESSAGE","to":"al\xffce","message":"x","ref":"1"}\n' |
	    client_raw alice
	client_expect alice '.event == "ERROR" and .ref == "1"'
}

@test "every event is one line of valid JSON in UTF-8 whatever was sent" {
	server_start
	client_login alice
	client_login bob
	for i in {1..60}; do
		text "$i" "$(head -c 60 /dev/urandom | tr -d '\n%\\"' | tr -d '\0-\037')x"
	done 2>/dev/null | client_raw alice
	client_barrier alice
	say alice end
	client_expect bob '.message == "end"'
	for who in alice bob; do
		iconv -f UTF-8 -t UTF-8 "$(client_record "$who")" >/dev/null
		json_holds 'has("event")' "$(client_record "$who")"
	done
}
