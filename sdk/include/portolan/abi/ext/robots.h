/* portolan.robots/1 (optional): pull credentials scoped to spaces. A new secret goes from the
 * registry's answer into the host (portolan_http_request.secret_pointer); the plugin sees a handle.
 */
#ifndef PORTOLAN_ABI_EXT_ROBOTS_H
#define PORTOLAN_ABI_EXT_ROBOTS_H
#include "../plugin.h"

#define PORTOLAN_EXT_ROBOTS "portolan.robots/1"

#define PORTOLAN_ROBOT_PULL 1u
#define PORTOLAN_ROBOT_PUSH 2u /* implies pull */

/* What a robot may do in one space. */
typedef struct portolan_grant {
  uint32_t size;
  uint32_t rights; /* bits: PORTOLAN_ROBOT_* */
  portolan_str space;
} portolan_grant;

typedef struct portolan_robot {
  uint32_t size;
  uint32_t reserved;          /* 0 */
  portolan_str id;            /* upstream's */
  portolan_str username;      /* as a client logs in */
  portolan_str secret_handle; /* of this call; empty where no new secret was made */
  int64_t expires_ms;         /* Unix time; -1: never */
} portolan_robot;

typedef struct portolan_ext_robots {
  uint32_t size;
  uint32_t reserved; /* 0 */
  /* [serial] Emits one portolan_robot with a handle. `name` is unique for this host;
   * PORTOLAN_CONFLICT when it is taken, since the secret of that robot is not to be had again.
   * lifetime_days 0: as long as the registry permits. `grants` has at least one. */
  portolan_status (*issue)(const portolan_instance* self, const portolan_call* call,
                           portolan_str name, const portolan_grant* grants, uint64_t grant_count,
                           uint64_t grant_stride, uint32_t lifetime_days,
                           const portolan_sink* sink);
  /* [serial] Replaces the grants; the secret stays. Emits one portolan_robot without handle. */
  portolan_status (*rewrite)(const portolan_instance* self, const portolan_call* call,
                             portolan_str id, const portolan_grant* grants, uint64_t grant_count,
                             uint64_t grant_stride, const portolan_sink* sink);
  /* [serial] Gone already is PORTOLAN_OK. */
  portolan_status (*revoke)(const portolan_instance* self, const portolan_call* call,
                            portolan_str id);
  /* [serial] Emits every portolan_robot whose name starts with `prefix`, without handles. */
  portolan_status (*list)(const portolan_instance* self, const portolan_call* call,
                          portolan_str prefix, const portolan_sink* sink);
} portolan_ext_robots;

#endif
