# Chat: build, test, install.
#
#   make              the programs, in build/bin
#   make run          a server here, and a client in this terminal
#   make check        all tests of a few minutes; check-long: the others
#   make check-debian13   all tests, in a Debian 13
#   make install      to PREFIX (/usr/local), below DESTDIR; uninstall
#   make deb          Debian packages, in build/deb
#   make bench        measure, beside something simpler
#   make fuzz         look for inputs that break something, a minute a target
#   make coverage     which lines the tests run
#   make lint         format and checkers
#   make manual       the parts of chat-client(1) that are in tables
#   make clean
#
# SAN=1 adds the address and undefined-behaviour sanitizers, VALGRIND=1 makes
# programs that valgrind can run, WERROR=1 makes warnings errors.  Products go
# to build/ (build/san/ with SAN=1).

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
LIBDIR = $(PREFIX)/lib/chat
LIBEXECDIR = $(PREFIX)/libexec/chat
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/chat
COMPLETIONDIR = $(PREFIX)/share/bash-completion/completions
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d
CATALOGDIR = $(PREFIX)/lib/systemd/catalog

VERSION = 0.1.0

CC ?= cc
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wformat=2 \
	-Wpointer-arith -Wundef -Wvla $(if $(WERROR),-Werror)
HARDEN = -fstack-protector-strong -fPIE -fno-strict-aliasing
HARDENLD = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed

INSTRUMENTED = $(SAN)$(COV)$(VALGRIND)

ifdef SAN
B = build/san
# (The checks for NULL that it adds mislead these two warnings.)
EXTRA = -fsanitize=address,undefined -fno-omit-frame-pointer \
	-Wno-format-truncation -Wno-format-overflow
else ifdef COV
B = build/cov
# (In GNU C alone counters are written before execv(3) takes them away.)
EXTRA = --coverage -O0 -std=gnu11
else ifdef VALGRIND
B = build/valgrind
else
B = build
EXTRA = -D_FORTIFY_SOURCE=2
endif

ALLCPP = -D_GNU_SOURCE -DCHAT_VERSION='"$(VERSION)"' \
	-DCHAT_PREFIX='"$(PREFIX)"' $(if $(INSTRUMENTED),-DSANDBOX_INSTRUMENTED) \
	-iquote lib -iquote $(B) $(CPPFLAGS)
ALLC = -std=c11 $(CFLAGS) $(WARN) $(HARDEN) $(EXTRA)
ALLLD = $(HARDENLD) $(EXTRA) $(LDFLAGS)

PROGRAMS = chat-session chat-notify chat-client
ADMIN = chat-admin
METRICS = chat-metrics
LOADER = chat-load
BIN = $(patsubst %,$(B)/bin/%,$(PROGRAMS) $(ADMIN) $(METRICS) $(LOADER))

# One process for each connection: without shared libraries it starts with a
# quarter less work and has 60 KiB less of its own (docs/PERFORMANCE.md).
# STATIC= links it with them.  SQLite would load extensions by dlopen(3), which
# nobody asks for and a static program cannot do.
STATIC = $(if $(INSTRUMENTED),,1)
LIBS_session_shared = -lsqlite3 -ljson-c -Wl,-Bstatic -lmd -lcrypt \
	-Wl,-Bdynamic -lpthread
LIBS_session_static = -static-pie -Wl,--wrap=dlopen -lsqlite3 -ljson-c -lmd \
	-lcrypt -lm -lpthread
LIBS_chat-session = $(LIBS_session_$(if $(STATIC),static,shared))
LIBS_chat-notify = -lsqlite3 -lsystemd -lpthread
LIBS_chat-client = -lncursesw -ltinfo -ljson-c -lssl -lcrypto
LIBS_chat-admin = -lsqlite3 -lcrypt -Wl,-Bstatic -lmd -Wl,-Bdynamic

objects = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))

all: $(BIN)

# program NAME,FOLDER,more objects
define program
$(B)/bin/$(1): $(call objects,$(2)) $(3) $(B)/lib.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALLLD) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p),$(p))))
# What it shows is made safe in the same way as the client does.
$(eval $(call program,$(ADMIN),contrib/$(ADMIN),$(B)/chat-client/sanitise.o))
$(eval $(call program,$(METRICS),contrib/$(METRICS)))
$(call objects,contrib/$(ADMIN)): ALLCPP += -iquote chat-client

$(B)/lib.a: $(call objects,lib)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLCPP) $(ALLC) -MMD -MP -c -o $@ $<

# The migrations become one array of strings, in the order of their names.
define sql_strings
@mkdir -p $(@D)
for f in $(filter %.sql,$^); do \
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; \
	echo ','; \
done >$@
endef
migrations = $(sort $(wildcard sql/*.sql))

$(B)/schema.h: $(migrations) Makefile
	$(sql_strings)
$(B)/lib/store-migrate.o: $(B)/schema.h

# The filter of system calls is made here, with libseccomp; instrumented
# programs, and those run by valgrind, make some more calls.
$(B)/sandbox-filter: lib/seccomp/filter.c lib/sandbox.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -iquote lib -o $@ $< -lseccomp

$(B)/sandbox-filter.h: $(B)/sandbox-filter
	$< $(if $(INSTRUMENTED),--instrumented) >$@.new && mv $@.new $@
$(B)/lib/sandbox.o: $(B)/sandbox-filter.h

# Unit tests: each file of tests/unit is a program (cmocka, TAP) linked with
# the library and with the pure parts of the programs it names.
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*.c))
unit: $(UNIT)

$(B)/tests/unit/%: tests/unit/%.c $(B)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALLCPP) $(ALLC) -MMD -MP $(ALLLD) -o $@ $< $(filter %.o,$^) $(B)/lib.a -lcmocka -lsqlite3 -ljson-c -lcrypt $(UNITLIBS)

include $(wildcard tests/*.mk)

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build

-include $(shell find $(B) -path '$(B)/deb*' -prune -o -name '*.d' -print 2>/dev/null)

.PHONY: all tools unit help clean
