#include "plugin/outcome.h"

#include <exception>

#include "plugin/items.h"

namespace portolan::plugin {
namespace {

constexpr const char* report_it =
    "report it to the plugin's vendor; `portolan plugins check FILE` shows the rule";

/// Law L7 says that nothing is thrown across; where both sides share a C++ runtime it can be caught
/// all the same, and one bad plugin need not end the process.
portolan_status guarded(const std::function<portolan_status()>& body, std::string& thrown) {
  try {
    return body();
  } catch (const std::exception& problem) {
    thrown = problem.what();
  } catch (...) {
    thrown = "of an unknown type";
  }
  return PORTOLAN_INTERNAL;
}

}  // namespace

base::Error misbehaves(const std::string& plugin, const std::string& problem) {
  return {base::Code::protocol, "plugin misbehaves: " + plugin + ": " + problem, report_it};
}

base::Result<void> run(const std::string& plugin, services::Call& call, const Sink* sink,
                       const std::function<portolan_status()>& body) {
  std::string thrown;
  const portolan_status status = guarded(body, thrown);
  if (!thrown.empty()) {
    return base::Error{base::Code::internal,
                       "plugin misbehaves: " + plugin + ": an exception left it: " +
                           base::clean_text(thrown, model::limits::text_bytes),
                       report_it};
  }
  if (sink && !sink->problem().empty()) return misbehaves(plugin, sink->problem());
  if (status == PORTOLAN_OK || (status == PORTOLAN_STOP && sink && sink->stopped())) return {};
  base::Error error = call.failure().value_or(base::Error{});
  error.code = code_of(status);
  if (error.message.empty()) {
    error.message = plugin + " answered " + std::string(base::to_string(error.code)) + " (" +
                    std::to_string(status) + ") and did not say why";
    error.hint = report_it;
  }
  return error;
}

}  // namespace portolan::plugin
