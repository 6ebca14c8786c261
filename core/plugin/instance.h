#pragma once
/// C becomes C++ here: typed calls into a loaded plugin. Everything a plugin hands over is copied,
/// bounded and checked; a broken promise is Code::protocol with the words "plugin misbehaves".
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/outcome.h"

namespace portolan::services {
class Call;
}

namespace portolan::plugin {

/// Receives listing items as they come; false = enough.
template <class T>
using Receiver = std::function<bool(std::vector<T>&& batch)>;

struct Query {
  std::string space, repository, cursor;
  std::uint64_t limit = 0;
};

/// One instance of a registry type. One call at a time; the router keeps that.
/// Every function runs on the caller's thread and returns when the plugin does.
class Instance {
 public:
  virtual ~Instance() = default;
  virtual bool has(std::string_view extension) const = 0;

  virtual base::Result<model::Integration> integrate(services::Call& call) = 0;
  /// Checks reach `each` as they are made; an error comes after those that were.
  virtual base::Result<void> validate(services::Call& call, model::Depth depth,
                                      const std::function<void(model::Check)>& each) = 0;
  /// Measures as they come; an error comes after those that were.
  virtual base::Result<void> collect(services::Call& call, model::Level level,
                                     const Receiver<model::FoundMeasure>& receive) = 0;
  /// `cursor`: the last one the plugin gave.
  virtual base::Result<void> spaces(services::Call&, const Query&, const Receiver<model::Space>&,
                                    std::string& cursor) = 0;
  virtual base::Result<void> repositories(services::Call&, const Query&,
                                          const Receiver<model::Repository>&,
                                          std::string& cursor) = 0;
  virtual base::Result<void> tags(services::Call&, const Query&, const Receiver<model::Tag>&,
                                  std::string& cursor) = 0;
  virtual base::Result<void> artifacts(services::Call&, const Query&,
                                       const Receiver<model::Artifact>&, std::string& cursor) = 0;

  // Changes; unsupported where the type cannot make them. What may not be asked (no name, neither
  // public nor private, no grant) is invalid_argument without asking the plugin.

  /// The space as it then is. There already is fine; conflict: with another visibility.
  virtual base::Result<model::Space> create_space(services::Call&, const std::string& name,
                                                  model::Visibility) = 0;
  /// Gone already is fine; conflict: it is not empty.
  virtual base::Result<void> remove_space(services::Call&, const std::string& name) = 0;
  /// The space as it then is.
  virtual base::Result<model::Space> set_visibility(services::Call&, const std::string& name,
                                                    model::Visibility) = 0;

  /// A robot with its secret, which the plugin never sees. `name` is unique for this host, conflict
  /// when it is not. lifetime_days 0: as long as the registry permits.
  virtual base::Result<model::Robot> issue_robot(services::Call&, const std::string& name,
                                                 const std::vector<model::Grant>& grants,
                                                 std::uint32_t lifetime_days) = 0;
  /// Replaces all its grants; its secret stays. Without any left, revoke it.
  virtual base::Result<model::Robot> rewrite_robot(services::Call&, const std::string& id,
                                                   const std::vector<model::Grant>& grants) = 0;
  /// Gone already is fine.
  virtual base::Result<void> revoke_robot(services::Call&, const std::string& id) = 0;
  /// Those whose name starts with `prefix`; at most limits::robots.
  virtual base::Result<std::vector<model::Robot>> list_robots(services::Call&,
                                                              const std::string& prefix) = 0;
};

/// One registry type of a loaded plugin. Immutable; safe from any thread; lives for ever once
/// loaded.
class Type {
 public:
  virtual ~Type() = default;
  virtual const std::string& name() const = 0;
  /// `call` explains a failure. `config_json`: defaults filled in, password as
  /// {"$secret":"password"}.
  virtual base::Result<std::unique_ptr<Instance>> create(services::Call& call,
                                                         const std::string& base,
                                                         const std::string& config_json,
                                                         const std::string& facts_json) = 0;
  /// For a type whose note says can_detect().
  virtual base::Result<model::Detection> detect(services::Call& call, const std::string& base) = 0;
};

}  // namespace portolan::plugin
