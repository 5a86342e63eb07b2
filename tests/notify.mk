# What the unit tests of chat-notify's parts are linked with.

$(B)/tests/unit/notify-%: ALLCPP += -Ichat-notify
$(B)/tests/unit/notify-relay: $(B)/chat-notify/relay.o
$(B)/tests/unit/notify-batch: $(B)/chat-notify/relay.o
$(B)/tests/unit/notify-limits: $(B)/chat-notify/limits.o
$(B)/tests/unit/notify-blocks: $(B)/chat-notify/blocks.o
$(B)/tests/unit/notify-presence: $(B)/chat-notify/presence.o
$(B)/tests/unit/notify-plan: $(B)/chat-notify/plan.o
$(B)/tests/unit/notify-subscribers: $(B)/chat-notify/relay.o \
	$(B)/chat-notify/presence.o $(B)/chat-notify/subscribers.o
