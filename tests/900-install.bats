# What "make install" and "make uninstall" put where, without being root.

bats_require_minimum_version 1.5.0
load helpers

# make TARGET [ARGUMENT...] into $T/root
staged() {
	make -s -C "$ROOT" B="$B" DESTDIR="$T/root" "$@" >"$T/log/make" 2>&1 ||
	    { cat "$T/log/make"; return 1; }
}

listing() {
	(cd "$T/root" && find . -type f | sort)
}

@test "install puts programs, units, manual pages and configuration in place" {
	local f page
	staged install
	for f in libexec/chat/chat-session bin/chat-notify bin/chat-client \
	    bin/chat-load sbin/chat-admin share/bash-completion/completions/chat-admin \
	    share/bash-completion/completions/chat-client \
	    share/bash-completion/completions/chat-metrics \
	    lib/systemd/system/chat.socket lib/systemd/system/chat@.service \
	    lib/systemd/system/chat-notify.socket \
	    lib/systemd/system/chat-notify.service \
	    lib/systemd/system/chat-tls.service lib/chat/tls-check \
	    lib/systemd/system/chat-prune.service \
	    lib/systemd/system/chat-prune.timer \
	    lib/systemd/system/chat-backup.service \
	    lib/systemd/system/chat-backup.timer \
	    lib/sysusers.d/chat.conf lib/tmpfiles.d/chat.conf; do
		[[ -f $T/root/usr/local/$f ]] || fail "no $f"
	done
	while read -r page; do
		[[ -f $T/root/usr/local/share/man/man${page##*.}/${page##*/} ]] ||
		    fail "no manual page ${page##*/}"
	done < <(find "$ROOT"/chat-* "$ROOT/contrib" "$ROOT/docs" "$ROOT/tests" \
	    -name '*.[1-8]')
	cmp "$T/root/etc/chat/chat.conf" "$ROOT/contrib/chat.conf"
	cmp "$T/root/etc/chat/chat-tls.conf" "$ROOT/contrib/chat-tls.conf"
}

# (It may execute whatever lies there.)
@test "chat-session is alone in its directory" {
	staged PREFIX=/usr install
	assert_eq "$(ls -A "$T/root/usr/libexec/chat")" chat-session
}

@test "every unit is installed, and the packages are of this version" {
	staged install
	diff <(cd "$ROOT/units" && ls -- *.socket *.service *.timer) \
	    <(ls "$T/root/usr/local/lib/systemd/system")
	[[ $("$B/bin/chat-session" --version) == *" $(sed -n \
	    '1s/.*(\(.*\)).*/\1/p' "$ROOT/contrib/debian/changelog")" ]]
}

@test "installed units name the installed programs and hold no placeholder" {
	local units=$T/root/opt/chat/lib/systemd/system
	staged PREFIX=/opt/chat install
	grep -qx 'ExecStart=/opt/chat/libexec/chat/chat-session' "$units/chat@.service"
	grep -qx 'ExecStart=/opt/chat/bin/chat-notify' "$units/chat-notify.service"
	grep -qx 'ExecStartPre=/opt/chat/lib/chat/tls-check' \
	    "$units/chat-tls.service"
	run -1 grep -r '@[A-Z]*@' "$T/root/opt/chat/lib"
}

@test "documents are where chat(7) and OPERATIONS.md say" {
	local name folder
	staged install
	folder=$(grep -o '/usr/local/share/doc/[^ ]*' "$ROOT/docs/chat.7")
	for name in $(sed -n 's/^\.It Pa \(.*\.md\)$/\1/p' "$ROOT/docs/chat.7"); do
		[[ -f $T/root$folder/$name ]] || fail "no $folder/$name"
	done
	folder=$(sed -n 's/^    cd \(.*fail2ban\)$/\1/p' "$ROOT/docs/OPERATIONS.md")
	for name in $(sed -n 's/^    cp \([^ ]*\) .*fail2ban.*/\1/p' \
	    "$ROOT/docs/OPERATIONS.md"); do
		[[ -f $T/root$folder/$name ]] || fail "no $folder/$name"
	done
	[[ -n $name ]]
}

@test "installing again keeps a changed configuration" {
	staged install
	echo 'CHAT_LOG_LEVEL=DEBUG' >>"$T/root/etc/chat/chat.conf"
	staged install
	grep -qx 'CHAT_LOG_LEVEL=DEBUG' "$T/root/etc/chat/chat.conf"
}

@test "uninstall removes every file that install made" {
	staged install
	staged uninstall
	assert_eq "$(listing)" "" "what is left"
}

@test "uninstall keeps a changed configuration and other packages' files" {
	staged install
	echo 'CHAT_LOG_LEVEL=DEBUG' >>"$T/root/etc/chat/chat.conf"
	: >"$T/root/usr/local/bin/other"
	staged uninstall
	assert_eq "$(listing)" $'./etc/chat/chat.conf\n./usr/local/bin/other' \
	    "what is left"
}

@test "systemd finds nothing to complain about in the units" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	local units=$T/root/usr/local/lib/systemd/system
	staged install
	# The staged programs, or it would miss them; no manual pages there.
	sed -i "s,=\(-\{0\,1\}\)/usr/local/\(bin\|sbin\|lib\|libexec\)/,=\1$T/root/usr/local/\2/," \
	    "$units"/*.service
	SYSTEMD_LOG_LEVEL=warning run -0 systemd-analyze verify --man=no \
	    --recursive-errors=no "$units"/chat*
	assert_eq "$output" "" "complaints"
}

@test "chat.conf names exactly the keys that the programs know, as they are" {
	local key
	for key in $("$B/bin/chat-session" --help |
	    grep -o '^  CHAT_[A-Z_]*'); do
		grep -q "^#$key=" "$ROOT/contrib/chat.conf" || fail "no $key"
	done
	run -1 grep -v -e '^#' -e '^$' "$ROOT/contrib/chat.conf"
	while IFS='=' read -r key _; do
		"$B/bin/chat-session" --help | grep -q "^  ${key#\#} " ||
		    fail "$key is unknown to chat-session"
	done < <(grep '^#CHAT_' "$ROOT/contrib/chat.conf")
	# All of them set to what the example says: it is accepted.
	sed 's/^#CHAT_/CHAT_/' "$ROOT/contrib/chat.conf" >"$T/all.conf"
	CHAT_CONFIG=$T/all.conf run -0 session_pipe </dev/null
}
