# run, install, uninstall and deb; part of the Makefile.
#
# "make install" as root, without DESTDIR and under a running systemd, also
# makes the user, the directories and the units known, so that only
# "systemctl enable --now chat.socket" is left to do.

INSTALL ?= install
SYSTEMCTL ?= systemctl
CONFDIR = /etc/chat

UNITS = $(notdir $(foreach t,service socket timer,$(wildcard units/*.$t)))
CONFIGS = chat.conf chat-tls.conf
COMPLETED = $(patsubst contrib/%/completion.bash,%,$(wildcard \
	contrib/*/completion.bash))
MANPAGES = $(wildcard chat-*/*.[1-8] contrib/*/*.[1-8] docs/*.[1-8] \
	tests/load/*.[1-8])
DOCS = $(wildcard README docs/*.md contrib/fail2ban/*/* contrib/prometheus/* \
	contrib/docker/* contrib/haproxy.cfg contrib/inetd.conf)

# A session may execute whatever lies beside its own program, for upgrades (see
# docs/SANDBOX.md): that has a directory to itself.
programs = $(LIBEXECDIR)/chat-session $(BINDIR)/chat-notify \
	$(BINDIR)/chat-client $(BINDIR)/$(LOADER) $(SBINDIR)/$(ADMIN) $(SBINDIR)/$(METRICS)

installed = $(programs) $(COMPLETED:%=$(COMPLETIONDIR)/%) $(UNITS:%=$(UNITDIR)/%) \
	$(SYSUSERSDIR)/chat.conf $(TMPFILESDIR)/chat.conf $(CATALOGDIR)/chat.catalog \
	$(foreach m,$(MANPAGES),$(MANDIR)/man$(subst .,,$(suffix $m))/$(notdir $m)) \
	$(DOCS:%=$(DOCDIR)/%) $(CONFIGS:%=$(DOCDIR)/%) $(LIBDIR)/tls-check

# Whether this is a live system rather than a staging directory.
live = [ -z "$(DESTDIR)" ] && [ "$$(id -u)" -eq 0 ] && \
	[ -d /run/systemd/system ]

# Directives that the installed systemd does not know yet are left out, or it
# would warn of them at every start.
systemd_version = $(shell $(SYSTEMCTL) --version 2>/dev/null | \
	sed -n '1s/^systemd \([0-9]*\).*/\1/p')
unit_sed = -e 's|@BINDIR@|$(BINDIR)|' -e 's|@SBINDIR@|$(SBINDIR)|' \
	-e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@LIBEXECDIR@|$(LIBEXECDIR)|' \
	$(shell [ "$(or $(systemd_version),0)" -ge 255 ] || \
	echo "-e '/^PollLimit/d'")

run: $(BIN)
	@sh contrib/run $(B)/bin

# (Renamed into place: a connection that comes meanwhile finds a program.)
install: $(BIN)
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(SBINDIR)' \
		'$(DESTDIR)$(LIBEXECDIR)' '$(DESTDIR)$(UNITDIR)'
	for p in $(programs:%='%'); do \
		$(INSTALL) -m 755 $(B)/bin/$${p##*/} '$(DESTDIR)'"$$p.new" && \
		mv -f '$(DESTDIR)'"$$p.new" '$(DESTDIR)'"$$p" || exit; \
	done
	for c in $(COMPLETED); do \
		$(INSTALL) -Dm 644 contrib/$$c/completion.bash \
			'$(DESTDIR)$(COMPLETIONDIR)'/$$c || exit; \
	done
	for u in $(UNITS); do \
		sed $(unit_sed) units/$$u >'$(DESTDIR)$(UNITDIR)'/$$u && \
		chmod 644 '$(DESTDIR)$(UNITDIR)'/$$u || exit; \
	done
	$(INSTALL) -Dm 644 units/chat.sysusers '$(DESTDIR)$(SYSUSERSDIR)/chat.conf'
	$(INSTALL) -Dm 644 units/chat.tmpfiles '$(DESTDIR)$(TMPFILESDIR)/chat.conf'
	$(INSTALL) -Dm 644 units/chat.catalog '$(DESTDIR)$(CATALOGDIR)/chat.catalog'
	for m in $(MANPAGES); do \
		$(INSTALL) -Dm 644 -t '$(DESTDIR)$(MANDIR)'/man$${m##*.} $$m || exit; \
	done
	for d in $(DOCS); do \
		$(INSTALL) -Dm 644 $$d '$(DESTDIR)$(DOCDIR)'/$$d || exit; \
	done
	$(INSTALL) -Dm 755 contrib/tls-check '$(DESTDIR)$(LIBDIR)/tls-check'
	for c in $(CONFIGS); do \
		$(INSTALL) -Dm 644 contrib/$$c '$(DESTDIR)$(DOCDIR)'/$$c && \
		{ [ -e '$(DESTDIR)$(CONFDIR)'/$$c ] || \
		$(INSTALL) -Dm 644 contrib/$$c '$(DESTDIR)$(CONFDIR)'/$$c; } || \
		exit; \
	done
	@if $(live); then \
		set -ex; \
		systemd-sysusers '$(SYSUSERSDIR)/chat.conf'; \
		systemd-tmpfiles --create '$(TMPFILESDIR)/chat.conf'; \
		journalctl --update-catalog; \
		$(SYSTEMCTL) daemon-reload; \
	fi

# What users wrote stays: the database, the certificate, and a configuration that
# was changed.
uninstall:
	@if $(live); then \
		set -x; \
		$(SYSTEMCTL) kill chat-fork.service 2>/dev/null; \
		$(SYSTEMCTL) -q disable --now \
			$(filter-out chat-notify.% %@.service,$(UNITS)); \
		$(SYSTEMCTL) stop $(patsubst %@.service,'%@*.service',$(filter \
			%@.service,$(UNITS))); \
		$(SYSTEMCTL) stop chat-notify.socket chat-notify.service; \
		rm -rf /run/chat /run/chat-tls; \
	fi
	for c in $(CONFIGS); do \
		! cmp -s '$(DESTDIR)$(CONFDIR)'/$$c '$(DESTDIR)$(DOCDIR)'/$$c || \
		rm -f '$(DESTDIR)$(CONFDIR)'/$$c; \
	done
	rm -f $(installed:%='$(DESTDIR)%')
	[ ! -d '$(DESTDIR)$(DOCDIR)' ] || \
		find '$(DESTDIR)$(DOCDIR)' -depth -type d -empty -delete
	for d in '$(LIBDIR)' '$(LIBEXECDIR)' \
		'$(CONFDIR)'; do \
		[ ! -d '$(DESTDIR)'"$$d" ] || \
		rmdir --ignore-fail-on-non-empty '$(DESTDIR)'"$$d"; \
	done
	@if $(live); then \
		set -x; \
		journalctl --update-catalog; \
		$(SYSTEMCTL) daemon-reload; \
		rmdir --ignore-fail-on-non-empty /var/lib/chat/backup \
			/var/lib/chat; \
		{ set +x; } 2>/dev/null; \
		[ ! -d /var/lib/chat ] || \
		echo 'Kept: /var/lib/chat, with the database.'; \
	fi

# Debian packages, in build/deb: built from a copy of the tree, as Debian wants
# its own folder at the top of it.
deb_tree = $(B)/deb/chat-$(VERSION)

deb:
	@sed -n '1s/.*(\(.*\)).*/\1/p' contrib/debian/changelog | \
		grep -qxF '$(VERSION)' || { \
		echo 'contrib/debian/changelog has no entry for $(VERSION)' >&2; \
		exit 1; \
	}
	rm -rf $(B)/deb
	mkdir -p $(deb_tree)
	cp -a Makefile README chat-*/ contrib docs lib sql tests units $(deb_tree)
	mv $(deb_tree)/contrib/debian $(deb_tree)/debian
	cd $(deb_tree) && MAKEFLAGS= dpkg-buildpackage -b -us -uc
	@ls $(B)/deb/*.deb

.PHONY: run install uninstall deb
