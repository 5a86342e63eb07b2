# shellcheck shell=bash
#
# Tests under a real systemd, in a machine of namespaces (tests/box); loaded
# after helpers.
#
#   box_boot [PATH...]      boot it, with these PATHs in it; $CANNOT is why it
#                           cannot be had, and then all tests are skipped
#   box_up                  the same with $ROOT and $B, and install the programs
#   box_client PATH         make $B/PATH a program that the tests run outside,
#                           in the box's network
#   box_down                switch it off (does nothing where there is none);
#                           fails if a sanitizer reported something in it
#   box_setup               in setup: skip, or chat_setup with those programs
#                           and chat.socket's port; $PROGRAMS is $B of before
#   inside COMMAND...       run it in the box, as root
#
# Those up to box_down are for setup_file and teardown_file.

inside() {
	"$ROOT/tests/box" run "$BOX" "$@"
}

box_boot() {
	local status=0 why=$BATS_FILE_TMPDIR/why
	export BOX=$BATS_FILE_TMPDIR/box CANNOT=
	"$ROOT/tests/box" up "$BOX" "$@" 2>"$why" 3>&- || status=$?
	case $status in
	0) ;;
	77) CANNOT=$(<"$why") ;;
	*) cat "$why"; return 1 ;;
	esac
}

box_up() {
	box_boot "$ROOT" "$B" || return
	[[ -n $CANNOT ]] || inside make -s -C "$ROOT" B="$B" install
}

# What standard error got is in the journal.
box_findings() {
	! inside journalctl -q -o short | grep -E 'Sanitizer|runtime error:'
}

box_client() {
	local clients=$BATS_FILE_TMPDIR/clients
	mkdir -p "$clients/${1%/*}"
	printf '#!/bin/sh\nexec nsenter -t %s -n "%s" "$@"\n' \
	    "$(<"$BOX/init")" "$B/$1" >"$clients/$1"
	chmod +x "$clients/$1"
}

box_down() {
	local bad=0
	[[ -n ${BOX:-} && -d $BOX ]] || return 0
	box_findings || bad=1
	"$ROOT/tests/box" down "$BOX"
	return "$bad"
}

# shellcheck disable=SC2034 # for the tests, and client_open
box_setup() {
	[[ -z $CANNOT ]] || skip "$CANNOT"
	chat_setup
	PROGRAMS=$B
	[[ ! -d $BATS_FILE_TMPDIR/clients ]] || B=$BATS_FILE_TMPDIR/clients
	PORT=5555
}
