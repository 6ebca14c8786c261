/* portolan.spaces/1 (optional): spaces are made, removed and opened upstream. Each function is
 * idempotent: repeating it after an unknown outcome reaches the same state. */
#ifndef PORTOLAN_ABI_EXT_SPACES_H
#define PORTOLAN_ABI_EXT_SPACES_H
#include "catalog.h"

#define PORTOLAN_EXT_SPACES "portolan.spaces/1"

typedef struct portolan_ext_spaces {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [serial] Emits the portolan_space as it then is. `visibility` is PUBLIC or PRIVATE.
   * PORTOLAN_CONFLICT: it exists with another visibility. */
  portolan_status (*create)(const portolan_instance* self, const portolan_call* call,
                            portolan_str name, uint32_t visibility, const portolan_sink* sink);
  /* [serial] Gone already is PORTOLAN_OK; PORTOLAN_CONFLICT: not empty. */
  portolan_status (*remove)(const portolan_instance* self, const portolan_call* call,
                            portolan_str name);
  /* [serial] Emits the portolan_space as it then is. */
  portolan_status (*set_visibility)(const portolan_instance* self, const portolan_call* call,
                                    portolan_str name, uint32_t visibility,
                                    const portolan_sink* sink);
} portolan_ext_spaces;

#endif
