/* portolan.statistics/1 (mandatory): numbers that carry their state. Never 0 for "may not know". */
#ifndef PORTOLAN_ABI_EXT_STATISTICS_H
#define PORTOLAN_ABI_EXT_STATISTICS_H
#include "../plugin.h"

#define PORTOLAN_EXT_STATISTICS "portolan.statistics/1"

#define PORTOLAN_LEVEL_QUICK 0u  /* what a handful of requests tell */
#define PORTOLAN_LEVEL_NORMAL 1u /* repositories and tags */
#define PORTOLAN_LEVEL_DEEP 2u   /* manifests: artifacts and storage */

#define PORTOLAN_MEASURE_KNOWN 0u
#define PORTOLAN_MEASURE_PARTIAL 1u /* a lower bound: this much was reached or is visible */
#define PORTOLAN_MEASURE_UNKNOWN 2u
#define PORTOLAN_MEASURE_UNSUPPORTED 3u /* this registry cannot tell */
#define PORTOLAN_MEASURE_FORBIDDEN 4u   /* this account may not know */

#define PORTOLAN_SCOPE_REGISTRY 0u /* of the whole registry */
#define PORTOLAN_SCOPE_ACCOUNT 1u  /* of what this account can see */

#define PORTOLAN_KIND_NONE 0u         /* counts */
#define PORTOLAN_KIND_LOGICAL 1u      /* sum of sizes, shared parts counted each time */
#define PORTOLAN_KIND_DEDUPLICATED 2u /* every blob once */
#define PORTOLAN_KIND_PHYSICAL 3u     /* bytes on the disk */

#define PORTOLAN_VISIBILITY_UNKNOWN 0u
#define PORTOLAN_VISIBILITY_PUBLIC 1u
#define PORTOLAN_VISIBILITY_PRIVATE 2u

#define PORTOLAN_MEASURE_CUT 1u /* not complete because budget, deadline or cancel ended it */

typedef struct portolan_measure {
  uint32_t size;
  uint32_t state;            /* PORTOLAN_MEASURE_* */
  uint32_t scope;            /* PORTOLAN_SCOPE_* */
  uint32_t kind;             /* PORTOLAN_KIND_* */
  uint32_t flags;            /* PORTOLAN_MEASURE_CUT */
  uint32_t space_visibility; /* PORTOLAN_VISIBILITY_* of `space` */
  /* spaces spaces_public spaces_private repositories repositories_public repositories_private
   * artifacts tags storage_bytes; unique by (space, name, kind) */
  portolan_str name;
  portolan_str unit;   /* "count" or "bytes" */
  portolan_str space;  /* empty: of the registry */
  portolan_str hint;   /* why it is not known and what would tell; may be empty */
  int64_t value;       /* read only when known or partial; >= 0 */
  int64_t taken_at_ms; /* Unix time; 0: now */
} portolan_measure;

typedef struct portolan_ext_statistics {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [serial] Emits portolan_measure items. When the budget (call->requests_left, PORTOLAN_LIMIT
   * with PORTOLAN_ERROR_BUDGET), the deadline or a cancel ends it: emit what was reached as partial
   * with PORTOLAN_MEASURE_CUT and return PORTOLAN_OK at once. */
  portolan_status (*collect)(const portolan_instance* self, const portolan_call* call,
                             uint32_t level, const portolan_sink* sink);
} portolan_ext_statistics;

#endif
