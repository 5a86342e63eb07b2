# What the unit tests of chat-client link besides the library.
client_test = $(1:%=$(B)/chat-client/%.o)

$(B)/tests/unit/client-sanitise: $(call client_test,sanitise)
$(B)/tests/unit/client-alert: $(call client_test,alert sanitise)
$(B)/tests/unit/client-layout: $(call client_test,layout)
$(B)/tests/unit/client-edit $(B)/tests/unit/client-edit-history \
		$(B)/tests/unit/client-complete: $(call client_test,complete edit \
	edit-history edit-kill edit-place edit-undo input sanitise wrap)
$(B)/tests/unit/client-help: $(call client_test,action help input keymap page \
	sanitise wrap)
$(B)/tests/unit/client-keymap: $(call client_test,action keymap)
$(B)/tests/unit/client-incoming: $(call client_test,incoming)
$(B)/tests/unit/client-model $(B)/tests/unit/client-presence \
		$(B)/tests/unit/client-view: $(call client_test, \
	entry format incoming model model-go people presence sanitise talk \
	view wrap)
$(B)/tests/unit/client-talk: $(call client_test,address backoff fingerprint format \
	incoming input outbox request sanitise seen)
link_tests = $(addprefix $(B)/tests/unit/,client-link client-link-login \
	client-link-time)
$(link_tests): $(call client_test,address backoff clock conn conn-bytes \
	incoming link link-account link-login link-pulse link-say link-take \
	outbox request credential resolve seen tls)
$(link_tests): UNITLIBS = -lssl -lcrypto
$(B)/tests/unit/client-settings: $(call client_test,action address keymap \
	sanitise settings)
$(B)/tests/unit/client-state: $(call client_test,pairs state)

# The parts of chat-client's manual page that are made from its tables.
$(B)/client-sections: $(B)/chat-client/manual/sections.o \
		$(call client_test,action address help input keymap \
		sanitise settings) $(B)/lib.a
	$(CC) $(ALLLD) -o $@ $^

tools: $(B)/client-sections

manual: $(B)/client-sections
	tests/manual $< chat-client/chat-client.1 keys commands settings

.PHONY: manual
