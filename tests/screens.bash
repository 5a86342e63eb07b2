# shellcheck shell=bash
#
# Terminals that tests drive and read (in tmux), with chat-client in them: a
# part of the tests of its screen and of its questions.  Loaded after helpers,
# it brings setup() and teardown(); a file with its own calls screens_setup and
# screens_teardown in them.

# Nothing of the machine's user is in what is seen.
screens_setup() {
	chat_setup
	export TZ=UTC XDG_CONFIG_HOME=$T/config
	unset USER CHAT_USER NO_COLOR TMUX
}

screens_teardown() {
	[[ ! -S $T/tmux ]] || screens_close
	chat_teardown
}

setup() {
	screens_setup
}

teardown() {
	screens_teardown
}

# The clients end before their terminals do: a leak checker that is surprised
# by a hangup hangs.
screens_close() {
	local pid
	for pid in $(own_processes); do
		if [[ $(readlink "/proc/$pid/exe") == */chat-client ]]; then
			kill -CONT "$pid"
			kill -TERM "$pid"
			wait_for process_gone "$pid" || :
		fi
	done
	tmux_do kill-server || :
	rm -f "$T/tmux"
}

tmux_do() {
	tmux -u -S "$T/tmux" -f /dev/null "$@" 3>&-
}

# Open a screen named $1 of $2 columns and $3 rows with the client in it,
# which gets the other arguments.  Below it comes its exit status.
screen_open() {
	local name=$1 columns=$2 rows=$3
	shift 3
	tmux_do new-session -d -s "$name" -x "$columns" -y "$rows" \
	    -e NO_COLOR="${NO_COLOR:-}" \
	    "$(printf '%q ' "$B/bin/chat-client" "$@"
	    ) 2>$T/log/screen.$name; echo \"status=\$?\"; exec cat"
}

# shell_open NAME COLUMNS ROWS: a shell with jobs, to start the client in.
shell_open() {
	tmux_do new-session -d -s "$1" -x "$2" -y "$3" \
	    'HISTFILE= PS1="$ " exec bash --norc -i'
}

# Open a screen named $1, and log in with that name.
login() {
	screen_open "$1" "${2:-80}" "${3:-24}" -u "$1" "127.0.0.1:$PORT"
	sees "$1" 'online'
}

screen() {
	tmux_do capture-pane -p -t "$1"
}

screen_has() {
	screen "$1" | grep -Eq -- "$2"
}

# (A screen that is not there lacks nothing.)
screen_lacks() {
	local shown
	shown=$(screen "$1") && ! grep -Eq -- "$2" <<<"$shown"
}

# Wait until the screen shows a line that matches; show it if it does not.
sees() {
	wait_for screen_has "$1" "$2" || { screen "$1"; return 1; }
}

misses() {
	wait_for screen_lacks "$1" "$2" || { screen "$1"; return 1; }
}

# Keys, by their names.
press() {
	local name=$1
	shift
	tmux_do send-keys -t "$name" "$@"
}

# Text as it is; with type_line, Enter after it.
type_text() {
	tmux_do send-keys -t "$1" -l -- "$2"
}

type_line() {
	type_text "$1" "$2"
	press "$1" Enter
}

# The client's process in a screen.
client_of() {
	pgrep -P "$(tmux_do display-message -p -t "$1" '#{pane_pid}')"
}

# The same with the client's errors on the terminal too, as a person has it,
# and its input from a file: the plain modes and their questions.
terminal_open() {
	local name=$1 input=$2
	shift 2
	tmux_do new-session -d -s "$name" -x 100 -y 30 \
	    "$(printf '%q ' "$B/bin/chat-client" "$@"
	    ) <$input; echo \"status=\$?\"; exec cat"
}
