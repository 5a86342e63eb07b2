# The client that the bats tests drive (see helpers.bash).
$(B)/tests/chat-talk: tests/driver/chat-talk.c $(B)/lib/buf.o
	@mkdir -p $(@D)
	$(CC) $(ALLCPP) $(ALLC) -MMD -MP $(ALLLD) -o $@ $< $(B)/lib/buf.o

tools: $(B)/tests/chat-talk

# The session with shared libraries, for tests that preload something or put
# valgrind below it.
$(B)/tests/chat-session: $(call objects,chat-session) $(B)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALLLD) -o $@ $^ $(LIBS_session_shared)

tools: $(B)/tests/chat-session

# What somebody who has taken a session over would do (150-sandbox.bats).
$(B)/tests/forbidden.so: tests/driver/forbidden.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O1 -g $(WARN) -fPIC -shared -o $@ $<

tools: $(B)/tests/forbidden.so

# Thousands of sessions as the relay sees them (165-hostile-many.bats).
$(B)/tests/chat-crowd: tests/driver/chat-crowd.c $(B)/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALLCPP) $(ALLC) -MMD -MP $(ALLLD) -o $@ $< $(B)/lib.a

tools: $(B)/tests/chat-crowd
