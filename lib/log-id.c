/*
 * The ids by which the journal's catalog (units/chat.catalog) knows what an
 * event means.  One that was ever given stays that event's.
 */
#include <string.h>

#include "log-id.h"

#define METRICS "chat-metrics"
#define NOTIFY	"chat-notify"
#define SESSION "chat-session"

/* (Arrays, not pointers: nothing to relocate in each process.) */
static const struct {
	char program[13], event[20], id[33];
} ids[] = {
	{ SESSION, "accepted", "d52bfab761fa4e4ebb7da5aeabb6078d" },
	{ SESSION, "sandbox", "60b3f0ed8c544e8f8d518a78b6b5f460" },
	{ SESSION, "proxied", "b1dc975adf4c4235842b6b132a83ceeb" },
	{ SESSION, "connected", "48f9b714e02b4be184f7bad220048c58" },
	{ SESSION, "upgraded", "c04422f47f8845838b3283df23b03ba8" },
	{ SESSION, "upgrade_refused", "00372d78f22f4ab58e1222e644d6bc41" },
	{ SESSION, "bad_state", "ddbb8aea7f264218892060a53b5b3abc" },
	{ SESSION, "registered", "75540a00f1cd44d8b763a97913f40171" },
	{ SESSION, "password_changed", "34378b2eb3724896bcb2278716e18d35" },
	{ SESSION, "error", "17281ce1c68a4a5fa00320eb6c806d41" },
	{ SESSION, "disconnected", "0e5525834c594633a64dec6b49f10446" },
	{ SESSION, "closed", "b2be35fae7834b57a6d5b21293223874" },
	{ SESSION, "lost", "8bde6e4146e5415f904c2bcba176eb6b" },
	{ SESSION, "timeout", "804dc83316a141d2a6bd30d172cc7242" },
	{ SESSION, "line_too_long", "75b8836a0cd14c5e9184307fb456c688" },
	{ SESSION, "bad_json", "edb34c5b83fd4b81985920b437322d2a" },
	{ SESSION, "proxy_required", "24f232c090b64d29ae05b89a947156ce" },
	{ SESSION, "replaced", "958021b5dc234268a77ea8ece90701d2" },
	{ SESSION, "blocked", "8bf8d6b67299480383637f45a591864c" },
	{ SESSION, "server_full", "e5e6e9379b554afaa77fcaa469063aa4" },
	{ SESSION, "shutdown", "1a194a3fba7c4064b18da76a5530761f" },
	{ SESSION, "login_failed", "ece6a27a2a4140de8f32b67b2d7fc7ac" },
	{ SESSION, "listening", "e5bcaec8105a4f5ca8e6052f2efdb962" },
	{ SESSION, "listen", "d1f13fc43b5942bfa830384535844ef6" },
	{ SESSION, "killed", "86f44318abd243929b65e1ffe2087f9e" },
	{ SESSION, "hash", "ede7cb17f5fe480e861df7800990602f" },
	{ SESSION, "store", "14d7535bcb464781bb6450234c39bf4d" },
	{ SESSION, "store_available", "dcb2fd9bf18b436496253cab126f0466" },
	{ SESSION, "store_unavailable", "8a798bcac6394963b534921c1647d8ea" },
	{ SESSION, "relay_away", "431b7fd033a942c5b1d45a289b435283" },
	{ SESSION, "publish", "d3e21048673942cbb9197dc4abd1ba63" },
	{ SESSION, "violation", "acb1b3058b7d4dd49a2751446916e60f" },
	{ SESSION, "no_sandbox", "1f5d1d5a734b4be58c177cea15faecc7" },
	{ SESSION, "bad_configuration", "2764ac198fc548b8a9b760b1178c940a" },
	{ SESSION, "root", "16648ef6cae44896a9c088185e30dc28" },
	{ SESSION, "internal", "0144c526aabc498e873414df698760c3" },
	{ METRICS, "bad_configuration", "ce2b77a6056145599bf57f39c7a8345b" },
	{ METRICS, "rights", "f72a810c23bb442f901dd4e2082a9b3d" },
	{ NOTIFY, "started", "680e724f65a140e1ade5bad39e5bb982" },
	{ NOTIFY, "stopping", "16e3f3c841974f428702f90c6a69ccda" },
	{ NOTIFY, "bad_configuration", "5b26dbde9cd648efaa07ef0761151bda" },
	{ NOTIFY, "unknown_key", "73f8c27ca4c249f3b62e47e5d61e37e9" },
	{ NOTIFY, "error", "7bb33f34b85e40a583251016c44c73e0" },
	{ NOTIFY, "socket_lost", "2a25165883ca4396888e7fbdcd7b6ab0" },
	{ NOTIFY, "socket_made", "71d26f4929f6497caeb9f7af679bb435" },
	{ NOTIFY, "registered", "3cc6f450b4c942bb9f243e5564b13837" },
	{ NOTIFY, "ended", "517839f45a0a4ddeafd760103e1a2d86" },
	{ NOTIFY, "died", "d0ad2e9d3f1349069e8372a624fcf46d" },
	{ NOTIFY, "lagging", "104e113303b44019a0a8a7470a3f7285" },
	{ NOTIFY, "caught_up", "1a5520329f3c4f01a8f0118fffde0ee4" },
	{ NOTIFY, "blocked", "30497484aca24f52817e96d27b72bbb0" },
	{ NOTIFY, "blocks", "599c61c325704bddbd6a9a5cfe90dbaa" },
	{ NOTIFY, "reader", "5765d19d27a4424fa89b9aa4d7c15c37" },
	{ NOTIFY, "dropped", "0f4447f7ad5d4acb8f32a3c9e1db8212" },
	{ NOTIFY, "filled", "3640a7dcf6f9413892f3f3dfe780d5bb" },
	{ NOTIFY, "position", "f552e30e35bd44e0aac175597566bf97" },
	{ NOTIFY, "store", "30b2902b514e44feaf286a94f5be7ec3" },
	{ NOTIFY, "store_unavailable", "1789ebf6b83d4e3ca6849ea009d84c2b" },
	{ NOTIFY, "store_available", "fa3968bfaae946e38d12c29e01cf33e2" },
	{ NOTIFY, "checkpoint", "b55d3cb971974e0a975c1df04c36304c" },
};

const char *
log_id(const char *program, const char *event)
{
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(ids[i].event, event) == 0 &&
		    strcmp(ids[i].program, program) == 0)
			return ids[i].id;
	return NULL;
}
