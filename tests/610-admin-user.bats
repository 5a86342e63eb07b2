#!/usr/bin/env bats
# Whom chat-admin becomes, and whom it refuses.

load helpers
load admin

setup() {
	admin_setup
}

@test "root becomes the database's owner before the database is opened" {
	need_root
	need_strace
	store_make
	strace -qq -o trace \
	    -e trace=setgroups,setresgid,setresuid,openat \
	    "$BIN/chat-admin" users list 3>&-
	grep -n "setgroups(1, \[$OWNER\]) *= 0" trace
	grep -n "setresgid($OWNER, $OWNER, $OWNER) *= 0" trace
	became=$(grep -n "setresuid($OWNER, $OWNER, $OWNER) *= 0" trace | cut -d : -f 1)
	opened=$(grep -n "$CHAT_DB\|$T/run" trace | head -n 1 | cut -d : -f 1)
	((became > 0 && opened > became)) || fail "$(cat trace)"
}

@test "nothing that it makes belongs to root" {
	need_root
	store_make
	notify_stop
	rm "$T"/data/*-* "$T/run/shared" || :
	run -0 admin blocks add mallory spam
	run -0 admin backup "$T/data/chat.db-copy"
	assert_eq "$(find "$T/data" "$T/run" -user 0)" "" "what is root's"
	[[ -f $T/run/shared && -f $T/data/chat.db-copy ]]
	assert_eq "$(stat -c %a "$T/data/chat.db-copy")" 600 mode
}

@test "root's database is not opened as root, status 77" {
	need_root
	store_make
	notify_stop
	chown 0:0 "$CHAT_DB" "$T/data"
	run -77 admin users list
	[[ $output == *root*chown* ]]
	[[ ! -e $T/run/shared.new ]]
}

@test "a link, or a file that is not the folder's owner's, chooses nobody" {
	need_root
	store_make
	notify_stop
	as_owner mv "$CHAT_DB" "$T/data/chat.db-real"
	as_owner ln -s chat.db-real "$CHAT_DB"
	run -77 admin users list
	[[ $output == *'symbolic link'* ]]
	rm "$CHAT_DB"
	mv "$T/data/chat.db-real" "$CHAT_DB"
	chown "$OTHER" "$CHAT_DB"
	run -77 admin users list
	[[ $output == *'different users'* ]]
	# A folder that is root's lets nobody choose.
	chown 0:0 "$T/data"
	chmod 1777 "$T/data"
	chown "$OTHER" "$T/run" "$T/run/shared" "$T"/data/*
	run -0 admin users list
}

@test "another user is refused, status 77, and the owner is not" {
	need_root
	store_make
	run -0 as_owner "$BIN/chat-admin" users list
	run -77 as_other "$BIN/chat-admin" users list
	[[ $output == *"$CHAT_DB"*root* ]]
	chmod 700 "$T/data"
	run -77 as_other "$BIN/chat-admin" users list
	[[ $output == *'as root'* ]]
}

@test "it does not serve as a setuid program" {
	need_root
	store_make
	cp "$BIN/chat-admin" "$T/setuid"
	chown 0:0 "$T/setuid"
	chmod 4755 "$T/setuid"
	run as_other "$T/setuid" users list
	# (Where set-user-id has no effect it is refused as that other user.)
	assert_eq "$status" 77 status
}

@test "the password file is read as the one who calls" {
	need_root
	store_make
	echo 'correct horse' >secret
	chmod 600 secret
	run -0 admin users add alice --password-file "$T/secret"
}
