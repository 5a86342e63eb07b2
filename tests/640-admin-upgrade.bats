#!/usr/bin/env bats
# chat-admin upgrade: all sessions of this server, and what came of each.

load helpers
load admin
load upgrade

setup() {
	need_root 'to find sessions'
	admin_setup
	# Sessions that are started from a program of this test's own.
	mkdir -p "$T/bin"
	[[ -e $T/bin/chat-session ]] || install_program "$B/bin/chat-session"
	chmod 755 "$T/bin"
	sed -i "s|[^ ]*/chat-session \"|$T/bin/chat-session \"|" "$T/chat-session"
	grep -q "$T/bin/chat-session " "$T/chat-session"
}

summary() {
	[[ ${lines[*]} == *"sessions: $1 upgraded, $2 refused, $3 did not answer, $4 ended meanwhile"* ]] ||
	    fail "$output"
}

@test "those who are connected, and those who are not yet, of this server" {
	local other
	export CHAT_LOGIN_TIMEOUT=600
	server_start
	client_login alice
	client_login bob
	client_expect alice '.event == "JOINED"'
	client_open carol
	client_barrier carol
	# Another server's.
	mkdir -p "$T/other/sessions"
	mkfifo "$T/hold"
	CHAT_RUNTIME_DIR=$T/other "$B/bin/chat-session" <"$T/hold" \
	    >/dev/null 2>>"$T/log/other" 3>&- &
	other=$!
	exec {HOLD}>"$T/hold"
	install_next
	run -0 admin upgrade
	summary 3 0 0 0
	assert_eq "$(log_count 'INFO upgraded .*from 0\.1\.0 to 9\.9\.9')" 3
	not grep -q upgraded "$T/log/other"
	say alice on
	client_expect bob '.message == "on"'
	client_login carol
	client_none bob '.event == "LEFT" or .username == "alice"'
	[[ ! -e $CHAT_RUNTIME_DIR/operator.sock ]]
	exec {HOLD}>&-
	wait "$other"
}

@test "more than are told at once" {
	local i
	export CHAT_LOGIN_TIMEOUT=600
	server_start
	for i in {1..20}; do
		client_open "c$i"
		client_barrier "c$i"
	done
	run -0 admin upgrade
	summary 20 0 0 0
}

@test "what is refused is counted, with its reason, once, and the status is 75" {
	server_start
	client_login alice
	client_login bob
	install_that 'return 1;'
	run -75 admin upgrade
	summary 0 2 0 0
	[[ $output == *"chat-admin: 2 refused: $T/bin/chat-session failed its self-test with status 1"* ]]
	say alice on
}

@test "who is not there, or not root, has nothing to upgrade" {
	store_make
	run -0 admin upgrade
	summary 0 0 0 0
	run -77 as_owner "$BIN/chat-admin" upgrade
	run -64 admin upgrade now
}
