#!/usr/bin/env bats
#
# README is true: its list of files is that of the tree, and the targets of
# make that it names exist.

load helpers

# What .gitignore leaves out is no part of the tree; seeds are named together.
files_of_tree() {
	local -a out=(! -path './.git/*')
	local pattern
	while read -r pattern; do
		if [[ $pattern == */ ]]; then
			out+=(! -path "./$pattern*")
		else
			out+=(! -path "./$pattern")
		fi
	done <"$1/.gitignore"
	(cd "$1" && find . -type f "${out[@]}" -printf '%P\n') |
	    sed 's|^\(tests/fuzz/seeds/\).*|\1|' | sort -u
}

# The first word of each line.
files_of_readme() {
	sed -n '/^Files$/,$s/^    \([^ ]*\)  *[^ ].*$/\1/p' "$1/README" | sort
}

@test "README names each file of the tree once, and no other" {
	files_of_tree "$ROOT" >tree
	files_of_readme "$ROOT" >readme
	assert_eq "$(uniq -d readme)" "" "files named twice"
	assert_eq "$(comm -23 tree readme)" "" "files that README does not name"
	assert_eq "$(comm -13 tree readme)" "" "files that only README names"
	(($(wc -l <tree) > 100))
}

@test "a file too many or too few is found out" {
	mkdir -p tree/lib tree/build tree/.git
	printf '%s\n' build/ '*.db*' >tree/.gitignore
	touch tree/lib/a.c tree/lib/a.h tree/README tree/build/x tree/.git/y \
	    tree/chat.db-wal
	printf '%s\n' Files ----- '' '    .gitignore  x' '    README  x' \
	    '    lib/a.c  x' '    lib/a.h  x' >tree/README
	assert_eq "$(files_of_tree tree)" "$(files_of_readme tree)" files
	touch tree/lib/b.c
	[[ $(files_of_tree tree) != "$(files_of_readme tree)" ]]
	rm tree/lib/b.c tree/lib/a.h
	[[ $(files_of_tree tree) != "$(files_of_readme tree)" ]]
}

@test "each line of the list says something, in 80 columns" {
	if sed -n '/^Files$/,$p' "$ROOT/README" | grep -nE '^    [^ ]+ *$|.{81}'; then
		fail "lines above"
	fi
}

@test "make knows the targets that README names" {
	mapfile -t targets < <(sed -n '1,/^Files$/p' "$ROOT/README" |
	    grep -oE '\bmake [A-Z=1 ]*[a-z0-9-]+' | awk '{ print $NF }' | sort -u)
	((${#targets[@]} >= 6))
	for target in "${targets[@]}"; do
		make -C "$ROOT" -n "$target" >out 2>&1 ||
		    fail "make $target: $(tail -n 3 out)"
	done
}

@test "the top level is what it was meant to be" {
	assert_eq "$(find "$ROOT" -mindepth 1 -maxdepth 1 ! -name '.*' \
	    ! -name build ! -name 'chat_server.db*' -printf '%f\n' | sort |
	    tr '\n' ' ')" \
	    "$(printf '%s\n' Makefile README chat-client chat-notify \
	    chat-session contrib docs lib sql tests units | sort |
	    tr '\n' ' ')" "top level"
}

@test "unit tests make their files where the runner finds what is left" {
	# (What mkdtemp(3) and mkstemp(3) need.)
	assert_eq "$(grep -l XXXXXX "$ROOT"/tests/unit/*)" "$ROOT/tests/unit/temp.h"
}
