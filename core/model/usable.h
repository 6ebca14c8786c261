#pragma once
/// Access resolution: which spaces a namespace or a member of a workspace may use. One pure
/// function; the image selector, the pull secrets and the API all ask it.
#include <optional>
#include <string>
#include <vector>

#include "model/access.h"

namespace portolan::model {

/// What the resolution looks at. Ids only: names and states are the caller's.
struct AccessWorld {
  struct Registry {
    Id id = 0;
    std::optional<Id> workspace;  ///< Absent: of the platform.
  };
  struct Space {
    Id id = 0, registry = 0;
    bool is_public = false;  ///< Portolan's own flag, whatever the registry says.
  };
  struct Binding {
    Id space = 0, workspace = 0;
    bool push = false;
  };
  std::vector<Registry> registries;
  std::vector<Space> spaces;
  std::vector<Binding> bindings;
};

/// Why a space may be used; a space may have several reasons.
enum class Reason { own_registry, public_space, bound };
std::string_view to_string(Reason reason);  ///< "own-registry", "public", "bound"

struct UsableSpace {
  Id space = 0, registry = 0;
  std::vector<Reason> reasons;  ///< Never empty; in the order of the enumeration.
  bool push = false;            ///< A binding with access `push`, or the workspace's own registry.
};

/// All spaces of `workspace`'s own registries, public spaces of platform registries, and spaces of
/// platform registries bound to it; nothing of another workspace's registry, ever. Without a
/// workspace: the public spaces of platform registries. In the order of `world.spaces`.
std::vector<UsableSpace> usable_spaces(const AccessWorld& world, std::optional<Id> workspace);

/// The same for one who asks as a person: the union over the workspaces he is a member of (of a
/// token for one workspace: that one), and what is public. No role adds anything.
std::vector<UsableSpace> usable_spaces(const AccessWorld& world, const Principal& who);

/// Which space owns a repository where spaces are name prefixes: the longest of `prefixes` that is
/// the whole name or ends at a slash of it; none fits: the first path component, "_" without a
/// slash.
std::string space_of_repository(std::string_view repository,
                                const std::vector<std::string>& prefixes);

}  // namespace portolan::model
