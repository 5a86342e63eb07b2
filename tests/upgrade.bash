# shellcheck shell=bash
#
# Sessions that execute their program anew; loaded after helpers.  The sessions
# of a test are started from $T/bin/chat-session, which is the test's own.

upgrade_setup() {
	chat_setup
	case $B in
	*/valgrind) skip 'valgrind cannot follow' ;;
	esac
	mkdir "$T/bin"
	install_program "$B/bin/chat-session"
	# shellcheck disable=SC2034 # for listener_start
	SESSION=$T/bin/chat-session
}

# As a package does it: another file under the same name.
install_program() {
	cp "$1" "$T/bin/new"
	mv -f "$T/bin/new" "$T/bin/chat-session"
}

# PROGRAM as $T/next, but it calls itself 9.9.9.
next_make() {
	local version=9.9.9
	sed "s/0\.1\.0\x00/$version\x00/g; s/ to 0\.1\.0,/ to $version,/;
	    s/with 0\.1\.0\x00/with $version\x00/" "$1" >"$T/next"
	chmod +x "$T/next"
	"$T/next" --version | grep -qx "chat-session $version"
}

install_next() {
	next_make "$B/bin/chat-session"
	install_program "$T/next"
}

# A program that does BODY, whatever it is asked.  (Static, as the session is,
# which may execute no loader.)
install_that() {
	echo "#include <poll.h>
	    #include <stdlib.h>
	    #include <unistd.h>
	    int main(void) { $1 }" >"$T/that.c"
	"${CC:-cc}" -static -o "$T/that" "$T/that.c"
	install_program "$T/that"
}

# How often a line of the log matches.
log_count() {
	cat "$T"/log/* | grep -cE -- "$1" || :
}

log_counts() {
	(($(log_count "$1") >= $2))
}

# Tell CLIENT's session, and see it done.
upgrade() {
	local told n
	told="INFO upgraded .*peer=$(peer "$1"):"
	n=$(log_count "$told")
	kill -URG "$(session_pid "$1")"
	wait_for log_counts "$told" $((n + 1))
}

peer() {
	client_ask "$1" port
	echo "127.0.0.1:$REPLY"
}

# Tell alice's session; it must say why not, and go on.
refused() {
	kill -URG "$(session_pid alice)"
	wait_for log_has "ERROR upgrade_refused user=alice .*: $T/bin/chat-session $1.*; this session goes on with 0\.1\.0\$"
	say alice "after $RANDOM"
	not log_has 'INFO upgraded'
}
