#pragma once
/// How one call into a plugin ended.
#include <portolan/abi/abi.h>

#include <functional>
#include <string>

#include "base/result.h"
#include "plugin/sink.h"
#include "services/call.h"

namespace portolan::plugin {

/// "plugin misbehaves": a promise of the contract was broken.
base::Error misbehaves(const std::string& plugin, const std::string& problem);

/// Runs a function of the plugin's table. `sink` may be null. Errors: what the plugin explained
/// with call->fail(), internal for an exception that crossed, protocol for what the sink saw.
base::Result<void> run(const std::string& plugin, services::Call& call, const Sink* sink,
                       const std::function<portolan_status()>& body);

}  // namespace portolan::plugin
