# Fuzz targets, one a file of tests/fuzz; part of the Makefile.  Each is built
# twice: with replay.c, for make check (tests/150-fuzz.bats), and with
# libFuzzer, for
#
#	make fuzz [FUZZ_SECONDS=60] [FUZZ_TARGETS='line text']
#
# which needs clang.  What it finds is left in build/fuzz/found; a seed that
# shows a bug belongs in tests/fuzz/seeds/TARGET together with its fix.

FUZZ_CC ?= clang-14
FUZZ_SECONDS ?= 60
FUZZ_LEN ?= 8192
FUZZ_TARGETS ?= $(patsubst tests/fuzz/%.c,%,$(filter-out %/replay.c, \
	$(wildcard tests/fuzz/*.c)))
FUZZ = $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%)
FUZZ_SAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer

# What runs the target: our loop over the seeds, or libFuzzer's.
ifdef FUZZER
FUZZ_RUN = -fsanitize=fuzzer
else
FUZZ_RUN = $(B)/tests/fuzz/replay.o
endif

$(FUZZ): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(filter %.o,$(FUZZ_RUN)) \
		$(B)/tests/fuzz/common/model.o $(B)/lib.a
	$(CC) $(ALLLD) -o $@ $(filter %.o,$^) $(filter -f%,$(FUZZ_RUN)) \
		$(B)/lib.a -lsqlite3 -ljson-c -lcrypt

# The parts of the programs that a target tests.
$(B)/tests/fuzz/request: $(B)/chat-session/request.o
$(B)/tests/fuzz/request.o: ALLCPP += -iquote chat-session
$(B)/tests/fuzz/proxy: $(B)/chat-session/proxy.o
$(B)/tests/fuzz/proxy.o: ALLCPP += -iquote chat-session
$(B)/tests/fuzz/state: $(B)/chat-session/state.o
$(B)/tests/fuzz/state.o: ALLCPP += -iquote chat-session
$(B)/tests/fuzz/dgram: $(B)/chat-notify/relay.o
$(B)/tests/fuzz/dgram.o: ALLCPP += -iquote chat-notify
$(B)/tests/fuzz/incoming: $(B)/chat-client/incoming.o
$(B)/tests/fuzz/incoming.o: ALLCPP += -iquote chat-client
$(B)/tests/fuzz/pairs: $(B)/chat-client/pairs.o $(B)/chat-client/fingerprint.o
$(B)/tests/fuzz/pairs.o: ALLCPP += -iquote chat-client
$(B)/tests/fuzz/sanitise: $(B)/chat-client/sanitise.o
$(B)/tests/fuzz/sanitise.o: ALLCPP += -iquote chat-client
$(B)/tests/fuzz/settings: $(addprefix $(B)/chat-client/,action.o address.o \
	keymap.o sanitise.o settings.o)
$(B)/tests/fuzz/settings.o: ALLCPP += -iquote chat-client

tools: $(FUZZ)

fuzz-programs: $(FUZZ)

# (In a tree of its own, because each object is made for it.)
fuzz:
	$(MAKE) B=build/fuzz CC=$(FUZZ_CC) FUZZER=1 \
		EXTRA='-fsanitize=fuzzer-no-link $(FUZZ_SAN)' fuzz-programs
	@for t in $(FUZZ_TARGETS); do \
		mkdir -p build/fuzz/found build/fuzz/corpus/$$t || exit; \
		echo "$$t: $(FUZZ_SECONDS) s"; \
		build/fuzz/tests/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) \
			-max_len=$(FUZZ_LEN) -timeout=10 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=build/fuzz/found/$$t- \
			build/fuzz/corpus/$$t tests/fuzz/seeds/$$t || exit; \
	done

.PHONY: fuzz fuzz-programs
