#!/usr/bin/env bats
# chat-admin: its commands, as an operator gives them.

load helpers
load admin

setup() {
	admin_setup
}

# --- the command line ------------------------------------------------------

groups() {
	admin --complete
}

@test "--help and --version say what they should, on standard output alone" {
	run -0 --separate-stderr admin --help
	[[ $output == *'users list'*'blocks why'*'announce TEXT'*'backup FILE'* ]]
	assert_eq "$stderr" ""
	run -0 --separate-stderr admin --version
	[[ $output =~ ^chat-admin\ [0-9]+\.[0-9]+ ]]
	assert_eq "$stderr" ""
}

@test "every command of the table has help with all of its options" {
	local group command option count=0
	for group in $(groups); do
		run -0 admin "$group" --help
		for command in $(admin --complete "$group"); do
			# (Some commands have no group.)
			[[ $command != --* ]] || command=
			# shellcheck disable=SC2086 # no word, or one
			run -0 admin "$group" $command --help
			[[ $output == "usage: chat-admin [-c FILE] $group $command"* ]]
			# shellcheck disable=SC2086
			for option in $(admin --complete "$group" $command); do
				[[ $output == *"  $option "* ]] ||
				    fail "$group $command: no $option"
			done
			count=$((count + 1))
			[[ $command ]] || break
		done
	done
	((count >= 20))
	[[ ! -e $CHAT_DB ]]
}

@test "what is no command, option or argument is a usage error, status 64" {
	local words
	for words in '' 'nothing' 'users' 'users nothing' '--nothing' '-c' \
	    'users list more' 'users list --nothing' 'users list --json=1' \
	    'users remove' 'invites add --uses' '-x users list' 'users list -x' \
	    'invites add --uses 0' 'invites add --uses 1x' \
	    'invites add --expires 5' 'invites add --expires 99999999999999d' \
	    'sessions end -- -1' 'sessions end one --yes' \
	    'blocks why 192.0.2.0/24' 'blocks why 192.0.2.0/99'; do
		# shellcheck disable=SC2086 # words
		store_is_there
		run -64 admin $words
		[[ $output == chat-admin:* ]] || fail "$words: $output"
	done
}

store_is_there() {
	[[ -n $NOTIFY ]] || store_make
}

@test "a runtime directory whose name is too long is named, status 78" {
	store_make
	CHAT_RUNTIME_DIR=$T/$(printf 'd%.0s' {1..90}) run -78 admin users list
	[[ $output == *CHAT_RUNTIME_DIR* ]]
}

@test "what is no database is said so, status 69" {
	# (Who owns the database may not read where this tree lies.)
	as_owner tee "$CHAT_DB" <"$ROOT/README" >/dev/null
	run -69 admin users list
	[[ $output == *"$CHAT_DB"* ]]
	run -69 admin stats
	[[ $output == *"$CHAT_DB"* ]]
}

@test "without a database it says so, status 69, and makes none" {
	run -69 admin users list
	[[ $output == *"$CHAT_DB"*CHAT_DB* ]]
	run -69 admin stats
	[[ ! -e $CHAT_DB ]]
}

@test "-c names the configuration, which has to be there and right" {
	store_make
	unset CHAT_DB
	echo "CHAT_DB=$T/data/chat.db" >conf
	run -0 admin -c "$T/conf" users list
	export CHAT_DB=$T/data/chat.db
	run -66 admin -c "$T/none" users list
	[[ $output == *"$T/none"* ]]
	echo CHAT_DURABILITY=some >conf
	run -78 admin -c "$T/conf" users list
	[[ $output == *CHAT_DURABILITY*some* ]]
	echo CHAT_AUHT=required >conf
	run -0 --separate-stderr admin -c "$T/conf" users list
	[[ $stderr == "chat-admin: warning: line 1 of the file, 'CHAT_AUHT',"* ]]
}

@test "a store that cannot be used is named, status 69" {
	store_make
	notify_stop
	head -c 20000 /dev/urandom >"$CHAT_DB"
	rm -f "$CHAT_DB"-*
	run -69 admin users list
	[[ $output == *"$CHAT_DB"* ]]
}

@test "output that cannot be written is status 74" {
	store_make
	local args
	for args in stats --help --version 'users --help' --complete; do
		# shellcheck disable=SC2086 # words of it
		run -74 bash -c '"$@" >/dev/full' - "$BIN/chat-admin" $args
		[[ $output == *'cannot write'* ]]
	done
}

