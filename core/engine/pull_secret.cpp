/// What a namespace needs to pull: exactly the spaces that access resolution gives it.
#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/url.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "model/usable.h"
#include "services/vault.h"
#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/registries.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// The auths of one answer as they are gathered, registry by registry.
class Gathering {
 public:
  Gathering(const Daemon& daemon, store::Reader& reader, std::optional<Id> workspace)
      : daemon_(daemon), reader_(reader), workspace_(workspace) {}

  /// `spaces`: those of the registry that may be used.
  base::Result<void> add(const model::RegistryRecord& registry,
                         const std::vector<model::SpaceRecord>& spaces) {
    const std::string host = pull_host_of(registry);
    tell_runtime(registry, host);
    const bool anonymous = registry.settings.credentials.username.empty() &&
                           registry.secret_fingerprint.empty() && !registry.pull_credential;
    if (anonymous || spaces.empty()) return {};
    if (const auto taken = taken_.find(host); taken != taken_.end()) {
      notices_.push_back(registry.identity() + " is at " + host + " as " + taken->second +
                         " is: one host has one entry, and that is " + taken->second + "'s");
      return missing(registry, spaces, "host_taken",
                     "Give one of the two registries a pull host of its own.");
    }
    if (registry.pull_suspended)
      return missing(registry, spaces, "pull_suspended",
                     "The registry's address or trust changed: a full validation must succeed.");
    if (has_extension(daemon_, registry.settings.type, robots_extension) && workspace_)
      return with_robot(registry, host, spaces);
    return with_pull_credential(registry, host, spaces, "");
  }

  /// What the workspace was given and is not there any more, wherever that was.
  void add_broken(Id workspace) {
    for (const model::Binding& binding :
         store::bindings(reader_, {.space = {}, .workspace = workspace, .registry = {}})) {
      if (!binding.broken || !binding.revoke_pending.empty()) continue;
      const auto registry = store::find_registry(reader_, binding.registry);
      if (!registry) continue;
      missing_.push_back({registry->identity(), binding.space_name, "space_gone",
                          "It was deleted in the registry: unbind it; one of the same name that "
                          "is there now is another space, bound anew."});
    }
  }

  Grants::PullSecret take() {
    Json config = Json::object();
    config.set("auths", std::move(auths_));
    return {base::to_text(config), std::move(missing_), std::move(notices_)};
  }

  /// Registries whose robots are not as they should be.
  const std::vector<Id>& to_sync() const { return to_sync_; }

 private:
  base::Result<void> with_robot(const model::RegistryRecord& registry, const std::string& host,
                                const std::vector<model::SpaceRecord>& spaces) {
    const auto robot = current_robot(reader_, registry.id, *workspace_, daemon_.store.now());
    const auto job = last_sync(registry.id);
    if (!robot) {
      if (job && job->error && is_refusal(*job->error))
        return with_pull_credential(registry, host, spaces, job->error->message);
      sync(registry.id, job);
      if (registry.pull_credential) return with_pull_credential(registry, host, spaces, "");
      return pending(registry, spaces, job);
    }
    auto secret = store::robot_secret(reader_, robot->id);
    if (!secret) return secret.error();
    add_auth(host, robot->username, *secret, registry);
    std::vector<model::SpaceRecord> late;
    for (const model::SpaceRecord& space : spaces)
      if (std::find(robot->spaces.begin(), robot->spaces.end(), space.id) == robot->spaces.end())
        late.push_back(space);
    // It may hold one that is gone, whose name another space can have by now.
    const bool has_more = spaces.size() - late.size() < robot->spaces.size();
    if (has_more || !late.empty()) sync(registry.id, job);
    return late.empty() ? base::Result<void>() : pending(registry, late, job);
  }

  /// The newest job that made the robots right, or is about to.
  std::optional<model::Job> last_sync(Id registry) {
    auto page = store::list_jobs(
        reader_, {.limit = 1},
        {.workspace = workspace_, .registry = registry, .kind = "robot.sync", .state = {}});
    if (page.rows.empty()) return {};
    return std::move(page.rows.front());
  }

  /// Trying again by itself will not help.
  static bool is_refusal(const Error& error) {
    return error.code == Code::forbidden || error.code == Code::unsupported ||
           error.code == Code::invalid_argument;
  }

  /// One that waits keeps its pause: who asks every second does not ask the registry every second.
  void sync(Id registry, const std::optional<model::Job>& job) {
    const bool waits =
        job && (job->state == model::JobState::queued || job->state == model::JobState::running);
    if (!waits || !job->error) to_sync_.push_back(registry);
  }

  base::Result<void> pending(const model::RegistryRecord& registry,
                             const std::vector<model::SpaceRecord>& spaces,
                             const std::optional<model::Job>& job) {
    if (job && job->error)
      return missing(registry, spaces, "credential_pending",
                     "The last try failed: " + job->error->message + ". It is tried again.");
    return missing(registry, spaces, "credential_pending",
                   "A robot gets its grants; ask again in some seconds.");
  }

