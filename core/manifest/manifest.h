#pragma once
/// Desired state: documents of kind Manifest, read and checked without contacting anything.
/// The format: config/manifest.schema.json; an example: config/example.yaml.
#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/schema.h"
#include "base/secret.h"
#include "manifest/document.h"
#include "manifest/mistake.h"
#include "model/registry.h"

namespace portolan::manifest {

/// The registry types that plugins name, as plain values: this room knows no plugin.
struct TypeSchemas {
  std::map<std::string, base::Schema> ready;
  std::set<std::string> unavailable;  ///< Refused or disabled: their options go unchecked.
};

/// Checked documents; secrets are still references.
struct Manifest {
  std::vector<Document> documents;
  TypeSchemas types;
};

struct Reading {
  Manifest manifest;               ///< Fit for resolve() only when there are no mistakes.
  std::vector<Mistake> mistakes;   ///< All of all files, sorted.
  std::vector<std::string> notes;  ///< "file:line:column: path: what is left alone", one each.
};

/// Offline. `paths` are files, directories or "-"; none of what they refer to is read.
Reading read(const std::vector<std::string>& paths, const TypeSchemas& types,
             std::istream& standard_input);

/// A registry with its secrets, ready to be called.
struct WantedRegistry {
  model::Registry registry;
  std::vector<std::string> network_allow;  ///< CIDR or host:port, of its document's spec.network.
  bool allow_private = false;
  std::string workspace{};  ///< Empty: of the platform.
};

struct Resolution {
  std::vector<WantedRegistry> registries;  ///< In the order of the files.
  std::vector<Mistake> mistakes;           ///< References that could not be read, sorted.
};

/// Where references are read from. Tests give their own environment.
struct References {
  std::function<std::optional<std::string>(const std::string& variable)> environment;
  std::istream& standard_input;
};

/// Reads what the references of every registry, or of the one called `only`, refer to.
Resolution resolve(const Manifest& manifest, const References& references,
                   const std::string& only = {});

/// Every registry's name, in the order of the files: for `--registry NAME`.
std::vector<std::string> registry_names(const Manifest& manifest);

/// config/manifest.schema.json, the one source of what a document may hold.
std::string_view schema_text();

/// Who may read the file behind a reference.
enum class Privacy { secret, open };

/// What {env|file|credential|stdin: ...} refers to, one newline at its end dropped. `folder` is
/// what a relative file is relative to. invalid_config, without a value, when it cannot be read, is
/// empty, is larger than 1 MiB, or when a secret's file may be read by group or others.
base::Result<base::Secret> read_reference(const base::Json& reference, const std::string& folder,
                                          Privacy privacy, const References& references);

}  // namespace portolan::manifest
