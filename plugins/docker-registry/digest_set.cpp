#include "digest_set.h"

namespace docker_registry {
namespace {

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

DigestKey unless_free(DigestKey key) {
  if (key[0] == 0 && key[1] == 0) key[0] = 1;
  return key;
}

}  // namespace

DigestKey key_of(std::string_view digest) {
  DigestKey key{0x706F72746F6C616E, digest.size()};
  for (const char c : digest) {
    const auto byte = static_cast<unsigned char>(c);
    key[0] = (key[0] ^ byte) * 0x100000001B3;  // FNV-1a
    key[1] = mix(key[1] + byte);
  }
  return unless_free({mix(key[0]), key[1]});
}

DigestKey key_in(const DigestKey& digest, std::uint64_t place) {
  return unless_free({digest[0] ^ mix(place), digest[1] ^ mix(~place)});
}

std::size_t DigestSet::slot_of(const DigestKey& key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = key[0] & mask;
  while (slots_[at] != DigestKey{} && slots_[at] != key) at = (at + 1) & mask;
  return at;
}

DigestSet::outcome DigestSet::insert(const DigestKey& key) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  auto& slot = slots_[slot_of(key)];
  if (slot == key) return outcome::known;
  if (size_ == capacity_) return outcome::full;
  slot = key;
  ++size_;
  return outcome::added;
}

void DigestSet::grow() {
  const auto before = std::move(slots_);
  slots_.assign(before.empty() ? 64 : before.size() * 2, DigestKey{});
  for (const auto& key : before)
    if (key != DigestKey{}) slots_[slot_of(key)] = key;
}

}  // namespace docker_registry
