/* The host's HTTP service: the only way out. The host owns sockets, TLS, proxy, credentials,
 * redirects, retries, rate and size limits and the address policy; a plugin names a request and
 * reads an answer. */
#ifndef PORTOLAN_ABI_HTTP_H
#define PORTOLAN_ABI_HTTP_H
#include "call.h"

#define PORTOLAN_SERVICE_HTTP "portolan.host.http/1"

/* How the host authenticates a request. The secret never reaches the plugin. */
#define PORTOLAN_AUTH_NONE 0u   /* nothing is sent, whatever is configured */
#define PORTOLAN_AUTH_BASIC 1u  /* RFC 7617, sent at once */
#define PORTOLAN_AUTH_BEARER 2u /* RFC 6750: the secret is the token */
#define PORTOLAN_AUTH_HEADER 3u /* the secret is the value of the header `auth_header` */
#define PORTOLAN_AUTH_DOCKER_TOKEN                                \
  4u /* as the 401 challenges: Basic, or a token fetched from the \
        realm (distribution spec, "token authentication");        \
        without credentials the token is asked anonymously */

#define PORTOLAN_HTTP_IDEMPOTENT 1u  /* may be retried though the method is not GET or HEAD */
#define PORTOLAN_HTTP_NO_REDIRECT 2u /* a 3xx is the answer */
#define PORTOLAN_HTTP_NO_RETRY 4u    /* one attempt */
#define PORTOLAN_HTTP_ANONYMOUS                                   \
  8u /* as somebody without credentials; docker-token: a token is \
        asked for anonymously, wherever its realm is */

typedef struct portolan_http_request {
  uint32_t size;
  uint32_t flags;      /* PORTOLAN_HTTP_* */
  uint32_t auth;       /* PORTOLAN_AUTH_* */
  uint32_t timeout_ms; /* 0: the registry's request timeout */
  portolan_str method; /* empty: GET */
  /* A path and query below the registry's base ("/v2/_catalog?n=1000"), or an absolute URL of the
   * same origin (as a Link header gives it). Another origin is PORTOLAN_POLICY. */
  portolan_str url;
  const portolan_kv* headers; /* may be NULL with 0. Authorization, Host, Cookie, Content-Length,
                                 Transfer-Encoding and Proxy-* are PORTOLAN_INVALID_ARGUMENT */
  uint64_t header_count;
  portolan_str body;
  portolan_str credential;  /* empty: the registry's own; else a handle that the host gave */
  portolan_str scope;       /* docker-token: fetch a token for it ahead; empty: as challenged */
  portolan_str auth_header; /* PORTOLAN_AUTH_HEADER: the header's name */
  /* RFC 6901 pointer: the host takes this value out of the JSON answer (at most 64 kB), seals it,
   * and leaves {"$secret":"<handle>"} in its place. A handle is usable as `credential` until the
   * call returns; a secret that the call's result names goes to the host. Empty: none. */
  portolan_str secret_pointer;
  uint64_t max_body; /* bytes after decompression; 0: the host's limit (16 MiB) */
} portolan_http_request;

/* The answer's head. Valid inside the callback. */
typedef struct portolan_http_response {
  uint32_t size;
  int32_t status; /* 100..999 */
  /* The host's one translation of the status: PORTOLAN_OK for 2xx and 3xx, else the stable code */
  portolan_status code;
  uint32_t attempts;          /* 1 without retries; answering a challenge is no retry */
  const portolan_kv* headers; /* names in lower case, in order, repeated where repeated */
  uint64_t header_count;
  portolan_str url;     /* absolute, after redirects, without query */
  portolan_str message; /* code != OK: what a user should read; else empty */
  portolan_str hint;
  int64_t elapsed_us;     /* to this head, retries and token included */
  int64_t retry_after_ms; /* 0: not said */
} portolan_http_response;

/* Made by the plugin. Called only inside send() or wait(), on the thread of the call. */
typedef struct portolan_http_sink {
  uint32_t size;
  uint32_t reserved; /* 0 */
  void* plugin_context;
  /* Once, unless no answer came. Not PORTOLAN_OK: the host ends the request with that status. */
  portolan_status (*head)(void* plugin_context, const portolan_http_response* response);
  /* Any number of times, in order, decompressed. Not PORTOLAN_OK: as above. */
  portolan_status (*body)(void* plugin_context, const uint8_t* bytes, uint64_t count);
  /* Exactly once and last: PORTOLAN_OK after a whole answer of any status, else the code of
   * `error`, which is NULL only with PORTOLAN_OK. */
  void (*done)(void* plugin_context, portolan_status status, const portolan_error* error);
} portolan_http_sink;

typedef struct portolan_http {
  uint32_t size;
  uint32_t reserved; /* 0 */

  /* [in-call] One request, to its end: the callbacks run before it returns. Returns what done()
   * was told. The request and its texts are copied. */
  portolan_status (*send)(const portolan_call* call, const portolan_http_request* request,
                          const portolan_http_sink* sink);

  /* [in-call] Starts a request and returns at once; never blocks. `sink` must live until its
   * done(), abort() or the end of the call. PORTOLAN_STOP: nothing was started because the cap of
   * the registry is reached: wait() first. Any other non-zero code: nothing was started, call->fail
   * was not used, and done() will not run (PORTOLAN_LIMIT: the call's request budget is spent;
   * PORTOLAN_CANCELLED, PORTOLAN_TIMEOUT, PORTOLAN_INVALID_ARGUMENT, PORTOLAN_POLICY). */
  portolan_status (*start)(const portolan_call* call, const portolan_http_request* request,
                           const portolan_http_sink* sink, uint64_t* operation);

  /* [in-call] Blocks until at least one callback of a started request has run, and runs all that
   * are ready. PORTOLAN_OK; PORTOLAN_STOP: nothing is in flight. When the call is cancelled or
   * late, every request in flight gets its done() with that code, and PORTOLAN_OK is returned. With
   * nothing in flight after a start() that answered PORTOLAN_STOP (other calls hold every place of
   * the registry) it blocks until a place may be free, the deadline or a cancel: PORTOLAN_OK. */
  portolan_status (*wait)(const portolan_call* call);

  /* [in-call] Ends a request; its callbacks run no more, done() neither. Unknown numbers are
   * ignored. What is left in flight when the call returns is aborted. */
  void (*abort)(const portolan_call* call, uint64_t operation);
} portolan_http;

#endif
