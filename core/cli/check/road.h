#pragma once
/// The way to a real registry, as the host's own calls take it.
#include <stdexcept>
#include <string>

#include "cli/check/checks.h"
#include "cli/check/one_file.h"
#include "net/transport.h"
#include "router/router.h"
#include "services/upstream.h"

namespace portolan::cli::check {

inline std::string said(const base::Error& error) {
  return std::string(base::to_string(error.code)) + ": " + error.message;
}

/// Made in the child, for one check. Throws std::runtime_error where there is no way.
struct Road {
  OneFile plugins;
  std::unique_ptr<net::Transport> transport = net::make_curl_transport();
  router::Router router{plugins, *transport};
  std::shared_ptr<router::Registry> registry;
  const Target& target;

  Road(const plugin::Contract& contract, const Target& of)
      : plugins(contract.note(), &contract), target(of) {
    auto added = router.add({of.registry, of.policy, model::limits::requests_per_registry});
    if (!added) throw std::runtime_error(said(added.error()));
    registry = *std::move(added);
  }

  router::CallSettings within(std::chrono::milliseconds usual) const {
    router::CallSettings out;
    out.deadline = base::Deadline::in(target.timeout.value_or(usual));
    out.log = target.log;
    return out;
  }
};

}  // namespace portolan::cli::check
