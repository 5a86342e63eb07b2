# The load generator, the judge of crash tests, and `make bench`: included by
# the top Makefile.  Programs of tests/load that share code are linked with it.

LOAD = $(patsubst tests/load/%.c,$(B)/tests/%,$(wildcard tests/load/*.c))
LOAD_COMMON = $(call objects,tests/load/common)

$(LOAD): $(B)/tests/%: $(B)/tests/load/%.o $(LOAD_COMMON) $(B)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALLLD) -o $@ $^ -lsqlite3 -ljson-c

tools: $(LOAD)

# Ratios against something that runs beside it: never fails because of time.
bench: all tools
	B=$(B) tests/load/bench

.PHONY: bench
