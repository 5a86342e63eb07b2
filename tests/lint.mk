# What a reader would otherwise have to look for; part of the Makefile.  It
# needs clang-format (14), cppcheck, shellcheck and mandoc.

SOURCES = $(wildcard lib/*.[ch] lib/*/*.c chat-*/*.[ch] chat-*/*/*.c \
	tests/unit/*.[ch] \
	tests/driver/*.[ch] tests/fuzz/*.[ch] tests/fuzz/common/*.[ch] \
	tests/load/*.[ch] tests/load/*/*.[ch] contrib/*/*.[ch])
SCRIPTS = $(shell grep -lE '^\#!/bin/(ba)?sh' contrib/* contrib/*/* tests/* tests/load/* \
	.ci/* 2>/dev/null) $(wildcard tests/*.bash contrib/*/*.bash)

lint: $(B)/schema.h $(B)/sandbox-filter.h
	clang-format --dry-run -Werror $(SOURCES)
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,performance,portability -D_GNU_SOURCE \
		-DCHAT_VERSION='""' -DCHAT_PREFIX='""' -I lib -I $(B) \
		lib chat-session chat-notify chat-client contrib/chat-admin \
		contrib/chat-metrics \
		tests/load tests/fuzz
	shellcheck -x $(SCRIPTS)
	shellcheck -a -x tests/load/bench
	mandoc -T lint -W warning $(MANPAGES)

.PHONY: lint
