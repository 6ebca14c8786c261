#pragma once
/// The rules of `plugins check`, in the order they are told.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/check/finding.h"
#include "model/registry.h"
#include "net/address_policy.h"
#include "plugin/contract.h"
#include "plugin/plugin_set.h"
#include "services/call.h"

namespace portolan::cli::check {

/// The file as bytes: nothing of it runs.
std::vector<Check> file_checks(const std::filesystem::path& file);
/// The forms of its types.
std::vector<Check> schema_checks(const plugin::Note& note);

/// The plugin, loaded by the first check that asks (in the child); throws std::runtime_error where
/// it cannot be.
class Loaded {
 public:
  explicit Loaded(std::filesystem::path file) : file_(std::move(file)) {}
  const plugin::Contract& contract();

 private:
  const std::filesystem::path file_;
  std::unique_ptr<plugin::Contract> contract_;
};

std::vector<Check> entry_checks(const std::shared_ptr<Loaded>& loaded, const plugin::Note& note);
std::vector<Check> lifecycle_checks(const std::shared_ptr<Loaded>& loaded,
                                    const plugin::Note::Type& type);
/// Each mandatory call against each script.
std::vector<Check> call_checks(const std::shared_ptr<Loaded>& loaded,
                               const plugin::Note::Type& type);
/// What every call may be heard and seen to do, whatever it is for.
std::vector<Check> manners_checks(const std::shared_ptr<Loaded>& loaded,
                                  const plugin::Note::Type& type);
/// A real registry and how it is called.
struct Target {
  model::Registry registry;
  net::AddressPolicy policy;
  std::optional<std::chrono::milliseconds> timeout;  ///< Of each call, instead of the usual ones.
  services::Log log;
};
/// The calls of the extensions that the type names, against the scripts that concern them.
std::vector<Check> extension_checks(const std::shared_ptr<Loaded>& loaded,
                                    const plugin::Note::Type& type);
/// The mandatory calls on a real registry.
std::vector<Check> registry_checks(const std::shared_ptr<Loaded>& loaded, const Target& target);
/// The catalogue of a real registry, where the type has one.
std::vector<Check> catalog_checks(const std::shared_ptr<Loaded>& loaded,
                                  const plugin::Note::Type& type, const Target& target);

/// A registry at `address` with what the type's form asks for: defaults, the schema's first
/// examples for the rest, and a made-up account. nullopt when the form wants more than that.
/// `secret`, where it is given and fits, is what every option with x-secret holds.
std::optional<model::Registry> made_up_registry(const plugin::Note::Type& type,
                                                const std::string& address,
                                                const std::string& secret = {});
inline constexpr const char* no_registry =
    "a required field of the form has neither default nor example";

}  // namespace portolan::cli::check
