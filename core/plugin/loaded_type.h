#pragma once
#include <portolan/abi/abi.h>

#include <memory>

#include "plugin/instance.h"
#include "plugin/note.h"

namespace portolan::plugin {

/// A registry type of a loaded plugin whose descriptor agrees with `note`. `plugin` names the file
/// in messages. `host` lives for ever.
std::shared_ptr<Type> make_type(const portolan_entry* entry, const portolan_host* host,
                                const Note::Type& note, std::string plugin);

/// Takes over what create() made. protocol when it is not what the contract asks for.
base::Result<std::unique_ptr<Instance>> make_instance(const portolan_instance* raw,
                                                      std::string base, std::string plugin);

}  // namespace portolan::plugin
