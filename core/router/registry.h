#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "plugin/instance.h"
#include "router/gate.h"
#include "services/upstream.h"

namespace portolan::router {

/// One registry under management. Safe from any thread.
class Registry {
 public:
  /// `config_json`: what create() gets.
  Registry(services::UpstreamOptions options, std::shared_ptr<plugin::Type> type,
           std::shared_ptr<services::Upstream> upstream, std::string config_json);

  /// An instance for one plugin call, back in the registry when this goes; never used again when
  /// the thread was given up meanwhile.
  class Lease {
   public:
    Lease(Registry& registry, std::unique_ptr<plugin::Instance> instance,
          std::shared_ptr<services::Upstream> upstream, std::uint64_t generation)
        : registry_(&registry),
          instance_(std::move(instance)),
          upstream_(std::move(upstream)),
          generation_(generation) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (instance_) registry_->give_back(std::move(instance_), generation_);
    }
    plugin::Instance& operator*() const { return *instance_; }
    plugin::Instance* operator->() const { return instance_.get(); }
    /// What the instance's calls speak to; empties the lease's own.
    std::shared_ptr<services::Upstream> take_upstream() { return std::move(upstream_); }

   private:
    Registry* registry_;
    std::unique_ptr<plugin::Instance> instance_;
    std::shared_ptr<services::Upstream> upstream_;
    std::uint64_t generation_;
  };

  /// An idle instance (a mutex, nothing else), or a new one made with the facts there are.
  base::Result<Lease> lease(const base::Deadline& deadline);

  Gate& gate() { return gate_; }
  const services::UpstreamOptions& options() const { return options_; }
  const std::string& type() const { return type_->name(); }
  std::shared_ptr<services::Upstream> upstream() const;

  /// What integration found, or why the last one failed; nothing before the first.
  std::optional<base::Result<model::Integration>> integration() const;
  /// Whether the last integration succeeded; cheaper than integration().
  bool has_facts() const { return has_facts_.load(); }
  /// Facts for every later instance; `upstream` speaks to the canonical address. Idle instances go.
  void keep(model::Integration integration, std::shared_ptr<services::Upstream> upstream);
  /// Facts that there were stay.
  void keep_failure(base::Error error);

 private:
  base::Result<Lease> make_instance(const base::Deadline& deadline);
  void give_back(std::unique_ptr<plugin::Instance> instance, std::uint64_t generation);

  const services::UpstreamOptions options_;
  const std::shared_ptr<plugin::Type> type_;
  const std::string config_json_;
  Gate gate_;

  std::atomic<bool> has_facts_{false};  // As integration_ says, without the lock.

  mutable base::Mutex mutex_;
  std::shared_ptr<services::Upstream> upstream_ GUARDED_BY(mutex_);
  std::optional<base::Result<model::Integration>> integration_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<plugin::Instance>> idle_ GUARDED_BY(mutex_);
  std::uint64_t generation_ GUARDED_BY(mutex_) = 0;  // Of the facts that instances were made with.
};

}  // namespace portolan::router
