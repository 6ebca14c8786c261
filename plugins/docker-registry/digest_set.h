#pragma once
/// Which digests were seen: 16 bytes each, whatever the number of repositories.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace docker_registry {

/// 128 bits of a digest. Two digests that differ have, for all purposes, two keys.
using DigestKey = std::array<std::uint64_t, 2>;
DigestKey key_of(std::string_view digest);
/// The same digest in another place has another key.
DigestKey key_in(const DigestKey& digest, std::uint64_t place);

/// An open-addressed set; grows to `capacity` keys, then is full.
class DigestSet {
 public:
  explicit DigestSet(std::size_t capacity) : capacity_(capacity) {}

  enum class outcome { added, known, full };
  outcome insert(const DigestKey& key);
  std::size_t size() const { return size_; }

 private:
  std::size_t slot_of(const DigestKey& key) const;
  void grow();

  std::size_t capacity_, size_ = 0;
  std::vector<DigestKey> slots_;  // {0, 0} is free; at most three quarters are taken.
};

}  // namespace docker_registry
