# contrib/setup, with stand-ins for what would change this machine.

bats_require_minimum_version 1.5.0
load helpers

# stand_in NAME < SCRIPT
stand_in() {
	cat >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}

setup() {
	chat_setup
	mkdir "$T/bin"
	: >"$T/installed"
	# Knows what is installed from a file, and notes what it is asked for.
	stand_in dpkg-query <<-'END'
		#!/bin/sh
		for name; do :; done
		grep -qx "$name" "$T/installed" || exit 1
		echo installed
	END
	stand_in apt-get <<-'END'
		#!/bin/sh
		echo "$*" >>"$T/asked"
		case "$*" in *install*) exit "${INSTALL_STATUS:-0}" ;; esac
		exit "${UPDATE_STATUS:-0}"
	END
	stand_in id <<-'END'
		#!/bin/sh
		echo "${FAKE_UID:-0}"
	END
	stand_in sudo <<-'END'
		#!/bin/sh
		echo "sudo $1" >>"$T/asked"
		exec "$@"
	END
	export T PATH="$T/bin:$PATH"
	SETUP=$ROOT/contrib/setup
}

# Everything it may ask for is there.
all_installed() {
	sh "$SETUP" 2>&1 | sed -n 's/^setup: installing //p' | tr ' ' '\n' \
	    >"$T/installed"
	rm "$T/asked"
}

@test "it names and installs what is missing, then runs its arguments" {
	run -0 sh "$SETUP" echo 'two  words'
	[[ ${lines[0]} == "setup: installing make gcc "* ]] || fail "$output"
	[[ ${lines[-1]} == 'two  words' ]] || fail "$output"
	assert_eq "$(grep -c ' update$' "$T/asked")" 1 "updates"
	grep -q -- '--no-install-recommends make gcc ' "$T/asked"
}

@test "when nothing is missing it installs nothing and says nothing" {
	all_installed
	run -0 sh "$SETUP" echo hello
	assert_eq "$output" hello
	[[ ! -e $T/asked ]] || fail "$(cat "$T/asked")"
}

@test "only the missing package is installed" {
	all_installed
	sed -i '/^tmux$/d' "$T/installed"
	run -0 sh "$SETUP" true
	assert_eq "$output" "setup: installing tmux"
	grep -q 'install --no-install-recommends tmux$' "$T/asked"
}

@test "to talk, or for packages, nothing is installed that only tests need" {
	stand_in make <<-'END'
		#!/bin/sh
		echo "make $*"
	END
	run -0 sh "$SETUP" make run
	[[ ${lines[0]} == "setup: installing make gcc "*" systemd" ]] ||
	    fail "$output"
	assert_eq "${lines[-1]}" "make run"
	run -0 sh "$SETUP" make deb
	[[ ${lines[0]} == *" debhelper "* && ${lines[0]} != *" bats "* ]] ||
	    fail "$output"
	run -0 sh "$SETUP" make check
	[[ ${lines[0]} == *" bats "* ]] || fail "$output"
}

@test "the status of the command is its own" {
	all_installed
	run -7 sh "$SETUP" sh -c 'exit 7'
}

@test "who is not root installs through sudo" {
	FAKE_UID=1000 run -0 sh "$SETUP" true
	grep -qx 'sudo env' "$T/asked"
}

@test "without root and sudo it says so and does not go on" {
	rm "$T/bin/sudo"
	# A path on which there is no sudo.
	local tool
	for tool in sh env sed echo; do
		ln -sf "$(type -P "$tool")" "$T/bin/$tool"
	done
	ln -sf "$(type -P grep)" "$T/bin/grep"
	FAKE_UID=1000 PATH=$T/bin run -1 sh "$SETUP" echo went on
	[[ $output == *'no sudo'*'as root: apt-get install '*' make gcc '* &&
	    $output != *'went on'* ]] || fail "$output"
}

@test "package lists that cannot be renewed do not stop it" {
	UPDATE_STATUS=100 run -0 sh "$SETUP" echo went on
	[[ $output == *'could not be renewed'*'went on'* ]] || fail "$output"
}

@test "a failed installation is named and nothing is run" {
	INSTALL_STATUS=100 run -1 sh "$SETUP" echo went on
	[[ $output == *'could not install'* && $output != *'went on'* ]] ||
	    fail "$output"
}