  /// `refusal`: why the registry makes no robot; may be empty.
  base::Result<void> with_pull_credential(const model::RegistryRecord& registry,
                                          const std::string& host,
                                          const std::vector<model::SpaceRecord>& spaces,
                                          const std::string& refusal) {
    const auto credential = store::pull_credential(reader_, registry.id);
    if (!credential)
      return missing(registry, spaces, "pull_credential_missing",
                     (refusal.empty() ? "" : "The registry makes no robot: " + refusal + ". ") +
                         "Give the registry a credential that may be handed out "
                         "(PUT /api/v1/registries/{registry}/pull-credential).");
    add_auth(host, credential->username, credential->password, registry);
    return {};
  }

  void add_auth(const std::string& host, const std::string& username, const base::Secret& secret,
                const model::RegistryRecord& registry) {
    Json entry = Json::object();
    entry.set("auth", Json::string(services::base64(username + ":" + secret.reveal())));
    auths_.set(host, std::move(entry));
    taken_.emplace(host, registry.identity());
  }

  base::Result<void> missing(const model::RegistryRecord& registry,
                             const std::vector<model::SpaceRecord>& spaces, const char* reason,
                             const std::string& hint) {
    for (const model::SpaceRecord& space : spaces)
      missing_.push_back({registry.identity(), space.name, reason, hint});
    return {};
  }

  /// What a node's container runtime must be told beside the secret.
  void tell_runtime(const model::RegistryRecord& registry, const std::string& host) {
    const auto url = base::parse_address(registry.settings.address);
    if (!url) return;
    const bool plain = url->scheme == "http", own_ca = !registry.settings.tls.ca_pem.empty();
    if (!plain && !own_ca && url->path.empty()) return;
    const std::string folder = "/etc/containerd/certs.d/" + host;
    std::string why, file = "server = \"" + url->scheme + "://" + host;
    const auto because = [&](const std::string& what) { why += (why.empty() ? " " : ", ") + what; };
    if (plain) because("speaks plain http");
    if (own_ca) because("has a private CA");
    // containerd asks below /v2 of the host unless it is told the whole path.
    if (!url->path.empty()) because("serves below " + url->path);
    file += url->path.empty() ? "\"" : url->path + "/v2\"\noverride_path = true";
    if (own_ca) file += "\nca = \"" + folder + "/ca.crt\"  # its certificate, PEM";
    notices_.push_back(host + why + ": nodes need " + folder + "/hosts.toml with\n" + file);
  }

  const Daemon& daemon_;
  store::Reader& reader_;
  const std::optional<Id> workspace_;
  Json auths_ = Json::object();
  std::map<std::string, std::string> taken_;  // Host to the registry whose entry it is.
  std::vector<Grants::Missing> missing_;
  std::vector<std::string> notices_;
  std::vector<Id> to_sync_;
};

bool owns_namespace(store::Reader& reader, Id workspace, const std::string& name) {
  const auto all = store::namespaces(reader, workspace);
  return std::any_of(all.begin(), all.end(),
                     [&](const model::Namespace& one) { return one.text() == name; });
}

}  // namespace

base::Result<Grants::PullSecret> Grants::pull_secret(std::optional<Id> workspace,
                                                     const std::optional<std::string>& name_space) {
  std::vector<Id> to_sync;
  auto secret =
      daemon_.store.read<PullSecret>([&](store::Reader& reader) -> base::Result<PullSecret> {
        if (workspace && name_space && !owns_namespace(reader, *workspace, *name_space))
          return Error{.code = Code::not_found,
                       .message = "the workspace has no namespace " + *name_space};
        std::set<Id> registries;
        for (const auto& usable : model::usable_spaces(store::access_world(reader), workspace))
          registries.insert(usable.registry);
        std::vector<model::RegistryRecord> records;
        for (const Id id : registries)
          if (auto record = store::find_registry(reader, id)) records.push_back(*std::move(record));
        // A workspace's own registry goes before one of the platform at the same host.
        std::stable_partition(
            records.begin(), records.end(),
            [](const model::RegistryRecord& record) { return record.workspace.has_value(); });
        Gathering gathering(daemon_, reader, workspace);
        for (const model::RegistryRecord& record : records)
          if (auto added = gathering.add(record, guarded_spaces(reader, record, workspace)); !added)
            return added.error();
        if (workspace) gathering.add_broken(*workspace);
        to_sync = gathering.to_sync();
        return gathering.take();
      });
  if (!secret || to_sync.empty()) return secret;
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    for (const Id registry : to_sync) {
      if (auto due = sync_robots(writer, jobs_, registry, *workspace, "portolan"); !due) return due;
    }
    return {};
  });
  if (!written) return written.error();
  return secret;
}

}  // namespace portolan::engine
