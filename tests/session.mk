# What the unit tests of chat-session's pure parts are linked with, and sessions
# of releases to come.

$(B)/tests/unit/session-%: ALLCPP += -Ichat-session
$(B)/tests/unit/session-rate: $(B)/chat-session/rate.o
$(B)/tests/unit/session-proxy: $(B)/chat-session/proxy.o
$(B)/tests/unit/session-state: $(B)/chat-session/state.o

# They have migrations of their own (332-schemas.bats).
$(B)/tests/adds/schema.h: $(migrations) tests/driver/schema-adds.sql
	$(sql_strings)

$(B)/tests/breaks/schema.h: $(migrations) tests/driver/schema-adds.sql \
	tests/driver/schema-breaks.sql
	$(sql_strings)

$(B)/tests/%/store-migrate.o: lib/store-migrate.c $(B)/tests/%/schema.h
	$(CC) -iquote $(@D) $(ALLCPP) $(ALLC) -c -o $@ $<

$(B)/tests/%/chat-session: $(call objects,chat-session) \
	$(B)/tests/%/store-migrate.o $(B)/lib.a
	$(CC) $(ALLLD) -o $@ $^ $(LIBS_chat-session)

.SECONDARY: $(foreach n,adds breaks,$(B)/tests/$n/schema.h \
	$(B)/tests/$n/store-migrate.o)

# One that rests, and closes its database, in each moment of silence (chaos).
$(B)/tests/rests/loop.o: chat-session/loop.c
	@mkdir -p $(@D)
	$(CC) -DTEST_RESTS=5 $(ALLCPP) $(ALLC) -MMD -MP -c -o $@ $<

$(B)/tests/rests/chat-session: $(B)/tests/rests/loop.o $(filter-out \
		%/loop.o,$(call objects,chat-session)) $(B)/lib.a
	$(CC) $(ALLLD) -o $@ $^ $(LIBS_chat-session)

tools: $(B)/tests/rests/chat-session $(B)/tests/adds/chat-session $(B)/tests/breaks/chat-session