@test "bash completes groups, commands and options, and nothing it cannot know" {
	PATH=$BIN:$PATH
	source "$ROOT/contrib/chat-admin/completion.bash"
	completed() {
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		_chat_admin
		echo "${COMPREPLY[*]}"
	}
	assert_eq "$(completed chat-admin us)" users
	assert_eq "$(completed chat-admin users re)" 'remove rename'
	assert_eq "$(completed chat-admin blocks add --f)" --for
	assert_eq "$(completed chat-admin -c /etc/x blocks w)" why
	assert_eq "$(completed chat-admin backup --f)" --force
	assert_eq "$(completed chat-admin nothing x)" ''
}

# --- users -----------------------------------------------------------------

@test "users list tells who is there, as a table and as JSON" {
	server_start
	client_login alice
	run -0 admin users list
	[[ ${lines[0]} == NAME*STATE*SESSIONS*SEEN ]]
	[[ ${lines[1]} =~ ^alice\ +open\ +1\ +0\ +20 ]] || fail "$output"
	run -0 admin users list --json
	json_holds '.username == "alice" and .state == "open" and .sessions == 1 and
	    (.created | test("^20.*Z$"))' <<<"$output"
}

@test "users remove locks the name, ends its sessions, and keeps its messages" {
	server_start
	client_login alice
	client_login bob
	say alice 'here I was'
	client_expect bob '.event == "MESSAGE"'
	run -0 admin users remove alice --yes
	[[ $output == *'alice is locked'*'has ended'* ]] || fail "$output"
	client_error alice SHUTDOWN
	client_closed alice
	client_expect bob '.event == "LEFT" and .username == "alice"'
	client_open again
	client_send again '{"command":"CONNECT","username":"alice"}'
	client_expect again '.event == "ERROR" and (.code | test("^AUTH_"))'
	client_send bob '{"command":"HISTORY","limit":9}'
	client_expect bob '.event == "HISTORY" and
	    .messages[0].from == "alice" and .messages[0].message == "here I was"'
	run -0 admin check
	# It is done already.
	run -67 admin users remove alice --yes
}

@test "users remove --free gives the name to whoever comes, with nothing of before" {
	server_start
	client_login alice
	client_login bob
	say bob 'for your eyes' alice
	# Nobody has registered it: there is nothing to free.
	run -67 admin users remove alice --free --yes
	[[ $output == *'not registered'* ]]
	run -0 admin users remove alice --yes
	run -0 admin users remove alice --free --yes
	[[ $output == *"nobody's name"* ]]
	client_open new
	client_send new '{"command":"CONNECT","username":"alice","since":0}'
	client_expect new '.event == "CONNECTED"'
	client_none new '.message == "for your eyes"'
}

@test "users remove asks first: no is status 1, nobody to ask is status 64" {
	server_start
	client_login alice
	run -64 admin users remove alice </dev/null
	[[ $output == *--yes* ]]
	run -1 in_terminal $'no\n' "$BIN/chat-admin" users remove alice
	[[ $output == *'nothing was done'* ]]
	say alice 'still here'
	run -0 in_terminal $'yes\n' "$BIN/chat-admin" users remove alice
	client_error alice SHUTDOWN
	# Where there is nothing to do nobody is asked.
	run -67 admin users remove alice </dev/null
	[[ $output == *'alice is locked already'* ]]
	run -67 admin users remove nobody </dev/null
	[[ $output == *'no user nobody'* ]]
}

@test "users rename keeps the id, and messages follow" {
	server_start
	client_login alice
	client_login bob
	say alice hello
	id=$(db "select id from users where username = 'alice'")
	run -0 admin users rename alice Alicia
	client_error alice SHUTDOWN
	assert_eq "$(db "select id from users where username = 'Alicia'")" "$id" id
	client_send bob '{"command":"HISTORY","limit":9}'
	client_expect bob '.event == "HISTORY" and .messages[0].from == "Alicia"'
	run -73 admin users rename Alicia bob
	[[ $output == *bob* ]]
	run -67 admin users rename nobody someone
	run -65 admin users rename bob 'a b'
	run -65 admin users rename bob all
}

