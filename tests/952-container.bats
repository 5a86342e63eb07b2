# bats file_tags=long,alone
#
# contrib/docker: the steps of the Dockerfile in a fresh Debian, and what comes of
# them as a user without rights.  (No container engine is needed.)

bats_require_minimum_version 1.5.0
load helpers

FILE=$ROOT/contrib/docker/Dockerfile

# The RUN lines of the first or second stage, as a script.
runs() {
	sed -e :a -e '/\\$/N; s/\\\n//; ta' "$FILE" |
	    awk -v n="$1" '/^FROM/ { stage++ }
	    stage == n && sub(/^RUN /, "") { print "(" $0 ")" }'
}

image() {
	local debian=$ROOT/build/debian/trixie
	export DEBIAN_SUITE=trixie
	fresh make "$debian" &&
	fresh run "$debian" sh -euc "{ $(runs 1)
	    } >&2; exec tar -C /image -cf - ." >"$BATS_FILE_TMPDIR/image.tar" &&
	fresh keep "$debian" "$IMAGE" sh -euc "$(runs 2)
	    tar -C / --no-overwrite-dir -xf -" <"$BATS_FILE_TMPDIR/image.tar"
}

fresh() {
	"$ROOT/tests/fresh-debian" "$@" 3>&-
}

setup_file() {
	local status=0
	export IMAGE=$BATS_FILE_TMPDIR/image CANNOT=
	image >"$BATS_FILE_TMPDIR/log" 2>&1 </dev/null || status=$?
	if [[ $status -eq 77 ]]; then
		CANNOT=$(tail -n 1 "$BATS_FILE_TMPDIR/log")
		return 0
	fi
	[[ $status -eq 0 ]] || { tail -n 50 "$BATS_FILE_TMPDIR/log"; return 1; }
}

teardown_file() {
	rm -rf "$IMAGE"
}

setup() {
	[[ -z $CANNOT ]] || skip "$CANNOT"
	chat_setup
	CONTAINER=
	PORT=$("$B/tests/chat-talk" --port)
}

teardown() {
	[[ -z $CANNOT ]] || return 0
	[[ -z $CONTAINER ]] || kill -TERM "$CONTAINER" 2>/dev/null || :
	chat_teardown
}

# A path in ENTRYPOINT or CMD of HEALTHCHECK.
program_of() {
	sed -n "s/^$1 .*\[\"\(.*\)\"\]\$/\1/p; s/^$1 \[\"\(.*\)\"\]\$/\1/p" "$FILE"
}

container_start() {
	fresh run "$IMAGE" setpriv --reuid=chat --regid=chat --clear-groups \
	    --no-new-privs --bounding-set=-all env \
	    CHAT_LISTEN="127.0.0.1:$PORT" "$(program_of ENTRYPOINT)" \
	    </dev/null >"$T/log/container" 2>&1 3>&- &
	CONTAINER=$!
	wait_for -t 60 grep -q 'INFO listening' "$T/log/container"
}

# Pid of the entrypoint, a descendant of the process $CONTAINER.
entry_pid() {
	local pid=$CONTAINER
	until [[ $(<"/proc/$pid/comm") == entrypoint ]]; do
		pid=$(pgrep -n -P "$pid") || return
	done
	echo "$pid"
}

healthy() {
	nsenter -t "$(entry_pid)" -m -p setpriv --reuid=5555 --clear-groups \
	    --regid=5555 env CHAT_LISTEN="127.0.0.1:$PORT" \
	    "$(program_of HEALTHCHECK)"
}

@test "the Dockerfile says nothing that is not tried here" {
	run -1 grep -vE '^(#|$|	|RUN |EXPOSE 5555$|VOLUME /var/lib/chat$)' \
	    <(grep -vxE 'FROM debian:trixie-slim( AS build)?|USER chat|COPY \. \.|WORKDIR /root/chat|COPY --from=build /image /|ENTRYPOINT \["[a-z/-]*"\]|HEALTHCHECK --interval=30s --timeout=5s CMD \["[a-z/-]*"\]' "$FILE")
	program_of ENTRYPOINT | grep -q /entrypoint
	program_of HEALTHCHECK | grep -q /health
}

@test "it serves as a user without rights, is healthy, and ends cleanly" {
	local entry
	container_start
	client_login alice
	client_login bob
	say alice hello
	client_expect bob '.message == "hello"'
	entry=$(entry_pid)
	run -0 healthy
	# Who asks for its health disturbs nobody.
	client_none alice '.event != "MESSAGE" and .event != "ACK"
	    and .event != "JOINED"'
	assert_eq "$(ps -o user= -n -p "$entry" | xargs)" 5555
	kill -TERM "$entry"
	client_error alice SHUTDOWN
	client_closed alice
	wait "$CONTAINER" || fail "status $?"
	CONTAINER=
	run -1 grep '^left: ' "$T/log/container"
}

@test "it is unhealthy when nobody listens, and ends when the relay does" {
	local entry
	container_start
	entry=$(entry_pid)
	run -0 healthy
	kill -STOP "$(pgrep -o -P "$entry" chat-session)"
	run healthy
	((status != 0))
	kill -CONT "$(pgrep -o -P "$entry" chat-session)"
	kill -KILL "$(pgrep -P "$entry" chat-notify)"
	wait "$CONTAINER" || :
	wait_for process_gone "$entry"
	CONTAINER=
}

@test "it holds 1000 connections" {
	local fd fds=() i line begin
	ulimit -n 4096
	container_start
	now_ms
	begin=$NOW
	for ((i = 1; i <= 1000; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
		echo "{\"command\":\"CONNECT\",\"username\":\"u$i\"}" >&"$fd"
		fds[i]=$fd
	done
	for ((i = 1; i <= 1000; i++)); do
		IFS= read -rt 60 -u "${fds[i]}" line
		[[ $line == *'"CONNECTED"'* ]] || fail "$i: $line"
	done
	now_ms
	echo "# 1000 connected in $((NOW - begin)) ms" >&3
	exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
	IFS= read -rt 60 -u "$fd" line
	[[ $line == *SERVER_FULL* ]] || fail "the next one got: $line"
	for fd in "$fd" "${fds[@]}"; do
		exec {fd}>&-
	done
	kill -TERM "$(entry_pid)"
	wait "$CONTAINER" || fail "status $?"
	CONTAINER=
}
