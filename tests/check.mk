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

# Lines that the whole of `make check` runs: by file, with the numbers of those
# it does not, then by program.  Of each at least so many of a hundred must be.
# Whoever a program becomes may write its counters.
COVERED = 80
COVERED_PARTS = lib $(PROGRAMS) contrib/$(ADMIN) contrib/$(METRICS)
gcovr = gcovr --root . --add-tracefile build/cov/lines.json

coverage:
	$(MAKE) COV=1 all tools unit
	find build/cov -name '*.gcno' | sed 's/no$$/da/' >build/cov/counters
	xargs truncate -s 0 <build/cov/counters
	xargs chmod 666 <build/cov/counters
	-$(MAKE) COV=1 check
	find build/cov -name '*.gcda' -empty -delete
	gcovr --root . --object-directory build/cov \
		$(COVERED_PARTS:%=--filter '%/') --json build/cov/lines.json \
		build/cov
	$(gcovr)
	@bad=; for p in $(COVERED_PARTS); do \
		s=$$($(gcovr) --filter "$$p/" --print-summary \
			--txt build/cov/part --fail-under-line $(COVERED)) || \
			bad=1; \
		echo "$$s" | sed -n "s|^lines|$$p|p"; \
	done; [ -z "$$bad" ]

.PHONY: check check-long check-debian13 coverage
