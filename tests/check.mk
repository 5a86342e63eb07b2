# check, check-long and coverage; part of the Makefile.

# Sanitizers and coverage make everything slower: waits end later.
CHECK_DEADLINE = $(if $(SAN)$(COV),60,15)
check_env = B='$(abspath $(B))' CHAT_TEST_DEADLINE=$(CHECK_DEADLINE) MAKEFLAGS=

check: all tools unit
	@$(check_env) tests/run

check-long: all tools unit
	@$(check_env) tests/run --long

# Lines that the whole of `make check` runs, by file.
coverage:
	find build/cov -name '*.gcda' -delete 2>/dev/null || :
	-$(MAKE) COV=1 B=build/cov check
	gcovr --root . --object-directory build/cov --filter 'lib/' \
		--filter 'chat-session/' --filter 'chat-notify/' \
		--filter 'chat-client/' --print-summary build/cov

.PHONY: check check-long coverage
