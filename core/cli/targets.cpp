#include "cli/targets.h"

#include <iostream>

#include "cli/flag_registry.h"
#include "cli/program.h"

namespace portolan::cli {
namespace {

using base::Code;
using base::Error;

manifest::References references() { return {config::process_environment(), std::cin}; }

int tell(Session& session, const std::vector<manifest::Mistake>& mistakes) {
  for (const auto& mistake : mistakes) session.terminal().err << to_text(mistake) << '\n';
  session.terminal().err << "portolan: " << mistakes.size()
                         << (mistakes.size() == 1 ? " mistake" : " mistakes")
                         << "; nothing was contacted\n";
  return exit_config;
}

/// The document's rules and the flags'. A rule that is none was a mistake of the document.
net::AddressPolicy document_policy(const manifest::WantedRegistry& wanted, bool allow_private) {
  auto policy =
      net::AddressPolicy::make(allow_private || wanted.allow_private, wanted.network_allow);
  return policy ? *std::move(policy) : net::AddressPolicy();
}

Targets from_documents(Session& session, const manifest::TypeSchemas& types) {
  const auto reading = manifest::read(session.args().values("file"), types, std::cin);
  if (!reading.mistakes.empty()) return {{}, tell(session, reading.mistakes)};
  for (const auto& note : reading.notes) session.terminal().err << "note: " << note << '\n';

  const std::vector<std::string> known = manifest::registry_names(reading.manifest);
  const std::vector<std::string> only = session.args().values("registry");
  for (const auto& name : only) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string nearest = base::nearest_name(name, known);
    return {{},
            session.fail(
                {Code::invalid_argument, "no registry of the documents is called \"" + name + "\"",
                 nearest.empty() ? "" : "did you mean \"" + nearest + "\"?", "--registry"},
                config::usage_exit_code)};
  }
  Targets out;
  std::vector<manifest::Mistake> mistakes;
  const bool allow_private = session.args().has("allow-private");
  const auto take = [&](const std::string& name) {
    auto resolved = manifest::resolve(reading.manifest, references(), name);
    mistakes.insert(mistakes.end(), resolved.mistakes.begin(), resolved.mistakes.end());
    for (auto& wanted : resolved.registries)
      out.list.push_back(
          {std::move(wanted.registry), document_policy(wanted, allow_private), wanted.workspace});
  };
  if (only.empty()) take({});
  for (const auto& name : only) take(name);
  if (!mistakes.empty()) return {{}, tell(session, mistakes)};
  if (out.list.empty())
    return {{},
            session.fail({Code::invalid_config, "the documents hold no registry",
                          "add one under spec.registries", ""},
                         exit_config)};
  return out;
}

Targets from_flags(Session& session, plugin::PluginSet& plugins) {
  auto registry = flag_registry(session.args(), plugins, references());
  if (!registry) return {{}, session.fail(registry.error(), exit_code_of(registry.error()))};
  Targets out;
  out.list.push_back({*std::move(registry), policy_of(session.args())});
  return out;
}

}  // namespace

net::AddressPolicy policy_of(const config::ParsedCommand& arguments) {
  auto policy = net::AddressPolicy::make(arguments.has("allow-private"), {});
  return policy ? *std::move(policy) : net::AddressPolicy();
}

base::Result<manifest::TypeSchemas> type_schemas(plugin::PluginSet& plugins) {
  manifest::TypeSchemas out;
  for (const auto& plugin : plugins.plugins()) {
    if (!plugin.note) continue;
    for (const auto& type : plugin.note->types) {
      if (plugin.state != plugin::State::ready) {
        if (!out.ready.contains(type.type)) out.unavailable.insert(type.type);
        continue;
      }
      auto schema = base::Schema::compile(type.schema_text);
      if (!schema) return schema.error();
      out.ready.insert_or_assign(type.type, *std::move(schema));
      out.unavailable.erase(type.type);
    }
  }
  return out;
}

Targets read_targets(Session& session) {
  const auto& args = session.args();
  const bool files = args.has("file");
  const bool flags = args.has("address") || args.has("type");
  if (files == flags)
    return {{},
            session.fail(
                {Code::invalid_argument,
                 files ? "-f and --address exclude each other" : "it is not said which registry",
                 "give -f FILE" + std::string(args.command->words == "run"
                                                  ? ""
                                                  : ", or --type TYPE --address ADDRESS"),
                 ""},
                config::usage_exit_code)};
  const auto plugins = session.plugins();
  if (!plugins) return {{}, session.fail(plugins.error(), exit_config)};
  if (flags) return from_flags(session, **plugins);
  const auto types = type_schemas(**plugins);
  if (!types) return {{}, session.fail(types.error(), exit_config)};
  return from_documents(session, *types);
}

}  // namespace portolan::cli
