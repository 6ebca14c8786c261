/* portolan.validation/1 (mandatory): a diagnosis in steps; at quick depth the health probe. */
#ifndef PORTOLAN_ABI_EXT_VALIDATION_H
#define PORTOLAN_ABI_EXT_VALIDATION_H
#include "../plugin.h"

#define PORTOLAN_EXT_VALIDATION "portolan.validation/1"

#define PORTOLAN_DEPTH_QUICK 0u /* few requests */
#define PORTOLAN_DEPTH_FULL 1u

#define PORTOLAN_CHECK_OK 0u
#define PORTOLAN_CHECK_WARN 1u
#define PORTOLAN_CHECK_FAIL 2u
#define PORTOLAN_CHECK_SKIPPED 3u /* not applicable, said why */
#define PORTOLAN_CHECK_UNKNOWN 4u /* applicable, could not be told */

typedef struct portolan_check {
  uint32_t size;
  uint32_t state;       /* PORTOLAN_CHECK_* */
  portolan_status code; /* PORTOLAN_OK when the state is ok; else the code that fits best */
  int32_t http_status;  /* of the evidence; 0: none */
  /* identity, api-version, credentials, permissions.<word>, capabilities. The names address, dns,
   * tcp, tls and http are the host's own. */
  portolan_str name;
  portolan_str message; /* what was seen; never empty */
  portolan_str hint;    /* what to do when it is not ok */
  portolan_str method;  /* of the request behind it; empty: none */
  portolan_str url;     /* without query */
  portolan_str detail;  /* more evidence, free text */
  int64_t elapsed_us;
} portolan_check;

typedef struct portolan_ext_validation {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [serial] Emits portolan_check items in the order they were made. A failed check is an item,
   * not an error: PORTOLAN_OK is returned. An error ends the rest as unknown; so is each of
   * identity, api-version, credentials, permissions and capabilities that was not emitted: emit it
   * as skipped where it does not apply. */
  portolan_status (*validate)(const portolan_instance* self, const portolan_call* call,
                              uint32_t depth, const portolan_sink* sink);
} portolan_ext_validation;

#endif
