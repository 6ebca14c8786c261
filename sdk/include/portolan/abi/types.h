/* The words every other header uses: text views, status codes, error.
 *
 * LAWS OF THE ABI (docs/abi.md; each has a test in tests/unit/sdk):
 *  L1  every struct that may grow starts with uint32_t size, set by the side that fills it
 *  L2  fields are only appended; a shipped field keeps place, type and meaning
 *  L3  a growable struct is never embedded by value in another struct
 *  L4  arrays of growable structs travel with a stride in bytes
 *  L5  fixed-width integers only: no bool, enum, long, size_t, bit-field, union or floating point
 *  L6  nobody frees what it did not allocate: inputs live until the call returns, outputs are
 *      pushed into a callback and copied there
 *  L7  no exception and no longjmp crosses, in either direction
 *  L8  a member that an older peer may lack is read through PORTOLAN_HAS()
 *  L9  thread tags are part of the contract:
 *        [any]      any thread, any time; no I/O, no lock held for long
 *        [in-call]  only on the thread of a running call, only until that call returns
 *        [serial]   one at a time for one instance, on any thread, with happens-before in between
 *  L10 a host passes a plugin no constant that the plugin's minor does not know
 *  L11 a removed member stays, filled with a stub that answers PORTOLAN_UNSUPPORTED, never NULL
 *
 * Unless a comment says otherwise: pointers are not null, text is UTF-8 without terminator, and an
 * empty text is {NULL or any, 0}.
 */
#ifndef PORTOLAN_ABI_TYPES_H
#define PORTOLAN_ABI_TYPES_H
#include <stddef.h>
#include <stdint.h>

#include "version.h"

#if defined(__GNUC__)
#define PORTOLAN_EXPORT __attribute__((visibility("default")))
#else
#define PORTOLAN_EXPORT
#endif

/* True when `p` is not null, its peer knew `field`, and the field is set. `T` is p's struct. */
#define PORTOLAN_HAS(p, T, field) \
  ((p) && (p)->size >= offsetof(T, field) + sizeof((p)->field) && (p)->field)

/* Frozen for ever; the only structs that are passed and embedded by value. */
typedef struct portolan_str {
  const char* data;
  uint64_t len; /* bytes */
} portolan_str;

typedef struct portolan_kv {
  portolan_str key;
  portolan_str value;
} portolan_kv;

/* Outcome of every function that can fail. Never negative; an unknown non-zero number reads as
 * PORTOLAN_INTERNAL. The lower-case names are what users see (docs/errors.md). */
typedef int32_t portolan_status;
#define PORTOLAN_OK 0
#define PORTOLAN_STOP 1 /* not an error: enough (sink), wait first (start), nothing left (wait) */
#define PORTOLAN_UNREACHABLE 10  /* DNS, refused, reset, no route, proxy */
#define PORTOLAN_TLS 11          /* handshake, name, expiry, pin */
#define PORTOLAN_UNAUTHORIZED 20 /* who are you: credentials missing or wrong */
#define PORTOLAN_FORBIDDEN 21    /* known, and may not */
#define PORTOLAN_NOT_FOUND 22
#define PORTOLAN_CONFLICT 23
#define PORTOLAN_RATE_LIMITED 30 /* retry_after_ms may say for how long */
#define PORTOLAN_TIMEOUT 31
#define PORTOLAN_CANCELLED 32
#define PORTOLAN_UNAVAILABLE 33 /* 5xx: the far side says so itself */
#define PORTOLAN_UNSUPPORTED 40
#define PORTOLAN_INVALID_CONFIG 41 /* `pointer` says which field */
#define PORTOLAN_INVALID_ARGUMENT 42
#define PORTOLAN_PROTOCOL 50 /* the far side answered something that is not the protocol */
#define PORTOLAN_LIMIT 51    /* a limit of the host was reached: bytes, pages, redirects, budget */
#define PORTOLAN_POLICY 52   /* the host refused: address, scheme, origin of a credential */
#define PORTOLAN_INTERNAL 90

#define PORTOLAN_ERROR_RETRYABLE 1u /* the same request may succeed later */
#define PORTOLAN_ERROR_BUDGET 2u    /* PORTOLAN_LIMIT because the call's request budget is spent */

/* What happened, where, what to do. Texts hold no secret and no query string. */
typedef struct portolan_error {
  uint32_t size;
  portolan_status code;
  int32_t http_status;    /* 0: no HTTP answer behind it */
  uint32_t flags;         /* PORTOLAN_ERROR_* */
  int64_t retry_after_ms; /* 0: not said */
  portolan_str message;   /* one sentence, never empty */
  portolan_str hint;      /* what to do; may be empty */
  portolan_str pointer;   /* RFC 6901 into config_json, or empty */
  portolan_str url;       /* without query, or empty */
} portolan_error;

#endif
