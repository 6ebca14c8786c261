/* portolan.detect/1 (optional): is this address mine? Hangs on the entry: there is no
 * configuration yet. */
#ifndef PORTOLAN_ABI_EXT_DETECT_H
#define PORTOLAN_ABI_EXT_DETECT_H
#include "../plugin.h"

#define PORTOLAN_EXT_DETECT "portolan.detect/1"

typedef struct portolan_detection {
  uint32_t size;
  uint32_t score;      /* 0..100; from 80 on the host names the type in a hint */
  portolan_str reason; /* what was seen, for people */
} portolan_detection;

typedef struct portolan_ext_detect {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [any] Emits one portolan_detection. The call carries no credential and a budget of three
   * requests; `base` is the candidate, without trailing slash; relative URLs resolve against it. */
  portolan_status (*detect)(const portolan_call* call, const portolan_host* host, portolan_str base,
                            const portolan_sink* sink);
} portolan_ext_detect;

#endif
