#include "api/guesses.h"

#include <algorithm>

#include "api/admission.h"

namespace portolan::api {
namespace {

using base::Steady;

constexpr std::size_t buckets_kept = 100'000;
constexpr std::size_t welcome_kept = 10'000;
constexpr std::size_t refused_kept = 20;  // The rest is told in one number.
constexpr double together = 3;

}  // namespace

void Guesses::make_room(Steady::time_point now) {
  // A minute fills every bucket, and full ones say nothing. Not at each call: it looks at all.
  if (buckets_.size() < buckets_kept || now - tidied_ < std::chrono::seconds(1)) return;
  tidied_ = now;
  std::erase_if(buckets_,
                [&](const auto& entry) { return now - entry.second.at > std::chrono::minutes(1); });
}

bool Guesses::draw(const std::string& key, double per_minute) {
  const auto now = Steady::now();
  make_room(now);
  // More than so many in a minute are no users.
  if (buckets_.size() >= 2 * buckets_kept && buckets_.count(key) == 0) return false;
  Bucket& bucket = buckets_.try_emplace(key, Bucket{per_minute, now}).first->second;
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - bucket.at).count();
  bucket.left = std::min(per_minute, bucket.left + minutes * per_minute);
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

bool Guesses::take(const std::string& key, double per_minute) {
  base::Lock lock(mutex_);
  return draw(key, per_minute);
}

bool Guesses::allow(const std::string& name, const Peer& peer, double per_minute) {
  const std::string address = account_name(peer.address);
  base::Lock lock(mutex_);
  // The address first: what it is refused for makes no bucket of a name.
  if (draw("address " + address, together * per_minute) &&
      draw("both " + address + " " + name, per_minute) &&
      (welcome_.count(address + " " + name) != 0 || draw("name " + name, together * per_minute)))
    return true;
  auto who = std::pair(name, peer.address);
  if (refused_.size() >= refused_kept && refused_.count(who) == 0) who = {};
  ++refused_[std::move(who)];
  return false;
}

void Guesses::succeeded(const std::string& name, const Peer& peer) {
  base::Lock lock(mutex_);
  if (welcome_.size() >= welcome_kept) welcome_.clear();
  welcome_.insert(account_name(peer.address) + " " + name);
}

std::vector<Guesses::Refused> Guesses::refused() {
  std::vector<Refused> out;
  base::Lock lock(mutex_);
  for (const auto& [who, count] : refused_) out.push_back({who.first, who.second, count});
  refused_.clear();
  return out;
}

}  // namespace portolan::api