@test "others are told of a rename though a session of the old name is left" {
	server_start
	client_login bob
	client_open alice
	client_send alice '{"command":"REGISTER","username":"alice","password":"correct horse"}'
	client_expect alice '.event == "REGISTERED"'
	client_login alice '"password":"correct horse"'
	client_open second
	client_send second '{"command":"CONNECT","username":"alice","password":"correct horse"}'
	client_expect second '.event == "CONNECTED"'
	pid=$(session_pid second)
	kill -STOP "$pid"
	wait_for is_stopped "$pid"
	admin users rename alice carol >"$T/log/admin" 2>&1 &
	tool=$!
	client_error alice SHUTDOWN
	client_login carol '"password":"correct horse"'
	client_expect bob '. == {event: "LEFT", username: "alice"}'
	client_expect bob '. == {event: "JOINED", username: "carol"}'
	kill -CONT "$pid"
	client_closed second
	wait "$tool"
	say carol here
	client_expect bob '.message == "here"'
	client_none bob '.event == "LEFT"'
}

@test "the user of announcements is neither removed nor renamed" {
	store_make
	run -77 admin users remove Server --yes
	run -77 admin users rename server other
	run -77 admin users rename alice server
}

@test "a user who is not there is status 67" {
	store_make
	run -67 admin users remove nobody --yes
	[[ $output == *nobody*'users list'* ]]
}

# --- passwords -------------------------------------------------------------

hash_of() {
	db "select password from users where username = '$1'"
}

@test "users add registers with a password from a file or standard input" {
	store_make
	echo 'correct horse' >secret
	chmod 600 secret
	run -0 admin users add alice --password-file "$T/secret"
	[[ $(hash_of alice) == '$2b$'* ]]
	run -0 admin users add bob --password-file - <<<'battery staple'
	[[ $(hash_of bob) == '$2b$'* ]]
	# The hash is that of the first line, without its newline.
	assert_eq "$(mkpasswd_like 'correct horse' "$(hash_of alice)")" \
	    "$(hash_of alice)" hash
	run -73 admin users add Alice --password-file "$T/secret"
	[[ $output == *'users password'* ]]
	run -0 admin users list
	[[ $output == *alice*registered* ]]
	run -0 admin check
}

# What crypt(3) makes of a password with the setting of that hash.
mkpasswd_like() {
	perl -e 'print crypt($ARGV[0], $ARGV[1]), "\n"' "$1" "$2"
}

