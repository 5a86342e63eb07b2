# check, check-long, check-debian13 and coverage; part of the Makefile.

# Sanitizers and coverage make everything slower: waits end later.
CHECK_DEADLINE = $(if $(SAN)$(COV),60,15)
check_env = B='$(abspath $(B))' CHAT_TEST_DEADLINE=$(CHECK_DEADLINE) MAKEFLAGS=

check: all tools unit
	@$(check_env) tests/run

check-long: all tools unit
	@$(check_env) tests/run --long

# The same in a Debian 13, with its systemd, libraries and compiler; what it
# needs is installed once (build/debian).
check-debian13: export DEBIAN_SUITE = trixie
check-debian13:
	tests/fresh-debian make build/debian/trixie
	tests/fresh-debian keep build/debian/trixie build/debian/trixie-build \
		sh contrib/setup
	tests/fresh-debian run build/debian/trixie-build \
		sh contrib/setup make -s check

# Lines that the whole of `make check` runs, by file.
coverage:
	find build/cov -name '*.gcda' -delete 2>/dev/null || :
	-$(MAKE) COV=1 B=build/cov check
	gcovr --root . --object-directory build/cov --filter 'lib/' \
		--filter 'chat-session/' --filter 'chat-notify/' \
		--filter 'chat-client/' --filter 'contrib/' --print-summary build/cov

.PHONY: check check-long check-debian13 coverage
