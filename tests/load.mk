# The load generator, the judge of crash tests, and `make bench`: included by
# the top Makefile.  Programs of tests/load that share code are linked with it.

# chat-load is installed: who has a server wants to know what it can bear.

LOAD = $(patsubst tests/load/%.c,$(B)/tests/%,$(filter-out %/chat-load.c, \
	$(wildcard tests/load/*.c)))
LOAD_COMMON = $(call objects,tests/load/common)

LOADER_OBJECTS = $(B)/tests/load/chat-load.o $(call objects,tests/load/crowd)
$(LOADER_OBJECTS): ALLCPP += -iquote tests/load/common -iquote tests/load/crowd

$(B)/bin/$(LOADER): $(LOADER_OBJECTS) $(LOAD_COMMON) $(B)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALLLD) -o $@ $^ -ljson-c

$(LOAD): $(B)/tests/%: $(B)/tests/load/%.o $(LOAD_COMMON) $(B)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALLLD) -o $@ $^ -lsqlite3 -ljson-c

tools: $(LOAD)

$(B)/tests/unit/load-%: ALLCPP += -iquote tests/load/common \
	-iquote tests/load/crowd
$(B)/tests/unit/load-body: $(LOAD_COMMON)
$(B)/tests/unit/load-conn: $(LOAD_COMMON)
$(B)/tests/unit/load-mqtt: $(B)/tests/load/crowd/mqtt.o
$(B)/tests/unit/load-said: $(LOAD_COMMON) $(patsubst \
	%,$(B)/tests/load/crowd/%.o,dialect mqtt said xmpp)
$(B)/tests/unit/load-xmpp: $(LOAD_COMMON) $(B)/tests/load/crowd/xmpp.o

# Ratios against something that runs beside it: never fails because of time.
bench: all tools
	B=$(B) tests/load/bench

.PHONY: bench