@test "users add takes the name from a session that was taken for dead" {
	local socket
	server_start
	client_login alice
	socket=$(echo "$CHAT_RUNTIME_DIR"/sessions/*)
	client_login bob
	rm "$socket"
	run -0 admin users add alice --password-file - <<<'correct horse'
	# It does not know it yet.
	say bob secret alice
	client_expect alice '.code == "SHUTDOWN"' 25
	client_closed alice
	not grep -q secret "$(client_record alice)"
}

@test "a password that is too short, too long or missing changes nothing" {
	store_make
	run -65 admin users add alice --password-file - <<<1234567
	[[ $output == *8* ]]
	run -65 admin users add alice --password-file - <<<"$(printf 'x%.0s' {1..73})"
	[[ $output == *72* ]]
	run -65 admin users add alice --password-file - <<<"$(printf 'x%.0s' {1..500})"
	run -65 admin users add alice --password-file - </dev/null
	run -66 admin users add alice --password-file "$T/none"
	[[ $output == *"$T/none"* ]]
	run -64 admin users add alice </dev/null
	[[ $output == *--password-file* ]]
	run -64 admin users add alice secret-on-the-command-line
	assert_eq "$(db 'select count(*) from users')" 0
	run -0 admin users add alice --password-file - <<<12345678
	run -0 admin users add bob --password-file - <<<"$(printf 'x%.0s' {1..72})"
}

@test "users password replaces it, revokes tokens, and opens a locked name" {
	store_make
	run -0 admin users add alice --password-file - <<<'correct horse'
	before=$(hash_of alice)
	db_write "insert into tokens (user_id, hash, created_at, expires_at)
	    select id, randomblob(32), 1, 9e15 from users"
	run -0 admin users password alice --password-file - <<<'battery staple'
	[[ $(hash_of alice) == '$2b$'* && $(hash_of alice) != "$before" ]]
	assert_eq "$(db 'select count(*) from tokens')" 0 tokens
	run -0 admin users remove alice --yes
	assert_eq "$(hash_of alice)" '!'
	run -0 admin users password alice --password-file - <<<'battery staple'
	[[ $(hash_of alice) == '$2b$'* ]]
	run -67 admin users password bob --password-file - <<<'battery staple'
	run -77 admin users password server --password-file - <<<'battery staple'
	run -77 admin users add SERVER --password-file - <<<'battery staple'
}

@test "a name that somebody is online with is not registered over them" {
	server_start
	client_login alice
	run -73 admin users add alice --password-file - <<<'correct horse'
	[[ $output == *online* ]]
	assert_eq "$(hash_of alice)" ''
}

@test "in a terminal a password is asked for twice, and never shown" {
	store_make
	asked_in_terminal 'not shown' 'correct horse' 'once more' 'correct horse' \
	    -- "$BIN/chat-admin" users add alice || fail "$(cat shown)"
	grep -q 'alice is registered' shown
	not grep -q horse shown
	status=0
	asked_in_terminal 'not shown' 'correct horse' 'once more' 'other horse' \
	    -- "$BIN/chat-admin" users add bob || status=$?
	assert_eq "$status" 65 status
	status=0
	asked_in_terminal 'not shown' $'\x03' -- "$BIN/chat-admin" users add bob ||
	    status=$?
	assert_eq "$status" 1 status
	assert_eq "$(db 'select count(*) from users')" 1
}

# --- invitations -----------------------------------------------------------

@test "invites add shows a code once, and keeps only its hash" {
	store_make
	run -0 --separate-stderr admin invites add --uses 3 --expires 2h --note 'for bob'
	[[ $output =~ ^[0-9a-f]{32}$ ]] || fail "$output"
	code=$output
	assert_eq "$(db 'select lower(hex(hash)) from invites')" \
	    "$(printf %s "$code" | sha256sum | cut -d ' ' -f 1)" hash
	run -0 admin invites list
	[[ $output != *$code* && $output == *'for bob'* ]]
	run -0 admin invites list --json
	json_holds '.uses == 3 and .valid and .note == "for bob" and
	    ((.expires | sub("\\.[0-9]+Z"; "Z") | fromdate) - now |
	    . > 7000 and . < 7201)' <<<"$output"
	not grep -r "$code" "$T/data"
}

@test "invites remove takes one back" {
	store_make
	run -0 admin invites add --json
	id=$(jq .id <<<"$output")
	run -64 admin invites remove "$id" </dev/null
	run -0 admin invites remove "$id" --yes
	run -0 admin invites list
	assert_eq "$output" "" invitations
	# Where there is nothing to do nobody is asked.
	run -67 admin invites remove "$id" </dev/null
}

@test "an invitation has at most 1000000 uses, 3650 days, and 200 bytes of a note" {
	store_make
	run -0 admin invites add --uses 1000000 --expires 3650d \
	    --note "$(printf 'x%.0s' {1..200})"
	run -64 admin invites add --uses 1000001
	run -64 admin invites add --expires 3651d
	run -64 admin invites add --note "$(printf 'x%.0s' {1..201})"
	# Seven days if nothing is said.
	run -0 admin invites add --json
	json_holds '(.expires | sub("\\.[0-9]+Z"; "Z") | fromdate) - now |
	    . > 604700 and . < 604801' <<<"$output"
}

# --- blocks ----------------------------------------------------------------

@test "blocks are added, listed, explained and removed" {
	store_make
	run -0 admin blocks add 192.0.2.77/24 'floods the server' --for 2h
	[[ $output == *'network 192.0.2.0/24 is blocked until 20'* ]]
	run -0 admin blocks add 2001:db8::1 flood
	run -0 admin blocks add mallory 'writes spam'
	[[ $output == *'user mallory is blocked until that is removed'* ]]
	# Once more: what the block is now, not what it was.
	run -0 admin blocks add mallory 'writes more' --for 1d
	[[ $output == *'user mallory is blocked until 20'*', not as before'* ]]
	run -0 admin blocks add mallory 'writes spam'
	run -0 admin blocks list
	[[ $output == *192.0.2.0/24*'floods the server'*2001:db8::1*mallory* ]]
	run -0 admin blocks list --json
	assert_eq "$(jq -r '.network // .username' <<<"$output" | tr '\n' ' ')" \
	    '192.0.2.0/24 2001:db8::1 mallory ' blocks
	run -0 admin blocks why 192.0.2.5
	[[ $output == *'floods the server'* ]]
	run -0 admin blocks why MALLORY
	[[ $output == *'writes spam'* ]]
	run -1 admin blocks why 192.0.3.5
	[[ $output == *'not blocked'* ]]
	run -67 admin blocks remove 192.0.2.5 </dev/null
	run -67 admin blocks remove nobody </dev/null
	run -64 admin blocks remove 192.0.2.0/24 </dev/null
	run -0 admin blocks remove 192.0.2.0/24 --yes
	run -1 admin blocks why 192.0.2.5
}

@test "a blocked user is kept out from then on, and let in again" {
	server_start
	client_login alice
	run -0 admin blocks add mallory 'writes spam'
	[[ $output != *'not running'* ]]
	client_open mallory
	client_send mallory '{"command":"CONNECT","username":"mallory"}'
	client_error mallory BLOCKED
	client_closed mallory
	run -0 admin blocks remove mallory --yes
	client_open again
	client_send again '{"command":"CONNECT","username":"mallory"}'
	client_expect again '.event == "CONNECTED"'
	not log_has 'chat-notify: WARNING dropped'
}

# As long as the relay takes none.
queue_fill() {
	perl -MSocket=:all -e '
		for (1 .. 4) {
			socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
			1 while send($s, "x", MSG_DONTWAIT,
			    pack_sockaddr_un($ARGV[0]));
		}' "$T/run/notify.sock"
}

row_is_there() {
	[[ $(db "select count(*) from blocks where reason = '$1'") == 1 ]]
}

@test "a relay whose queue is full is told of a block when it has room" {
	local pid
	server_start
	client_login mallory
	kill -STOP "$NOTIFY"
	queue_fill
	run -75 admin blocks add mallory first
	[[ $output == *'takes nothing'* && $output == *'mallory is blocked'* ]]
	run -0 admin announce hello
	[[ $output == *'chat-notify was not told'* ]]
	"$BIN/chat-admin" blocks add mallory second >shown 2>&1 3>&- &
	pid=$!
	wait_for row_is_there second
	kill -CONT "$NOTIFY"
	wait "$pid"
	client_error mallory BLOCKED
	client_closed mallory
	not grep -q chat-notify shown
}

@test "what looks like an address is one, unless --user says it is a name" {
	store_make
	run -0 admin blocks add 10.0.0.1 reason --user
	run -1 admin blocks why 10.0.0.1
	run -0 admin blocks why 10.0.0.1 --user
	run -0 admin blocks remove --user 10.0.0.1 --yes
	run -64 admin blocks add 10.0.0.1/33 reason
	[[ $output == *10.0.0.1/33* ]]
	for who in 10.0.0.300 10.0.0 10.0.0.1.; do
		run -64 admin blocks add "$who" reason
		[[ $output == *"'$who' is no address"*--user* ]]
	done
	run -0 admin blocks list
	assert_eq "$(wc -l <<<"$output")" 1 'lines of the list, which is empty'
	run -0 admin blocks add 10.0.0.300 reason --user
	run -64 admin blocks add 10.0.0.1 "$(printf 'x%.0s' {1..201})"
	run -64 admin blocks add 10.0.0.1 ''
}

@test "what adds something may be the first that opens the database" {
	for words in 'blocks add mallory spam' 'invites add' 'announce hello'; do
		# shellcheck disable=SC2086 # words
		run -0 as_owner "$BIN/chat-admin" $words
		[[ -s $CHAT_DB ]]
		rm "$T"/data/*
	done
	as_owner "$BIN/chat-admin" blocks add mallory spam
	run -0 admin blocks why mallory
}

# --- sessions --------------------------------------------------------------

session_id() {
	admin sessions list --json | jq "select(.username == \"$1\") | .id"
}

@test "sessions list tells who is connected, sessions end ends that one" {
	server_start
	client_login alice
	client_login bob
	run -0 admin sessions list
	[[ ${lines[0]} == ID*USER*PEER*PID* && $output == *alice*127.0.0.1*alive* ]]
	assert_eq "$(admin sessions list --json |
	    jq 'select(.username == "bob") | .pid')" "$(session_pid bob)" pid
	run -64 admin sessions end "$(session_id bob)" </dev/null
	run -0 admin sessions end "$(session_id bob)" --yes
	client_error bob SHUTDOWN '.reconnect_after >= 0'
	client_closed bob
	client_expect alice '.event == "LEFT" and .username == "bob"'
	say alice 'still here'
	assert_eq "$(db "select reason from sessions where id = 2")" shutdown
	run -67 admin sessions end 2 --yes
	run -67 admin sessions end 99 --yes
}

@test "a session that has died is told from one that lives, and nobody is signalled" {
	# shellcheck disable=SC2119
	listener_start
	as_owner mkdir "$T/run/sessions"
	client_login alice
	id=$(session_id alice)
	session_kill alice
	SOCKETS_MAY_STAY=1
	run -0 admin sessions list
	[[ $output == *alice*dead* ]]
	# Its pid may be another's by now.
	cat nap >/dev/null &
	pid=$!
	need_root 'to give a process away'
	db_write "update sessions set pid = $pid where id = $id"
	run -67 admin sessions end "$id" --yes
	[[ $output == *died* ]]
	kill -0 "$pid"
	kill "$pid"
}

# --- announcements ---------------------------------------------------------

@test "an announcement reaches everybody at once, from the user server" {
	server_start
	client_login alice
	client_login bob
	run -0 admin announce 'Maintenance at noon.'
	client_expect alice '.event == "MESSAGE" and .from == "server" and
	    .to == "all" and .message == "Maintenance at noon."' 5
	client_expect bob '.event == "MESSAGE" and .from == "server"' 5
	# It was never somebody who came or is there.
	client_send alice '{"command":"USERS"}'
	client_expect alice '.event == "USERS" and
	    ([.users[] | select(.online) | .username] | sort) == ["alice", "bob"]'
	run -0 admin announce again
	client_expect bob '.message == "again"'
	client_none alice '.event == "JOINED" and .username == "server"'
	client_open mallory
	client_send mallory '{"command":"CONNECT","username":"Server"}'
	client_expect mallory '.event == "ERROR" and (.code | test("^AUTH_"))'
	run -0 admin check
}

@test "nobody who has registered the name of announcements is spoken for" {
	store_make
	run -0 admin announce hello
	db_write "UPDATE users SET password = '*' WHERE username = 'server'"
	run -73 admin announce again
	[[ $output == *'somebody has registered server'* ]]
	assert_eq "$(db 'SELECT body FROM messages')" hello
}

@test "without a relay an announcement is stored, and seen all the same" {
	# shellcheck disable=SC2119
	listener_start
	as_owner mkdir "$T/run/sessions"
	client_login alice
	run -0 admin announce 'no relay'
	[[ $output == *'not told'* ]]
	client_expect alice '.message == "no relay"'
}

@test "nobody is spoken for: the name server must be free" {
	server_start
	client_login server
	run -75 admin announce hello
	[[ $output == *'online as server'* ]]
	client_send server '{"command":"DISCONNECT"}'
	client_closed server
	run -0 admin announce hello
}

@test "an announcement obeys the rules of messages" {
	server_start
	client_login alice
	run -65 admin announce ''
	run -65 admin announce $'\e\a'
	run -65 admin announce "$(printf 'x%.0s' {1..4097})"
	[[ $output == *4097*4096* ]]
	run -0 admin announce $'a\e[31mb\xff\tc'
	client_expect alice '.from == "server" and .message == "a[31mb\ufffd\tc"'
}

# --- the rest --------------------------------------------------------------

@test "stats count what is there" {
	server_start
	client_login alice
	client_login bob
	say alice one
	say bob two
	run -0 admin stats --json
	json_holds ".users == 2 and .registered == 0 and .sessions == 2 and
	    .messages == 2 and .last_id == $ID and .position == $ID and
	    .bytes > 0 and .wal_bytes > 0" <<<"$output"
	run -0 admin stats
	[[ $output == *'open sessions'*2* ]]
}

@test "an export holds all users, messages and sessions, and no secret" {
	server_start
	client_login alice
	client_login bob
	say alice $'x\\u0007y'
	say bob 'only you' alice
	run -0 admin export
	json_holds 'type == "object"' <<<"$output"
	assert_eq "$(jq -r .type <<<"$output" | sort | uniq -c | tr -s ' \n' ' ')" \
	    ' 2 message 2 session 2 user ' lines
	jq -se '.[] | select(.type == "message" and .to == "alice") |
	    .from == "bob" and .message == "only you" and .id > 0' <<<"$output"
	json_holds '(has("password") or has("resume") or has("hash") or
	    has("socket")) | not' <<<"$output"
	[[ ${output,,} != *"$(db 'select lower(hex(resume)) from users limit 1')"* ]]
}

@test "an export of many messages is whole, however slowly it is read" {
	server_start
	client_login alice
	seq -f '{"command":"MESSAGE","to":"all","message":"number %.0f"}' 1 2500 |
	    client_raw alice
	wait_for received alice '"ACK"' 2500
	admin export | { read -r first; client_raw alice <<<'{"command":"PING"}'
		client_expect alice '.event == "PONG"'
		printf '%s\n' "$first"; cat; } >export
	jq -r 'select(.type == "message") | .message' export >got
	seq -f 'number %.0f' 1 2500 | cmp - got
}

@test "check finds a database sound, and tells what is not" {
	server_start
	client_login alice
	say alice hello
	run -0 admin check
	[[ $output == *sound* ]]
	db_write "insert into messages (sender_id, session_id, body, created_at)
	    values (99, 1, 'x', 1)"
	run -65 admin check
	[[ $output == *messages*users*'not sound'* ]] || fail "$output"
}

@test "nothing a stranger wrote reaches the terminal as it is" {
	server_start
	client_login alice
	say alice hello
	run -0 admin invites add --note note
	run -0 admin blocks add mallory reason
	run -0 admin blocks add 192.0.2.1 reason
	evil="char(27) || '[31m' || char(7, 13, 127, 155, 8238, 8207, 10) ||
	    cast(x'c3ff9b' as text)"
	db_write "update users set username = 'a' || $evil;
	    update messages set body = 'b' || $evil;
	    update sessions set peer = 'c' || $evil;
	    update invites set note = 'd' || $evil;
	    update blocks set reason = 'e' || $evil;
	    update blocks set username = 'f' || $evil where username is not null"
	for words in 'users list' 'users list --json' 'invites list' \
	    'invites list --json' 'blocks list' 'blocks list --json' \
	    'sessions list' 'sessions list --json' 'export' 'check' \
	    'blocks why 192.0.2.1'; do
		# shellcheck disable=SC2086 # words
		LC_ALL=C.UTF-8 admin $words >shown 2>&1 || [[ $words == check ]]
		[[ $(wc -c <shown) -gt 10 ]] || fail "$words shows nothing"
		shown_safely <shown || fail "$words: $(cat -v shown)"
		# Where text is no UTF-8, its bytes could be controls.
		# shellcheck disable=SC2086
		LC_ALL=C admin $words >shown 2>&1 || [[ $words == check ]]
		printable <shown || fail "$words in C: $(cat -v shown)"
	done
	# The test can fail.
	not shown_safely <<<$'a\x1b[31m'
	not shown_safely <<<$'a\xc2\x9b'
	not printable <<<$'a\xc3\xa4'
	run -67 admin users remove "$(printf 'no\e[31mbody')" --yes || :
	admin users remove "$(printf 'no\e[31mbody')" --yes >shown 2>&1 || :
	shown_safely <shown
}

@test "what the operator hands out lets people in: an invitation, an account" {
	local code
	export CHAT_REGISTRATION=invite
	server_start
	code=$(admin invites add --json | jq -r .code)
	client_open bob
	client_send bob '{"command":"REGISTER","username":"bob","password":"correct horse"}'
	client_error bob BAD_INVITE
	client_send bob "{\"command\":\"REGISTER\",\"username\":\"bob\",\"password\":\"correct horse\",\"invite\":\"$code\"}"
	client_expect bob '.event == "REGISTERED"'
	client_send bob "{\"command\":\"REGISTER\",\"username\":\"eve\",\"password\":\"correct horse\",\"invite\":\"$code\"}"
	client_error bob BAD_INVITE
	echo 'battery staple' >secret
	admin users add carol --password-file secret
	client_open carol
	client_send carol '{"command":"CONNECT","username":"carol","password":"battery staple"}'
	client_expect carol '.event == "CONNECTED" and .username == "carol"'
	say carol hello
}
