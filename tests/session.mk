# What the unit tests of chat-session's pure parts are linked with.

$(B)/tests/unit/session-%: ALLCPP += -Ichat-session
$(B)/tests/unit/session-rate: $(B)/chat-session/rate.o
$(B)/tests/unit/session-proxy: $(B)/chat-session/proxy.o
$(B)/tests/unit/session-state: $(B)/chat-session/state.o
