/* portolan.catalog/1 (optional): what is there, streamed and resumable. */
#ifndef PORTOLAN_ABI_EXT_CATALOG_H
#define PORTOLAN_ABI_EXT_CATALOG_H
#include "statistics.h"

#define PORTOLAN_EXT_CATALOG "portolan.catalog/1"

typedef struct portolan_query {
  uint32_t size;
  uint32_t reserved;       /* 0 */
  portolan_str space;      /* repositories(): only of this space; empty: all */
  portolan_str repository; /* tags(), artifacts(): the full name */
  portolan_str cursor;     /* as given to sink->cursor; empty: from the start */
  uint64_t limit;          /* items wanted; 0: all */
} portolan_query;

#define PORTOLAN_SPACE_PROXY_CACHE \
  1u /* a mirror of another registry: nothing can be pushed to it */

typedef struct portolan_space {
  uint32_t size;
  uint32_t visibility; /* PORTOLAN_VISIBILITY_* upstream */
  portolan_str name;
  portolan_str upstream_id; /* survives a rename; empty: the registry has none */
  int64_t repositories;     /* -1: not told by the list */
  uint32_t flags;           /* PORTOLAN_SPACE_* */
  uint32_t reserved;        /* 0 */
} portolan_space;

typedef struct portolan_repository {
  uint32_t size;
  uint32_t reserved;  /* 0 */
  portolan_str name;  /* full: "space/a/b" */
  portolan_str space; /* a repository without a slash belongs to "_" where spaces are prefixes */
  int64_t artifacts;  /* -1: not told */
  int64_t pulls;      /* -1 */
  int64_t updated_ms; /* Unix time; -1 */
} portolan_repository;

typedef struct portolan_tag {
  uint32_t size;
  uint32_t reserved; /* 0 */
  portolan_str repository;
  portolan_str name;
  portolan_str digest; /* empty: the list does not give it */
} portolan_tag;

typedef struct portolan_artifact {
  uint32_t size;
  uint32_t reserved; /* 0 */
  portolan_str repository;
  portolan_str digest;
  portolan_str media_type;
  const portolan_str* tags;
  uint64_t tag_count;
  int64_t bytes;     /* manifest, config and layers; -1 */
  int64_t pushed_ms; /* Unix time; -1 */
} portolan_artifact;

/* Each pushes its items in batches with a cursor now and then; order is the registry's, no item
 * twice in one call. A member is NULL where the registry cannot tell. */
typedef struct portolan_ext_catalog {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [serial] portolan_space */
  portolan_status (*spaces)(const portolan_instance* self, const portolan_call* call,
                            const portolan_query* query, const portolan_sink* sink);
  /* [serial] portolan_repository */
  portolan_status (*repositories)(const portolan_instance* self, const portolan_call* call,
                                  const portolan_query* query, const portolan_sink* sink);
  /* [serial] portolan_tag; PORTOLAN_NOT_FOUND: no such repository */
  portolan_status (*tags)(const portolan_instance* self, const portolan_call* call,
                          const portolan_query* query, const portolan_sink* sink);
  /* [serial] portolan_artifact; PORTOLAN_NOT_FOUND: no such repository */
  portolan_status (*artifacts)(const portolan_instance* self, const portolan_call* call,
                               const portolan_query* query, const portolan_sink* sink);
} portolan_ext_catalog;

#endif
