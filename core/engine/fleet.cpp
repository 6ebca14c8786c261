#include "engine/fleet.h"

#include "config/daemon_settings.h"
#include "engine/health.h"
#include "net/address_policy.h"
#include "router/router.h"
#include "services/upstream.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

base::Error no_registry() {
  return {base::Code::not_found, "there is no such registry", "list the registries to see them"};
}

/// Of Fleet::Entry: made of the same row, secret and settings.
template <class Entry>
bool is_as(const Entry& one, const Entry& other) {
  return one.registry && one.revision == other.revision &&
         one.secret_version == other.secret_version && one.settings == other.settings;
}

}  // namespace

base::Result<net::AddressPolicy> Fleet::policy(bool of_workspace) const {
  const auto settings = daemon_.settings();
  const auto& network = settings->network;
  if (of_workspace) return net::AddressPolicy::make(false, network.allow_workspaces);
  return net::AddressPolicy::make(network.allow_private, network.allow);
}

base::Result<void> Fleet::may_reach(const base::Url& url) const {
  if (!net::parse_ip(url.host)) return {};
  auto allowed = policy(false);
  if (!allowed) return allowed.error();
  return allowed->check(url.host, url.port, url.host);
}

base::Result<std::shared_ptr<router::Registry>> Fleet::draft(
    const model::RegistryRecord& record) const {
  auto allowed = policy(record.workspace.has_value());
  if (!allowed) return allowed.error();
  services::UpstreamOptions options;
  options.registry = record.settings;
  options.policy = *std::move(allowed);
  // Facts of another account would be wrong; whoever changes the account empties them.
  const bool has_facts = record.integration && !record.integration->facts_json.empty();
  return daemon_.router.add(std::move(options),
                            has_facts ? record.integration : std::optional<model::Integration>());
}

base::Result<Fleet::Live> Fleet::live(Id registry) {
  using Found = std::optional<model::RegistryRecord>;
  auto found = daemon_.store.read<Found>(
      [&](store::Reader& reader) { return store::find_registry(reader, registry); });
  if (!found) return found.error();
  if (!*found) {
    forget(registry);
    return no_registry();
  }
  Live live;
  live.record = **std::move(found);
  Entry entry{live.record.provenance.revision, live.record.secret_version, daemon_.settings(), {}};
  live.registry = kept(entry, registry);
  if (live.registry) return live;

  auto opened = daemon_.store.read<model::RegistryRecord>(
      [&](store::Reader& reader) { return store::open_registry(reader, registry); });
  if (!opened) return opened.error();
  entry.revision = opened->provenance.revision;
  entry.secret_version = opened->secret_version;
  auto made = draft(*opened);
  if (!made) {
    forget(registry);
    return made.error();
  }
  entry.registry = *std::move(made);
  const base::Lock lock(mutex_);
  Entry& there = entries_[registry];
  // Another thread may have been faster: two objects would be two gates.
  if (!is_as(there, entry)) std::swap(there, entry);
  live.registry = there.registry;
  return live;
}

std::shared_ptr<router::Registry> Fleet::kept(const Entry& as, Id registry) {
  const base::Lock lock(mutex_);
  const auto entry = entries_.find(registry);
  return entry != entries_.end() && is_as(entry->second, as) ? entry->second.registry : nullptr;
}

void Fleet::forget(Id registry) {
  std::shared_ptr<router::Registry> last;  // Destroyed without the lock.
  const base::Lock lock(mutex_);
  const auto entry = entries_.find(registry);
  if (entry == entries_.end()) return;
  last = std::move(entry->second.registry);
  entries_.erase(entry);
}

base::Result<Fleet::Live> Fleet::trusted(Id registry) {
  auto found = live(registry);
  if (!found) return found;
  auto health = daemon_.store.read<model::Health>(
      [&](store::Reader& reader) { return store::health(reader, registry); });
  if (!health) return health.error();
  if (health->refused_version == 0 || health->refused_version != found->record.secret_version)
    return found;
  return base::Error{base::Code::unauthorized,
                     "the registry has refused this user name and password, so nothing is sent "
                     "with them",
                     "give new credentials, or check the registry now"};
}

}  // namespace portolan::engine
