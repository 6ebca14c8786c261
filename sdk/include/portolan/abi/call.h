/* One operation, made by the host, valid until the operation returns: deadline, cancel, budget,
 * log and error slot in one place. There is no global "last error". */
#ifndef PORTOLAN_ABI_CALL_H
#define PORTOLAN_ABI_CALL_H
#include "types.h"

#define PORTOLAN_LOG_DEBUG 0
#define PORTOLAN_LOG_INFO 1
#define PORTOLAN_LOG_WARN 2
#define PORTOLAN_LOG_ERROR 3

#define PORTOLAN_NO_DEADLINE INT64_MAX
#define PORTOLAN_NO_BUDGET UINT64_MAX

typedef struct portolan_call {
  uint32_t size;
  uint32_t reserved;   /* 0 */
  void* host_context;  /* the host's; a plugin passes it back and reads nothing from it */
  uint64_t id;         /* appears in every log line of the operation */
  int64_t deadline_ns; /* CLOCK_MONOTONIC; PORTOLAN_NO_DEADLINE: none */

  /* [in-call] PORTOLAN_OK, PORTOLAN_CANCELLED or PORTOLAN_TIMEOUT. One atomic load: poll it in
   * loops that make no request. After it is not OK, requests fail with the same code; sinks still
   * take what was reached, for a grace of a quarter of a second. */
  portolan_status (*check)(const struct portolan_call* self);

  /* [in-call] Requests that may still be started; PORTOLAN_NO_BUDGET: no budget was given. */
  uint64_t (*requests_left)(const struct portolan_call* self);

  /* [in-call] Keeps a copy of the error as the operation's explanation; the last one counts.
   * Returns error->code, so that `return call->fail(call, &e)` reads well. */
  portolan_status (*fail)(const struct portolan_call* self, const portolan_error* error);

  /* [in-call] One structured line; rate-limited and searched for secrets by the host. */
  void (*log)(const struct portolan_call* self, int32_t level, portolan_str message,
              const portolan_kv* fields, uint64_t field_count);

  /* [in-call] How far it is: `done` never falls; total 0 = not known. `what` names the unit. */
  void (*progress)(const struct portolan_call* self, uint64_t done, uint64_t total,
                   portolan_str what);

  /* What the collection before remembered of this registry: each key once, in the order of their
   * bytes; NULL and 0 in every call but collect(). Hints that may be missing at any time: another
   * account, another version of the plugin and a host that keeps nothing have none. Valid until
   * the call returns. */
  const portolan_kv* notes;
  uint64_t note_count;

  /* [in-call] Keeps a note for the next collection: a key of 1 to 512 bytes, a value of at most 1
   * kB, no secret; of two with one key the later counts. When collect() has answered PORTOLAN_OK,
   * all that it remembered takes the place of all that it could recall; nothing remembered leaves
   * that as it was. What goes beyond the host's limits is forgotten without a word. */
  void (*remember)(const struct portolan_call* self, portolan_str key, portolan_str value);
} portolan_call;

/* Where a plugin pushes what it finds. Made by the host for one call. */
typedef struct portolan_sink {
  uint32_t size;
  uint32_t reserved; /* 0 */
  void* host_context;

  /* [in-call] Copies `count` items that lie `stride` bytes apart; the item's type is named by the
   * function that took the sink. Blocks while the receiver is behind. PORTOLAN_OK: go on.
   * PORTOLAN_STOP: the receiver has enough, return PORTOLAN_OK soon. Anything else: return it. */
  portolan_status (*emit)(const struct portolan_sink* self, const void* items, uint64_t count,
                          uint64_t stride);

  /* [in-call] Says that all items emitted so far are covered by `cursor`: a later call with it
   * goes on behind them. At most 4 kB, no secret. Ignored where the call takes no cursor. */
  portolan_status (*cursor)(const struct portolan_sink* self, portolan_str cursor);
} portolan_sink;

#endif
