# The client that the bats tests drive (see helpers.bash).
$(B)/tests/chat-talk: tests/driver/chat-talk.c $(B)/lib/buf.o
	@mkdir -p $(@D)
	$(CC) $(ALLCPP) $(ALLC) -MMD -MP $(ALLLD) -o $@ $< $(B)/lib/buf.o

tools: $(B)/tests/chat-talk
