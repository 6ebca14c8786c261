#include "services/traffic.h"

#include <algorithm>

namespace portolan::services {
namespace {

/// A registry can make up statuses, and each label lives as long as we do.
std::string label_of(int status, std::optional<base::Code> error) {
  if (error) return std::string(base::to_string(*error));
  return status >= 100 && status <= 599 ? std::to_string(status) : "other";
}

}  // namespace

void Traffic::count(const std::string& type, int status, std::optional<base::Code> error,
                    std::chrono::duration<double> took) {
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), took.count()) - bounds.begin();
  const std::string label = label_of(status, error);
  const base::Lock lock(mutex_);
  OfType& of_type = types_[type];
  ++of_type.ends[label];
  ++of_type.buckets[static_cast<std::size_t>(bucket)];
  of_type.seconds += took.count();
}

std::map<std::string, Traffic::OfType> Traffic::by_type() const {
  const base::Lock lock(mutex_);
  return types_;
}

}  // namespace portolan::services
