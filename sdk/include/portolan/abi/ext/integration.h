/* portolan.integration/1 (mandatory): what the user typed becomes a known registry. */
#ifndef PORTOLAN_ABI_EXT_INTEGRATION_H
#define PORTOLAN_ABI_EXT_INTEGRATION_H
#include "../plugin.h"

#define PORTOLAN_EXT_INTEGRATION "portolan.integration/1"

typedef struct portolan_integration {
  uint32_t size;
  uint32_t reserved;        /* 0 */
  portolan_str address;     /* canonical base; may differ from the given base in its path only */
  portolan_str product;     /* "Harbor" */
  portolan_str version;     /* of the product; empty: it does not say */
  portolan_str api_version; /* "v2.0"; may be empty */
  portolan_str account;     /* who the host's credential is there; empty: nobody */
  portolan_str privilege;   /* administrator | user | robot | anonymous | unknown */
  portolan_str pull_host;   /* what an image reference starts with; empty: the base's authority */
  portolan_str facts_json;  /* a JSON object, at most 16 kB, no secret; opaque to the host, given to
                               every later instance; empty: {} */
  const portolan_str* capabilities; /* words: catalog, delete, spaces, robots, quotas, ... */
  uint64_t capability_count;
} portolan_integration;

typedef struct portolan_ext_integration {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [serial] Emits exactly one portolan_integration. A registry of another type is
   * PORTOLAN_PROTOCOL with a hint; wrong credentials are PORTOLAN_UNAUTHORIZED. */
  portolan_status (*integrate)(const portolan_instance* self, const portolan_call* call,
                               const portolan_sink* sink);
} portolan_ext_integration;

#endif
