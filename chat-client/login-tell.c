/*
 * What a login (login.h) has to tell the person: once about what was done, and
 * why a connection ended.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "login-parts.h"

void
login_tell(struct login *g, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(g->message, sizeof(g->message), format, args);
	va_end(args);
}

const char *
login_message(struct login *g, char *out, size_t size)
{
	if (g->message[0] == '\0')
		return NULL;
	snprintf(out, size, "%s", g->message);
	g->message[0] = '\0';
	return out;
}

static void
explain_change(const struct login *g, const struct link *l, struct buf *out)
{
	char key[LOGIN_KEY_MAX];

	login_server_key(g, key);
	buf_add_str(out, "WARNING: THE CERTIFICATE OF ");
	buf_add_str(out, key);
	buf_add_str(out,
	    " HAS CHANGED!\nSomebody may be listening in, or it "
	    "was renewed: ask whoever runs the server.\nIt was ");
	buf_add_str(out, g->known);
	buf_add_str(out, "\nand is  ");
	buf_add_str(out, l->fingerprint);
	buf_add_str(out, "\nIf that is right, remove the line of ");
	buf_add_str(out, key);
	buf_add_str(out, " from ");
	buf_add_str(out, g->state.dir);
	buf_add_str(out, "/" LOGIN_KNOWN_FILE);
}

static void
explain_certificate(
    const struct login *g, const struct link *l, struct buf *out)
{
	if (g->known[0] != '\0') {
		explain_change(g, l, out);
		return;
	}
	buf_add_str(out, "the server's certificate is not trusted: ");
	buf_add_str(out, l->error);
	buf_add_str(out, "\nIts SHA-256 fingerprint is ");
	buf_add_str(out, l->fingerprint);
}

void
login_explain(const struct login *g, const struct link *l, struct buf *out)
{
	char reason[SHOWN_ERROR_MAX];

	if (l->why == LINK_UNTRUSTED) {
		explain_certificate(g, l, out);
		return;
	}
	link_reason(l, reason, sizeof(reason));
	buf_add_str(out, reason);
	if (l->why == LINK_EXPOSED ||
	    (l->why == LINK_REFUSED && l->exposed &&
		strncmp(l->code, "AUTH_", 5) == 0))
		buf_add_str(out,
		    "\nWithout TLS others can read along: use --tls, or "
		    "--insecure if the network is to be trusted");
}
