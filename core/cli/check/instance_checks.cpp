#include <malloc.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "cli/check/checks.h"
#include "cli/check/scripted_upstream.h"
#include "router/config_json.h"

namespace portolan::cli::check {
namespace {

using plugin::Contract;

std::size_t entries(const char* directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(directory), {}));
}

/// Resident memory in kB (proc(5), statm counts pages).
long resident_kb() {
  long pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * 4;
}

std::string no_traces(const Contract& contract, const Contract::Settings& settings) {
  const ScriptedUpstream upstream(Script::hang);
  Contract::Settings here = settings;
  here.base = upstream.address();
  const std::size_t files = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  if (std::string problem = contract.create_and_destroy(here, 1); !problem.empty()) return problem;
  if (upstream.connections() != 0) return "create() connected to the registry";
  if (entries("/proc/self/fd") > files) return "a file descriptor is left open";
  if (entries("/proc/self/task") > threads) return "a thread is left";
  return {};
}

std::string thousand(const Contract& contract, const Contract::Settings& settings) {
  if (std::string problem = contract.create_and_destroy(settings, 100); !problem.empty())
    return problem;
  const long before = resident_kb();
  const std::size_t held = mallinfo2().uordblks;
  std::string problem = contract.create_and_destroy(settings, 1000);
  const long grown = resident_kb() - before;
  const std::size_t holds = mallinfo2().uordblks;  // 0 under a sanitizer's allocator.
  if (problem.empty() && holds > held + 1000 * 8)
    problem = "each instance leaves about " + std::to_string((holds - held) / 1000) + " bytes";
  if (problem.empty() && grown > 4096)
    problem = std::to_string(grown) + " kB more memory after 1,000 instances";
  return problem;
}

}  // namespace

const Contract& Loaded::contract() {
  if (!contract_) {
    auto loaded = Contract::load(file_);
    if (const auto* refusal = std::get_if<plugin::Refusal>(&loaded))
      throw std::runtime_error(refusal->message + " (" + refusal->code + ")");
    contract_ = std::get<std::unique_ptr<Contract>>(std::move(loaded));
  }
  return *contract_;
}

std::vector<Check> entry_checks(const std::shared_ptr<Loaded>& loaded, const plugin::Note& note) {
  std::vector<Check> out;
  const auto add = [&](std::string name, std::string type, std::string rule, auto problem) {
    out.push_back({"entry", std::move(name), std::move(type), std::move(rule),
                   [loaded, problem] { return unless(problem(loaded->contract())); }});
  };
  add("entry-loads", "", "it loads with every symbol resolved, and its entry is complete",
      [](const Contract&) { return std::string(); });
  add("entry-same-pointer", "", "portolan_plugin_v1() gives the same pointer each time",
      [](const Contract& c) { return c.same_entry(); });
  add("entry-agrees-with-note", "", "the descriptors say what the manifest says",
      [](const Contract& c) { return c.descriptor_agrees(); });
  add("entry-index-past-end", "", "descriptor(i) is a null pointer past the last type",
      [](const Contract& c) { return c.nothing_past_the_end(); });
  for (const auto& type : note.types)
    add("entry-unknown-extension", type.type,
        "type_extension() is a null pointer for an id that it does not know",
        [name = type.type](const Contract& c) { return c.unknown_type_extension(name); });
  return out;
}

std::vector<Check> lifecycle_checks(const std::shared_ptr<Loaded>& loaded,
                                    const plugin::Note::Type& type) {
  std::vector<Check> out;
  const auto add = [&](std::string name, std::string rule, auto problem) {
    out.push_back({"lifecycle", std::move(name), type.type, std::move(rule),
                   [loaded, type, problem]() -> Outcome {
                     const auto registry = made_up_registry(type, "https://registry.invalid");
                     if (!registry) return skipped(no_registry);
                     const auto config = router::make_config_json(type, *registry);
                     if (!config) return unless(config.error().message);
                     return unless(problem(
                         loaded->contract(),
                         Contract::Settings{type.type, "https://registry.invalid", *config}));
                   }});
  };
  add("create-no-io", "create() opens nothing, connects nowhere and starts no thread", no_traces);
  add("create-destroy-1000", "a thousand instances made and destroyed leave no memory behind",
      thousand);
  add("instances-independent", "two instances share nothing that a call can see",
      [](const Contract& c, const Contract::Settings& s) { return c.instances_independent(s); });
  add("extension-unknown", "extension() is a null pointer for an id that it does not know",
      [](const Contract& c, const Contract::Settings& s) { return c.unknown_extension(s); });
  add("extensions-as-declared",
      "each extension of the manifest has its table, no other has, and the pointer stays",
      [type](const Contract& c, const Contract::Settings& s) {
        return c.extensions_as_declared(type, s);
      });
  return out;
}

}  // namespace portolan::cli::check
