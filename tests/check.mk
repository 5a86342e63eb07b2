# check, check-long, check-debian13 and coverage; part of the Makefile.

# Sanitizers and coverage make everything slower: waits end later.
CHECK_DEADLINE = $(if $(SAN)$(COV),60,15)
check_env = B='$(abspath $(B))' CHAT_TEST_DEADLINE=$(CHECK_DEADLINE) MAKEFLAGS=

check: all tools unit
	@$(check_env) tests/run

check-long: all tools unit
	@$(check_env) tests/run --long

# Tests with units, and those that depend on libraries and kernel interfaces, in
# a Debian 13 with its systemd, which is made once (build/debian).
CHECK_DEBIAN13 = $(shell grep -lw 'box_up' tests/*.bats | \
	xargs grep -LE '^\# bats file_tags=.*long') \
	$(wildcard tests/0[2-4]0-*.bats tests/33[0-9]-*.bats) \
	tests/100-transports.bats tests/150-sandbox.bats tests/900-install.bats

check-debian13: export DEBIAN_SUITE = trixie
check-debian13:
	tests/fresh-debian make build/debian/trixie
	tests/fresh-debian keep build/debian/trixie build/debian/trixie-build \
		sh contrib/setup
	tests/fresh-debian run build/debian/trixie-build sh contrib/setup sh -c \
		'make -s all tools unit && tests/run $(CHECK_DEBIAN13)'

# Lines that the whole of `make check` runs, by file.
coverage:
	find build/cov -name '*.gcda' -delete 2>/dev/null || :
	-$(MAKE) COV=1 B=build/cov check
	gcovr --root . --object-directory build/cov --filter 'lib/' \
		--filter 'chat-session/' --filter 'chat-notify/' \
		--filter 'chat-client/' --filter 'contrib/' --print-summary build/cov

.PHONY: check check-long check-debian13 coverage
