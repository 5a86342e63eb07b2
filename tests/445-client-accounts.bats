#!/usr/bin/env bats
#
# chat-client and the accounts of a real server.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	chat_setup
	export TZ=UTC CHAT_BCRYPT_COST=4
	TOKENS=$XDG_STATE_HOME/chat/tokens
	echo 'correct horse' >password
}

# Its status must be the first argument.
chat() {
	local status=0 want=$1
	shift
	"$B/bin/chat-client" "$@" "127.0.0.1:$PORT" >out 2>err 3>&- ||
	    status=$?
	[[ $status == "$want" ]] ||
	    { head -c 2000 out err; fail "status $status instead of $want"; }
}

@test "a name is registered, logs in by its token, and by password when that is gone" {
	server_start
	chat 0 --register --password-file password -u alice <<<"one"
	chat 0 -u Alice <<<"two"
	[[ ! -s err ]]
	chat 77 --register --password-file password -u alice <<<"no"
	grep -q USERNAME_TAKEN err
	sed -i 's/.....$/00000/' "$TOKENS"
	chat 0 --password-file password -u alice <<<"three"
	chat 0 --forget -u alice </dev/null
	[[ ! -s $TOKENS ]]
	chat 77 -u alice <<<"no"
	grep -q AUTH_REQUIRED err
	echo 'wrong horse' >bad
	chat 77 --password-file bad -u alice <<<"no"
	grep -q AUTH_FAILED err
	assert_eq "$(db "SELECT group_concat(body) FROM messages")" one,two,three
}
