#!/usr/bin/env bats
# The configuration: file and environment, and what is wrong in them.

load helpers

programs='chat-session chat-notify'

# Both programs must end with 78 and name KEY on standard error.
refuses() {
	local p status
	for p in $programs; do
		status=0
		timeout 10 "$B/bin/$p" </dev/null >out 2>err || status=$?
		assert_eq "$status" 78 "$p: status with $1=${2:-}" || return
		grep -q "$1" err || { fail "$p does not name $1:" "$(cat err)"; return; }
		[[ -z ${2:-} ]] || grep -qF -- "$2" err ||
		    { fail "$p does not show the value $2:" "$(cat err)"; return; }
	done
}

@test "each wrong value is named, with status 78" {
	while read -r key value; do
		( export "$key=$value"; refuses "$key" "$value" )
	done <<-'END'
		CHAT_MESSAGE_MAX_SIZE 0
		CHAT_MESSAGE_MAX_SIZE -1
		CHAT_MESSAGE_MAX_SIZE many
		CHAT_MESSAGE_MAX_SIZE 4096k
		CHAT_MESSAGE_MAX_SIZE 99999999999999999999
		CHAT_MESSAGE_MAX_SIZE 65537
		CHAT_LOG_LEVEL LOUD
		CHAT_LOG_LEVEL info
		CHAT_DURABILITY half
		CHAT_RETENTION_DAYS -1
		CHAT_RETENTION_DAYS 36501
		CHAT_AUTH maybe
		CHAT_REGISTRATION never
		CHAT_BCRYPT_COST 17
		CHAT_TOKEN_DAYS 0
		CHAT_LOGIN_TIMEOUT 0
		CHAT_LOGIN_TIMEOUT 1.5
		CHAT_IDLE_TIMEOUT 1
		CHAT_IDLE_TIMEOUT never
		CHAT_PROXY_FROM everywhere
		CHAT_PROXY_FROM 192.0.2.0/33
		CHAT_PROXY_FROM unix:
	END
}

@test "an empty value is named, with status 78" {
	for key in CHAT_DB CHAT_RUNTIME_DIR CHAT_MESSAGE_MAX_SIZE \
	    CHAT_LOG_LEVEL CHAT_DURABILITY CHAT_IDLE_TIMEOUT; do
		( export "$key="; refuses "$key" )
	done
}

@test "a client of a wrongly configured server gets INTERNAL and a clean end" {
	server_start
	listener_stop
	export CHAT_IDLE_TIMEOUT=never
	listener_start
	client_open alice
	client_error alice INTERNAL
	client_closed alice
	log_has 'CRITICAL bad_configuration.*CHAT_IDLE_TIMEOUT'
}

@test "the file is read, and the environment wins over it" {
	cat >conf <<-END
		# a comment
		; another

		CHAT_MESSAGE_MAX_SIZE=123
		CHAT_IDLE_TIMEOUT = "77"
		CHAT_LOGIN_TIMEOUT='5'
		SOMETHING_ELSE=1
		CHAT_RATE=10
	END
	export CHAT_CONFIG=$T/conf
	server_start
	client_login alice
	assert_eq "$(client_get '.limits | [.message_max_size, .idle_timeout] | @json')" '[123,77]'
	listener_stop
	export CHAT_MESSAGE_MAX_SIZE=456
	listener_start
	client_open bob
	client_login bob
	assert_eq "$(client_get '.limits | [.message_max_size, .idle_timeout] | @json')" '[456,77]'
}

@test "a wrong value in the file is named, with status 78" {
	echo 'CHAT_DURABILITY=sometimes' >conf
	export CHAT_CONFIG=$T/conf
	refuses CHAT_DURABILITY sometimes
}

@test "a line that sets no key is told by the relay" {
	printf '%s\n' 'CHAT_RATE=10' 'CHAT_AUHT=required' >conf
	export CHAT_CONFIG=$T/conf
	server_start
	log_has "WARNING unknown_key: line 2 of the file, 'CHAT_AUHT'"
}

@test "a file that is missing is no error" {
	export CHAT_CONFIG=$T/missing
	server_start
	client_login alice
}

@test "a configuration that is no file is an error that names it" {
	mkdir conf
	export CHAT_CONFIG=$T/conf
	for p in $programs; do
		run -78 timeout 10 "$B/bin/$p" </dev/null
		[[ $output == *"$T/conf"* ]] || fail "$p says: $output"
	done
}

@test "a file of 65536 bytes is read, one with more is refused" {
	{ echo 'CHAT_RATE=fast'; yes '# a comment'; } | head -c 65536 >conf
	export CHAT_CONFIG=$T/conf
	refuses CHAT_RATE fast
	sed -i '1s/fast/10  /' conf
	echo >>conf
	refuses "$T/conf" 'has more than 65536 bytes'
	ln -sf /dev/zero conf
	refuses "$T/conf" 'has more than 65536 bytes'
}

@test "with normal durability all works as well" {
	export CHAT_DURABILITY=normal
	server_start
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
}
