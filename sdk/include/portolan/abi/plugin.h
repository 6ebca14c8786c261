/* What a plugin exports: one symbol, one entry, a descriptor a type, instances. */
#ifndef PORTOLAN_ABI_PLUGIN_H
#define PORTOLAN_ABI_PLUGIN_H
#include "http.h"

/* What the host offers. One for the whole life of the plugin. */
typedef struct portolan_host {
  uint32_t size;
  uint32_t abi_minor; /* the host's */
  void* host_context;
  portolan_str name;    /* "portolan" */
  portolan_str version; /* "1.0.0" */
  /* [any] The table of a service by id ("portolan.host.http/1"), or NULL. Valid for ever. */
  const void* (*service)(const struct portolan_host* self, portolan_str id);
} portolan_host;

#define PORTOLAN_THREADS_SERIAL 0u     /* one call per instance at a time; the host makes several */
#define PORTOLAN_THREADS_CONCURRENT 1u /* several calls at once on one instance */

/* Static facts about one registry type. Must agree with the manifest in the ELF note. */
typedef struct portolan_descriptor {
  uint32_t size;
  uint32_t threads;     /* PORTOLAN_THREADS_* */
  portolan_str id;      /* of the plugin, reverse DNS: "dev.portolan.harbor" */
  portolan_str type;    /* registry type: [a-z0-9][a-z0-9-]{0,62} */
  portolan_str name;    /* for people: "Harbor" */
  portolan_str version; /* semantic version of the plugin */
  portolan_str vendor;
  portolan_str licence; /* SPDX */
  portolan_str doc_url; /* may be empty */
  /* JSON Schema in the closed profile of docs/plugin-guide.md: exactly the objects `credentials`
   * and `options` */
  portolan_str config_schema;
  const portolan_str* extensions; /* ids of every extension the type has, detect included */
  uint64_t extension_count;
  const portolan_str* permissions; /* wanted from the operator; none are defined in minor 0 */
  uint64_t permission_count;
} portolan_descriptor;

/* The registry an instance speaks to. Valid inside create(). */
typedef struct portolan_registry {
  uint32_t size;
  uint32_t reserved; /* 0 */
  portolan_str type; /* one of the descriptors' */
  portolan_str base; /* canonical base URL, no trailing slash: "https://host:5000/prefix" */
  /* {"credentials":{"username":"u","password":{"$secret":"password"}},"options":{…}}; has passed
   * the schema, defaults filled in; credentials that were not given are absent */
  portolan_str config_json;
  portolan_str facts_json; /* what integration gave; empty before it */
} portolan_registry;

typedef struct portolan_instance {
  uint32_t size;
  uint32_t reserved; /* 0 */
  void* plugin_context;
  /* [any] The table of an extension by id, or NULL. The same pointer until destroy. */
  const void* (*extension)(const struct portolan_instance* self, portolan_str id);
  /* [serial] Frees it. No call runs. */
  void (*destroy)(const struct portolan_instance* self);
} portolan_instance;

typedef struct portolan_entry {
  uint32_t size;
  uint32_t abi_minor;        /* the plugin was built against */
  uint32_t min_host_minor;   /* the least it needs */
  uint32_t descriptor_count; /* >= 1, one a registry type */
  /* [any] Static data, valid for ever; NULL past the end. */
  const portolan_descriptor* (*descriptor)(uint32_t index);
  /* [any] Extensions that need no instance (portolan.detect/1); NULL when the type has none. */
  const void* (*type_extension)(portolan_str type, portolan_str id);
  /* [any] A new instance. No I/O, cheap, may fail through call->fail. Two instances share nothing
   * that a call can see. `*out` is set only with PORTOLAN_OK. */
  portolan_status (*create)(const portolan_call* call, const portolan_host* host,
                            const portolan_registry* registry, const portolan_instance** out);
} portolan_entry;

/* The one exported symbol. Pure: no allocation, no I/O, the same pointer each time. [any] */
#ifdef __cplusplus
extern "C" {
#endif
PORTOLAN_EXPORT const portolan_entry* portolan_plugin_v1(void);
#ifdef __cplusplus
}
#endif

#endif
