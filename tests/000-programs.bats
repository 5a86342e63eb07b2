#!/usr/bin/env bats
# What the server programs do before they serve: help, version, statuses.

load helpers

programs='chat-session chat-notify'

@test "--help prints usage and every configuration key, with status 0" {
	for p in $programs; do
		run -0 "$B/bin/$p" --help
		[[ $output == *"$p"* ]]
		for key in CHAT_DB CHAT_RUNTIME_DIR CHAT_MESSAGE_MAX_SIZE \
		    CHAT_LOG_LEVEL CHAT_DURABILITY CHAT_RETENTION_DAYS CHAT_AUTH \
		    CHAT_REGISTRATION CHAT_BCRYPT_COST CHAT_TOKEN_DAYS \
		    CHAT_LOGIN_TIMEOUT CHAT_IDLE_TIMEOUT; do
			[[ $output == *"$key"* ]] || fail "$p: no $key in --help"
		done
	done
}

@test "--help and --version write nothing to standard error" {
	for p in $programs; do
		for option in --help --version; do
			"$B/bin/$p" "$option" >/dev/null 2>err
			assert_eq "$(cat err)" '' "stderr of $p $option"
		done
	done
}

@test "--version prints the program's name and a version, with status 0" {
	for p in $programs; do
		run -0 "$B/bin/$p" --version
		[[ $output =~ ^$p\ [0-9]+\.[0-9]+ ]] || fail "$p says: $output"
	done
}

@test "an unknown option or an argument is a usage error, status 64" {
	for p in $programs; do
		run -64 "$B/bin/$p" --no-such-option
		[[ $output == *[Uu]sage* ]] || fail "$p says: $output"
		run -64 "$B/bin/$p" argument
	done
}

@test "nothing but a client's end: a session without input ends with status 0" {
	run -0 session_pipe </dev/null
	assert_eq "$output" ''
	[[ ! -e $CHAT_DB ]] || fail 'a session that said nothing made a database'
}

@test "a runtime directory whose socket paths would be too long is refused" {
	CHAT_RUNTIME_DIR=$T/$(printf 'd%.0s' {1..90})
	run -78 "$B/bin/chat-notify"
	[[ $output == *CHAT_RUNTIME_DIR* ]] || fail "it says: $output"
	run -78 "$B/bin/chat-session" </dev/null
	[[ $output == *CHAT_RUNTIME_DIR* ]] || fail "it says: $output"
}

@test "chat-notify without a place for its runtime directory ends with status 71" {
	CHAT_RUNTIME_DIR=$T/no/such/dir
	run -71 "$B/bin/chat-notify"
	[[ $output == *"$T/no/such/dir"* ]] || fail "it says: $output"
}

@test "chat-notify makes the last component of its runtime directory" {
	export CHAT_RUNTIME_DIR=$T/run/own
	notify_start
	[[ -d $T/run/own/sessions ]]
	assert_eq "$(stat -c %a "$T/run/own/sessions")" 700
	notify_stop
}

@test "a second chat-notify is refused and the first goes on" {
	server_start
	run -75 timeout 5 "$B/bin/chat-notify"
	[[ $output == *"$CHAT_RUNTIME_DIR"* ]] || fail "it says: $output"
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
}
