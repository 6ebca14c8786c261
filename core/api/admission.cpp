#include "api/admission.h"

#include <arpa/inet.h>

#include <algorithm>

namespace portolan::api {

std::string account_name(const std::string& address) {
  constexpr std::size_t prefix_bytes = 8;
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six)) return address;
  return {reinterpret_cast<const char*>(six.s6_addr), prefix_bytes};
}

// A proxy or a tool on this machine stands for many.
bool Admission::counts(const Peer& peer) const {
  return limits_.count_local || peer.transport == Transport::network;
}

void Admission::fill(Account& account, base::Steady::time_point now) const {
  if (account.filled == base::Steady::time_point()) {
    account.tokens = limits_.burst;
  } else {
    const std::chrono::duration<double> since = now - account.filled;
    account.tokens =
        std::min(limits_.burst, account.tokens + since.count() * limits_.requests_per_second);
  }
  account.filled = now;
}

bool Admission::enter(const Peer& peer) {
  if (!counts(peer)) return true;
  base::Lock lock(mutex_);
  Account& account = accounts_[account_name(peer.address)];
  if (account.connections >= limits_.connections) return false;
  ++account.connections;
  return true;
}

void Admission::leave(const Peer& peer) {
  if (!counts(peer)) return;
  base::Lock lock(mutex_);
  const auto found = accounts_.find(account_name(peer.address));
  if (found != accounts_.end()) --found->second.connections;
}

std::optional<std::chrono::milliseconds> Admission::take(const Peer& peer,
                                                         base::Steady::time_point now) {
  if (!counts(peer) || limits_.requests_per_second <= 0) return {};
  base::Lock lock(mutex_);
  Account& account = accounts_[account_name(peer.address)];
  fill(account, now);
  if (account.tokens >= 1) {
    account.tokens -= 1;
    return {};
  }
  const std::chrono::duration<double> wait((1 - account.tokens) / limits_.requests_per_second);
  return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

void Admission::tidy(base::Steady::time_point now) {
  base::Lock lock(mutex_);
  for (auto each = accounts_.begin(); each != accounts_.end();) {
    fill(each->second, now);
    const bool idle = each->second.connections == 0 && each->second.tokens >= limits_.burst;
    each = idle ? accounts_.erase(each) : std::next(each);
  }
}

std::size_t Admission::known() const {
  base::Lock lock(mutex_);
  return accounts_.size();
}

}  // namespace portolan::api
