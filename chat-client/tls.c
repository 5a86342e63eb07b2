/*
 * The TLS of tls.h.  Called by conn.c, which owns the socket; the context is
 * made by login.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "address.h"
#include "tls.h"

struct tls_context {
	SSL_CTX *ssl;
	char trusted[FINGERPRINT_LEN + 1]; /* "" : none */
	bool only;
};

struct tls {
	const struct tls_context *context;
	SSL *ssl;
	bool open; /* the handshake is done, nothing has failed */
	bool wants_write;
	char fingerprint[FINGERPRINT_LEN + 1];
	char error[160];
};

/*
 * What OpenSSL noted last, without its codes; of trouble with a file it notes
 * the system's reason first.
 */
static const char *
last_reason(void)
{
	unsigned long first = ERR_peek_error();
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (ERR_SYSTEM_ERROR(first))
		return strerror(ERR_GET_REASON(first));
	return reason != NULL ? reason : "no reason was given";
}

static bool
load_authorities(SSL_CTX *ssl, const char *ca_file)
{
	if (ca_file == NULL)
		return SSL_CTX_set_default_verify_paths(ssl) == 1;
	return SSL_CTX_load_verify_locations(ssl, ca_file, NULL) == 1;
}

struct tls_context *
tls_context_new(const char *ca_file, char *error, size_t size)
{
	struct tls_context *context = calloc(1, sizeof(*context));

	ERR_clear_error();
	if (context == NULL ||
	    (context->ssl = SSL_CTX_new(TLS_client_method())) == NULL ||
	    SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) != 1 ||
	    !load_authorities(context->ssl, ca_file)) {
		snprintf(error, size, "%s", last_reason());
		tls_context_free(context);
		return NULL;
	}
	/* The certificate is checked all the same, and judged by judge(). */
	SSL_CTX_set_verify(context->ssl, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION);
	/* What waits in a buffer may move there, and grow, before a retry. */
	SSL_CTX_set_mode(context->ssl,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
	return context;
}

void
tls_context_free(struct tls_context *context)
{
	if (context == NULL)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}

void
tls_context_trust(struct tls_context *context,
    const char fingerprint[FINGERPRINT_LEN + 1], bool only)
{
	memcpy(context->trusted, fingerprint, sizeof(context->trusted));
	context->only = only;
}

/* The name without what only a resolver or the kernel understands. */
static void
plain_host(char *out, size_t size, const char *host)
{
	size_t n;

	snprintf(out, size, "%s", host);
	n = strlen(out);
	if (n > 1 && out[n - 1] == '.')
		out[n - 1] = '\0';
	if (strchr(out, ':') != NULL)
		out[strcspn(out, "%")] = '\0';
}

/* An address is looked for among the addresses, and is no SNI (RFC 6066). */
static bool
expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char name[ADDRESS_HOST_MAX + 1];

	plain_host(name, sizeof(name), host);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return true;
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
	    SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct tls *
tls_new(const struct tls_context *context, const char *host, int fd)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->context = context;
	ERR_clear_error();
	if ((t->ssl = SSL_new(context->ssl)) == NULL ||
	    !expect_host(t->ssl, host) || SSL_set_fd(t->ssl, fd) != 1) {
		tls_free(t);
		return NULL;
	}
	SSL_set_connect_state(t->ssl);
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	ERR_clear_error();
	if (t->open)
		SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	free(t);
}

static enum tls_result
failed(struct tls *t, const char *why)
{
	snprintf(t->error, sizeof(t->error), "%s", why);
	t->open = false;
	return TLS_FAILED;
}

/* The trouble a person is likely to meet, in words. */
static enum tls_result
protocol_failed(struct tls *t)
{
	switch (ERR_GET_REASON(ERR_peek_last_error())) {
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		return failed(t,
		    t->open ? "the connection was cut off"
			    : "the server closed the connection during "
			      "the TLS handshake");
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_HTTP_REQUEST:
		return failed(t, "the server does not speak TLS on this port");
	}
	snprintf(t->error, sizeof(t->error), "TLS: %s", last_reason());
	t->open = false;
	return TLS_FAILED;
}

/* What a call of OpenSSL that returned `result' means. */
static enum tls_result
result_of(struct tls *t, int result)
{
	int error = errno;

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_NONE:
		t->wants_write = false;
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		t->wants_write = false;
		return TLS_WAIT;
	case SSL_ERROR_WANT_WRITE:
		t->wants_write = true;
		return TLS_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_END;
	case SSL_ERROR_SYSCALL:
		return failed(t, error != 0 ? strerror(error) : "cut off");
	default:
		return protocol_failed(t);
	}
}

static bool
take_fingerprint(struct tls *t)
{
	X509 *certificate = SSL_get1_peer_certificate(t->ssl);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;

	if (certificate == NULL ||
	    X509_digest(certificate, EVP_sha256(), digest, &n) != 1 ||
	    n * 3 - 1 != FINGERPRINT_LEN)
		n = 0;
	X509_free(certificate);
	for (i = 0; i < n; i++)
		snprintf(t->fingerprint + 3 * (size_t)i, 4, "%02X%s", digest[i],
		    i + 1 < n ? ":" : "");
	return n > 0;
}

/* Good for the authorities, or agreed to by its fingerprint. */
static enum tls_result
judge(struct tls *t)
{
	const struct tls_context *context = t->context;
	long verdict = SSL_get_verify_result(t->ssl);

	if (!take_fingerprint(t))
		return failed(t, "the server has no certificate");
	if (strcmp(t->fingerprint, context->trusted) == 0 ||
	    (verdict == X509_V_OK && !context->only)) {
		t->open = true;
		return TLS_DONE;
	}
	snprintf(t->error, sizeof(t->error), "%s",
	    context->only ? "it is not the one that was given"
			  : X509_verify_cert_error_string(verdict));
	return TLS_UNTRUSTED;
}

enum tls_result
tls_handshake(struct tls *t)
{
	enum tls_result result;

	ERR_clear_error();
	errno = 0;
	result = result_of(t, SSL_do_handshake(t->ssl));
	if (result == TLS_END)
		return failed(t,
		    "the server closed the connection during the TLS "
		    "handshake");
	return result == TLS_DONE ? judge(t) : result;
}

enum tls_result
tls_read(struct tls *t, void *data, size_t size, size_t *n)
{
	ERR_clear_error();
	errno = 0;
	return result_of(t, SSL_read_ex(t->ssl, data, size, n));
}

enum tls_result
tls_write(struct tls *t, const void *data, size_t size, size_t *n)
{
	ERR_clear_error();
	errno = 0;
	return result_of(t, SSL_write_ex(t->ssl, data, size, n));
}

bool
tls_wants_write(const struct tls *t)
{
	return t->wants_write;
}

bool
tls_pending(const struct tls *t)
{
	return SSL_pending(t->ssl) > 0;
}

const char *
tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}

const char *
tls_error(const struct tls *t)
{
	return t->error;
}

const char *
tls_fingerprint(const struct tls *t)
{
	return t->fingerprint;
}
